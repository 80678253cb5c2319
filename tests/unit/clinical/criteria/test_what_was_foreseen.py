"""A judgement that was foreseen stands until a fact comes or goes that it rests on."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import TypeAdapter

from streams.clinical.criteria.judge import judge
from streams.clinical.criteria.judgement import PatientView
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import Cancellation, Medication
from streams.vocabulary.rules import Rule
from streams.vocabulary.truth import TRUE, UNKNOWN


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
