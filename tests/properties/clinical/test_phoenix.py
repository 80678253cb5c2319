"""Phoenix: worse is never better, bounds hold, and order of arrival means nothing."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.clinical.definitions.phoenix_sepsis import (
    DERIVATION,
    PHOENIX_SEPSIS,
    phoenix_sepsis,
)
from streams.clinical.scores.phoenix.inputs import Numbers
from streams.clinical.scores.phoenix.policy import PACKAGE, PHOENIX
from streams.clinical.scores.phoenix.score import phoenix8, phoenix8_of
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import (
    Cancellation,
    Correction,
    CultureCollected,
    Infusion,
    Measurement,
    Medication,
    RespiratorySupport,
)
from streams.vocabulary.truth import TRUE, UNKNOWN


NOON = datetime(2150, 3, 1, 12, tzinfo=UTC)

WORSE_IS_HIGHER = {
    "imv": st.booleans(),
    "other_respiratory_support": st.booleans(),
    "vasoactives": st.integers(0, 6),
    "lactate": st.floats(0, 30),
    "inr": st.floats(0, 10),
    "d_dimer": st.floats(0, 20),
    "fixed_pupils": st.booleans(),
    "creatinine": st.floats(0, 5),
    "bilirubin": st.floats(0, 20),
    "alt": st.floats(0, 500),
}
WORSE_IS_LOWER = {
    "pf_ratio": st.floats(1, 600),
    "sf_ratio": st.floats(1, 480),
    "map": st.floats(1, 120),
    "platelets": st.floats(0, 500),
    "fibrinogen": st.floats(0, 600),
    "gcs": st.integers(3, 15),
    "anc": st.floats(0, 10),
    "alc": st.floats(0, 10),
}
NEITHER = {"age": st.floats(0, 215), "glucose": st.floats(5, 400)}
INPUTS = WORSE_IS_HIGHER | WORSE_IS_LOWER | NEITHER

children = st.fixed_dictionaries({}, optional=INPUTS)
policies = st.sampled_from([PHOENIX, PACKAGE, replace(PHOENIX, ratios="pf_first")])


def points(known, policy):
    return phoenix8_of(Numbers(**known), policy=policy)


def test_every_plain_number_has_a_strategy():
    assert {field.name for field in fields(Numbers)} == INPUTS.keys()


@settings(deadline=None, max_examples=400)
@given(children, policies, st.sampled_from(sorted(INPUTS.keys() - NEITHER)), st.data())
def test_a_worse_value_of_one_input_never_lowers_the_score(known, policy, what, data):
    better, worse = sorted((data.draw(INPUTS[what]), data.draw(INPUTS[what])))
    if what in WORSE_IS_LOWER:
        better, worse = worse, better
    before = points(known | {what: better}, policy)
    after = points(known | {what: worse}, policy)
    for one, other in zip(before, after, strict=True):
        assert (one.points or 0) <= (other.points or 0)
        assert one.lower <= other.lower
        assert one.upper <= other.upper


@settings(deadline=None, max_examples=400)
@given(children, st.sampled_from(sorted(INPUTS)), st.data())
def test_any_value_of_a_missing_input_stays_within_the_bounds(known, what, data):
    known.pop(what, None)
    before = points(known, PHOENIX)
    after = points(known | {what: data.draw(INPUTS[what])}, PHOENIX)
    for one, other in zip(before, after, strict=True):
        assert one.lower <= other.lower <= other.upper <= one.upper
        assert one.lower == (one.points or 0)


@settings(deadline=None, max_examples=400)
@given(children, st.fixed_dictionaries(INPUTS))
def test_the_whole_patient_lies_within_the_bounds_of_any_part_of_it(known, rest):
    whole = points(rest | known, PHOENIX)
    for part, full in zip(points(known, PHOENIX), whole, strict=True):
        assert full.lower == full.points == full.upper
        assert part.lower <= full.points <= part.upper


# -- timelines -----------------------------------------------------------------

MEASURED = {
    "age": st.sampled_from([0.5, 11.99, 30.0, 143.9]),
    "pao2": st.floats(30, 400),
    "spo2": st.integers(60, 100).map(float),
    "fio2": st.integers(21, 100).map(float),
    "lactate": st.floats(0, 20),
    "map": st.floats(10, 90),
    "sbp": st.floats(20, 120),
    "dbp": st.floats(10, 80),
    "platelets": st.floats(1, 500),
    "inr": st.floats(0.5, 5),
    "pupils_fixed": st.sampled_from([0.0, 1.0]),
    "creatinine": st.floats(0.1, 3),
    "gestational_age": st.floats(24, 42),
}
DRUGS = ("norepinephrine", "milrinone", "phenylephrine")


@st.composite
def facts(draw):
    number = draw(st.integers(0, 30))
    at = NOON + timedelta(minutes=draw(st.integers(-40 * 60, 60)))
    name = f"f{draw(st.integers(0, 10_000))}-{number}"
    common = {
        "event_id": name,
        "happened_at": at,
        "known_at": at,
        "encounter": draw(st.sampled_from(["h", "g"])),
    }
    kind = draw(st.sampled_from(["measured"] * 6 + ["support", "drug", "infection"]))
    if kind == "support":
        said = draw(st.sampled_from(["invasive", "hfnc", "none"]))
        return RespiratorySupport(**common, category=said)
    if kind == "drug":
        drug = draw(st.sampled_from(DRUGS))
        phase = draw(st.sampled_from(["started", "changed", "stopped"]))
        rate = draw(st.sampled_from([None, 0.0, 0.5]))
        return Infusion(**common, phase=phase, infusion_id=drug, drug=drug, rate=rate)
    if kind == "infection":
        if draw(st.booleans()):
            return CultureCollected(**common, culture_id=name, specimen="BLOOD")
        stage = draw(st.sampled_from(["given", "ordered"]))
        return Medication(**common, stage=stage, sent_drug="x", antimicrobial=True)
    concept = draw(st.sampled_from(sorted(MEASURED)))
    value = draw(MEASURED[concept])
    return Measurement(**common, concept=concept, value=value, specimen="arterial")


records = st.lists(facts(), max_size=25, unique_by=lambda fact: fact.event_id)


def timeline_of(deliveries):
    timeline = Timeline()
    for number, event in enumerate(deliveries):
        timeline.apply(event, f"{event.event_id}-{event.version}-{number}")
    return timeline


def answers(timeline):
    return (
        phoenix8(timeline, NOON),
        phoenix8(timeline, NOON, policy=replace(PACKAGE, pick="worst")),
        phoenix_sepsis(timeline, now=NOON),
        phoenix_sepsis(timeline, policy=DERIVATION, now=NOON),
    )


@settings(deadline=None, max_examples=60)
@given(records, st.data())
def test_order_duplicates_and_corrections_change_nothing(record, data):
    """What was entered wrong and corrected, or cancelled, is as if it never was."""
    wrong = [
        Correction(
            event_id=f"c-{fact.event_id}",
            happened_at=fact.happened_at,
            known_at=fact.known_at,
            version=1,
            corrects=fact.event_id,
            event=fact,
        )
        for fact in record[::3]
    ]
    spoiled = [replace(c.event, happened_at=NOON - timedelta(days=9)) for c in wrong]
    never = [
        Measurement(
            event_id="never",
            happened_at=NOON,
            known_at=NOON,
            concept="lactate",
            value=30.0,
        ),
        Cancellation(
            event_id="undo", happened_at=NOON, known_at=NOON, version=1, cancels="never"
        ),
    ]
    kept = [fact for index, fact in enumerate(record) if index % 3]
    messy = [*kept, *kept[::2], *spoiled, *wrong, *never]
    shuffled = data.draw(st.permutations(messy))
    expected = answers(timeline_of(record))
    assert expected == answers(timeline_of(shuffled))


@settings(deadline=None, max_examples=60)
@given(records)
def test_what_happens_later_says_nothing_of_now(record):
    past = [fact for fact in record if fact.happened_at <= NOON]
    assert answers(timeline_of(past)) == answers(timeline_of(record))


@settings(deadline=None, max_examples=60)
@given(records, st.integers(0, 48))
def test_sepsis_once_told_stays_told(record, hours):
    """As time goes on, on the same facts; only a correction can take it back."""
    timeline = timeline_of(record)
    early = phoenix_sepsis(timeline, now=NOON - timedelta(hours=hours))
    late = {a.encounter: a for a in phoenix_sepsis(timeline, now=NOON)}
    for answer in early:
        if answer.sepsis is TRUE and answer.population.applies is TRUE:
            then = late[answer.encounter]
            grown = then.population.applies is not TRUE  # its age was charted anew
            assert grown or (then.sepsis, then.onset_at) == (TRUE, answer.onset_at)


@settings(deadline=None, max_examples=60)
@given(records, st.sampled_from([PHOENIX_SEPSIS, DERIVATION]))
def test_shock_is_sepsis_and_both_need_infection_and_points(record, policy):
    for answer in phoenix_sepsis(timeline_of(record), policy=policy, now=NOON):
        if answer.shock is TRUE:
            assert answer.sepsis is TRUE
            assert answer.shock_at >= answer.onset_at >= answer.suspicion_at
        if answer.sepsis is TRUE:
            assert answer.score.total >= 2
            assert answer.dysfunction_at <= answer.onset_at
            assert answer.final_at >= answer.onset_at
        assert answer.sepsis is not UNKNOWN or answer.onset_at is None
