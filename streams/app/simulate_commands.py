"""`ember simulate`: the synthetic hospital's record in the formats hospitals send."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal

import typer
import yaml

from streams.app.history.writing import writing_bytes
from streams.simulate.config import HospitalConfig
from streams.simulate.hospital import patients, record
from streams.simulate.patient import Patient
from streams.simulate.writers.codebook import site_document
from streams.simulate.writers.fhir import FhirWriter
from streams.simulate.writers.hl7v2 import Hl7Writer
from streams.simulate.writers.written import Spoken, Written
from streams.vocabulary.errors import ErrorCode, SettingsError
from streams.vocabulary.messages import EhrMessage


app = typer.Typer(
    help="The synthetic hospital: made-up patients, no real one.",
    no_args_is_help=True,
    add_completion=False,
)

Form = Literal["hl7v2", "fhir"]

_CALLED: dict[Form, str] = {"hl7v2": "messages", "fhir": "resources"}
_LONG_ENOUGH = timedelta(days=3650)
"""People are admitted until as many came as are asked for."""


@app.callback()
def simulate() -> None:
    """Keep `write` a command of its own, whatever else comes beside it."""


@app.command()
def write(
    form: Annotated[
        Form,
        typer.Option("--format", help="hl7v2: MLLP frames. fhir: a resource a line."),
    ],
    out: Annotated[Path, typer.Option(help="The folder to write to.")],
    count: Annotated[
        int, typer.Option("--patients", help="So many patients.", min=1)
    ] = 10,
    seed: Annotated[
        int, typer.Option(help="Another seed, another hospital.", min=0)
    ] = 1,
) -> None:
    """Write made-up patients' messages, one file a patient, and the site's map.

    What the format has no place for is counted, with the reason, on standard error.
    """
    config = HospitalConfig(seed=seed, duration=_LONG_ENOUGH)
    _folder(out)
    with writing_bytes(out / "site.yaml") as file:
        document = site_document(config.site)
        file.write(yaml.safe_dump(document, sort_keys=False).encode())
    left_out: Counter[tuple[str, str]] = Counter()
    written = 0
    for admitted in islice(patients(config), count):
        name, framed = _FORMS[form]
        with writing_bytes(out / f"{admitted.name}.{name}") as file:
            for one in _written(form, config, admitted):
                written += len(one.payloads)
                left_out.update((lost.event.kind, lost.why) for lost in one.left_out)
                file.writelines(framed(payload) for payload in one.payloads)
    for (kind, why), times in left_out.most_common():
        print(f"{times} x {kind} left out: {why}", file=sys.stderr)
    print(
        f"{written} {_CALLED[form]} of {count} made-up patients -> {out}",
        file=sys.stderr,
    )


def _written(
    form: Form, config: HospitalConfig, admitted: Patient
) -> Iterator[Written]:
    messages = list(record(config, admitted))
    spoken = Spoken(messages)
    write: Callable[[EhrMessage], Written] = (
        Hl7Writer(spoken).write if form == "hl7v2" else FhirWriter(spoken).write
    )
    return map(write, messages)


def _mllp(payload: bytes) -> bytes:
    return b"\x0b" + payload + b"\x1c\r"


def _line(payload: bytes) -> bytes:
    return payload + b"\n"


_FORMS: dict[Form, tuple[str, Callable[[bytes], bytes]]] = {
    "hl7v2": ("hl7", _mllp),
    "fhir": ("ndjson", _line),
}
"""The ending of a file, and what stands around a payload in it."""


def _folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise SettingsError(
            ErrorCode.PATH_NOT_FOUND,
            f"{out} cannot be made ({fault.strerror}).",
            "Name a folder.",
        ) from None
