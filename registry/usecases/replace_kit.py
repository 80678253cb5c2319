"""Reserve another kit of the same contents in the place of one that cannot be used.

The signer does it, who alone knows what either holds; who asks hears the new code.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from registry.domain.kit import KitAct, KitTerms
from registry.domain.randomisation.signer import Signer
from registry.domain.reason import expect_reason
from registry.usecases.declared import kit_terms_declared
from registry.usecases.move_kit import moved, no_step, unknown_kit
from registry.usecases.ports import UnitOfWork
from registry.usecases.reserve_kit import hold_one_of_each, reserve
from registry.usecases.still_treated import expect_treated
from streams.vocabulary.errors import BrokenInvariant, ErrorCode, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceKit:
    """Which kit cannot be used, and why."""

    trial: str
    kit: str
    site: str
    reason: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KitReplaced:
    """The code to hand out instead."""

    kit: str
    instead_of: str
    repeated: bool


def replace_kit(command: ReplaceKit, uow: UnitOfWork, *, signer: Signer) -> KitReplaced:
    """Reserve it; asked again for the same kit, the same code is told.

    Raises `Refused`: EMB-383 for a kit the trial does not have at the site, EMB-384
    for one that is nobody's, EMB-381 where an arm they could have been given has no kit,
    EMB-374 without a reason, EMB-307 where they took treatment back.
    """
    expect_reason(command.reason)
    uow.audit.lock(site=command.site, trial=command.trial)
    kit = uow.kits.hold(command.kit)
    if kit is None or kit.trial != command.trial or kit.site != command.site:
        raise unknown_kit(command.kit)
    if kit.randomisation_id is None:
        raise no_step(kit, KitAct.REPLACE)
    before = uow.kits.instead_of(kit.kit)
    if before is not None:
        return KitReplaced(kit=before, instead_of=kit.kit, repeated=True)
    expect_treated(kit, uow, at=command.at)
    arm = uow.allocations.arm(kit.randomisation_id)
    held = hold_one_of_each(
        _drawn_among(kit.randomisation_id, uow),
        _terms(command.trial, kit.domain, uow),
        uow,
        trial=command.trial,
        domain=kit.domain,
        site=command.site,
        at=command.at,
        signer=signer,
    )
    if held is None:
        raise Refused(
            ErrorCode.KITS_SHORT,
            f"An arm of {kit.domain} has no kit at the site.",
            "Have the unblinded pharmacist send kits of every arm.",
        )
    moved(
        kit,
        KitAct.REPLACE,
        uow,
        site=command.site,
        actor=command.actor,
        at=command.at,
        reason=command.reason,
    )
    instead = reserve(
        held[arm],
        uow,
        randomisation_id=kit.randomisation_id,
        replaces=kit.kit,
        site=command.site,
        actor=command.actor,
        at=command.at,
    )
    return KitReplaced(kit=instead.kit, instead_of=kit.kit, repeated=False)


def _drawn_among(randomisation_id: str, uow: UnitOfWork) -> tuple[str, ...]:
    """The arms that the participant could have been given, be they paused since.

    Anybody may know them, so whether one of them lacks a kit tells nothing of the arm.
    """
    drawn = uow.allocations.one(randomisation_id)
    if drawn is None:
        raise BrokenInvariant("A kit is reserved for a randomisation that is none.")
    return tuple(arm for arm, _ in drawn.ratio)


def _terms(trial: str, domain: str, uow: UnitOfWork) -> KitTerms:
    """Those in force; of kits that an amendment dropped, the last there were.

    Who was randomised before is treated on, and still has to have kits.
    """
    for design in uow.protocols.designs(trial):
        if design.domain == domain and design.kits is not None:
            return design.kits
    for version in uow.protocols.versions(trial):
        declared = kit_terms_declared(version, domain)
        if declared is not None:
            return declared
    raise Refused(
        ErrorCode.UNKNOWN_PART,
        f"{trial} never had a domain {domain} with kits.",
        "Name one of its protocols.",
    )
