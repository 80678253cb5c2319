"""`ember schemas`: what Ember writes, described for those who read it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import orjson
import typer

from registry.app.asyncapi import asyncapi
from registry.app.published import published_schemas


def schemas(
    out: Annotated[Path, typer.Option(help="The folder to write them to.")],
) -> None:
    """Write the JSON Schemas, and the AsyncAPI document of all topics."""
    out.mkdir(parents=True, exist_ok=True)
    documents = {**published_schemas(), "asyncapi": asyncapi()}
    for name, schema in documents.items():
        text = orjson.dumps(schema, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
        (out / f"{name}.json").write_bytes(text + b"\n")
    print(f"{len(documents)} documents -> {out}")
