"""The numbers behind KDIGO's stages: edges of rates, weights, baselines, rows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf

import pytest

from streams.clinical.age import age_at
from streams.clinical.scores.body_weight import latest_weight, weight_spans
from streams.clinical.scores.chart import Chart, Scope
from streams.clinical.scores.creatinine_baseline import mdrd_creatinine
from streams.clinical.scores.kdigo import SPEC, kdigo
from streams.clinical.scores.kdigo_creatinine import stage_of
from streams.clinical.scores.kdigo_policy import (
    KDIGO,
    KDIGO_MIMIC,
    URINE_OUTPUT_RATE,
    CreatininePolicy,
)
from streams.clinical.scores.kdigo_rows import kdigo_rows, stay_urine_rates, urine_stage
from streams.clinical.scores.policy import SofaPolicy
from streams.clinical.scores.stays import UnitStay
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import Demographics, Fluid, Location, Measurement
from streams.vocabulary.facts import Flag


NOON = datetime(2150, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
EXACT = CreatininePolicy()


def made(*facts):
    timeline = Timeline()
    for fact in facts:
        timeline.apply(fact, "m")
    return timeline


def common(name, hours, **more):
    at = NOON + hours * HOUR
    return {"event_id": name, "happened_at": at, "known_at": at, "stay": "3", **more}


def weight(hours, kg, *, method="daily", name=None, flags=()):
    return Measurement(
        **common(name or f"w{hours}{method}", hours, flags=flags),
        concept="weight",
        value=kg,
        method=method,
    )


def urine(hours, ml, name=None):
    return Fluid(
        **common(name or f"u{hours}", hours),
        direction="out",
        substance="urine",
        volume_ml=ml,
    )


def beat(hours):
    return Measurement(**common(f"h{hours}", hours), concept="heart_rate", value=80.0)


def in_icu(hours=0.0):
    return Location(**common("in", hours), phase="entered", ward="MICU", level="icu")


# -- creatinine ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "baseline", "low", "stage"),
    [
        (1.0, inf, inf, 0),
        (9.0, inf, inf, 0),
        (1.49, 1.0, inf, 0),
        (1.5, 1.0, inf, 1),
        (1.99, 1.0, inf, 1),
        (2.0, 1.0, inf, 2),
        (2.99, 1.0, inf, 2),
        (3.0, 1.0, inf, 3),
        (1.29, inf, 1.0, 0),
        (1.3, inf, 1.0, 1),
        (3.99, inf, 3.0, 1),
        (4.0, inf, 3.7, 3),
        (4.0, inf, 3.71, 0),
        (4.0, 2.6, inf, 3),
        (4.0, 2.7, inf, 0),
        (0.0, 0.0, 0.0, 3),
    ],
)
def test_the_stage_of_a_value_on_both_sides_of_each_edge(value, baseline, low, stage):
    assert stage_of(value, baseline, low, EXACT) == stage


@pytest.mark.parametrize("tenths", range(1, 100))
def test_every_rise_of_three_tenths_is_seen(tenths):
    low, high = tenths / 10, (tenths + 3) / 10
    assert stage_of(high, inf, low, EXACT) >= 1
    assert stage_of(high - 0.01, inf, low, EXACT) == 0


def test_double_arithmetic_misses_some_of_them():
    double = replace(EXACT, arithmetic="double")
    seen = [t for t in range(1, 38) if stage_of((t + 3) / 10, inf, t / 10, double)]
    assert len(seen) < 37


@pytest.mark.parametrize(
    ("age", "sex", "creatinine"),
    [(25, "male", 1.25), (60, "male", 1.07), (60, "female", 0.83)],
)
def test_the_creatinine_of_an_egfr_of_75(age, sex, creatinine):
    found = mdrd_creatinine(age, sex)
    assert round(found, 2) == creatinine
    factor = 0.742 if sex == "female" else 1.0
    assert 186 * found**-1.154 * age**-0.203 * factor == pytest.approx(75)


# -- urine ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rates", "stage"),
    [
        ((None, None, None), 0),
        ((0.5, None, None), 0),
        ((0.4999, None, None), 1),
        ((0.4, 0.5, None), 1),
        ((0.4, 0.4999, None), 2),
        ((0.9, 0.4999, None), 2),
        ((0.4, 0.0001, None), 2),
        ((0.4, 0.0, None), 3),
        ((0.4, 0.4, 0.3), 2),
        ((0.9, 0.9, 0.2999), 3),
        ((None, None, 0.3), 0),
    ],
)
def test_the_stage_of_three_rates(rates, stage):
    assert urine_stage(rates) == stage


ANY = replace(URINE_OUTPUT_RATE, codes=None)
UO = replace(KDIGO_MIMIC.urine, codes=None)


def rates_of(policy, *facts):
    facts = (in_icu(), weight(0, 80.0, method="admission"), *facts)
    return [rates for _, rates in stay_urine_rates(made(*facts), policy=policy)]


def test_the_first_volume_stands_for_an_hour_in_one_query_of_mimic_code():
    (first, second) = rates_of(UO, urine(1, 100.0), urine(3.5, 100.0))
    assert first.hours == (1.0, 1.0, 1.0)
    assert second.hours == (3.5, 3.5, 3.5)
    assert second.volumes == (200.0, 200.0, 200.0)


def test_and_since_the_first_heart_rate_in_the_other():
    found = rates_of(ANY, beat(0.5), urine(1, 100.0), urine(3.5, 100.0))
    assert [rates.hours[0] for rates in found] == [0.5, 3.0]


def test_a_volume_before_the_first_heart_rate_took_less_than_no_time():
    (rates,) = rates_of(ANY, beat(1.25), urine(1, 100.0))
    assert rates.hours == (-0.25, -0.25, -0.25)


def test_without_a_heart_rate_that_query_has_no_rows():
    assert rates_of(ANY, urine(1, 100.0)) == []


@pytest.mark.parametrize(("ago", "counts"), [(5.5, True), (5.51, False)])
def test_hours_of_the_clock_are_counted_by_the_boundaries_crossed(ago, counts):
    """From 17:29 back to 11:59 there are six full hours; to 12:00 five."""
    end = 5.5
    found = rates_of(ANY, beat(-3), urine(end - ago, 100.0), urine(end, 50.0))
    assert found[-1].volumes[0] == (150.0 if counts else 50.0)


@pytest.mark.parametrize(("ago", "counts"), [(6, True), (6.01, False)])
def test_a_closed_window_holds_the_charting_six_hours_ago(ago, counts):
    found = rates_of(UO, urine(1, 100.0), urine(1 + ago, 50.0))
    assert found[-1].volumes[0] == (150.0 if counts else 50.0)


@pytest.mark.parametrize(("ago", "counts"), [(23, True), (23.01, False)])
def test_a_day_of_the_other_query_has_23_hours(ago, counts):
    found = rates_of(ANY, beat(0), urine(1, 100.0), urine(1 + ago, 50.0))
    assert found[-1].volumes[2] == (150.0 if counts else 50.0)


@pytest.mark.parametrize(("last", "told"), [(11.5, True), (12, False)])
def test_a_six_hour_rate_observed_for_twelve_hours_is_none(last, told):
    rates = rates_of(UO, urine(0, 0.0), urine(last, 960.0))[-1]
    assert (rates.rates[0] is not None) == told
    assert rates.rates[1] is not None  # the first volume stands for an hour more


def test_rates_are_rounded_half_away_from_zero():
    """Seven hours are observed: the first volume stands for one."""
    (half,) = rates_of(UO, urine(0, 0.0), urine(6, 9.996))[-1:]
    assert half.rates[0] == 0.0179  # 0.01785
    (less,) = rates_of(UO, urine(0, 0.0), urine(6, 9.995))[-1:]
    assert less.rates[0] == 0.0178
    assert rates_of(UO, urine(0, 0.0), urine(6, 279.99))[-1].rates[0] == 0.5


def test_volumes_of_one_moment_are_one_charting():
    found = rates_of(UO, urine(1, 100.0), urine(1, 50.0, name="other"))
    assert [(rates.volume, rates.hours[0]) for rates in found] == [(150.0, 1.0)]


# -- weight --------------------------------------------------------------------

STAY = UnitStay("3", "7", NOON, NOON + 48 * HOUR)


def spans(*facts):
    chart = Chart(made(*facts), SofaPolicy(), Scope("3"))
    found = weight_spans(chart, STAY)
    return [
        ((s.start - NOON) / HOUR, s.end and (s.end - NOON) / HOUR, s.kg) for s in found
    ]


def test_an_admission_weight_counts_from_two_hours_before():
    found = spans(weight(3, 80.0, method="admission"), weight(20, 85.0))
    assert found == [(-2, 20, 80.0), (20, 50, 85.0)]


def test_before_the_first_daily_weight_there_is_the_first():
    assert spans(weight(20, 85.0)) == [(-2, 20, 85.0), (20, 50, 85.0)]


def test_only_the_first_admission_weight_is_moved():
    first = weight(3, 80.0, method="admission")
    again = weight(5, 81.0, method="admission")
    assert spans(first, again) == [(-2, 5, 80.0), (5, 50, 81.0)]


def test_a_weight_is_read_to_the_gram():
    assert spans(weight(20, 39.400002))[-1][-1] == 39.4


def test_no_weight_no_span():
    assert spans() == []


def test_a_stay_that_goes_on_has_no_last_hour():
    chart = Chart(made(weight(20, 85.0)), SofaPolicy(), Scope("3"))
    going_on = replace(STAY, left=None)
    assert weight_spans(chart, going_on)[-1].end is None


def test_one_side_of_a_span_belongs_to_it():
    chart = Chart(made(weight(20, 85.0)), SofaPolicy(), Scope("3"))
    span = weight_spans(chart, STAY)[-1]
    inside, start, end = NOON + 30 * HOUR, NOON + 20 * HOUR, NOON + 50 * HOUR
    assert [span.holds_from(m) for m in (inside, start, end)] == [True, True, False]
    assert [span.holds_after(m) for m in (inside, start, end)] == [True, False, True]


@pytest.mark.parametrize(
    ("birth_year", "found"), [(None, False), (2148, True), (2100, False)]
)
def test_a_weight_no_adult_has_counts_in_children(birth_year, found):
    facts = [weight(0, 12.0, flags=(Flag.IMPLAUSIBLE,))]
    if birth_year is not None:
        facts.append(Demographics(**common("d", -9), birth_year=birth_year))
    latest = latest_weight(made(*facts), NOON, timedelta(days=1))
    assert (latest is not None) == found


def test_an_age_by_the_year_of_birth_is_one_of_two():
    born = Demographics(**common("d", 0), birth_year=2100)
    stated = replace(born, age_precision="stated")
    ages = [age_at(made(fact), NOON)[0] for fact in (born, stated)]
    assert [(a.low, a.high) for a in ages] == [(49.0, 50.0), (50.0, 50.0)]
    assert age_at(made(born), NOON - HOUR) is None


# -- the stage -----------------------------------------------------------------


def test_outside_the_icu_mimic_code_has_no_stage():
    found = kdigo(made(weight(0, 80.0)), NOON, policy=KDIGO_MIMIC)
    assert (found.total, found.upper, found.missing) == (0, 3, ("icu_stay",))


def test_mimic_codes_stage_is_the_worst_of_its_last_six_hours():
    values = {-30: 1.0, 0.0: 3.0, 4.0: 1.2}
    bloods = [
        Measurement(**common(f"c{h}", h), concept="creatinine", value=v)
        for h, v in values.items()
    ]
    policy = replace(
        KDIGO_MIMIC, creatinine=replace(KDIGO_MIMIC.creatinine, codes=None)
    )
    timeline = made(in_icu(-1), *bloods)
    told = {
        h: kdigo(timeline, NOON + h * HOUR, policy=policy).total
        for h in (0, 4, 6, 6.01)
    }
    assert told == {0: 3, 4: 3, 6: 3, 6.01: 0}
    rows = kdigo_rows(timeline, policy=policy)
    assert [row.smoothed for row in rows] == [0, 3, 3]


def test_the_specification_names_every_ambiguity_that_changes_a_row():
    named = {choice.argument.rpartition(".")[2] for choice in SPEC.choices}
    fields = {
        *KDIGO.creatinine.__dataclass_fields__,
        *KDIGO.urine.__dataclass_fields__,
        *KDIGO.__dataclass_fields__,
    }
    assert named <= fields
