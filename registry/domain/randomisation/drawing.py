"""One draw by any method: who holds the key makes it, and an auditor repeats it.

The chances are exact; a whole number below their common denominator is drawn at the
position, and falls into the share of one arm, arms in the order of the design.
Coins and urns look at what the present schedule gave in the stratum, minimisation at
everybody of the domain who counts, simple allocation and plain vectors at nothing.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from registry.domain.audit import canonical
from registry.domain.protocol import DomainDesign
from registry.domain.randomisation.adaptive import mass_weighted
from registry.domain.randomisation.blocks import block_at
from registry.domain.randomisation.coins import BiasedCoin, BigStick, WeiUrn
from registry.domain.randomisation.draws import Position, draw_below
from registry.domain.randomisation.history import ByStratumAndArm, History
from registry.domain.randomisation.methods import (
    Adaptive,
    Minimised,
    PermutedBlocks,
    Simple,
    method_document,
)
from registry.domain.randomisation.minimisation import (
    allocation_by_imbalance,
    imbalance_of_counts,
    least,
    lowest_terms,
)
from registry.domain.stratum import levels_of
from streams.vocabulary.errors import BrokenInvariant


_FINEST = 2**63
"""A common denominator above this is no design's."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """An arm, and what the draw rested on."""

    arm: str
    state: str
    """Canonical JSON; tells arms of others, and is sealed as they are."""


@dataclass(frozen=True, slots=True)
class _Leaning:
    """Each arm's chance, and what it was reckoned from."""

    chances: Mapping[str, Fraction]
    because: Mapping[str, Any]


def drawn(
    key: bytes, position: Position, *, design: DomainDesign, history: History
) -> Drawn:
    """The arm of this position, after this history.

    Raises `BrokenInvariant` for a position that lacks a factor of minimisation.
    """
    if isinstance(design.method, PermutedBlocks):
        return _of_block(key, position, design, history)
    leaning = _leaning(position, design, history)
    whole = math.lcm(*(chance.denominator for chance in leaning.chances.values()))
    if whole > _FINEST:
        raise BrokenInvariant(f"The chances of {position.domain} are too fine.")
    number = draw_below(key, position, purpose="arm", n=whole)
    state = {
        "method": method_document(design.method)["method"],
        **leaning.because,
        "chances": {arm: str(chance) for arm, chance in leaning.chances.items()},
        "draw": [number, whole],
    }
    return Drawn(_fallen(leaning.chances, number, whole), canonical(state).decode())


def _of_block(
    key: bytes, position: Position, design: DomainDesign, history: History
) -> Drawn:
    block = block_at(
        key, position, design=design, schedule_first_no=history.schedule_first_no
    )
    state = {
        "method": "permuted_blocks",
        "block_first_no": block.first_no,
        "block_size": len(block.arms),
    }
    return Drawn(block.arm_of(position.sequence_no), canonical(state).decode())


def _leaning(position: Position, design: DomainDesign, history: History) -> _Leaning:
    match design.method:
        case Simple():
            return _Leaning(_by_ratio(design), {})
        case BigStick() | BiasedCoin() | WeiUrn():
            return _of_coin(design, design.method, history)
        case Minimised():
            return _of_minimisation(position, design, design.method, history)
        case Adaptive():
            return _of_vector(design, design.method, history)
    raise BrokenInvariant(f"Nothing draws by {design.method}.")


def _by_ratio(design: DomainDesign) -> dict[str, Fraction]:
    total = sum(design.ratio.values())
    return {arm: Fraction(share, total) for arm, share in design.ratio.items()}


def _of_coin(
    design: DomainDesign, coin: BigStick | BiasedCoin | WeiUrn, history: History
) -> _Leaning:
    first, second = design.ratio
    given = history.of_schedule()
    held = {arm: given.get(arm, 0) for arm in (first, second)}
    lean = coin.lean(held[first] - held[second], sum(held.values()))
    return _Leaning({first: lean, second: 1 - lean}, {"held": held})


def _of_minimisation(
    position: Position, design: DomainDesign, method: Minimised, history: History
) -> _Leaning:
    everybody = history.of_domain()
    number = sum(everybody.values())
    if number < method.run_in:
        return _Leaning(_by_ratio(design), {"run_in": number})
    alike = _alike(position, design, everybody)
    imbalances = imbalance_of_counts(
        alike,
        weights=dict(method.weights),
        ratio=lowest_terms(design.ratio),
        spread=method.spread,
    )
    return _Leaning(
        allocation_by_imbalance(imbalances, ratio=design.ratio, p=method.p),
        {
            "alike": alike,
            "imbalance": {arm: f"{g:.12g}" for arm, g in imbalances.items()},
            "preferred": sorted(least(imbalances)),
            "p": str(method.p),
        },
    )


def _alike(
    position: Position, design: DomainDesign, everybody: ByStratumAndArm
) -> dict[str, dict[str, int]]:
    """By factor and arm, how many share the level of whom is drawn for."""
    mine = levels_of(position.stratum)
    lacking = [factor for factor in design.factors if factor not in mine]
    if lacking:
        raise BrokenInvariant(f"{position.stratum!r} lacks the factor {lacking[0]!r}.")
    found: Counter[tuple[str, str]] = Counter()
    for (stratum, arm), number in everybody.items():
        theirs = levels_of(stratum)
        for factor in design.factors:
            if theirs.get(factor) == mine[factor]:
                found[factor, arm] += number
    return {f: {arm: found[f, arm] for arm in design.ratio} for f in design.factors}


def _of_vector(design: DomainDesign, method: Adaptive, history: History) -> _Leaning:
    """The shares of the arms that are left, in proportion; or the urn's of them."""
    vector = method.vector
    told = dict(vector.shares)
    total = sum(told[arm] for arm in design.ratio)
    shares = {arm: Fraction(told[arm], total) for arm in design.ratio}
    if method.alpha is None:
        return _Leaning(shares, {"vector": vector.vector_id})
    given = history.of_schedule()
    held = {arm: given.get(arm, 0) for arm in shares}
    return _Leaning(
        mass_weighted(shares, held, alpha=method.alpha),
        {"vector": vector.vector_id, "held": held},
    )


def _fallen(chances: Mapping[str, Fraction], number: int, whole: int) -> str:
    """The arm into whose share the number falls."""
    rest = Fraction(number, whole)
    for arm, chance in chances.items():
        if rest < chance:
            return arm
        rest -= chance
    raise BrokenInvariant("The chances of a draw sum to less than 1.")
