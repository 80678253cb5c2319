"""Segments of HL7 v2.5.1: fields by their number, texts escaped, times with a zone.

Source: HL7 v2.5.1, chapter 2 (encoding rules), chapters 3, 4 and 7 (segments).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from streams.vocabulary.clock import in_utc


Fields = Mapping[int, str]
"""By HL7's own number of the field; what is absent is empty."""

_ESCAPES = str.maketrans(
    {
        "\\": "\\E\\",
        "|": "\\F\\",
        "^": "\\S\\",
        "&": "\\T\\",
        "~": "\\R\\",
        "\r": "\\X0D\\",
        "\n": "\\X0A\\",
    }
)


def text(value: str) -> str:
    """The text with the delimiters in it escaped."""
    return value.translate(_ESCAPES)


def components(*parts: str) -> str:
    """One field of several components; empty ones at the end are left away."""
    return "^".join(text(part) for part in parts).rstrip("^")


def number(value: float) -> str:
    """A number without an exponent and without a needless point."""
    return f"{value:.10f}".rstrip("0").rstrip(".")


def stamp(moment: datetime) -> str:
    """A moment to the second, with its zone: `20260101083000+0000`."""
    return in_utc(moment).strftime("%Y%m%d%H%M%S+0000")


def segment(name: str, fields: Fields) -> str:
    """One segment; of MSH the separator itself is field 1."""
    last = max(fields, default=0)
    first = 2 if name == "MSH" else 1
    return "|".join([name, *(fields.get(at, "") for at in range(first, last + 1))])


def message(*segments: str) -> bytes:
    """The whole, each segment ended by a carriage return."""
    return "".join(f"{one}\r" for one in segments).encode()
