"""OBX-2, OBX-5 and OBX-6: a value, by its type, as far as it may pass.

A number passes, one of the known words, and the display of a code. Everything else is
somebody's prose, and stays behind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from streams.adapters.hl7v2.delimiters import Delimiters
from streams.adapters.hl7v2.splitter import DELETED, Segment, Value
from streams.adapters.values import NOTHING, Reported, read_result
from streams.vocabulary.units import canonical_unit


CODED = {"CE", "CWE", "CNE", "CF", "IS", "ID"}
UNREADABLE = {"ED", "RP", "XPN", "XAD", "XTN", "XCN", "CX", "XON", "PN", "CN", "AD"}
"""Documents, pointers and particulars of persons: never looked into."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One value of one result."""

    reported: Reported = NOTHING
    code: str = ""
    """`system|code` as written, of a coded answer."""
    display: str | None = None
    """What the coding system calls it."""

    @property
    def words(self) -> str | None:
        """The answer in words that may pass."""
        return self.reported.word or self.display


NO_ANSWER = Answer()

_TEN = re.compile(r"[xX]? ?10 ?")
_DECIMAL = re.compile(r"\d+(?:\.\d+)?")


@lru_cache(maxsize=16_384)
def _short(text: str) -> Answer:
    return Answer(read_result(text))


def _plain(text: str) -> Answer:
    """What a text says; a long one says nothing, and is not kept."""
    return _short(text) if len(text) <= _LONGEST else NO_ANSWER


def answer(obx: Segment) -> Answer | None:
    """What OBX-5 says; `NO_ANSWER` where it cannot pass, None where it is empty.

    A repeated number is several numbers, and nobody knows which is meant.
    """
    written = obx.raw(5)
    if not written or written == DELETED:
        return None
    kind = obx.text(2).upper()
    if kind == "NM" and _DECIMAL.fullmatch(written):
        return _plain(written)
    if kind in UNREADABLE:
        return NO_ANSWER
    these = obx.delimiters
    if these.repetition in written and kind not in CODED:
        return NO_ANSWER
    value = Value(written.partition(these.repetition)[0], these)
    if kind in CODED:
        return _coded(value)
    if kind == "SN":
        return _plain("".join(value.text(at) for at in range(1, 5)))
    if these.component in written:  # of a type without parts, so nobody's code
        return NO_ANSWER
    return _plain(value.whole())


def unit_of(aliases: Mapping[str, str], written: str, these: Delimiters) -> str:
    """The unit of OBX-6 as somebody knows it, else as it is written; empty: none.

    Of identifier, text and their alternates the first that is a unit: some write a
    number of theirs before it, and some the power of ten with a caret.
    """
    if not written or written == DELETED:
        return ""
    value = Value(written.partition(these.repetition)[0], these)
    if these.component not in written:
        return value.text()
    told = [value.text(at) for at in (1, 2, 4, 5)]
    power = f"{told[0]}^{told[1]}"  # a caret that nobody escaped: `10^9/L`
    if _TEN.fullmatch(told[0]) and (power in aliases or canonical_unit(power)):
        return power
    named = [one for one in told if one and not one.isdecimal()]
    known = (one for one in named if one in aliases or canonical_unit(one))
    return next(known, next(iter(named), told[0]))


def _coded(value: Value) -> Answer:
    code, display, system = value.text(1), value.text(2), value.text(3)
    plain = _plain(_QUALIFIED.sub("", display or code)).reported
    if code and system:
        told = display if display and len(display) <= _LONGEST else None
        plain = plain if display else NOTHING  # a code of digits is no number
        return Answer(plain, f"{system}|{code}", told)
    return Answer(plain)


_QUALIFIED = re.compile(r" \((?:qualifier value|finding)\)$")
"""What SNOMED CT adds to a name to tell its kind."""
_LONGEST = 200
"""Characters of a display; what is longer is a text in a code's place."""
