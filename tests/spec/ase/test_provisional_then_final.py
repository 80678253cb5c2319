"""What can be said at which moment: provisional, confirmed, withdrawn, final."""

import pytest


GRID = """
day            | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10
culture        |   |   |   |   | C |   |   |   |   |
ceftriaxone IV |   |   |   |   | x | x | x | x |   |
norepinephrine |   |   |   |   |   | x |   |   |   |
leaves         |   |   |   |   |   |   |   |   |   | home
"""


@pytest.fixture
def told(ase, at):
    """Status and reason at an hour of a day; None while there is no event."""

    def ask(grid, day, hour, **given):
        events = ase(grid, now=at(day, hour), **given).events
        return (events[0].status, events[0].reason) if events else None

    return ask


def test_an_event_is_provisional_until_the_fourth_day(told):
    assert told(GRID, 6, 12) is None
    assert told(GRID, 6, 13) == ("provisional", "waiting")
    assert told(GRID, 8, 11) == ("provisional", "waiting")
    assert told(GRID, 8, 12) == ("confirmed", "enough_days")


def test_it_tells_when_each_of_it_came_about(ase, at):
    (event,) = ase(GRID, now=at(20, 0)).events
    assert event.provisional_at == at(6, 13)
    assert event.confirmed_at == at(8, 12)
    assert event.final_at == at(10, 24 - 1) + (at(2, 1) - at(2, 0))
    assert event.withdrawn_at is None


def test_it_is_final_when_the_days_are_over_and_the_window_is_closed(ase, at):
    (event,) = ase(GRID, now=at(9, 12)).events
    assert event.final_at == at(11, 0)
    longer = GRID.replace("| x | x | x | x |   |", "| x | x | x | x | x |")
    (event,) = ase(longer, now=at(9, 12)).events
    assert event.final_at == at(12, 0)


def test_it_is_withdrawn_two_days_after_the_last_dose(ase, told, at):
    grid = GRID.replace("| x | x | x | x |   |", "| x | x |   |   |   |")
    assert told(grid, 8, 23) == ("provisional", "waiting")
    assert told(grid, 9, 0) == ("withdrawn", "stopped")
    (event,) = ase(grid, now=at(9, 0)).events
    assert event.withdrawn_at == event.final_at == at(9, 0)


def test_it_is_withdrawn_when_the_window_closes_without_a_parenteral_drug(told):
    grid = GRID.replace("ceftriaxone IV", "levofloxacin PO")
    assert told(grid, 7, 23) == ("provisional", "waiting")
    assert told(grid, 8, 0) == ("withdrawn", "stopped")


def test_what_never_was_provisional_is_not_withdrawn(ase):
    """The vasopressor comes when the antimicrobials have failed already."""
    grid = """
    day            | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8
    culture        |   |   |   |   | C |   |   |
    ceftriaxone IV |   |   | x |   |   |   |   |
    norepinephrine |   |   |   |   |   |   | x |
    leaves         |   |   |   |   |   |   |   | home
    """
    assert ase(grid).events == ()


def test_a_death_confirms_at_once_and_a_transfer_when_nothing_can_follow(told, ase, at):
    early = "\n".join(GRID.strip().splitlines()[:-1])
    early = early.replace("| x | x | x | x |   |", "| x | x |   |   |   |")
    dies = f"{early}\ndies | | | | | | | x"
    assert told(dies, 7, 17) == ("provisional", "waiting")
    assert told(dies, 7, 18) == ("confirmed", "death")
    moves = f"{early}\nleaves | | | | | | | acute_hospital"
    assert told(moves, 7, 18) == ("provisional", "waiting")
    assert told(moves, 8, 18) == ("confirmed", "acute_hospital")
    (event,) = ase(moves, now=at(8, 18)).events
    assert event.final_at == at(8, 18)


def test_in_the_emergency_department_nothing_is_certain_before_admission(told):
    grid = """
    day            | 1 | 2 | 3 | 4 | 5
    culture        | C |   |   |   |
    ceftriaxone IV | x | x | x | x |
    norepinephrine | x |   |   |   |
    """
    assert told(grid, 4, 12, admitted=False) == ("provisional", "admission")
    assert told(grid, 4, 12) == ("confirmed", "enough_days")


