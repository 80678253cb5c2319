"""Adult Sepsis Events: what no order of arrival and no later fact may change."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.clinical.definitions.ase.bse import bacteremia_shock_events
from streams.clinical.definitions.ase.cultures import blood_cultures, reached, stay_of
from streams.clinical.definitions.ase.days import hospital_days
from streams.clinical.definitions.ase.events import adult_sepsis_events
from streams.clinical.definitions.ase.labs import laboratory
from streams.clinical.definitions.ase.policy import CLIFPY, TOOLKIT
from streams.clinical.definitions.ase.stays import FOREVER, hospital_stays
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import (
    CodeStatus,
    Condition,
    Correction,
    CultureCollected,
    CultureResult,
    Demographics,
    Encounter,
    Infusion,
    Location,
    Measurement,
    Medication,
    RespiratorySupport,
)


ZONE = "America/New_York"
MARCH = datetime(2024, 3, 7, 14, tzinfo=UTC)  # clocks change on the 10th
STEP = timedelta(hours=6)
STEPS = 4 * 14
ESRD = "http://hl7.org/fhir/sid/icd-10-cm|N18.6"
LEVELS = {
    "creatinine": [0.5, 1.0, 2.0],
    "egfr": [90.0, 30.0],
    "bilirubin_total": [1.0, 2.0, 4.0],
    "platelets": [250.0, 100.0, 50.0],
    "lactate": [3.0],
}
POLICIES = {
    "toolkit": TOOLKIT,
    "clifpy": CLIFPY,
    "with lactate": replace(TOOLKIT, lactate=True, repeats="one_per_stay"),
    "any day, any dose": replace(TOOLKIT, first_qad="any_day", parenteral="any_dose"),
    "ordered": replace(TOOLKIT, doses="ordered", repeats="every"),
}

moments = st.integers(-8, STEPS).map(lambda n: MARCH + n * STEP)


def _measured(concept):
    return st.tuples(
        st.sampled_from(LEVELS[concept]), st.sampled_from([None, None, None, "<", ">"])
    ).map(
        lambda told: (
            Measurement,
            {"concept": concept, "value": told[0], "comparator": told[1]},
        )
    )


drugs = st.tuples(
    st.sampled_from(["Ceftriaxone", "Levofloxacin", "Vancomycin"]),
    st.sampled_from(["IV", "PO", None]),
    st.sampled_from([("given", None), ("ordered", "o"), ("stopped", "o")]),
).map(
    lambda told: (
        Medication,
        {
            "sent_drug": told[0],
            "route": told[1],
            "stage": told[2][0],
            "order_id": told[2][1],
        },
    )
)
drips = st.tuples(
    st.sampled_from(["started", "stopped"]),
    st.sampled_from(["norepinephrine", "vasopressin"]),
    st.sampled_from([0.1, 0.0, None]),
).map(
    lambda told: (
        Infusion,
        {"phase": told[0], "drug": told[1], "rate": told[2], "infusion_id": told[1]},
    )
)
cultures = st.sampled_from(["c1", "c2", "c3"]).map(
    lambda name: (
        CultureCollected,
        {"culture_id": name, "specimen": "BLOOD CULTURE"},
    )
)
others = st.sampled_from(
    [
        (RespiratorySupport, {"category": "invasive"}),
        (RespiratorySupport, {"category": "invasive", "phase": "started"}),
        (RespiratorySupport, {"category": "invasive", "phase": "stopped"}),
        (Location, {"phase": "entered", "ward": "OR", "level": "theatre"}),
        (Location, {"phase": "entered", "ward": "ICU", "level": "icu"}),
        (Condition, {"code": ESRD}),
        (CodeStatus, {"status": "comfort_only"}),
        (
            CultureResult,
            {
                "culture_id": "c1",
                "status": "preliminary",
                "positive": True,
                "organism": "ESCHERICHIA COLI",
            },
        ),
        (
            CultureResult,
            {
                "culture_id": "c1",
                "status": "final",
                "positive": True,
                "organism": "ESCHERICHIA COLI",
            },
        ),
    ]
)
told = st.one_of(
    drugs, drugs, drugs, drips, cultures, others, *(_measured(c) for c in LEVELS)
)


def fact(event_id, kind, content, at):
    return kind(
        event_id=event_id, happened_at=at, known_at=at, encounter="h", **content
    )


@st.composite
def facts(draw, event_id):
    kind, content = draw(told)
    return fact(event_id, kind, content, draw(moments))


@st.composite
def stays(draw, max_size=25):
    """A stay with a culture, mostly a course of antimicrobials, and an end or none."""
    came = {"phase": "admitted", "encounter_class": "inpatient"}
    if draw(st.integers(0, 5)) == 0:
        came = {"phase": "registered", "encounter_class": "emergency"}
    born = {"birth_year": 1950, "age_precision": "stated"}
    found = [
        fact("came", Encounter, came, MARCH),
        fact("born", Demographics, born, MARCH - 40 * STEP),
    ]
    if draw(st.booleans()):
        disposition = draw(st.sampled_from(["home", "died", "acute_hospital"]))
        gone = {
            "phase": "discharged",
            "encounter_class": "inpatient",
            "disposition": disposition,
        }
        at = MARCH + draw(st.integers(4, STEPS)) * STEP
        found.append(fact("left", Encounter, gone, at))
    taken = draw(st.integers(-2, 24))
    culture = {"culture_id": "c0", "specimen": "BLOOD CULTURE"}
    found.append(fact("c0", CultureCollected, culture, MARCH + taken * STEP))
    given = {"stage": "given", "sent_drug": "Cefepime", "route": "IV"}
    first = taken + draw(st.integers(-6, 6))
    for number in range(draw(st.integers(0, 6))):
        at = MARCH + (first + 4 * number) * STEP
        found.append(fact(f"m{number}", Medication, given, at))
    extra = draw(st.integers(0, max_size))
    return found + [draw(facts(f"e{number}")) for number in range(extra)]


def folded(deliveries):
    timeline = Timeline()
    for event in deliveries:
        timeline.apply(event, event.event_id)
    return timeline


def ask(deliveries, policy, now=None):
    return adult_sepsis_events(folded(deliveries), zone=ZONE, policy=policy, now=now)


def by_culture(result):
    """By the specimen: two of them may be filed under one number."""
    return {e.evidence[0]: e for e in (*result.events, *result.repeats)}


def some(examples):
    return settings(
        deadline=None,
        max_examples=examples,
        suppress_health_check=[HealthCheck.too_slow],
    )


every_policy = pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)


@every_policy
@some(40)
@given(stays(), st.data())
def test_permuted_and_duplicated_deliveries_give_the_same_events(policy, told, data):
    again = told + data.draw(st.lists(st.sampled_from(told), max_size=4))
    shuffled = data.draw(st.permutations(again))
    assert ask(told, policy) == ask(shuffled, policy)


@every_policy
@some(30)
@given(stays(max_size=12), st.data())
def test_a_wrong_record_that_is_corrected_leaves_no_trace(policy, told, data):
    wrong, mended = [], []
    for event in told:
        if data.draw(st.booleans()):
            wrong.append(data.draw(facts(event.event_id)))
            mended.append(
                Correction(
                    event_id=f"{event.event_id}#",
                    happened_at=event.happened_at,
                    known_at=event.known_at,
                    version=1,
                    corrects=event.event_id,
                    event=event,
                )
            )
        else:
            wrong.append(event)
    clean = [replace(event, version=0) for event in told]
    events = ask(wrong + mended, policy)
    expected = ask(clean, policy)
    assert (events.events, events.repeats) == (expected.events, expected.repeats)


@every_policy
@some(40)
@given(stays(), moments)
def test_facts_that_have_not_happened_change_nothing(policy, told, now):
    past = [event for event in told if event.happened_at <= now]
    all_of_it, known = ask(told, policy, now), ask(past, policy, now)
    assert all_of_it.events == known.events
    assert all_of_it.repeats == known.repeats


@pytest.mark.parametrize("policy", [TOOLKIT, CLIFPY, POLICIES["with lactate"]])
@some(60)
@given(stays(), st.lists(moments, min_size=2, max_size=6))
def test_what_is_final_stays_and_what_was_told_is_never_dropped(policy, told, times):
    held, last = {}, min(times)
    for now in [*sorted(times), MARCH + 60 * DAYS, None]:
        found = by_culture(ask(told, policy, now))
        for name, before in held.items():
            after = found.get(name)
            assert after is not None
            if before.status == "confirmed":
                assert after.status == "confirmed"
            if before.final_at is not None and before.final_at <= last:
                assert after == before
            assert after.onset_day <= before.onset_day
        for event in found.values():
            assert now is None or event.provisional_at <= now
            assert now is None or event.known_at <= now
        held, last = found, now


DAYS = timedelta(days=1)


@pytest.mark.parametrize("policy", [TOOLKIT, CLIFPY])
@some(60)
@given(stays(), moments, st.data())
def test_no_fact_that_happens_later_changes_a_final_event(policy, told, now, data):
    past = [event for event in told if event.happened_at <= now]
    before = by_culture(ask(past, policy, now))
    final = {
        name: event
        for name, event in before.items()
        if event.final_at is not None and event.final_at <= now
    }
    later = data.draw(st.lists(facts("x"), max_size=8))
    later = [
        replace(event, event_id=f"x{number}", happened_at=now + STEP * (number + 1))
        for number, event in enumerate(later)
    ]
    after = by_culture(ask(past + later, policy, now + 60 * DAYS))
    assert final == {name: after[name] for name in final}


@every_policy
@some(40)
@given(stays())
def test_an_event_holds_together(policy, told):
    for event in by_culture(ask(told, policy)).values():
        days = [event.culture_day, event.antimicrobial_days[0]]
        days += [d.day for d in event.dysfunctions]
        assert event.onset_day == min(days)
        assert (event.onset == "community") == (event.hospital_day <= 2)
        assert all(abs((d - event.culture_day).days) <= 2 for d in days)
        assert event.dysfunctions
        gaps = zip(event.antimicrobial_days, event.antimicrobial_days[1:], strict=False)
        assert all((b - a).days == 1 for a, b in gaps)
        assert (event.confirmed_at is None) == (event.status != "confirmed")
        assert (event.withdrawn_at is None) == (event.status != "withdrawn")


@some(60)
@given(stays())
def test_what_a_window_shows_the_whole_stay_shows_too_and_no_later(told):
    """So type of onset and baselines agree after a second look at the latest."""
    timeline, days = folded(told), hospital_days(ZONE)
    stays_found = reached(hospital_stays(timeline, days, TOOLKIT, None), days)
    for culture in blood_cultures(timeline, days, TOOLKIT, None):
        stay = stay_of(culture, stays_found)
        if stay is None:
            continue
        asked = (timeline, culture, stay)
        until = stay.left_at or FOREVER
        whole = {
            d.detail: d for d in laboratory(*asked, "community", days, TOOLKIT, until)
        }
        for d in laboratory(*asked, "hospital", days, TOOLKIT, until):
            assert whole[d.detail].day <= d.day
            assert whole[d.detail].evident_at <= d.evident_at


@some(40)
@given(stays(), st.data())
def test_shock_events_do_not_depend_on_the_order_of_arrival(told, data):
    shuffled = data.draw(st.permutations(told))
    assert bacteremia_shock_events(folded(told), zone=ZONE) == bacteremia_shock_events(
        folded(shuffled), zone=ZONE
    )


@some(40)
@given(stays(), moments)
def test_shock_events_see_no_future(told, now):
    past = [event for event in told if event.happened_at <= now]
    assert bacteremia_shock_events(
        folded(told), zone=ZONE, now=now
    ) == bacteremia_shock_events(folded(past), zone=ZONE, now=now)
