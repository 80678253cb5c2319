"""The characters that divide a message, as MSH-1 and MSH-2 name them, and escapes.

Source: HL7 v2.8.2 chapter 2, 2.5.4 (delimiters) and 2.7 (escape sequences).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from streams.vocabulary.errors import ErrorCode, InputError


NONE = "\x00"
"""Stands for a delimiter that the message does without; no text holds it."""


@dataclass(frozen=True, slots=True, eq=False)
class Delimiters:
    """The five delimiters of one message; `NONE` where MSH-2 leaves one out.

    `delimiters` makes one object for all messages that name the same, and what is
    kept by them is found by the object itself.
    """

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"
    truncation: str = NONE
    """From version 2.7 on: the last character of a value cut short."""

    @property
    def encoding_characters(self) -> str:
        """As MSH-2 has them."""
        told = (
            self.component,
            self.repetition,
            self.escape,
            self.subcomponent,
            self.truncation,
        )
        return "".join(told).rstrip(NONE)

    def unescaped(self, text: str) -> str:
        """The text itself; a sequence nobody knows is left as it stands."""
        if self.escape not in text:
            return text
        return _sequences(self.escape).sub(lambda found: _meant(self, found), text)

    def escaped(self, text: str) -> str:
        """The text as a value of a field."""
        return "".join(self._written(letter) for letter in text)

    def _written(self, letter: str) -> str:
        if letter in "\r\n\x00":
            return f"{self.escape}X{ord(letter):02X}{self.escape}"
        named = {
            self.escape: "E",
            self.field: "F",
            self.component: "S",
            self.repetition: "R",
            self.subcomponent: "T",
            self.truncation: "P",
        }.get(letter)
        return f"{self.escape}{named}{self.escape}" if named else letter


@lru_cache(maxsize=64)
def delimiters(opening: str) -> Delimiters:
    """The delimiters named by a segment MSH, FHS or BHS, or the beginning of one.

    A slip in MSH-2 is read as what was meant; `slipped` tells of it.
    Raises `InputError` EMB-120 where they cannot divide anything.
    """
    field, others = opening[3:4], _encoding(opening)
    if others in _SLIPS and field == "|":
        others = _STANDARD
    all_of_them = field + others
    usable = (
        field
        and others != NONE
        and others
        and len(set(all_of_them)) == len(all_of_them)
    )
    if not usable or any(c.isalnum() or c.isspace() or c == '"' for c in all_of_them):
        raise InputError(
            ErrorCode.NOT_HL7,
            "MSH-1 and MSH-2 name no delimiters that can be told apart.",
            "Send MSH|^~\\&| at the beginning.",
        )
    return Delimiters(field, *others.ljust(5, NONE))


def slipped(opening: str) -> bool:
    """Whether MSH-2 is not what is meant by it, and what is meant is beyond doubt."""
    return opening[3:4] == "|" and _encoding(opening) in _SLIPS


def _encoding(opening: str) -> str:
    field = opening[3:4]
    told, ended, _ = opening[4:].partition(field or NONE)
    return told[:5] if told or ended else NONE


_STANDARD = "^~\\&"
_SLIPS = {"", "^~&", "^~\\\\&", "^\\~\\&"[:5], "^~\\&amp;"[:5]}
"""MSH-2 left empty, its backslash lost or doubled, escaped for Markdown or for XML."""


@lru_cache(maxsize=64)
def _sequences(escape: str) -> re.Pattern[str]:
    mark = re.escape(escape)
    return re.compile(f"{mark}([^{mark}\r\n]{{0,400}}){mark}")


def _meant(these: Delimiters, found: re.Match[str]) -> str:
    told = found[1]
    if (plain := _LETTERS.get(told)) is not None:
        return plain
    named = {
        "E": these.escape,
        "F": these.field,
        "S": these.component,
        "R": these.repetition,
        "T": these.subcomponent,
        "P": these.truncation,
    }.get(told)
    if named is not None:
        return named.replace(NONE, "#")
    match told[:1]:
        case "X":
            return _from_hexadecimal(told[1:], found[0])
        case "C" | "M" | "Z":  # character sets and local sequences, which we lack
            return ""
        case ".":
            return _FORMATS.get(told[1:3], "")
    return found[0]


_LETTERS = {"H": "", "N": ""}
"""Highlighting begins and ends."""
_FORMATS = {"br": "\n", "sp": "\n", "ce": "\n"}
"""Formatting commands that begin a new line; the others only indent."""


def _from_hexadecimal(digits: str, otherwise: str) -> str:
    try:
        data = bytes.fromhex(digits)
    except ValueError:
        return otherwise
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")
