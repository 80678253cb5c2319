"""The norepinephrine equivalent dose at a moment, ug/kg/min of base."""

import pytest

from streams.clinical.catalogue.rules import rule_named


@pytest.fixture
def dose(timeline_of, at):
    """The dose at 11:00 of day 1, by a formula."""

    def tell(table, policy=None):
        return rule_named("norepinephrine_equivalent").evaluate(
            timeline_of(table), at("1 11:00"), policy
        )

    return tell


TWO = """
at      | what           | value
1 09:00 | norepinephrine | 0.2
1 10:00 | vasopressin    | 0.04
"""


def test_each_drug_counts_by_its_factor_and_they_add_up(dose):
    assert dose(TWO).total == pytest.approx(0.2 + 2.5 * 0.04)


@pytest.mark.parametrize(
    ("policy", "equivalent"),
    [("goradia_2020", 0.05), ("mimic", 0.05), ("kotani_2023", 0.03)],
)
def test_formulas_differ_in_phenylephrine(dose, policy, equivalent):
    table = """
    at      | what          | value
    1 09:00 | phenylephrine | 0.5
    """
    assert dose(table, policy).total == pytest.approx(equivalent)


def test_a_drip_that_was_stopped_counts_no_more(dose):
    table = """
    at      | what           | value
    1 09:00 | norepinephrine | 0.2
    1 11:00 | norepinephrine | stop
    """
    assert dose(table).total == 0


def test_a_rate_that_nobody_can_say_leaves_the_dose_without_an_upper_bound(dose):
    table = f"{TWO}1 10:30 | epinephrine    | ?\n"
    told = dose(table)
    assert told.total is None
    assert told.lower == pytest.approx(0.3)
    assert told.upper is None
    assert told.missing == ("epinephrine",)


def test_a_record_without_any_infusion_does_not_say_that_none_ran(dose):
    table = """
    at      | what | value
    1 09:00 | map  | 60
    """
    assert dose(table).total is None
