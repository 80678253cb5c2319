"""What the gate let through, and what is drawn and frozen of it inside the locks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from registry.domain.allocation import Allocator, Randomisation, SealedArm, following
from registry.domain.epoch import epoch_of
from registry.domain.kit import Kit
from registry.domain.mode import Mode
from registry.domain.participant import Consent
from registry.domain.placement import Placement
from registry.domain.protocol import DomainDesign
from registry.domain.randomisation.draws import Position
from registry.domain.randomisation.signer import Signer
from registry.usecases.at_the_gate import Seen
from registry.usecases.ports import UnitOfWork
from registry.usecases.records import Request
from registry.usecases.reserve_kit import hold_one_of_each
from streams.vocabulary.ids import identity
from streams.vocabulary.messages import TrialScreening


class Asked(Protocol):
    """Who asked for whom."""

    @property
    def site(self) -> str: ...  # noqa: D102  as its type says

    @property
    def patient(self) -> str: ...  # noqa: D102

    @property
    def trial(self) -> str: ...  # noqa: D102

    @property
    def domain(self) -> str: ...  # noqa: D102

    @property
    def episode(self) -> str: ...  # noqa: D102

    @property
    def actor(self) -> str: ...  # noqa: D102

    @property
    def at(self) -> datetime: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """What the gate let through, as it stands inside the locks."""

    screening: TrialScreening
    consent: Consent
    placed: Placement
    design: DomainDesign
    """With the arms among which is drawn."""
    allocator: Allocator
    mode: Mode
    quiet: bool
    """No alert speaks of the patient, and no other name: nobody is called back."""
    alone: bool
    """The person has no other name, and the trial excludes no other."""


def admit(seen: Seen, allocator: Allocator) -> Admitted | None:
    """None where something is missing that an open gate does not let be missing."""
    facts, placed = seen.facts, seen.placed
    if facts.screening is None or seen.consent is None or placed.design is None:
        return None
    return Admitted(
        screening=facts.screening,
        consent=seen.consent,
        placed=placed,
        design=placed.design,
        allocator=following(allocator, placed.schedule),
        mode=facts.mode,
        quiet=not facts.standing.alerts and not facts.standing.merges,
        alone=seen.alone,
    )


def held_kits(
    command: Asked, design: DomainDesign, uow: UnitOfWork, signer: Signer
) -> Mapping[str, Kit] | None:
    """By arm the kit that would be given; empty without kits, None where one lacks."""
    if design.kits is None:
        return {}
    return hold_one_of_each(
        tuple(design.ratio),
        design.kits,
        uow,
        trial=command.trial,
        domain=command.domain,
        site=command.site,
        at=command.at,
        signer=signer,
    )


def sealed_arm(
    request: Request, admitted: Admitted, uow: UnitOfWork, signer: Signer
) -> SealedArm:
    """The arm of the next number, drawn by the signer after what came before it."""
    allocator = admitted.allocator
    stratum, number = admitted.placed.stratum, allocator.next_no
    position = Position(request.trial, request.domain, stratum, number)
    history = uow.allocations.history(
        position, schedule_first_no=allocator.schedule_first_no
    )
    drawn = signer.arm(position, design=admitted.design, history=history)
    return SealedArm(
        randomisation_id=identity("randomisation", *meant(request)),
        arm=drawn.arm,
        nonce=signer.nonce(position),
        state=drawn.state,
    )


def randomisation(
    request: Request, command: Asked, admitted: Admitted, sealed: SealedArm
) -> Randomisation:
    """The record, with everything that is frozen at its moment."""
    verdict, allocator = admitted.screening, admitted.allocator
    return Randomisation(
        randomisation_id=sealed.randomisation_id,
        idempotency_key=request.idempotency_key,
        trial=request.trial,
        domain=request.domain,
        participant=request.participant,
        site=command.site,
        patient=command.patient,
        episode=command.episode,
        stratum=admitted.placed.stratum,
        sequence_no=allocator.next_no,
        schedule=allocator.schedule,
        schedule_first_no=allocator.schedule_first_no,
        ratio=tuple((arm.name, arm.ratio) for arm in admitted.design.arms),
        blinded=admitted.design.blinded,
        randomised_at=command.at,
        randomised_by=command.actor,
        anchor=verdict.anchor,
        anchor_at=verdict.anchor_at,
        covariates=verdict.covariates,
        protocol_version=verdict.protocol_version,
        protocol_hash=verdict.protocol_hash,
        software_version=verdict.software_version,
        definition_version=verdict.definition_version,
        screening_message_id=verdict.message_id,
        consent_id=admitted.consent.consent_id,
        mode=admitted.mode,
        provenance=verdict.provenance,
        arm_commitment=sealed.commitment,
        availability=admitted.placed.availability,
        vector_id=admitted.placed.vector_id,
        epoch=epoch_of(command.at),
        deferred=admitted.design.deferred or None,
    )


def meant(request: Request) -> tuple[str, str, str]:
    """Whom it is about, whatever it is called."""
    return request.trial, request.domain, request.participant
