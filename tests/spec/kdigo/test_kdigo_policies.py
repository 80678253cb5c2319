"""Acute kidney injury told as timelines, and what each argument of the policy does."""

from dataclasses import replace
from datetime import timedelta

import pytest

from streams.clinical.catalogue.rules import rule_named
from streams.clinical.scores.kdigo import kdigo
from streams.clinical.scores.kdigo_policy import KDIGO, KDIGO_MIMIC
from streams.clinical.scores.kdigo_rows import kdigo_rows
from streams.vocabulary.truth import UNKNOWN


@pytest.fixture
def stage(timeline_of, at):
    """Stage with its least and most at a moment, under our policy but for arguments."""

    def ask(table, moment, *, creatinine=None, urine=None, **changed):
        policy = replace(
            KDIGO,
            creatinine=replace(KDIGO.creatinine, **(creatinine or {})),
            urine=replace(KDIGO.urine, **(urine or {})),
            **changed,
        )
        return kdigo(timeline_of(table), at(moment), policy=policy)

    return ask


def part(score, name):
    (found,) = (c for c in score.components if c.name == name)
    return (found.points, found.lower, found.upper)


# -- creatinine ----------------------------------------------------------------

TWO = """
at      | what       | value
1 06:00 | creatinine | {before}
{when}  | creatinine | {after}
"""


@pytest.mark.parametrize(
    ("before", "after", "stage_now"),
    [
        (2.0, 2.29, 0),
        (2.0, 2.3, 1),
        (1.0, 1.29, 0),
        (1.0, 1.3, 1),
        (1.0, 1.99, 1),
        (1.0, 2.0, 2),
        (1.0, 2.99, 2),
        (1.0, 3.0, 3),
        (3.8, 3.9, 0),
        (3.6, 3.99, 1),
        (3.6, 4.0, 3),
        (3.8, 4.0, 0),
        (3.8, 4.1, 3),
        (6.0, 6.29, 0),
        (6.0, 6.3, 3),
        (1.0, 0.5, 0),
    ],
)
def test_a_rise_within_two_days_on_both_sides_of_each_edge(
    stage, before, after, stage_now
):
    table = TWO.format(before=before, when="2 06:00", after=after)
    found = stage(table, "2 06:00")
    assert part(found, "creatinine") == (stage_now, stage_now, stage_now)


@pytest.mark.parametrize(
    ("before", "after", "stage_now", "most"),
    [
        (1.0, 1.3, 0, 1),  # what it was within two days nobody knows
        (1.0, 1.49, 0, 1),
        (1.0, 1.5, 1, 1),
        (1.0, 2.0, 2, 2),
        (1.0, 3.0, 3, 3),
        (3.0, 4.49, 0, 3),  # 4.0 needs a rise that makes stage 1
        (3.0, 4.5, 3, 3),
    ],
)
def test_within_seven_days_only_the_ratio_counts(stage, before, after, stage_now, most):
    table = TWO.format(before=before, when="6 06:00", after=after)
    found = stage(table, "6 06:00")
    assert part(found, "creatinine") == (stage_now, stage_now, most)


@pytest.mark.parametrize(
    ("when", "seven_days", "two_days"),
    [
        ("3 06:00", 1.0, 1.0),
        ("3 06:01", 1.0, None),
        ("8 06:00", 1.0, None),
        ("8 06:01", None, None),
    ],
)
def test_the_lowest_is_looked_for_two_and_seven_days_back_ends_included(
    timeline_of, when, seven_days, two_days
):
    table = "at|what|value|stay\n8 00:00 | icu | entered | 3\n" + "\n".join(
        TWO.format(before=1.0, when=when, after=1.2).strip().splitlines()[1:]
    )
    row = kdigo_rows(timeline_of(table), policy=KDIGO)[-1].creatinine
    assert (row.low_7_days, row.low_48_hours) == (seven_days, two_days)


