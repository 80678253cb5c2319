"""What an export is of, in one document beside its files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import orjson

from registry.domain.disclosure import Kind, Profile, Told, Treatment
from registry.domain.extracts import Extract


@dataclass(frozen=True, slots=True, kw_only=True)
class CutTold:
    """Up to when, by both clocks."""

    recorded_until: datetime
    happened_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolTold:
    """A protocol in force at the cut."""

    trial: str
    version: str
    protocol_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileTold:
    """One file, and how to know that it is whole."""

    name: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnTold:
    """A column that is not as it stands in the registry."""

    column: str
    kind: Kind
    treatment: Treatment


_WITHHELD: tuple[Treatment, ...] = ("withheld", "without_words")


@dataclass(frozen=True, slots=True, kw_only=True)
class WithheldTold:
    """A column that is empty, or has no words, for who made this export, and why."""

    column: str
    kind: Kind
    treatment: Treatment
    why: Literal["words_may_name_an_arm"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The document."""

    format: Literal["ember-export/1"] = "ember-export/1"
    software_version: str
    extract: Extract
    profile: Profile
    trial: str | None
    """None: all trials."""
    cut: CutTold
    protocols: tuple[ProtocolTold, ...]
    files: tuple[FileTold, ...]
    left_out: tuple[ColumnTold, ...]
    changed: tuple[ColumnTold, ...]
    withheld: tuple[WithheldTold, ...]
    """Of who may not see open arms wherever these rows are, or asked for no arm."""
    arms: Literal["none", "of_open_label_domains"]
    hidden_outcomes: tuple[tuple[str, str], ...]
    """Trial and outcome of what would tell an arm of a blinded domain."""


def file_told(path: Path, rows: int) -> FileTold:
    """The file as it lies there."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    size = path.stat().st_size
    return FileTold(name=path.name, rows=rows, bytes=size, sha256=digest)


def withheld(columns: Sequence[Told]) -> tuple[WithheldTold, ...]:
    """The columns without words of a person, because of who reads."""
    return tuple(
        WithheldTold(
            column=one.column.name,
            kind=one.column.kind,
            treatment=one.treatment,
            why="words_may_name_an_arm",
        )
        for one in columns
        if one.treatment in _WITHHELD
    )


def treated(columns: Sequence[Told], *, left_out: bool) -> tuple[ColumnTold, ...]:
    """The columns left out, or those shown otherwise than they are kept."""
    return tuple(
        ColumnTold(
            column=one.column.name, kind=one.column.kind, treatment=one.treatment
        )
        for one in columns
        if one.treatment not in ("kept", *_WITHHELD)
        and (one.treatment == "left_out") is left_out
    )


def written(manifest: Manifest) -> bytes:
    """As JSON: the same bytes for the same export."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z
    return orjson.dumps(manifest, option=options) + b"\n"
