"""Nobody is approached twice for the same trial, on both databases alike."""

from datetime import timedelta

import pytest

from registry.domain.consent import ConsentState
from registry.store.unit_of_work import open_registry
from registry.usecases.outbox import ROSTER
from registry.usecases.randomise import NotRandomised, Randomised
from registry.usecases.record_opt_out import OptOutRecorded, OptOutRefused
from registry.usecases.stream_state import ArchivedEvent
from streams.vocabulary.events import PatientMerge


DAY = timedelta(days=1)


def obstacles(result):
    assert isinstance(result, NotRandomised)
    return {obstacle.name for obstacle in result.gate.obstacles}


def merge(bedside, survivor, retired):
    """As the pipeline archives it: in the survivor's log, and told to the other."""
    said = {"event_id": "adt", "happened_at": bedside.noon, "known_at": bedside.noon}
    event = PatientMerge(**said, retired=retired)
    told = PatientMerge(**said, retired=retired, origin=survivor)
    bedside.hear(
        archive=[
            ArchivedEvent("A", survivor, "m", "live", event),
            ArchivedEvent("A", retired, "m", "live", told),
        ]
    )


def test_who_refused_is_not_called_about_in_the_next_stay(bedside):
    bedside.open_trial()
    bedside.hear(bedside.verdict())
    bedside.consent(state=ConsentState.REFUSED)

    bedside.hear(bedside.verdict(episode="e2"), bedside.verdict("p2"))

    assert bedside.alerts() == {
        ("TIDE", "p1", "e1"): ("acted", None),
        ("TIDE", "p1", "e2"): ("suppressed", "refused"),
        ("TIDE", "p2", "e1"): ("open", None),
    }
    assert bedside.broken_chains() == []


def test_a_refusal_is_remembered_by_another_process(bedside, bedside_of, registry_url):
    bedside.open_trial()
    bedside.consent(state=ConsentState.REFUSED)
    again = open_registry(registry_url)
    try:
        bedside_of(again).hear(bedside.verdict(episode="e2"))
        told = bedside_of(again).alerts()
    finally:
        again.close()

    assert told == {("TIDE", "p1", "e2"): ("suppressed", "refused")}


def test_a_refusal_counts_for_all_names_of_the_person(bedside):
    bedside.open_trial()
    bedside.consent("old", state=ConsentState.REFUSED)
    merge(bedside, "new", "old")

    bedside.hear(bedside.verdict("new"))
    bedside.consent("new")

    assert bedside.alerts() == {("TIDE", "new", "e1"): ("suppressed", "refused")}
    assert "declined_before" in obstacles(bedside.randomise("new"))


def test_who_consents_after_all_may_take_part(bedside):
    bedside.open_trial()
    bedside.hear(bedside.verdict())
    for state in (ConsentState.REFUSED, ConsentState.ASKED, ConsentState.GIVEN):
        bedside.consent(state=state)

    assert isinstance(bedside.randomise(), Randomised)
    said = [entry.get("refusal") for entry in bedside.told(ROSTER)]
    assert said == ["refused", "lifted", None]


def test_to_be_asked_again_lifts_no_refusal(bedside):
    bedside.open_trial()
    bedside.consent(state=ConsentState.REFUSED)
    bedside.consent(state=ConsentState.ASKED)

    bedside.hear(bedside.verdict(episode="e2"))

    assert bedside.alerts() == {("TIDE", "p1", "e2"): ("suppressed", "refused")}


@pytest.mark.parametrize("trial", ["", "TIDE"])
def test_who_opted_out_is_called_about_no_more_until_it_is_taken_back(bedside, trial):
    bedside.open_trial()
    bedside.hear(bedside.verdict())

    assert isinstance(bedside.opt_out(trial=trial), OptOutRecorded)
    bedside.hear(bedside.verdict(episode="e2"))
    bedside.consent()
    assert obstacles(bedside.randomise(episode="e2")) == {"declined_before"}
    assert bedside.alerts() == {
        ("TIDE", "p1", "e1"): ("acted", None),
        ("TIDE", "p1", "e2"): ("suppressed", "opted_out"),
    }

    bedside.opt_out(trial=trial, stands=False)
    bedside.hear(bedside.verdict(revision=1, episode="e2"))

    assert bedside.alerts()["TIDE", "p1", "e2"] == ("open", None)
    assert isinstance(bedside.randomise(episode="e2"), Randomised)
    assert bedside.broken_chains() == []


def test_an_opt_out_of_another_trial_is_none_of_this_one(bedside):
    bedside.open_trial()
    bedside.opt_out(trial="WAVE")

    bedside.hear(bedside.verdict())

    assert bedside.alerts() == {("TIDE", "p1", "e1"): ("open", None)}


def test_the_workers_hear_of_an_opt_out_by_the_roster(bedside):
    bedside.open_trial()
    bedside.opt_out()
    bedside.opt_out(stands=False)

    told = bedside.told(ROSTER)

    assert [(e["trial"], e["refusal"], e["revision"]) for e in told] == [
        ("", "opted_out", 1),
        ("", "lifted", 2),
    ]
    assert {e["provenance"] for e in told} == {"live"}


@pytest.mark.parametrize(
    ("stands", "decided", "name"),
    [
        (False, timedelta(0), "no_such_step"),
        (True, DAY, "decided_in_the_future"),
    ],
)
def test_a_step_that_does_not_exist_is_refused(bedside, stands, decided, name):
    bedside.open_trial()

    told = bedside.opt_out(stands=stands, at=bedside.noon, decided=decided)

    assert isinstance(told, OptOutRefused)
    assert told.obstacle.name == name
