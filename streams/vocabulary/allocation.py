"""How a domain draws its arms: one method, with all that its draws depend on.

Probabilities are exact fractions, written as `0.85` or `2/3`, so that an auditor who
repeats a draw compares the same numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from fractions import Fraction
from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from streams.vocabulary.document import Document, Named
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.quantities import protocol_fault


HALF = Fraction(1, 2)
_FINEST = 1_000_000
"""No fraction of a protocol has a larger denominator: six decimals."""


def read_fraction(written: object) -> Fraction:
    """The fraction in `0.85`, `2/3` or `1`; one of more than six decimals is a fault."""
    try:
        found = Fraction(str(written).strip())
    except (ValueError, ZeroDivisionError):
        raise _fault(f"{written!r} is no fraction; write it as 0.85 or 2/3") from None
    if isinstance(written, bool) or found.denominator > _FINEST:
        raise _fault(f"{written!r} is no fraction of at most six decimals")
    return found


def read_chance(written: object) -> Fraction:
    """A fraction from 0 to 1."""
    found = read_fraction(written)
    if not 0 <= found <= 1:
        raise _fault(f"{written!r} is no probability")
    return found


def _read_weight(written: object) -> Fraction:
    found = read_fraction(written)
    if found <= 0:
        raise _fault(f"{written!r} is no weight; it must be above 0")
    return found


_WRITTEN = WithJsonSchema(
    {
        "anyOf": [
            {"type": "number", "minimum": 0},
            {"type": "string", "pattern": r"^\d+(\.\d+|/\d+)?$"},
        ],
        "examples": [0.85, "2/3"],
    }
)
Chance = Annotated[
    Fraction,
    BeforeValidator(read_chance),
    PlainSerializer(str, return_type=str),
    _WRITTEN,
]
"""A probability."""
Weight = Annotated[
    Fraction,
    BeforeValidator(_read_weight),
    PlainSerializer(str, return_type=str),
    _WRITTEN,
]
"""How much something counts beside others; above 0."""
Chances: TypeAlias = dict[Named, Chance]
"""By arm."""


class Simple(Document):
    """Complete randomisation by the ratio: the past does not matter."""

    method: Literal["simple"]
    """How arms are drawn."""


class PermutedBlocks(Document):
    """Stratified permuted blocks of random size; the sizes are never shown."""

    method: Literal["permuted_blocks"]
    """How arms are drawn."""
    sizes: tuple[Annotated[int, Field(ge=2)], ...] = Field(min_length=1)
    """Sizes a block may have; each a multiple of the sum of the ratios."""


class BigStick(Document):
    """A fair coin, until one of two arms is `limit` ahead: then the other is certain."""

    method: Literal["big_stick"]
    """How arms are drawn."""
    limit: int = Field(ge=1)
    """The largest difference of the two arms in a stratum."""


class BiasedCoin(Document):
    """Efron's coin: of two arms the one that is behind has probability `p`."""

    method: Literal["biased_coin"]
    """How arms are drawn."""
    p: Chance
    """Of the arm that is behind, from 1/2 to 1; Efron's own is 2/3."""
    limit: int | None = Field(default=None, ge=1)
    """The largest difference in a stratum, where the arm behind becomes certain."""


class Urn(Document):
    """Wei's urn UD(0, 1): the larger the difference of two arms, the stronger the lean."""

    method: Literal["urn"]
    """How arms are drawn."""


class WeightedFactor(Document):
    """A stratification factor, and how much its imbalance counts."""

    factor: Named
    """One of the domain's `strata`."""
    weight: Weight = Fraction(1)
    """Beside the other factors."""


class Minimisation(Document):
    """Pocock and Simon's minimisation over the domain, by a coin that leans.

    Ratios are kept by the coin of Han, Enas and McEntegart.
    """

    method: Literal["minimisation"]
    """How arms are drawn."""
    factors: tuple[WeightedFactor, ...] = Field(min_length=1)
    """What is balanced."""
    spread: Literal["range", "variance", "sd"]
    """Of what the arms hold at a level: how far apart they are."""
    p: Chance
    """Of the preferred arms; with unequal ratios, of the arm with the least share."""
    run_in: int = Field(default=0, ge=0)
    """The first so many of the domain are drawn by the ratio alone."""


class Adaptive(Document):
    """Response-adaptive: by the vector published last, and by `initial` before it.

    Floors, caps and fixed shares bind every vector; matching and power say how one is
    reckoned from the probabilities of being best.
    """

    method: Literal["adaptive"]
    """How arms are drawn."""
    draw: Literal["simple", "urn"] = "simple"
    """How an arm is drawn by a vector: without memory, or by the mass-weighted urn,
    which keeps each stratum near the vector's shares."""
    alpha: int | None = Field(default=None, ge=1)
    """Of the urn: how far, in participants, a stratum may stray from the shares."""
    initial: Chances | None = None
    """Until the first analysis; left out: the ratio, within the limits."""
    fixed: Chances = Field(default_factory=dict)
    """Shares that no analysis changes."""
    floors: Chances = Field(default_factory=dict)
    """The least share of an arm."""
    caps: Chances = Field(default_factory=dict)
    """The largest share of an arm."""
    match_control: Named | None = None
    """The control arm, which gets as much as the best of the others."""
    power: Chance = Fraction(1)
    """Softens the probabilities of being best: 1 leaves them, 0 makes all equal."""


