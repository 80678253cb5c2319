"""Quantities as a trial team writes them: `> 2 mmol/L`, `24 h`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal, cast

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.units import canonical_unit, convert


Operator = Literal["<", "<=", ">", ">="]

_NUMBER = r"[-+]?\d+(?:\.\d+)?"
_COMPARISON = re.compile(rf"\s*(<=|>=|<|>)\s*({_NUMBER})\s*(\S.*?)?\s*")
_DURATION = re.compile(rf"\s*({_NUMBER})\s*(\S+)\s*")
_TIME_WORDS = {
    "minute": "min",
    "minutes": "min",
    "hour": "h",
    "hours": "h",
    "day": "d",
    "days": "d",
    "year": "a",
    "years": "a",
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """An operator, a number and its unit (UCUM)."""

    operator: Operator
    value: float
    unit: str

    def __str__(self) -> str:
        """As it is written in a protocol."""
        return f"{self.operator} {self.value:g} {self.unit}"


def read_comparison(written: object) -> Comparison:
    """The comparison in `> 2 mmol/L`; a missing or unknown unit is an error."""
    if isinstance(written, Comparison):
        return written
    found = _COMPARISON.fullmatch(written) if isinstance(written, str) else None
    if found is None:
        raise protocol_fault(
            ErrorCode.PROTOCOL_INVALID,
            f"{written!r} is no comparison; write it as '> 2 mmol/L'",
        )
    operator, number, unit = found.groups()
    return Comparison(cast("Operator", operator), float(number), _ucum(unit))


def read_duration(written: object) -> timedelta:
    """The length of time in `24 h`, `15 min` or `3 d`; more than nothing."""
    if isinstance(written, timedelta):
        return written
    found = _DURATION.fullmatch(written) if isinstance(written, str) else None
    if found is None:
        raise protocol_fault(
            ErrorCode.PROTOCOL_INVALID,
            f"{written!r} is no length of time; write it as '24 h'",
        )
    length = _length(*found.groups())
    if length <= timedelta(0):
        raise protocol_fault(
            ErrorCode.PROTOCOL_INVALID, f"{written!r} leaves an empty window"
        )
    return length


def read_offset(written: object) -> timedelta:
    """How long after (`6 h`) or before (`-24 h`) a moment; `0 h` is the moment."""
    if isinstance(written, timedelta):
        return written
    found = _DURATION.fullmatch(written) if isinstance(written, str) else None
    if found is None:
        raise protocol_fault(
            ErrorCode.PROTOCOL_INVALID,
            f"{written!r} is no distance in time; write it as '-24 h'",
        )
    return _length(*found.groups())


def write_duration(length: timedelta) -> str:
    """The length of time in the largest of h, min and s that divides it."""
    seconds = length.total_seconds()
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds % size == 0:
            return f"{seconds / size:.15g} {unit}"
    return f"{seconds:.15g} s"


def protocol_fault(code: ErrorCode, sentence: str) -> PydanticCustomError:
    """A fault that keeps its error code through pydantic's report."""
    return PydanticCustomError(code.value, "{sentence}", {"sentence": sentence})


def _length(number: str, unit: str) -> timedelta:
    try:
        seconds = convert(float(number), from_unit=_ucum(unit), to_unit="s")
    except InputError as fault:
        raise protocol_fault(ErrorCode.PROTOCOL_UNIT, fault.problem) from None
    return timedelta(seconds=seconds)


def _ucum(unit: str | None) -> str:
    if unit is None:
        raise protocol_fault(ErrorCode.PROTOCOL_UNIT, "a unit is missing")
    ucum = _TIME_WORDS.get(unit) or canonical_unit(unit)
    if ucum is None:
        raise protocol_fault(
            ErrorCode.PROTOCOL_UNIT, f"the unit {unit!r} is not known; write UCUM"
        )
    return ucum


ComparisonText = Annotated[
    Comparison,
    BeforeValidator(read_comparison),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["> 2 mmol/L"]}),
]
Duration = Annotated[
    timedelta,
    BeforeValidator(read_duration),
    PlainSerializer(write_duration, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["24 h", "15 min"]}),
]
Offset = Annotated[
    timedelta,
    BeforeValidator(read_offset),
    PlainSerializer(write_duration, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["-24 h", "6 h"]}),
]
"""A length of time with a direction: before a moment where it is negative."""
