"""Outcomes as a protocol names them."""

import pytest
from pydantic import ValidationError

from streams.app.protocols import shipped_protocols
from streams.vocabulary.outcomes import NAMED, definition_of, rule_of
from streams.vocabulary.protocol import Protocol, canonical_json


@pytest.fixture(scope="module")
def demo():
    (found,) = (p for p in shipped_protocols() if p.id == "ember-demo")
    return found.model_dump(mode="json")


def with_outcomes(demo, *outcomes):
    return Protocol.model_validate({**demo, "outcomes": outcomes})


def received(**changed):
    usual = {
        "kind": "treatment_received",
        "id": "steroid_days",
        "drugs": ["corticosteroid"],
        "within": 7,
    }
    return {**usual, **changed}


def test_each_name_stands_for_a_rule_of_that_name():
    for name, rule in NAMED.items():
        assert rule.id == name
        assert rule_of(name) is rule


def test_names_and_rules_stand_side_by_side_and_are_read_back(demo):
    days = {"kind": "sofa_change", "id": "sofa_3", "day": 3}
    read = with_outcomes(demo, "organ_support_free_days", days)
    assert read.outcome_names == ("organ_support_free_days", "sofa_3")
    again = Protocol.model_validate_json(canonical_json(read))
    assert (again, again.digest) == (read, read.digest)


@pytest.mark.parametrize(
    "outcome",
    [
        "mortality_29d",
        {"kind": "sofa_change", "id": "x", "day": 0},
        {"kind": "mortality", "id": "x", "within": 28, "days": "working"},
        {"kind": "support_free_days", "id": "x", "horizon": 28, "supports": []},
        {
            "kind": "support_free_days",
            "id": "x",
            "horizon": 28,
            "supports": ["hospital"],
            "if_dead": "days_lost",
        },
        received(drugs=["snake oil"]),
        received(domain="corticosteroid"),
        received(domain="none", expected=[{"arm": "hydrocortisone"}]),
    ],
)
def test_what_is_no_outcome_is_refused(demo, outcome):
    with pytest.raises(ValidationError):
        with_outcomes(demo, outcome)


def test_a_name_is_used_once(demo):
    twice = {"kind": "mortality", "id": "mortality_28d", "within": 60}
    with pytest.raises(ValidationError, match="mortality_28d"):
        with_outcomes(demo, "mortality_28d", twice)


def test_arms_of_a_blinded_domain_are_not_compared(demo):
    domain = demo["domains"][0]
    expected = [{"arm": domain["arms"][0]["id"], "at_least": 3}]
    rule = received(domain=domain["id"], expected=expected)
    open_label = {**demo, "domains": [{**domain, "blinding": "open_label"}]}
    assert with_outcomes(open_label, rule).outcome_names == ("steroid_days",)
    blinded = {**demo, "domains": [{**domain, "blinding": "blinded"}]}
    with pytest.raises(ValidationError, match="blinded"):
        with_outcomes(blinded, rule)


def test_what_arms_expect_is_no_part_of_what_is_derived(demo):
    domain = demo["domains"][0]
    expected = [{"arm": domain["arms"][0]["id"], "at_least": 3}]
    plain = with_outcomes(demo, received()).outcome_rules["steroid_days"]
    open_label = {**demo, "domains": [{**domain, "blinding": "open_label"}]}
    compared = with_outcomes(
        open_label, received(domain=domain["id"], expected=expected)
    )
    told = definition_of(compared.outcome_rules["steroid_days"])
    assert told == definition_of(plain)
    assert domain["arms"][0]["id"] not in told
