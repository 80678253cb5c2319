"""What if: one thing is changed, and the verdict, the alert and the audit follow."""

import pytest
from integration.chain.messy.told import book
from integration.chain.messy.ward import SITE, Ward, messages_of


BOOK = book()
SHOCKED = ("man", "admitted", "icu", "norepinephrine", "fever", "lactate")


@pytest.fixture
def ward(tmp_path):
    ward = Ward(f"sqlite:///{tmp_path}/ember.sqlite")
    yield ward
    assert ward.broken_chains() == []
    ward.close()


def sent(name, groups, *more):
    facts = [fact for group in groups for fact in BOOK.groups[group]]
    return messages_of(name, [*facts, *more])


def seen(ward, patient, trial, *moments):
    """Status and alert at these hours; then what the audit holds of the patient."""
    found = []
    acts = [
        (
            hour,
            lambda _: found.append(
                (ward.verdict(patient, trial).status, ward.alert(patient, trial))
            ),
        )
        for hour in moments
    ]
    return found, acts


def statuses(ward, patient, trial):
    """The status of every revision that is kept, in order, each once in a row."""
    told = [
        v.status for v in sorted(ward.history(patient, trial), key=lambda v: v.revision)
    ]
    return [s for before, s in zip([None, *told], told, strict=False) if s != before]


def test_a_culture_is_withdrawn(ward):
    found, acts = seen(ward, "p", "mooring", 20, 22)
    taken_back = {"at": 22, "kind": "cancellation", "cancels": "grown"}

    ward.live(sent("p", ("man", "admitted", "aureus"), taken_back), acts)

    assert found == [("eligible", "open"), ("ineligible", "retracted")]
    assert statuses(ward, "p", "mooring") == ["eligible", "ineligible"]


def test_a_lactate_is_corrected(ward):
    found, acts = seen(ward, "p", "lantern", 1, 3)
    lower = {"kind": "measurement", "concept": "lactate", "value": 1.2}
    correction = {
        "at": 0.5,
        "known": 3,
        "kind": "correction",
        "corrects": "lactate",
        "event": lower,
    }

    ward.live(sent("p", SHOCKED, correction), acts)

    assert found == [("needs_human", "open"), ("ineligible", "retracted")]


def test_two_patients_are_merged(ward):
    found, acts = seen(ward, "p", "lantern", 1, 3)
    limits = {"at": -1, "under": "q", "kind": "code_status", "status": "dnr"}
    merge = {"at": 3, "kind": "patient_merge", "retired": "q"}

    ward.live(sent("p", SHOCKED, limits, merge), acts)

    assert found == [("needs_human", "open"), ("ineligible", "retracted")]


def test_the_window_closes_without_any_event(ward):
    late = {"at": 20, "kind": "measurement", "concept": "lactate", "value": 4.0}
    warm = {"at": 20, "kind": "measurement", "concept": "temperature", "value": 39.0}
    found, acts = seen(ward, "p", "lantern", 21, 24, 24.01)

    ward.live(sent("p", SHOCKED, late, warm), acts)

    assert found == [
        ("needs_human", "open"),
        ("needs_human", "open"),
        ("ineligible", "expired"),
    ]


def test_a_feed_falls_silent(ward):
    found, acts = seen(ward, "p", "lantern", 6.5, 6.6)

    ward.live(sent("p", SHOCKED), acts)

    assert found == [("needs_human", "open"), ("needs_data", "retracted")]
    with ward.registry.reading() as views:
        (alert,) = views.alerts("lantern", site=SITE, patient="p")
    assert alert.status.value == "retracted"
