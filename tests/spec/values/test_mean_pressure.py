"""The mean arterial pressure at a moment, in mmHg."""

import pytest

from streams.clinical.catalogue.rules import rule_named


@pytest.fixture
def mean(timeline_of, at):
    """The mean pressure at 11:00 of day 1, by a policy."""

    def tell(table, policy=None):
        told = rule_named("mean_pressure").evaluate(
            timeline_of(table), at("1 11:00"), policy
        )
        return told.total

    return tell


def test_a_measured_mean_goes_before_a_computed_one(mean):
    table = """
    at      | what | value
    1 10:00 | sbp  | 120
    1 10:00 | dbp  | 60
    1 10:00 | map  | 75
    """
    assert mean(table) == 75


def test_without_one_it_is_computed_of_the_pair_unless_the_policy_wants_it_measured(
    mean,
):
    table = """
    at      | what | value
    1 10:00 | sbp  | 120
    1 10:00 | dbp  | 60
    """
    assert mean(table) == 80  # a third of the way from 60 to 120
    assert mean(table, "mimic") is None


def test_systolic_and_diastolic_of_two_moments_are_no_pair(mean):
    table = """
    at      | what | value
    1 10:00 | sbp  | 120
    1 10:30 | dbp  | 60
    """
    assert mean(table) is None


def test_of_two_sites_at_one_moment_the_artery_tells_or_their_mean(mean):
    table = """
    at      | what | value | method
    1 10:00 | map  | 60    | arterial_line
    1 10:00 | map  | 70    | noninvasive
    """
    assert mean(table) == 60
    assert mean(table, "mimic") == 65
