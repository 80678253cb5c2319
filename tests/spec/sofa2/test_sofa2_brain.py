"""Brain: sedation, the motor part, drugs for delirium, told as small timelines."""

import pytest


SEDATED = """
at      | what      | value
1 08:00 | gcs_total | 9
1 09:00 | propofol  | 30
1 12:00 | gcs_total | 3
1 18:00 | propofol  | stop
"""


@pytest.mark.parametrize(
    ("sedated", "points"),
    [
        ("pre_sedation", 2),
        ("discarded", 2),
        ("as_charted", 4),
        ("assume_normal", 2),
        ("unknown", 2),
    ],
)
def test_a_scale_under_sedation_counts_by_policy(organ, sedated, points):
    assert organ("brain", SEDATED, "1 20:00", sedated=sedated).points == points


def test_the_scale_before_sedation_counts_from_before_the_window_too(organ):
    assert organ("brain", SEDATED, "2 09:30").points == 2
    assert organ("brain", SEDATED, "2 09:30", sedated="discarded").points == 0
    assert organ("brain", SEDATED, "2 09:30", sedated="unknown").points is None


def test_the_scale_before_sedation_is_forgotten_after_its_reach(organ, at):
    reach = at("1 09:00") - at("1 08:30")
    told = organ("brain", SEDATED, "1 20:00", pre_sedation_reach=reach)
    assert told.points == 2  # the charting of 08:00 lies in the window itself
    told = organ("brain", SEDATED, "2 09:30", pre_sedation_reach=reach)
    assert (told.points, told.lower, told.upper) == (0, 0, 4)


def test_sedated_and_nobody_knows_how_it_was_before_is_zero(organ):
    table = """
    at      | what      | value
    1 09:00 | midazolam | 5
    1 12:00 | gcs_total | 3
    """
    told = organ("brain", table, "1 20:00")
    assert (told.points, told.lower, told.upper) == (0, 0, 4)
    assert organ("brain", table, "1 20:00", sedated="assume_normal").points == 0
    assert organ("brain", table, "1 20:00", sedated="as_charted").points == 4


@pytest.mark.parametrize(("washout_ends", "points"), [("1 11:59", 3), ("1 12:00", 2)])
def test_sedation_counts_for_as_long_as_its_washout(organ, at, washout_ends, points):
    table = """
    at      | what      | value
    1 08:00 | gcs_total | 9
    1 09:00 | propofol  | 30
    1 10:00 | propofol  | stop
    1 12:00 | gcs_total | 7
    """
    washout = at(washout_ends) - at("1 10:00")
    assert organ("brain", table, "1 20:00", washout=washout).points == points


def test_a_rate_of_zero_sedates_nobody(organ):
    table = """
    at      | what      | value
    1 09:00 | propofol  | 0
    1 12:00 | gcs_total | 7
    """
    assert organ("brain", table, "1 20:00").points == 3


def test_sedation_by_two_drugs_lasts_until_both_have_stopped(organ):
    table = """
    at      | what      | value
    1 08:00 | gcs_total | 14
    1 09:00 | propofol  | 30
    1 09:00 | fentanyl  | 50
    1 10:00 | fentanyl  | stop
    1 12:00 | gcs_total | 3
    1 13:00 | propofol  | stop
    """
    assert organ("brain", table, "1 20:00").points == 1


def test_the_motor_part_stands_in_where_the_whole_cannot_be_assessed(organ):
    table = """
    at      | what       | value
    1 12:00 | gcs_eye    | 2
    1 12:00 | gcs_verbal | intubated
    1 12:00 | gcs_motor  | 5
    """
    assert organ("brain", table, "1 20:00").points == 1


@pytest.mark.parametrize(("motor", "points"), [("when_unassessable", 0), ("always", 2)])
def test_the_motor_part_beside_a_whole_scale_is_a_policy(organ, motor, points):
    table = """
    at      | what      | value
    1 12:00 | gcs_total | 15
    1 12:00 | gcs_motor | 4
    """
    assert organ("brain", table, "1 20:00", motor=motor).points == points


@pytest.mark.parametrize(
    ("delirium", "points", "upper"),
    [("at_least_one", 1, 4), ("lifts_a_full_scale", None, 4)],
)
def test_a_drug_for_delirium_counts_without_any_scale(organ, delirium, points, upper):
    table = """
    at      | what  | value
    1 12:00 | given | quetiapine
    """
    told = organ("brain", table, "1 20:00", delirium=delirium)
    assert (told.points, told.upper) == (points, upper)


@pytest.mark.parametrize(
    ("dexmedetomidine", "points"), [("both", 1), ("sedation", 0), ("delirium", 4)]
)
def test_dexmedetomidine_is_sedation_or_therapy_or_both(organ, dexmedetomidine, points):
    table = """
    at      | what            | value
    1 08:00 | gcs_total       | 15
    1 09:00 | dexmedetomidine | 0.5
    1 12:00 | gcs_total       | 3
    """
    told = organ("brain", table, "1 20:00", dexmedetomidine=dexmedetomidine)
    assert told.points == points
