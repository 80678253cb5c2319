"""The scores of the ward: order does not matter, worse is never better, what is missing
stays within the bounds, and what happens later is not seen."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.clinical.scores.gcs_sedation import SedationPolicy
from streams.clinical.scores.news2 import NEWS2, news2, response
from streams.clinical.scores.norepinephrine_equivalent import (
    POLICIES,
    VASOPRESSORS,
    norepinephrine_equivalent,
)
from streams.clinical.scores.oxygenation import (
    OXYGENATION,
    imputed_pf_ratios,
    pf_ratios,
    sf_ratios,
)
from streams.clinical.scores.pressure import computed_mean, mean_pressures
from streams.clinical.scores.qsofa import QSOFA, RICU_QSOFA, qsofa
from streams.clinical.scores.sirs import ADRENAL_SIRS, SEP1_SIRS, SIRS, sirs
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

NUMBERS = {
    "resp_rate": st.floats(0, 60),
    "spo2": st.floats(50, 100),
    "sbp": st.floats(40, 280),
    "dbp": st.floats(20, 180),
    "map": st.floats(20, 200),
    "heart_rate": st.floats(20, 220),
    "temperature": st.floats(30, 42),
    "wbc": st.floats(0, 40),
    "bands_pct": st.floats(0, 40),
    "paco2": st.floats(15, 90),
    "pao2": st.floats(30, 500),
    "fio2": st.floats(21, 100),
    "o2_flow": st.floats(0, 15),
    "gcs_total": st.integers(3, 15).map(float),
    "news2_spo2_scale": st.sampled_from([1.0, 2.0]),
}
WORDS = {
    "acvpu": st.sampled_from(["A", "C", "V", "P", "U", "?"]),
    "category": st.sampled_from(["none", "oxygen", "hfnc", "cpap", "invasive"]),
}
CONCEPTS = NUMBERS | WORDS

SCORES = [
    (qsofa, QSOFA),
    (qsofa, RICU_QSOFA),
    (sirs, SIRS),
    (sirs, SEP1_SIRS),
    (sirs, ADRENAL_SIRS),
    (news2, NEWS2),
    (news2, replace(NEWS2, oxygen_unsaid="air")),
    (news2, replace(NEWS2, spo2_scale="2")),
]


def fact(concept, value, hour, name=None, version=0):
    at = NOON + timedelta(hours=hour)
    name = name or f"{concept}@{hour}"
    common = {
        "event_id": name,
        "happened_at": at,
        "known_at": at,
        "version": version,
    }
    if concept == "category":
        return RespiratorySupport(**common, category=value)
    if concept == "acvpu":
        return Assessment(**common, concept=concept, text=value)
    if concept in {"gcs_total", "news2_spo2_scale"}:
        return Assessment(**common, concept=concept, value=value)
    return Measurement(**common, concept=concept, value=value, specimen="arterial")


def timeline_of(facts):
    timeline = Timeline()
    for number, one in enumerate(facts):
        timeline.apply(one, f"m{number}")
    return timeline


@st.composite
def records(draw, without=frozenset()):
    """Facts by concept and hour, from six hours before noon to two after."""
    names = draw(st.sets(st.sampled_from(sorted(CONCEPTS.keys() - without))))
    return {
        (name, hour): draw(CONCEPTS[name])
        for name in sorted(names)
        for hour in draw(st.sets(st.integers(-6, 2), min_size=1, max_size=3))
    }


def facts_of(known):
    return [fact(concept, value, hour) for (concept, hour), value in known.items()]


def bounds(score):
    return score.lower, score.total, score.upper


@settings(deadline=None, max_examples=150)
@given(
    records(), st.sampled_from(SCORES), st.sampled_from(["latest", "worst"]), st.data()
)
def test_order_and_duplicates_change_nothing(known, scored, pick, data):
    score, policy = scored
    policy = replace(policy, pick=pick)
    facts = facts_of(known)
    shuffled = data.draw(st.permutations([*facts, *facts[: len(facts) // 2]]))
    before = score(timeline_of(facts), NOON, policy=policy)
    assert before == score(timeline_of(shuffled), NOON, policy=policy)


@settings(deadline=None, max_examples=100)
@given(records(), st.sampled_from(SCORES), st.data())
def test_a_correction_is_as_if_it_had_been_right_at_first(known, scored, data):
    score, policy = scored
    if not known:
        return
    concept, hour = data.draw(st.sampled_from(sorted(known)))
    right = data.draw(CONCEPTS[concept])
    meant = fact(concept, right, hour)
    corrected = Correction(
        event_id="c",
        happened_at=meant.happened_at,
        known_at=meant.known_at,
        version=1,
        corrects=meant.event_id,
        event=meant,
    )
    mended = timeline_of([corrected, *facts_of(known)])
    clean = timeline_of(facts_of(known | {(concept, hour): right}))
    assert score(clean, NOON, policy=policy) == score(mended, NOON, policy=policy)


@settings(deadline=None, max_examples=100)
@given(records(), st.sampled_from(SCORES), st.data())
def test_a_cancelled_fact_never_was(known, scored, data):
    score, policy = scored
    if not known:
        return
    key = data.draw(st.sampled_from(sorted(known)))
    gone = fact(key[0], known[key], key[1])
    never = Cancellation(
        event_id="c",
        happened_at=gone.happened_at,
        known_at=gone.known_at,
        version=1,
        cancels=gone.event_id,
    )
    without = timeline_of(facts_of({k: v for k, v in known.items() if k != key}))
    cancelled = timeline_of([*facts_of(known), never])
    assert score(without, NOON, policy=policy) == score(cancelled, NOON, policy=policy)


@settings(deadline=None, max_examples=100)
@given(records(), st.sampled_from(SCORES))
def test_what_happens_later_is_not_seen(known, scored):
    score, policy = scored
    now = {key: value for key, value in known.items() if key[1] <= 0}
    assert score(timeline_of(facts_of(now)), NOON, policy=policy) == score(
        timeline_of(facts_of(known)), NOON, policy=policy
    )


@settings(deadline=None, max_examples=100)
@given(records(), st.sampled_from(SCORES))
def test_the_total_lies_between_its_bounds_and_what_is_missing_is_named(known, scored):
    score, policy = scored
    found = score(timeline_of(facts_of(known)), NOON, policy=policy)
    assert found.lower <= found.total <= found.upper
    for part in found.components:
        assert part.lower <= (part.points or 0) <= part.upper
        assert part.points is not None or found.missing
    if score is news2:
        least, most = response(found)
        assert list(type(least)).index(least) <= list(type(most)).index(most)


# -- worse is never better -----------------------------------------------------

WORSE = {
    # score: (concept, where normal begins, direction)
    qsofa: [("resp_rate", 0, "up"), ("sbp", 300, "down"), ("gcs_total", 15, "down")],
    sirs: [
        ("temperature", 37, "up"),
        ("temperature", 37, "down"),
        ("heart_rate", 0, "up"),
        ("resp_rate", 0, "up"),
        ("paco2", 90, "down"),
        ("wbc", 8, "up"),
        ("wbc", 8, "down"),
        ("bands_pct", 0, "up"),
    ],
    news2: [
        ("resp_rate", 16, "up"),
        ("resp_rate", 16, "down"),
        ("spo2", 100, "down"),
        ("sbp", 150, "up"),
        ("sbp", 150, "down"),
        ("heart_rate", 70, "up"),
        ("heart_rate", 70, "down"),
        ("temperature", 37, "up"),
        ("temperature", 37, "down"),
        ("gcs_total", 15, "down"),
    ],
}


@settings(deadline=None, max_examples=300)
@given(records(), st.sampled_from(SCORES), st.data())
def test_a_worse_value_of_one_input_never_lowers_the_score(known, scored, data):
    score, policy = scored
    concept, normal, way = data.draw(st.sampled_from(WORSE[score]))
    if concept == "spo2":  # on scale 2 a high value may be the worse one
        policy = replace(policy, spo2_scale="1")
    hour = data.draw(st.integers(-6, 0))
    drawn = sorted(data.draw(NUMBERS[concept]) for _ in range(2))
    if way == "up":
        better, worse = (max(value, normal) for value in drawn)
    else:
        worse, better = (min(value, normal) for value in drawn)
    before = score(
        timeline_of(facts_of(known | {(concept, hour): better})), NOON, policy=policy
    )
    after = score(
        timeline_of(facts_of(known | {(concept, hour): worse})), NOON, policy=policy
    )
    assert before.total <= after.total
    for one, other in zip(before.components, after.components, strict=True):
        assert one.lower <= other.lower
        assert one.upper <= other.upper


@settings(deadline=None, max_examples=150)
@given(records(without=frozenset({"spo2", "fio2", "o2_flow", "category"})), st.data())
def test_on_scale_two_oxygen_never_lowers_the_score(known, data):
    policy = replace(NEWS2, spo2_scale="2")
    known = known | {("spo2", 0): data.draw(NUMBERS["spo2"])}
    air, oxygen = (
        news2(
            timeline_of(facts_of(known | {("category", 0): kind})), NOON, policy=policy
        )
        for kind in ("none", "oxygen")
    )
    assert air.total + 2 <= oxygen.total


# -- what is missing -----------------------------------------------------------

INPUTS = {
    qsofa: [{"resp_rate"}, {"sbp"}, {"gcs_total", "acvpu"}],
    sirs: [
        {name}
        for name in (
            "temperature",
            "heart_rate",
            "resp_rate",
            "paco2",
            "wbc",
            "bands_pct",
        )
    ],
    news2: [
        {"resp_rate"},
        {"spo2"},
        {"category", "fio2", "o2_flow"},
        {"sbp"},
        {"heart_rate"},
        {"gcs_total", "acvpu"},
        {"temperature"},
    ],
}


@settings(deadline=None, max_examples=300)
@given(st.sampled_from([s for s in SCORES if s[1].missing == "unknown"]), st.data())
def test_any_value_of_a_missing_input_keeps_the_total_within_the_bounds(scored, data):
    score, policy = scored
    if getattr(policy, "oxygen_unsaid", None) == "air":
        policy = replace(policy, oxygen_unsaid="unknown")
    lacking = data.draw(st.sampled_from(INPUTS[score]))
    known = data.draw(records(without=frozenset(lacking)))
    before = score(timeline_of(facts_of(known)), NOON, policy=policy)
    told = data.draw(st.sampled_from(sorted(lacking)))
    known |= {(told, data.draw(st.integers(-6, 0))): data.draw(CONCEPTS[told])}
    after = score(timeline_of(facts_of(known)), NOON, policy=policy)
    assert before.lower <= after.lower <= after.total <= after.upper <= before.upper


@settings(deadline=None, max_examples=100)
@given(records(), st.sampled_from(["pre_sedation", "motor_only", "unknown"]))
def test_a_reading_of_sedation_says_nothing_of_the_awake(known, gcs_sedation):
    policy = replace(QSOFA, sedation=SedationPolicy(gcs_sedation=gcs_sedation))
    timeline = timeline_of(facts_of(known))
    assert bounds(qsofa(timeline, NOON)) == bounds(qsofa(timeline, NOON, policy=policy))


# -- pressure, oxygen, vasopressors --------------------------------------------


@given(st.floats(30, 300), st.floats(10, 200))
def test_a_computed_mean_lies_between_its_pressures(systolic, diastolic):
    mean = computed_mean(systolic, diastolic)
    assert (mean is None) == (systolic <= diastolic)
    assert mean is None or diastolic <= mean <= systolic


@settings(deadline=None, max_examples=100)
@given(records(), st.data())
def test_pressures_and_ratios_do_not_depend_on_order(known, data):
    facts = facts_of(known)
    shuffled = data.draw(st.permutations(facts))
    day = timedelta(days=1)
    for ask in (mean_pressures, pf_ratios, sf_ratios):
        one, other = (
            list(ask(timeline_of(some), NOON - day, NOON + day))
            for some in (facts, shuffled)
        )
        assert one == other


@settings(deadline=None, max_examples=100)
@given(
    st.floats(60, 97),
    st.floats(60, 97),
    st.floats(21, 100),
    st.sampled_from(["rice_2007", "severinghaus_ellis"]),
)
def test_a_lower_saturation_never_imputes_a_better_ratio(one, other, fio2, formula):
    policy = replace(OXYGENATION, imputation=formula)
    found = []
    for spo2 in sorted((one, other)):
        facts = facts_of({("spo2", 0): spo2, ("fio2", 0): fio2})
        found += imputed_pf_ratios(
            timeline_of(facts), NOON - timedelta(hours=1), NOON, policy=policy
        )
    ratios = [ratio.range.low for ratio in found]
    assert ratios == sorted(ratios)


rates = st.dictionaries(
    st.sampled_from(VASOPRESSORS), st.none() | st.floats(0, 50), max_size=6
)


def dose_of(rate, formula):
    facts = [
        Infusion(
            event_id=drug,
            happened_at=NOON,
            known_at=NOON,
            phase="started",
            infusion_id=drug,
            drug=drug,
            rate=value,
        )
        for drug, value in rate.items()
    ]
    return norepinephrine_equivalent(timeline_of(facts), NOON, policy=POLICIES[formula])


@settings(deadline=None, max_examples=150)
@given(rates, st.sampled_from(sorted(POLICIES)), st.data())
def test_a_rate_that_becomes_known_lies_within_the_bounds(rate, formula, data):
    known = {
        drug: data.draw(st.floats(0, 50)) if value is None else value
        for drug, value in rate.items()
    }
    before, after = dose_of(rate, formula), dose_of(known, formula)
    assert before.lower <= after.lower <= after.upper <= before.upper


@settings(deadline=None, max_examples=150)
@given(
    rates,
    st.sampled_from(VASOPRESSORS),
    st.floats(0, 10),
    st.sampled_from(sorted(POLICIES)),
)
def test_a_higher_rate_never_lowers_the_dose(rate, drug, more, formula):
    if rate.get(drug) is None:
        return
    before = dose_of(rate, formula)
    after = dose_of(rate | {drug: rate[drug] + more}, formula)
    assert before.lower <= after.lower
    assert before.upper <= after.upper
