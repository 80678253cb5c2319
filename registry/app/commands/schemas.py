"""`ember schemas`: the JSON Schemas of what Ember writes, for those who read it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import orjson
import typer

from registry.app.published import published_schemas


def schemas(
    out: Annotated[Path, typer.Option(help="The folder to write them to.")],
) -> None:
    """Write the JSON Schemas of messages, protocol documents and --json answers."""
    out.mkdir(parents=True, exist_ok=True)
    for name, schema in published_schemas().items():
        text = orjson.dumps(schema, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
        (out / f"{name}.json").write_bytes(text + b"\n")
    print(f"{len(published_schemas())} schemas -> {out}")
