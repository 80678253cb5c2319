"""Which values an outcome can have, by its definition or its name."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.vocabulary.outcome_values import values_by, values_of
from streams.vocabulary.outcomes import (
    NAMED,
    SofaChange,
    SupportFreeDays,
    TreatmentReceived,
    definition_of,
)


VIGNETTES = (
    Path(__file__).parents[1] / "clinical/outcomes/vignettes_expected.csv"
).read_text()
DERIVED = [
    (row["outcome"], float(row["value"]))
    for row in csv.DictReader(VIGNETTES.splitlines())
    if row["value"]
]
EXACT = SupportFreeDays(
    id="exact",
    horizon=30,
    supports=("icu",),
    count="exact",
    if_dead="minus_one",
)


@pytest.mark.parametrize(
    ("outcome", "can_be", "cannot"),
    [
        ("mortality_28d", (0, 1), (-1, 0.5, 2)),
        ("make_30", (0, 1), (0.5, 2)),
        ("organ_support_free_days", (-1, 0, 13, 21), (-3, -2, -0.5, 12.5, 22)),
        ("ventilator_free_days_28", (0, 28), (-1, 27.5, 29)),
        ("daoh_90", (0, 71.4, 90), (-1, -0.1, 90.1)),
    ],
)
def test_the_range_and_step_are_those_of_the_rule(outcome, can_be, cannot):
    for definition in (None, definition_of(NAMED[outcome])):
        values = values_of(outcome, definition)
        assert [v for v in (*can_be, *cannot) if values.hold(v)] == list(can_be)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (EXACT, "a number from 0 to 30, or -1"),
        (SofaChange(id="d", day=3), "a whole number from -24 to 24"),
        (
            TreatmentReceived(id="d", within=7, drugs=("hydrocortisone",)),
            "a whole number from 0 to 7",
        ),
    ],
)
def test_a_rule_written_out_has_its_own_range_whatever_its_name(rule, words):
    assert values_of("mine", definition_of(rule)).in_words == words


def test_between_death_and_no_day_there_is_nothing():
    assert [v for v in (-1, -0.5, 0, 0.5) if values_by(EXACT).hold(v)] == [-1, 0, 0.5]


@given(
    st.sampled_from([*NAMED.values(), EXACT, SofaChange(id="d", day=3)]),
    st.floats(allow_nan=False),
)
def test_a_value_that_can_be_lies_between_the_ends(rule, value):
    values = values_by(rule)
    if values.hold(value):
        assert value == values.besides or values.least <= value <= values.most


@pytest.mark.parametrize(
    ("outcome", "definition"),
    [
        ("x", None),
        ("x", 'kind_of_later {"horizon":21}'),
        ("x", "support_free_days"),
        ("x", 'support_free_days {"horizon":21}'),
        ("x", "support_free_days [1]"),
        ("x", 'support_free_days {"horizon":21,"supports":["icu"],"choice":"new"}'),
    ],
)
def test_of_a_rule_that_is_not_known_nothing_is_said(outcome, definition):
    assert values_of(outcome, definition) is None


@pytest.mark.parametrize(("outcome", "value"), sorted(set(DERIVED)))
def test_what_is_derived_can_be_judged_too(outcome, value):
    assert values_of(outcome, None).hold(value)
