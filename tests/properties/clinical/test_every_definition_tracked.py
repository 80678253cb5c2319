"""A patient's tracker says at every step what every rule says from scratch.

Facts come late, twice, corrected, cancelled and in any order, while the clock goes on;
the rules are those of the catalogue, each under each of its policies.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.clinical.catalogue.rules import rules
from streams.clinical.timeline import Timeline, lane_name
from streams.clinical.tracking.applicability import CHILDREN, grown
from streams.clinical.tracking.patient import Entry, PatientTracker
from streams.vocabulary.events import (
    Assessment,
    Biomarker,
    Cancellation,
    Classification,
    CodeStatus,
    Condition,
    Correction,
    CultureCollected,
    CultureResult,
    Death,
    Demographics,
    Encounter,
    Fluid,
    Infusion,
    Location,
    Measurement,
    Medication,
    Pregnancy,
    Procedure,
    RespiratorySupport,
)
from streams.vocabulary.facts import Flag


DAY = datetime(2150, 12, 29, tzinfo=UTC)
"""The year turns in the middle of the history: ages are told by year."""

QUARTERS = 6 * 24 * 4
ZONE = "America/New_York"
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"

USUAL = {
    "gcs_eye": [1.0, 4.0],
    "gcs_verbal": [1.0, 5.0],
    "gcs_motor": [1.0, 4.0, 6.0],
    "gcs_total": [3.0, 13.0, 15.0],
    "fio2": [21.0, 50.0],
    "pao2": [60.0, 90.0],
    "spo2": [85.0, 97.0],
    "map": [55.0, 80.0],
    "sbp": [85.0, 125.0],
    "dbp": [40.0, 75.0],
    "temperature": [35.0, 37.0, 39.5],
    "heart_rate": [70.0, 135.0],
    "resp_rate": [14.0, 30.0],
    "lactate": [1.0, 2.0, 4.5],
    "creatinine": [0.8, 1.5, 4.0],
    "platelets": [40.0, 250.0],
    "bilirubin_total": [0.5, 7.0],
    "weight": [4.0, 70.0],
}
ANY = [0.5, 3.0, 40.0]


def concepts(sort):
    """What the rules read of a sort of lane, by their own word."""
    names = {lane for rule in rules().values() for lane in rule.inputs}
    told = {name.partition(":")[2] for name in names if name.startswith(f"{sort}:")}
    return sorted(told - {""})


def numbers(concept):
    return st.sampled_from(USUAL.get(concept, ANY))


measured = st.sampled_from(concepts("measurement")).flatmap(
    lambda concept: st.fixed_dictionaries(
        {
            "concept": st.just(concept),
            "value": numbers(concept),
            "comparator": st.sampled_from([None, None, None, "<", ">"]),
            "specimen": st.sampled_from(["arterial", None]),
            "text": st.sampled_from([None, "ART."]),
        }
    )
)
assessed = st.sampled_from(concepts("assessment")).flatmap(
    lambda concept: st.fixed_dictionaries(
        {
            "concept": st.just(concept),
            "value": numbers(concept) | st.none(),
            "text": st.sampled_from([None, "No Response-ETT", "Alert", "Positive"]),
        }
    )
)
marked = st.sampled_from(concepts("biomarker")).flatmap(
    lambda concept: st.fixed_dictionaries(
        {
            "concept": st.just(concept),
            "value": st.sampled_from([0.5, 40.0, 7000.0]),
            "unit": st.sampled_from(["1", "ng/mL", "pg/mL", "%"]),
            "assay": st.just("assay"),
            "assay_version": st.just("1"),
        }
    )
)
dripped = st.fixed_dictionaries(
    {
        "drug": st.sampled_from(
            ["norepinephrine", "epinephrine", "vasopressin", "propofol", "dobutamine"]
        ),
        "phase": st.sampled_from(["started", "changed", "stopped"]),
        "infusion_id": st.sampled_from(["i1", "i2"]),
        "rate": st.sampled_from([None, 0.0, 0.05, 0.3]),
    }
)
supported = st.sampled_from(
    [
        {"category": "invasive", "mode": "CMV"},
        {"category": "invasive", "device": "Endotracheal tube"},
        {"category": "oxygen", "device": "Nasal cannula"},
        {"category": "hfnc"},
        {"category": "none"},
        {"category": "invasive", "phase": "stopped"},
    ]
)
poured = st.fixed_dictionaries(
    {
        "substance": st.sampled_from(["urine", "gu_irrigant", "crystalloid"]),
        "direction": st.sampled_from(["in", "out"]),
        "volume_ml": st.sampled_from([0.0, 40.0, 2500.0]),
    }
)
prescribed = st.fixed_dictionaries(
    {
        "stage": st.sampled_from(["ordered", "given", "stopped", "home"]),
        "sent_drug": st.just("A"),
        "drug": st.sampled_from(["vancomycin", "meropenem", "hydrocortisone", None]),
        "antimicrobial": st.sampled_from([True, True, False, None]),
        "route": st.sampled_from(["IV", "PO"]),
        "order_id": st.sampled_from(["o1", "o2", None]),
    }
)
cultured = st.fixed_dictionaries(
    {
        "culture_id": st.sampled_from(["c1", "c2", "c3"]),
        "specimen": st.sampled_from(["BLOOD CULTURE", "URINE", "MRSA SCREEN"]),
        "flags": st.sampled_from([(), (), (Flag.DATE_ONLY,)]),
    }
)
grew = st.fixed_dictionaries(
    {
        "culture_id": st.sampled_from(["c1", "c2", "c3"]),
        "status": st.sampled_from(["preliminary", "final"]),
        "positive": st.sampled_from([True, False, None]),
        "organism": st.sampled_from(
            ["ESCHERICHIA COLI", "STAPHYLOCOCCUS EPIDERMIDIS", None]
        ),
    }
)
stayed = st.fixed_dictionaries(
    {
        "phase": st.sampled_from(["registered", "admitted", "discharged", "cancelled"]),
        "encounter_class": st.sampled_from(["emergency", "inpatient"]),
        "disposition": st.sampled_from([None, "home", "died"]),
    }
)
lay = st.fixed_dictionaries(
    {
        "phase": st.sampled_from(["entered", "left"]),
        "ward": st.just("MICU"),
        "level": st.sampled_from(["icu", "ward"]),
    }
)
born = st.fixed_dictionaries(
    {
        "sex": st.sampled_from(["female", "male", None]),
        "birth_year": st.sampled_from([None, 2090, 2132, 2145, 2150]),
        "age_precision": st.sampled_from(["stated", "year"]),
    }
)
ailing = st.fixed_dictionaries(
    {
        "code": st.sampled_from(
            [f"{ICD10}|N18.6", f"{ICD10}|K74.60", f"{ICD10}|E11.9", "x|y"]
        ),
        "present": st.booleans(),
    }
)
labelled = st.fixed_dictionaries(
    {
        "classifier": st.sampled_from(["srs", "mars", "hyperinflammatory"]),
        "classifier_version": st.just("1"),
        "label": st.sampled_from(["SRS1", "Mars1", "hyper"]),
        "assay": st.just("assay"),
    }
)
others = st.one_of(
    st.fixed_dictionaries(
        {
            "kind": st.just(Procedure),
            "phase": st.sampled_from(["started", "stopped", "done"]),
            "procedure_id": st.just("p1"),
            "name": st.sampled_from(["rrt", "intubation", "ecmo"]),
        }
    ),
    st.just({"kind": Pregnancy, "pregnant": True}),
    st.sampled_from(["full", "comfort_only"]).map(
        lambda status: {"kind": CodeStatus, "status": status}
    ),
    st.just({"kind": Death, "place": "hospital"}),
)

SORTS = (
    *((Measurement, measured),) * 6,
    *((Infusion, dripped), (Medication, prescribed), (CultureCollected, cultured)) * 2,
    *((Assessment, assessed), (Fluid, poured), (RespiratorySupport, supported)) * 2,
    *((Biomarker, marked), (CultureResult, grew), (Encounter, stayed)),
    *((Location, lay), (Demographics, born), (Condition, ailing)),
    (Classification, labelled),
)

moments = st.integers(0, QUARTERS).map(lambda q: DAY + timedelta(minutes=15 * q))
stays = st.sampled_from([("a", "h"), ("a", "h"), ("b", "h"), (None, "k"), (None, None)])


@st.composite
def facts(draw, event_id):
    if draw(st.integers(0, 19)):
        kind, content = draw(st.sampled_from(SORTS))
        told = draw(content)
    else:
        told = dict(draw(others))
        kind = told.pop("kind")
    at = draw(moments)
    if Flag.DATE_ONLY in told.get("flags", ()):
        at = at.replace(hour=0, minute=0)
    stay, encounter = draw(stays)
    return kind(
        event_id=event_id,
        happened_at=at,
        known_at=at,
        stay=stay,
        encounter=encounter,
        **told,
    )


def beginning(age):
    """A patient in an ICU with a culture, an antimicrobial and a heart that beats."""
    beat = {"concept": "heart_rate", "value": 90.0}
    told = [
        (0, Location, {"phase": "entered", "ward": "MICU", "level": "icu"}),
        (0, Encounter, {"phase": "admitted", "encounter_class": "inpatient"}),
        (0, Demographics, {"sex": "male", "birth_year": 2150 - age}),
        (1, Measurement, beat),
        (8, CultureCollected, {"culture_id": "c0", "specimen": "BLOOD CULTURE"}),
        (
            *(12, Medication),
            {"stage": "given", "sent_drug": "V", "drug": "vancomycin"}
            | {"antimicrobial": True, "route": "IV"},
        ),
        (90, Measurement, beat),
    ]
    return [
        kind(
            event_id=f"a{number}",
            happened_at=DAY + timedelta(minutes=15 * quarter),
            known_at=DAY + timedelta(minutes=15 * quarter),
            stay="a",
            encounter="h",
            **content,
        )
        for number, (quarter, kind, content) in enumerate(told)
    ]


@st.composite
def histories(draw, most=25):
    """Deliveries: facts, second versions of them, cancellations, copies, any order."""
    deliveries = beginning(draw(st.sampled_from([3, 60])))
    for number in range(draw(st.integers(5, most))):
        old = [f"a{n}" for n in range(7)] + [f"e{n}" for n in range(number)]
        about = draw(st.sampled_from(old))
        event = draw(facts(about))
        common = {
            "event_id": f"{about}#{number}",
            "happened_at": event.happened_at,
            "known_at": event.known_at,
            "version": number + 1,
        }
        match draw(st.integers(0, 14)):
            case 0:
                deliveries.append(Cancellation(cancels=about, **common))
            case 1 | 2:
                deliveries.append(Correction(corrects=about, event=event, **common))
            case 3:
                deliveries.append(draw(st.sampled_from(deliveries)))
            case _:
                deliveries.append(replace(event, event_id=f"e{number}"))
    return draw(st.permutations(deliveries))


steps = st.lists(st.integers(0, QUARTERS + 40 * 4), min_size=8, max_size=40)


def clock(deliveries, quarters):
    """As many moments as deliveries at least, each no earlier than the one before."""
    short = max(0, len(deliveries) - len(quarters))
    for quarter in sorted([*quarters, *[0] * short]):
        yield DAY + timedelta(minutes=15 * quarter)


slow = settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow]
)


@pytest.mark.parametrize("rule", rules().values(), ids=rules())
@slow
@given(histories(), steps)
def test_every_rule_tracked_equals_from_scratch_at_every_step(
    rule, deliveries, quarters
):
    entries = [Entry(rule, policy) for policy in rule.policies]
    timeline, waiting = Timeline(), list(deliveries)
    tracker = PatientTracker(timeline, DAY, entries=entries, zone=ZONE)
    for now in clock(deliveries, quarters):
        if waiting:
            event = waiting.pop(0)
            tracker.touch(timeline.apply(event, event.event_id))
        tracker.advance(now)
        for entry in entries:
            told = tracker.answer(entry)
            if told is None:
                assert rule.name in CHILDREN
                assert grown(timeline, now)
            else:
                assert told == rule.evaluate(timeline, now, entry.policy, zone=ZONE)


@slow
@given(histories(), steps)
def test_all_rules_together_share_their_parts_and_say_the_same(deliveries, quarters):
    entries = [
        Entry(rule, policy) for rule in rules().values() for policy in rule.policies
    ]
    timeline = Timeline()
    tracker = PatientTracker(timeline, DAY, entries=entries, zone=ZONE)
    moments = list(clock([], quarters))
    share = -(-len(deliveries) // len(moments))
    for number, now in enumerate(moments):
        for event in deliveries[number * share : (number + 1) * share]:
            tracker.touch(timeline.apply(event, event.event_id))
        tracker.advance(now)
    for entry in entries:
        told = tracker.answer(entry)
        if told is not None:
            rule, policy = entry.rule, entry.policy
            assert told == rule.evaluate(timeline, now, policy, zone=ZONE)


@pytest.mark.parametrize("rule", rules().values(), ids=rules())
@slow
@given(histories(), moments)
def test_a_fact_of_a_lane_that_is_not_an_input_changes_no_answer(rule, deliveries, now):
    """A rule's `inputs` are all it reads: the rest of the record may be left out."""
    whole, needed = Timeline(), Timeline()
    for event in deliveries:
        whole.apply(event, event.event_id)
    for fact in whole.facts():
        if lane_name(fact).startswith(tuple(rule.inputs)):
            needed.apply(fact, fact.event_id)
    for policy in rule.policies:
        told = rule.evaluate(whole, now, policy, zone=ZONE)
        assert told == rule.evaluate(needed, now, policy, zone=ZONE)
