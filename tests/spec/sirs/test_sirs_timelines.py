"""The four criteria of SIRS, told as timelines."""

from dataclasses import replace

import pytest

from streams.clinical.scores.sirs import (
    ADRENAL_SIRS,
    MIMIC_SIRS,
    SEP1_SIRS,
    SIRS,
    sirs,
)
from streams.clinical.scores.sirs_first_day import first_day_sirs


TEMPERATURE, HEART, BREATHS, CELLS = range(4)


@pytest.mark.parametrize(
    ("fact", "component", "lower", "upper"),
    [
        ("temperature | 35.9", TEMPERATURE, 1, 1),
        ("temperature | 36.0", TEMPERATURE, 0, 0),
        ("temperature | 38.0", TEMPERATURE, 0, 0),
        ("temperature | 38.1", TEMPERATURE, 1, 1),
        ("temperature | 38.00000000000001", TEMPERATURE, 0, 0),
        ("temperature | 28", TEMPERATURE, 1, 1),
        ("heart_rate | 0", HEART, 0, 0),
        ("heart_rate | 90", HEART, 0, 0),
        ("heart_rate | 91", HEART, 1, 1),
        ("resp_rate | 20", BREATHS, 0, 1),
        ("resp_rate | 21", BREATHS, 1, 1),
        ("paco2 | 31.9", BREATHS, 1, 1),
        ("paco2 | 32", BREATHS, 0, 1),
        ("wbc | 3.9", CELLS, 1, 1),
        ("wbc | 4.0", CELLS, 0, 1),
        ("wbc | 12.0", CELLS, 0, 1),
        ("wbc | 12.1", CELLS, 1, 1),
        ("bands_pct | 10", CELLS, 0, 1),
        ("bands_pct | 11", CELLS, 1, 1),
        ("bands_pct | 0", CELLS, 0, 1),
    ],
)
def test_each_input_on_both_sides_of_its_limit(
    timeline_of, at, fact, component, lower, upper
):
    table = f"at|what|value|specimen\n1 10:00 | {fact} | arterial"
    part = sirs(timeline_of(table), at("1 10:00")).components[component]
    assert (part.points, part.lower, part.upper) == (lower, lower, upper)


def test_a_rate_and_a_gas_that_are_normal_settle_respiration(timeline_of, at):
    table = """
    at      | what      | value | specimen
    1 09:00 | resp_rate | 18    |
    1 09:00 | paco2     | 38    | arterial
    """
    part = sirs(timeline_of(table), at("1 10:00")).components[BREATHS]
    assert (part.points, part.upper, part.evidence) == (0, 0, ("e0", "e1"))


def test_a_venous_gas_says_nothing_of_arterial_carbon_dioxide(timeline_of, at):
    table = """
    at      | what  | value | specimen
    1 09:00 | paco2 | 28    | venous
    """
    score = sirs(timeline_of(table), at("1 10:00"))
    assert score.components[BREATHS].points is None
    assert "paco2" in score.missing


def test_a_gas_does_not_stand_for_the_rate_in_sep_1(timeline_of, at):
    table = """
    at      | what      | value | specimen
    1 09:00 | resp_rate | 18    |
    1 09:00 | paco2     | 28    | arterial
    """
    scores = [
        sirs(timeline_of(table), at("1 10:00"), policy=policy)
        for policy in (SIRS, SEP1_SIRS)
    ]
    assert [score.components[BREATHS].upper for score in scores] == [1, 0]
    assert [score.components[BREATHS].points for score in scores] == [1, 0]
    assert "paco2" not in scores[1].missing


def test_without_a_band_count_normal_white_cells_leave_it_open_or_not(timeline_of, at):
    table = "at|what|value\n1 09:00 | wbc | 8"
    settled = replace(SIRS, alternatives="optional")
    parts = [
        sirs(timeline_of(table), at("1 10:00"), policy=policy).components[CELLS]
        for policy in (SIRS, settled)
    ]
    assert [(part.points, part.upper) for part in parts] == [(0, 1), (0, 0)]