def test_the_value_itself_is_not_its_own_reference(stage):
    found = stage("at|what|value\n1 06:00 | creatinine | 9.0", "1 06:00")
    assert part(found, "creatinine") == (None, 0, 3)
    assert found.missing == ("creatinine_before", "urine")


def test_mimic_code_takes_a_first_value_for_stage_0(stage):
    found = stage(
        "at|what|value\n1 06:00 | creatinine | 9.0",
        "1 06:00",
        creatinine={"without_prior": "stage_0"},
    )
    assert part(found, "creatinine") == (0, 0, 0)


@pytest.mark.parametrize(("arithmetic", "points"), [("exact", 1), ("double", 0)])
@pytest.mark.parametrize(("before", "after"), [(1.1, 1.4), (0.8, 1.2)])
def test_binary_fractions_miss_a_rise_of_a_third_and_a_half(
    stage, arithmetic, points, before, after
):
    table = TWO.format(before=before, when="2 06:00", after=after)
    if (before, after) == (0.8, 1.2):
        table = TWO.format(before=before, when="6 06:00", after=after)
    found = stage(
        table,
        "6 06:00" if after == 1.2 else "2 06:00",
        creatinine={"arithmetic": arithmetic, "without_prior": "stage_0"},
    )
    assert part(found, "creatinine") == (points, points, points)


@pytest.mark.parametrize(
    ("rise", "points"), [("rise_of_0.3", 3), ("from_at_most_3.7", 1)]
)
def test_from_4_5_to_5_5_is_stage_3_and_was_stage_1_in_older_code(stage, rise, points):
    table = TWO.format(before=4.5, when="2 06:00", after=5.5)
    found = stage(table, "2 06:00", creatinine={"stage_3_rise": rise})
    assert part(found, "creatinine") == (points, points, points)


def test_micromoles_have_a_table_of_their_own(stage):
    """88 to 114.5 µmol/L is a rise of 26.5, which is 0.2997 mg/dL."""
    low, high = 88 / 88.42, 114.5 / 88.42
    table = TWO.format(before=low, when="2 06:00", after=high)
    in_mg, in_umol = (
        part(stage(table, "2 06:00", creatinine={"unit": unit}), "creatinine")
        for unit in ("mg/dL", "umol/L")
    )
    assert (in_mg, in_umol) == ((0, 0, 0), (1, 1, 1))


@pytest.mark.parametrize(("value", "points"), [(353.5, 1), (353.6, 3)])
def test_353_6_micromoles_are_the_high_value(stage, value, points):
    table = TWO.format(before=300 / 88.42, when="2 06:00", after=value / 88.42)
    found = stage(table, "2 06:00", creatinine={"unit": "umol/L"})
    assert part(found, "creatinine") == (points, points, points)


def test_a_censored_low_leaves_the_stage_open_above(stage):
    table = """
    at      | what       | value
    1 06:00 | creatinine | <0.5
    2 06:00 | creatinine | 1.0
    """
    assert part(stage(table, "2 06:00"), "creatinine") == (2, 2, 3)
    bound = stage(table, "2 06:00", creatinine={"censored": "bound"})
    assert part(bound, "creatinine") == (2, 2, 2)


def test_of_two_values_at_one_moment_the_mean_counts(stage):
    table = """
    at      | what       | value
    1 06:00 | creatinine | 1.0
    2 06:00 | creatinine | 1.2
    2 06:00 | creatinine | 1.4
    """
    assert part(stage(table, "2 06:00"), "creatinine") == (1, 1, 1)


def test_more_than_150_is_no_result(stage):
    table = TWO.format(before=1.0, when="2 06:00", after=150.1)
    found = stage(table, "2 06:00", creatinine={"implausible": "count"})
    assert found.components[0].evidence == ("e0",)


@pytest.mark.parametrize(("moment", "points"), [("4 05:59", 2), ("4 06:00", None)])
def test_a_creatinine_stages_for_two_days(stage, moment, points):
    table = TWO.format(before=1.0, when="2 06:00", after=2.0)
    assert part(stage(table, moment), "creatinine")[0] == points


