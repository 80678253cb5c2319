"""An anchor: the heads of all chains at one moment, kept where the database is not.

A chain whose tail was cut off, or that was written anew whole, holds in itself.
Only who remembers its head elsewhere can tell.

One anchor is one line of canonical JSON, `{"anchored_at", "heads", "version"}`, each
head as `[site, trial, sequence, row_hash]`, and `actor` where somebody was named.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as document

from registry.domain.audit import Head, canonical
from streams.vocabulary.clock import Instant, iso


VERSION = 1
"""Of the line; a reader stops at one it does not know."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """What all chains ended with at `anchored_at`; chains without rows have no head."""

    anchored_at: datetime
    heads: tuple[Head, ...]
    actor: str | None = None
    """Who says that they anchored it; None where nobody was named."""


def anchor_line(anchor: Anchor) -> str:
    """The anchor in one line, without its end."""
    told: dict[str, object] = {
        "version": VERSION,
        "anchored_at": iso(anchor.anchored_at),
        "heads": [[h.site, h.trial, h.sequence, h.row_hash] for h in anchor.heads],
    }
    if anchor.actor is not None:
        told["actor"] = anchor.actor
    return canonical(told).decode()


def read_anchor_line(line: str) -> Anchor:
    """The anchor a line tells; raises ValueError for what is none of this version."""
    try:
        told = _LINE.validate_python(json.loads(line))
    except ValidationError as fault:
        raise ValueError(fault.errors(include_url=False)[0]["msg"]) from None
    if told.version != VERSION:
        raise ValueError(f"version {told.version} is not known here")
    return Anchor(
        told.anchored_at, tuple(Head(*head) for head in told.heads), told.actor
    )


_Number = Annotated[int, Field(ge=1, strict=True)]
_Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


@document(frozen=True, slots=True, config=ConfigDict(extra="ignore"))
class _Line:
    version: _Number
    anchored_at: Instant
    heads: tuple[tuple[str, str, _Number, _Hash], ...]
    actor: str | None = None


_LINE = TypeAdapter(_Line)
