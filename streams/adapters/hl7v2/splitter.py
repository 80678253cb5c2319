"""Our own splitter: a message is segments, a segment fields, and nothing is lost.

Only what is asked for is divided further and unescaped: most of a message never is.
All line ends are taken (CR, LF, both, and what takes their place in copies of messages);
a line that is no segment belongs to the field before it, for senders break lines inside
of texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from html import unescape

from streams.adapters.hl7v2.charset import decoded
from streams.adapters.hl7v2.delimiters import NONE, Delimiters, delimiters, slipped
from streams.adapters.translation import Fault
from streams.vocabulary.errors import ErrorCode, InputError


DELETED = '""'
"""HL7's null: what the receiver has is to be deleted."""

_HEADERS = {"MSH", "FHS", "BHS"}


class Segment:
    """One segment; fields, components and subcomponents are counted from 1.

    A part that is not there reads as empty, as the standard means it.
    """

    __slots__ = ("delimiters", "fields", "name", "number")

    def __init__(
        self, name: str, number: int, fields: list[str], these: Delimiters
    ) -> None:
        self.name = name
        self.number = number
        """Its place among those of its name, from 1."""
        self.fields = fields
        """As written; the name is field 0."""
        self.delimiters = these

    def __repr__(self) -> str:
        return f"<{self.place()}>"

    def place(self, field: int = 0) -> str:
        """Where it stands, for a fault: `OBX[3]-5`."""
        return f"{self.name}[{self.number}]" + (f"-{field}" if field else "")

    def raw(self, field: int) -> str:
        """The field as written."""
        return self.fields[field] if field < len(self.fields) else ""

    def deleted(self, field: int) -> bool:
        """Whether the field says that its value is to be deleted."""
        return self.raw(field) == DELETED

    def text(self, field: int, component: int = 1, subcomponent: int = 1) -> str:
        """One part of the field's first repetition, trimmed; empty for a deleted."""
        fields = self.fields
        written = fields[field] if field < len(fields) else ""
        if written.isalnum():  # as most are: no delimiter is a letter or a digit
            return written if component == 1 and subcomponent == 1 else ""
        if not written or written == DELETED:
            return ""
        these = self.delimiters
        if these.repetition in written:
            written = written.partition(these.repetition)[0]
        return part(written, these, component, subcomponent)

    def repetitions(self, field: int) -> list[Value]:
        """The field's repetitions; none where it is empty or deleted."""
        written = self.raw(field)
        if not written or written == DELETED:
            return []
        these = self.delimiters
        return [Value(one, these) for one in written.split(these.repetition)]


@dataclass(frozen=True, slots=True)
class Value:
    """One repetition of a field, as written."""

    written: str
    delimiters: Delimiters

    def text(self, component: int = 1, subcomponent: int = 1) -> str:
        """One part, trimmed and unescaped."""
        return part(self.written, self.delimiters, component, subcomponent)

    def whole(self) -> str:
        """All of it, for types without components (ST, TX, FT)."""
        return self.delimiters.unescaped(self.written).strip()


def part(written: str, these: Delimiters, component: int, subcomponent: int) -> str:
    """One component's subcomponent, trimmed and unescaped."""
    if these.component in written:
        parts = written.split(these.component, component)
        written = parts[component - 1] if component <= len(parts) else ""
    elif component > 1:
        return ""
    if these.subcomponent in written:
        parts = written.split(these.subcomponent, subcomponent)
        written = parts[subcomponent - 1] if subcomponent <= len(parts) else ""
    elif subcomponent > 1:
        return ""
    if written == DELETED:
        return ""
    if these.escape in written:
        written = these.unescaped(written)
    return written.strip()


@dataclass(frozen=True, slots=True)
class Hl7Message:
    """One message: MSH first, then the others as they came, Z-segments among them."""

    segments: list[Segment]
    codec: str
    faults: tuple[Fault, ...] = ()
    """Of charset and lines; the message is read all the same."""

    @property
    def msh(self) -> Segment:
        """The message header."""
        return self.segments[0]

    def all(self, name: str) -> Iterator[Segment]:
        """The segments of that name, in order."""
        return (one for one in self.segments if one.name == name)

    def first(self, name: str) -> Segment | None:
        """The first segment of that name."""
        return next(self.all(name), None)


def parse(payload: bytes) -> Hl7Message:
    """The message in the bytes; what stands before MSH is left out.

    Of a batch the first message is read; `messages` has them all.
    Raises `InputError` EMB-120 where no message begins, or its delimiters are none.
    """
    read = decoded(payload)
    first = messages(read.text)[0]
    return split(first, read.codec, (read.fault,) if read.fault else ())


def messages(text: str) -> list[str]:
    """The messages of a batch, each from its MSH to the next; batch lines are left.

    Raises `InputError` EMB-120 where no message begins.
    """
    if text.startswith("MSH") and text.find("MSH", 3) < 0:
        return [text]
    starts = [_start(found) for found in _BEGINNING.finditer(text)]
    if not starts:
        raise _no_message()
    ends = [*starts[1:], len(text)]
    return [_unquoted(text, a, b) for a, b in zip(starts, ends, strict=True)]


def beginning(text: str) -> int:
    """Where the first message begins.

    Raises `InputError` EMB-120 where none does.
    """
    found = _BEGINNING.search(text)
    if found is None:
        raise _no_message()
    return _start(found)


