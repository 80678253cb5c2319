"""What the registry must know of a trial: its domains, arms and how they are drawn."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from typing import Any

from registry.domain.audit import canonical, sha256
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
    """One question of a trial: its arms, block sizes and whether the arm is hidden."""

    domain: str
    arms: tuple[ArmDesign, ...]
    block_multiples: tuple[int, ...]
    """Allowed block sizes, as multiples of the sum of the ratio."""
    blinded: bool = False
    open: bool = True

    def __post_init__(self) -> None:
        """Refuse a design nothing can be drawn from."""
        for holds, fault in self._claims():
            if not holds:
                raise ProtocolError(
                    ErrorCode.PROTOCOL_INVALID,
                    f"Domain {self.domain!r}: {fault}.",
                    "Mend the protocol document.",
                )

    def schedule(self) -> str:
        """The identity of what draws depend on; another design starts new blocks."""
        drawn = {"arms": [asdict(a) for a in self.arms], "blocks": self.block_multiples}
        return sha256(canonical({"domain": self.domain, **drawn}))

    def among(self, eligible: Collection[str] | None) -> DomainDesign | None:
        """The design that draws among these arms; None where fewer than two are left.

        `eligible` None: every arm.
        """
        if eligible is None:
            return self
        left = tuple(arm for arm in self.arms if arm.name in eligible)
        return replace(self, arms=left) if len(left) >= LEAST_ARMS else None

    def _claims(self) -> tuple[tuple[bool, str], ...]:
        names = [arm.name for arm in self.arms]
        return (
            (len(names) >= LEAST_ARMS, "it needs two arms or more"),
            (len(set(names)) == len(names), "two arms share a name"),
            (all(arm.ratio >= 1 for arm in self.arms), "a ratio is below 1"),
            (bool(self.block_multiples), "it names no block size"),
            (all(m >= 1 for m in self.block_multiples), "a block multiple is below 1"),
        )


def design_document(design: DomainDesign) -> dict[str, Any]:
    """The design as plain JSON."""
    return {
        "domain": design.domain,
        "arms": [asdict(arm) for arm in design.arms],
        "block_multiples": list(design.block_multiples),
        "blinded": design.blinded,
        "open": design.open,
    }


def read_design(document: dict[str, Any]) -> DomainDesign:
    """The design that `design_document` wrote."""
    return DomainDesign(
        domain=document["domain"],
        arms=tuple(ArmDesign(a["name"], a["ratio"]) for a in document["arms"]),
        block_multiples=tuple(document["block_multiples"]),
        blinded=document["blinded"],
        open=document["open"],
    )
