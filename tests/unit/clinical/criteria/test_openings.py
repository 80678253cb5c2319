"""What opens a screening: entry by entry, with both clocks and what it rests on."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from streams.clinical.criteria.opening import opening_reads, openings
from streams.clinical.timeline import Timeline, lane_name
from streams.vocabulary.entry import Entry
from streams.vocabulary.events import (
    Cancellation,
    Correction,
    CultureCollected,
    CultureResult,
    Encounter,
    Infusion,
    Location,
    Medication,
    RespiratorySupport,
)
from streams.vocabulary.messages import SepsisOnset


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ENTRY = TypeAdapter(Entry)


def after(hours):
    return NOON + timedelta(hours=hours)


def fact(kind, event_id, hours, known=None, encounter="e1", **fields):
    return kind(
        event_id=event_id,
        happened_at=after(hours),
        known_at=after(hours if known is None else known),
        encounter=encounter,
        **fields,
    )


def admitted(event_id="came", hours=0, phase="admitted", **fields):
    return fact(Encounter, event_id, hours, phase=phase, **fields)


def drip(event_id, hours, rate=0.1, phase="started", drug="norepinephrine"):
    told = {"infusion_id": "n", "drug": drug, "rate": rate, "phase": phase}
    return fact(Infusion, event_id, hours, **told)


def unit(event_id, hours, level="icu", **fields):
    told = {"phase": "entered", "ward": "W", "level": level}
    return fact(Location, event_id, hours, **told, **fields)


def taken(hours, specimen="BLOOD CULTURE", culture_id="c"):
    told = {"culture_id": culture_id, "specimen": specimen}
    return fact(CultureCollected, f"taken {culture_id}", hours, **told)


def grew(hours, organism="STAPHYLOCOCCUS AUREUS", culture_id="c", **fields):
    told = {"culture_id": culture_id, "organism": organism, "status": "final"}
    told = {"positive": True, **told, **fields}
    return fact(CultureResult, f"grew {culture_id} {hours}", hours, **told)


def dose(event_id, hours, drug="vancomycin", stage="given", **fields):
    told = {"stage": stage, "sent_drug": drug, "drug": drug, "route": "IV"}
    return fact(Medication, event_id, hours, **{**told, **fields})


def support(event_id, hours, category="hfnc", phase="observed"):
    told = {"category": category, "phase": phase}
    return fact(RespiratorySupport, event_id, hours, **told)


def flag(status="provisional", hours=-3, known=0, **fields):
    told = {
        "message_id": "m",
        "site": "s",
        "patient": "p",
        "happened_at": after(hours),
        "known_at": after(known),
        "source": "detect",
        "provenance": "simulated",
        "flag_id": "flag",
        "revision": 0,
        "status": status,
        "definition": "septic_shock",
        "definition_version": "1",
        "policy": "sepsis3",
        "episode": "e1",
        "evidence": ("x",),
    }
    return SepsisOnset(**{**told, **fields})


def found(written, *facts, flags=(), now=48):
    timeline = Timeline()
    for one in facts:
        timeline.apply(one, one.event_id)
    return openings(ENTRY.validate_python(written), timeline, flags, after(now))


def first(written, *facts, **given):
    """Of stay e1: when it happened, when it was known, and the facts; or None."""
    one = found(written, *facts, **given).by_episode.get("e1")
    return one and (one.happened_at, one.known_at, one.evidence)


PRESSOR = {"kind": "infusion", "drugs": ["vasopressor"]}
AUREUS = {"kind": "culture", "organisms": ["aureus"], "specimens": ["blood"]}
SHOCK = {"kind": "onset", "definition": "septic_shock", "policy": "sepsis3"}
ANTIBIOTIC = {"kind": "medication", "antimicrobial": True, "stages": ["given"]}


def test_an_admission_opens_with_the_stay_and_not_with_the_visit_before_it():
    visit = admitted("visit", -2, phase="registered", encounter_class="emergency")
    opened = first({"kind": "admission"}, visit, admitted())
    assert opened == (NOON, NOON, ("came",))


@pytest.mark.parametrize(
    "last",
    [
        admitted("gone", 1, phase="cancelled"),
        admitted("gone", 1, encounter_class="outpatient"),
        Cancellation(
            event_id="x", cancels="came", version=1, happened_at=NOON, known_at=NOON
        ),
    ],
)
def test_nobody_is_admitted_to_a_stay_that_is_none(last):
    assert first({"kind": "admission"}, admitted(), last) is None


def test_the_first_unit_of_the_level_opens_and_each_stay_has_its_own():
    facts = (unit("ward", 0, "ward"), unit("a", 2), unit("b", 5))
    other = unit("c", 1, encounter="e2")
    told = found({"kind": "unit", "any_of": ["icu"]}, *facts, other).by_episode
    assert {name: one.evidence for name, one in told.items()} == {
        "e1": ("a",),
        "e2": ("c",),
    }


def test_what_the_source_files_under_no_stay_opens_one_of_that_name():
    told = found({"kind": "unit", "any_of": ["icu"]}, unit("a", 2, encounter=None))
    assert set(told.by_episode) == {"none"}


@pytest.mark.parametrize(
    ("charted", "opens"),
    [
        (drip("d", 1), True),
        (drip("d", 1, rate=0.0), False),
        (drip("d", 1, phase="stopped"), False),
        (drip("d", 1, rate=None), True),
        (drip("d", 1, drug="propofol"), False),
    ],
)
def test_an_infusion_opens_if_it_runs(charted, opens):
    assert (first(PRESSOR, charted) is not None) is opens


@pytest.mark.parametrize(("rate", "opens"), [(0.1, False), (0.11, True), (None, False)])
def test_a_rate_opens_only_where_it_is_known_to_be_reached(rate, opens):
    asked = {"kind": "infusion", "drugs": ["norepinephrine"], "rate": "> 0.1 ug/kg/min"}
    assert (first(asked, drip("d", 1, rate=rate)) is not None) is opens


def test_support_of_the_kind_opens_and_its_end_does_not():
    asked = {"kind": "respiratory_support", "any_of": ["hfnc"]}
    ended = support("end", 0, phase="stopped")
    assert first(asked, ended, support("on", 1))[2] == ("on",)
    assert first(asked, support("on", 1, "oxygen")) is None


def test_a_culture_opens_when_it_was_taken_and_is_known_with_its_report():
    opened = first(AUREUS, taken(0), grew(30))
    assert opened == (NOON, after(30), ("grew c 30", "taken c"))


@pytest.mark.parametrize(
    "report",
    [
        grew(30, positive=None),
        grew(30, positive=False),
        grew(30, "ESCHERICHIA COLI"),
        grew(30, "STAPHYLOCOCCUS AUREUS", "another"),
    ],
)
def test_a_culture_that_is_not_known_to_be_such_a_one_opens_nothing(report):
    assert first(AUREUS, taken(0), report) is None


def test_a_contaminant_opens_unless_the_protocol_leaves_it_out():
    facts = (taken(0), grew(30, "STAPHYLOCOCCUS EPIDERMIDIS"))
    assert first({"kind": "culture"}, *facts) is not None
    assert first({"kind": "culture", "contaminants": "ignore"}, *facts) is None


def test_a_report_that_is_corrected_to_negative_takes_the_opening_back():
    wrong = grew(30)
    right = grew(30, positive=False, organism=None)
    mended = Correction(
        event_id="mended",
        corrects=wrong.event_id,
        version=1,
        happened_at=after(33),
        known_at=after(33),
        event=right,
    )
    assert first(AUREUS, taken(0), wrong, mended) is None


def test_a_later_corrected_report_of_the_culture_takes_the_opening_back():
    mended = grew(33, None, positive=False, status="corrected")
    assert first(AUREUS, taken(0), grew(30), mended) is None


def test_a_drug_opens_by_its_stage_its_route_and_what_it_is():
    given = dose("d", 1, antimicrobial=True)
    assert first(ANTIBIOTIC, given)[2] == ("d",)
    assert first(ANTIBIOTIC, dose("d", 1, stage="ordered", antimicrobial=True)) is None
    assert first(ANTIBIOTIC, dose("d", 1)) is None
    by_mouth = {**ANTIBIOTIC, "routes": ["PO"]}
    assert first(by_mouth, given) is None
    named = {"kind": "medication", "named": ["Vanco"], "stages": ["given"]}
    assert first(named, given) is not None


def test_a_flag_opens_and_its_revisions_do_not_move_when_it_was_known():
    assert first(SHOCK, flags=[flag()]) == (after(-3), NOON, ("x",))
    revised = flag("amended", hours=-4, known=9, stands_since=NOON)
    assert first(SHOCK, flags=[revised]) == (after(-4), NOON, ("x",))


@pytest.mark.parametrize(
    "other", [flag("withdrawn"), flag(policy="rhee"), flag(definition="sepsis3")]
)
def test_a_flag_that_is_gone_or_another_opens_nothing(other):
    assert first(SHOCK, flags=[other]) is None


def test_the_first_of_several_opens():
    asked = {"kind": "first_of", "of": [PRESSOR, SHOCK]}
    assert first(asked, drip("d", -1), flags=[flag()])[2] == ("x",)
    assert first(asked, drip("d", -4), flags=[flag()])[2] == ("d",)


@pytest.mark.parametrize(("apart", "opens"), [(24, True), (24.001, False)])
def test_all_of_several_open_with_the_last_if_they_are_near_enough(apart, opens):
    asked = {"kind": "all_of", "of": [AUREUS, ANTIBIOTIC], "within": "24 h"}
    facts = (taken(0), grew(30), dose("d", apart, antimicrobial=True))
    opened = first(asked, *facts)
    assert (opened is not None) is opens
    if opens:
        assert opened == (after(24), after(30), ("d", "grew c 30", "taken c"))


def test_all_of_several_look_at_one_stay_alone():
    asked = {"kind": "all_of", "of": [{"kind": "admission"}, PRESSOR], "within": "24 h"}
    assert found(asked, admitted(encounter="e2"), drip("d", 1)).by_episode == {}


def test_what_is_known_and_has_not_happened_opens_when_it_has():
    told = found(PRESSOR, drip("d", 5), now=2)
    assert told.by_episode == {}
    assert told.changes_at == after(5)


@pytest.mark.parametrize(
    ("asked", "news", "stands"),
    [
        (PRESSOR, drip("p", 3, drug="propofol"), True),
        (PRESSOR, drip("n", 3, phase="stopped"), True),
        (PRESSOR, drip("n", 3), False),
        (ANTIBIOTIC, dose("d", 3, "furosemide"), True),
        (ANTIBIOTIC, dose("d", 3, antimicrobial=True), False),
        ({"kind": "first_of", "of": [PRESSOR, SHOCK]}, drip("n", 3), False),
    ],
)
def test_what_opened_stands_until_a_fact_comes_that_can_open(asked, news, stands):
    timeline, entry = Timeline(), ENTRY.validate_python(asked)
    for one in (drip("d", 0), dose("o", 0)):
        timeline.apply(one, one.event_id)
    told = openings(entry, timeline, (), after(4))
    assert told.stand(timeline)
    timeline.apply(news, news.event_id)
    assert told.stand(timeline) is stands
    if stands:
        assert openings(entry, timeline, (), after(4)) == told


SORTS = (
    lambda name, hour, stay: drip(name, hour) if stay == "e1" else None,
    lambda name, hour, stay: dose(name, hour, antimicrobial=True, encounter=stay),
    lambda name, hour, stay: support(name, hour) if stay == "e1" else None,
)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2), st.integers(0, 6), st.sampled_from(("e1", "e1", "e2"))
        ),
        max_size=10,
    ),
    st.integers(1, 3),
)
def test_all_of_several_open_at_the_first_moment_with_each_near_enough(told, within):
    """By going through all hours: independent of how it is found."""
    facts = [SORTS[sort](f"f{n}", h, stay) for n, (sort, h, stay) in enumerate(told)]
    kinds = [PRESSOR, ANTIBIOTIC, {"kind": "respiratory_support", "any_of": ["hfnc"]}]
    asked = {"kind": "all_of", "of": kinds, "within": f"{within} h"}
    opened = first(asked, *(fact for fact in facts if fact is not None))
    hours = [{h for s, h, stay in told if s == n and stay == "e1"} for n in range(3)]
    moments = [
        hour
        for hour in range(7)
        if any(hour in sort for sort in hours)
        and all(any(hour - within <= h <= hour for h in sort) for sort in hours)
    ]
    assert (opened and opened[0]) == (after(moments[0]) if moments else None)


@pytest.mark.parametrize(
    ("asked", "facts"),
    [
        ({"kind": "admission"}, [admitted()]),
        ({"kind": "unit", "any_of": ["icu"]}, [unit("a", 0)]),
        (PRESSOR, [drip("d", 0)]),
        ({"kind": "respiratory_support", "any_of": ["hfnc"]}, [support("s", 0)]),
        (AUREUS, [taken(0), grew(1)]),
        (ANTIBIOTIC, [dose("d", 0, antimicrobial=True)]),
    ],
)
def test_an_entry_tells_every_lane_that_can_open_it(asked, facts):
    assert first(asked, *facts) is not None
    assert {lane_name(f) for f in facts} <= opening_reads(ENTRY.validate_python(asked))


def test_an_entry_tells_the_flags_that_can_open_it():
    asked = {"kind": "first_of", "of": [PRESSOR, SHOCK]}
    assert "@flag:septic_shock" in opening_reads(ENTRY.validate_python(asked))
