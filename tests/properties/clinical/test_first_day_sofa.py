"""The first day's SOFA: worse is never better, and what is missing stays in bounds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.clinical.definitions.policies import EMBER, MIMIC
from streams.clinical.scores.first_day_sofa import FirstDayPolicy, first_day_sofa
from streams.clinical.scores.stays import UnitStay
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import Assessment, Fluid, Infusion, Measurement


NOON = datetime(2150, 3, 1, 12, tzinfo=UTC)
STAY = UnitStay("30", "7", NOON, None)
POLICIES = [
    FirstDayPolicy(sofa=EMBER.sofa),
    FirstDayPolicy(
        sofa=replace(MIMIC.sofa, codes=None, arterial=EMBER.sofa.arterial),
        oxygenation="severe_only",
        infusions="begun",
        urine="as_charted",
    ),
]

VALUES = {
    "platelets": st.floats(1, 500),
    "bilirubin_total": st.floats(0.1, 30),
    "creatinine": st.floats(0.1, 15),
    "map": st.floats(20, 150),
    "pao2": st.floats(20, 500),
    "fio2": st.floats(21, 100),
    "norepinephrine": st.floats(0.01, 1),
    "dopamine": st.floats(0.1, 30),
    "gcs_total": st.integers(3, 15).map(float),
    "urine": st.floats(0, 3000),
}
DRIPS = {"norepinephrine", "dopamine"}
WORSE_IS_LOWER = {"platelets", "map", "pao2", "gcs_total", "urine"}

records = st.dictionaries(
    st.tuples(st.sampled_from(sorted(VALUES)), st.integers(-5, 24)),
    st.none(),
    max_size=10,
).flatmap(lambda keys: st.fixed_dictionaries({key: VALUES[key[0]] for key in keys}))


def fact(what, hour, value):
    at = NOON + timedelta(hours=hour)
    common = {
        "event_id": f"{what}@{hour}",
        "happened_at": at,
        "known_at": at,
        "encounter": "7",
        "stay": "30",
    }
    if what in DRIPS:
        name = common["event_id"]
        return Infusion(
            **common, phase="started", infusion_id=name, drug=what, rate=value
        )
    if what == "gcs_total":
        return Assessment(**common, concept=what, value=value)
    if what == "urine":
        return Fluid(**common, direction="out", substance=what, volume_ml=value)
    return Measurement(**common, concept=what, value=value, specimen="arterial")


def told(known, policy, order=None):
    timeline = Timeline()
    for key in order or known:
        timeline.apply(fact(*key, known[key]), "m")
    return first_day_sofa(timeline, STAY, policy=policy)


@settings(deadline=None, max_examples=150)
@given(records, st.sampled_from(POLICIES), st.data())
def test_a_worse_value_of_one_input_never_lowers_the_score(known, policy, data):
    if not known:
        return
    what, hour = data.draw(st.sampled_from(sorted(known)))
    better, worse = sorted((known[what, hour], data.draw(VALUES[what])))
    if what in WORSE_IS_LOWER:
        better, worse = worse, better
    before = told(known | {(what, hour): better}, policy)
    after = told(known | {(what, hour): worse}, policy)
    assert before.total <= after.total
    assert before.lower <= after.lower
    assert before.upper <= after.upper


@settings(deadline=None, max_examples=150)
@given(
    records,
    st.sampled_from(POLICIES),
    st.sampled_from(["platelets", "bilirubin_total", "creatinine", "map", "gcs_total"]),
    st.integers(-5, 24),
    st.data(),
)
def test_any_value_of_a_missing_input_keeps_the_total_within_the_bounds(
    known, policy, missing, hour, data
):
    known = {key: value for key, value in known.items() if key[0] != missing}
    before = told(known, policy)
    value = data.draw(VALUES[missing])
    after = told(known | {(missing, hour): value}, policy)
    assert before.lower <= after.total <= before.upper


@settings(deadline=None, max_examples=100)
@given(records, st.sampled_from(POLICIES), st.randoms())
def test_the_order_of_arrival_and_doublets_change_nothing(known, policy, random):
    order = [*known, *known]
    random.shuffle(order)
    assert told(known, policy) == told(known, policy, order)
