"""What the registry must know of a trial: its domains, arms and how they are drawn."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from typing import Any

from registry.domain.audit import canonical, sha256
from registry.domain.kit import KitTerms, StockOut
from registry.domain.pause import Place, paused_arms
from registry.domain.randomisation.coins import BiasedCoin, BigStick, WeiUrn
from registry.domain.randomisation.methods import (
    Adaptive,
    Method,
    Minimised,
    PermutedBlocks,
    method_document,
    read_method,
)
from registry.domain.randomisation.vector import Vector
from streams.vocabulary.errors import ErrorCode, ProtocolError


LEAST_ARMS = 2
"""With fewer there is nothing to be drawn."""


@dataclass(frozen=True, slots=True)
class ArmDesign:
    """One arm and its share of the allocation."""

    name: str
    ratio: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainDesign:
    """One question of a trial: its arms, how they are drawn, whether they are hidden."""

    domain: str
    arms: tuple[ArmDesign, ...]
    method: Method
    blinded: bool = False
    open: bool = True
    deferred: bool = False
    """Whether the arm, though open, is told only once it is revealed."""
    paused: tuple[str, ...] = ()
    """Arms that nobody gets at present; no part of the protocol."""
    kits: KitTerms | None = None
    """What is said of its kits; None where arms are given without any."""
    not_with: tuple[tuple[str, str], ...] = ()
    """Domain and arm: nobody is drawn here who was drawn to that arm there."""

    def __post_init__(self) -> None:
        """Refuse a design nothing can be drawn from."""
        for holds, fault in (*self._claims(), *self._method_claims()):
            if not holds:
                raise ProtocolError(
                    ErrorCode.PROTOCOL_INVALID,
                    f"Domain {self.domain!r}: {fault}.",
                    "Mend the protocol document.",
                )

    @property
    def block_multiples(self) -> tuple[int, ...]:
        """Allowed block sizes, as multiples of the ratio's sum; none of other methods."""
        return self.method.multiples if isinstance(self.method, PermutedBlocks) else ()

    @property
    def ratio(self) -> dict[str, int]:
        """Each arm's share."""
        return {arm.name: arm.ratio for arm in self.arms}

    @property
    def factors(self) -> tuple[str, ...]:
        """The factors a draw cannot do without."""
        if isinstance(self.method, Minimised):
            return tuple(factor for factor, _ in self.method.weights)
        return ()

    def schedule(self) -> str:
        """The identity of what draws depend on; another one begins its draws anew.

        Another vector is another schedule.
        """
        told: dict[str, Any] = {
            "domain": self.domain,
            "arms": [asdict(a) for a in self.arms],
        }
        if isinstance(self.method, PermutedBlocks):
            return sha256(canonical({**told, "blocks": self.block_multiples}))
        told["method"] = method_document(self.method)
        if isinstance(self.method, Adaptive) and self.method.bound is not None:
            told["vector"] = asdict(self.method.bound)
        return sha256(canonical(told))

    def among(self, eligible: Collection[str] | None) -> DomainDesign | None:
        """The design that draws among these arms; None where fewer than two are left.

        `eligible` None: every arm.  A paused arm is never among them.
        """
        left = tuple(
            arm
            for arm in self.arms
            if arm.name not in self.paused
            and (eligible is None or arm.name in eligible)
        )
        if left == self.arms:
            return self
        return replace(self, arms=left) if len(left) >= LEAST_ARMS else None

    def paused_by(self, paused: Collection[Place]) -> DomainDesign:
        """The design as it stands while these places pause."""
        return replace(
            self,
            open=self.open and Place(domain=self.domain) not in paused,
            paused=paused_arms(paused, self.domain),
        )

    def by(self, vector: Vector | None) -> DomainDesign:
        """The design that draws by this vector; by the protocol's own where None."""
        if not isinstance(self.method, Adaptive):
            return self
        return replace(self, method=replace(self.method, bound=vector))

    def _claims(self) -> tuple[tuple[bool, str], ...]:
        names = [arm.name for arm in self.arms]
        return (
            (len(names) >= LEAST_ARMS, "it needs two arms or more"),
            (len(set(names)) == len(names), "two arms share a name"),
            (all(arm.ratio >= 1 for arm in self.arms), "a ratio is below 1"),
        )

    def _method_claims(self) -> tuple[tuple[bool, str], ...]:
        match self.method:
            case PermutedBlocks(multiples):
                return (
                    (bool(multiples), "it names no block size"),
                    (all(m >= 1 for m in multiples), "a block multiple is below 1"),
                )
            case BigStick() | BiasedCoin() | WeiUrn():
                alike = (
                    len(self.arms) == LEAST_ARMS and len({*self.ratio.values()}) == 1
                )
                return ((alike, "a coin is for two arms of equal shares"),)
            case Adaptive():
                every = {*self.ratio} <= {arm for arm, _ in self.method.vector.shares}
                return ((every, "its vector lacks an arm"),)
        return ()


def design_document(design: DomainDesign) -> dict[str, Any]:
    """The design as plain JSON; of blocks as it always was."""
    if isinstance(design.method, PermutedBlocks):
        drawn: dict[str, Any] = {"block_multiples": list(design.block_multiples)}
    else:
        drawn = {"method": method_document(design.method)}
    return {
        "domain": design.domain,
        "arms": [asdict(arm) for arm in design.arms],
        **drawn,
        "blinded": design.blinded,
        "open": design.open,
        **_added(design),
    }


def _kits(told: dict[str, Any] | None) -> KitTerms | None:
    if told is None:
        return None
    return KitTerms(
        stock_out=StockOut(told["stock_out"]), treatment_days=told["treatment_days"]
    )


def _added(design: DomainDesign) -> dict[str, Any]:
    """What designs of before did not have, where it says anything."""
    told: dict[str, Any] = {"not_with": [list(pair) for pair in design.not_with]}
    told["deferred"] = design.deferred
    if design.kits is not None:
        told["kits"] = {
            "stock_out": design.kits.stock_out.value,
            "treatment_days": design.kits.treatment_days,
        }
    return {name: value for name, value in told.items() if value}


def read_design(document: dict[str, Any]) -> DomainDesign:
    """The design that `design_document` wrote, in this version or before."""
    blocks = document.get("block_multiples")
    return DomainDesign(
        domain=document["domain"],
        arms=tuple(ArmDesign(a["name"], a["ratio"]) for a in document["arms"]),
        method=read_method(document["method"])
        if blocks is None
        else PermutedBlocks(tuple(blocks)),
        blinded=document["blinded"],
        open=document["open"],
        deferred=document.get("deferred", False),
        kits=_kits(document.get("kits")),
        not_with=tuple((d, arm) for d, arm in document.get("not_with", ())),
    )
