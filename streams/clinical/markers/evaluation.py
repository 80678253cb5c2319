"""What a marker says of one patient at one moment.

Positive, negative, unknown or stale: a result that is too old to act on is told apart
from one that was never made, and neither is negative.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from streams.clinical.age import age_at
from streams.clinical.criteria.intervals import Interval
from streams.clinical.markers.policy import CHOICES, DEFAULT, MarkerPolicy
from streams.clinical.markers.readings import Reading, readings
from streams.clinical.markers.table import Marker
from streams.clinical.markers.table import marker as marker_named
from streams.clinical.specification import Grade, Specification
from streams.clinical.timeline import Timeline, part
from streams.clinical.vital_status import ALWAYS
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, Truth3


class MarkerState(StrEnum):
    """What can be acted on."""

    POSITIVE = "positive"
    """Beyond the cut-off, and fresh."""
    NEGATIVE = "negative"
    """Within it, and fresh."""
    UNKNOWN = "unknown"
    """Never measured, or what was measured does not tell."""
    STALE = "stale"
    """Measured, but too long ago."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerResult:
    """One marker at one moment."""

    marker: str
    state: MarkerState
    says: Truth3
    """What the results say, however old; UNKNOWN where they do not tell."""
    reasons: tuple[str, ...] = ()
    """Why it is unknown or stale, in words."""
    taken_at: datetime | None = None
    """When the specimen that decided was taken."""
    stale_from: datetime | None = None
    """After this moment that specimen is too old."""
    range: Interval | None = None
    assay: str | None = None
    assay_version: str | None = None
    borderline: bool | None = None
    """Whether the assay's own scatter (1.96 coefficients of variation) reaches the
    cut-off; None where no figure is published."""
    evidence: tuple[str, ...] = ()

    @property
    def truth(self) -> Truth3:
        """For rules: stale and unknown are UNKNOWN."""
        match self.state:
            case MarkerState.POSITIVE:
                return TRUE
            case MarkerState.NEGATIVE:
                return FALSE
            case _:
                return UNKNOWN


def evaluate(
    marker: Marker, timeline: Timeline, at: datetime, policy: MarkerPolicy = DEFAULT
) -> MarkerResult:
    """A marker of the table at `at`, of the results that had come by then."""
    return _evaluated(timeline, marker.name, at, policy)


@part
def _evaluated(
    timeline: Timeline, name: str, at: datetime, policy: MarkerPolicy
) -> MarkerResult:
    marker = marker_named(name)
    found = _taken(timeline, marker.concept, at, policy)
    if not found:
        return _nothing(marker, f"no {marker.concept}")
    if not marker.has_cut_off:
        return _nothing(marker, "no cut-off published", found[-1:])
    barred = _barred(marker, timeline, at, policy)
    if barred is not None:
        return _nothing(marker, barred, found[-1:])
    return _told(marker, found, at, policy)


def _taken(
    timeline: Timeline, concept: str, at: datetime, policy: MarkerPolicy
) -> Sequence[Reading]:
    """The results of specimens taken by `at`."""
    found = readings(timeline, concept, ALWAYS, at, implausible=policy.implausible)
    end = len(found)
    while end and found[end - 1].at > at:
        end -= 1
    return found[:end]


def _barred(
    marker: Marker, timeline: Timeline, at: datetime, policy: MarkerPolicy
) -> str | None:
    """Why the cut-off is not for this patient; None where it may be."""
    if policy.population == "ignored":
        return None
    who = "children" if marker.of_children else "adults"
    told = age_at(timeline, at)
    if told is None:
        proven = policy.population == "proven"
        return f"a cut-off of {who}, no age on record" if proven else None
    age = told[0]
    if marker.is_for(age) is TRUE:
        return None
    years = f"{age.low:g}" if age.low == age.high else f"{age.low:g} or {age.high:g}"
    return f"a cut-off of {who}, aged {years}"


def _told(
    marker: Marker, found: Sequence[Reading], at: datetime, policy: MarkerPolicy
) -> MarkerResult:
    length = marker.stale_after if policy.stale_after is None else policy.stale_after
    fresh = _fresh(found, at, length, policy)
    decides = _deciding(marker, fresh or found, policy)
    partner = _partner(marker, found, decides, policy)
    says, why = _says(marker, decides, partner, policy)
    used = (decides,) if partner is None else (decides, partner)
    reasons = why if says is UNKNOWN else ()
    if not fresh:
        reasons = (f"older than {length.total_seconds() / 3600:g} h", *reasons)
    return MarkerResult(
        marker=marker.name,
        state=_state(says, fresh=bool(fresh)),
        says=says,
        reasons=reasons,
        taken_at=decides.at,
        stale_from=decides.at + length,
        range=decides.range,
        assay=decides.assay,
        assay_version=decides.assay_version,
        borderline=_borderline(marker, decides),
        evidence=tuple(one.event_id for one in used),
    )


