"""A late fact reaches the rows it can change, however far after it they lie."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from streams.clinical.definitions.policies import EMBER
from streams.clinical.definitions.tracker import Sepsis3Tracker, sepsis3
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import (
    Assessment,
    Cancellation,
    Condition,
    CultureCollected,
    Encounter,
    Fluid,
    Infusion,
    Location,
    Measurement,
    Medication,
    RespiratorySupport,
)
from streams.vocabulary.facts import Flag


MIDNIGHT = datetime(2150, 3, 1, tzinfo=UTC)
NOW = MIDNIGHT + timedelta(hours=47)


def fact(kind, hour, name=None, **told):
    at = MIDNIGHT + timedelta(hours=hour)
    told = {"encounter": "h", "stay": "s", **told}
    name = name or f"{kind.__name__}@{hour}{told.get('concept', '')}"
    return kind(event_id=name, happened_at=at, known_at=at, **told)


def value(concept, number, hour):
    return fact(Measurement, hour, concept=concept, value=number, specimen="arterial")


def scale(concept, number, hour, text=None):
    return fact(Assessment, hour, concept=concept, value=number, text=text)


def drip(phase, hour, rate=None):
    told = {"infusion_id": "i", "drug": "norepinephrine", "rate": rate}
    return fact(Infusion, hour, phase=phase, **told)


def urine(volume, hour):
    return fact(Fluid, hour, direction="out", substance="urine", volume_ml=volume)


SUSPICION = [
    fact(CultureCollected, 30, culture_id="c", specimen="BLOOD CULTURE"),
    fact(Medication, 31, stage="ordered", sent_drug="A", antimicrobial=True),
]

GCS = [
    scale("gcs_motor", 1.0, 40),
    scale("gcs_verbal", 1.0, 40, "No Response-ETT"),
    scale("gcs_eye", 1.0, 40),
]

CASES = {
    "oxygen charted before the gas": ([value("pao2", 60, 40)], value("fio2", 50, 37)),
    "ventilation charted before the gas": (
        [value("pao2", 60, 40), value("fio2", 50, 40), value("platelets", 140, 20)],
        fact(RespiratorySupport, 28, category="invasive"),
    ),
    "the coma scale before sedation": (
        GCS,
        fact(Assessment, 20, concept="gcs_total", value=8.0),
    ),
    "a drip begun long before": ([value("map", 80, 40)], drip("started", 2, 0.05)),
    "the stop of a drip that was taken for never run, as its only stop came first": (
        [drip("stopped", 10), drip("started", 36, 0.3)],
        drip("stopped", 44),
    ),
    "the volume from which a day's urine is counted": (
        [urine(50, 25.5), urine(50, 30), urine(50, 36), urine(50, 42)],
        urine(50, 18),
    ),
    "a value of the day before": (
        [value("platelets", 140, 29)],
        value("bilirubin_total", 1.5, 8),
    ),
    "kidneys that failed long ago": (
        [value("creatinine", 6, 40)],
        fact(
            Condition,
            1,
            code="http://hl7.org/fhir/sid/icd-10-cm|N186",
            encounter="before",
        ),
    ),
    "the stay the patient was in": (
        [value("creatinine", 6, 40)],
        fact(Location, 1, phase="entered", ward="MICU", level="icu"),
    ),
    "an earlier culture": (
        [value("creatinine", 6, 40)],
        fact(CultureCollected, 29, culture_id="d", specimen="URINE"),
    ),
    "an earlier antimicrobial": (
        [value("creatinine", 6, 40)],
        fact(Medication, 20, stage="ordered", sent_drug="B", antimicrobial=True),
    ),
    "the loss of what made the points": (
        [value("creatinine", 6, 40), value("creatinine", 4, 44)],
        fact(Cancellation, 40, "gone", cancels="Measurement@40creatinine", version=1),
    ),
    "a stop that came late": (
        [value("map", 80, 40), drip("started", 44, 0.05), value("platelets", 90, 46)],
        fact(
            Infusion,
            43,
            "stop",
            phase="stopped",
            infusion_id="i",
            drug="norepinephrine",
            flags=(Flag.STOP_BEFORE_START,),
        ),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_late_fact_changes_what_it_should(case):
    told, late = case
    timeline, tracker = Timeline(), Sepsis3Tracker(EMBER)
    for event in [*SUSPICION, *told]:
        tracker.touch(timeline.apply(event, event.event_id))
        tracker.evaluate(timeline, NOW)
    before = tracker.evaluate(timeline, NOW).episodes

    tracker.touch(timeline.apply(late, late.event_id))
    after = tracker.evaluate(timeline, NOW).episodes

    assert after == sepsis3(timeline, policy=EMBER, now=NOW)
    assert after != before


AGAINST_ADMISSION = replace(
    EMBER, baseline="admission", came_with_infection=timedelta(hours=6)
)

BASELINE_CASES = {
    "when the patient came": (
        AGAINST_ADMISSION,
        [value("platelets", 90, -28), value("platelets", 90, 32)],
        fact(Encounter, -30, phase="admitted", encounter_class="inpatient"),
    ),
    "the score at admission": (
        AGAINST_ADMISSION,
        [
            fact(Encounter, 1, phase="admitted", encounter_class="inpatient"),
            value("platelets", 90, 40),
        ],
        value("platelets", 90, 2),
    ),
    "the first score of the window": (
        replace(EMBER, baseline="start"),
        [value("map", 80, 20), value("platelets", 90, 32)],
        value("platelets", 140, 10),
    ),
    "the least score of the day before": (
        replace(EMBER, baseline="prior24"),
        [value("platelets", 90, 32)],
        value("map", 80, 5),
    ),
}


@pytest.mark.parametrize("case", BASELINE_CASES.values(), ids=BASELINE_CASES)
def test_a_late_fact_changes_the_baseline(case):
    policy, told, late = case
    timeline, tracker = Timeline(), Sepsis3Tracker(policy)
    for event in [*SUSPICION, *told]:
        tracker.touch(timeline.apply(event, event.event_id))
        tracker.evaluate(timeline, NOW)
    before = tracker.evaluate(timeline, NOW).episodes

    tracker.touch(timeline.apply(late, late.event_id))
    after = tracker.evaluate(timeline, NOW).episodes

    assert after == sepsis3(timeline, policy=policy, now=NOW)
    assert after != before


def test_a_later_window_counts_again_when_the_earlier_finds_nothing_more():
    timeline, tracker = Timeline(), Sepsis3Tracker(EMBER)
    again = fact(CultureCollected, 110, culture_id="d", specimen="URINE")
    drug = fact(Medication, 111, stage="ordered", sent_drug="B", antimicrobial=True)
    now = MIDNIGHT + timedelta(hours=140)
    events = [*SUSPICION, again, drug, value("platelets", 90, 112)]
    events += [value("creatinine", 6, 40), value("platelets", 40, 108)]
    events.append(
        fact(Cancellation, 40, "gone", cancels="Measurement@40creatinine", version=1)
    )
    onsets = []
    for event in events:
        tracker.touch(timeline.apply(event, event.event_id))
        result = tracker.evaluate(timeline, now)
        assert result.episodes == sepsis3(timeline, policy=EMBER, now=now)
        onsets += [
            (e.onset_at - MIDNIGHT) / timedelta(hours=1) for e in result.episodes
        ]
    assert onsets == [112, 40, 40, 108]


def test_what_has_not_happened_yet_is_due():
    timeline, tracker = Timeline(), Sepsis3Tracker(EMBER)
    tracker.evaluate(timeline, NOW - timedelta(days=1))
    for event in [*SUSPICION, value("creatinine", 6, 32)]:
        tracker.touch(timeline.apply(event, event.event_id))
    early = tracker.evaluate(timeline, MIDNIGHT + timedelta(hours=29))
    assert (early.episodes, early.due) == ((), MIDNIGHT + timedelta(hours=30))

    (found,) = tracker.evaluate(timeline, MIDNIGHT + timedelta(hours=32)).episodes
    assert found.onset_at == MIDNIGHT + timedelta(hours=32)


def test_an_episode_is_due_when_its_window_closes():
    timeline, tracker = Timeline(), Sepsis3Tracker(EMBER)
    for event in [*SUSPICION, value("creatinine", 6, 32)]:
        tracker.touch(timeline.apply(event, event.event_id))
    closes = MIDNIGHT + timedelta(hours=54)
    assert tracker.evaluate(timeline, NOW).due == closes
    assert tracker.evaluate(timeline, closes).due is None


def test_the_result_is_the_same_object_while_nothing_changes():
    timeline, tracker = Timeline(), Sepsis3Tracker(EMBER)
    for event in [*SUSPICION, value("creatinine", 6, 32)]:
        tracker.touch(timeline.apply(event, event.event_id))
    first = tracker.evaluate(timeline, NOW)
    later = value("creatinine", 7, 46)
    tracker.touch(timeline.apply(later, later.event_id))
    assert tracker.evaluate(timeline, NOW + timedelta(hours=2)) is first


def test_time_that_runs_back_starts_afresh():
    timeline, tracker = Timeline(), Sepsis3Tracker(EMBER)
    for event in [*SUSPICION, value("creatinine", 6, 32)]:
        tracker.touch(timeline.apply(event, event.event_id))
    assert len(tracker.evaluate(timeline, NOW).episodes) == 1
    assert tracker.evaluate(timeline, MIDNIGHT + timedelta(hours=31)).episodes == ()
