"""Cuts a registry's text of criteria into single ones.

Registries write lists: numbers, letters, dashes or dots, a criterion each, with deeper
ones below that belong to it; or plain lines, or one paragraph with semicolons.
Nothing is left out: what cannot be told apart stays together for a person to part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from streams.vocabulary.errors import ErrorCode, InputError


Part = Literal["inclusion", "exclusion"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One criterion as it was written, its parts below it joined to it."""

    part: Part
    text: str


def split_criteria(text: str) -> tuple[Piece, ...]:
    """The criteria in the order of the text.

    Raises `InputError` EMB-219 where no heading tells inclusion from exclusion, or
    nothing stands below one.
    """
    pieces = tuple(
        Piece(part=part, text=one)
        for part, lines in _sections(text)
        for one in _criteria(lines)
    )
    if not pieces:
        raise InputError(
            ErrorCode.NO_CRITERIA,
            "The text holds no criterion below a heading.",
            "Write `Inclusion criteria:` and `Exclusion criteria:` above the lists.",
        )
    return pieces


def _sections(text: str) -> Iterator[tuple[Part, list[str]]]:
    """The lines below each heading; what stands before the first is no criterion."""
    part: Part | None = None
    lines: list[str] = []
    for line in text.splitlines():
        heading = _HEADING.fullmatch(line)
        if heading is None:
            lines.append(line)
            continue
        if part is not None:
            yield part, lines
        part = "exclusion" if heading["what"].lower() == "exclusion" else "inclusion"
        lines = [heading["rest"] or ""]
    if part is not None:
        yield part, lines


def _criteria(lines: Sequence[str]) -> Iterator[str]:
    told = [line.rstrip() for line in lines if line.strip()]
    marked = [_MARK.match(line) for line in told]
    if len(told) == 1:
        yield from _of_one_line(told[0])
        return
    if not any(marked):
        yield from (line.strip() for line in told)
        return
    top = min(_depth(found) for found in marked if found is not None)
    gathered: list[str] = []
    for line, found in zip(told, marked, strict=True):
        begins = found is not None and _depth(found) == top
        if begins and gathered:
            yield _joined(gathered)
            gathered = []
        gathered.append(_without_mark(line) if begins else _kept(line))
    yield _joined(gathered)


def _of_one_line(line: str) -> Iterator[str]:
    """Its numbered parts, else what semicolons part; whole, where it is one item."""
    if _INLINE.match(line):
        parts = _INLINE.split(line)
    elif _MARK.match(line):
        parts = [_without_mark(line)]
    else:
        parts = [part.strip(" ;") for part in line.split(";")]
    yield from (told for part in parts if (told := part.strip()))


def _depth(found: re.Match[str]) -> tuple[int, int]:
    """How deep a mark lies: by its indentation, then letters below numbers."""
    indent = len(found["indent"].expandtabs(4))
    return indent, 1 if found["mark"].strip("().").isalpha() else 0


def _kept(line: str) -> str:
    """A deeper line, with a mark: it tells the parts of a criterion apart."""
    told = _without_mark(line)
    return told if told == line.strip() else f"- {told}"


def _without_mark(line: str) -> str:
    found = _MARK.match(line)
    return (line if found is None else line[found.end() :]).strip()


def _joined(lines: Sequence[str]) -> str:
    return " ".join(" ".join(lines).split())


_HEADING = re.compile(
    r"\s*[#*_]*\s*(?:(?:key|main|major|participant|patient|subject|general)\s+)?"
    r"(?P<what>inclusion|exclusion)"
    r"(?:\s+criteria)?(?:\s*\([^)]*\))?\s*[*_]*\s*(?:[:.]\s*[*_]*(?P<rest>.*)|(?P<bare>))",
    re.IGNORECASE,
)
_MARK = re.compile(
    r"(?P<indent>\s*)(?P<mark>[-*•·\u2013▪◦o]|\(?\d{1,2}[.)]|\(?[a-z][.)]|\(?[ivx]{1,4}[.)]"
    r"|[IE]\d{1,2}[.:)])\s+",
    re.IGNORECASE,
)
_INLINE = re.compile(r"(?:^|\s)\(?\d{1,2}[.)]\s+")
