"""Statuses level by level: what each truth does to platform, domain and intervention."""

import pytest

from streams.clinical.criteria.verdict import statuses
from streams.vocabulary.messages import CriterionVerdict


def criterion(truth, level="domain", *, human=False, role="inclusion", of=None):
    return CriterionVerdict(
        criterion_id=f"{level} {of}",
        role=role,
        truth=truth,
        human=human,
        level=level,
        intervention=of,
    )


def told(*criteria, arms=("a", "b", "c"), stratum=(), may_enter=True):
    found = statuses(criteria, stratum, interventions=arms, may_enter=may_enter)
    by_name = {one.intervention: one.status for one in found.interventions}
    return found.platform, found.domain, by_name


EVERYBODY = dict.fromkeys("abc", "eligible")


def test_where_nothing_stands_in_the_way_all_are_eligible():
    assert told(criterion("TRUE")) == ("eligible", "eligible", EVERYBODY)


@pytest.mark.parametrize(
    ("truth", "human", "status"),
    [
        ("FALSE", False, "ineligible"),
        ("UNKNOWN", False, "needs_data"),
        ("UNKNOWN", True, "needs_human"),
    ],
)
def test_the_platform_decides_for_all_below_it(truth, human, status):
    found = told(criterion(truth, "platform", human=human))
    assert found == (status, status, dict.fromkeys("abc", status))


def test_the_domain_decides_for_its_interventions_and_not_for_the_platform():
    found = told(criterion("FALSE", "domain"))
    assert found == ("eligible", "ineligible", dict.fromkeys("abc", "ineligible"))


def test_an_exclusion_speaks_against_by_being_true():
    assert told(criterion("TRUE", role="exclusion"))[1] == "ineligible"
    assert told(criterion("FALSE", role="exclusion"))[1] == "eligible"


def test_an_intervention_that_is_ruled_out_leaves_the_question_between_the_others():
    found = told(criterion("TRUE", "intervention", role="exclusion", of="a"))
    assert found == ("eligible", "eligible", {**EVERYBODY, "a": "ineligible"})


def test_with_one_intervention_left_there_is_no_question():
    forbidden = [
        criterion("TRUE", "intervention", role="exclusion", of=name) for name in "ab"
    ]
    assert told(*forbidden)[1] == "ineligible"
    assert told(*forbidden)[2]["c"] == "eligible"


@pytest.mark.parametrize(
    ("human", "status"), [(False, "needs_data"), (True, "needs_human")]
)
def test_the_domain_waits_until_every_intervention_is_decided(human, status):
    found = told(criterion("UNKNOWN", "intervention", human=human, of="a"))
    assert found == ("eligible", status, {**EVERYBODY, "a": status})


def test_what_is_open_of_a_forbidden_intervention_keeps_nobody_waiting():
    found = told(
        criterion("UNKNOWN", "intervention", of="a"),
        criterion("TRUE", "intervention", role="exclusion", of="a"),
    )
    assert found[1] == "eligible"


def test_data_are_waited_for_before_a_human_is_asked():
    found = told(
        criterion("UNKNOWN", "platform", human=True),
        criterion("UNKNOWN", "intervention", of="a"),
    )
    assert found[1] == "needs_data"
    assert found[2] == {"a": "needs_data", "b": "needs_human", "c": "needs_human"}


def test_an_unknown_stratum_keeps_the_domain_waiting_and_no_intervention():
    found = told(criterion("TRUE"), stratum=[("shock", "UNKNOWN")])
    assert found == ("eligible", "needs_data", EVERYBODY)


def test_a_closed_window_or_a_lost_entry_is_no_fault_of_the_platform():
    found = told(criterion("TRUE"), may_enter=False)
    assert found == ("eligible", "ineligible", dict.fromkeys("abc", "ineligible"))


def test_what_was_said_before_there_were_interventions_is_read_by_its_criteria():
    assert told(criterion("TRUE"), arms=())[1] == "eligible"
