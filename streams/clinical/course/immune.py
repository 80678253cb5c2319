"""The immune course: one state a day, from named markers.

Hyper-inflammation and suppression are two signs that may go together: in ImmunoSep's
screening ferritin and HLA-DR were measured at once, and who had both was treated for
hyper-inflammation (JAMA 2025, doi 10.1001/jama.2025.24175).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Literal

from streams.clinical.course.immune_policy import DEFAULT, ImmunePolicy
from streams.clinical.markers.evaluation import MarkerResult, MarkerState, evaluate
from streams.clinical.markers.table import marker
from streams.clinical.specification import Choice, Grade, Specification
from streams.clinical.timeline import Timeline
from streams.clinical.vital_status import death_on_record
from streams.vocabulary.clock import DAY, in_utc
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, Truth3, any_of


class ImmuneState(StrEnum):
    """What a day's markers show."""

    HYPER_INFLAMMATION = "hyper_inflammation"
    SUPPRESSION = "suppression"
    BOTH = "both"
    NEITHER = "neither"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImmuneDay:
    """One day of the course."""

    day: int
    """0 is the day of onset."""
    starts: datetime
    ends: datetime
    """The first instant of the next day, or when the course ends."""
    state: ImmuneState
    hyper: Truth3
    suppression: Truth3
    possible: tuple[ImmuneState, ...]
    """The states that the markers allow."""
    markers: tuple[MarkerResult, ...]
    status: Literal["provisional", "confirmed"]
    """Provisional until the day is over and the laboratory has had its time."""
    final_at: datetime
    """From then on it is confirmed, if the patient lives so long."""

    @property
    def evidence(self) -> tuple[str, ...]:
        """The results that were read."""
        return tuple(dict.fromkeys(e for one in self.markers for e in one.evidence))


def immune_course(
    timeline: Timeline,
    onset: datetime,
    at: datetime,
    policy: ImmunePolicy = DEFAULT,
) -> tuple[ImmuneDay, ...]:
    """Every day from onset that has begun by `at`; none after the day of death.

    A day is read at its last instant, by the results that are fresh then.
    """
    end = min(at, onset + policy.until)
    dying = death_on_record(timeline, at)
    if dying is not None:
        end = min(end, dying.latest)
    if end < onset:
        return ()
    spans = enumerate(_days(onset, end, policy))
    return tuple(_day(timeline, n, span, end, at, policy) for n, span in spans)


def immune_state(
    timeline: Timeline, at: datetime, policy: ImmunePolicy = DEFAULT
) -> ImmuneDay:
    """The state at one moment, as the day that ends with it."""
    return _read(timeline, 0, (at - DAY, at), at, policy, over=False)


_Span = tuple[datetime, datetime]


def _days(onset: datetime, end: datetime, policy: ImmunePolicy) -> Iterator[_Span]:
    """Each day's first instant and the next day's."""
    starts = onset
    while starts < end or starts == onset:
        following = _next_day(starts, policy)
        yield starts, following
        starts = following


def _next_day(starts: datetime, policy: ImmunePolicy) -> datetime:
    if policy.days == "since_onset":
        return starts + DAY
    tomorrow = starts.astimezone(policy.zone).date() + timedelta(days=1)
    return in_utc(datetime.combine(tomorrow, time.min, policy.zone))


def _day(
    timeline: Timeline,
    number: int,
    span: _Span,
    end: datetime,
    at: datetime,
    policy: ImmunePolicy,
) -> ImmuneDay:
    starts, following = span
    last = following - timedelta.resolution
    wait = _turnaround(policy)
    over = last + wait <= at if last <= end else end + wait < at
    return _read(
        timeline, number, (starts, min(last, end)), following, policy, over=over
    )


def _turnaround(policy: ImmunePolicy) -> timedelta:
    """How long the result of a specimen of the last instant may take."""
    if policy.results_out == "not_awaited":
        return timedelta()
    named = (marker(name) for name in (*policy.hyper, *policy.suppression))
    return max((one.turnaround or timedelta() for one in named), default=timedelta())


def _read(
    timeline: Timeline,
    number: int,
    span: _Span,
    ends: datetime,
    policy: ImmunePolicy,
    *,
    over: bool,
) -> ImmuneDay:
    starts, moment = span
    hyper = _results(timeline, policy.hyper, moment, policy)
    suppression = _results(timeline, policy.suppression, moment, policy)
    signs = (_sign(hyper, policy), _sign(suppression, policy))
    possible = _possible(*signs)
    return ImmuneDay(
        day=number,
        starts=starts,
        ends=ends,
        state=_state(signs, possible, policy),
        hyper=signs[0],
        suppression=signs[1],
        possible=possible,
        markers=(*hyper, *suppression),
        status="confirmed" if over else "provisional",
        final_at=ends + _turnaround(policy),
    )


