"""What each argument of `SofaPolicy` does, told as small timelines."""

from dataclasses import replace
from datetime import timedelta

import pytest

from streams.clinical.definitions.policies import EMBER, MIMIC
from streams.clinical.scores.chart import Scope
from streams.clinical.scores.hours import hour_of
from streams.clinical.scores.organ import ORGANS
from streams.clinical.scores.sheet import Sheet
from streams.clinical.scores.sofa import hourly_sofa


@pytest.fixture
def organ(timeline_of, at):
    """One organ in the hour of a moment, under EMBER's policy but for some arguments."""

    def ask(name, table, moment, **changed):
        policy = replace(EMBER.sofa, **changed)
        sheet = Sheet(timeline_of(table), policy)
        return sheet.row(ORGANS.index(name), hour_of(at(moment)))

    return ask


@pytest.fixture
def day(timeline_of, at):
    """One organ over the 24 hours that end with the hour of a moment."""

    def ask(name, table, moment, **changed):
        sheet = Sheet(timeline_of(table), replace(EMBER.sofa, **changed))
        return sheet.day(hour_of(at(moment))).components[ORGANS.index(name)]

    return ask


def test_a_value_belongs_to_the_hour_that_ends_with_it(organ):
    table = """
    at      | what      | value
    1 10:00 | platelets | 90
    """
    assert organ("coagulation", table, "1 10:00").points == 2
    assert organ("coagulation", table, "1 10:01").points is None


def test_a_day_is_this_hour_and_the_23_before(day):
    table = """
    at      | what      | value
    1 10:00 | platelets | 90
    """
    assert day("coagulation", table, "2 09:00").points == 2
    assert day("coagulation", table, "2 09:01").points is None


# -- missing -------------------------------------------------------------------


@pytest.mark.parametrize(("missing", "points"), [("normal", 0), ("unknown", None)])
def test_an_organ_never_seen_is_normal_or_unknown(day, missing, points):
    table = """
    at      | what | value
    1 10:00 | map  | 80
    """
    component = day("liver", table, "1 10:00", missing=missing)
    assert (component.points, component.lower, component.upper) == (points, 0, 4)


def test_creatinine_alone_leaves_open_what_the_urine_would_say(day):
    table = """
    at      | what       | value
    1 10:00 | creatinine | 2.5
    """
    component = day("renal", table, "1 10:00")
    assert (component.points, component.lower, component.upper) == (2, 2, 4)


def test_missing_inputs_are_named(timeline_of):
    table = """
    at      | what       | value
    1 10:00 | creatinine | 2.5
    1 10:00 | map        | 80
    """
    (row,) = hourly_sofa(timeline_of(table), policy=EMBER.sofa)
    assert row.missing == (
        "pao2_fio2",
        "ventilation",
        "platelets",
        "bilirubin",
        "gcs",
        "urine",
    )
    assert (row.lower, row.total, row.upper) == (2, 2, 4 + 4 + 4 + 0 + 4 + 4)


# -- censored ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("censored", "points", "upper"), [("bound", 1, 1), ("interval", 1, 4)]
)
def test_a_creatinine_above_a_bound_may_be_anything_above_it(
    organ, censored, points, upper
):
    table = """
    at      | what       | value
    1 10:00 | creatinine | >1.5
    """
    hour = organ("renal", table, "1 10:00", censored=censored)
    assert (hour.points, hour.upper) == (points, upper)


def test_platelets_below_a_bound_are_never_as_good_as_the_bound(organ):
    table = """
    at      | what      | value
    1 10:00 | platelets | <20
    """
    hour = organ("coagulation", table, "1 10:00")
    assert (hour.points, hour.upper) == (4, 4)


