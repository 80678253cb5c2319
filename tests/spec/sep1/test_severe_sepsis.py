"""SEP-1 severe sepsis: infection, two signs and an organ within six hours."""

import pytest

from streams.clinical.catalogue.rules import rule_named
from streams.vocabulary.truth import TRUE, UNKNOWN


@pytest.fixture
def zero(timeline_of, at):
    """Time zero, as known on day 9; None without severe sepsis."""

    def tell(table):
        told = rule_named("sep1").evaluate(timeline_of(table), at("9 00:00"))
        return told.episodes[0].onset if told.episodes else None

    return tell


SEVERE = """
at      | what          | value
1 10:00 | culture       | BLOOD CULTURE
1 10:30 | antimicrobial | vancomycin
1 11:00 | temperature   | 38.4
1 12:00 | heart_rate    | 91
1 14:00 | lactate       | 2.1
"""


def test_time_zero_is_the_last_criterion_met(zero, at):
    assert zero(SEVERE) == at("1 14:00")


@pytest.mark.parametrize(
    "weaker",
    [
        ("38.4", "38.3"),
        ("91", "90"),
        ("lactate       | 2.1", "lactate       | 2.0"),
    ],
)
def test_at_its_limit_no_criterion_is_met(zero, weaker):
    assert zero(SEVERE.replace(*weaker)) is None


def test_all_three_must_lie_within_six_hours(zero, at):
    assert zero(SEVERE.replace("1 14:00", "1 16:00")) == at("1 16:00")
    assert zero(SEVERE.replace("1 14:00", "1 17:01")) is None


def test_it_is_provisional_while_an_antimicrobial_may_make_an_older_culture_count(
    timeline_of, at
):
    rule = rule_named("sep1")
    early = rule.evaluate(timeline_of(SEVERE), at("1 15:00"))
    late = rule.evaluate(timeline_of(SEVERE), at("4 14:00"))
    assert [one.status for one in (*early.episodes, *late.episodes)] == [
        "provisional",
        "confirmed",
    ]
    assert early.episodes[0].final_at == at("4 14:00")
    assert early.truth is TRUE


def test_of_a_patient_of_whom_no_infection_is_known_nothing_is_said(timeline_of, at):
    table = """
    at      | what        | value
    1 11:00 | temperature | 38.4
    1 12:00 | heart_rate  | 91
    1 14:00 | lactate     | 2.1
    """
    told = rule_named("sep1").evaluate(timeline_of(table), at("2 00:00"))
    assert (told.truth, told.missing) == (UNKNOWN, ("suspected_infection",))