# -- baseline ------------------------------------------------------------------

ADMITTED = """
at      | what       | value    | encounter
1 00:00 | aged       | 60       |
1 00:00 | sex        | male     |
1 00:00 | hospital   | admitted | 7
1 06:00 | creatinine | 2.4      | 7
"""


def test_without_a_value_before_the_baseline_may_be_calculated_back(stage):
    found = stage(ADMITTED, "1 06:00", creatinine={"baseline": "lowest_or_estimated"})
    # 1.07 mg/dL gives a man of 60 an eGFR of 75.
    assert part(found, "creatinine") == (2, 2, 2)
    assert found.components[0].evidence == ("e3", "e0", "e1")


@pytest.mark.parametrize("without", ["aged", "sex"])
def test_nothing_is_calculated_back_without_age_or_sex(stage, without):
    rows = [row for row in ADMITTED.splitlines() if without not in row]
    found = stage(
        "\n".join(rows), "1 06:00", creatinine={"baseline": "lowest_or_estimated"}
    )
    assert part(found, "creatinine") == (None, 0, 3)


def test_nothing_is_calculated_back_for_a_child(stage):
    table = ADMITTED.replace("| 60 ", "| 17 ")
    found = stage(table, "1 06:00", creatinine={"baseline": "lowest_or_estimated"})
    assert part(found, "creatinine") == (None, 0, 3)


@pytest.mark.parametrize(
    ("more", "points"),
    [
        ("2 06:00 | creatinine | 1.1 | 7", 2),  # normal: it is the baseline of 2.4
        ("2 06:00 | creatinine | 1.2 | 7", 2),  # not normal: 1.07, calculated back
        ("1 05:00 | condition | http://hl7.org/fhir/sid/icd-10-cm~N18.3 | 7", 0),
    ],
)
def test_by_admission_the_lowest_counts_if_normal_or_the_kidneys_are_ill(
    stage, more, points
):
    table = ADMITTED + more + "\n2 08:00 | creatinine | 2.4 | 7"
    found = stage(table, "2 08:00", creatinine={"baseline": "admission"})
    assert found.total == points
    assert found.provisional


@pytest.mark.parametrize(
    ("left", "provisional"), [("2 07:00", False), ("2 09:00", True)]
)
def test_a_baseline_by_admission_may_change_until_discharge(stage, left, provisional):
    table = ADMITTED + f"2 06:00 | creatinine | 1.0 | 7\n{left} | home | | 7"
    found = stage(table, "2 08:00", creatinine={"baseline": "admission"})
    assert found.provisional == provisional


def test_a_lower_value_after_it_is_the_baseline_of_an_earlier_creatinine(stage):
    """Of 2.4 the estimate of 1.07 makes stage 2, the 1.5 of a diseased kidney stage 1."""
    ill = "1 05:00 | condition | http://hl7.org/fhir/sid/icd-10-cm~N18.3 | 7\n"
    asked = {"creatinine": {"baseline": "admission"}, "pick": "worst"}
    before = stage(ADMITTED, "1 11:00", **asked)
    after = stage(ADMITTED + ill + "1 12:00 | creatinine | 1.5 | 7", "1 12:00", **asked)
    assert part(before, "creatinine") == (2, 2, 2)
    assert part(after, "creatinine") == (1, 1, 1)


# -- urine ---------------------------------------------------------------------


def hourly(volume, first, last, weight=80):
    rows = [
        f"{1 + h // 24} {h % 24:02}:00 | urine | {volume}"
        for h in range(first, last + 1)
    ]
    head = ["at|what|value", *([f"1 00:00 | weight | {weight}"] if weight else [])]
    return "\n".join([*head, *rows])