# -- vasoactives ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("vasoactives", "points"), [("hour_end", None), ("any_overlap", 3)]
)
def test_a_drip_inside_the_hour_counts_or_not(organ, vasoactives, points):
    table = """
    at      | what           | value
    1 10:10 | norepinephrine | 0.05
    1 10:50 | norepinephrine | stop
    """
    hour = organ("cardiovascular", table, "1 11:00", vasoactives=vasoactives)
    assert hour.points == points


@pytest.mark.parametrize("vasoactives", ["hour_end", "any_overlap"])
def test_a_drip_across_hours_counts_in_each(organ, vasoactives):
    table = """
    at      | what           | value
    1 10:10 | norepinephrine | 0.05
    1 12:10 | norepinephrine | 0.2
    1 14:00 | norepinephrine | stop
    """
    points = [
        organ("cardiovascular", table, f"1 {h}:00", vasoactives=vasoactives).points
        for h in (10, 11, 12, 13, 14, 15)
    ]
    assert points == [None, 3, 3, 4, 4, None]


def test_a_drip_that_stopped_before_it_started_never_ran(organ):
    table = """
    at      | what           | value
    1 11:10 | norepinephrine | 0.05
    """
    late = table + "1 10:50 | norepinephrine | stop"
    assert organ("cardiovascular", table, "1 12:00").points == 3
    assert organ("cardiovascular", late, "1 12:00").points is None


def test_a_drip_that_was_started_again_runs_again(organ):
    table = """
    at      | what           | value
    1 10:10 | norepinephrine | 0.05
    1 10:30 | norepinephrine | stop
    1 13:10 | norepinephrine | 0.05
    """
    points = [organ("cardiovascular", table, f"1 {h}:00").points for h in range(11, 16)]
    assert points == [3, None, None, 3, 3]


@pytest.mark.parametrize(
    ("zero_rate", "points"),
    [("normal", 0), ("three_points", 3), ("no_information", None)],
)
def test_a_rate_charted_as_zero(organ, zero_rate, points):
    table = """
    at      | what           | value
    1 10:10 | norepinephrine | 0
    """
    hour = organ("cardiovascular", table, "1 11:00", zero_rate=zero_rate)
    assert hour.points == points


def test_a_rate_nobody_can_say_establishes_nothing_but_bounds(day):
    table = """
    at      | what           | value
    1 10:10 | norepinephrine | ?
    """
    component = day("cardiovascular", table, "1 11:00")
    assert (component.points, component.lower, component.upper) == (None, 0, 4)


def test_pressures_of_one_moment_are_averaged(organ):
    table = """
    at      | what | value
    1 10:10 | map  | 60
    1 10:10 | map  | 90
    1 10:20 | map  | 72
    """
    hour = organ("cardiovascular", table, "1 11:00")
    assert (hour.points, hour.values[-1]) == (0, 72)


# -- gcs -----------------------------------------------------------------------

TUBE = """
at      | what       | value
1 08:00 | gcs_motor  | 5
1 08:00 | gcs_verbal | 4
1 08:00 | gcs_eye    | 3
1 13:00 | gcs_motor  | 1
1 13:00 | gcs_verbal | No Response-ETT
1 13:00 | gcs_eye    | 1
"""


@pytest.mark.parametrize(
    ("gcs", "points"),
    [("assume_normal", 0), ("pre_sedation", 2), ("as_charted", 4), ("unknown", None)],
)
def test_a_tube_keeps_the_patient_from_speaking(organ, gcs, points):
    assert organ("cns", TUBE, "1 13:00", gcs=gcs).points == points


@pytest.mark.parametrize(("reach", "points"), [(5, None), (6, 2)])
def test_the_total_before_sedation_has_an_age_limit(organ, reach, points):
    reach = timedelta(hours=reach)
    assert organ("cns", TUBE, "1 13:00", pre_sedation_reach=reach).points == points


PART = """
at      | what       | value
1 08:00 | gcs_motor  | 4
1 08:00 | gcs_verbal | 4
1 08:00 | gcs_eye    | 3
1 13:59 | gcs_motor  | 5
"""


