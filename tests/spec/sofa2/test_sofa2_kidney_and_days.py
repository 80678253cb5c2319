"""Kidney: urine by stretches, replacement; days: carrying forward, boundaries."""

from datetime import timedelta

import pytest

from streams.clinical.scores.sofa2.sofa2 import sofa2, sofa2_days


def hourly(volumes, weight=100, first=-30):
    """A table of volumes charted each hour from `first` on, day 1 beginning at 0."""
    rows = ["at | what | value", f"0 00:00 | weight | {weight}"]
    for hour, volume in enumerate(volumes, first):
        day, clock = divmod(hour, 24)
        rows.append(f"{day + 1} {clock:02}:00 | urine | {volume}")
    return "\n".join(rows)


# Weight 100 kg: 50 mL an hour is 0.5 mL/kg/h, 30 mL is 0.3.
@pytest.mark.parametrize(
    ("volumes", "points"),
    [
        ([100] * 24 + [49] * 6, 1),
        ([100] * 24 + [50] * 6, 0),
        ([100] * 25 + [40] * 5, 0),
        ([100] * 18 + [49] * 12, 2),
        ([100] * 18 + [50] * 12, 0),
        ([100] * 7 + [29] * 24, 3),
        ([100] * 7 + [30] * 24, 2),
        ([100] * 19 + [0] * 12, 3),
        ([100] * 20 + [0] * 11, 2),
    ],
)
def test_urine_scores_by_the_stretch_it_was_low(organ, volumes, points):
    quiet = timedelta(hours=len(volumes) - 30)
    end = "1 00:00" if quiet < timedelta(hours=1) else "1 01:00"
    assert organ("kidney", hourly(volumes), end).points == points


def test_irrigation_that_went_in_is_taken_off(organ):
    table = hourly([100] * 24 + [49] * 6) + "\n0 22:00 | gu_irrigant | 30"
    assert organ("kidney", table, "1 00:00").points == 1
    rinsed = hourly([100] * 24 + [60] * 6) + "\n0 22:00 | gu_irrigant | 61"
    assert organ("kidney", rinsed, "1 00:00").points == 1


def test_nothing_charted_is_no_anuria(organ):
    table = """
    at      | what   | value
    1 00:00 | weight | 80
    1 01:00 | urine  | 50
    1 23:00 | urine  | 50
    """
    told = organ("kidney", table, "2 00:00")
    assert (told.points, told.upper) == (None, 4)


def test_a_gap_in_the_charting_tells_nothing_by_policy(organ):
    table = """
    at      | what       | value
    1 00:00 | weight     | 80
    1 01:00 | urine      | 50
    1 14:00 | urine      | 100
    1 14:00 | creatinine | 1
    """
    assert organ("kidney", table, "1 20:00").points == 0
    told = organ("kidney", table, "1 20:00", urine_gap=timedelta(hours=13))
    assert told.points == 2


def test_without_a_weight_only_anuria_can_be_told(organ):
    none = hourly([0] * 31).replace("0 00:00 | weight | 100\n", "")
    assert organ("kidney", none, "1 00:00").points == 3
    some = hourly([10] * 31).replace("0 00:00 | weight | 100\n", "")
    told = organ("kidney", some, "1 00:00")
    assert (told.points, told.upper) == (None, 4)


@pytest.mark.parametrize(
    ("oliguria", "hours", "points"),
    [("over_6h", 6, 1), ("over_6h", 7, 4), ("from_6h", 6, 4), ("from_6h", 5, 1)],
)
def test_oliguria_and_potassium_are_criteria_for_replacement(
    organ, oliguria, hours, points
):
    table = hourly([100] * (30 - hours) + [29] * hours) + "\n0 23:00 | potassium | 6"
    assert organ("kidney", table, "1 00:00", oliguria=oliguria).points == points


def test_the_first_volume_only_starts_the_clock(organ):
    table = """
    at      | what   | value
    0 20:00 | weight | 100
    1 07:00 | urine  | 100
    """
    assert organ("kidney", table, "1 20:00").points is None


DIALYSIS = """
at      | what          | value
1 08:00 | procedure on  | {name}
1 12:00 | procedure off | {name}
2 06:00 | creatinine    | 1.1
3 06:00 | creatinine    | 1.1
4 06:00 | creatinine    | 1.1
"""


