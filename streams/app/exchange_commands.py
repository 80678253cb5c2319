"""`ember protocol export` and `ember protocol draft`: to and from other forms."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from streams.adapters.drafting.draft import draft as drafted
from streams.adapters.fhir.study import r4, r5
from streams.app.history.writing import writing
from streams.app.protocols import named_protocol
from streams.vocabulary.errors import ErrorCode, SettingsError
from streams.vocabulary.protocol import Protocol


FORMATS: Mapping[str, Callable[[Protocol], dict[str, Any]]] = {
    "fhir-r5": r5.study_bundle,
    "fhir-r4": r4.study_bundle,
}

OutOption = Annotated[
    Path | None, typer.Option(help="The file to write. Default: to the terminal.")
]


def export(
    document: Annotated[
        str,
        typer.Argument(help="A protocol's YAML file, or the name of one that ships."),
    ],
    form: Annotated[
        str, typer.Option("--format", help=f"One of: {', '.join(FORMATS)}.")
    ] = "fhir-r5",
    out: OutOption = None,
) -> None:
    """Write a protocol as FHIR: a ResearchStudy with who may take part, in words."""
    if form not in FORMATS:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"There is no format {form!r}.",
            f"Use one of: {', '.join(FORMATS)}.",
        )
    told = FORMATS[form](named_protocol(document))
    _write(json.dumps(told, indent=2, ensure_ascii=False) + "\n", out)


def draft(
    text: Annotated[
        Path, typer.Argument(help="A text file with a registry's criteria.")
    ],
    out: OutOption = None,
) -> None:
    """Draft criteria from a registry's text, each asking a human until it is encoded.

    Rules that common phrases may mean stand beside them as comments.
    """
    try:
        told = text.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise SettingsError(
            ErrorCode.PATH_NOT_FOUND,
            f"The text {text} cannot be read ({fault}).",
            "Name a text file in UTF-8.",
        ) from None
    _write(drafted(told, source=text.name), out)


def _write(text: str, out: Path | None) -> None:
    with nullcontext(sys.stdout) if out is None else writing(out) as file:
        file.write(text)
