"""What the Glasgow coma scale says of a patient who is sedated or intubated."""

from datetime import UTC, datetime, timedelta

import pytest

from streams.clinical.criteria.intervals import Interval
from streams.clinical.scores.gcs_sedation import SedationPolicy, glasgow_scale
from streams.clinical.scores.hours import hour_of
from streams.clinical.scores.organ import ORGANS
from streams.clinical.scores.policy import SofaPolicy
from streams.clinical.scores.sheet import Sheet
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import Assessment, Infusion


MIDNIGHT = datetime(2150, 3, 1, tzinfo=UTC)
PARTS = ("gcs_motor", "gcs_verbal", "gcs_eye")


def common(name, hour):
    at = MIDNIGHT + timedelta(hours=hour)
    return {"event_id": name, "happened_at": at, "known_at": at}


def scale(hour, motor, verbal, eyes, text=None):
    for part, value in zip(PARTS, (motor, verbal, eyes), strict=True):
        told = text if part == "gcs_verbal" else None
        name = f"{part}@{hour}"
        yield Assessment(**common(name, hour), concept=part, value=value, text=told)


def drip(hour, phase, rate=20.0, drug="propofol"):
    told = {"infusion_id": drug, "drug": drug, "rate": rate}
    return Infusion(**common(f"{drug}{phase}", hour), phase=phase, **told)


def timeline_of(*facts):
    timeline = Timeline()
    for fact in facts:
        timeline.apply(fact, "m")
    return timeline


def read(timeline, hour, **policy):
    """The charting of that hour."""
    until = MIDNIGHT + timedelta(hours=hour)
    found = glasgow_scale(
        timeline, until - timedelta(hours=1), until, policy=SedationPolicy(**policy)
    )
    return [(value.range.low, value.range.high) for value in found]


SEDATED = timeline_of(
    *scale(8, 6, 4, 4), drip(9, "started"), *scale(12, 3, 1, 1), drip(20, "stopped")
)


@pytest.mark.parametrize(
    ("gcs_sedation", "told"),
    [
        ("assume_normal", (15, 15)),
        ("pre_sedation", (14, 14)),
        ("as_charted", (5, 5)),
        ("motor_only", (6, 8)),
        ("unknown", (3, 15)),
    ],
)
def test_while_a_sedative_runs_the_policy_speaks(gcs_sedation, told):
    assert read(SEDATED, 12, gcs_sedation=gcs_sedation) == [told]


def test_sofa_of_1996_takes_a_scale_under_a_sedative_as_charted():
    brain, noon = ORGANS.index("cns"), hour_of(MIDNIGHT + timedelta(hours=12))
    hour = Sheet(SEDATED, SofaPolicy()).row(brain, noon)
    assert (hour.points, hour.values) == (4, (5.0,))


@pytest.mark.parametrize(
    "gcs_sedation",
    ["assume_normal", "pre_sedation", "as_charted", "motor_only", "unknown"],
)
def test_an_awake_patients_scale_is_the_charted_one(gcs_sedation):
    assert read(SEDATED, 8, gcs_sedation=gcs_sedation) == [(14, 14)]


@pytest.mark.parametrize(
    ("motor", "told"),
    [(6, (15, 15)), (5, (13, 14)), (4, (9, 12)), (3, (6, 8)), (2, (3, 5)), (1, (3, 5))],
)
def test_the_motor_part_stands_for_a_range_of_totals(motor, told):
    timeline = timeline_of(drip(9, "started"), *scale(12, motor, 1, 1))
    assert read(timeline, 12, gcs_sedation="motor_only") == [told]


def test_without_a_motor_part_the_motor_part_says_nothing():
    timeline = timeline_of(drip(9, "started"), *scale(12, None, 1, 1))
    assert read(timeline, 12, gcs_sedation="motor_only") == [(3, 15)]


def test_with_no_scale_before_sedation_nothing_is_known():
    timeline = timeline_of(drip(9, "started"), *scale(12, 3, 1, 1))
    assert read(timeline, 12) == [(3, 15)]


@pytest.mark.parametrize(("reach", "told"), [(1, (14, 14)), (0.9, (3, 15))])
def test_the_scale_before_sedation_has_an_age_limit(reach, told):
    hours = timedelta(hours=reach)
    assert read(SEDATED, 12, pre_sedation_reach=hours) == [told]


def test_a_scale_charted_as_sedation_began_is_not_from_before():
    timeline = timeline_of(*scale(9, 6, 4, 4), drip(9, "started"), *scale(12, 3, 1, 1))
    assert read(timeline, 12) == [(3, 15)]


@pytest.mark.parametrize(
    ("hour", "washout", "told"),
    [
        (19, 0, (14, 14)),
        (20, 0, (12, 12)),
        (20, 12, (14, 14)),
        (31, 12, (14, 14)),
        (32, 12, (12, 12)),
    ],
)
def test_sedation_ends_with_its_drip_or_after_a_washout(hour, washout, told):
    timeline = timeline_of(
        *scale(8, 6, 4, 4),
        drip(9, "started"),
        drip(20, "stopped"),
        *scale(hour, 6, 3, 3),
    )
    assert read(timeline, hour, washout=timedelta(hours=washout)) == [told]


def test_a_second_sedative_without_a_gap_is_the_same_sedation():
    timeline = timeline_of(
        *scale(8, 6, 4, 4),
        drip(9, "started"),
        drip(12, "started", drug="midazolam"),
        *scale(11, 1, 1, 1),
        drip(13, "stopped"),
        *scale(15, 3, 1, 1),
    )
    assert read(timeline, 15) == [(14, 14)]


@pytest.mark.parametrize(
    ("rate", "drug"), [(0.0, "propofol"), (50.0, "fentanyl"), (5.0, "norepinephrine")]
)
def test_a_drip_of_nothing_or_of_no_sedative_sedates_nobody(rate, drug):
    timeline = timeline_of(drip(9, "started", rate, drug), *scale(12, 3, 1, 1))
    assert read(timeline, 12) == [(5, 5)]


def test_a_sedative_of_unknown_rate_sedates():
    timeline = timeline_of(drip(9, "started", None), *scale(12, 3, 1, 1))
    assert read(timeline, 12) == [(3, 15)]


def test_a_charting_behind_a_tube_is_not_passed_over_for_an_older_one():
    timeline = timeline_of(
        *scale(11.5, 6, 5, 4), *scale(12, 1, 1, 1, text="No Response-ETT")
    )
    assert read(timeline, 12, gcs_sedation="unknown") == [(15, 15), (3, 15)]


def test_every_charting_keeps_its_evidence():
    until = MIDNIGHT + timedelta(hours=12)
    found = glasgow_scale(SEDATED, MIDNIGHT, until)
    assert [value.range for value in found] == [Interval(14, 14)] * 2
    before = ("gcs_motor@8", "gcs_verbal@8", "gcs_eye@8")
    assert [value.evidence for value in found] == [before, before]


def test_a_scale_under_an_earlier_sedative_is_none_of_before_sedation():
    one_after_another = (
        *scale(6, 6, 5, 4),
        drip(7, "started", drug="midazolam"),
        *scale(8, 1, 1, 3),
        drip(10, "stopped", drug="midazolam"),
        drip(10.05, "started"),
        *scale(13, 1, 1, 1),
    )
    assert read(timeline_of(*one_after_another), 13) == [(15, 15)]
    never_awake = one_after_another[3:]
    assert read(timeline_of(*never_awake), 13) == [(3, 15)]
