"""A tracker says at every step what the definition says from scratch."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.clinical.definitions.policies import EMBER, MIMIC, VALIK_DOSES
from streams.clinical.definitions.tracker import Sepsis3Tracker, sepsis3
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import (
    Assessment,
    Cancellation,
    Condition,
    Correction,
    CultureCollected,
    CultureResult,
    Death,
    Encounter,
    Fluid,
    Infusion,
    Location,
    Measurement,
    Medication,
    RespiratorySupport,
)
from streams.vocabulary.facts import Flag


DAY = datetime(2150, 3, 1, tzinfo=UTC)
ESRD = "http://hl7.org/fhir/sid/icd-10-cm|N18.6"
CIRRHOSIS = "http://hl7.org/fhir/sid/icd-10-cm|K74.60"

POLICIES = {
    "ember": EMBER,
    "ember against the least score": replace(EMBER, baseline="cummin"),
    "ember at the hour's end": replace(EMBER, onset_at="hour_end"),
    "mimic of any code": replace(
        MIMIC,
        sofa=replace(MIMIC.sofa, codes=None, arterial=EMBER.sofa.arterial),
    ),
}

BASELINES = POLICIES | {
    "ember against the first score": replace(EMBER, baseline="start"),
    "ember against the day before": replace(EMBER, baseline="prior24"),
    "ember against the day before in the window": replace(
        EMBER, baseline="prior24", prior24_sees="window"
    ),
    "ember against admission": replace(
        EMBER, baseline="admission", came_with_infection=timedelta(hours=6)
    ),
    "mimic against the day before": replace(
        POLICIES["mimic of any code"], baseline="prior24"
    ),
    "mimic against admission": replace(
        POLICIES["mimic of any code"],
        baseline="admission",
        admission_score="first_score",
        came_with_infection=timedelta(hours=6),
    ),
}
"""Those, and each baseline that is read from the hours before."""

SUSPICIONS = {
    "ember by either sign": replace(
        EMBER, suspicion=replace(EMBER.suspicion, mode="either")
    ),
    "ember by positive cultures": replace(
        EMBER, suspicion=replace(EMBER.suspicion, cultures="positive", mode="culture")
    ),
    "ember by two antimicrobials": replace(
        EMBER, suspicion=replace(EMBER.suspicion, mode="antimicrobial", doses=2)
    ),
    "ember by Valik's doses": replace(EMBER, suspicion=VALIK_DOSES),
}
"""What tells of a suspicion; results, deaths and stays may decide."""

LEVELS = {
    "creatinine": [0.8, 1.5, 2.5, 4.0],
    "platelets": [300.0, 120.0, 70.0, 40.0],
    "bilirubin_total": [0.5, 3.0, 7.0],
    "map": [80.0, 60.0],
    "pao2": [90.0, 60.0],
    "fio2": [21.0, 50.0, 100.0],
    "heart_rate": [80.0],
    "o2_flow": [10.0],
}

moments = st.integers(0, 4 * 24 * 4).map(lambda q: DAY + timedelta(minutes=15 * q))
stays = st.sampled_from(
    [("a", "h"), ("b", "h"), (None, "h"), (None, "k"), (None, None)]
)


@st.composite
def measured(draw):
    concept = draw(st.sampled_from(sorted(LEVELS)))
    return Measurement, {
        "concept": concept,
        "value": draw(st.sampled_from(LEVELS[concept])),
        "comparator": draw(st.sampled_from([None, None, None, "<", ">"])),
        "specimen": "arterial",
    }


assessed = st.tuples(
    st.sampled_from(["gcs_eye", "gcs_verbal", "gcs_motor"]),
    st.sampled_from(
        [(1.0, None), (3.0, None), (None, "No Response-ETT"), (None, None)]
    ),
).map(lambda t: (Assessment, {"concept": t[0], "value": t[1][0], "text": t[1][1]}))

dripped = st.tuples(
    st.sampled_from(["started", "changed", "stopped"]),
    st.sampled_from(["i1", "i2"]),
    st.sampled_from([None, 0.0, 0.05, 0.3]),
).map(
    lambda t: (
        Infusion,
        {"phase": t[0], "infusion_id": t[1], "drug": "norepinephrine", "rate": t[2]},
    )
)

supported = st.sampled_from(
    [
        {"category": "invasive", "mode": "CMV"},
        {"category": "invasive", "device": "Endotracheal tube"},
        {"category": "oxygen", "device": "Nasal cannula"},
        {"category": "invasive", "phase": "stopped"},
    ]
).map(lambda told: (RespiratorySupport, told))

poured = st.tuples(
    st.sampled_from([("urine", "out"), ("gu_irrigant", "in")]),
    st.sampled_from([0.0, 40.0, 400.0]),
).map(
    lambda t: (Fluid, {"substance": t[0][0], "direction": t[0][1], "volume_ml": t[1]})
)

suspected = st.sampled_from(
    [
        (Medication, {"stage": "ordered", "sent_drug": "A", "antimicrobial": True}),
        (Medication, {"stage": "ordered", "sent_drug": "P", "antimicrobial": False}),
        (
            Medication,
            {
                "stage": "given",
                "sent_drug": "A",
                "antimicrobial": True,
                "order_id": "o",
            },
        ),
        *(
            (
                CultureResult,
                {"culture_id": culture, "status": "final", "positive": positive},
            )
            for culture in ("c0", "c1")
            for positive in (True, False)
        ),
        (Death, {"place": "hospital"}),
        (Death, {"flags": (Flag.DATE_ONLY,)}),
        (CultureCollected, {"culture_id": "c1", "specimen": "BLOOD CULTURE"}),
        (
            CultureCollected,
            {"culture_id": "c2", "specimen": "URINE", "flags": (Flag.DATE_ONLY,)},
        ),
    ]
)

about_the_stay = st.one_of(
    st.sampled_from(["entered", "left"]).map(
        lambda phase: (Location, {"phase": phase, "ward": "MICU", "level": "icu"})
    ),
    st.sampled_from(["registered", "admitted", "discharged", "cancelled"]).map(
        lambda phase: (Encounter, {"phase": phase, "encounter_class": "inpatient"})
    ),
    st.tuples(st.sampled_from([ESRD, CIRRHOSIS, "x|y"]), st.booleans()).map(
        lambda t: (Condition, {"code": t[0], "present": t[1]})
    ),
)

told = st.one_of(
    measured(),
    measured(),
    assessed,
    dripped,
    supported,
    poured,
    suspected,
    suspected,
    about_the_stay,
)


@st.composite
def facts(draw, event_id):
    kind, content = draw(told)
    happened_at = draw(moments)
    if Flag.DATE_ONLY in content.get("flags", ()):
        happened_at = happened_at.replace(hour=0, minute=0)
    stay, encounter = draw(stays)
    return kind(
        event_id=event_id,
        happened_at=happened_at,
        known_at=happened_at,
        stay=stay,
        encounter=encounter,
        **content,
    )


@st.composite
def admissions(draw):
    """An ICU stay with heart rates, and mostly a culture and an antimicrobial."""
    start, beat = draw(moments), {"concept": "heart_rate", "value": 90.0}
    told = [
        (0, Location, {"phase": "entered", "ward": "MICU", "level": "icu"}),
        (0, Encounter, {"phase": "admitted", "encounter_class": "inpatient"}),
        (1, Measurement, beat),
        (draw(st.integers(1, 200)), Measurement, beat),
    ]
    if draw(st.integers(0, 9)):
        culture = {"culture_id": "c0", "specimen": "BLOOD CULTURE"}
        drug = {"stage": "ordered", "sent_drug": "A", "antimicrobial": True}
        told += [
            (draw(st.integers(2, 150)), CultureCollected, culture),
            (draw(st.integers(2, 150)), Medication, drug),
        ]
    return [
        kind(
            event_id=f"a{number}",
            happened_at=start + timedelta(minutes=15 * quarter),
            known_at=start + timedelta(minutes=15 * quarter),
            stay="a",
            encounter="h",
            **content,
        )
        for number, (quarter, kind, content) in enumerate(told)
    ]


@st.composite
def histories(draw, max_size=25):
    """Deliveries: facts, second versions of them, cancellations, in any order."""
    deliveries = draw(admissions())
    for number in range(draw(st.integers(1, max_size))):
        old = [f"a{n}" for n in range(6)] + [f"e{n}" for n in range(number)]
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
            case _:
                deliveries.append(replace(event, event_id=f"e{number}"))
    return draw(st.permutations(deliveries))


def folded(deliveries):
    timeline = Timeline()
    for event in deliveries:
        timeline.apply(event, event.event_id)
    return timeline


slow = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)


EVERY = BASELINES | SUSPICIONS


@pytest.mark.parametrize("policy", EVERY.values(), ids=EVERY)
@slow
@given(histories(), st.lists(st.integers(0, 5 * 24 * 4), min_size=10, max_size=40))
def test_a_tracker_equals_from_scratch_at_every_step(policy, deliveries, steps):
    timeline, tracker = Timeline(), Sepsis3Tracker(policy)
    quarters = sorted(steps + [0] * max(0, len(deliveries) - len(steps)))
    waiting = list(deliveries)
    for quarter in quarters:
        now = DAY + timedelta(minutes=15 * quarter)
        if waiting:
            event = waiting.pop(0)
            tracker.touch(timeline.apply(event, event.event_id))
        result = tracker.evaluate(timeline, now)
        assert result == Sepsis3Tracker(policy).evaluate(timeline, now)
        assert result is tracker.evaluate(timeline, now)


@pytest.mark.parametrize("policy", EVERY.values(), ids=EVERY)
@slow
@given(histories(), st.integers(0, 5 * 24 * 4))
def test_what_is_said_not_to_matter_leaves_the_episodes(policy, deliveries, quarter):
    now = DAY + timedelta(minutes=15 * quarter)
    timeline, tracker = Timeline(), Sepsis3Tracker(policy)
    told = tracker.evaluate(timeline, now).episodes
    for event in deliveries:
        matters = tracker.touch(timeline.apply(event, event.event_id))
        scratch = Sepsis3Tracker(policy).evaluate(timeline, now).episodes
        if not matters:
            assert scratch == told
        told = scratch
        if matters:
            assert told == tracker.evaluate(timeline, now).episodes


FEWER = POLICIES | SUSPICIONS


@pytest.mark.parametrize("policy", FEWER.values(), ids=FEWER)
@slow
@given(histories())
def test_facts_that_have_not_happened_change_nothing(policy, deliveries):
    now = DAY + timedelta(days=2)
    facts = [e for e in deliveries if not isinstance(e, Correction | Cancellation)]
    past = [fact for fact in facts if fact.happened_at <= now]
    assert sepsis3(folded(past), policy=policy, now=now) == sepsis3(
        folded(facts), policy=policy, now=now
    )


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
@slow
@given(histories(), st.data())
def test_permuted_and_duplicated_deliveries_give_the_same_episodes(
    policy, deliveries, data
):
    again = deliveries + data.draw(st.lists(st.sampled_from(deliveries), max_size=4))
    shuffled = data.draw(st.permutations(again))
    assert sepsis3(folded(deliveries), policy=policy) == sepsis3(
        folded(shuffled), policy=policy
    )


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
@slow
@given(histories(max_size=15), st.data())
def test_a_wrong_record_that_is_corrected_gives_the_same_episodes(
    policy, deliveries, data
):
    """What was first sent wrongly leaves no trace once it is corrected."""
    clean = [e for e in deliveries if not isinstance(e, Correction | Cancellation)]
    clean = [replace(e, event_id=f"e{n}") for n, e in enumerate(clean)]
    wrong, mended = [], []
    for event in clean:
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
    assert sepsis3(folded(clean), policy=policy) == sepsis3(
        folded(data.draw(st.permutations(wrong + mended))), policy=policy
    )


@slow
@given(histories())
def test_an_episode_stands_on_facts_that_are_there(deliveries):
    timeline = folded(deliveries)
    for episode in sepsis3(timeline, policy=EMBER):
        assert episode.evidence
        assert all(timeline.fact(event_id) for event_id in episode.evidence)
        assert episode.score - episode.baseline >= EMBER.delta
        assert episode.lower <= episode.score <= episode.upper
        assert episode.onset_at <= episode.window_closes_at
