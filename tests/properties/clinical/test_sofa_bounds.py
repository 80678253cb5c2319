"""Worse is never better, and what is missing stays within the bounds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.clinical.definitions.policies import EMBER, MIMIC
from streams.clinical.scores.hours import hour_of
from streams.clinical.scores.sheet import Sheet
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import (
    Assessment,
    Cancellation,
    Correction,
    Infusion,
    Measurement,
    RespiratorySupport,
)


NOON = datetime(2150, 3, 1, 12, tzinfo=UTC)
LAST = hour_of(NOON + timedelta(hours=12))

WORSE_IS_LOWER = {"platelets", "map", "pao2", "gcs_eye", "gcs_verbal", "gcs_motor"}

values = {
    "platelets": st.floats(1, 500),
    "bilirubin_total": st.floats(0.1, 30),
    "creatinine": st.floats(0.1, 15),
    "map": st.floats(20, 150),
    "pao2": st.floats(20, 500),
    "fio2": st.floats(21, 100),
    "norepinephrine": st.floats(0, 1),
    "epinephrine": st.floats(0, 1),
    "dopamine": st.floats(0, 30),
    "dobutamine": st.floats(0, 30),
    "gcs_eye": st.integers(1, 4).map(float),
    "gcs_verbal": st.integers(1, 5).map(float),
    "gcs_motor": st.integers(1, 6).map(float),
}

DRIPS = {"norepinephrine", "epinephrine", "dopamine", "dobutamine"}


def fact(what, value, hour):
    at = NOON + timedelta(hours=hour)
    common = {"event_id": f"{what}@{hour}", "happened_at": at, "known_at": at}
    if what in DRIPS:
        return Infusion(
            **common, phase="started", infusion_id=what, drug=what, rate=value
        )
    if what.startswith("gcs"):
        return Assessment(**common, concept=what, value=value)
    if what == "support":
        return RespiratorySupport(**common, category=value)
    return Measurement(**common, concept=what, value=value, specimen="arterial")


def day(known, policy=EMBER.sofa):
    """SOFA over twelve hours of these facts, keyed by what and hour."""
    return told(
        [fact(what, value, hour) for (what, hour), value in known.items()], policy
    )


def told(facts, policy):
    timeline = Timeline()
    for one in facts:
        timeline.apply(one, "m")
    return Sheet(timeline, policy).day(LAST)


@st.composite
def records(draw, without=frozenset()):
    names = draw(st.sets(st.sampled_from(sorted(values.keys() - without))))
    known = {}
    for name in sorted(names):
        hours = [0] if name in DRIPS else draw(st.sets(st.integers(0, 11), min_size=1))
        for hour in hours:
            known[name, hour] = draw(values[name])
    if draw(st.booleans()):
        known["support", 0] = draw(st.sampled_from(["invasive", "oxygen"]))
    return known


@settings(deadline=None, max_examples=200)
@given(records(), st.sampled_from([EMBER.sofa, MIMIC.sofa]), st.data())
def test_a_worse_value_of_one_input_never_lowers_the_score(known, policy, data):
    policy = replace(policy, codes=None, arterial=EMBER.sofa.arterial)
    inputs = sorted(key for key in known if key[0] != "support")
    if not inputs:
        return
    what, hour = data.draw(st.sampled_from(inputs))
    if policy.gcs == "assume_normal" and what.startswith("gcs"):
        return
    better, worse = sorted((known[what, hour], data.draw(values[what])))
    if what in WORSE_IS_LOWER:
        better, worse = worse, better
    before = day(known | {(what, hour): better}, policy)
    after = day(known | {(what, hour): worse}, policy)
    assert before.total <= after.total
    for one, other in zip(before.components, after.components, strict=True):
        assert one.lower <= other.lower
        # A rate of 0 says nothing, so that a rate that scores tells more.
        assert what in DRIPS or one.upper <= other.upper


MISSING = ["platelets", "bilirubin_total", "creatinine", "map", "pao2", "gcs"]


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(MISSING), st.integers(0, 11), st.data())
def test_any_value_of_a_missing_input_keeps_the_total_within_the_bounds(
    missing, hour, data
):
    lacking = {name for name in values if name.startswith(missing)}
    known = data.draw(records(without=frozenset(lacking)))
    before = day(known)
    for name in sorted(lacking):
        known[name, hour] = data.draw(values[name])
    after = day(known)
    lower = sum(c.lower for c in before.components)
    upper = sum(c.upper for c in before.components)
    assert lower <= before.total <= upper
    assert lower <= after.total <= upper


@settings(deadline=None, max_examples=100)
@given(records(), st.sampled_from([EMBER.sofa, MIMIC.sofa]), st.data())
def test_order_duplicates_and_corrections_change_nothing(known, policy, data):
    policy = replace(policy, codes=None, arterial=EMBER.sofa.arterial)
    clean = [fact(what, value, hour) for (what, hour), value in known.items()]
    messy = [*clean, *clean[::2]]
    measured = [f for f in clean if isinstance(f, Measurement)]
    if measured:
        meant = data.draw(st.sampled_from(measured))
        moments = {"happened_at": meant.happened_at, "known_at": meant.known_at}
        wrong = replace(meant, value=1.0)
        messy = [wrong if f is meant else f for f in messy]
        mended = {"corrects": meant.event_id, "event": meant, "version": 1}
        messy.append(Correction(**moments, **mended, event_id="mended"))
        messy.append(replace(meant, event_id="never", value=1.0))
        messy.append(
            Cancellation(**moments, event_id="gone", version=1, cancels="never")
        )
    messy = data.draw(st.permutations(messy))
    one, other = told(clean, policy), told(messy, policy)
    assert one.missing == other.missing
    assert [_plain(c) for c in one.components] == [_plain(c) for c in other.components]


def _plain(component):
    """But for the name of the event, which is the correction's where one was mended."""
    return (component.name, component.points, component.lower, component.upper)