@pytest.mark.parametrize(
    ("volume", "hours", "points"),
    [
        (39, 5, None),  # less than six hours observed
        (40, 6, 0),
        (39, 6, 1),
        (39, 11, 1),
        (39, 12, 2),
        (40, 12, 0),
        (24, 23, 2),
        (24, 24, 2),  # 0.3 is not below 0.3
        (23, 23, 2),
        (23, 24, 3),
        (0, 11, 1),
        (0, 12, 3),
    ],
)
def test_each_rate_on_both_sides_of_its_edge(stage, volume, hours, points):
    """80 kg: 40 mL an hour are 0.5, 24 are 0.3; the first charting starts the clock."""
    last = hours
    found = stage(hourly(volume, 0, last), f"{1 + last // 24} {last % 24:02}:00")
    assert part(found, "urine")[0] == points


def test_a_rate_not_yet_observed_leaves_the_stage_open_above(stage):
    assert part(stage(hourly(80, 0, 6), "1 06:00"), "urine") == (0, 0, 3)
    assert part(stage(hourly(80, 0, 12), "1 12:00"), "urine") == (0, 0, 3)
    assert part(stage(hourly(80, 0, 24), "2 00:00"), "urine") == (0, 0, 0)


def test_without_a_weight_only_anuria_tells(stage):
    table = hourly(30, 0, 24, weight=None)
    found = stage(table, "2 00:00")
    assert part(found, "urine") == (None, 0, 3)
    assert found.missing == ("creatinine", "weight")
    assert part(stage(hourly(0, 0, 24, weight=None), "2 00:00"), "urine")[0] == 3
    silent = {"without_weight": "nothing"}
    none = stage(hourly(0, 0, 24, weight=None), "2 00:00", urine=silent)
    assert part(none, "urine") == (None, 0, 3)


@pytest.mark.parametrize(("gap", "points"), [("other_windows", 2), ("no_stage", None)])
def test_after_a_gap_of_twelve_hours_mimic_code_tells_nothing(stage, gap, points):
    table = """
    at      | what   | value
    1 00:00 | weight | 80
    1 00:00 | urine  | 100
    1 12:00 | urine  | 200
    """
    found = stage(table, "1 12:00", six_hour_gap=gap, urine={"longest_gap": None})
    assert part(found, "urine")[0] == points


@pytest.mark.parametrize(("gap", "points"), [(timedelta(hours=12), None), (None, 2)])
def test_a_volume_after_a_long_silence_only_restarts_the_clock(stage, gap, points):
    table = """
    at      | what   | value
    1 00:00 | weight | 80
    1 00:00 | urine  | 100
    1 14:00 | urine  | 200
    """
    found = stage(table, "1 14:00", urine={"longest_gap": gap})
    assert part(found, "urine")[0] == points


@pytest.mark.parametrize(
    ("first", "points"), [("starts_the_clock", None), ("one_hour", 1)]
)
def test_how_long_the_first_volume_was_collected(stage, first, points):
    """Six chartings are five hours observed, or six if the first stands for one."""
    found = stage(hourly(30, 0, 5), "1 05:00", urine={"first": first})
    assert part(found, "urine")[0] == points


@pytest.mark.parametrize(("window", "points"), [("open", 1), ("closed", 0)])
def test_whether_the_charting_six_hours_ago_belongs_to_six_hours(stage, window, points):
    table = "at|what|value\n1 00:00|weight|80\n1 00:00|urine|0\n1 01:00|urine|900\n"
    table += "\n".join(f"1 {h:02}:00 | urine | 10" for h in range(2, 8))
    found = stage(table, "1 07:00", urine={"window": window})
    assert part(found, "urine")[0] == points


@pytest.mark.parametrize(
    ("negative", "points"), [("unknown", None), ("as_computed", 1)]
)
def test_irrigant_that_has_not_come_back_makes_no_anuria(stage, negative, points):
    table = hourly(50, 0, 6) + "\n1 06:00 | gu_irrigant | 1000"
    found = stage(table, "1 06:00", urine={"negative": negative})
    assert part(found, "urine")[0] == points


