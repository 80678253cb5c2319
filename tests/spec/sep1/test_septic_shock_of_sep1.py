"""SEP-1 septic shock: an initial lactate of 4, or low pressure after 30 mL/kg."""

import pytest

from streams.clinical.catalogue.rules import rule_named


BEFORE = """
at      | what          | value
1 10:00 | culture       | BLOOD CULTURE
1 10:30 | antimicrobial | vancomycin
1 11:00 | temperature   | 38.4
1 11:00 | heart_rate    | 91
1 11:00 | platelets     | 90
"""


@pytest.fixture
def shock(timeline_of, at):
    """The one presentation, as known on day 9."""

    def tell(more):
        told = rule_named("sep1_shock").evaluate(
            timeline_of(f"{BEFORE}{more.strip()}"), at("9 00:00")
        )
        (found,) = told.episodes
        return found

    return tell


@pytest.mark.parametrize(
    ("lactate", "met"), [("4.0", "TRUE"), ("3.9", "UNKNOWN"), (">3.5", "UNKNOWN")]
)
def test_an_initial_lactate_of_four_is_shock(shock, lactate, met):
    assert shock(f"1 12:00 | lactate | {lactate}").met.value == met


def test_only_the_first_lactate_counts(shock):
    found = shock("""
1 12:00 | lactate | 3.0
1 13:00 | lactate | 5.0
""")
    _, by_lactate, by_pressure = found.values
    assert (by_lactate, by_pressure) == ("FALSE", "UNKNOWN")


def test_two_low_pressures_in_the_hour_after_30_ml_per_kg_are_shock(shock, at):
    found = shock("""
1 11:00 | weight      | 80
1 12:00 | crystalloid | 1200
1 13:00 | crystalloid | 1200
1 13:20 | map         | 60
1 13:40 | map         | 62
""")
    assert (found.met.value, found.onset) == ("TRUE", at("1 13:40"))


def test_what_a_later_day_weighed_and_was_given_tells_nothing_of_this_one(shock, at):
    found = shock("""
1 11:00 | weight      | 80
1 12:00 | crystalloid | 2400
1 12:20 | map         | 60
1 12:40 | map         | 62
9 11:00 | weight      | 120
""")
    assert (found.met.value, found.onset) == ("TRUE", at("1 12:40"))
    late = shock("""
1 11:00 | weight      | 80
1 12:00 | crystalloid | 1200
2 12:00 | crystalloid | 1200
2 12:20 | map         | 60
2 12:40 | map         | 62
""")
    assert late.met.value == "UNKNOWN"


def test_without_a_weight_nobody_can_say_whether_it_was_30_ml_per_kg(shock):
    found = shock("""
1 12:00 | crystalloid | 3000
1 13:20 | map         | 60
1 13:40 | map         | 62
""")
    assert found.met.value == "UNKNOWN"
