"""Allocation vectors: those of adaptr 1.4.0 exactly, and what must always hold."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from registry.domain.randomisation.adaptive import (
    allocation_probabilities,
    square_root_control,
)
from streams.vocabulary.errors import ErrorCode, ProtocolError


def close(expected):
    return pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("p_best", "limits", "expected"),
    [
        ((0.7, 0.2, 0.1), {"floors": (0.2, 0.2, 0.2)}, (0.6, 0.2, 0.2)),
        ((0.96, 0.03, 0.01), {"floors": (0.1, 0.1, 0.1)}, (0.8, 0.1, 0.1)),
        ((0.96, 0.03, 0.01), {"power": 0.5}, (0.781959, 0.138232, 0.079808)),
        (
            (0.05, 0.8, 0.15),
            {"fixed": (1 / 3, None, None), "floors": (None, 0.2, 0.2)},
            (1 / 3, 0.466667, 0.2),
        ),
        ((0.1, 0.3, 0.6), {}, (0.1, 0.3, 0.6)),
        ((0.1, 0.3, 0.6), {"fixed": (0.2, None, None)}, (0.2, 4 / 15, 8 / 15)),
        ((0.1, 0.3, 0.6), {"fixed": (0.2, None, 0.4)}, (0.2, 0.4, 0.4)),
        ((0.1, 0.3, 0.6), {"floors": (0.15, 0.2, None)}, (0.15, 17 / 60, 17 / 30)),
        ((0.1, 0.3, 0.6), {"match_control": 2}, (1 / 7, 3 / 7, 3 / 7)),
    ],
)
def test_vectors_of_adaptr(p_best, limits, expected):
    """Five from embedded_trials.md 1.3, four from the package's own tests."""
    assert allocation_probabilities(p_best, **limits) == close(expected)


def test_the_square_root_rule_gives_the_control_arm_more():
    expected = (0.366025, 0.211325, 0.211325, 0.211325)
    fixed = square_root_control(4)

    assert fixed == close(expected)
    assert allocation_probabilities((0.1, 0.2, 0.3, 0.4), fixed=fixed) == close(
        expected
    )


@pytest.mark.parametrize(
    ("p_best", "floors", "caps", "expected"),
    [
        (
            (0.07625, 0.04575, 0.41675, 0.0515, 0.051, 0.35875),
            (0.059, 0.107, 0.064, 0.114, 0.076, 0.123),
            (0.291,) * 6,
            (0.121, 0.107, 0.291, 0.114, 0.076, 0.291),
        ),
        (
            (0.566, 0.0325, 0.22, 0.1815),
            (None, 0.224, 0.224, None),
            (0.292, None, None, 0.292),
            (0.292, 0.224, 0.224, 0.26),
        ),
        (
            (1, 0, 0, 0),
            (None, 0.1, 0.1, None),
            (0.6, None, None, None),
            (0.6, 0.1, 0.1, 0.2),
        ),
    ],
)
def test_floors_and_caps_that_hold_at_once_are_settled_at_once(
    p_best, floors, caps, expected
):
    """As adaptr 1.4.0 does, run as a black box on 175 cases; three of them."""
    assert allocation_probabilities(p_best, floors=floors, caps=caps) == close(expected)


def test_where_that_leaves_a_sum_below_one_the_weightier_side_is_settled_first():
    """A at its cap and B, C at their floors would sum to 0.9."""
    found = allocation_probabilities(
        (0.9, 0.06, 0.04), floors=(None, 0.2, 0.2), caps=(0.5, None, None)
    )

    assert found == close((0.5, 0.3, 0.2))


def test_arms_that_cannot_be_best_share_what_is_left_evenly():
    assert allocation_probabilities((1, 0, 0), caps=(0.5, None, None)) == close(
        (0.5, 0.25, 0.25)
    )


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({"floors": (0.6, 0.6)}, "sum to 1.2, above 1"),
        ({"caps": (0.3, 0.3)}, "sum to 0.6, below 1"),
        ({"floors": (0.6, None), "caps": (0.5, None)}, "floor lies above its cap"),
        ({"fixed": (0.5, None), "floors": (0.1, None)}, "fixed and limited"),
        ({"floors": (0.1,)}, "1 entries for 2 arms"),
        ({"power": 1.5}, "power 1.5 is not from 0 to 1"),
        ({"match_control": 2}, "no control arm 2"),
        ({"floors": (-0.1, None)}, "no probability"),
        ({"match_control": 1.0}, "`match_control` is 1.0, which is no index"),
        ({"match_control": True}, "`match_control` is True, which is no index"),
        ({"p_best": (1e308, 1e308)}, "`p_best` holds what is no probability"),
        ({"p_best": (0.5, math.inf)}, "`p_best` holds what is no probability"),
        ({"p_best": (0.5, math.nan)}, "`p_best` holds what is no probability"),
    ],
)
def test_limits_that_no_allocation_can_keep_are_told(limits, told):
    with pytest.raises(ProtocolError, match=told) as fault:
        allocation_probabilities(**{"p_best": (0.5, 0.5), **limits})
    assert fault.value.code is ErrorCode.PROTOCOL_INVALID


limited = st.lists(
    st.tuples(
        st.floats(0, 1),
        st.one_of(st.none(), st.floats(0, 0.4)),
        st.one_of(st.none(), st.floats(0.2, 1)),
    ),
    min_size=2,
    max_size=6,
)


def _possible(arms):
    floors = [floor or 0 for _, floor, _ in arms]
    caps = [1 if cap is None else cap for _, _, cap in arms]
    ordered = all(low <= high for low, high in zip(floors, caps, strict=True))
    return ordered and sum(floors) <= 1 <= sum(caps)


@given(limited, st.floats(0, 1))
def test_what_is_dealt_sums_to_one_keeps_the_limits_and_is_in_proportion_between_them(
    arms, power
):
    """Arms at no limit stand to each other as their weights do."""
    assume(_possible(arms))
    p_best = [p for p, _, _ in arms]
    found = allocation_probabilities(
        p_best,
        floors=[floor for _, floor, _ in arms],
        caps=[cap for _, _, cap in arms],
        power=power,
    )

    assert math.isclose(sum(found), 1, abs_tol=1e-9)
    for share, (_, floor, cap) in zip(found, arms, strict=True):
        assert (floor or 0) - 1e-9 <= share <= (1 if cap is None else cap) + 1e-9
    weights = [p**power for p in p_best]
    free = [
        (share, weight)
        for share, weight, (_, floor, cap) in zip(found, weights, arms, strict=True)
        if share > (floor or 0) + 1e-9 and share < (1 if cap is None else cap) - 1e-9
    ]
    if sum(weights) > 0:
        for share, weight in free:
            other_share, other = free[0]
            assert math.isclose(share * other, other_share * weight, abs_tol=1e-7)
