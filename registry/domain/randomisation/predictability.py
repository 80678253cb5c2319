"""How well a guesser does who knows every past arm, and how far the arms drift apart.

The guesser bets on the arm that is behind, and tosses a coin when none is (the
convergence strategy of Blackwell and Hodges, 1957).
Exact for two arms and equal shares, by following the distribution of the difference;
no simulation.  `correct_guesses` of a log is what the data monitors see of a running
trial: an open-label site that guesses better than this reads more than the arms.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from registry.domain.randomisation.coins import HALF, Coin


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictability:
    """Exact expectations over `participants` in one stratum."""

    participants: int
    correct: Fraction
    """Expected share of correct guesses."""
    determined: Fraction
    """Expected share of participants whose arm the past leaves no doubt of."""
    difference: Fraction
    """Expected absolute difference of the two arms at the end."""
    balanced: Fraction
    """Probability that they are even at the end."""


def predictability_of_coin(coin: Coin, participants: int) -> Predictability:
    """What the coin gives away over so many participants."""
    spread: Mapping[int, Fraction] = {0: Fraction(1)}
    correct = determined = Fraction(0)
    for count in range(participants):
        for difference, chance in spread.items():
            lean = coin.lean(difference, count)
            correct += chance * _right(lean, difference)
            determined += chance * (lean in (0, 1))
        spread = _after(coin, spread, count)
    return Predictability(
        participants=participants,
        correct=correct / participants,
        determined=determined / participants,
        difference=sum((abs(d) * c for d, c in spread.items()), Fraction(0)),
        balanced=spread.get(0, Fraction(0)),
    )


def predictability_of_blocks(size: int) -> Predictability:
    """What permuted blocks of one even size give away, over one block.

    Closed form of the guesses: (m + 4^m / (2 C(2m, m)) - 1/2) / 2m for size 2m.
    """
    half, odd = divmod(size, 2)
    if odd or half < 1:
        raise ValueError(f"A block of two arms has an even size, not {size}.")
    ways = math.comb(size, half)
    right = half + Fraction(4**half, 2 * ways) - HALF
    certain = Fraction(2, half + 1) * half
    return Predictability(
        participants=size,
        correct=right / size,
        determined=certain / size,
        difference=Fraction(0),
        balanced=Fraction(1),
    )


def correct_guesses(
    given: Sequence[str], *, ratio: Mapping[str, int]
) -> Fraction | None:
    """The share a guesser would have had of this sequence; None of an empty one.

    The guesser bets on an arm that has least for its share, at random among such.
    """
    if not given:
        return None
    held = dict.fromkeys(ratio, Fraction(0))
    right = Fraction(0)
    for arm in given:
        fewest = min(held.values())
        behind = [name for name, share in held.items() if share == fewest]
        right += Fraction(int(arm in behind), len(behind))
        held[arm] += Fraction(1, ratio[arm])
    return right / len(given)


def _right(lean: Fraction, difference: int) -> Fraction:
    """The chance that the bet on the arm that is behind is right."""
    if difference == 0:
        return HALF
    return 1 - lean if difference > 0 else lean


def _after(
    coin: Coin, spread: Mapping[int, Fraction], count: int
) -> dict[int, Fraction]:
    """The distribution of the difference after one more participant."""
    after: dict[int, Fraction] = {}
    for difference, chance in spread.items():
        lean = coin.lean(difference, count)
        for step, part in ((1, lean), (-1, 1 - lean)):
            if part:
                at = difference + step
                after[at] = after.get(at, Fraction(0)) + chance * part
    return after
