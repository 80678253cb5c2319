"""What SOFA-2 says of itself is what it does."""

from dataclasses import fields

import pytest

from streams.clinical.scores.sofa2.policy import CLIFPY, SOFA2, Sofa2Policy
from streams.clinical.scores.sofa2.specification import SPEC
from streams.clinical.specification import Grade
from streams.vocabulary.concepts import concepts
from streams.vocabulary.drugs import drugs


def test_every_choice_is_an_argument_of_the_policy():
    arguments = {field.name for field in fields(Sofa2Policy)}
    named = [choice.argument for choice in SPEC.choices]
    assert set(named) <= arguments
    assert len(set(named)) == len(named)


@pytest.mark.parametrize(
    "choice",
    [c for c in SPEC.choices if isinstance(getattr(SOFA2, c.argument), str)],
    ids=lambda choice: choice.argument,
)
def test_a_default_in_words_is_the_default(choice):
    assert choice.default == getattr(SOFA2, choice.argument)


def test_every_choice_of_clifpy_is_named():
    differ = {
        field.name
        for field in fields(Sofa2Policy)
        if getattr(SOFA2, field.name) != getattr(CLIFPY, field.name)
    }
    told = {choice.argument for choice in SPEC.choices}
    beside = {  # told in the readings of another choice, or of another specification
        *("name", "kidney_reach", "haemostasis_reach", "respiratory_reach"),
        *("oxygenation", "pressure", "home_ventilation", "rrt_with_off_days"),
    }
    assert differ <= told | beside


def test_every_input_is_a_lane_that_can_be():
    for lane in SPEC.inputs:
        kind, _, name = lane.partition(":")
        if kind in {"measurement", "assessment"}:
            assert name in concepts()
        if kind == "infusion":
            assert name in drugs()


def test_the_paper_was_not_read():
    assert SPEC.grade is Grade.PARTIAL
