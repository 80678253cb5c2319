"""The published table of guesses and differences, exactly.

Figures: the predictability table of embedded_trials.md 1.1, rounded as printed there
(one difference, Wei's at 50, was rounded twice: 3.1949 is printed as 3.20).
"""

from fractions import Fraction

import pytest

from registry.domain.randomisation.coins import BiasedCoin, BigStick, FairCoin, WeiUrn
from registry.domain.randomisation.predictability import (
    correct_guesses,
    predictability_of_blocks,
    predictability_of_coin,
)


TWO_THIRDS, FOUR_FIFTHS = Fraction(2, 3), Fraction(4, 5)


@pytest.mark.parametrize(
    ("size", "correct", "determined"),
    [
        (2, Fraction(3, 4), Fraction(1, 2)),
        (4, Fraction(17, 24), Fraction(1, 3)),
        (6, Fraction(41, 60), Fraction(1, 4)),
        (8, Fraction(373, 560), Fraction(1, 5)),
        (10, None, Fraction(1, 6)),
    ],
)
def test_blocks(size, correct, determined):
    found = predictability_of_blocks(size)

    assert found.determined == determined
    if correct is None:
        assert round(float(found.correct), 4) == 0.6532
    else:
        assert found.correct == correct


@pytest.mark.parametrize(
    ("coin", "n", "correct", "difference"),
    [
        (FairCoin(), 50, "0.5000", 5.61),
        (FairCoin(), 100, "0.5000", 7.96),
        (BiasedCoin(TWO_THIRDS), 50, "0.6217", 1.33),
        (BiasedCoin(TWO_THIRDS), 100, "0.6233", 1.33),
        (BiasedCoin(FOUR_FIFTHS), 50, "0.6855", 0.53),
        (BiasedCoin(FOUR_FIFTHS), 100, "0.6865", 0.53),
        (WeiUrn(), 50, "0.5599", 3.20),
        (WeiUrn(), 100, "0.5434", 4.56),
        (BigStick(3), 50, "0.5789", 1.33),
        (BigStick(3), 100, "0.5811", 1.33),
        (BiasedCoin(TWO_THIRDS, limit=3), 50, "0.6398", 0.86),
        (BiasedCoin(TWO_THIRDS, limit=3), 100, "0.6413", 0.86),
    ],
)
def test_coins(coin, n, correct, difference):
    found = predictability_of_coin(coin, n)

    assert f"{float(found.correct):.4f}" == correct
    assert float(found.difference) == pytest.approx(difference, abs=0.0052)


@pytest.mark.parametrize(
    ("p", "balanced"), [(TWO_THIRDS, "0.500"), (FOUR_FIFTHS, "0.750")]
)
def test_efrons_coin_is_even_at_even_numbers_as_often_as_he_says(p, balanced):
    assert (
        f"{float(predictability_of_coin(BiasedCoin(p), 100).balanced):.3f}" == balanced
    )


def test_only_a_limit_leaves_no_doubt():
    assert predictability_of_coin(FairCoin(), 20).determined == 0
    assert predictability_of_coin(BiasedCoin(TWO_THIRDS), 20).determined == 0
    assert predictability_of_coin(BigStick(3), 20).determined > 0


def test_what_a_guesser_has_of_a_block_of_two_is_certain_every_second_time():
    guessed = correct_guesses(["a", "b", "b", "a"], ratio={"a": 1, "b": 1})

    assert guessed == Fraction(3, 4)
    assert correct_guesses([], ratio={"a": 1}) is None


def test_a_guesser_bets_on_the_arm_that_lacks_most_of_its_share():
    """Two to one: after one of each, the larger arm is behind."""
    guessed = correct_guesses(["a", "b", "a"], ratio={"a": 2, "b": 1})

    assert guessed == Fraction(Fraction(1, 2) + 1 + 1, 3)
