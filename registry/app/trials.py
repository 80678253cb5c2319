"""From a protocol document to what the registry must know of the trial."""

from __future__ import annotations

from datetime import datetime

from registry.domain.protocol import ArmDesign, DomainDesign
from registry.domain.randomisation.signer import Committing
from registry.store.unit_of_work import Registry
from registry.usecases.activate_protocol import (
    ActivateProtocol,
    ProtocolActivated,
    activate_protocol,
)
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
        domains=tuple(_design(domain) for domain in protocol.domains),
        actor=actor,
        at=at,
    )
    with registry.transaction() as uow:
        return activate_protocol(command, uow, signer=signer)


def _design(domain: Domain) -> DomainDesign:
    arms = tuple(ArmDesign(arm.id, arm.ratio) for arm in domain.arms)
    turn = sum(arm.ratio for arm in arms)
    return DomainDesign(
        domain=domain.id,
        arms=arms,
        block_multiples=tuple(size // turn for size in domain.allocation.sizes),
        blinded=domain.blinding == "blinded",
        open=domain.status == "open",
    )
