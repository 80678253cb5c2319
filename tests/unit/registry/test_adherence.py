"""What was received against what was allocated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.adherence import Received, adherence, by_arm
from streams.vocabulary.outcomes import Expected


EXPECTED = (
    Expected(arm="steroid", at_least=3),
    Expected(arm="none", at_most=0),
)


@pytest.mark.parametrize(
    ("arm", "days", "said"),
    [
        ("steroid", 3, "as_allocated"),
        ("steroid", 7, "as_allocated"),
        ("steroid", 2, "departed"),
        ("steroid", 0, "crossed_over"),
        ("none", 0, "as_allocated"),
        ("none", 5, "crossed_over"),
        ("none", 1, "departed"),
        ("none", None, "unknown"),
        ("third", 5, "unknown"),
    ],
)
def test_the_own_arm_is_asked_first_and_then_the_others(arm, days, said):
    assert adherence(Received(arm=arm, days=days), EXPECTED) == said


def test_arms_are_told_apart_by_what_is_known():
    days = (("steroid", 7), ("steroid", 5), ("steroid", None), ("none", 0), ("none", 2))
    none, steroid = by_arm((Received(arm=a, days=d) for a, d in days), EXPECTED)
    assert (steroid.participants, steroid.known, steroid.mean_days) == (3, 2, 6)
    assert (steroid.as_allocated, steroid.crossed_over) == (2, 0)
    assert (none.mean_days, none.as_allocated, none.departed) == (1, 1, 1)


@given(
    st.lists(
        st.tuples(st.sampled_from(["steroid", "none"]), st.none() | st.integers(0, 7))
    )
)
def test_everybody_of_whom_it_is_known_is_one_of_three(told):
    rows = by_arm((Received(arm=a, days=d) for a, d in told), EXPECTED)
    for row in rows:
        assert row.as_allocated + row.crossed_over + row.departed == row.known
    assert sum(row.participants for row in rows) == len(told)
