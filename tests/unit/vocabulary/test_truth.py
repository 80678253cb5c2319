import itertools

import pytest

from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, all_of, any_of, truth


T, F, U = TRUE, FALSE, UNKNOWN


@pytest.mark.parametrize(
    ("left", "right", "conjunction", "disjunction"),
    [
        (T, T, T, T),
        (T, F, F, T),
        (T, U, U, T),
        (F, T, F, T),
        (F, F, F, F),
        (F, U, F, U),
        (U, T, U, T),
        (U, F, F, U),
        (U, U, U, U),
    ],
)
def test_and_and_or_follow_kleenes_tables(left, right, conjunction, disjunction):
    assert left & right is conjunction
    assert left | right is disjunction


def test_not_leaves_unknown_unknown():
    assert [~T, ~F, ~U] == [F, T, U]


def test_de_morgan_holds():
    for a, b in itertools.product((T, F, U), repeat=2):
        assert ~(a & b) is (~a | ~b)


def test_unknown_can_never_pass_for_false():
    with pytest.raises(TypeError, match="compare it with `is`"):
        bool(UNKNOWN)


def test_none_is_unknown():
    assert [truth(None), truth(True), truth(False)] == [U, T, F]


def test_nothing_is_all_true_and_none_true():
    assert all_of(()) is T
    assert any_of(()) is F
