"""Lungs and circulation: support, transient changes, an hour of a drug, devices."""

from datetime import timedelta

import pytest


# -- respiratory (f, g, h, i) --------------------------------------------------

SUCTION = """
at      | what     | value
1 10:00 | category | invasive
1 10:00 | fio2     | 35
1 11:00 | spo2     | 97
1 11:30 | spo2     | 75
1 {back} | spo2     | 97
"""


@pytest.mark.parametrize(("back", "points"), [("12:29", 1), ("12:30", 2)])
def test_a_change_that_is_over_within_an_hour_is_ignored(organ, back, points):
    table = SUCTION.format(back=back)
    assert organ("respiratory", table, "1 20:00").points == points
    assert organ("respiratory", table, "1 20:00", transient="counted").points == 2


def test_nobody_knows_yet_that_a_change_will_pass(organ):
    table = SUCTION.format(back="11:45")
    assert organ("respiratory", table, "1 11:40").points == 2
    assert organ("respiratory", table, "1 11:45").points == 1


def test_saturation_too_high_to_score_tells_that_a_change_has_passed(organ):
    table = """
    at      | what     | value
    1 10:00 | category | invasive
    1 10:00 | fio2     | 40
    1 11:00 | spo2     | 99
    1 11:10 | spo2     | 80
    1 11:20 | spo2     | 99
    1 13:00 | spo2     | 96
    """
    assert organ("respiratory", table, "1 20:00").points == 2
    assert organ("respiratory", table, "1 20:00", transient="counted").points == 3


def test_the_worst_points_count_not_the_worst_ratio(organ):
    table = """
    at      | what     | value
    1 08:00 | category | oxygen
    1 08:00 | fio2     | 80
    1 08:30 | pao2     | 56
    1 12:00 | category | invasive
    1 12:00 | fio2     | 60
    1 12:30 | pao2     | 84
    """
    assert organ("respiratory", table, "1 10:00").points == 2
    assert organ("respiratory", table, "1 20:00").points == 3


def test_support_that_was_stopped_opens_no_points(organ):
    table = """
    at      | what     | value
    1 08:00 | category | invasive
    1 10:00 | category | oxygen
    1 10:00 | fio2     | 60
    1 10:30 | pao2     | 60
    """
    assert organ("respiratory", table, "1 20:00").points == 2


@pytest.mark.parametrize("status", ["dni", "dnr_dni", "comfort_only"])
def test_a_ceiling_of_treatment_scores_by_the_ratio_alone(organ, status):
    table = """
    at      | what        | value
    1 08:00 | category    | oxygen
    1 08:00 | fio2        | 100
    1 08:30 | pao2        | 60
    1 09:00 | code status | {status}
    """
    assert organ("respiratory", table.format(status=status), "1 20:00").points == 4
    assert organ("respiratory", table.format(status="dnr"), "1 20:00").points == 2
    without = {"support_ceiling": frozenset()}
    told = organ("respiratory", table.format(status=status), "1 20:00", **without)
    assert told.points == 2


def test_where_a_site_has_no_ventilators_the_ratio_alone_is_scored(organ):
    table = """
    at      | what     | value
    1 08:00 | category | oxygen
    1 08:00 | fio2     | 60
    1 08:30 | pao2     | 80
    """
    told = organ("respiratory", table, "1 20:00", without_support="ratio_alone")
    assert told.points == 3


def test_long_term_ventilation_at_home_is_advanced_support(organ):
    table = """
    at      | what      | value
    1 07:00 | condition | http://hl7.org/fhir/sid/icd-10-cm~Z99.11
    1 08:00 | fio2      | 60
    1 08:30 | pao2      | 80
    """
    assert organ("respiratory", table, "1 20:00").points == 3
    told = organ("respiratory", table, "1 20:00", home_ventilation=())
    assert (told.points, told.upper) == (2, 3)


def test_ecmo_counts_while_it_runs(organ):
    table = """
    at      | what          | value
    1 08:00 | procedure on  | ecmo_vv
    2 08:00 | procedure off | ecmo_vv
    2 08:00 | map           | 80
    """
    assert organ("respiratory", table, "1 07:59").points is None
    assert organ("respiratory", table, "2 20:00").points == 4
    assert organ("respiratory", table, "3 07:59").points == 4
    assert organ("respiratory", table, "3 08:00").points is None
    assert organ("cardiovascular", table, "2 20:00").points == 0


# -- cardiovascular (j to n) ---------------------------------------------------


@pytest.mark.parametrize(("moment", "points"), [("1 10:59", 0), ("1 11:00", 3)])
def test_a_drug_counts_once_it_has_run_for_an_hour(organ, moment, points):
    table = """
    at      | what           | value
    1 10:00 | map            | 75
    1 10:00 | norepinephrine | 0.3
    """
    assert organ("cardiovascular", table, moment).points == points


def test_the_hour_is_that_of_the_infusion_not_of_the_rate(organ):
    table = """
    at      | what           | value
    1 10:00 | norepinephrine | 0.1
    1 10:50 | norepinephrine | 0.5
    1 11:05 | norepinephrine | stop
    """
    assert organ("cardiovascular", table, "1 20:00").points == 4


@pytest.mark.parametrize(("gap", "points"), [(4, 1), (5, 3)])
def test_a_change_of_syringes_is_no_break_where_the_policy_says_so(organ, gap, points):
    table = """
    at      | what           | value
    1 09:00 | map            | 60
    1 10:00 | norepinephrine | 0.3
    1 10:40 | norepinephrine | stop
    1 10:45 | norepinephrine | 0.3
    1 11:20 | norepinephrine | stop
    """
    gap = timedelta(minutes=gap)
    assert organ("cardiovascular", table, "1 20:00", pressor_gap=gap).points == points


@pytest.mark.parametrize(("together", "points"), [("at_once", 2), ("same_window", 3)])
def test_drugs_of_different_hours_are_combined_by_policy(organ, together, points):
    table = """
    at      | what           | value
    1 02:00 | norepinephrine | 0.1
    1 04:00 | norepinephrine | stop
    1 10:00 | dobutamine     | 5
    1 12:00 | dobutamine     | stop
    """
    assert organ("cardiovascular", table, "1 20:00", together=together).points == points


def test_a_drug_that_ended_as_the_window_begins_is_not_in_it(organ):
    table = """
    at      | what           | value
    1 02:00 | norepinephrine | 0.5
    1 10:00 | norepinephrine | stop
    2 09:00 | map            | 80
    """
    assert organ("cardiovascular", table, "2 09:59").points == 4
    assert organ("cardiovascular", table, "2 10:00").points == 0


def test_an_hour_that_ends_after_the_day_counts_for_the_day_once_it_is_known(days):
    table = """
    at      | what           | value
    1 08:00 | map            | 80
    1 23:40 | norepinephrine | 0.3
    2 03:00 | norepinephrine | stop
    """
    assert days("cardiovascular", table, "1 00:00", "2 00:00") == [0]
    assert days("cardiovascular", table, "1 00:00", "2 04:00") == [3, 3]
