"""The Glasgow coma scale of a patient who is sedated or intubated, as a policy.

`glasgow.py` tells what a tube does to the verbal part; here sedatives count too, the
motor part can stand for the whole, and a charting that tells nothing is not passed
over in favour of an older one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from streams.clinical.criteria.intervals import Interval
from streams.clinical.scores.bedside import Observed
from streams.clinical.scores.chart import Chart, Scope, back
from streams.clinical.scores.drips import drips
from streams.clinical.scores.glasgow import Glasgow, totals
from streams.clinical.scores.latest import last_told
from streams.clinical.scores.policy import SofaPolicy
from streams.clinical.specification import Choice, Grade, Specification
from streams.clinical.timeline import Timeline, part


UNTOLD = Interval(3.0, 15.0)
"""A charting that says nothing: the whole scale."""

MOTOR_ALONE: dict[float, Interval] = {
    6.0: Interval(15.0, 15.0),
    5.0: Interval(13.0, 14.0),
    4.0: Interval(9.0, 12.0),
    3.0: Interval(6.0, 8.0),
    2.0: Interval(3.0, 5.0),
    1.0: Interval(3.0, 5.0),
}
"""The totals a best motor response stands for (SOFA-2, JAMA 2025, footnote d)."""

_LANES = tuple(f"assessment:gcs_{part}" for part in ("eye", "verbal", "motor", "total"))

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class SedationPolicy:
    """One reading of the scale under sedation or a tube."""

    gcs_sedation: Literal[
        "assume_normal", "pre_sedation", "as_charted", "motor_only", "unknown"
    ] = "pre_sedation"
    """`assume_normal`: 15 (mimic-code `gcs.sql`, ricu). `pre_sedation`: the last total
    before it, none: unknown (SOFA-2). `as_charted`: what was charted, an untestable
    verbal part as 1 (Phoenix). `motor_only`: what the motor part stands for (SOFA-2,
    footnote d). `unknown`: nothing."""

    sedatives: frozenset[str] = frozenset({"propofol", "midazolam", "dexmedetomidine"})
    """Drugs whose infusion is sedation; opioids alone are not."""

    washout: timedelta = timedelta(0)
    """For how long after its end sedation still counts (clifpy `sofa2`: 12 h)."""

    pre_sedation_reach: timedelta = timedelta(hours=24)
    """How long before the sedation a total may lie."""

    parts: SofaPolicy = field(default_factory=SofaPolicy)
    """How the parts are put together (`gcs_carry`, texts of an untestable verbal part);
    its own `gcs` is not read."""


SEDATION = SedationPolicy()

SPEC = Specification(
    name="gcs_sedation",
    title="Glasgow coma scale under sedation or intubation",
    version="2025",
    grade=Grade.PARTIAL,
    grade_reason=(
        "The readings are those of published code; the bands of the motor part are "
        "SOFA-2's as clifpy restates them, not read in the paper."
    ),
    rule=(
        "While a sedative runs, or a tube makes the verbal part untestable, the charted "
        "total says little of the brain. By default the last total that was charted "
        "before counts instead; where there is none, the total is unknown (3 to 15)."
    ),
    sources=(
        (
            "Ranzani OT et al., JAMA 2025, doi 10.1001/jama.2025.20516 (SOFA-2), as "
            "restated in clifpy utils/sofa2, commit 39cabd6, Apache-2.0"
        ),
        "MIT-LCP/mimic-code gcs.sql, commit 8bcbd190, MIT",
    ),
    inputs=(
        "assessment:gcs_eye",
        "assessment:gcs_verbal",
        "assessment:gcs_motor",
        "assessment:gcs_total",
        "infusion:propofol",
        "infusion:midazolam",
        "infusion:dexmedetomidine",
    ),
    choices=(
        Choice(
            argument="gcs_sedation",
            default="pre_sedation",
            readings=(
                "assume_normal (mimic-code, ricu); pre_sedation (SOFA-2); as_charted "
                "(Phoenix); motor_only (SOFA-2, footnote d); unknown"
            ),
        ),
        Choice(
            argument="washout",
            default="0 h",
            readings="0 h: while it runs; 12 h (clifpy sofa2)",
        ),
        Choice(
            argument="sedatives",
            default="dexmedetomidine, midazolam, propofol",
            readings="drugs whose infusion is sedation: ours, since opioids alone are often analgesia; clifpy sofa2 counts them too",
        ),
        Choice(
            argument="pre_sedation_reach",
            default="24 h",
            readings="24 h (ours): how long before the sedation a total may lie; SOFA-2 names no limit",
        ),
        Choice(
            argument="parts",
            default="as `sofa`",
            readings="how eye, verbal and motor part are put together, see sofa; its gcs is not read",
        ),
    ),
    traps=(
        "A tube charted as verbal 1 without a word of the tube looks like a deep coma.",
        "The brain's component is unreliable in the ventilated (mimic-code #1289).",
    ),
)


@part
def glasgow_scale(
    timeline: Timeline,
    after: datetime,
    until: datetime,
    *,
    policy: SedationPolicy = SEDATION,
    stay: str | None = None,
    now: datetime | None = None,
) -> list[Observed]:
    """The total (3 to 15) at each charting in `(after, until]`, as an interval.

    `now`: what has happened by then tells of the drips (None: what has by `until`).
    """
    return [
        Observed(row.at, scale, evidence)
        for row, scale, evidence in _readings(
            timeline, after, until, policy, stay, now or until
        )
    ]


def last_glasgow(
    timeline: Timeline,
    after: datetime,
    until: datetime,
    *,
    policy: SedationPolicy = SEDATION,
    stay: str | None = None,
) -> Sequence[Observed]:
    """Of the same only what the last charting tells."""
    return last_told(
        timeline,
        _LANES,
        after,
        until,
        lambda before, at: glasgow_scale(
            timeline, before, at, policy=policy, stay=stay, now=until
        ),
    )


def _readings(
    timeline: Timeline,
    after: datetime,
    until: datetime,
    policy: SedationPolicy,
    stay: str | None,
    now: datetime,
) -> Iterator[tuple[Glasgow, Interval, tuple[str, ...]]]:
    charted = totals(_chart(timeline, policy, stay, "as_charted", until), after, until)
    told = _told(timeline, policy, stay, (after, until))
    sedation = _sedation(timeline, policy, stay, now)
    for row in charted:
        under = next((s for s in sedation if s[0] <= row.at < s[1]), None)
        awake = told.get(row.at)
        if under is not None:
            scale = _sedated(timeline, policy, stay, row, under[0], sedation)
        elif awake is not None:
            scale = awake
        else:
            scale = _untestable(timeline, policy, stay, row)
        yield row, Interval(scale.low, scale.high), scale.evidence


def _told(
    timeline: Timeline,
    policy: SedationPolicy,
    stay: str | None,
    window: tuple[datetime, datetime],
) -> dict[datetime, Glasgow]:
    """The totals of the chartings that `glasgow.py` can read by this policy."""
    reading = policy.gcs_sedation
    gcs = "unknown" if reading == "motor_only" else reading
    chart = _chart(timeline, policy, stay, gcs, window[1])
    return {total.at: total for total in totals(chart, *window)}


def _sedated(
    timeline: Timeline,
    policy: SedationPolicy,
    stay: str | None,
    row: Glasgow,
    since: datetime,
    sedation: Sequence[tuple[datetime, datetime]],
) -> Glasgow:
    match policy.gcs_sedation:
        case "as_charted":
            return row
        case "assume_normal":
            return Glasgow(row.at, 15.0, 15.0, row.evidence)
        case "pre_sedation":
            chart = _chart(timeline, policy, stay, "unknown", since)
            reach = since - policy.pre_sedation_reach
            before = totals(chart, back(reach), back(since))
            # One drug after another, with minutes between: that is no awakening.
            awake = [one for one in before if not _is_under(sedation, one.at)]
            return awake[-1] if awake else _unsaid(row)
        case _:
            return _untestable(timeline, policy, stay, row)


def _is_under(sedation: Sequence[tuple[datetime, datetime]], moment: datetime) -> bool:
    return any(start <= moment < end for start, end in sedation)


def _untestable(
    timeline: Timeline, policy: SedationPolicy, stay: str | None, row: Glasgow
) -> Glasgow:
    """What the motor part says, where the policy listens to it alone."""
    if policy.gcs_sedation != "motor_only":
        return _unsaid(row)
    chart = _chart(timeline, policy, stay, "unknown", row.at)
    motor = [
        (fact.value, fact.event_id)
        for fact in chart.assessments("gcs_motor", back(row.at), row.at)
        if fact.value is not None and fact.value in MOTOR_ALONE
    ]
    if not motor:
        return _unsaid(row)
    best, evidence = max(motor)
    scale = MOTOR_ALONE[best]
    return Glasgow(row.at, scale.low, scale.high, (evidence,))


def _unsaid(row: Glasgow) -> Glasgow:
    return Glasgow(row.at, UNTOLD.low, UNTOLD.high, row.evidence)


def _sedation(
    timeline: Timeline, policy: SedationPolicy, stay: str | None, until: datetime
) -> list[tuple[datetime, datetime]]:
    """Stretches of sedation begun by `until`, washout included, joined and by start.

    A rate charted as 0 sedates nobody.
    """
    chart = _chart(timeline, policy, stay, "unknown", until)
    found = sorted(
        (drip.start, drip.end or _NEVER)
        for drug in policy.sedatives
        for drip in drips(chart, drug)
        if drip.rate != 0
    )
    return _joined(found, policy.washout)


def _joined(
    found: Sequence[tuple[datetime, datetime]], washout: timedelta
) -> list[tuple[datetime, datetime]]:
    joined: list[tuple[datetime, datetime]] = []
    for start, end in found:
        over = end if end == _NEVER else end + washout
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], over))
        else:
            joined.append((start, over))
    return joined


def _chart(
    timeline: Timeline,
    policy: SedationPolicy,
    stay: str | None,
    gcs: Literal["assume_normal", "pre_sedation", "as_charted", "unknown"],
    now: datetime,
) -> Chart:
    return Chart(timeline, _parts(policy, gcs), Scope(stay), now)


def _parts(
    policy: SedationPolicy,
    gcs: Literal["assume_normal", "pre_sedation", "as_charted", "unknown"],
) -> SofaPolicy:
    parts = policy.parts
    return SofaPolicy(
        codes=parts.codes,
        gcs=gcs,
        untestable_verbal=parts.untestable_verbal,
        gcs_carry=parts.gcs_carry,
        pre_sedation_reach=policy.pre_sedation_reach,
    )