def test_irrigant_is_taken_off(stage):
    table = hourly(50, 0, 6) + "\n1 06:00 | gu_irrigant | 100"
    assert part(stage(table, "1 06:00"), "urine")[0] == 1


def test_the_last_weight_counts_for_thirty_days(stage):
    table = """
    at      | what   | value
    1 00:00 | weight | 100
    1 05:30 | weight | 50
    """ + "\n".join(f"1 {h:02}:00 | urine | 30" for h in range(7))
    assert part(stage(table, "1 06:00"), "urine")[0] == 0
    old = stage(table, "1 06:00", urine={"weight_reach": timedelta(minutes=29)})
    assert old.missing == ("creatinine", "weight")


# -- renal replacement, and all together ---------------------------------------


@pytest.mark.parametrize(
    ("moment", "points"),
    [
        ("1 09:59", None),
        ("1 10:00", 3),
        ("5 10:00", 3),
        ("7 09:59", 3),
        ("7 10:00", None),
    ],
)
def test_renal_replacement_is_stage_3_while_it_runs_and_a_day_after(
    stage, moment, points
):
    table = """
    at      | what | value
    1 10:00 | rrt  | started
    6 10:00 | rrt  | stopped
    """
    bound = points or 0
    assert part(stage(table, moment), "rrt") == (points, bound, bound)


def test_a_charted_mode_shows_renal_replacement_and_an_empty_one_does_not(stage):
    table = "at|what|value\n1 10:00 | crrt_mode | {}"
    assert part(stage(table.format("CVVHDF"), "1 10:00"), "rrt")[0] == 3
    assert part(stage(table.format(""), "1 10:00"), "rrt") == (None, 0, 0)


def test_mimic_code_sees_no_dialysis_without_a_charted_mode(stage):
    table = "at|what|value\n1 10:00 | rrt | done"
    assert part(stage(table, "1 10:00"), "rrt")[0] == 3
    assert part(stage(table, "1 10:00", rrt="charted_mode"), "rrt") == (None, 0, 0)


def test_that_nobody_saw_dialysis_may_be_told_as_unknown(stage):
    found = stage(
        "at|what|value\n1 10:00 | weight | 80", "1 10:00", rrt_unseen="unknown"
    )
    assert part(found, "rrt") == (None, 0, 3)


def test_without_any_sign_there_is_no_stage_and_nothing_is_confirmed(timeline_of, at):
    told = rule_named("kdigo").evaluate(timeline_of("at|what|value"), at("1 10:00"))
    assert (told.truth, told.total, told.status) == (UNKNOWN, None, "provisional")
    assert (told.lower, told.upper) == (0.0, 3.0)


def test_the_worst_of_the_three_counts_and_nothing_is_added_up(stage):
    creatinine = "1 00:00 | creatinine | 1.0\n1 06:00 | creatinine | 2.0"
    table = f"{hourly(39, 0, 6)}\n{creatinine}"
    found = stage(table, "1 06:00")
    assert [c.points for c in found.components] == [2, 1, None]
    assert (found.total, found.lower, found.upper) == (2, 2, 3)


def test_of_nobody_anything_may_be_true(stage):
    found = stage("at|what|value\n1 10:00 | map | 80", "1 10:00")
    assert (found.total, found.lower, found.upper) == (0, 0, 3)
    assert found.missing == ("creatinine", "urine")


# -- rows of an ICU stay, as mimic-code has them -------------------------------

STAY = """
at      | what       | value   | stay | encounter
1 00:00 | icu        | entered | 3    | 7
1 05:00 | urine      | 0       | 3    | 7
1 06:00 | creatinine | 1.0     |      | 7
2 06:00 | creatinine | 1.3     |      | 7
5 00:00 | icu        | left    | 3    | 7
"""