@pytest.mark.parametrize(
    ("carry", "value"), [(timedelta(hours=6), 12.0), (timedelta(hours=5), None)]
)
def test_a_part_not_charted_is_carried_for_some_hours(organ, carry, value):
    assert organ("cns", PART, "1 14:00", gcs_carry=carry).values == (value,)


def test_a_part_never_charted_bounds_the_score(day):
    table = """
    at      | what       | value
    1 10:00 | gcs_motor  | 5
    1 10:00 | gcs_eye    | 3
    """
    assumed = day("cns", table, "1 10:00", gcs="assume_normal")
    bounded = day("cns", table, "1 10:00")
    assert (assumed.points, assumed.upper) == (1, 1)
    assert (bounded.points, bounded.upper) == (1, 3)


# -- respiration ---------------------------------------------------------------


@pytest.mark.parametrize(("reach", "points"), [(4, 2), (2, None)])
def test_a_gas_without_oxygen_takes_what_was_charted_before(organ, reach, points):
    table = """
    at      | what     | value
    1 06:00 | category | oxygen
    1 06:30 | fio2     | 50
    1 10:00 | pao2     | 60
    """
    hour = organ("respiration", table, "1 10:00", fio2_reach=timedelta(hours=reach))
    assert hour.points == points


@pytest.mark.parametrize(
    ("fio2", "points"),
    [
        ("50", 3),
        ("0.5", 3),
        ("1.0", 4),
        ("1.1", None),
        ("19.9", None),
        ("0.2", None),
        ("100.1", None),
    ],
)
def test_a_fraction_under_the_unit_of_a_percentage_is_read_as_one(organ, fio2, points):
    """Nobody breathes 0.5 % of oxygen; from 1.1 to 19.9 nobody can say what is meant."""
    table = f"""
    at      | what     | value
    1 09:00 | category | invasive
    1 10:00 | fio2     | {fio2}
    1 10:00 | pao2     | 99.9
    """
    assert organ("respiration", table, "1 10:00").points == points


def test_oxygen_charted_after_the_gas_is_not_its_own(organ):
    table = """
    at      | what     | value
    1 10:00 | pao2     | 60
    1 10:01 | fio2     | 50
    """
    assert organ("respiration", table, "1 10:00").points is None


def test_a_venous_gas_does_not_count(organ):
    table = """
    at      | what | value | specimen
    1 09:30 | fio2 | 50    |
    1 10:00 | pao2 | 40    | venous
    """
    assert organ("respiration", table, "1 10:00").points is None


def test_without_a_word_on_ventilation_a_bad_gas_is_bounded(day):
    table = """
    at      | what | value
    1 09:30 | fio2 | 100
    1 10:00 | pao2 | 60
    """
    component = day("respiration", table, "1 10:00")
    assert (component.points, component.upper) == (2, 4)


VENTILATED = """
at      | what     | value
1 00:00 | category | invasive
1 00:00 | mode     | CMV
1 01:00 | mode     | CMV
1 09:30 | fio2     | 100
1 10:00 | pao2     | 60
"""


@pytest.mark.parametrize(
    ("ventilation", "points"), [("charted_episodes", 2), ("latest_status", 4)]
)
def test_ventilation_lasts_until_its_last_charting_or_until_the_next(
    organ, ventilation, points
):
    assert organ(
        "respiration", VENTILATED, "1 10:00", ventilation=ventilation
    ).points == (points)


@pytest.mark.parametrize(("hours", "points"), [(10, 2), (14, 4)])
def test_a_status_not_charted_for_long_is_no_longer_known(organ, hours, points):
    gap = timedelta(hours=hours)
    assert organ("respiration", VENTILATED, "1 10:00", ventilation_gap=gap).points == (
        points
    )


