"""Qualifying antimicrobial days (QAD), each rule of the toolkit as a grid of days.

The grids that carry a figure's number follow the figure as the reference document
describes it (Figure 4, and the worked case of piperacillin-tazobactam and vancomycin);
the others show one written rule each.
Norepinephrine on the day of the culture stands in for the organ dysfunction.
"""

from dataclasses import replace

import pytest

from streams.clinical.definitions.ase.policy import TOOLKIT


ANY_DAY = replace(TOOLKIT, first_qad="any_day")
ANY_DOSE = replace(TOOLKIT, parenteral="any_dose")


@pytest.fixture
def days(ase, on):
    """The hospital days of the only event's QADs; None where there is no event."""

    def ask(grid, policy=None, **given):
        found = ase(grid, policy=policy, **given)
        standing = [e for e in found.events if e.status == "confirmed"]
        assert len(standing) <= 1
        if not standing:
            return None
        return [(d - on(1)).days + 1 for d in standing[0].antimicrobial_days]

    return ask


def test_four_days_of_one_new_antimicrobial_presume_an_infection(days):
    grid = """
    day            | 1 | 2 | 3 | 4 | 5 | 6
    culture        |   | C |   |   |   |
    norepinephrine |   | x |   |   |   |
    ceftriaxone IV |   | x | x | x | x |
    leaves         |   |   |   |   |   | home
    """
    assert days(grid) == [2, 3, 4, 5]


def test_three_days_do_not(days):
    grid = """
    day            | 1 | 2 | 3 | 4 | 5 | 6
    culture        |   | C |   |   |   |
    norepinephrine |   | x |   |   |   |
    ceftriaxone IV |   | x | x | x |   |
    leaves         |   |   |   |   |   | home
    """
    assert days(grid) is None


def test_figure_4_single_days_without_a_dose_count(days):
    """Doses on days 1, 3 and 5 are QAD 1 to 5."""
    grid = """
    day            | 1 | 2 | 3 | 4 | 5 | 6 | 7
    culture        | C |   |   |   |   |   |
    norepinephrine | x |   |   |   |   |   |
    vancomycin IV  | x |   | x |   | x |   |
    leaves         |   |   |   |   |   |   | home
    """
    assert days(grid) == [1, 2, 3, 4, 5]


def test_two_days_without_a_dose_end_the_count(days):
    grid = """
    day            | 1 | 2 | 3 | 4 | 5 | 6 | 7
    culture        | C |   |   |   |   |   |
    norepinephrine | x |   |   |   |   |   |
    vancomycin IV  | x | x |   |   | x | x |
    leaves         |   |   |   |   |   |   | home
    """
    assert days(grid) is None


def test_a_gap_between_different_drugs_is_not_bridged(days):
    grid = """
    day            | 1 | 2 | 3 | 4 | 5 | 6 | 7
    culture        | C |   |   |   |   |   |
    norepinephrine | x |   |   |   |   |   |
    vancomycin IV  | x | x |   |   |   |   |
    cefepime IV    |   |   |   | x | x |   |
    leaves         |   |   |   |   |   |   | home
    """
    assert days(grid) is None


def test_the_worked_case_what_was_begun_before_the_window_gives_no_day(days):
    """Pip-tazo days 1 to 5, vancomycin 4 to 8, culture on 4: QADs are days 4 to 8."""
    grid = """
    day                        | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9
    culture                    |   |   |   | C |   |   |   |   |
    norepinephrine             |   |   |   | x |   |   |   |   |
    piperacillin-tazobactam IV | x | x | x | x | x |   |   |   |
    vancomycin IV              |   |   |   | x | x | x | x | x |
    leaves                     |   |   |   |   |   |   |   |   | home
    """
    assert days(grid) == [4, 5, 6, 7, 8]


def test_different_new_antimicrobials_make_one_chain(days):
    grid = """
    day              | 1 | 2 | 3 | 4 | 5 | 6
    culture          | C |   |   |   |   |
    norepinephrine   | x |   |   |   |   |
    ceftriaxone IV   | x | x |   |   |   |
    levofloxacin PO  |   |   | x | x |   |
    leaves           |   |   |   |   |   | home
    """
    assert days(grid) == [1, 2, 3, 4]