ANY_CODE = replace(
    KDIGO_MIMIC,
    creatinine=replace(KDIGO_MIMIC.creatinine, codes=None),
    urine=replace(KDIGO_MIMIC.urine, codes=None),
)


def test_a_row_for_each_creatinine_and_each_charting_of_urine(timeline_of, at):
    rows = kdigo_rows(timeline_of(STAY), policy=ANY_CODE)
    assert [row.at for row in rows] == [at("1 05:00"), at("1 06:00"), at("2 06:00")]
    assert [row.stage for row in rows] == [0, 0, 1]
    assert {(row.stay, row.encounter) for row in rows} == {("3", "7")}


def test_what_happened_later_makes_no_row(timeline_of, at):
    rows = kdigo_rows(timeline_of(STAY), policy=ANY_CODE, now=at("2 05:59"))
    assert [row.at for row in rows] == [at("1 05:00"), at("1 06:00")]


def test_a_stay_without_creatinine_has_a_row_without_a_time(timeline_of):
    table = "\n".join(row for row in STAY.splitlines() if "creatinine" not in row)
    first, urine = kdigo_rows(timeline_of(table), policy=ANY_CODE)
    assert (first.at, first.stage, first.smoothed) == (None, 0, 0)
    assert urine.urine is not None
    own = kdigo_rows(timeline_of(table), policy=KDIGO)
    assert [row.at for row in own] == [urine.at]


TWICE = (
    STAY
    + """
5 12:00 | icu        | entered | 4    | 7
6 18:00 | creatinine | 1.0     |      | 7
"""
)


@pytest.mark.parametrize(
    ("smoothing", "smoothed"), [("stay", 0), ("hours_since_each_intime", 1)]
)
def test_mimic_code_smooths_over_the_hours_of_another_stay(
    timeline_of, smoothing, smoothed
):
    """Both rows lie 30 hours after the beginning of their stay, four days apart."""
    policy = replace(ANY_CODE, smoothing=smoothing)
    rows = kdigo_rows(timeline_of(TWICE), policy=policy)
    last = next(row for row in reversed(rows) if row.stay == "4")
    assert (last.stage, last.smoothed) == (0, smoothed)


@pytest.mark.parametrize(("when", "smoothed"), [("2 12:00", 1), ("2 12:01", 0)])
def test_smoothing_holds_both_ends_of_six_hours(timeline_of, when, smoothed):
    table = STAY.replace("5 00:00", "9 00:00") + f"{when} | urine | 100 | 3 | 7"
    row = next(
        r
        for r in kdigo_rows(timeline_of(table), policy=KDIGO)
        if r.urine and r.urine.volume
    )
    assert row.smoothed == smoothed


@pytest.mark.parametrize(("early", "points"), [("stage_0", 0), ("as_observed", 1)])
def test_the_first_six_hours_in_the_icu(timeline_of, early, points):
    rows = "\n".join(f"1 {h:02}:00 | urine | 10 | 3 | 7" for h in range(7))
    table = STAY + "1 00:00 | weight | 80 | 3 | 7\n" + rows
    policy = replace(ANY_CODE, first_six_hours=early)
    row = next(
        r
        for r in kdigo_rows(timeline_of(table), policy=policy)
        if r.at and r.at.hour == 6 and r.urine
    )
    assert row.urine_stage == points


def test_what_was_measured_a_fortnight_ago_serves_no_row_of_mimic_code(timeline_of, at):
    table = """
    at       | what       | value   | stay
    11 00:00 | icu        | entered | 3
    2 06:00  | creatinine | 1.0     |
    8 06:00  | creatinine | 2.0     |
    """
    cut, look = (
        kdigo_rows(timeline_of(table), policy=policy)[0].creatinine
        for policy in (ANY_CODE, KDIGO)
    )
    assert (cut.at, cut.low_7_days, cut.points) == (at("8 06:00"), None, 0)
    assert (look.at, look.low_7_days, look.points) == (at("8 06:00"), 1.0, 2)
