"""Numbers of one concept, whichever sort of fact brought them, as intervals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from streams.clinical.criteria.intervals import Interval, interval
from streams.clinical.timeline import Timeline, part
from streams.vocabulary.concepts import Concept, concepts
from streams.vocabulary.errors import InputError
from streams.vocabulary.events import Assessment, Biomarker, Measurement
from streams.vocabulary.facts import Flag


Implausible = Literal["counts", "left_out"]
"""What a value flagged as implausible does: the sickest have such values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One result, in the concept's canonical unit."""

    at: datetime
    """When the specimen was taken, where the result says so."""
    range: Interval | None
    """None where there is no number, or its unit cannot be converted."""
    event_id: str
    specimen: str | None = None
    """What it was measured in, where the result says so."""
    assay: str | None = None
    assay_version: str | None = None
    unusable: str | None = None
    """Why there is no range."""


@part
def readings(
    timeline: Timeline,
    concept: str,
    after: datetime,
    until: datetime,
    *,
    implausible: Implausible = "counts",
) -> tuple[Reading, ...]:
    """Results with `after < happened_at <= until`, in order of their specimens.

    A result that cannot be used is there, with the reason: it is not as if nothing had
    been measured.
    """
    found = [
        reading
        for flagged, reading in _all(timeline, concept, after, until)
        if implausible == "counts" or not flagged
    ]
    return tuple(sorted(found, key=lambda one: (one.at, one.event_id)))


def _all(
    timeline: Timeline, concept: str, after: datetime, until: datetime
) -> Iterator[tuple[bool, Reading]]:
    for measured in timeline.between(
        Measurement, f"measurement:{concept}", after, until
    ):
        yield Flag.IMPLAUSIBLE in measured.flags, _measured(measured)
    for charted in timeline.between(Assessment, f"assessment:{concept}", after, until):
        yield Flag.IMPLAUSIBLE in charted.flags, _charted(charted)
    for marker in timeline.between(Biomarker, f"biomarker:{concept}", after, until):
        yield Flag.IMPLAUSIBLE in marker.flags, _assayed(marker)


def _measured(fact: Measurement) -> Reading:
    if fact.value is None:
        return _without(fact, "no number")
    return Reading(
        at=fact.happened_at,
        range=interval(fact.value, fact.comparator, fact.upper),
        event_id=fact.event_id,
        specimen=fact.specimen,
        assay=fact.method,
    )


def _charted(fact: Assessment) -> Reading:
    if fact.value is None:
        return _without(fact, "no number")
    return Reading(
        at=fact.happened_at, range=interval(fact.value), event_id=fact.event_id
    )


def _assayed(fact: Biomarker) -> Reading:
    """A marker brings its own unit: one that cannot be converted is no number here."""
    if fact.value is None:
        return _without(fact, "no number")
    value = _canonical(concepts().get(fact.concept), fact.value, fact.unit)
    if value is None:
        return _without(fact, f"unit {fact.unit}")
    return Reading(
        at=fact.collected_at or fact.happened_at,
        range=interval(value, fact.comparator),
        event_id=fact.event_id,
        assay=fact.assay,
        assay_version=fact.assay_version,
    )


def _canonical(concept: Concept | None, value: float, unit: str) -> float | None:
    if concept is None:
        return None
    try:
        return concept.in_canonical_unit(value, unit)
    except InputError:
        return None


def _without(fact: Measurement | Assessment | Biomarker, why: str) -> Reading:
    plain = Reading(
        at=fact.happened_at, range=None, event_id=fact.event_id, unusable=why
    )
    if not isinstance(fact, Biomarker):
        return plain
    return replace(
        plain,
        at=fact.collected_at or fact.happened_at,
        assay=fact.assay,
        assay_version=fact.assay_version,
    )
