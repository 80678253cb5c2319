"""Which values a bedside score reads, and what a criterion makes of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from streams.clinical.criteria.intervals import Interval
from streams.clinical.scores.bedside import (
    BedsidePolicy,
    Limit,
    Said,
    Window,
    criterion,
    judged,
    observed,
    recent,
)
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import Assessment, Measurement
from streams.vocabulary.facts import Flag
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN


NOON = datetime(2150, 3, 1, 12, tzinfo=UTC)
POLICY = BedsidePolicy(name="test")
ALL = Window(NOON - timedelta(days=1), NOON + timedelta(days=1))


def pulse(name, value, minutes=0, **told):
    at = NOON + timedelta(minutes=minutes)
    common = {"event_id": name, "happened_at": at, "known_at": at}
    return Measurement(**common, concept="heart_rate", value=value, **told)


def timeline_of(*facts):
    timeline = Timeline()
    for fact in facts:
        timeline.apply(fact, "m")
    return timeline


def ids(values):
    return [name for value in values for name in value.evidence]


def test_a_value_exactly_as_old_as_allowed_still_counts():
    window = recent(NOON, timedelta(hours=1))
    timeline = timeline_of(pulse("a", 80, -60), pulse("b", 80, -61), pulse("c", 80, 1))
    assert ids(observed(timeline, "heart_rate", window, POLICY)) == ["a"]


def test_a_value_without_a_number_is_none():
    timeline = timeline_of(pulse("a", None))
    assert not observed(timeline, "heart_rate", ALL, POLICY)


def test_measurements_and_assessments_come_by_time():
    charted = Assessment(
        event_id="a",
        happened_at=NOON,
        known_at=NOON,
        concept="heart_rate",
        value=90.0,
    )
    timeline = timeline_of(pulse("b", 80, 5), charted, pulse("c", 80, -5))
    found = observed(timeline, "heart_rate", ALL, POLICY)
    assert ids(found) == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("implausible", "found"), [("count", ["a", "b"]), ("leave_out", ["a"])]
)
def test_a_value_that_others_reject_is_counted_unless_the_policy_says(
    implausible, found
):
    timeline = timeline_of(
        pulse("a", 80), pulse("b", 320, 1, flags=(Flag.IMPLAUSIBLE,))
    )
    policy = replace(POLICY, implausible=implausible)
    assert ids(observed(timeline, "heart_rate", ALL, policy)) == found


@pytest.mark.parametrize(
    ("value", "code", "counts"),
    [(0, "x|1", False), (1, "x|1", True), (300, "x|1", False), (80, "x|2", False)],
)
def test_codes_and_their_limits_are_the_policys(value, code, counts):
    policy = replace(POLICY, counts={"x|1": (0.0, 300.0)})
    timeline = timeline_of(pulse("a", value, code=code))
    assert bool(observed(timeline, "heart_rate", ALL, policy)) is counts


def test_a_stay_sees_what_was_filed_under_it():
    timeline = timeline_of(
        pulse("a", 80, stay="s"), pulse("b", 80), pulse("c", 80, stay="t")
    )
    window = replace(ALL, stay="s")
    assert ids(observed(timeline, "heart_rate", window, POLICY)) == ["a"]


def test_values_of_one_moment_are_averaged_on_request():
    timeline = timeline_of(pulse("a", 80), pulse("b", 100), pulse("c", 60, 1))
    policy = replace(POLICY, per_moment="mean")
    found = observed(timeline, "heart_rate", ALL, policy)
    assert [value.range for value in found] == [Interval(90, 90), Interval(60, 60)]
    assert found[0].evidence == ("a", "b")


FAST = Limit("heart_rate", ">", 90)


@pytest.mark.parametrize(
    ("pick", "truth", "evidence"), [("latest", FALSE, ("b",)), ("worst", TRUE, ("a",))]
)
def test_the_latest_value_decides_or_the_worst(pick, truth, evidence):
    timeline = timeline_of(pulse("a", 120), pulse("b", 80, 1))
    policy = replace(POLICY, pick=pick)
    values = observed(timeline, "heart_rate", ALL, policy)
    assert judged(values, [FAST], policy) == Said(truth, evidence)


def test_of_values_of_the_last_moment_any_may_decide():
    timeline = timeline_of(pulse("a", 80), pulse("b", 120), pulse("c", 70, -1))
    values = observed(timeline, "heart_rate", ALL, POLICY)
    assert judged(values, [FAST], POLICY) == Said(TRUE, ("b",))


@pytest.mark.parametrize(
    ("censored", "truth"), [("interval", UNKNOWN), ("bound", FALSE)]
)
def test_a_censored_value_is_all_it_may_be_or_its_bound(censored, truth):
    policy = replace(POLICY, censored=censored)
    timeline = timeline_of(pulse("a", 80, comparator=">"))
    values = observed(timeline, "heart_rate", ALL, policy)
    assert judged(values, [FAST], policy).truth is truth


@pytest.mark.parametrize(
    ("missing", "truth"), [("unknown", UNKNOWN), ("normal", FALSE)]
)
def test_what_nobody_saw_is_unknown_or_normal(missing, truth):
    policy = replace(POLICY, missing=missing)
    assert judged([], [FAST], policy) == Said(truth)


@pytest.mark.parametrize(
    ("inputs", "points", "lower", "upper", "evidence"),
    [
        ([Said(TRUE, ("a",)), Said(FALSE, ("b",))], 1, 1, 1, ("a",)),
        ([Said(TRUE, ("a",)), Said(UNKNOWN)], 1, 1, 1, ("a",)),
        ([Said(FALSE, ("a",)), Said(FALSE, ("b",))], 0, 0, 0, ("a", "b")),
        ([Said(FALSE, ("a",)), Said(UNKNOWN)], 0, 0, 1, ("a",)),
        ([Said(UNKNOWN), Said(UNKNOWN)], None, 0, 1, ()),
        ([Said(FALSE), Said(FALSE)], None, 0, 0, ()),
        ([Said(UNKNOWN, ("a",))], None, 0, 1, ("a",)),
    ],
)
def test_a_criterion_is_met_by_any_of_its_inputs(
    inputs, points, lower, upper, evidence
):
    part = criterion("c", inputs)
    assert (part.points, part.lower, part.upper) == (points, lower, upper)
    assert part.evidence == evidence