def _fresh(
    found: Sequence[Reading], at: datetime, length: timedelta, policy: MarkerPolicy
) -> Sequence[Reading]:
    """Those young enough, of those that can decide: the others' age is nobody's."""
    asked = found if policy.which == "any_fresh" else found[-1:]
    return [one for one in asked if at - one.at <= length]


def _deciding(
    marker: Marker, found: Sequence[Reading], policy: MarkerPolicy
) -> Reading:
    """The last; or the last that is positive, where any will do."""
    if policy.which == "any_fresh":
        for wanted in (TRUE, UNKNOWN):
            alike = [one for one in found if _one(marker, one, policy)[0] is wanted]
            if alike:
                return alike[-1]
    return found[-1]


def _partner(
    marker: Marker, found: Sequence[Reading], second: Reading, policy: MarkerPolicy
) -> Reading | None:
    """The first specimen of two, where the marker asks for two."""
    if marker.repeat_after is None:
        return None
    least = marker.repeat_after - policy.repeat_early
    most = marker.repeat_after + policy.repeat_late
    apart = [
        one
        for one in found
        if one.at < second.at and least <= second.at - one.at <= most
    ]
    return apart[-1] if apart else None


def _says(
    marker: Marker,
    second: Reading,
    first: Reading | None,
    policy: MarkerPolicy,
) -> tuple[Truth3, tuple[str, ...]]:
    last, why = _one(marker, second, policy)
    if marker.repeat_after is None:
        return last, why
    if first is None:
        hours = marker.repeat_after.total_seconds() / 3600
        return last & UNKNOWN, (*why, f"no second specimen {hours:g} h apart")
    before, why_before = _one(marker, first, policy)
    return last & before, (*why, *why_before)


def _one(
    marker: Marker, result: Reading, policy: MarkerPolicy
) -> tuple[Truth3, tuple[str, ...]]:
    """What one result says, and why where it does not."""
    if result.range is None:
        return UNKNOWN, (result.unusable or "no number",)
    if policy.assay == "named" and marker.assay and not _by(marker.assay, result):
        return UNKNOWN, (f"assay {result.assay or 'not named'}",)
    said = marker.positive(result.range)
    return said, () if said is not UNKNOWN else ("the result straddles the cut-off",)


def _by(assay: str, result: Reading) -> bool:
    return assay in "".join(filter(str.isalnum, (result.assay or "").casefold()))


def _borderline(marker: Marker, result: Reading) -> bool | None:
    cv = marker.misclassification.cv_percent
    if cv is None or result.range is None:
        return None
    scatter = 1.96 * cv / 100
    low, high = result.range.low * (1 - scatter), result.range.high * (1 + scatter)
    ends = [end.value for end in (marker.low, marker.high) if end is not None]
    return any(low <= end <= high for end in ends)


def _state(says: Truth3, *, fresh: bool) -> MarkerState:
    if not fresh:
        return MarkerState.STALE
    if says is UNKNOWN:
        return MarkerState.UNKNOWN
    return MarkerState.POSITIVE if says is TRUE else MarkerState.NEGATIVE


def _nothing(marker: Marker, why: str, seen: Sequence[Reading] = ()) -> MarkerResult:
    return MarkerResult(
        marker=marker.name,
        state=MarkerState.UNKNOWN,
        says=UNKNOWN,
        reasons=(why,),
        evidence=tuple(one.event_id for one in seen),
    )


SPEC = Specification(
    name="markers",
    title="Enrichment markers",
    version="1",
    grade=Grade.PARTIAL,
    grade_reason=(
        "Each marker has a grade of its own; turnaround and staleness are mostly ours."
    ),
    rule=(
        "The last result of the marker's concept, in its unit and by its assay, is held "
        "against the cut-off.  A censored result is an interval: beyond the cut-off, "
        "within it, or (unknown) on both sides.  A specimen older than the marker's "
        "staleness is stale, whatever it says.\n\n"
        "A cut-off of adults says nothing of who is on record as a child, nor one of "
        "children of an adult."
    ),
    sources=("streams/clinical/markers/markers.csv: a source in every row",),
    inputs=("measurement:", "assessment:", "biomarker:", "demographics"),
    choices=CHOICES,
    traps=(
        "mHLA-DR in per cent and in molecules a cell are two markers.",
        "A marker without a published cut-off is unknown, whatever was measured.",
    ),
)