def first_line(text: str) -> str:
    """The text up to its first line end."""
    return _LINE_END.split(text, maxsplit=1)[0]


def split(text: str, codec: str, faults: tuple[Fault, ...] = ()) -> Hl7Message:
    """The message in a text that begins with its MSH, read by that codec.

    Raises `InputError` EMB-120 where its delimiters are none.
    """
    if NONE in text:
        text = text.replace(NONE, "\ufffd")
    if not text.startswith(_USUAL, 3) and slipped(text[:16]):
        faults = (*faults, _SLIP)
        text = _once_escaped(text)
    these = delimiters(text[:16])
    counts: dict[str, int] = {}
    segments: list[Segment] = []
    field = these.field
    first = 0
    loose: dict[int, list[str]] = {}
    for at, line in enumerate(_lines(text, field)):
        if line[3:4] != field or not line[:3].isalnum():
            if not line.strip():
                continue
            line = _without_indent(line, field)  # noqa: PLW2901 - of every use below
            if line[3:4] != field and not _BARE.fullmatch(line):
                first = first or at + 1
                loose.setdefault(len(segments) - 1, []).append(line)
                continue
        name = line[:3].upper()
        number = counts[name] = counts.get(name, 0) + 1
        fields = line.split(field)
        if name in _HEADERS:
            fields.insert(1, field)
        segments.append(Segment(name, number, fields, these))
    if loose:
        for at, more in loose.items():
            _continue(segments[at], more)
        faults = (*faults, _loose(sum(map(len, loose.values())), first))
    return Hl7Message(segments, codec, faults)


_BEGINNING = re.compile(
    r"(?:(?:^|[\r\n\x0b\x1c])[ \t]*((?:MSH|msh)(?=[^\w\s])))|(MSH(?=\|\^~\\&))"
)
"""MSH begins a line; with the delimiters of the standard also where it does not, as
behind a log's own words, or where the line end before it was lost."""
_BETWEEN = "\x0b\x1c \r\n"
_LINE_END = re.compile(r"\r\n|\r|\n")
_FRAMED_IN_WORDS = re.compile(r"(?:<(?:CR|LF|EB|FS)>){1,4}\s{0,8}$", re.IGNORECASE)
"""How copies write the end of a frame."""
_USUAL = "|^~\\&|"
_QUOTES = {'"', "'", "`"}
_XML = "&amp;"
_DOUBLED = "\\\\"
_BARE = re.compile(r"[A-Z][A-Z0-9]{2}")
"""A segment without any field."""


_SLIP = Fault(
    place="MSH-2",
    code=ErrorCode.SLIPPED_DELIMITERS,
    reason="The delimiters were lost or escaped; read with those of the standard.",
    cure="Send MSH|^~\\&| at the beginning.",
)


def _start(found: re.Match[str]) -> int:
    return found.start(1) if found[1] else found.start(2)


def _unquoted(text: str, start: int, end: int) -> str:
    """One message, without what stands between two, and without the quotes around it."""
    quote = text[start - 1 : start] if start else ""
    told = _FRAMED_IN_WORDS.sub("", text[start:end].strip(_BETWEEN))
    return told.removesuffix(quote) if quote in _QUOTES else told


def _once_escaped(text: str) -> str:
    """The text, without an escaping that was not undone on its way."""
    if _XML in text[:16]:
        return unescape(text)
    return text.replace(_DOUBLED, "\\") if _DOUBLED in text[:16] else text


def _lines(text: str, field: str) -> list[str]:
    lines = text.split("\r") if "\n" not in text else _LINE_END.split(text)
    if len(lines) > 2:  # the last of two may be what follows the only line end
        return lines
    return [part for line in lines for part in _unusual(field).split(line)]


@lru_cache(maxsize=16)
def _unusual(field: str) -> re.Pattern[str]:
    """What divides the segments of a text that has no line ends, before a segment.

    Copies of messages have other control characters in their place, or the two letters
    that programs write for them.
    """
    ends = r"\\r|\\n|\\X0D\\|\\X0A\\|<(?:CR|LF)>|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]"
    segment = rf"[A-Z][A-Z0-9]{{2}}{re.escape(field)}"
    return re.compile(rf"(?:{ends}){{1,4}}[ \t]{{0,80}}(?={segment})", re.IGNORECASE)


def _without_indent(line: str, field: str) -> str:
    """The segment that an indented line is; else the line."""
    plain = line.lstrip()
    named = plain[3:4] == field and plain[:3].isalnum() and plain[:3].isupper()
    return plain if named else line


def _no_message() -> InputError:
    return InputError(
        ErrorCode.NOT_HL7,
        "No segment MSH begins a message here.",
        "Send HL7 v2 in its vertical-bar encoding.",
    )


def _continue(segment: Segment, lines: list[str]) -> None:
    """The lines belong to the text in the segment's last field."""
    field = segment.delimiters.field
    last = "\n".join((segment.fields[-1], *lines))
    segment.fields[-1:] = last.split(field)


def _loose(lines: int, first: int) -> Fault:
    told = "A line is" if lines == 1 else f"{lines} lines are"
    return Fault(
        place=f"line {first}",
        code=ErrorCode.LOOSE_LINE,
        reason=f"{told} no segment; taken as more of the field before.",
        cure="Send a line break inside of a field as \\.br\\.",
    )
