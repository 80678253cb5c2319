"""Of what comes in, only what a rule asks for has it evaluated again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from streams.clinical.catalogue.rules import rules
from streams.clinical.timeline import Timeline
from streams.clinical.tracking.patient import Entry, PatientTracker
from streams.vocabulary.events import CultureCollected, Measurement, Medication


NOON = datetime(2150, 3, 1, 12, tzinfo=UTC)
NOW = NOON + timedelta(hours=30)


def event(kind, hour, name, **content):
    at = NOON + timedelta(hours=hour)
    return kind(event_id=name, happened_at=at, known_at=at, encounter="h", **content)


def dose(hour, name, *, antimicrobial):
    return event(
        *(Medication, hour, name),
        stage="given",
        sent_drug="X",
        antimicrobial=antimicrobial,
        route="IV",
    )


def tracked(rule):
    """A patient with a culture and an antimicrobial, and the rule's tracker."""
    found = rules()[rule]
    timeline, entry = Timeline(), Entry(found, found.default)
    tracker = PatientTracker(timeline, NOW, entries=[entry], zone="Europe/Athens")
    blood = {"culture_id": "c", "specimen": "BLOOD CULTURE"}
    for one in (
        event(CultureCollected, 0, "c", **blood),
        dose(2, "a", antimicrobial=True),
    ):
        tracker.touch(timeline.apply(one, one.event_id))
    tracker.advance(NOW)
    return timeline, tracker, entry


def evaluated(timeline, tracker, one):
    before = tracker.evaluations
    tracker.touch(timeline.apply(one, one.event_id))
    tracker.advance(NOW)
    return tracker.evaluations - before


def test_a_drug_that_is_no_antimicrobial_is_no_concern_of_a_suspicion():
    told = tracked("suspected_infection")[:2]
    assert evaluated(*told, dose(3, "b", antimicrobial=False)) == 0
    assert evaluated(*told, dose(4, "d", antimicrobial=True)) > 0


def test_a_second_version_that_is_an_antimicrobial_is_seen():
    timeline, tracker, entry = tracked("suspected_infection")
    assert evaluated(timeline, tracker, dose(3, "b", antimicrobial=False)) == 0
    second = replace(dose(3, "b", antimicrobial=True), version=2)
    assert evaluated(timeline, tracker, second) > 0
    assert len(tracker.answer(entry).episodes) == 2


def test_platelets_after_the_window_of_suspicion_are_no_concern_of_sepsis3():
    timeline, tracker, entry = tracked("sepsis3")
    inside = event(Measurement, 20, "p", concept="platelets", value=30.0)
    outside = event(Measurement, 28, "q", concept="platelets", value=20.0)
    assert evaluated(timeline, tracker, outside) == 0
    assert tracker.answer(entry).episodes == ()
    assert evaluated(timeline, tracker, inside) > 0
    assert len(tracker.answer(entry).episodes) == 1
