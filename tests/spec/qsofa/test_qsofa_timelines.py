"""Quick SOFA at the bedside, told as timelines."""

from dataclasses import replace
from datetime import timedelta

import pytest

from streams.clinical.scores.gcs_sedation import SedationPolicy
from streams.clinical.scores.qsofa import QSOFA, RICU_QSOFA, qsofa


@pytest.mark.parametrize(
    ("fact", "component", "points"),
    [
        ("resp_rate | 0", 0, 0),
        ("resp_rate | 21", 0, 0),
        ("resp_rate | 21.9", 0, 0),
        ("resp_rate | 22", 0, 1),
        ("resp_rate | 23", 0, 1),
        ("sbp | 40", 1, 1),
        ("sbp | 99", 1, 1),
        ("sbp | 100", 1, 1),
        ("sbp | 100.1", 1, 0),
        ("sbp | 101", 1, 0),
        ("gcs_total | 3", 2, 1),
        ("gcs_total | 14", 2, 1),
        ("gcs_total | 15", 2, 0),
    ],
)
def test_each_sign_on_both_sides_of_its_threshold(
    timeline_of, at, fact, component, points
):
    score = qsofa(timeline_of(f"at|what|value\n1 10:00 | {fact}"), at("1 10:00"))
    part = score.components[component]
    assert (part.points, part.lower, part.upper) == (points, points, points)


SICK = """
at      | what      | value
1 10:00 | resp_rate | 24
1 10:00 | sbp       | 92
1 10:00 | gcs_total | 14
"""


def test_three_signs_are_three_points_with_their_events(timeline_of, at):
    score = qsofa(timeline_of(SICK), at("1 10:30"))
    assert (score.total, score.lower, score.upper) == (3, 3, 3)
    assert score.evidence == ("e0", "e1", "e2")
    assert score.missing == ()


def test_two_signs_are_positive_whatever_the_third(timeline_of, at):
    table = SICK.replace("1 10:00 | gcs_total | 14\n", "")
    score = qsofa(timeline_of(table), at("1 10:30"))
    assert (score.lower, score.upper) == (2, 3)
    assert score.missing == ("consciousness",)


def test_of_each_sign_the_latest_value_counts(timeline_of, at):
    table = SICK + "1 11:00 | resp_rate | 16\n1 11:00 | sbp | 118"
    assert qsofa(timeline_of(table), at("1 10:59")).total == 3
    assert qsofa(timeline_of(table), at("1 11:00")).total == 1


def test_the_worst_of_a_window_as_the_derivation_study_took_it(timeline_of, at):
    table = SICK + "1 11:00 | resp_rate | 16\n1 11:00 | sbp | 118"
    policy = replace(QSOFA, pick="worst")
    assert qsofa(timeline_of(table), at("1 11:00"), policy=policy).total == 3


@pytest.mark.parametrize(("moment", "total"), [("1 22:00", 3), ("1 22:01", 0)])
def test_a_sign_speaks_for_twelve_hours(timeline_of, at, moment, total):
    assert qsofa(timeline_of(SICK), at(moment)).total == total


def test_how_long_a_sign_speaks_is_a_policy(timeline_of, at):
    policy = replace(QSOFA, vitals_within=timedelta(hours=1))
    assert qsofa(timeline_of(SICK), at("1 12:00"), policy=policy).upper == 3
    assert qsofa(timeline_of(SICK), at("1 12:00"), policy=policy).total == 0


@pytest.mark.parametrize(
    ("scale", "ember", "ricu"), [(15, 0, 0), (14, 1, 0), (13, 1, 1)]
)
def test_where_altered_mentation_begins_is_a_policy(
    timeline_of, at, scale, ember, ricu
):
    # `assume_normal` reads the parts of the scale, never a charted total.
    table = f"""
    at      | what       | value
    1 10:00 | gcs_motor  | 6
    1 10:00 | gcs_verbal | {scale - 10}
    1 10:00 | gcs_eye    | 4
    """
    found = [
        qsofa(timeline_of(table), at("1 10:00"), policy=policy).components[2].points
        for policy in (QSOFA, RICU_QSOFA)
    ]
    assert found == [ember, ricu]


TUBE = """
at      | what       | value
1 08:00 | gcs_motor  | 6
1 08:00 | gcs_verbal | 5
1 08:00 | gcs_eye    | 4
1 11:00 | gcs_motor  | 1
1 11:00 | gcs_verbal | No Response-ETT
1 11:00 | gcs_eye    | 1
"""


@pytest.mark.parametrize(
    ("gcs_sedation", "lower", "upper"),
    [
        ("pre_sedation", 0, 0),
        ("assume_normal", 0, 0),
        ("as_charted", 1, 1),
        ("motor_only", 1, 1),
        ("unknown", 0, 1),
    ],
)
def test_what_a_tube_leaves_of_mentation_is_a_policy(
    timeline_of, at, gcs_sedation, lower, upper
):
    policy = replace(QSOFA, sedation=SedationPolicy(gcs_sedation=gcs_sedation))
    part = qsofa(timeline_of(TUBE), at("1 12:00"), policy=policy).components[2]
    assert (part.lower, part.upper) == (lower, upper)


def test_a_scale_that_leaves_both_possible_is_unknown_and_missing(timeline_of, at):
    policy = replace(QSOFA, sedation=SedationPolicy(gcs_sedation="unknown"))
    score = qsofa(timeline_of(TUBE), at("1 12:00"), policy=policy)
    mentation = score.components[2]
    assert (mentation.points, mentation.lower, mentation.upper) == (None, 0, 1)
    assert mentation.evidence  # what was charted is told all the same
    assert score.missing == ("resp_rate", "sbp", "consciousness")
