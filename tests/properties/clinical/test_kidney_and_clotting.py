"""Worse is never better, what is missing stays within the bounds, order is nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.clinical.comorbidity.charlson import charlson
from streams.clinical.comorbidity.code_lists import code_lists
from streams.clinical.comorbidity.elixhauser import (
    ELIXHAUSER,
    ELIXHAUSER_COUNT,
    elixhauser,
)
from streams.clinical.scores.coagulation import (
    OVERT_DIC,
    SIC,
    has_overt_dic,
    has_sic,
    overt_dic,
    sic,
)
from streams.clinical.scores.kdigo import kdigo
from streams.clinical.scores.kdigo_policy import KDIGO, KDIGO_MIMIC
from streams.clinical.scores.kdigo_rows import kdigo_rows
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import (
    Cancellation,
    Condition,
    Correction,
    Demographics,
    Fluid,
    Location,
    Measurement,
    Procedure,
)
from streams.vocabulary.truth import FALSE, TRUE


NOON = datetime(2150, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVEN = settings(deadline=None, max_examples=100)

HOUSE = replace(OVERT_DIC, pt_upper=12.5)
LETTER = replace(
    KDIGO_MIMIC,
    creatinine=replace(KDIGO_MIMIC.creatinine, codes=None),
    urine=replace(KDIGO_MIMIC.urine, codes=None),
)


def common(name, hours):
    at = NOON + hours * HOUR
    return {
        "event_id": name,
        "happened_at": at,
        "known_at": at,
        "stay": "3",
        "encounter": "7",
    }


def measured(concept, hours, value):
    name = f"{concept}@{hours}"
    return Measurement(**common(name, hours), concept=concept, value=value)


def void(hours, ml):
    return Fluid(
        **common(f"urine@{hours}", hours),
        direction="out",
        substance="urine",
        volume_ml=ml,
    )


def made(facts):
    timeline = Timeline()
    for fact in facts:
        timeline.apply(fact, "m")
    return timeline


ICU = Location(**common("in", -48), phase="entered", ward="MICU", level="icu")
DIALYSIS = Procedure(**common("rrt", 3), phase="done", procedure_id="r", name="rrt")

creatinine = st.floats(0.1, 15).map(lambda v: round(v, 1))
volume = st.floats(0, 400).map(round)


@st.composite
def kidneys(draw):
    """Two days of creatinine and urine, with or without a weight and dialysis."""
    facts = [ICU]
    facts.extend(
        measured("creatinine", hours, draw(creatinine))
        for hours in draw(st.sets(st.integers(-48, 12), max_size=6))
    )
    facts.extend(
        void(hours, float(draw(volume)))
        for hours in draw(st.sets(st.integers(-20, 12), max_size=30))
    )
    if draw(st.booleans()):
        facts.append(measured("weight", -24, float(draw(st.integers(40, 150)))))
    if draw(st.booleans()):
        facts.append(DIALYSIS)
    return facts


LATER = NOON + 13 * HOUR
policies = st.sampled_from([KDIGO, LETTER])


@EVEN
@given(kidneys(), creatinine, creatinine, policies)
def test_a_higher_creatinine_now_never_lowers_the_stage(facts, one, other, policy):
    lower, higher = sorted((one, other))
    told = [
        kdigo(made([*facts, measured("creatinine", 13, v)]), LATER, policy=policy)
        for v in (lower, higher)
    ]
    assert told[0].total <= told[1].total
    for before, after in zip(told[0].components, told[1].components, strict=True):
        assert (before.lower, before.upper) <= (after.lower, after.upper)


@EVEN
@given(kidneys(), volume, volume, policies)
def test_less_urine_now_never_lowers_the_stage(facts, one, other, policy):
    less, more = sorted((float(one), float(other)))
    told = [
        kdigo(made([*facts, void(13, v)]), LATER, policy=policy) for v in (more, less)
    ]
    assert told[0].total <= told[1].total
    assert told[0].components[1].lower <= told[1].components[1].lower
    assert told[0].components[1].upper <= told[1].components[1].upper


@EVEN
@given(kidneys(), creatinine)
def test_a_missing_earlier_creatinine_stays_within_the_bounds(facts, earlier):
    facts = [f for f in facts if "creatinine" not in f.event_id]
    facts.append(measured("creatinine", 13, 2.0))
    before = kdigo(made(facts), LATER)
    after = kdigo(made([*facts, measured("creatinine", -10, earlier)]), LATER)
    assert before.lower <= after.total <= before.upper
    assert before.components[0].upper == 3


@EVEN
@given(kidneys(), st.integers(3, 200))
def test_a_missing_weight_stays_within_the_bounds(facts, kg):
    facts = [f for f in facts if "weight" not in f.event_id]
    before = kdigo(made(facts), LATER)
    after = kdigo(made([*facts, measured("weight", -30, float(kg))]), LATER)
    assert before.lower <= after.total <= before.upper


@EVEN
@given(kidneys(), st.data())
def test_an_input_not_seen_stays_within_the_bounds(facts, data):
    name = data.draw(st.sampled_from(["creatinine", "urine"]))
    facts = [f for f in facts if name not in f.event_id]
    hours = data.draw(st.sets(st.integers(-20, 12)))
    draw = {
        "creatinine": lambda h: measured("creatinine", h, data.draw(creatinine)),
        "urine": lambda h: void(h, float(data.draw(volume))),
    }[name]
    before = kdigo(made(facts), LATER)
    after = kdigo(made([*facts, *(draw(h) for h in hours)]), LATER)
    assert before.lower <= after.lower <= after.total <= after.upper <= before.upper


@EVEN
@given(kidneys(), policies, st.randoms(use_true_random=False))
def test_order_duplicates_and_corrections_make_no_other_stage(facts, policy, chance):
    shuffled = [*facts, *chance.sample(facts, k=min(3, len(facts)))]
    chance.shuffle(shuffled)
    wrong = void(12.5, 900.0)
    mended = Correction(
        **common("c", 13) | {"event_id": "c"},
        version=1,
        corrects=wrong.event_id,
        event=void(12.5, 20.0),
    )
    never = measured("creatinine", 12.5, 14.0)
    gone = Cancellation(**common("x", 13), version=1, cancels=never.event_id)
    plain = made([*facts, void(12.5, 20.0)])
    messy = made([gone, mended, *shuffled, wrong, never])
    assert _without_names(kdigo(plain, LATER, policy=policy)) == _without_names(
        kdigo(messy, LATER, policy=policy)
    )
    assert [r.smoothed for r in kdigo_rows(plain, policy=policy)] == [
        r.smoothed for r in kdigo_rows(messy, policy=policy)
    ]


def _without_names(score):
    parts = [(c.points, c.lower, c.upper, set(c.evidence)) for c in score.components]
    return (parts, score.missing)


@EVEN
@given(kidneys(), policies, st.integers(-20, 13))
def test_what_happens_later_changes_no_stage(facts, policy, hour):
    now = NOON + hour * HOUR
    seen = [f for f in facts if f.happened_at <= now]
    whole = kdigo(made(facts), now, policy=policy)
    assert whole == kdigo(made(seen), now, policy=policy)


# -- clotting ------------------------------------------------------------------

CLOTTING = {
    "inr": st.floats(0.8, 8).map(lambda v: round(v, 1)),
    "platelets": st.integers(1, 400).map(float),
    "bilirubin_total": st.floats(0.1, 20).map(lambda v: round(v, 1)),
    "creatinine": creatinine,
    "map": st.integers(40, 110).map(float),
    "d_dimer_feu": st.floats(0, 10).map(lambda v: round(v, 1)),
    "pt": st.floats(9, 40).map(lambda v: round(v, 1)),
    "fibrinogen": st.integers(20, 700).map(float),
}
WORSE_IS_LOWER = {"platelets", "map", "fibrinogen"}
SCORES = {
    "sic": (lambda timeline: sic(timeline, NOON), has_sic),
    "overt_dic": (
        lambda timeline: overt_dic(timeline, NOON, policy=HOUSE),
        has_overt_dic,
    ),
}
known = st.dictionaries(st.sampled_from(sorted(CLOTTING)), st.none()).flatmap(
    lambda names: st.fixed_dictionaries({name: CLOTTING[name] for name in names})
)


def laboratory(found):
    return made([measured(name, -1, value) for name, value in found.items()])


@EVEN
@given(
    known, st.sampled_from(sorted(CLOTTING)), st.sampled_from(sorted(SCORES)), st.data()
)
def test_a_worse_clotting_test_never_lowers_a_score(found, name, which, data):
    score, there = SCORES[which]
    better, worse = sorted((data.draw(CLOTTING[name]), data.draw(CLOTTING[name])))
    if name in WORSE_IS_LOWER:
        better, worse = worse, better
    before, after = (score(laboratory(found | {name: v})) for v in (better, worse))
    assert (before.lower, before.total, before.upper) <= (
        after.lower,
        after.total,
        after.upper,
    )
    for one, other in zip(before.components, after.components, strict=True):
        assert one.lower <= other.lower
        assert one.upper <= other.upper
    assert not (there(before) is TRUE and there(after) is not TRUE)
    assert not (there(after) is FALSE and there(before) is not FALSE)


@EVEN
@given(
    known, st.sampled_from(sorted(CLOTTING)), st.sampled_from(sorted(SCORES)), st.data()
)
def test_a_missing_clotting_test_stays_within_the_bounds(found, name, which, data):
    score, there = SCORES[which]
    found = {k: v for k, v in found.items() if k != name}
    before = score(laboratory(found))
    after = score(laboratory(found | {name: data.draw(CLOTTING[name])}))
    assert before.lower <= after.lower <= after.upper <= before.upper
    if there(before) in {TRUE, FALSE}:
        assert there(after) is there(before)


@EVEN
@given(known, st.sampled_from(sorted(SCORES)), st.data())
def test_order_duplicates_and_corrections_change_no_clotting_score(found, which, data):
    score, _ = SCORES[which]
    clean = [measured(name, -1, value) for name, value in found.items()]
    messy = [*clean, *clean[::2]]
    if clean:
        meant = data.draw(st.sampled_from(clean))
        messy = [replace(f, value=1.0) if f is meant else f for f in messy]
        messy.append(
            Correction(
                **common("mended", -1), version=1, corrects=meant.event_id, event=meant
            )
        )
    again = score(made(data.draw(st.permutations(messy))))
    assert [(c.points, c.lower, c.upper) for c in score(made(clean)).components] == [
        (c.points, c.lower, c.upper) for c in again.components
    ]


# -- comorbidity ---------------------------------------------------------------

PREFIXES = sorted(
    {
        f"http://hl7.org/fhir/sid/{system}|{one.first}"
        for index in ("charlson", "elixhauser")
        for lists in code_lists(index).values()
        for system, ranges in lists.items()
        for one in ranges
    }
)
codes = st.lists(st.sampled_from(PREFIXES), max_size=12, unique=True)
BORN = Demographics(**common("born", -48), birth_year=2080, age_precision="stated")


def diagnosed(listed):
    named = [
        Condition(**common(f"d{n}", -1), code=code, rank=n + 1)
        for n, code in enumerate(listed)
    ]
    return made([BORN, *named])


@EVEN
@given(codes, st.sampled_from(PREFIXES))
def test_one_more_disease_never_lowers_charlsons_index(listed, more):
    fewer, all_of_them = (
        charlson(diagnosed(found), NOON, encounter="7").total
        for found in (listed, [*listed, more])
    )
    assert fewer <= all_of_them


@EVEN
@given(codes, st.sampled_from(PREFIXES))
def test_one_more_disease_never_lowers_the_count_of_elixhauser(listed, more):
    counted = [
        elixhauser(diagnosed(found), NOON, policy=ELIXHAUSER_COUNT).total
        for found in (listed, [*listed, more])
    ]
    assert counted[0] <= counted[1]


@EVEN
@given(codes, st.randoms(use_true_random=False))
def test_any_codes_lie_within_the_bounds_of_none_and_in_any_order(listed, chance):
    shuffled = chance.sample(listed, k=len(listed))
    for score in (
        lambda timeline: charlson(timeline, NOON, encounter="7"),
        lambda timeline: elixhauser(timeline, NOON, policy=ELIXHAUSER),
    ):
        none, some = score(made([BORN])), score(diagnosed(listed))
        assert none.lower <= some.total <= none.upper
        assert some.total == score(diagnosed(shuffled)).total


def test_sic_reads_its_default_policy():
    assert sic(laboratory({}), NOON) == sic(laboratory({}), NOON, policy=SIC)
