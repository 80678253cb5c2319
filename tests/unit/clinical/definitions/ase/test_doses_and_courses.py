"""Doses, courses and lists: what one record of a drug is worth."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from streams.clinical.definitions.ase.days import hospital_days
from streams.clinical.definitions.ase.doses import courses, doses
from streams.clinical.definitions.ase.policy import TOOLKIT
from streams.clinical.definitions.ase.stays import FOREVER
from streams.clinical.timeline import Timeline
from streams.clinical.vital_status import ALWAYS
from streams.vocabulary.antimicrobials import (
    antimicrobials,
    recognise,
    route_of,
)
from streams.vocabulary.events import Medication


UTC_DAYS = hospital_days("UTC")
ORDERED = replace(TOOLKIT, doses="ordered")
MAY = datetime(2024, 5, 1, 12, tzinfo=UTC)


def medication(name, day, **content):
    at = MAY + timedelta(days=day - 1)
    content = {"stage": "given", "sent_drug": "Cefepime", "route": "IV"} | content
    return Medication(event_id=name, happened_at=at, known_at=at, **content)


def given(*facts, policy=TOOLKIT, until=FOREVER):
    timeline = Timeline()
    for fact in facts:
        timeline.apply(fact, fact.event_id)
    return doses(timeline, UTC_DAYS, policy, ALWAYS, until)


def days(found):
    return [dose.day.day for dose in found]


def test_only_administrations_count_unless_orders_stand_for_them():
    order = medication("o", 1, stage="ordered", order_id="x")
    stop = medication("s", 4, stage="stopped", order_id="x")
    assert given(order, stop) == ()
    assert days(given(order, stop, policy=ORDERED)) == [1, 2, 3, 4]
    assert {d.event_id for d in given(order, stop, policy=ORDERED)} == {"o"}


def test_an_order_runs_until_now_where_nothing_tells_of_its_end():
    order = medication("o", 1, stage="ordered", order_id="x")
    assert days(given(order, policy=ORDERED, until=MAY + timedelta(days=2))) == [
        1,
        2,
        3,
    ]
    assert days(given(order, policy=ORDERED)) == [1]


def test_an_order_that_ends_at_midnight_is_not_of_the_day_that_begins():
    order = medication("o", 1, stage="ordered", order_id="x")
    stop = replace(
        medication("s", 3, stage="stopped", order_id="x"),
        happened_at=datetime(2024, 5, 3, tzinfo=UTC),
    )
    assert days(given(order, stop, policy=ORDERED)) == [1, 2]


def test_an_order_that_ends_before_it_begins_is_its_first_day():
    order = medication("o", 3, stage="ordered", order_id="x")
    stop = medication("s", 2, stage="stopped", order_id="x")
    assert days(given(order, stop, policy=ORDERED)) == [3]


def test_orders_without_a_name_of_their_own_do_not_end_each_other():
    first = medication("o", 1, stage="ordered")
    other = medication("s", 1, stage="stopped", sent_drug="Aspirin")
    until = MAY + timedelta(days=1)
    assert days(given(first, other, policy=ORDERED, until=until)) == [1, 2]


def test_what_the_source_calls_no_antimicrobial_is_none():
    assert given(medication("a", 1, antimicrobial=False)) == ()
    assert days(given(medication("a", 1, antimicrobial=None))) == [1]


def test_courses_part_where_two_days_have_no_dose():
    found = courses(given(*(medication(f"d{d}", d) for d in (1, 3, 4, 7, 8))))
    assert [(c.first.day, c.last.day) for c in found] == [(1, 4), (7, 8)]
    assert found[0].covers(date(2024, 5, 2))
    assert not found[0].covers(date(2024, 5, 5))


def test_vancomycin_by_mouth_is_another_drug():
    told = [
        medication("a", 1, sent_drug="Vancomycin", route="PO/NG"),
        medication("b", 1, sent_drug="Vancomycin", route="IV"),
        medication("c", 1, sent_drug="Levofloxacin", route="PO"),
        medication("d", 1, sent_drug="Levofloxacin", route="IV"),
    ]
    assert [d.drug for d in given(*told)] == [
        "vancomycin enteral",
        "vancomycin parenteral",
        "levofloxacin",
        "levofloxacin",
    ]


# -- the list ------------------------------------------------------------------


def test_the_list_is_the_toolkit_s_with_newer_drugs_apart():
    listed = antimicrobials().values()
    assert sum(a.listed == "toolkit" for a in listed) == 108
    assert sum(a.listed == "newer" for a in listed) == 9
    assert all(a.parenteral or a.enteral for a in listed)
    assert {a.drug_class for a in listed} == {
        "antibacterial",
        "antifungal",
        "antiviral",
    }


@pytest.mark.parametrize("name", sorted(antimicrobials()))
def test_every_drug_of_the_list_is_recognised_by_its_own_name(name):
    found = recognise(None, name.upper())
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Piperacillin-Tazobactam Na", "piperacillin/tazobactam"),
        ("Sulfameth/Trimethoprim DS", "trimethoprim/sulfamethoxazole"),
        ("Sulfameth/Trimethoprim", "trimethoprim/sulfamethoxazole"),
        ("Vancomycin Oral Liquid", "vancomycin"),
        ("Penicillin G Benzathine", "penicillin"),
        ("CefTRIAXone", "ceftriaxone"),
        ("Amoxicillin-Clavulanic Acid", "amoxicillin/clavulanate"),
        ("Ampicillin-Sulbactam", "ampicillin/sulbactam"),
        ("MetRONIDAZOLE (FLagyl)", "metronidazole"),
        ("Aspirin", None),
        ("Erythromycin", None),
        ("Nystatin Oral Suspension", None),
        ("Valacyclovir", None),
    ],
)
def test_drugs_as_sources_write_them(written, name):
    found = recognise(None, written)
    assert (found and found.name) == name


@pytest.mark.parametrize(
    ("written", "route"),
    [
        ("IV", "parenteral"),
        ("IV DRIP", "parenteral"),
        ("IM", "parenteral"),
        ("PO/NG", "enteral"),
        ("ORAL", "enteral"),
        ("PR", "enteral"),
        ("TP", "local"),
        ("BOTH EYES", "local"),
        ("IV/PO", None),
        ("", None),
        (None, None),
        ("i.v.", "parenteral"),
        ("P. O.", "enteral"),
        ("intravenøs", "parenteral"),
        ("47625008", "parenteral"),
        ("C38288", "enteral"),
    ],
)
def test_routes_as_sources_write_them(written, route):
    assert route_of(written) == route