@pytest.mark.parametrize(("ventilated", "points"), [({"invasive"}, 2), ({"niv"}, 4)])
def test_which_support_counts_as_ventilation(organ, ventilated, points):
    table = """
    at      | what     | value
    1 09:00 | category | niv
    1 09:30 | fio2     | 100
    1 10:00 | pao2     | 60
    """
    hour = organ("respiration", table, "1 10:00", ventilated=frozenset(ventilated))
    assert hour.points == points


def test_a_tracheostomy_on_the_ventilator_is_ventilated(organ):
    table = """
    at      | what     | value
    1 09:00 | device   | Tracheostomy tube
    1 09:00 | o2_flow  | 10
    1 09:00 | mode     | CMV
    1 09:00 | category | tracheostomy
    1 09:00 | category | invasive
    1 09:30 | fio2     | 100
    1 10:00 | pao2     | 60
    1 11:00 | mode     | CMV
    """
    ask = ("respiration", table, "1 10:00")
    assert organ(*ask, ventilation="latest_status").points == 4
    assert organ(*ask, ventilation="charted_episodes").points == 2


def test_a_device_without_a_flow_is_not_seen_by_charted_episodes(organ):
    table = """
    at      | what     | value
    1 09:00 | device   | Endotracheal tube
    1 09:30 | fio2     | 100
    1 10:00 | pao2     | 60
    1 11:00 | device   | Endotracheal tube
    """
    flows = table + "1 09:00 | o2_flow | 10\n 1 11:00 | o2_flow | 10"
    ask = {"moment": "1 10:00", "ventilation": "charted_episodes"}
    assert organ("respiration", table, **ask).points == 2
    assert organ("respiration", flows, **ask).points == 4


# -- urine ---------------------------------------------------------------------


def urine_every_six_hours(volume):
    rows = [f"{1 + h // 24} {h % 24:02}:30 | urine | {volume}" for h in range(0, 48, 6)]
    return "\n".join(["at | what | value", *rows])


def test_a_days_urine_is_told_once_enough_hours_are_seen(organ):
    table = urine_every_six_hours(60)
    points = [
        organ("renal", table, t).points for t in ("1 18:30", "2 00:30", "2 06:30")
    ]
    assert points == [None, 3, 3]
    assert organ("renal", table, "2 06:30").values == (240.0, None)


@pytest.mark.parametrize(("hours", "points"), [((22, 30), None), ((12, 30), 3)])
def test_how_many_hours_are_enough(organ, hours, points):
    table = urine_every_six_hours(60)
    assert organ("renal", table, "1 18:30", urine_hours=hours).points == points


def test_irrigation_that_went_in_is_taken_off(organ):
    table = urine_every_six_hours(60) + "\n1 20:30 | gu_irrigant | 150"
    assert organ("renal", table, "2 06:30").values == (90.0, None)


def test_the_first_volume_only_starts_the_clock_unless_the_heart_rate_did(
    timeline_of, at
):
    table = """
    at      | what       | value | stay
    1 00:20 | icu        | entered | s
    1 00:30 | heart_rate | 80    | s
    1 01:00 | urine      | 1000  | s
    1 12:00 | urine      | 100   | s
    2 00:00 | urine      | 100   | s
    2 01:00 | heart_rate | 80    | s
    """
    timeline, scope, found = timeline_of(table), Scope(stay="s"), {}
    for origin in ("first_void", "first_heart_rate"):
        policy = replace(EMBER.sofa, urine_origin=origin)
        sheet = Sheet(timeline, policy, scope=scope)
        found[origin] = sheet.row(5, hour_of(at("2 00:00"))).values
    assert found == {
        "first_void": (pytest.approx(200 / 23 * 24), None),
        "first_heart_rate": (pytest.approx(1200 / 23.5 * 24), None),
    }


@pytest.mark.parametrize(("pick", "points"), [("highest", 0), ("lowest", 3)])
def test_of_two_days_volumes_in_an_hour_the_best_or_the_worst_counts(
    organ, pick, points
):
    table = urine_every_six_hours(60) + "\n2 06:50 | urine | 400"
    assert organ("renal", table, "2 07:00", urine_of_hour=pick).points == points


