"""What other engines of clinical logic got wrong, and what is said here.

Null is unknown, an imprecise date is an interval, a number is a number: see HL7's
Clinical Quality Language, and the defects reported of its engines.
"""

import pytest

from streams.clinical.criteria.intervals import Interval, compare
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, all_of, any_of


def test_a_list_of_nothing_but_null_has_no_element():
    """`exists {null}` is false: what nobody could read proves no fact."""
    assert any_of(()) is FALSE


def test_a_reading_without_a_number_is_no_reading(says):
    """The same of a record: a result in words alone is as if none were there."""
    rule = "{kind: value, concept: lactate, is: '> 2 mmol/L', within: 6 h%s}"
    assert says(rule % "", "") == "UNKNOWN"
    assert says(rule % ", absent_means: false", "") == "FALSE"


def test_null_includes_something_is_null(says):
    """`null includes {2}` is null: of cultures nobody took, none is known to have grown."""
    rule = "{kind: culture, result: positive, within: 24 h}"
    assert says(rule, "") == "UNKNOWN"


@pytest.mark.parametrize("written", ["2 mmol/L", "2.0 mmol/L", "2.00 mmol/L"])
def test_a_decimal_and_a_whole_number_are_one_number(says, written):
    rule = f"{{kind: value, concept: lactate, is: '>= {written}', within: 6 h}}"
    assert says(rule, "1 10:00 | lactate | 2") == "TRUE"
    assert says(rule, "1 10:00 | lactate | 2.0") == "TRUE"


@pytest.mark.parametrize(
    ("operator", "truths"),
    # against an interval below, from below up to, around, from, and above the number
    [
        ("<", (TRUE, UNKNOWN, UNKNOWN, FALSE, FALSE)),
        ("<=", (TRUE, TRUE, UNKNOWN, UNKNOWN, FALSE)),
        (">", (FALSE, FALSE, UNKNOWN, UNKNOWN, TRUE)),
        (">=", (FALSE, UNKNOWN, UNKNOWN, TRUE, TRUE)),
    ],
)
def test_uncertainties_that_overlap_compare_to_null(operator, truths):
    lies = (
        Interval(0, 1),
        Interval(0, 2),
        Interval(1, 3),
        Interval(2, 3),
        Interval(3, 4),
    )
    assert tuple(compare(where, operator, 2) for where in lies) == truths


def test_an_open_end_is_not_the_number_at_it():
    assert compare(Interval(2, 3, low_open=True), ">", 2) is TRUE
    assert compare(Interval(1, 2, high_open=True), "<", 2) is TRUE


def test_a_conjunction_with_null_is_false_only_by_a_false():
    assert all_of((UNKNOWN, FALSE)) is FALSE
    assert all_of((UNKNOWN, TRUE)) is UNKNOWN
    assert any_of((UNKNOWN, TRUE)) is TRUE
    assert any_of((UNKNOWN, FALSE)) is UNKNOWN
