"""What SOFA is held against: the same patient under each baseline."""

from dataclasses import replace
from datetime import timedelta

import pytest

from streams.clinical.definitions.policies import EMBER
from streams.clinical.definitions.tracker import sepsis3


@pytest.fixture
def found(timeline_of):
    """The episodes as (onset, score, baseline)."""

    def ask(table, **changed):
        policy = replace(EMBER, **changed)
        return [
            (e.onset_at, e.score, e.baseline)
            for e in sepsis3(timeline_of(table), policy=policy)
        ]

    return ask


FALLING = """
at      | what          | value         | encounter
3 12:00 | platelets     | 90            | h
4 11:00 | platelets     | 140           | h
5 10:00 | culture       | BLOOD CULTURE | h
5 11:00 | antimicrobial | vancomycin    | h
5 12:00 | platelets     | 45            | h
5 13:00 | map           | 60            | h
"""
"""Two points when the window opens, one the day after, three with the infection."""


@pytest.mark.parametrize(
    ("baseline", "onset", "score", "old"),
    [
        ("zero", "3 12:00", 2, 0),
        ("cummin", "3 12:00", 2, 0),
        ("start", "5 13:00", 4, 2),
        ("prior24", "5 12:00", 3, 1),
        ("prehospital", "3 12:00", 2, 0),
        ("admission", "3 12:00", 2, 0),
    ],
)
def test_falling_platelets_under_each_baseline(found, at, baseline, onset, score, old):
    assert found(FALLING, baseline=baseline) == [(at(onset), score, old)]


# -- start ---------------------------------------------------------------------


def test_the_first_score_is_the_baseline_even_where_it_is_the_worst(found):
    table = """
    at      | what          | value         | encounter
    5 10:00 | culture       | BLOOD CULTURE | h
    5 11:00 | antimicrobial | vancomycin    | h
    5 12:00 | platelets     | 15            | h
    6 08:00 | platelets     | 15            | h
    """
    assert found(table, baseline="zero") != []
    assert found(table, baseline="start") == []


def test_what_was_before_the_window_is_not_its_start(found, at):
    table = """
    at      | what          | value         | encounter
    2 09:00 | platelets     | 90            | h
    4 12:00 | platelets     | 200           | h
    5 10:00 | culture       | BLOOD CULTURE | h
    5 11:00 | antimicrobial | vancomycin    | h
    5 12:00 | platelets     | 90            | h
    """
    assert found(table, baseline="start") == [(at("5 12:00"), 2, 0)]


# -- prior24 -------------------------------------------------------------------


def day_before(moment):
    """A good count at that moment, the window from 3 10:00 on."""
    return f"""
    at       | what          | value         | encounter
    {moment} | map           | 80            | h
    3 11:00  | platelets     | 90            | h
    5 10:00  | culture       | BLOOD CULTURE | h
    5 11:00  | antimicrobial | vancomycin    | h
    """


@pytest.mark.parametrize(
    ("moment", "sees", "count"),
    [
        ("3 08:00", "record", 1),
        ("3 08:00", "window", 1),  # its 24 hours reach into the window
        ("2 09:30", "record", 1),  # a score until 3 09:00, before the window
        ("2 09:30", "window", 0),
        ("1 12:00", "record", 0),  # 24 hours on nothing of it is left
        ("1 12:00", "window", 0),
    ],
)
def test_whether_the_day_before_may_begin_before_the_window(found, moment, sees, count):
    table = day_before(moment)
    assert len(found(table, baseline="prior24", prior24_sees=sees)) == count


def test_of_the_day_before_the_least_counts_not_the_last(found, at):
    table = """
    at      | what           | value         | encounter
    4 08:00 | map            | 80            | h
    5 09:00 | platelets      | 140           | h
    5 10:00 | culture        | BLOOD CULTURE | h
    5 11:00 | antimicrobial  | vancomycin    | h
    5 12:00 | map            | 60            | h
    """
    assert found(table, baseline="prior24") == [(at("5 12:00"), 2, 0)]


# -- admission -----------------------------------------------------------------

WARD = """
at      | what          | value         | encounter
1 06:00 | hospital      | admitted      | h
1 08:00 | platelets     | 90            | h
4 12:00 | platelets     | 90            | h
5 10:00 | culture       | BLOOD CULTURE | h
5 11:00 | antimicrobial | vancomycin    | h
5 12:00 | platelets     | 45            | h
5 13:00 | map           | 60            | h
"""


def test_who_was_in_hospital_before_must_rise_above_admission(found, at):
    assert found(WARD, baseline="admission") == [(at("5 13:00"), 4, 2)]


def test_who_came_with_the_infection_needs_two_points(found, at):
    table = WARD.replace("1 06:00", "4 06:00")
    assert found(table, baseline="admission") == [(at("4 12:00"), 2, 0)]


@pytest.mark.parametrize(
    ("came", "old"), [("3 10:00", 0), ("3 09:59", 2), ("3 10:01", 0)]
)
def test_two_days_before_suspicion_part_the_two(found, came, old):
    table = f"""
    at      | what          | value         | encounter
    {came}  | hospital      | admitted      | h
    3 20:00 | platelets     | 90            | h
    5 10:00 | culture       | BLOOD CULTURE | h
    5 11:00 | antimicrobial | vancomycin    | h
    5 12:00 | platelets     | 15            | h
    """
    (episode,) = found(table, baseline="admission", before=timedelta(hours=10))
    assert episode[2] == old


def test_the_bound_between_the_two_can_be_moved(found):
    (episode,) = found(
        WARD, baseline="admission", came_with_infection=timedelta(days=5)
    )
    assert episode[2] == 0


@pytest.mark.parametrize(("reading", "old"), [("first_day", 3), ("first_score", 1)])
def test_the_admission_score_is_the_first_days_worst_or_the_first(found, reading, old):
    table = """
    at      | what          | value         | encounter
    1 06:00 | hospital      | admitted      | h
    1 08:00 | platelets     | 140           | h
    2 05:30 | platelets     | 45            | h
    2 06:30 | platelets     | 15            | h
    5 10:00 | culture       | BLOOD CULTURE | h
    5 11:00 | antimicrobial | vancomycin    | h
    5 12:00 | platelets     | 15            | h
    5 12:30 | map           | 60            | h
    """
    (episode,) = found(table, baseline="admission", admission_score=reading)
    assert episode[2] == old


@pytest.mark.parametrize("lost", ["hospital", "1 08:00"])
def test_where_admission_is_not_on_record_the_score_was_nought(found, lost):
    table = "\n".join(line for line in WARD.splitlines() if lost not in line)
    (episode,) = found(table, baseline="admission")
    assert episode[2] == 0


def test_the_first_day_of_a_stay_is_read_only_up_to_the_hour_in_question(found, at):
    """Infection soon after coming, told apart by a short bound."""
    table = """
    at      | what          | value         | encounter
    1 06:00 | hospital      | admitted      | h
    1 07:30 | platelets     | 140           | h
    1 10:00 | culture       | BLOOD CULTURE | h
    1 11:00 | antimicrobial | vancomycin    | h
    1 12:30 | platelets     | 45            | h
    1 20:30 | platelets     | 15            | h
    """
    bound = timedelta(hours=2)
    assert found(table, baseline="admission", came_with_infection=bound) == [
        (at("1 12:30"), 3, 1)
    ]