@pytest.mark.parametrize(
    ("name", "points"),
    [
        ("rrt_intermittent", [4, 4, 4, 0]),
        ("rrt", [4, 4, 4, 0]),
        ("rrt_continuous", [4, 0, 0, 0]),
        ("plasma_exchange", [None, 0, 0, 0]),
    ],
)
def test_days_off_intermittent_replacement_score_4(days, name, points):
    table = DIALYSIS.format(name=name)
    assert days("kidney", table, "1 00:00", "4 23:00") == points


def test_days_off_end_where_replacement_was_terminated(days):
    table = DIALYSIS.format(name="rrt") + "1 20:00 | procedure | rrt_ended\n"
    assert days("kidney", table, "1 00:00", "4 23:00") == [4, 0, 0, 0]


def test_replacement_that_nobody_stopped_goes_on(days):
    table = """
    at      | what         | value
    1 08:00 | procedure on | rrt_continuous
    """
    assert days("kidney", table, "1 00:00", "3 23:00") == [4, 4, 4]


# -- days (a, b) ---------------------------------------------------------------

PLATELETS = """
at      | what      | value
2 10:00 | platelets | 40
2 18:00 | platelets | 70
4 10:00 | platelets | 90
"""


def test_the_first_day_is_unknown_or_zero_and_later_ones_are_carried(days):
    whole = ("haemostasis", PLATELETS, "1 00:00", "5 00:00")
    assert days(*whole) == [None, 4, 4, 2]
    assert days(*whole, missing="normal") == [0, 4, 4, 2]
    assert days(*whole, carry="none") == [None, 4, None, 2]


def test_what_was_carried_is_named_and_could_be_anything(told, at):
    rows = sofa2_days(told(PLATELETS), at("1 00:00"), at("5 00:00"))
    assert [row.carried for row in rows] == [set(), set(), {"haemostasis"}, set()]
    carried = rows[2].score.components[-1]
    assert (carried.points, carried.lower, carried.upper) == (4, 0, 4)
    assert "platelets" in rows[2].score.missing


def test_a_value_of_the_boundary_counts_in_one_day_or_in_both(days):
    table = """
    at      | what      | value
    1 10:00 | platelets | 200
    2 00:00 | platelets | 40
    """
    whole = ("haemostasis", table, "1 00:00", "2 12:00")
    assert days(*whole) == [0, 4]
    assert days(*whole, window="closed") == [4, 4]


def test_a_day_that_still_runs_is_scored_to_the_moment(days):
    table = """
    at      | what      | value
    1 10:00 | platelets | 120
    1 20:00 | platelets | 40
    """
    assert days("haemostasis", table, "1 00:00", "1 12:00") == [1]
    assert days("haemostasis", table, "1 00:00", "1 20:00") == [4]


def test_at_a_moment_the_last_points_are_carried_from_within_the_stay(told, at):
    timeline, now = told(PLATELETS), at("4 09:00")
    alone = sofa2(timeline, now).components[-1]
    carried = sofa2(timeline, now, since=at("1 12:00")).components[-1]
    later = sofa2(timeline, now, since=at("3 00:00")).components[-1]
    assert (alone.points, carried.points, later.points) == (None, 4, None)


@pytest.mark.parametrize(("units", "points"), [("as_sent", 0), ("conventional", 1)])
def test_108_micromoles_of_creatinine(organ, units, points):
    table = """
    at      | what       | value | unit
    1 10:00 | creatinine | 108   | umol/L
    """
    assert organ("kidney", table, "1 20:00", units=units).points == points


@pytest.mark.parametrize(("hours", "points"), [(14.9, None), (15, 4), (15.1, 4)])
def test_a_look_back_takes_the_last_value_before_the_window(organ, hours, points):
    """The window opens at 3 09:00; the last count of before is from 2 18:00."""
    reach = {"haemostasis_reach": timedelta(hours=hours)}
    told = organ("haemostasis", PLATELETS.replace("70", "45"), "4 09:00", **reach)
    assert told.points == points


@pytest.mark.parametrize(("hours", "points"), [(14.9, None), (15, 4)])
def test_it_reaches_as_far_before_a_stay_as_before_a_moment(days, hours, points):
    """A stay's first window opens at 3 09:00 itself."""
    reach = {"haemostasis_reach": timedelta(hours=hours)}
    table = PLATELETS.replace("70", "45")
    assert days("haemostasis", table, "3 09:00", "4 09:00", **reach) == [points]
