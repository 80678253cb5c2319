"""Pocock and Simon's minimisation against published vectors, argued by hand.

Vectors: R7 of embedded_trials.md 1.9 (from the tests of `unbiased`, recomputed).
"""

from fractions import Fraction
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.randomisation.minimisation import (
    allocation_by_imbalance,
    imbalance,
    least,
)
from streams.vocabulary.errors import ErrorCode, ProtocolError


def _third(value):
    return round(value, 3)


def test_one_woman_in_a_sends_the_next_to_b():
    found = imbalance(
        [("A", {"sex": "F"})],
        {"sex": "F"},
        arms=("A", "B"),
        weights={"sex": 1},
        ratio={"A": 1, "B": 1},
        spread="range",
    )

    assert found == {"A": 2, "B": 0}
    assert least(found) == {"B"}


def test_two_factors_of_weight_one_half_over_three_arms():
    history = [
        ("A", {"sex": "F", "diabetes": "type2"}),
        ("B", {"sex": "M", "diabetes": "type2"}),
    ]
    found = imbalance(
        history,
        {"sex": "F", "diabetes": "type2"},
        arms=("A", "B", "C"),
        weights={"sex": 0.5, "diabetes": 0.5},
        ratio={"A": 1, "B": 1, "C": 1},
        spread="range",
    )

    assert found == {"A": 2, "B": 1.5, "C": 0.5}


@pytest.mark.parametrize("ratio", [(3, 1, 1), (300, 100, 100), (0.6, 0.2, 0.2)])
def test_counts_are_divided_by_the_share_of_the_arm(ratio):
    history = [(arm, {"x": "1"}) for arm in ("control", "a", "b")]
    found = imbalance(
        history,
        {"x": "1"},
        arms=("control", "a", "b"),
        weights=(1,),
        ratio=ratio,
        spread="range",
    )

    assert {arm: _third(g) for arm, g in found.items()} == {
        "control": 0.333,
        "a": 1.667,
        "b": 1.667,
    }
    assert least(found) == {"control"}


@pytest.mark.parametrize(
    ("weights", "expected"),
    [((1, 0), {"A": 1, "B": 3}), ((0, 1), {"A": 3, "B": 1})],
)
def test_the_weight_says_which_factor_counts(weights, expected):
    levels = zip("YYXX", "UUVV", strict=True)
    history = [
        (arm, {"c1": c1, "c2": c2})
        for arm, (c1, c2) in zip("AABB", levels, strict=True)
    ]
    found = imbalance(
        history,
        {"c1": "X", "c2": "U"},
        arms=("A", "B"),
        weights=weights,
        ratio=(1, 1),
        spread="range",
    )

    assert found == expected


def test_variance_is_that_of_a_sample_and_sd_its_root():
    asked = {
        "history": [("A", {"sex": "F"})],
        "subject": {"sex": "F"},
        "arms": ("A", "B", "C"),
        "weights": {"sex": 1},
        "ratio": {"A": 1, "B": 1, "C": 1},
    }
    history, subject = asked.pop("history"), asked.pop("subject")
    variance = imbalance(history, subject, spread="variance", **asked)
    sd = imbalance(history, subject, spread="sd", **asked)

    assert _third(variance["A"]) == _third(4 / 3)
    assert _third(variance["B"]) == _third(1 / 3)
    assert _third(sd["A"]) == _third((4 / 3) ** 0.5)


def test_the_preferred_arm_gets_p_and_the_others_share_the_rest():
    found = allocation_by_imbalance(
        {"A": 2, "B": 1.5, "C": 0.5}, ratio={"A": 1, "B": 1, "C": 1}, p=0.85
    )

    assert found == {"A": Fraction(3, 40), "B": Fraction(3, 40), "C": Fraction(17, 20)}


def test_tied_arms_share_p_and_a_full_tie_goes_by_the_ratio():
    two = allocation_by_imbalance(
        {"A": 1, "B": 1, "C": 3}, ratio={"A": 1, "B": 1, "C": 1}, p=0.85
    )
    full = allocation_by_imbalance(
        {"A": 1, "B": 1, "C": 1}, ratio={"A": 2, "B": 1, "C": 1}, p=0.85
    )

    assert two == {"A": Fraction(17, 40), "B": Fraction(17, 40), "C": Fraction(3, 20)}
    assert full == {"A": Fraction(1, 2), "B": Fraction(1, 4), "C": Fraction(1, 4)}


shares = st.dictionaries(
    st.sampled_from("ABCDE"), st.integers(1, 6), min_size=2, max_size=5
)
chances = st.fractions(min_value=Fraction(1, 2), max_value=1, max_denominator=100)


@given(shares, chances)
def test_every_arm_keeps_its_share_when_each_is_preferred_by_its_share(ratio, p):
    """The condition of Han, Enas and McEntegart: no drift from the ratio."""
    total = sum(ratio.values())
    kept = dict.fromkeys(ratio, Fraction(0))
    for preferred, share in ratio.items():
        told = {arm: int(arm != preferred) for arm in ratio}
        for arm, chance in allocation_by_imbalance(told, ratio=ratio, p=p).items():
            kept[arm] += Fraction(share, total) * chance

    assert kept == {arm: Fraction(share, total) for arm, share in ratio.items()}


@given(shares, chances, st.data())
def test_probabilities_are_probabilities(ratio, p, data):
    imbalances = {arm: data.draw(st.integers(0, 2)) for arm in ratio}
    found = allocation_by_imbalance(imbalances, ratio=ratio, p=p)

    assert sum(found.values()) == 1
    assert all(chance >= 0 for chance in found.values())


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"weights": {}}, "'sex' has none"),
        ({"ratio": (1,)}, "1 numbers for 2 arms"),
        ({"ratio": (1, 0)}, "share above 0"),
        ({"spread": "mad"}, "no spread 'mad'"),
        ({"spread": "mad", "subject": {}, "weights": ()}, "no spread 'mad'"),
        ({"ratio": (1, nan)}, "`ratio` holds what is no number"),
        ({"ratio": (1, inf)}, "`ratio` holds what is no number"),
        ({"weights": (nan,)}, "`weights` holds"),
        ({"weights": (inf,)}, "`weights` holds"),
        ({"weights": (-1,)}, "`weights` holds"),
        ({"arms": ("A", "A")}, "`arms` names 'A' twice"),
        ({"history": [("C", {"sex": "F"})]}, "`history` has the arm 'C'"),
    ],
)
def test_what_cannot_be_reckoned_is_told(change, told):
    asked = {"arms": ("A", "B"), "weights": (1,), "ratio": (1, 1), "spread": "range"}

    usual = {"history": [], "subject": {"sex": "F"}, **asked}
    with pytest.raises(ProtocolError, match=told) as fault:
        imbalance(**{**usual, **change})
    assert fault.value.code is ErrorCode.PROTOCOL_INVALID


@pytest.mark.parametrize("spread", ["range", "variance", "sd"])
def test_one_arm_alone_is_never_out_of_balance(spread):
    found = imbalance(
        [("A", {"sex": "F"})],
        {"sex": "F"},
        arms=("A",),
        weights=(1,),
        ratio=(1,),
        spread=spread,
    )
    assert found == {"A": 0.0}