Allocation: TypeAlias = Annotated[
    Simple | PermutedBlocks | BigStick | BiasedCoin | Urn | Minimisation | Adaptive,
    Field(discriminator="method"),
]
"""How arms are drawn."""


def misfits(
    allocation: Allocation, *, ratio: Mapping[str, int], factors: Collection[str]
) -> Iterator[str]:
    """What does not fit a domain of these arms and strata, in words."""
    match allocation:
        case PermutedBlocks():
            yield from _broken_blocks(allocation, ratio)
        case BigStick() | Urn():
            yield from _not_two_alike(allocation.method, ratio)
        case BiasedCoin():
            yield from _not_two_alike(allocation.method, ratio)
            if allocation.p < HALF:
                yield (
                    f"a coin's p of {allocation.p} leans to the arm that is ahead; "
                    "use 1/2 to 1"
                )
        case Minimisation():
            yield from _minimisation_misfits(allocation, ratio, factors)
        case Adaptive():
            yield from _adaptive_misfits(allocation, ratio)


def _broken_blocks(told: PermutedBlocks, ratio: Mapping[str, int]) -> Iterator[str]:
    turn = sum(ratio.values())
    for size in told.sizes:
        if size % turn:
            yield f"a block of {size} cannot hold the ratio; use multiples of {turn}"


def _not_two_alike(method: str, ratio: Mapping[str, int]) -> Iterator[str]:
    if len(ratio) != 2 or len(set(ratio.values())) != 1:
        yield f"{method} is for two arms of equal shares"


def _minimisation_misfits(
    told: Minimisation, ratio: Mapping[str, int], factors: Collection[str]
) -> Iterator[str]:
    named = [one.factor for one in told.factors]
    yield from (f"the factor {n!r} is no stratum" for n in named if n not in factors)
    if len(set(named)) != len(named):
        yield "a factor of minimisation is there twice"
    fair = 1 - Fraction(max(ratio.values()), sum(ratio.values()))
    if told.p < fair:
        yield f"a p of {told.p} prefers an arm that is ahead; use {fair} to 1"


def _adaptive_misfits(told: Adaptive, ratio: Mapping[str, int]) -> Iterator[str]:
    named = {*told.fixed, *told.floors, *told.caps, *(told.initial or {})}
    control = () if told.match_control is None else (told.match_control,)
    unknown = sorted({*named, *control} - set(ratio))
    if unknown:
        yield f"{unknown[0]!r} is no arm of the domain"
        return
    if (told.draw == "urn") is (told.alpha is None):
        yield "`alpha` and `draw: urn` go together"
    yield from _impossible_limits(told, ratio)
    yield from _initial_misfits(told, ratio)


def _impossible_limits(told: Adaptive, ratio: Mapping[str, int]) -> Iterator[str]:
    none, all_ = Fraction(0), Fraction(1)
    for arm in ratio:
        if arm in told.fixed and (arm in told.floors or arm in told.caps):
            yield f"{arm!r} is fixed and limited at once"
        if told.floors.get(arm, none) > told.caps.get(arm, all_):
            yield f"the floor of {arm!r} lies above its cap"
    least = sum(told.fixed.get(a, told.floors.get(a, none)) for a in ratio)
    most = sum(told.fixed.get(a, told.caps.get(a, all_)) for a in ratio)
    if not least <= 1 <= most:
        yield (
            f"fixed shares, floors and caps leave from {least} to {most}, "
            "and shares sum to 1"
        )


def _initial_misfits(told: Adaptive, ratio: Mapping[str, int]) -> Iterator[str]:
    if told.initial is None:
        return
    if set(told.initial) != set(ratio) or sum(told.initial.values()) != 1:
        yield "`initial` gives each arm a share, and they sum to 1"
    for arm, share in told.initial.items():
        if not share:
            yield f"`initial` gives {arm!r} nothing; pause an arm that nobody gets"
        low = told.fixed.get(arm, told.floors.get(arm, Fraction(0)))
        high = told.fixed.get(arm, told.caps.get(arm, Fraction(1)))
        if not low <= share <= high:
            yield f"`initial` gives {arm!r} {share}, outside its limits"


def _fault(sentence: str) -> PydanticCustomError:
    return protocol_fault(ErrorCode.PROTOCOL_INVALID, sentence)
