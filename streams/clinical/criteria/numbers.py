"""The numbers of a concept in a window, as intervals of value and of time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from streams.clinical.criteria.anchors import latest_of
from streams.clinical.criteria.intervals import Interval, interval
from streams.clinical.criteria.judgement import PatientView
from streams.clinical.criteria.windows import Window, seen
from streams.vocabulary.concepts import concept
from streams.vocabulary.errors import InputError
from streams.vocabulary.events import Assessment, Biomarker, Measurement
from streams.vocabulary.facts import Flag
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, Truth3, truth


Reading: TypeAlias = Measurement | Assessment | Biomarker

SOURCES: tuple[tuple[str, type[Reading]], ...] = (
    ("measurement", Measurement),
    ("assessment", Assessment),
    ("biomarker", Biomarker),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One reading; `counts` is TRUE, or UNKNOWN where nobody can say."""

    at: datetime
    latest: datetime
    """The same, unless only its date is known."""
    range: Interval | None
    """In the concept's unit; None where it cannot be converted."""
    counts: Truth3
    event_id: str
    implausible: bool = False

    @property
    def dated(self) -> bool:
        """Whether its time of day is not known."""
        return self.latest != self.at


def numbers(
    name: str,
    view: PatientView,
    window: Window,
    *,
    specimens: Sequence[str] = (),
    methods: Sequence[str] = (),
) -> list[Number]:
    """The readings of a concept that lie in a window, or may, in order.

    Words alone are no number.  Of a reading that tells no specimen nobody can say
    whether it is of one that counts.
    """
    found: list[Number] = []
    for kind, sort in SOURCES:
        for one in seen(sort, (f"{kind}:{name}",), view, window):
            counts = (
                one.inside
                & _among(getattr(one.fact, "specimen", None), specimens)
                & _among(getattr(one.fact, "method", None), methods)
            )
            if one.fact.value is not None and counts is not FALSE:
                found.append(_number(one.fact, counts))
    return sorted(found, key=lambda number: (number.at, number.event_id))


def range_of(reading: Reading) -> Interval | None:
    """Where the value lies, in the concept's unit; a marker brings its own along."""
    value = reading.value
    if value is None:
        return None
    if isinstance(reading, Biomarker):
        try:
            value = concept(reading.concept).in_canonical_unit(value, reading.unit)
        except InputError:
            return None
    comparator = None if isinstance(reading, Assessment) else reading.comparator
    upper = reading.upper if isinstance(reading, Measurement) else None
    return interval(value, comparator, upper)


def value_lanes(name: str) -> tuple[str, ...]:
    """The lanes that hold the values of a concept."""
    return tuple(f"{kind}:{name}" for kind, _ in SOURCES)


def word_in(sent: str | None, words: Iterable[str]) -> bool:
    """Whether one of the words is in what was sent, in any case."""
    plain = (sent or "").casefold()
    return any(word.casefold() in plain for word in words)


def _number(fact: Reading, counts: Truth3) -> Number:
    return Number(
        at=fact.happened_at,
        latest=latest_of(fact),
        range=range_of(fact),
        counts=counts,
        event_id=fact.event_id,
        implausible=Flag.IMPLAUSIBLE in fact.flags,
    )


def _among(sent: str | None, words: Sequence[str]) -> Truth3:
    if not words:
        return TRUE
    return UNKNOWN if not sent else truth(word_in(sent, words))
