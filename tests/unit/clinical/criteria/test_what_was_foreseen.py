"""A judgement that was foreseen stands until a fact comes or goes that it rests on."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from streams.clinical.criteria.foresight import Course, Step
from streams.clinical.criteria.judge import judge
from streams.clinical.criteria.judgement import Judgement, PatientView
from streams.clinical.timeline import Timeline
from streams.clinical.tracking.moment import NEVER
from streams.vocabulary.events import Cancellation, Medication
from streams.vocabulary.rules import Rule
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DOSES = TypeAdapter(Rule).validate_python(
    {
        "kind": "medication",
        "drugs": ["hydrocortisone"],
        "stages": ["given"],
        "doses": ">= 2 {dose}",
        "within": "24 h",
    }
)


def dose(drug, hours_ago):
    at = NOW - timedelta(hours=hours_ago)
    return Medication(
        event_id=f"{drug} {hours_ago}",
        happened_at=at,
        known_at=at,
        stage="given",
        drug=drug,
        sent_drug=drug,
        antimicrobial=False,
    )


def told(timeline, *facts):
    for fact in facts:
        timeline.apply(fact, fact.event_id)
    return judge(DOSES, PatientView(timeline=timeline), NOW)


def test_another_drug_does_not_touch_it():
    timeline = Timeline()
    said = told(timeline, dose("hydrocortisone", 2), dose("hydrocortisone", 1))
    told(timeline, dose("vancomycin", 1))
    assert said.truth is TRUE
    assert said.foresight.stands()


@pytest.mark.parametrize("before", [[], [dose("vancomycin", 3)]])
def test_the_first_dose_of_its_drug_does(before):
    """Be the lane new, or only what the rule reads of it."""
    timeline = Timeline()
    said = told(timeline, *before)
    told(timeline, dose("hydrocortisone", 1))
    assert said.truth is UNKNOWN
    assert not said.foresight.stands()


def test_so_does_a_dose_that_is_taken_back():
    timeline = Timeline()
    said = told(timeline, dose("hydrocortisone", 2), dose("hydrocortisone", 1))
    gone = Cancellation(
        event_id="gone",
        happened_at=NOW,
        known_at=NOW,
        version=2,
        cancels="hydrocortisone 1",
    )
    timeline.apply(gone, "gone")
    assert not said.foresight.stands()


def test_as_time_passes_it_says_what_would_be_judged_then():
    timeline = Timeline()
    said = told(timeline, dose("hydrocortisone", 2), dose("hydrocortisone", 1))
    assert said.changes_at > NOW + timedelta(hours=21)
    later = said.changes_at
    then = judge(DOSES, PatientView(timeline=timeline), later)
    assert then.truth is not TRUE
    assert said.foresight.at(later) == then


def course_of(*hours_of_truths):
    """What is said from each of these hours on; it stays as it is in the end."""
    said = [(NOW + timedelta(hours=h), truth) for h, truth in hours_of_truths]

    def step(at):
        past = [truth for since, truth in said if since <= at]
        turn = next((since for since, _ in said if since > at), NEVER)
        return Step(Judgement(past[-1]), turn)

    return Course(step, NOW)


TURNING = st.lists(
    st.tuples(st.integers(1, 90), st.sampled_from((TRUE, FALSE, UNKNOWN))),
    max_size=90,
    unique_by=lambda one: one[0],
).map(lambda turns: ((0, TRUE), *sorted(turns, key=lambda one: one[0])))


@given(TURNING, st.integers(0, 80), st.lists(st.integers(0, 100), max_size=3))
def test_however_far_it_looks_it_never_tells_a_change_too_late(turning, turns, hours):
    course = course_of(*turning)
    for hour in sorted(hours):
        now = NOW + timedelta(hours=hour)
        said = course.at(now, turns=turns)
        assert said.truth is [truth for since, truth in turning if since <= hour][-1]
        assert said.changes_at is None or said.changes_at > now
        until = NOW + timedelta(hours=100)
        end = until if said.changes_at is None else said.changes_at
        between = [
            t for since, t in turning if now <= NOW + timedelta(hours=since) < end
        ]
        assert set(between) <= {said.truth}


def test_who_looks_far_enough_tells_the_very_moment():
    course = course_of((0, TRUE), *((hour, TRUE) for hour in range(1, 9)), (9, FALSE))
    assert course.at(NOW, turns=3).changes_at == NOW + timedelta(hours=4)
    assert course.at(NOW).changes_at == NOW + timedelta(hours=9)
