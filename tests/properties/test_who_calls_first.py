"""Arbitration between trials: an order without ties, and one no is enough."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from registry.domain.co_enrolment import Claim, exclude, precedes
from streams.vocabulary.administration import CoEnrolment


NAMES = ("a", "b", "c")
names = st.sampled_from(NAMES)


@st.composite
def terms(draw):
    excludes = draw(st.sets(names))
    allows = draw(st.none() | st.sets(names).map(lambda s: s - excludes))
    return CoEnrolment(
        excludes=tuple(sorted(excludes)),
        allows=None if allows is None else tuple(sorted(allows)),
        rank=draw(st.none() | st.integers(1, 3)),
    )


claims = st.builds(
    Claim,
    trial=names,
    terms=terms(),
    deadline=st.integers(0, 2).map(
        lambda hour: datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=hour)
    ),
)


@given(terms(), terms())
def test_exclusion_is_the_same_from_both_sides(one, other):
    assert exclude("a", one, "b", other) == exclude("b", other, "a", one)


@given(terms())
def test_who_says_nothing_excludes_nobody(one):
    silent = CoEnrolment()
    assert not exclude("a", silent, "b", silent)
    told = "b" in one.excludes or (one.allows is not None and "b" not in one.allows)
    assert exclude("a", one, "b", silent) == told


@given(st.lists(claims, max_size=3, unique_by=lambda claim: claim.trial))
def test_of_different_trials_exactly_one_comes_first(several):
    for one, other in permutations(several, 2):
        assert precedes(one, other) != precedes(other, one)
    for a, b, c in permutations(several, 3):
        if precedes(a, b) and precedes(b, c):
            assert precedes(a, c)


@given(claims, claims)
def test_a_rank_comes_before_none_whatever_the_deadline(one, other):
    ranked = one.terms.rank is not None and other.terms.rank is None
    if ranked:
        assert precedes(one, other)
