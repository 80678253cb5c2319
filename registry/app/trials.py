"""From a protocol document to what the registry must know of the trial."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from registry.domain.protocol import ArmDesign, DomainDesign
from registry.domain.randomisation.coins import BiasedCoin, BigStick, WeiUrn
from registry.domain.randomisation.methods import (
    Adaptive,
    Limit,
    Method,
    Minimised,
    PermutedBlocks,
    Simple,
)
from registry.domain.randomisation.signer import Committing
from registry.domain.randomisation.vector import by_ratio, in_billionths
from registry.store.unit_of_work import Registry
from registry.usecases.activate_protocol import (
    ActivateProtocol,
    ProtocolActivated,
    activate_protocol,
)
from registry.usecases.declared import kit_terms
from registry.usecases.set_green_light import (
    GreenLightRefused,
    GreenLightSet,
    SetGreenLight,
    set_green_light,
)
from streams.vocabulary import allocation as document
from streams.vocabulary.allocation import Allocation
from streams.vocabulary.protocol import Domain, Protocol, canonical_json


def activate(
    protocol: Protocol,
    registry: Registry,
    *,
    signer: Committing,
    actor: str,
    at: datetime,
) -> ProtocolActivated:
    """Put a version of a protocol into force, its key commitment into the audit."""
    command = ActivateProtocol(
        trial=protocol.id,
        version=protocol.version,
        protocol_hash=protocol.digest,
        document=canonical_json(protocol),
        domains=tuple(design_of(domain) for domain in protocol.domains),
        actor=actor,
        at=at,
    )
    with registry.transaction() as uow:
        return activate_protocol(command, uow, signer=signer)


def give_green_light(
    trial: str, registry: Registry, *, site: str, reason: str, actor: str, at: datetime
) -> GreenLightSet | GreenLightRefused:
    """Let a site recruit."""
    command = SetGreenLight(
        trial=trial, site=site, given=True, reason=reason, actor=actor, at=at
    )
    with registry.transaction() as uow:
        return set_green_light(command, uow)


def design_of(domain: Domain) -> DomainDesign:
    """What the registry must know of a domain."""
    arms = tuple(ArmDesign(arm.id, arm.ratio) for arm in domain.arms)
    return DomainDesign(
        domain=domain.id,
        arms=arms,
        method=_method(domain.allocation, {arm.name: arm.ratio for arm in arms}),
        blinded=domain.blinding == "blinded",
        open=domain.status == "open",
        deferred=domain.reveal == "deferred",
        kits=None if domain.kits is None else kit_terms(domain.kits),
        not_with=tuple((told.domain, told.arm) for told in domain.not_with),
    )


def _method(told: Allocation, ratio: Mapping[str, int]) -> Method:
    match told:
        case document.Simple():
            return Simple()
        case document.PermutedBlocks():
            turn = sum(ratio.values())
            return PermutedBlocks(tuple(size // turn for size in told.sizes))
        case document.BigStick():
            return BigStick(told.limit)
        case document.BiasedCoin():
            return BiasedCoin(told.p, told.limit)
        case document.Urn():
            return WeiUrn()
        case document.Minimisation():
            return Minimised(
                weights=tuple((one.factor, one.weight) for one in told.factors),
                spread=told.spread,
                p=told.p,
                run_in=told.run_in,
            )
        case document.Adaptive():
            return _adaptive(told, ratio)


def _adaptive(told: document.Adaptive, ratio: Mapping[str, int]) -> Adaptive:
    first = told.initial
    limits = {
        arm: Limit(told.fixed.get(arm), told.floors.get(arm), told.caps.get(arm))
        for arm in ratio
    }
    even = Adaptive(
        initial=by_ratio(ratio.items()),
        limits=tuple((arm, one) for arm, one in limits.items() if one != Limit()),
    )
    return replace(
        even,
        initial=even.reckoned({arm: float(share) for arm, share in ratio.items()})
        if first is None
        else in_billionths({arm: first[arm] for arm in ratio}),
        match_control=told.match_control,
        power=told.power,
        alpha=told.alpha,
    )