def test_a_later_drug_of_the_chain_may_begin_after_the_window(days):
    grid = """
    day              | 1 | 2 | 3 | 4 | 5 | 6
    culture          | C |   |   |   |   |
    norepinephrine   | x |   |   |   |   |
    ceftriaxone IV   | x | x | x |   |   |
    levofloxacin PO  |   |   |   | x | x |
    leaves           |   |   |   |   |   | home
    """
    assert days(grid) == [1, 2, 3, 4, 5]


def test_the_count_begins_in_the_window_and_not_after(days):
    grid = """
    day            | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8
    culture        | C |   |   |   |   |   |   |
    norepinephrine | x |   |   |   |   |   |   |
    ceftriaxone IV |   |   |   | x | x | x | x |
    leaves         |   |   |   |   |   |   |   | home
    """
    assert days(grid) is None
    assert days(grid.replace("|   |   |   | x | x", "|   |   | x | x | x")) == [
        *(3, 4, 5, 6, 7)
    ]


@pytest.mark.parametrize(
    ("first", "counts"), [("3", False), ("2", False), ("1", True), ("0", True)]
)
def test_new_means_not_given_on_the_two_days_before(days, first, counts):
    """A dose on hospital day `first`, then days 4 to 7; the culture on day 6."""
    doses = {first, "4", "5", "6", "7"}
    row = " | ".join("x" if d in doses else " " for d in "012345678")
    grid = f"""
    day            | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8
    culture        |   |   |   |   |   |   | C |   |
    norepinephrine |   |   |   |   |   |   | x |   |
    ceftriaxone IV | {row}
    leaves         |   |   |   |   |   |   |   |   | home
    """
    assert days(grid) == ([4, 5, 6, 7] if counts else None)


# -- routes --------------------------------------------------------------------


def test_by_mouth_and_by_vein_one_drug_is_one_drug(days):
    """Levofloxacin by mouth from day 1: by vein on day 3 it is not new."""
    grid = """
    day             | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8
    culture         |   |   |   |   | C |   |   |
    norepinephrine  |   |   |   |   | x |   |   |
    levofloxacin PO | x | x |   |   |   |   |   |
    levofloxacin IV |   |   | x | x | x | x |   |
    leaves          |   |   |   |   |   |   |   | home
    """
    assert days(grid) is None


def test_vancomycin_by_mouth_and_by_vein_are_two(days):
    grid = """
    day             | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8
    culture         |   |   |   |   | C |   |   |
    norepinephrine  |   |   |   |   | x |   |   |
    vancomycin PO   | x | x |   |   |   |   |   |
    vancomycin IV   |   |   | x | x | x | x |   |
    leaves          |   |   |   |   |   |   |   | home
    """
    assert days(grid) == [3, 4, 5, 6]


def test_into_a_muscle_is_as_good_as_into_a_vein(days):
    grid = """
    day            | 1 | 2 | 3 | 4 | 5
    culture        | C |   |   |   |
    norepinephrine | x |   |   |   |
    ceftriaxone IM | x | x | x | x |
    leaves         |   |   |   |   | home
    """
    assert days(grid) == [1, 2, 3, 4]


def test_by_mouth_alone_presumes_nothing(days):
    grid = """
    day             | 1 | 2 | 3 | 4 | 5
    culture         | C |   |   |   |
    norepinephrine  | x |   |   |   |
    levofloxacin PO | x | x | x | x |
    leaves          |   |   |   |   | home
    """
    assert days(grid) is None


def test_the_new_parenteral_one_may_come_later_in_the_window(days):
    grid = """
    day             | 1 | 2 | 3 | 4 | 5
    culture         | C |   |   |   |
    norepinephrine  | x |   |   |   |
    levofloxacin PO | x | x | x | x |
    gentamicin IV   |   |   | x |   |
    leaves          |   |   |   |   | home
    """
    assert days(grid) == [1, 2, 3, 4]
    assert days(grid.replace("|   |   | x |   |", "|   |   |   | x |")) is None


def test_a_drug_begun_by_mouth_is_not_new_by_vein_unless_the_policy_says_so(days):
    grid = """
    day             | 1 | 2 | 3 | 4 | 5
    culture         | C |   |   |   |
    norepinephrine  | x |   |   |   |
    levofloxacin PO | x |   |   |   |
    levofloxacin IV |   | x | x | x |
    leaves          |   |   |   |   | home
    """
    assert days(grid) is None
    assert days(grid, ANY_DOSE) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("drug", "counts"),
    [
        ("gentamicin PO", False),
        ("gentamicin IH", False),
        ("erythromycin IV", False),
        ("acyclovir IV", True),
        ("micafungin IV", True),
        ("ceftriaxone ?", True),
        ("levofloxacin ?", False),
        ("cefiderocol IV", True),
    ],
)
def test_what_is_on_the_list_by_that_route_counts(days, drug, counts):
    grid = f"""
    day             | 1 | 2 | 3 | 4 | 5
    culture         | C |   |   |   |
    norepinephrine  | x |   |   |   |
    {drug}          | x | x | x | x |
    leaves          |   |   |   |   | home
    """
    assert days(grid) == ([1, 2, 3, 4] if counts else None)


