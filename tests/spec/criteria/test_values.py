"""Values that last, values told apart, trends: what a clinician would say of them."""

import pytest


SHOCKED = "{kind: value, concept: map, is: '< 65 mm[Hg]', within: 12 h, sustained: 3 h}"


@pytest.mark.parametrize(
    ("pressures", "truth"),
    [
        ("09 60, 11 58", "TRUE"),  # each less than 2 h from the next, and up to now
        ("09 60, 10 62, 11 58", "TRUE"),
        ("10 60, 11 58", "UNKNOWN"),  # what was before 10:00 nobody measured
        ("09 60, 11 70", "FALSE"),
        ("08 80, 09 60, 11 58", "TRUE"),
        ("09 60", "UNKNOWN"),  # three hours without a reading are not covered
        ("", "UNKNOWN"),
    ],
)
def test_low_for_three_hours_up_to_now(says, pressures, truth):
    assert says(SHOCKED, hourly("map", pressures)) == truth


@pytest.mark.parametrize(
    ("pressures", "truth"),
    [
        ("02 60, 04 60, 05 60, 06 80", "TRUE"),
        ("02 60, 06 60, 07 80", "UNKNOWN"),  # four hours apart: not covered
        ("02 80, 04 80, 06 80, 08 80, 10 80, 12 80", "FALSE"),
    ],
)
def test_low_for_three_hours_at_some_time(says, pressures, truth):
    rule = SHOCKED.replace("sustained", "which: any, sustained")
    assert says(rule, hourly("map", pressures)) == truth


def test_a_gap_that_the_rule_allows_is_covered(says):
    rule = SHOCKED.replace("3 h", "3 h, gap: 4 h")
    assert says(rule, hourly("map", "09 60")) == "TRUE"


TWICE = """
    kind: value
    concept: mhla_dr_percent
    is: '< 30 %'
    within: 72 h
    n: 2
    apart: 24 h
"""


@pytest.mark.parametrize(
    ("table", "truth"),
    [
        ("1 10:00 | mhla_dr_percent | 20\n2 10:00 | mhla_dr_percent | 25", "TRUE"),
        ("1 10:00 | mhla_dr_percent | 20\n2 09:00 | mhla_dr_percent | 25", "UNKNOWN"),
        ("1 10:00 | mhla_dr_percent | 20", "UNKNOWN"),
        ("1 10:00 | mhla_dr_percent | 20\n2 10:00 | mhla_dr_percent | 35", "FALSE"),
    ],
)
def test_two_samples_a_day_apart(says, table, truth):
    assert says(TWICE, table, "2 12:00") == truth


def test_of_an_untold_specimen_nobody_knows_whether_it_counts(says):
    rule = """
        {kind: value, concept: lactate, is: '> 2 mmol/L', within: 6 h,
         specimens: [arterial]}
    """
    assert says(rule, "1 10:00 | lactate | 4 | | arterial") == "TRUE"
    assert says(rule, "1 10:00 | lactate | 4 | | venous") == "UNKNOWN"
    assert says(rule, "1 10:00 | lactate | 4") == "UNKNOWN"
    both = "1 09:00 | lactate | 1 | | arterial\n1 10:00 | lactate | 4"
    assert says(rule, both) == "UNKNOWN"
    assert says(rule, both.replace("| 4", "| 1")) == "FALSE"


FALL = (
    "{kind: trend, concept: platelets, from: highest, change: '<= -50 %', within: 3 d}"
)


@pytest.mark.parametrize(
    ("platelets", "truth"),
    [
        ("06 200, 10 100", "TRUE"),
        ("06 200, 10 101", "FALSE"),
        ("06 100, 08 200, 10 100", "TRUE"),
        ("10 100", "UNKNOWN"),  # one reading is no trend
        ("", "UNKNOWN"),
        ("06 >150, 10 70", "TRUE"),
        ("06 >150, 10 80", "UNKNOWN"),
    ],
)
def test_a_fall_by_half(says, platelets, truth):
    assert says(FALL, hourly("platelets", platelets)) == truth


@pytest.mark.parametrize(
    ("ends", "readings", "truth"),
    [
        ("from: first", "06 1.0, 08 2.0, 10 1.2", "FALSE"),
        ("from: lowest", "06 1.0, 08 0.8, 10 1.2", "TRUE"),
        ("from: latest", "06 1.0, 08 1.5, 10 1.7", "FALSE"),  # 1.5 to 1.7
        ("from: first, to: highest", "06 1.0, 08 2.0, 10 1.2", "TRUE"),
        ("from: lowest, to: highest", "06 2.0, 08 1.0, 10 1.2", "FALSE"),
        ("from: lowest, to: highest", "06 2.0, 08 1.0, 09 1.4, 10 1.2", "TRUE"),
    ],
)
def test_a_rise_of_more_than_0_3(says, ends, readings, truth):
    rule = f"{{kind: trend, concept: creatinine, {ends}, change: '> 0.3 mg/dL', within: 3 d}}"
    assert says(rule, hourly("creatinine", readings)) == truth


def test_a_difference_is_told_without_the_error_of_floating_point(says):
    rule = "{kind: trend, concept: creatinine, from: first, change: '> 0.3 mg/dL', within: 3 d}"
    assert says(rule, hourly("creatinine", "06 1.0, 10 1.3")) == "FALSE"


def test_a_difference_of_temperatures_has_no_zero_of_its_own(says):
    rule = "{kind: trend, concept: temperature, from: first, change: '>= 1.8 [degF]', within: 3 d}"
    assert says(rule, hourly("temperature", "06 37, 10 38")) == "TRUE"


def hourly(what, readings):
    """`06 200, 10 100` as two lines of a timeline."""
    pairs = [one.split() for one in readings.split(",") if one.strip()]
    return "\n".join(f"1 {hour}:00 | {what} | {value}" for hour, value in pairs)
