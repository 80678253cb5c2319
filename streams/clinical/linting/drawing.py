"""Checks of how arms are drawn: what a guesser at the bedside would know."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from streams.clinical.linting.finding import Check, Found, warning
from streams.vocabulary.allocation import (
    Adaptive,
    BiasedCoin,
    BigStick,
    Minimisation,
    PermutedBlocks,
)
from streams.vocabulary.places import Path
from streams.vocabulary.protocol import Domain, Protocol


_STEADY = Fraction(85, 100)
"""Above this, who knows the past guesses minimisation's next arm nearly always."""


def check_drawing(protocol: Protocol) -> Iterator[Found]:
    """Blocks, coins and vectors that tell too much, or may starve an arm."""
    for number, domain in enumerate(protocol.domains):
        yield from _of_domain(domain, ("domains", number, "allocation"))


def _of_domain(domain: Domain, path: Path) -> Iterator[Found]:
    match domain.allocation:
        case PermutedBlocks(sizes=sizes):
            turn = sum(arm.ratio for arm in domain.arms)
            if turn in sizes:
                yield _guessable(
                    path,
                    f"Blocks of {turn} hold each arm's share once: whoever has seen all "
                    "but the last knows it.",
                    f"Use sizes from {2 * turn} on.",
                )
            elif len(set(sizes)) == 1:
                yield _guessable(
                    path,
                    "Every block has the same size: its end can be counted.",
                    "Allow more sizes than one.",
                )
        case BigStick(limit=1) | BiasedCoin(limit=1):
            yield _guessable(
                path,
                "A limit of 1 makes every second arm certain.",
                "Use a limit of 2 or more; 3 is common.",
            )
        case Minimisation(p=p) if p > _STEADY:
            yield _guessable(
                path,
                f"With a p of {p}, who knows the past knows nearly every next arm.",
                "Use 17/20 or less.",
            )
        case Adaptive(floors=floors, fixed=fixed):
            bare = [a.id for a in domain.arms if a.id not in {*floors, *fixed}]
            if bare:
                yield warning(
                    Check.NO_FLOOR,
                    path,
                    f"Nothing keeps the share of {', '.join(bare)} above nothing.",
                    "Give every arm a floor or a fixed share.",
                )


def _guessable(path: Path, sentence: str, cure: str) -> Found:
    return warning(Check.GUESSABLE, path, sentence, cure)