def _results(
    timeline: Timeline, names: Sequence[str], at: datetime, policy: ImmunePolicy
) -> list[MarkerResult]:
    return [evaluate(marker(name), timeline, at, policy.markers) for name in names]


def _sign(results: Sequence[MarkerResult], policy: ImmunePolicy) -> Truth3:
    """Whether any of them shows the sign."""
    if policy.combine == "all_needed":
        return any_of(one.truth for one in results) if results else UNKNOWN
    speaking = [one.truth for one in results if _is_fresh(one)]
    return any_of(speaking) if speaking else UNKNOWN


def _is_fresh(result: MarkerResult) -> bool:
    """Whether anything fresh was measured, telling or not."""
    return bool(result.evidence) and result.state is not MarkerState.STALE


_STATES: dict[tuple[bool, bool], ImmuneState] = {
    (True, False): ImmuneState.HYPER_INFLAMMATION,
    (False, True): ImmuneState.SUPPRESSION,
    (True, True): ImmuneState.BOTH,
    (False, False): ImmuneState.NEITHER,
}


def _possible(hyper: Truth3, suppression: Truth3) -> tuple[ImmuneState, ...]:
    return tuple(
        state
        for (one, other), state in _STATES.items()
        if _allows(hyper, shown=one) and _allows(suppression, shown=other)
    )


def _allows(sign: Truth3, *, shown: bool) -> bool:
    return sign is not (FALSE if shown else TRUE)


def _state(
    signs: tuple[Truth3, Truth3],
    possible: Sequence[ImmuneState],
    policy: ImmunePolicy,
) -> ImmuneState:
    if len(possible) == 1:
        return possible[0]
    if policy.half_known == "what_is_known":
        if signs[0] is TRUE:
            return ImmuneState.HYPER_INFLAMMATION
        if signs[1] is TRUE:
            return ImmuneState.SUPPRESSION
    return ImmuneState.UNKNOWN


SPEC = Specification(
    name="immune_course",
    title="Immune state by day",
    version="1",
    grade=Grade.PARTIAL,
    grade_reason=(
        "The markers' cut-offs are ImmunoSep's and PROVIDE's; days, staleness and what "
        "half a state means are ours."
    ),
    rule=(
        "For every day from the onset of sepsis, at its last instant and by results "
        "that are then fresh: hyper-inflammation if a marker of it is positive, "
        "suppression if a marker of that is, both, neither, or unknown.\n\n"
        "Where one sign is known and the other is not, the state is unknown and names "
        "what it may be."
    ),
    sources=(
        "ImmunoSep, JAMA 2025, doi 10.1001/jama.2025.24175 (abstract); NCT04990232",
        "PROVIDE, NCT03332225 (registry mirror)",
    ),
    inputs=(
        *("measurement:ferritin", "biomarker:ferritin"),
        *("measurement:mhla_dr_molecules", "biomarker:mhla_dr_molecules"),
        *("measurement:mhla_dr_percent", "biomarker:mhla_dr_percent", "death"),
        "demographics",
    ),
    choices=(
        Choice(
            argument="hyper",
            default="mals",
            readings=(
                "Names of markers: ferritin above 4420 ng/mL (ImmunoSep); for "
                "children `ferritin_paediatric_high` (TRIPS, GRACE-2)."
            ),
        ),
        Choice(
            argument="suppression",
            default="immunoparalysis_molecules, immunoparalysis_percent",
            readings=(
                "Names of markers: ImmunoSep by molecules, PROVIDE by per cent; for "
                "children `tnf_capacity_low` (GRACE-2)."
            ),
        ),
        Choice(
            argument="markers",
            default="as `markers`",
            readings="See `markers`: staleness, which result, which assay.",
        ),
        Choice(
            argument="results_out",
            default="awaited",
            readings="A day that is over is provisional until the longest turnaround of "
            "its markers has passed (`awaited`: ours), or confirmed at once "
            "(`not_awaited`).",
        ),
        Choice(
            argument="combine",
            default="any_measured",
            readings=(
                "`any_measured` marker speaks for the sign, since hardly a hospital "
                "has two assays (ours); `all_needed` to deny (ours)."
            ),
        ),
        Choice(
            argument="half_known",
            default="unknown",
            readings=(
                "`unknown` (ours: the other sign decides what may be given); or named "
                "by `what_is_known`."
            ),
        ),
        Choice(
            argument="days",
            default="since_onset",
            readings="24 hours from onset, or `calendar` days in `zone`: ours.",
        ),
        Choice(
            argument="zone",
            default="UTC",
            readings=(
                "The hospital's time zone, for calendar days (ours: UTC where none is "
                "named)."
            ),
        ),
        Choice(argument="until", default="28 d", readings="How long it is told: ours."),
    ),
    traps=(
        "A specimen of the day's last hours has its result after the day is over.",
        "A day without a fresh result is unknown, not a return to normal.",
        "Per cent and molecules are read by their own markers, never by each other's.",
    ),
)
