"""Make one version of a trial's protocol the active one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from registry.domain.answered import draw_order
from registry.domain.audit import AuditAction, AuditEntry, record_digest
from registry.domain.mode import Mode
from registry.domain.protocol import DomainDesign, design_document
from registry.domain.randomisation.signer import Committing
from registry.usecases.declared import refuse_unverified
from registry.usecases.outbox import PROTOCOLS, OutboxItem
from registry.usecases.ports import UnitOfWork
from registry.usecases.records import ProtocolVersion
from registry.usecases.set_mode import refuse_blinded
from registry.usecases.stocked import refuse_without_kits
from streams.vocabulary.ids import identity
from streams.vocabulary.messages import PROTOCOL_IN_FORCE, ProtocolInForce, encode


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivateProtocol:
    """A protocol document, its hash, and the domains it opens."""

    trial: str
    version: str
    protocol_hash: str
    document: str
    """JSON, as it was hashed."""
    domains: tuple[DomainDesign, ...]
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolActivated:
    """The version that is active now."""

    trial: str
    version: str
    protocol_hash: str
    changed: bool
    key_commitment: str


def activate_protocol(
    command: ActivateProtocol, uow: UnitOfWork, *, signer: Committing
) -> ProtocolActivated:
    """Activate it and publish SHA-256 of the allocation key; twice changes nothing.

    Domains the version does not name are closed.
    Raises `Refused` EMB-317 for a live blinded trial on SQLite, EMB-385 for a live one
    that gives kits and has no list of its arms, EMB-213 where its
    evidence does not suffice for the mode, `ProtocolError` EMB-202 where domains wait
    for each other's arms, `SettingsError` EMB-312 where there is no key.
    """
    uow.audit.lock(site="", trial=command.trial)
    draw_order(command.domains)
    _refuse_unsealed(command, uow)
    if uow.modes.current() is Mode.LIVE:
        refuse_without_kits(command.trial, command.domains, uow, signer=signer)
    version = _version(command, signer.commitment(command.trial))
    refuse_unverified([version], uow.modes.current())
    active = uow.protocols.active(command.trial)
    changed = active is None or _differs(active, version)
    if changed:
        number = uow.protocols.activate(version, command.domains)
        uow.outbox.add([_notice(version, number)])
        uow.audit.append(_entry(command, version, number))
    return ProtocolActivated(
        trial=version.trial,
        version=version.version,
        protocol_hash=version.protocol_hash,
        changed=changed,
        key_commitment=version.key_commitment,
    )


def _refuse_unsealed(command: ActivateProtocol, uow: UnitOfWork) -> None:
    live = uow.modes.current() is Mode.LIVE
    if live and not uow.can_seal and any(d.blinded for d in command.domains):
        refuse_blinded((command.trial,))


def _version(command: ActivateProtocol, key_commitment: str) -> ProtocolVersion:
    return ProtocolVersion(
        trial=command.trial,
        version=command.version,
        protocol_hash=command.protocol_hash,
        document=command.document,
        key_commitment=key_commitment,
        activated_at=command.at,
        activated_by=command.actor,
    )


def _differs(active: ProtocolVersion, version: ProtocolVersion) -> bool:
    """By content or by key: another key means other draws, and must be published."""
    mine = (version.protocol_hash, version.key_commitment)
    return mine != (active.protocol_hash, active.key_commitment)


def _notice(version: ProtocolVersion, number: int) -> OutboxItem:
    told = ProtocolInForce(
        message_id=identity("protocol", version.trial, str(number)),
        trial=version.trial,
        version=version.version,
        protocol_hash=version.protocol_hash,
        revision=number,
        activated_at=version.activated_at,
        document=version.document,
    )
    return OutboxItem(
        outbox_id=told.message_id,
        topic=PROTOCOLS,
        key=version.trial,
        payload=encode(PROTOCOL_IN_FORCE, told).decode(),
        created_at=version.activated_at,
        next_attempt_at=version.activated_at,
    )


def _entry(
    command: ActivateProtocol, version: ProtocolVersion, number: int
) -> AuditEntry:
    return AuditEntry(
        site="",
        trial=command.trial,
        action=AuditAction.PROTOCOL_ACTIVATED,
        actor=command.actor,
        at=command.at,
        subject=version.protocol_hash,
        detail={
            "record": record_digest(version),
            "revision": number,
            "version": version.version,
            "key_commitment": version.key_commitment,
            "domains": [design_document(design) for design in command.domains],
        },
    )
