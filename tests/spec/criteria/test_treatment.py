"""Treatments: how much, how often, for how long, and whether they still run."""

import pytest


EQUIVALENT = """
    {kind: norepinephrine_equivalent, is: '> 0.2 ug/kg/min', policy: mimic%s}
"""


@pytest.mark.parametrize(
    ("drips", "truth"),
    [
        ("1 10:00 | norepinephrine | 0.2", "FALSE"),
        ("1 10:00 | norepinephrine | 0.1\n1 11:00 | epinephrine | 0.11", "TRUE"),
        ("1 10:00 | norepinephrine | 0.1\n1 11:00 | vasopressin | ?", "UNKNOWN"),
        ("1 10:00 | norepinephrine | 0.3\n1 11:00 | vasopressin | ?", "TRUE"),
        ("1 10:00 | norepinephrine | 0.3\n1 11:00 | norepinephrine | stop", "FALSE"),
        ("", "UNKNOWN"),
    ],
)
def test_all_vasopressors_as_one_dose(says, drips, truth):
    assert says(EQUIVALENT % "", drips) == truth


def changed_over(back):
    """A syringe changed at 08:00, for which the dose fell until `back`."""
    return f"""
        1 05:00  | norepinephrine | 0.3
        1 08:00  | norepinephrine | 0.1
        1 {back} | norepinephrine | 0.3
    """


@pytest.mark.parametrize(
    ("drips", "truth"),
    [
        ("1 06:00 | norepinephrine | 0.3", "TRUE"),
        ("1 06:01 | norepinephrine | 0.3", "FALSE"),
        (
            changed_over("08:15"),
            "TRUE",  # no longer than the gap
        ),
        (
            changed_over("08:16"),
            "FALSE",
        ),
        (
            "1 05:00 | norepinephrine | 0.3\n1 08:00 | norepinephrine | ?",
            "UNKNOWN",
        ),
    ],
)
def test_for_six_hours_up_to_now(says, drips, truth):
    assert says(EQUIVALENT % ", lasting: 6 h", drips) == truth


def test_at_some_time_in_a_window(says):
    drips = "1 02:00 | norepinephrine | 0.3\n1 03:00 | norepinephrine | stop"
    assert says(EQUIVALENT % ", within: 10 h", drips) == "TRUE"
    assert says(EQUIVALENT % ", within: 8 h", drips) == "FALSE"


LITRE = "{kind: fluid, direction: in, substances: [crystalloid], total: '>= 1000 mL', within: 6 h}"


@pytest.mark.parametrize(
    ("volumes", "truth"),
    [
        ("1 08:00 | crystalloid | 500\n1 10:00 | crystalloid | 500", "TRUE"),
        ("1 05:00 | crystalloid | 500\n1 10:00 | crystalloid | 500", "FALSE"),
        ("1 08:00 | crystalloid | ?\n1 10:00 | crystalloid | 500", "UNKNOWN"),
        ("1 08:00 | crystalloid | ?\n1 10:00 | crystalloid | 1000", "TRUE"),
        ("1 10:00 | colloid | 1000", "UNKNOWN"),
        ("", "UNKNOWN"),
    ],
)
def test_a_litre_in_six_hours(says, volumes, truth):
    assert says(LITRE, volumes) == truth


def test_by_the_kilogram_a_weight_is_needed(judged):
    rule = "{kind: fluid, direction: in, total: '>= 30 mL/kg', within: 6 h}"
    given = "1 08:00 | crystalloid | 2100\n"
    assert judged(rule, given).would_need == ("weight",)
    assert judged(rule, f"{given}1 06:00 | weight | 70").truth.value == "TRUE"
    assert judged(rule, f"{given}1 06:00 | weight | 71").truth.value == "FALSE"


OLIGURIA = "{kind: urine_output, is: '< 0.5 mL/kg/h', lasting: 6 h}"


@pytest.mark.parametrize(
    ("urine", "truth"),
    [
        ("05 99, 08 100, 11 100", "TRUE"),  # 200 mL in 6 h: 0.48 at 70 kg
        ("05 99, 08 110, 11 100", "FALSE"),  # exactly 0.5
        ("06 99, 08 50, 11 50", "UNKNOWN"),  # five hours were collected
        ("11 50", "UNKNOWN"),
        ("", "UNKNOWN"),
    ],
)
def test_less_than_half_a_millilitre_for_six_hours(says, urine, truth):
    volumes = [one.split() for one in urine.split(",") if one.strip()]
    table = "\n".join(f"1 {hour}:00 | urine | {volume}" for hour, volume in volumes)
    assert says(OLIGURIA, f"{table}\n1 01:00 | weight | 70") == truth


DIALYSIS = "{kind: procedure, any_of: [rrt], running: true}"


@pytest.mark.parametrize(
    ("table", "truth"),
    [
        ("1 08:00 | procedure rrt | started", "TRUE"),
        (
            "1 08:00 | procedure rrt | started\n1 11:00 | procedure rrt | stopped",
            "FALSE",
        ),
        ("1 08:00 | procedure rrt | started | now\n1 11:00 | home | | now", "FALSE"),
        ("1 08:00 | procedure ecmo | started", "UNKNOWN"),
        ("", "UNKNOWN"),
    ],
)
def test_what_still_runs(says, table, truth):
    assert says(DIALYSIS, table) == truth


def test_what_was_done_in_a_window_and_what_was_not(says):
    rule = "{kind: procedure, any_of: [cpr], within: 4 h, absent_means: false}"
    assert says(rule, "1 08:00 | procedure cpr | done") == "TRUE"
    assert says(rule, "1 07:59 | procedure cpr | done") == "FALSE"


@pytest.mark.parametrize(
    ("doses", "truth"),
    [
        ("1 06:00 | gets x | yes\n1 10:00 | gets y | yes", "TRUE"),
        ("1 10:00 | gets x | yes", "FALSE"),
        ("1 06:00 | gets x | ?\n1 10:00 | gets y | yes", "UNKNOWN"),
        ("1 06:00 | gets x | no", "UNKNOWN"),
    ],
)
def test_two_doses_of_an_antimicrobial(says, doses, truth):
    rule = """
        {kind: medication, antimicrobial: true, stages: [given],
         doses: '>= 2 {dose}', within: 24 h}
    """
    assert says(rule, doses) == truth


def test_from_the_first_dose_to_the_last(says):
    rule = """
        {kind: medication, named: [hydrocortison], stages: [given], lasting: 6 h,
         within: 24 h}
    """
    given = "1 04:00 | gets hydrocortisone |\n1 {}:00 | gets hydrocortisone |"
    assert says(rule, given.format("10")) == "TRUE"
    assert says(rule, given.format("09")) == "FALSE"
