"""KDIGO's stage at every creatinine, every charting of urine, every sign of RRT.

One row for each moment of an ICU stay, as in mimic-code's `kdigo_stages.sql` (MIT).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from streams.clinical.scores.body_weight import weight_spans
from streams.clinical.scores.chart import Chart, Scope, back
from streams.clinical.scores.kdigo_creatinine import (
    LONG,
    CreatinineStage,
    creatinine_stages,
    creatinines,
)
from streams.clinical.scores.kdigo_policy import KdigoPolicy, UrinePolicy
from streams.clinical.scores.policy import SofaPolicy
from streams.clinical.scores.renal_replacement import signs_of_rrt
from streams.clinical.scores.stays import UnitStay, unit_stays
from streams.clinical.scores.urine import first_heart_rate
from streams.clinical.scores.urine_rate import UrineRates, urine_rates, voids
from streams.clinical.timeline import Timeline
from streams.vocabulary.clock import HOUR


EVER = datetime.min.replace(tzinfo=UTC)
NEVER = datetime.max.replace(tzinfo=UTC)

SMOOTHED = EARLY = 6 * HOUR
ANURIA, OLIGURIA, SEVERE = 0.0, 0.5, 0.3
"""mL/kg/h."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KdigoRow:
    """One moment of an ICU stay."""

    encounter: str | None
    stay: str
    entered: datetime
    """When the stay began."""
    at: datetime | None
    """None in the row of a stay without any creatinine."""
    creatinine: CreatinineStage | None = None
    urine: UrineRates | None = None
    urine_stage: int | None = None
    rrt: tuple[str, ...] = ()
    """The events that show renal replacement."""
    smoothed: int = 0
    """The worst of the six hours up to this row."""

    @property
    def stage(self) -> int:
        """The worst of the three, of what is established."""
        creatinine = None if self.creatinine is None else self.creatinine.points
        return max(creatinine or 0, self.urine_stage or 0, 3 if self.rrt else 0)


def kdigo_rows(
    timeline: Timeline, *, policy: KdigoPolicy, now: datetime | None = None
) -> tuple[KdigoRow, ...]:
    """The rows of every ICU stay, of the facts that have happened by `now`."""
    stays = unit_stays(timeline, now)
    rows = [row for stay in stays for row in _stay_rows(timeline, policy, stay, now)]
    return tuple(replace(row, smoothed=_smoothed(row, rows, policy)) for row in rows)


def stay_urine_rates(
    timeline: Timeline,
    *,
    policy: UrinePolicy,
    now: datetime | None = None,
) -> tuple[tuple[UnitStay, UrineRates], ...]:
    """The rates at every charting of urine of every ICU stay.

    Counted from the first heart rate, a stay without one has none.
    """
    found: list[tuple[UnitStay, UrineRates]] = []
    for stay in unit_stays(timeline, now):
        chart = _chart(timeline, policy, stay, now)
        if policy.first != "first_heart_rate" or first_heart_rate(chart) is not None:
            found += [(stay, rates) for rates in _rates(chart, policy, stay)]
    return tuple(found)


def urine_stage(rates: Sequence[float | None]) -> int:
    """The stage by the rates over 6, 12 and 24 hours; one that is None tells nothing."""
    six, twelve, day = rates
    if day is not None and day < SEVERE:
        return 3
    if twelve is not None and twelve < OLIGURIA:
        return 3 if twelve == ANURIA else 2
    return 1 if six is not None and six < OLIGURIA else 0


def staged_urine(
    rates: UrineRates, policy: KdigoPolicy, entered: datetime | None
) -> int | None:
    """The stage at one charting; None where the rates do not tell."""
    if policy.six_hour_gap == "no_stage" and rates.rates[0] is None:
        return None
    if all(rate is None for rate in rates.rates):
        return None
    early = entered is not None and rates.at <= entered + EARLY
    if early and policy.first_six_hours == "stage_0":
        return 0
    return urine_stage(rates.rates)


def _stay_rows(
    timeline: Timeline, policy: KdigoPolicy, stay: UnitStay, now: datetime | None
) -> Iterable[KdigoRow]:
    blood = _creatinine_of_stay(timeline, policy, stay, now)
    chart = _chart(timeline, policy.urine, stay, now)
    urine = {rates.at: rates for rates in _rates(chart, policy.urine, stay)}
    rrt = signs_of_rrt(chart, policy, EVER, now or NEVER)
    bare = KdigoRow(
        encounter=stay.encounter, stay=stay.stay, entered=stay.entered, at=None
    )
    if not blood and policy.row_without_creatinine:
        yield bare
    for at in sorted({*blood, *urine, *rrt}):
        rates = urine.get(at)
        yield replace(
            bare,
            at=at,
            creatinine=blood.get(at),
            urine=rates,
            urine_stage=(
                None if rates is None else staged_urine(rates, policy, stay.entered)
            ),
            rrt=rrt.get(at, ()),
        )


def _creatinine_of_stay(
    timeline: Timeline, policy: KdigoPolicy, stay: UnitStay, now: datetime | None
) -> dict[datetime, CreatinineStage]:
    """From 7 days before the stay to its end; laboratory results are the patient's."""
    chart = Chart(timeline, SofaPolicy(), Scope(stay.stay, stay.encounter), now)
    since = back(stay.entered - LONG)
    cut = policy.creatinine.before_record == "cut_off"
    measured = creatinines(
        chart, policy.creatinine, since if cut else since - LONG, stay.left or NEVER
    )
    staged = creatinine_stages(chart, policy.creatinine, measured, since)
    return {one.at: one for one in staged}


def _rates(chart: Chart, policy: UrinePolicy, stay: UnitStay) -> Iterable[UrineRates]:
    told = voids(chart, policy, EVER, NEVER)
    return urine_rates(chart, policy, told, weight_spans(chart, stay))


def _chart(
    timeline: Timeline, policy: UrinePolicy, stay: UnitStay, now: datetime | None
) -> Chart:
    scope = Scope(stay.stay, stay.encounter)
    return Chart(timeline, SofaPolicy(codes=policy.codes), scope, now)


def _smoothed(row: KdigoRow, rows: Sequence[KdigoRow], policy: KdigoPolicy) -> int:
    """The worst of the rows within the six hours up to this one."""
    if row.at is None:
        return row.stage
    if policy.smoothing == "stay":
        near = [r for r in rows if r.stay == row.stay and _recent(r.at, row.at)]
        return max(r.stage for r in near)
    since = row.at - row.entered
    ago = [(since - (r.at - r.entered), r.stage) for r in rows if r.at is not None]
    return max(stage for gap, stage in ago if timedelta() <= gap <= SMOOTHED)


def _recent(earlier: datetime | None, at: datetime) -> bool:
    return earlier is not None and timedelta() <= at - earlier <= SMOOTHED
