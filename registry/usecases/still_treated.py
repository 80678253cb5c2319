"""Whether who was randomised may still be given what the trial gives."""

from __future__ import annotations

from datetime import datetime

from registry.domain.consent_terms import Terms
from registry.domain.kit import Kit
from registry.domain.participant import Participant
from registry.usecases.consent_stands import declared_terms, stand_of
from registry.usecases.ports import UnitOfWork
from streams.vocabulary.errors import BrokenInvariant, ErrorCode, Refused


def expect_treated(kit: Kit, uow: UnitOfWork, *, at: datetime) -> None:
    """Raises `Refused` EMB-307 for the kit of somebody who took treatment back.

    Call it with the chain locked: whoever withdraws waits, or was first.
    """
    if kit.randomisation_id is None:
        return
    drawn = uow.allocations.one(kit.randomisation_id)
    who = None if drawn is None else uow.participants.one(drawn.participant)
    if who is None:
        raise BrokenInvariant(f"Kit {kit.kit} is kept for nobody there is.")
    if _opted_out(who, uow) or not _may_be_treated(who, uow, at):
        raise Refused(
            ErrorCode.NO_CONSENT,
            f"Treatment of {who.participant} was taken back: no kit is handed out.",
            "Hand it out no more; if that has happened, `ember deviation record` it.",
        )


def _may_be_treated(who: Participant, uow: UnitOfWork, at: datetime) -> bool:
    active = uow.protocols.active(who.trial)
    terms = Terms() if active is None else declared_terms(active.document, who.site)
    return stand_of(who, terms, uow, at=at).permits.treat


def _opted_out(who: Participant, uow: UnitOfWork) -> bool:
    latest = uow.opt_outs.latest(site=who.site, patients=[who.patient])
    return any(one.stands and one.trial in ("", who.trial) for one in latest)
