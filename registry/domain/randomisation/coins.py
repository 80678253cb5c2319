"""Restricted randomisation of two arms by a coin that leans on the difference so far.

`D` is what arm A has more than arm B in the stratum; each rule says how likely the
next participant gets arm A.  Probabilities are exact fractions, so that an auditor who
repeats a draw compares the same numbers.

Efron's biased coin: Efron, Biometrika 1971.  Big stick: Soares and Wu, Commun Stat
1983.  Biased coin with a limit: Chen, J Biopharm Stat 1999.  Urn: Wei, JASA 1978.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from streams.vocabulary.errors import ErrorCode, ProtocolError


HALF = Fraction(1, 2)


class Coin(Protocol):
    """How likely arm A is, after `count` participants with the difference `difference`."""

    def lean(self, difference: int, count: int) -> Fraction:
        """The probability of arm A."""
        ...


@dataclass(frozen=True, slots=True)
class FairCoin:
    """Complete randomisation: the past does not matter."""

    def lean(self, difference: int, count: int) -> Fraction:
        """Always one half."""
        _expect_possible(difference, count)
        return HALF


@dataclass(frozen=True, slots=True)
class BigStick:
    """A fair coin, until one arm is `limit` ahead: then the other arm is certain."""

    limit: int

    def __post_init__(self) -> None:
        """Refuse a limit nothing could reach."""
        _expect(self.limit >= 1, f"a big stick's limit of {self.limit} is below 1")

    def lean(self, difference: int, count: int) -> Fraction:
        """One half within the limit, 0 or 1 at it."""
        _expect_possible(difference, count)
        return _within(self.limit, difference, HALF)


@dataclass(frozen=True, slots=True)
class BiasedCoin:
    """The arm that is behind has probability `p`; with a limit, certainty at it."""

    p: Fraction
    limit: int | None = None

    def __post_init__(self) -> None:
        """Refuse a coin that leans to the arm that is ahead."""
        _expect(HALF <= self.p <= 1, f"a coin's p of {self.p} is not from 1/2 to 1")
        if self.limit is not None:
            _expect(self.limit >= 1, f"a coin's limit of {self.limit} is below 1")

    def lean(self, difference: int, count: int) -> Fraction:
        """`p` where A is behind, 1 - `p` where it is ahead, else one half."""
        _expect_possible(difference, count)
        if difference == 0:
            return HALF
        leaning = 1 - self.p if difference > 0 else self.p
        return _within(self.limit, difference, leaning)


@dataclass(frozen=True, slots=True)
class WeiUrn:
    """Wei's urn UD(0, 1): the larger the difference, the stronger the lean."""

    def lean(self, difference: int, count: int) -> Fraction:
        """1/2 - D/(2N); one half for the first."""
        _expect_possible(difference, count)
        return HALF if count == 0 else HALF - Fraction(difference, 2 * count)


def _within(limit: int | None, difference: int, leaning: Fraction) -> Fraction:
    if limit is not None and abs(difference) >= limit:
        return Fraction(0 if difference > 0 else 1)
    return leaning


def _expect_possible(difference: int, count: int) -> None:
    if abs(difference) > count or (count - difference) % 2:
        raise ValueError(f"{count} participants cannot differ by {difference}.")


def _expect(holds: bool, fault: str) -> None:
    if not holds:
        raise ProtocolError(
            ErrorCode.PROTOCOL_INVALID, f"Allocation: {fault}.", "Mend the protocol."
        )