BASELINE = """
day            | 1 | 2   | 3 | 4 | 5 | 6 | 7 | 8   | 9
culture        |   | C   |   |   |   |   |   |     |
ceftriaxone IV |   | x   | x | x | x |   |   |     |
creatinine     |   | 2.0 |   |   |   |   |   | 1.0 |
leaves         |   |     |   |   |   |   |   |     | home
"""


def test_a_baseline_seen_late_makes_an_old_value_count(told, ase, at, on):
    assert told(BASELINE, 8, 8) is None
    assert told(BASELINE, 8, 9) == ("provisional", "coding")
    (event,) = ase(BASELINE, now=at(8, 9)).events
    assert event.onset_day == on(2)
    (kidney,) = event.dysfunctions
    assert (kidney.day, kidney.evident_at) == (on(2), at(8, 9))
    assert event.provisional_at == at(8, 9)


def test_an_event_of_the_kidney_alone_waits_for_the_diagnoses(told, ase, at):
    """Left on day 9 at 18:00, settled six hours later, coded within 14 days."""
    assert told(BASELINE, 23, 23) == ("provisional", "coding")
    assert told(BASELINE, 24, 0) == ("confirmed", "enough_days")
    (event,) = ase(BASELINE, now=at(24, 0)).events
    assert event.confirmed_at == event.final_at == at(24, 0)
    coded = f"{BASELINE.strip()}\ndiagnosis | | | | | | | | | N18.6"
    assert told(coded, 9, 17) == ("provisional", "coding")
    assert told(coded, 9, 18) == ("withdrawn", "end_stage_renal_disease")


def test_community_onset_is_final_when_the_stay_is_over(ase, at):
    grid = BASELINE.replace("creatinine  ", "bilirubin")
    grid = grid.replace("| 2.0 |", "| 3.0 |")
    (event,) = ase(grid, now=at(9, 17)).events
    assert (event.status, event.final_at) == ("confirmed", None)
    (event,) = ase(grid, now=at(9, 18)).events
    assert event.final_at == at(10, 0)


def test_a_later_event_is_final_only_when_no_earlier_one_can_take_it_in(ase, at):
    """Day 2 has antimicrobials and no dysfunction: a baseline may yet be seen."""
    grid = """
    day            | 1 | 2   | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14
    culture        |   | C   |   |   |   |   |   | C |   |    |    |    |    |
    ceftriaxone IV |   | x   | x | x | x |   |   |   |   |    |    |    |    |
    meropenem IV   |   |     |   |   |   |   |   | x | x | x  | x  |    |    |
    norepinephrine |   |     |   |   |   |   |   | x |   |    |    |    |    |
    bilirubin      |   | 3.0 |   |   |   |   |   |   |   |    |    |    | 1.0 |
    """
    (event,) = ase(grid, now=at(12, 23)).events
    assert (event.hospital_day, event.status, event.final_at) == (8, "confirmed", None)
    result = ase(grid, now=at(13, 9))
    assert [e.hospital_day for e in result.events] == [2]
    assert [e.hospital_day for e in result.repeats] == [8]


def test_it_tells_when_to_look_again(ase, at):
    """At the next fact on the timeline, or when a day or the window has passed."""
    assert ase(GRID, now=at(6, 15)).due == at(7, 12)
    grid = "\n".join(GRID.strip().splitlines()[:-1])
    assert ase(grid, now=at(8, 13)).due == at(11, 0)
    assert ase(grid).due is None


def test_evidence_and_when_it_was_known(ase, at):
    (event,) = ase(GRID, now=at(20, 0)).events
    assert event.evidence == ("0.5", "1.5", "1.6", "1.7", "1.8", "2.6started")
    assert event.known_at == at(8, 12)
    assert event.antimicrobials == ("ceftriaxone",)
    assert event.encounter == "h"
