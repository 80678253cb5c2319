"""The mean arterial pressure, as measured and as computed."""

from datetime import UTC, datetime, timedelta

import pytest

from streams.clinical.criteria.intervals import Interval
from streams.clinical.scores.pressure import (
    MIMIC_PRESSURE,
    PRESSURE,
    PressurePolicy,
    computed_mean,
    mean_pressure,
    mean_pressures,
)
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import Measurement
from streams.vocabulary.facts import Flag


NOON = datetime(2150, 3, 1, 12, tzinfo=UTC)


def pressure(concept, value, minutes=0, **told):
    at = NOON + timedelta(minutes=minutes)
    name = told.pop("name", f"{concept}@{minutes}{told.get('method', '')}")
    common = {"event_id": name, "happened_at": at, "known_at": at}
    return Measurement(**common, concept=concept, value=value, **told)


def timeline_of(*facts):
    timeline = Timeline()
    for fact in facts:
        timeline.apply(fact, "m")
    return timeline


def means(timeline, policy=PRESSURE):
    day = timedelta(days=1)
    found = mean_pressures(timeline, NOON - day, NOON + day, policy=policy)
    return [(mean.range.low, mean.how) for mean in found]


@pytest.mark.parametrize(
    ("systolic", "diastolic", "mean"),
    [
        (120, 60, 80),
        (90, 60, 70),
        (90, 45, 60),
        (61, 60, pytest.approx(60.333333)),
        (60, 60, None),
        (59, 60, None),
    ],
)
def test_the_mean_of_a_pair(systolic, diastolic, mean):
    assert computed_mean(systolic, diastolic) == mean


PAIR = (pressure("sbp", 120), pressure("dbp", 60))


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("measured_first", [(75, "measured")]),
        ("measured", [(75, "measured")]),
        ("computed", [(80, "computed")]),
    ],
)
def test_the_measured_mean_goes_before_the_computed_one(source, found):
    timeline = timeline_of(*PAIR, pressure("map", 75))
    assert means(timeline, PressurePolicy(source=source)) == found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("measured_first", [(80, "computed")]),
        ("measured", []),
        ("computed", [(80, "computed")]),
    ],
)
def test_without_a_measured_mean_a_pair_gives_one(source, found):
    assert means(timeline_of(*PAIR), PressurePolicy(source=source)) == found


def test_a_pair_that_cannot_be_gives_none():
    assert means(timeline_of(pressure("sbp", 60), pressure("dbp", 80))) == []


def test_a_pair_is_of_one_moment_one_site_and_one_stay():
    line = {"method": "arterial_line"}
    cuff = {"method": "noninvasive"}
    apart = [
        timeline_of(pressure("sbp", 120), pressure("dbp", 60, 1)),
        timeline_of(pressure("sbp", 120, **line), pressure("dbp", 60, **cuff)),
        timeline_of(pressure("sbp", 120, stay="s"), pressure("dbp", 60, stay="t")),
    ]
    assert [means(timeline) for timeline in apart] == [[], [], []]


def test_an_arterial_line_goes_before_a_cuff():
    timeline = timeline_of(
        pressure("map", 90, method="noninvasive"),
        pressure("map", 60, method="arterial_line"),
        pressure("map", 50, name="unsaid"),
    )
    assert means(timeline) == [(60, "measured")]


def test_a_measured_cuff_goes_before_a_computed_line():
    line = {"method": "arterial_line"}
    timeline = timeline_of(
        pressure("sbp", 120, **line),
        pressure("dbp", 60, **line),
        pressure("map", 75, method="noninvasive"),
    )
    assert means(timeline) == [(75, "measured")]


def test_of_one_site_the_lowest_counts():
    timeline = timeline_of(pressure("map", 80, name="a"), pressure("map", 60, name="b"))
    assert means(timeline) == [(60, "measured")]


def test_published_code_averages_all_of_a_moment():
    timeline = timeline_of(
        pressure("map", 90, method="noninvasive"),
        pressure("map", 60, method="arterial_line"),
    )
    day = timedelta(days=1)
    (mean,) = mean_pressures(timeline, NOON - day, NOON, policy=MIMIC_PRESSURE)
    assert (mean.range, mean.method) == (Interval(75, 75), None)
    assert set(mean.evidence) == {"map@0noninvasive", "map@0arterial_line"}


@pytest.mark.parametrize(("value", "counts"), [(0, 0), (1, 1), (299, 1), (300, 0)])
def test_a_mean_lies_between_the_limits(value, counts):
    assert len(means(timeline_of(pressure("map", value)))) == counts


@pytest.mark.parametrize(("implausible", "counts"), [("count", 1), ("leave_out", 0)])
def test_a_value_that_others_reject_counts_unless_the_policy_says(implausible, counts):
    timeline = timeline_of(pressure("map", 260, flags=(Flag.IMPLAUSIBLE,)))
    policy = PressurePolicy(implausible=implausible)
    assert len(means(timeline, policy)) == counts


def test_a_censored_pair_gives_an_interval():
    timeline = timeline_of(pressure("sbp", 240, comparator=">"), pressure("dbp", 120))
    (mean,) = mean_pressures(timeline, NOON - timedelta(days=1), NOON)
    assert (mean.range.low, mean.range.low_open) == (160, True)
    assert mean.range.high == float("inf")


def test_the_latest_mean_has_an_age_limit():
    timeline = timeline_of(pressure("map", 70), pressure("map", 80, 30))
    old = NOON + timedelta(minutes=30, hours=12)
    assert mean_pressure(timeline, NOON).range.low == 70
    assert mean_pressure(timeline, old).range.low == 80
    assert mean_pressure(timeline, old + timedelta(seconds=1)) is None
