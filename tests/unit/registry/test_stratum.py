import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.stratum import (
    DOMAIN,
    across_domain,
    among_arms,
    counted_in,
    levels_of,
    pending_factors,
    stratum_key,
)


@pytest.mark.parametrize(
    ("pairs", "key"),
    [
        ((), ""),
        ((("shock", "yes"),), "shock=yes"),
        ((("shock", "yes"), ("centre", "A")), "centre=A;shock=yes"),
        ((("centre", "A"), ("shock", "yes")), "centre=A;shock=yes"),
        ((("a", "1;b=2"),), "a=1%3Bb%3D2"),
    ],
)
def test_a_stratum_is_written_one_way(pairs, key):
    assert stratum_key(pairs) == key


def test_a_level_that_is_not_known_is_pending():
    pairs = (("shock", "yes"), ("pathogen", "UNKNOWN"))
    assert pending_factors(pairs) == ("pathogen",)


words = st.text(min_size=1, max_size=6)


@given(st.dictionaries(words.filter(lambda w: w[0] != "@"), words, max_size=4))
def test_the_levels_of_a_stratum_are_those_it_was_made_of(levels):
    key = stratum_key(levels.items())

    assert levels_of(key) == levels
    assert levels_of(across_domain(key)) == levels
    assert levels_of(among_arms(key, ["a", "b;c=d"])) == levels


def test_numbers_are_those_of_the_domain_only_where_it_is_drawn_as_one():
    assert counted_in(across_domain("shock=yes")) == DOMAIN == across_domain("")
    assert counted_in("shock=yes") == "shock=yes"
    assert counted_in("@arms=a+b;shock=yes") == "@arms=a+b;shock=yes"
