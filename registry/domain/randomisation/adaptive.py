"""Response-adaptive allocation: from each arm's probability of being best to its share.

The steps, in this order, after the description of the `adaptr` package (INCEPT group):
the control arm is matched to the best of the others, the probabilities are raised to
a power that softens them, fixed shares are set apart, and what is left is dealt out
among the free arms in proportion; the arms below their floor or above their cap are
set to it and leave the dealing, until none is outside.

Exponent, floors and caps are the trial's choice and stand in its protocol; the power
1/2 and a floor are common, because bare probabilities of being best allocate wildly
while little is known.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from streams.vocabulary.errors import ErrorCode, ProtocolError


Limits = Sequence[float | None]

_EXACT_TO = 1e-9
"""Sums of probabilities are held to this."""
_MOST = 1e100
"""Of a probability in whatever scale: sums of such are numbers still."""


def allocation_probabilities(
    p_best: Sequence[float],
    *,
    fixed: Limits | None = None,
    floors: Limits | None = None,
    caps: Limits | None = None,
    match_control: int | None = None,
    power: float = 1.0,
) -> tuple[float, ...]:
    """Each arm's allocation probability, in the order of `p_best`; they sum to 1.

    `p_best`: each arm's posterior probability of being the best one, in any scale
    up to 1e100.
    `fixed`, `floors`, `caps`: a probability, or None, for each arm.
    `match_control`: the index of the control arm, which gets as much as the best of
    the others.
    `power`: 1 leaves the probabilities as they are, 0 makes the free arms equal.
    Raises `ProtocolError` EMB-202 for limits that no allocation can keep, and for what
    is no probability, no index or no power.
    """
    arms = [
        _Arm(*limits)
        for limits in zip(
            _softened(_matched(p_best, match_control), power),
            _each(p_best, fixed, "fixed"),
            _each(p_best, floors, "floors"),
            _each(p_best, caps, "caps"),
            strict=True,
        )
    ]
    _expect_possible(arms)
    return _dealt(arms)


def square_root_control(arms: int, *, control: int = 0) -> tuple[float, ...]:
    """The fixed shares √(K-1) : 1 : … : 1, of the control arm and each other one."""
    if arms < 2 or not 0 <= control < arms:
        raise _fault(f"there is no control arm {control} among {arms}")
    weight = math.sqrt(arms - 1)
    total = weight + arms - 1
    return tuple((weight if k == control else 1.0) / total for k in range(arms))


def mass_weighted(
    shares: Mapping[str, Fraction], held: Mapping[str, int], *, alpha: int
) -> dict[str, Fraction]:
    """By arm, the chance in the mass-weighted urn; `shares` sum to 1.

    An arm's mass is `alpha` times its share, and what it lacks of its share of those
    before; nothing where that is below nothing.  So no arm comes to hold more than its
    share of `alpha` and the number before, and one.
    Zhao, Contemp Clin Trials 2015.
    """
    count = sum(held.values())
    mass = {
        arm: max((alpha + count) * share - held[arm], Fraction(0))
        for arm, share in shares.items()
    }
    total = sum(mass.values(), Fraction(0))
    return {arm: one / total for arm, one in mass.items()}


@dataclass(frozen=True, slots=True)
class _Arm:
    weight: float
    fixed: float | None
    floor: float | None
    cap: float | None

    def limited(self, share: float) -> float:
        """The share, brought within the arm's limits."""
        if self.floor is not None and share < self.floor:
            return self.floor
        if self.cap is not None and share > self.cap:
            return self.cap
        return share


def _matched(p_best: Sequence[float], control: int | None) -> list[float]:
    _expect_probabilities(p_best, "p_best")
    weights = [float(p) for p in p_best]
    if control is None:
        return weights
    if type(control) is not int:
        raise _fault(f"`match_control` is {control!r}, which is no index")
    if not 0 <= control < len(weights) or len(weights) < 2:
        raise _fault(f"there is no control arm {control} among {len(weights)}")
    weights[control] = max(w for k, w in enumerate(weights) if k != control)
    return weights


def _softened(weights: Sequence[float], power: float) -> list[float]:
    if not 0 <= power <= 1:
        raise _fault(f"the power {power:g} is not from 0 to 1")
    return [weight**power for weight in weights]