# -- hours ---------------------------------------------------------------------

STAY = """
at      | what       | value   | stay | encounter
1 08:00 | creatinine | 2.0     |      | h
1 10:20 | icu        | entered | s    | h
1 10:30 | heart_rate | 80      | s    | h
1 10:40 | map        | 60      | s    | h
1 12:40 | heart_rate | 80      | s    | h
1 13:00 | platelets  | 90      |      |
"""


def test_by_icu_stay_rows_go_from_first_to_last_heart_rate(timeline_of, at):
    policy = replace(MIMIC.sofa, codes=None)
    rows = hourly_sofa(timeline_of(STAY), policy=policy)
    assert [(row.hr, row.end) for row in rows] == [
        (0, at("1 11:00")),
        (1, at("1 12:00")),
        (2, at("1 13:00")),
    ]
    assert [row.total for row in rows] == [1 + 2, 1 + 2, 1 + 2]


def test_by_icu_stay_a_laboratory_value_of_no_hospital_stay_is_lost(timeline_of):
    policy = replace(MIMIC.sofa, codes=None)
    rows = hourly_sofa(timeline_of(STAY), policy=policy)
    assert rows[-1].organs[1].points is None


def test_by_hospital_stay_every_clock_hour_has_a_row(timeline_of, at):
    rows = hourly_sofa(timeline_of(STAY), policy=EMBER.sofa)
    assert (rows[0].end, rows[-1].end) == (at("1 08:00"), at("1 11:00"))
    assert [row.stay for row in rows] == [None, None, None, "s"]


def test_by_icu_stay_only_hours_that_are_over_have_a_row(timeline_of, at):
    policy = replace(MIMIC.sofa, codes=None)
    rows = hourly_sofa(timeline_of(STAY), policy=policy, now=at("1 12:50"))
    assert [row.end for row in rows] == [at("1 11:00"), at("1 12:00")]


def test_only_source_codes_that_the_policy_names_count(organ):
    table = """
    at      | what      | value
    1 10:00 | platelets | 90
    """
    codes = frozenset({"urn:ember:local|mimic-iv:51265"})
    assert organ("coagulation", table, "1 10:00", codes=codes).points is None


def test_nothing_that_happens_after_now_is_seen(timeline_of, at):
    table = """
    at      | what      | value | encounter
    1 10:10 | platelets | 90    | h
    1 10:40 | platelets | 10    | h
    """
    (row,) = hourly_sofa(timeline_of(table), policy=EMBER.sofa, now=at("1 10:30"))
    assert row.total == 2


HOUR_RULE = """
at      | what           | value
1 08:00 | map            | 75
1 10:00 | norepinephrine | 0.05
1 10:20 | norepinephrine | 0.2
{ended} | norepinephrine | stop
"""


@pytest.mark.parametrize(
    ("ended", "points"), [("1 10:59", None), ("1 11:00", 4), ("1 11:01", 4)]
)
def test_a_drug_may_have_to_run_for_an_hour_at_whatever_rates(organ, ended, points):
    table = HOUR_RULE.format(ended=ended)
    hour = {"vasoactive_least": timedelta(hours=1)}
    assert organ("cardiovascular", table, "1 11:00", **hour).points == points
    assert organ("cardiovascular", table, "1 11:00").points == 4


def test_a_pause_begins_the_hour_anew(organ):
    table = """
    at      | what           | value
    1 10:00 | norepinephrine | 0.2
    1 10:40 | norepinephrine | 0
    1 10:50 | norepinephrine | 0.2
    """
    hour = {"vasoactive_least": timedelta(hours=1)}
    assert organ("cardiovascular", table, "1 11:00", **hour).points is None
    assert organ("cardiovascular", table, "1 12:00", **hour).points == 4
