import pytest

from registry.domain.stratum import pending_factors, stratum_key


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
