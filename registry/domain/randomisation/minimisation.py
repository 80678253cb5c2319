"""Pocock and Simon's minimisation, with ratios done right.

For each arm the next subject is put there in thought; in each factor the subjects of
the same level are counted by arm and divided by the arm's share, and the spread of
these counts over the arms, weighted, is summed: the arm's imbalance.
Arms with the least imbalance are preferred.

Pocock and Simon, Biometrics 1975.  The coin for unequal ratios: Han, Enas and
McEntegart, Stat Med 2009: what an arm gets when it is not preferred is proportional to
its share, or the arms would drift from the ratio.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Literal, TypeAlias, get_args

from streams.vocabulary.errors import ErrorCode, ProtocolError


Spread = Literal["range", "variance", "sd"]

Number: TypeAlias = int | float | Fraction
Shares: TypeAlias = Mapping[str, Number] | Sequence[Number]
History: TypeAlias = Sequence[tuple[str, Mapping[str, str]]]
"""Arm and levels of everybody randomised so far."""

_MOST = 1e100
"""Of a weight: sums of such are numbers still."""


def imbalance(
    history: History,
    subject: Mapping[str, str],
    *,
    arms: Sequence[str],
    weights: Shares,
    ratio: Shares,
    spread: Spread,
) -> dict[str, float]:
    """By arm, the weighted imbalance if `subject` were put there.

    `weights` by factor, or in the order of the subject's factors; `ratio` by arm, or in
    the order of `arms`, and brought to its lowest whole numbers (300:100:100 is 3:1:1).
    `spread` of the counts over the arms: range, sample variance or its square root; 0
    where there is one arm.
    Raises `ProtocolError` EMB-202 for what no imbalance can be reckoned from.
    """
    _expect_arms(arms, history)
    _expect_spread(spread)
    named = _by_name("factor", tuple(subject), weights)
    if not all(0 <= weight <= _MOST for weight in named.values()):
        raise _fault(f"`weights` holds a number that is not from 0 to {_MOST:g}")
    counts = {
        factor: {arm: _alike(history, factor, level, arm) for arm in arms}
        for factor, level in subject.items()
    }
    return imbalance_of_counts(
        counts,
        weights=named,
        ratio=lowest_terms(_by_name("arm", arms, ratio)),
        spread=spread,
    )


def imbalance_of_counts(
    counts: Mapping[str, Mapping[str, int]],
    *,
    weights: Mapping[str, Number],
    ratio: Mapping[str, int],
    spread: Spread,
) -> dict[str, float]:
    """The same of counts alone: by factor and arm, who shares the subject's level."""
    return {
        arm: math.fsum(
            float(weights[factor]) * _spread(alike, arm, ratio, spread)
            for factor, alike in counts.items()
        )
        for arm in ratio
    }


def allocation_by_imbalance(
    imbalances: Mapping[str, float], *, ratio: Shares, p: Number
) -> dict[str, Fraction]:
    """By arm, the probability: the preferred share `p` or more, the others the rest.

    With equal ratios the arms of least imbalance share `p` and the others 1 - `p`.
    With unequal ones `p` is that of the arm with the least share, and every arm keeps
    its share in the long run.  All tied: by the ratio.
    """
    shares = lowest_terms(_by_name("arm", tuple(imbalances), ratio))
    total = sum(shares.values())
    preferred = least(imbalances)
    outside = total - sum(shares[arm] for arm in preferred)
    if not outside:
        return {arm: Fraction(share, total) for arm, share in shares.items()}
    smallest = sum(sorted(shares.values())[: len(preferred)])
    each = (1 - _exact(p)) / (total - smallest)
    inside = 1 - each * outside
    return {
        arm: inside * Fraction(share, total - outside)
        if arm in preferred
        else each * share
        for arm, share in shares.items()
    }


def least(imbalances: Mapping[str, float]) -> frozenset[str]:
    """The arms of least imbalance; what differs by rounding alone is tied."""
    lowest = min(imbalances.values())
    return frozenset(
        arm
        for arm, value in imbalances.items()
        if math.isclose(value, lowest, rel_tol=1e-9, abs_tol=1e-9)
    )


def lowest_terms(ratio: Mapping[str, Number]) -> dict[str, int]:
    """The ratio in its lowest whole numbers."""
    if any(isinstance(s, float) and not math.isfinite(s) for s in ratio.values()):
        raise _fault("`ratio` holds what is no number")
    exact = {arm: _exact(share) for arm, share in ratio.items()}
    if not exact or any(share <= 0 for share in exact.values()):
        raise _fault("every arm needs a share above 0")
    whole = math.lcm(*(share.denominator for share in exact.values()))
    shares = {arm: int(share * whole) for arm, share in exact.items()}
    common = math.gcd(*shares.values())
    return {arm: share // common for arm, share in shares.items()}


def _expect_arms(arms: Sequence[str], history: History) -> None:
    twice = [arm for k, arm in enumerate(arms) if arm in arms[:k]]
    if twice:
        raise _fault(f"`arms` names {twice[0]!r} twice")
    unknown = [arm for arm, _ in history if arm not in arms]
    if unknown:
        raise _fault(f"`history` has the arm {unknown[0]!r}, which `arms` has not")


def _expect_spread(spread: Spread) -> None:
    if spread not in get_args(Spread):
        raise _fault(f"there is no spread {spread!r}; use range, variance or sd")


def _alike(history: History, factor: str, level: str, arm: str) -> int:
    return sum(
        1 for given, levels in history if given == arm and levels.get(factor) == level
    )


def _spread(
    alike: Mapping[str, int], arm: str, ratio: Mapping[str, int], spread: Spread
) -> float:
    """The spread over the arms of what they hold for their share, one more in `arm`."""
    held = [(alike[name] + (name == arm)) / share for name, share in ratio.items()]
    if spread == "range":
        return max(held) - min(held)
    _expect_spread(spread)
    if len(held) == 1:
        return 0.0
    mean = math.fsum(held) / len(held)
    variance = math.fsum((one - mean) ** 2 for one in held) / (len(held) - 1)
    return variance if spread == "variance" else math.sqrt(variance)


def _by_name(what: str, names: Sequence[str], given: Shares) -> dict[str, Number]:
    if isinstance(given, Mapping):
        missing = [name for name in names if name not in given]
        if missing:
            raise _fault(f"the {what} {missing[0]!r} has none")
        return {name: given[name] for name in names}
    if len(given) != len(names):
        raise _fault(f"there are {len(given)} numbers for {len(names)} {what}s")
    return dict(zip(names, given, strict=True))


def _exact(number: Number) -> Fraction:
    """0.85 as it was written, not as it is stored."""
    return Fraction(str(number)) if isinstance(number, float) else Fraction(number)


def _fault(sentence: str) -> ProtocolError:
    return ProtocolError(
        ErrorCode.PROTOCOL_INVALID, f"Minimisation: {sentence}.", "Mend the protocol."
    )
