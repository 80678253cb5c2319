"""What is sealed for the night in which the database is away too, an arm an envelope."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from registry.domain.allocation import Randomisation
from registry.domain.audit import AuditAction, AuditEntry
from registry.usecases.ports import UnitOfWork
from streams.vocabulary.errors import BrokenInvariant, ErrorCode, SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class SealEnvelopes:
    """Of which trial, for whom there are envelopes already, and by whose key."""

    trial: str
    there: Collection[tuple[str, str]]
    """Participant and domain."""
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What goes into one envelope; it is stored nowhere as it is."""

    trial: str
    participant: str
    domain: str
    arm: str = field(repr=False)


def letters_to_seal(command: SealEnvelopes, uow: UnitOfWork) -> tuple[Letter, ...]:
    """A letter for each of a blinded domain who has none; that they were made is audited.

    Raises `SettingsError` EMB-402 where the role may not read the arms.
    """
    if not uow.allocations.may_read_arms():
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            "This role may not read the arms, so none can be sealed.",
            "Seal as the signer's user, with the signer's database role.",
        )
    found = tuple(
        _letter(one, uow)
        for one in uow.allocations.of_trial(command.trial)
        if one.blinded and (one.participant, one.domain) not in command.there
    )
    if found:
        uow.audit.append(_entry(command, len(found)))
    return found


def _letter(one: Randomisation, uow: UnitOfWork) -> Letter:
    sealed = uow.allocations.sealed(one.randomisation_id)
    if sealed is None or sealed.commitment != one.arm_commitment:
        raise BrokenInvariant(f"The arm of {one.participant} is not as committed to.")
    return Letter(
        trial=one.trial,
        participant=one.participant,
        domain=one.domain,
        arm=sealed.arm,
    )


def _entry(command: SealEnvelopes, number: int) -> AuditEntry:
    return AuditEntry(
        site="",
        trial=command.trial,
        action=AuditAction.ENVELOPES_MADE,
        actor=command.actor,
        at=command.at,
        subject=command.trial,
        detail={"envelopes": number},
    )
