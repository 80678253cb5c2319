"""Every antimicrobial with its number, its ICU stay and its culture."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from streams.clinical.definitions.policies import MIMIC
from streams.clinical.definitions.prescribed import prescribed
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import (
    CultureCollected,
    CultureResult,
    Location,
    Medication,
)
from streams.vocabulary.facts import Flag


NOON = datetime(2150, 3, 1, 12, tzinfo=UTC)


def fact(kind, name, hours, **told):
    at = NOON + timedelta(hours=hours)
    told.setdefault("encounter", "7")
    return kind(event_id=name, happened_at=at, known_at=at, **told)


def drug(name, begins, ends=None, *, order=None, **told):
    order = order or f"order of {name} at {begins}"
    common = {"order_id": order, "sent_drug": name, "antimicrobial": True, **told}
    yield fact(Medication, order, begins, stage="ordered", **common)
    if ends is not None:
        yield fact(Medication, f"{order}:stop", ends, stage="stopped", **common)


def culture(name, hours, *, grows=None, **told):
    yield fact(
        CultureCollected, name, hours, culture_id=name, specimen=f"BLOOD {name}", **told
    )
    if grows is not None:
        yield fact(
            CultureResult,
            f"{name}:result",
            hours + 48,
            culture_id=name,
            status="final",
            positive=grows,
        )


def table(*groups, policy=MIMIC.suspicion):
    timeline = Timeline()
    for group in groups:
        for event in group:
            timeline.apply(event, "m")
    return prescribed(timeline, policy=policy)


def names(found):
    return [(p.number, p.drug.sent_drug) for p in found]


def test_they_are_numbered_by_start_then_end_then_name():
    found = table(
        drug("Vancomycin", 2, 9),
        drug("Cefepime", 1, 9),
        drug("Zosyn", 1, 8),
        drug("Ampicillin", 1, 9),
    )
    assert names(found) == [
        (1, "Zosyn"),
        (2, "Ampicillin"),
        (3, "Cefepime"),
        (4, "Vancomycin"),
    ]


def test_an_order_without_an_end_comes_after_those_with_one():
    found = table(drug("Ampicillin", 1), drug("Zosyn", 1, 900))
    assert names(found) == [(1, "Zosyn"), (2, "Ampicillin")]


def test_an_end_before_the_start_is_still_an_end():
    found = table(drug("Zosyn", 1, 2), drug("Cefepime", 1, -5))
    assert names(found) == [(1, "Cefepime"), (2, "Zosyn")]


def test_one_that_is_paired_with_no_culture_is_there_too():
    (alone,) = table(drug("Zosyn", 1))
    assert (alone.suspicion, alone.culture, alone.positive) == (None, None, False)


def test_the_icu_stay_is_the_one_it_began_in():
    stay = (
        fact(Location, "in", 0, phase="entered", ward="M", level="icu", stay="30"),
        fact(Location, "out", 5, phase="left", ward="M", level="icu", stay="30"),
    )
    found = table(
        stay,
        drug("Before", -1),
        drug("First", 0),
        drug("Last", 4),
        drug("After", 5),
        drug("Elsewhere", 3, encounter="8"),
    )
    assert {p.drug.sent_drug: p.stay for p in found} == {
        "Before": None,
        "First": "30",
        "Last": "30",
        "After": None,
        "Elsewhere": None,
    }


@pytest.mark.parametrize(
    ("grows", "named"),
    [
        ({}, "9"),
        ({"10": True}, "10"),
        ({"10": True, "9": True}, "9"),
        ({"9": False, "10": None}, "9"),
    ],
)
def test_of_specimens_taken_together_the_one_that_grew_is_named(grows, named):
    (found,) = table(
        culture("10", 0, grows=grows.get("10")),
        culture("9", 0, grows=grows.get("9")),
        drug("Zosyn", 1),
    )
    assert found.culture.culture_id == named
    assert found.positive is bool(grows.get(named))


def test_an_earlier_culture_goes_before_one_that_grew():
    (found,) = table(
        culture("1", 0, grows=False), culture("2", 0.5, grows=True), drug("Zosyn", 1)
    )
    assert (found.culture.culture_id, found.positive) == ("1", False)


def test_a_bare_date_is_not_taken_together_with_midnight():
    (found,) = table(
        culture("1", -12, grows=True, flags=(Flag.DATE_ONLY,)),
        culture("2", -12, grows=False),
        drug("Zosyn", 1),
    )
    assert (found.culture.culture_id, found.positive) == ("2", False)


def test_only_what_the_policy_takes_for_a_culture_is_named():
    swab = fact(CultureCollected, "1", 0, culture_id="1", specimen="MRSA SCREEN")
    grown = fact(CultureResult, "r", 9, culture_id="1", status="final", positive=True)
    (found,) = table(
        [swab, grown],
        culture("2", 0),
        drug("Zosyn", 1),
        policy=replace(MIMIC.suspicion, screens="ignore"),
    )
    assert found.culture.culture_id == "2"
