"""Whether a list of kits hides what they hold: codes, order, lots and expiries.

Codes are to be a random permutation across the arms.  What is tried:

- in the order of the codes, runs of one arm are as many as chance makes them
  (Barton and David's runs of several kinds; more than 3.5 standard deviations off,
  or not one run more than there are arms, is no chance);
- no beginning of the code, and no place in it, goes with the arm (chi-square, by
  Wilson and Hilferty's normal deviate above 4, or an arm told outright);
- every lot and every expiry holds every arm, and codes are equally long.

A list that passes may still be badly made; one that fails is.

Reference: Barton DE, David FN. Multiple runs. Biometrika 1957;44:168-178.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import groupby

from registry.domain.kit import KitLine


LEAST_KITS = 8
"""With fewer, no pattern can be told from chance."""
RUNS_OFF = 3.5
"""Standard deviations of the number of runs."""
GOES_WITH = 4.0
"""Normal deviate of the association of a part of the code with the arm."""
_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{2,31}")


def faults(
    lines: Sequence[KitLine], *, arms: Collection[str] | None
) -> tuple[str, ...]:
    """Why the list cannot be used, in words that name no arm; empty where it can.

    `arms`: those of the domain; None where no protocol in force tells them.
    """
    malformed = tuple(_malformed(lines, arms))
    return malformed or tuple(_telling(sorted(lines, key=lambda one: one.kit)))


def _malformed(lines: Sequence[KitLine], arms: Collection[str] | None) -> Iterator[str]:
    codes = Counter(one.kit for one in lines)
    held = {one.arm for one in lines}
    if len(lines) < LEAST_KITS:
        yield f"it has {len(lines)} kits, fewer than {LEAST_KITS}"
    if any(number > 1 for number in codes.values()):
        yield "a code stands there twice"
    if not all(_CODE.fullmatch(code) for code in codes):
        yield "a code is not made of 3 to 32 capitals, digits and hyphens"
    if len(held) < 2 or (arms is not None and held != set(arms)):
        yield "what its kits hold is not the arms of the domain"
    if not all(one.lot for one in lines):
        yield "a kit has no lot"


def _telling(lines: Sequence[KitLine]) -> Iterator[str]:
    """What of the list tells arms apart; `lines` in the order of their codes."""
    if _ordered([one.arm for one in lines]):
        yield "the order of the codes goes with the arms"
    if len({len(one.kit) for one in lines}) > 1:
        yield "the codes are not equally long"
    elif any(_goes_with(part, lines) for part in _parts(len(lines[0].kit))):
        yield "a part of the code goes with the arm"
    if _lacks_an_arm(lines, lambda one: one.lot):
        yield "a lot does not hold every arm"
    if _lacks_an_arm(lines, lambda one: one.expires_on.isoformat()):
        yield "an expiry is not that of every arm"


def _ordered(arms: Sequence[str]) -> bool:
    runs, number = sum(1 for _ in groupby(arms)), len(arms)
    counts = Counter(arms).values()
    squares, cubes = sum(c**2 for c in counts), sum(c**3 for c in counts)
    mean = (number * (number + 1) - squares) / number
    spread = (
        squares * (squares + number * (number + 1)) - 2 * number * cubes - number**3
    ) / (number**2 * (number - 1))
    if runs == len(counts) or not spread:
        return True
    return abs(runs - mean) > RUNS_OFF * math.sqrt(spread)


def _parts(length: int) -> Iterator[Callable[[KitLine], str]]:
    """The beginnings of a code, and its places."""
    for end in range(1, length):
        yield lambda one, end=end: one.kit[:end]  # type: ignore[misc]  # bound now
    for place in range(1, length):
        yield lambda one, place=place: one.kit[place]  # type: ignore[misc]  # bound now


def _goes_with(part: Callable[[KitLine], str], lines: Sequence[KitLine]) -> bool:
    """Whether the part goes with the arm; one that names nearly each kit cannot."""
    values = Counter(part(one) for one in lines)
    if len(values) == 1 or len(values) > len(lines) / 2:
        return False
    arms = Counter(one.arm for one in lines)
    both = Counter((part(one), one.arm) for one in lines)
    if len(both) == len(values):
        return True
    expected = {
        (value, arm): many * held / len(lines)
        for value, many in values.items()
        for arm, held in arms.items()
    }
    square = sum((both[cell] - mean) ** 2 / mean for cell, mean in expected.items())
    freedom = (len(values) - 1) * (len(arms) - 1)
    part_of_nine = 2 / (9 * freedom)
    deviate = math.cbrt(square / freedom) - (1 - part_of_nine)
    return deviate > GOES_WITH * math.sqrt(part_of_nine)


def _lacks_an_arm(lines: Sequence[KitLine], told: Callable[[KitLine], str]) -> bool:
    held = {(told(one), one.arm) for one in lines}
    groups, arms = {g for g, _ in held}, {arm for _, arm in held}
    return len(held) < len(groups) * len(arms)
