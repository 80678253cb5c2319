"""How arms may be drawn, each method with what its draws depend on.

method
├── Simple           by the ratio
├── PermutedBlocks   each block holds the ratio
├── BigStick, BiasedCoin, WeiUrn   two arms, by the difference so far
├── Minimised        by the imbalance of the whole domain
└── Adaptive         by a published vector
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from registry.domain.randomisation.adaptive import allocation_probabilities
from registry.domain.randomisation.coins import BiasedCoin, BigStick, WeiUrn
from registry.domain.randomisation.minimisation import Spread
from registry.domain.randomisation.vector import (
    BILLIONTHS,
    INITIAL,
    Shares,
    Vector,
    in_billionths,
)
from streams.vocabulary.errors import ErrorCode, ProtocolError


@dataclass(frozen=True, slots=True)
class Simple:
    """Complete randomisation by the ratio."""


@dataclass(frozen=True, slots=True)
class PermutedBlocks:
    """Blocks of random size that each hold the ratio."""

    multiples: tuple[int, ...]
    """Allowed block sizes, as multiples of the sum of the ratio."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Minimised:
    """Pocock and Simon's minimisation over the domain."""

    weights: tuple[tuple[str, Fraction], ...]
    """Factor and weight."""
    spread: Spread
    p: Fraction
    run_in: int = 0
    """The first so many of the domain are drawn by the ratio alone."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What binds one arm's share in every vector."""

    fixed: Fraction | None = None
    floor: Fraction | None = None
    cap: Fraction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Adaptive:
    """By a vector: the one that was bound, at first the protocol's own."""

    initial: Shares
    limits: tuple[tuple[str, Limit], ...] = ()
    """By arm; arms that are not named are free."""
    match_control: str | None = None
    power: Fraction = Fraction(1)
    alpha: int | None = None
    """Of the mass-weighted urn; None: draws have no memory."""
    bound: Vector | None = None
    """The published vector in force; no part of the protocol."""

    @property
    def vector(self) -> Vector:
        """What is drawn by."""
        return self.bound or Vector(INITIAL, self.initial)

    def reckoned(self, p_best: dict[str, float]) -> Shares:
        """The vector for these probabilities of being best, within the limits."""
        arms = [arm for arm, _ in self.initial]
        limits = [dict(self.limits).get(arm, Limit()) for arm in arms]
        control = self.match_control
        found = allocation_probabilities(
            [p_best[arm] for arm in arms],
            fixed=[_number(limit.fixed) for limit in limits],
            floors=[_number(limit.floor) for limit in limits],
            caps=[_number(limit.cap) for limit in limits],
            match_control=None if control is None else arms.index(control),
            power=float(self.power),
        )
        return in_billionths(dict(zip(arms, found, strict=True)))

    def outside(self, shares: Shares) -> tuple[str, ...]:
        """The arms whose share keeps no limit, to a billionth."""
        told = dict(shares)
        return tuple(
            arm for arm, limit in self.limits if not _keeps(limit, told.get(arm, 0))
        )


Method: TypeAlias = (
    Simple | PermutedBlocks | BigStick | BiasedCoin | WeiUrn | Minimised | Adaptive
)


def method_document(method: Method) -> dict[str, Any]:
    """The method as plain JSON; a bound vector is no part of it."""
    match method:
        case Simple():
            return {"method": "simple"}
        case PermutedBlocks(multiples):
            return {"method": "permuted_blocks", "multiples": list(multiples)}
        case BigStick(limit):
            return {"method": "big_stick", "limit": limit}
        case BiasedCoin(p, limit):
            return {"method": "biased_coin", "p": str(p), "limit": limit}
        case WeiUrn():
            return {"method": "urn"}
        case Minimised():
            return {
                "method": "minimisation",
                "weights": [[factor, str(w)] for factor, w in method.weights],
                "spread": method.spread,
                "p": str(method.p),
                "run_in": method.run_in,
            }
        case Adaptive():
            return {
                "method": "adaptive",
                "initial": [list(share) for share in method.initial],
                "limits": [
                    [arm, _told(limit.fixed), _told(limit.floor), _told(limit.cap)]
                    for arm, limit in method.limits
                ],
                "match_control": method.match_control,
                "power": str(method.power),
                "alpha": method.alpha,
            }


def read_method(document: dict[str, Any]) -> Method:
    """The method that `method_document` wrote."""
    match document["method"]:
        case "simple":
            return Simple()
        case "permuted_blocks":
            return PermutedBlocks(tuple(document["multiples"]))
        case "big_stick":
            return BigStick(document["limit"])
        case "biased_coin":
            return BiasedCoin(Fraction(document["p"]), document["limit"])
        case "urn":
            return WeiUrn()
        case "minimisation":
            return Minimised(
                weights=tuple((f, Fraction(w)) for f, w in document["weights"]),
                spread=document["spread"],
                p=Fraction(document["p"]),
                run_in=document["run_in"],
            )
        case "adaptive":
            return Adaptive(
                initial=tuple((arm, share) for arm, share in document["initial"]),
                limits=tuple(
                    (arm, Limit(_read(fixed), _read(floor), _read(cap)))
                    for arm, fixed, floor, cap in document["limits"]
                ),
                match_control=document["match_control"],
                power=Fraction(document["power"]),
                alpha=document["alpha"],
            )
    raise ProtocolError(
        ErrorCode.PROTOCOL_INVALID,
        f"There is no allocation method {document['method']!r}.",
        "Use a version of Ember that has it.",
    )


def limits_in_words(method: Adaptive) -> tuple[tuple[str, str], ...]:
    """What binds every vector of the method, as it is published with each."""
    told = [
        (f"{what} {arm}", str(value))
        for arm, limit in method.limits
        for what in ("fixed", "floor", "cap")
        if (value := getattr(limit, what)) is not None
    ]
    if method.match_control is not None:
        told.append(("match_control", method.match_control))
    return (*told, ("power", str(method.power)))


def _keeps(limit: Limit, share: int) -> bool:
    exact, slack = Fraction(share, BILLIONTHS), Fraction(1, BILLIONTHS)
    low = limit.fixed if limit.floor is None else limit.floor
    high = limit.fixed if limit.cap is None else limit.cap
    return (low is None or exact >= low - slack) and (
        high is None or exact <= high + slack
    )


def _number(share: Fraction | None) -> float | None:
    return None if share is None else float(share)


def _told(share: Fraction | None) -> str | None:
    return None if share is None else str(share)


def _read(told: str | None) -> Fraction | None:
    return None if told is None else Fraction(told)
