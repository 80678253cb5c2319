"""SEP-1: the same in any order, blind to the future, and no sign fewer for one more."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.clinical.definitions.sep1 import LIMITS, SEP1, severe_sepsis
from streams.clinical.definitions.sep1_shock import septic_shock
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import (
    Assessment,
    Cancellation,
    Correction,
    CultureCollected,
    Fluid,
    Measurement,
    Medication,
    RespiratorySupport,
)
from streams.vocabulary.truth import FALSE, TRUE


NOON = datetime(2150, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVEN = settings(deadline=None, max_examples=120)

VALUES = {
    "temperature": (35.9, 36.0, 38.3, 38.4),
    "heart_rate": (90.0, 91.0),
    "resp_rate": (20.0, 21.0),
    "wbc": (3.9, 8.0, 12.1),
    "sbp": (80.0, 90.0, 131.0, 180.0),
    "map": (60.0, 65.0),
    "creatinine": (2.0, 2.1),
    "platelets": (99.0, 100.0),
    "lactate": (2.0, 2.1, 4.0),
    "weight": (80.0,),
}

measured = st.sampled_from(sorted(VALUES)).flatmap(
    lambda concept: st.sampled_from(VALUES[concept]).map(
        lambda value: (Measurement, {"concept": concept, "value": value})
    )
)
others = st.sampled_from(
    [
        (Assessment, {"concept": "suspected_infection", "value": 1.0}),
        (Assessment, {"concept": "suspected_infection", "value": 0.0}),
        (CultureCollected, {"culture_id": "c", "specimen": "BLOOD CULTURE"}),
        (
            Medication,
            {"stage": "given", "sent_drug": "cefepime", "antimicrobial": True},
        ),
        (RespiratorySupport, {"category": "invasive"}),
        (Fluid, {"direction": "out", "substance": "urine", "volume_ml": 20.0}),
        (Fluid, {"direction": "in", "substance": "crystalloid", "volume_ml": 2400.0}),
    ]
)
POLICIES = (
    SEP1,
    replace(SEP1, infection="documented"),
    replace(SEP1, infection="suspicion", pressure_drop="previous"),
    replace(SEP1, pressure_drop="not_judged"),
)
policies = st.sampled_from(POLICIES)


@st.composite
def presentations(draw):
    """Facts of a day and a half, each at its hour."""
    told = draw(st.lists(st.tuples(st.one_of(measured, others), st.integers(-12, 24))))
    return [
        kind(
            event_id=f"e{number}",
            happened_at=NOON + hour * HOUR,
            known_at=NOON + hour * HOUR,
            encounter="h",
            **content,
        )
        for number, ((kind, content), hour) in enumerate(told)
    ]


def made(facts):
    timeline = Timeline()
    for fact in facts:
        timeline.apply(fact, "m")
    return timeline


def told(facts, policy, now=None):
    timeline = made(facts)
    return [
        (one, septic_shock(timeline, one, policy=policy, now=now))
        for one in severe_sepsis(timeline, policy=policy, now=now)
    ]


@EVEN
@given(presentations(), policies, st.data())
def test_neither_order_nor_duplicates_change_it(facts, policy, data):
    again = data.draw(st.permutations([*facts, *facts[::2]]))
    assert told(facts, policy) == told(again, policy)


@EVEN
@given(presentations(), policies, st.data())
def test_what_was_mended_or_cancelled_never_was(facts, policy, data):
    whole = [f for f in facts if isinstance(f, Measurement)]
    if not whole:
        return
    meant = data.draw(st.sampled_from(whole))
    common = {"happened_at": meant.happened_at, "known_at": meant.known_at}
    wrong = replace(meant, value=999.0)
    mended = Correction(
        **common, event_id="x", version=1, corrects=meant.event_id, event=meant
    )
    stray = replace(meant, event_id="stray", concept="lactate", value=9.0)
    gone = Cancellation(**common, event_id="y", version=1, cancels="stray")
    rest = [f for f in facts if f is not meant]
    messy = data.draw(st.permutations([*rest, wrong, mended, stray, gone]))
    clean, found = (
        [
            (one.zero, one.evident_at, set(one.evidence), shock.shock, shock.at)
            for one, shock in told(which, policy)
        ]
        for which in (facts, messy)
    )
    assert clean == found


@EVEN
@given(presentations(), policies, st.integers(-12, 30))
def test_what_happens_later_is_not_seen(facts, policy, hour):
    now = NOON + hour * HOUR
    past = [f for f in facts if f.happened_at <= now]
    assert told(facts, policy, now) == told(past, policy, now)


@EVEN
@given(presentations(), policies, st.sampled_from(LIMITS), st.integers(-12, 24))
def test_one_sign_more_never_takes_it_away_nor_makes_it_later(
    facts, policy, limit, hour
):
    """But for pressures, of which another reading may be what it dropped from."""
    if limit.concept in {"sbp", "map"}:
        return
    step = 1.0 if limit.operator == ">" else -1.0
    at = NOON + hour * HOUR
    sign = Measurement(
        event_id="more",
        happened_at=at,
        known_at=at,
        encounter="h",
        concept=limit.concept,
        value=limit.limit + step,
    )
    before, after = told(facts, policy), told([*facts, sign], policy)
    assert len(before) <= len(after)
    for (one, _), (other, _) in zip(before, after, strict=False):
        assert other.zero <= one.zero


@EVEN
@given(presentations(), policies, st.sampled_from([4.0, 9.0]))
def test_a_higher_initial_lactate_never_ends_shock(facts, policy, higher):
    for one, shock in told(facts, policy):
        raised = [
            replace(f, value=max(higher, f.value))
            if isinstance(f, Measurement) and f.concept == "lactate"
            else f
            for f in facts
        ]
        again = septic_shock(made(raised), one, policy=policy)
        assert not (shock.shock is TRUE and again.shock is not TRUE)
        assert not (again.shock is FALSE and shock.shock is not FALSE)


@EVEN
@given(presentations(), policies)
def test_it_stands_on_facts_that_are_there_and_lie_within_six_hours(facts, policy):
    there = {fact.event_id for fact in facts}
    for one, shock in told(facts, policy):
        assert {*one.evidence, *shock.evidence} <= there
        moments = [s.at for s in (*one.inflammation, *one.organs)]
        assert len(one.inflammation) >= 2
        assert one.organs
        assert max([one.infection_at, *moments]) == one.zero
        assert all(one.zero - policy.within <= at for at in moments)