def test_a_censored_count_below_four_meets_the_criterion(timeline_of, at):
    part = [
        sirs(timeline_of(f"at|what|value\n1 09:00 | wbc | {count}"), at("1 10:00"))
        for count in ("<4", "<5", ">12", ">10")
    ]
    assert [score.components[CELLS].lower for score in part] == [1, 0, 1, 0]
    assert [score.components[CELLS].upper for score in part] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("degrees", "met"),
    [
        # 1992, SEP-1, ADRENAL
        (34.9, (1, 1, 1)),
        (35.0, (1, 1, 0)),
        (35.9, (1, 1, 0)),
        (36.0, (0, 0, 0)),
        (38.0, (0, 0, 0)),
        (38.1, (1, 0, 1)),
        (38.3, (1, 0, 1)),
        (38.4, (1, 1, 1)),
    ],
)
def test_trials_draw_the_limits_of_temperature_elsewhere(timeline_of, at, degrees, met):
    timeline = timeline_of(f"at|what|value\n1 09:00 | temperature | {degrees}")
    found = tuple(
        sirs(timeline, at("1 10:00"), policy=policy).components[TEMPERATURE].points
        for policy in (SIRS, SEP1_SIRS, ADRENAL_SIRS)
    )
    assert found == met


def test_vital_signs_speak_for_twelve_hours_and_the_laboratory_for_a_day(
    timeline_of, at
):
    table = """
    at      | what       | value
    1 10:00 | heart_rate | 120
    1 10:00 | wbc        | 18
    """
    found = [
        sirs(timeline_of(table), at(moment)).total
        for moment in ("1 10:00", "1 22:00", "1 22:01", "2 10:00", "2 10:01")
    ]
    assert found == [2, 2, 1, 1, 0]


def test_of_nothing_known_all_four_are_open(timeline_of, at):
    score = sirs(timeline_of("at|what|value"), at("1 10:00"))
    assert (score.total, score.lower, score.upper) == (0, 0, 4)
    assert len(score.missing) == 6


# -- the first day of a stay, as mimic-code tells it ---------------------------

STAY = """
at      | what        | value   | stay | encounter
1 10:00 | icu         | entered | s    | h
"""
PLAIN = replace(MIMIC_SIRS, counts=None)


def first_day(timeline_of, rows):
    (found,) = first_day_sirs(timeline_of(STAY + rows), policy=PLAIN)
    return [part.points for part in found.score.components]


@pytest.mark.parametrize(
    ("moment", "points"),
    [("1 03:59", None), ("1 04:00", 1), ("2 10:00", 1), ("2 10:01", None)],
)
def test_the_first_day_is_from_six_hours_before_to_a_day_after(
    timeline_of, moment, points
):
    found = first_day(timeline_of, f"{moment} | heart_rate | 120 | s | h")
    assert found == [None, points, None, None]


def test_what_was_charted_in_another_stay_does_not_count_but_the_laboratory_does(
    timeline_of,
):
    rows = """1 11:00 | heart_rate | 120 | t | h
    1 11:00 | wbc | 18 | |"""
    assert first_day(timeline_of, rows) == [None, None, None, 1]


def test_two_rates_of_one_moment_are_averaged_first(timeline_of):
    rows = """1 11:00 | resp_rate | 24 | s | h
    1 11:00 | resp_rate | 16 | s | h"""
    assert first_day(timeline_of, rows) == [None, None, 0, None]


def test_a_count_below_a_bound_is_read_as_the_bound(timeline_of):
    assert first_day(timeline_of, "1 11:00 | wbc | <4 | |") == [None, None, None, 0]


def test_only_source_codes_of_the_published_query_count(timeline_of):
    table = STAY + "1 11:00 | heart_rate | 120 | s | h"
    (found,) = first_day_sirs(timeline_of(table))
    assert found.score.total == 0
    assert found.stay.stay == "s"