def test_newer_drugs_and_unknown_routes_are_policies(days):
    grid = """
    day             | 1 | 2 | 3 | 4 | 5
    culture         | C |   |   |   |
    norepinephrine  | x |   |   |   |
    cefiderocol ?   | x | x | x | x |
    leaves          |   |   |   |   | home
    """
    assert days(grid) == [1, 2, 3, 4]
    printed = replace(TOOLKIT, antimicrobials=frozenset({"toolkit"}))
    assert days(grid, printed) is None
    assert days(grid, replace(TOOLKIT, unknown_route="leave_out")) is None


# -- where the count begins ----------------------------------------------------


def test_one_prophylactic_dose_spoils_the_count_to_the_letter(days):
    grid = """
    day             | 1 | 2 | 3 | 4 | 5 | 6 | 7
    culture         |   |   | C |   |   |   |
    norepinephrine  |   |   | x |   |   |   |
    cefazolin IV    | x |   |   |   |   |   |
    meropenem IV    |   |   | x | x | x | x |
    leaves          |   |   |   |   |   |   | home
    """
    assert days(grid) is None
    assert days(grid, ANY_DAY) == [3, 4, 5, 6]


# -- fewer than four days ------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "cell", "reason"),
    [
        ("dies", "x", "death"),
        ("leaves", "died", None),
        ("leaves", "hospice", "hospice"),
        ("leaves", "acute_hospital", "acute_hospital"),
        ("comfort care", "x", "comfort_only"),
        ("leaves", "home", None),
        ("leaves", "facility", None),
    ],
)
@pytest.mark.parametrize(("day", "in_time"), [("3", True), ("4", True), ("5", False)])
def test_an_early_end_excuses_missing_days(ase, what, cell, reason, day, in_time):
    """Doses on days 2 and 3; the end on the same day, one day later, or two."""
    row = " | ".join(cell if d == day else " " for d in "123456")
    grid = f"""
    day            | 1 | 2 | 3 | 4 | 5 | 6
    culture        |   | C |   |   |   |
    norepinephrine |   | x |   |   |   |
    ceftriaxone IV |   | x | x |   |   |
    {what}         | {row}
    """
    if cell == "died":
        reason = "death"
    (event,) = ase(grid).events
    if reason and in_time:
        assert (event.status, event.reason) == ("confirmed", reason)
    else:
        assert (event.status, event.reason) == ("withdrawn", "stopped")


def test_an_end_before_the_first_dose_excuses_nothing(ase):
    grid = """
    day            | 1 | 2 | 3 | 4 | 5 | 6
    culture        |   | C |   |   |   |
    norepinephrine |   | x |   |   |   |
    comfort care   |   | x |   |   |   |
    ceftriaxone IV |   |   | x | x |   |
    leaves         |   |   |   |   |   | home
    """
    (event,) = ase(grid).events
    assert (event.status, event.reason) == ("withdrawn", "stopped")


def test_an_early_end_does_not_excuse_the_missing_parenteral_drug(ase):
    grid = """
    day             | 1 | 2 | 3 | 4
    culture         |   | C |   |
    norepinephrine  |   | x |   |
    levofloxacin PO |   | x | x |
    dies            |   |   |   | x
    """
    (event,) = ase(grid).events
    assert event.status == "withdrawn"


def test_who_dies_in_the_emergency_department_is_counted(ase):
    grid = """
    day            | 1 | 2
    culture        | C |
    norepinephrine | x |
    ceftriaxone IV | x |
    dies           |   | x
    leaves         |   | died
    """
    (event,) = ase(grid, admitted=False).events
    assert (event.status, event.reason) == ("confirmed", "death")


def test_who_goes_home_from_the_emergency_department_is_not(ase):
    grid = """
    day            | 1 | 2
    culture        | C |
    norepinephrine | x |
    ceftriaxone IV | x |
    leaves         |   | home
    """
    (event,) = ase(grid, admitted=False).events
    assert event.status == "withdrawn"
