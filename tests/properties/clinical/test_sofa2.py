"""SOFA-2: worse is never better, order does not matter, what is missing is bounded."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.clinical.scores.sofa2.policy import CLIFPY, SOFA2
from streams.clinical.scores.sofa2.sofa2 import sofa2, sofa2_days
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import (
    Assessment,
    Correction,
    Fluid,
    Infusion,
    Measurement,
    Medication,
    RespiratorySupport,
)


NOON = datetime(2150, 3, 2, 12, tzinfo=UTC)

MEASURED = {
    "platelets": st.floats(1, 400),
    "bilirubin_total": st.floats(0.1, 30),
    "creatinine": st.floats(0.1, 10),
    "potassium": st.floats(2, 9),
    "ph_arterial": st.floats(6.8, 7.7),
    "bicarbonate": st.floats(2, 40),
    "map": st.floats(20, 150),
    "pao2": st.floats(20, 500),
    "spo2": st.floats(50, 100),
    "fio2": st.floats(21, 100),
}
SCALES = {
    "gcs_total": st.integers(3, 15).map(float),
    "gcs_motor": st.integers(1, 6).map(float),
}
DRIPS = {
    "norepinephrine": st.floats(0, 1),
    "epinephrine": st.floats(0, 1),
    "dopamine": st.floats(0, 60),
    "dobutamine": st.floats(0, 30),
    "vasopressin": st.floats(0, 0.1),
}
URINE = {"urine": st.floats(0, 400)}
VALUES = MEASURED | SCALES | DRIPS | URINE

WORSE_IS_LOWER = {
    *("platelets", "map", "pao2", "spo2", "ph_arterial", "bicarbonate"),
    *SCALES,
    *URINE,
}

MONOTONE = replace(SOFA2, dopamine="always")
"""As published a second drug can take points away (footnote l): see the manual."""

POLICIES = [MONOTONE, replace(CLIFPY, dopamine="always")]


def fact(key, value):
    what, hour = key
    at = NOON + timedelta(hours=hour)
    common = {"event_id": f"{what}@{hour}", "happened_at": at, "known_at": at}
    if what in DRIPS or what == "propofol":
        return Infusion(
            **common, phase="started", infusion_id=what, drug=what, rate=value
        )
    if what in SCALES:
        return Assessment(**common, concept=what, value=value)
    if what == "support":
        return RespiratorySupport(**common, category=value)
    if what == "urine":
        return Fluid(**common, direction="out", substance="urine", volume_ml=value)
    if what == "haloperidol":
        return Medication(**common, stage="given", drug=what, sent_drug=what)
    specimen = "arterial" if what == "pao2" else None
    return Measurement(**common, concept=what, value=value, specimen=specimen)


def timeline_of(known):
    timeline = Timeline()
    for key, value in known.items():
        timeline.apply(fact(key, value), "m")
    return timeline


def scored(known, policy):
    return sofa2(timeline_of(known), NOON, policy=policy)


@st.composite
def records(draw):
    """Facts of a day by what and hour; drips begin in it and go on."""
    known = {}
    for name in sorted(draw(st.sets(st.sampled_from(sorted(VALUES))))):
        most = 1 if name in DRIPS else 4
        hours = draw(st.sets(st.integers(-20, 0), min_size=1, max_size=most))
        if name == "urine":
            hours = range(-32, 1, draw(st.sampled_from([1, 3])))
        for hour in sorted(hours):
            known[name, hour] = draw(VALUES[name])
    for name, hour, values in (
        ("support", -22, st.sampled_from(["invasive", "hfnc", "oxygen", "none"])),
        ("weight", -40, st.floats(40, 150)),
        ("propofol", -6, st.just(20.0)),
        ("haloperidol", -3, st.just(5.0)),
    ):
        if draw(st.booleans()):
            known[name, hour] = draw(values)
    return known


@settings(deadline=None, max_examples=300)
@given(records(), st.sampled_from(POLICIES), st.data())
def test_a_worse_value_of_one_input_never_lowers_the_score(known, policy, data):
    inputs = sorted(key for key in known if key[0] in VALUES)
    if not inputs:
        return
    key = data.draw(st.sampled_from(inputs))
    better, worse = sorted((known[key], data.draw(VALUES[key[0]])))
    if key[0] in WORSE_IS_LOWER:
        better, worse = worse, better
    before = scored(known | {key: better}, policy)
    after = scored(known | {key: worse}, policy)
    for one, other in zip(before.components, after.components, strict=True):
        assert one.lower <= other.lower
        # What was not told before (SpO2 of 99 %, a rate of 0) narrows what may be.
        if one.points is not None and key[0] not in DRIPS:
            assert one.upper <= other.upper or before.missing != after.missing
    assert before.total <= after.total


MISSING = {
    "gcs": ["gcs_total"],
    "pao2_fio2": ["pao2", "fio2"],
    "respiratory_support": ["support"],
    "map": ["map"],
    "bilirubin_total": ["bilirubin_total"],
    "creatinine": ["creatinine"],
    "potassium": ["potassium"],
    "ph_arterial": ["ph_arterial"],
    "bicarbonate": ["bicarbonate"],
    "platelets": ["platelets"],
    "urine": ["urine"],
    "weight": ["weight"],
}
ADDED = VALUES | {
    "support": st.sampled_from(["invasive", "oxygen", "none"]),
    "weight": st.floats(40, 150),
}


@settings(deadline=None, max_examples=300)
@given(records(), st.data())
def test_any_value_of_a_missing_input_keeps_every_organ_within_its_bounds(known, data):
    before = scored(known, MONOTONE)
    assert set(before.missing) <= set(MISSING)
    if not before.missing:
        return
    name = data.draw(st.sampled_from(before.missing))
    for what in MISSING[name]:
        hour = -45 if what in {"weight", "support"} else data.draw(st.integers(-20, 0))
        hours = range(-30, 1) if what == "urine" else [hour]
        for one in hours:
            known.setdefault((what, one), data.draw(ADDED[what]))
    after = scored(known, MONOTONE)
    for one, other in zip(before.components, after.components, strict=True):
        assert one.lower <= (other.points or 0) <= one.upper
        assert one.lower <= other.lower
        assert other.upper <= one.upper
    assert before.lower <= after.total <= before.upper


@settings(deadline=None, max_examples=100)
@given(records(), st.sampled_from([SOFA2, CLIFPY]), st.randoms(use_true_random=False))
def test_order_duplicates_and_corrections_leave_the_same_days(known, policy, chance):
    start, until = NOON - timedelta(hours=50), NOON + timedelta(hours=6)
    expected = sofa2_days(timeline_of(known), start, until, policy=policy)
    deliveries = []
    for key, value in known.items():
        right = fact(key, value)
        deliveries += [right] * chance.choice([1, 1, 2])
        if isinstance(right, Measurement) and chance.random() < 0.3:
            wrong = replace(right, value=right.value + 1)
            deliveries[-1:] = [wrong]
            deliveries = [d for d in deliveries if d != right]
            deliveries.append(
                Correction(
                    event_id=f"c-{right.event_id}",
                    happened_at=right.happened_at,
                    known_at=right.known_at,
                    version=1,
                    corrects=right.event_id,
                    event=right,
                )
            )
    chance.shuffle(deliveries)
    timeline = Timeline()
    for number, event in enumerate(deliveries):
        timeline.apply(event, f"m{number}")
    assert sofa2_days(timeline, start, until, policy=policy) == expected


@settings(deadline=None, max_examples=100)
@given(records(), st.sampled_from([SOFA2, CLIFPY]))
def test_the_total_lies_within_its_bounds_on_every_day(known, policy):
    start, until = NOON - timedelta(hours=50), NOON + timedelta(hours=6)
    for day in sofa2_days(timeline_of(known), start, until, policy=policy):
        assert 0 <= day.score.lower <= day.score.total <= day.score.upper <= 24