def _dealt(arms: Sequence[_Arm]) -> tuple[float, ...]:
    """All arms outside their limits settled at once, as adaptr does it.

    Where floors and caps hold at once, that can end with a sum other than 1: then the
    weightier side is settled first, which never does.
    """
    for first in (_all, _weightier):
        dealt = _settled(arms, first)
        if dealt is not None:
            return dealt
    raise _fault("no allocation keeps these limits")


def _settled(
    arms: Sequence[_Arm],
    first: Callable[[dict[int, float]], dict[int, float]],
) -> tuple[float, ...] | None:
    """Deal what is left among the free arms until every arm is within its limits.

    `first` says which of the arms outside are settled in a round.
    None where nothing, or less than nothing, was left to deal.
    """
    dealt = {k: arm.fixed for k, arm in enumerate(arms) if arm.fixed is not None}
    while True:
        free = {k: arm for k, arm in enumerate(arms) if k not in dealt}
        left = 1 - math.fsum(dealt.values())
        if left < -_EXACT_TO or (not free and left > _EXACT_TO):
            return None
        shares = _proportional(free, left)
        outside = first(
            {
                k: by
                for k, share in shares.items()
                if (by := free[k].limited(share) - share)
            }
        )
        if not outside:
            dealt |= shares
            return tuple(dealt[k] for k in range(len(arms)))
        dealt |= {k: free[k].limited(shares[k]) for k in outside}


def _all(moved: dict[int, float]) -> dict[int, float]:
    return moved


def _weightier(moved: dict[int, float]) -> dict[int, float]:
    """The arms that floors raise or those that caps lower, whichever moves more.

    If floors take more than caps give, the capped arms may yet come under their caps,
    and the other way round.
    """
    taken = math.fsum(moved.values())
    if abs(taken) <= _EXACT_TO:
        return moved
    return {k: by for k, by in moved.items() if (by > 0) == (taken > 0)}


def _proportional(free: Mapping[int, _Arm], left: float) -> dict[int, float]:
    """`left` in proportion to the weights; evenly where all of them are zero."""
    total = math.fsum(arm.weight for arm in free.values())
    if total == 0:
        return dict.fromkeys(free, left / max(len(free), 1))
    return {k: left * arm.weight / total for k, arm in free.items()}


def _each(
    p_best: Sequence[float], limits: Limits | None, what: str
) -> Sequence[float | None]:
    if limits is None:
        return [None] * len(p_best)
    if len(limits) != len(p_best):
        raise _fault(f"`{what}` has {len(limits)} entries for {len(p_best)} arms")
    _expect_probabilities([x for x in limits if x is not None], what)
    return limits


def _expect_probabilities(numbers: Sequence[float], what: str) -> None:
    if not all(0 <= x <= _MOST for x in numbers):
        raise _fault(f"`{what}` holds what is no probability")


def _expect_possible(arms: Sequence[_Arm]) -> None:
    """Refuse what no allocation can keep, before anything is dealt."""
    if not arms:
        raise _fault("there is no arm")
    for arm in arms:
        if arm.fixed is not None and (arm.floor, arm.cap) != (None, None):
            raise _fault("an arm is fixed and limited at once")
        if arm.floor is not None and arm.cap is not None and arm.floor > arm.cap:
            raise _fault("a floor lies above its cap")
    least = math.fsum(arm.fixed or arm.floor or 0.0 for arm in arms)
    most = math.fsum(_most(arm) for arm in arms)
    if least > 1 + _EXACT_TO:
        raise _fault(f"fixed shares and floors sum to {least:g}, above 1")
    if most < 1 - _EXACT_TO:
        raise _fault(f"fixed shares and caps sum to {most:g}, below 1")


def _most(arm: _Arm) -> float:
    if arm.fixed is not None:
        return arm.fixed
    return 1.0 if arm.cap is None else arm.cap


def _fault(sentence: str) -> ProtocolError:
    return ProtocolError(
        ErrorCode.PROTOCOL_INVALID,
        f"Adaptive allocation: {sentence}.",
        "Mend the vector's limits.",
    )
