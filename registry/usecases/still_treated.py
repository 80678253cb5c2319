"""Whether who was randomised may still be given what the trial gives, by any name."""

from __future__ import annotations

from datetime import datetime

from registry.domain.consent import Standing
from registry.domain.consent_terms import Terms
from registry.domain.kit import Kit
from registry.domain.participant import Participant
from registry.usecases.consent_stands import declared_terms, stand_of
from registry.usecases.declined import opted_out
from registry.usecases.one_person import Merged, person_of
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
    person = person_of(who.site, who.patient, uow)
    if opted_out(person, who.site, who.trial, uow) or _took_back(who, person, uow, at):
        raise Refused(
            ErrorCode.NO_CONSENT,
            f"Treatment of {who.participant} was taken back: no kit is handed out.",
            "Hand it out no more; if that has happened, `ember deviation record` it.",
        )


def _took_back(who: Participant, person: Merged, uow: UnitOfWork, at: datetime) -> bool:
    """By what was said of this participant, or withdrawn by another code of theirs.

    Who refused by another code took part by none: that takes no treatment back.
    """
    active = uow.protocols.active(who.trial)
    terms = Terms() if active is None else declared_terms(active.document, who.site)
    if not stand_of(who, terms, uow, at=at).permits.treat:
        return True
    others = (one for one in person.participants if one.trial == who.trial)
    stands = (stand_of(one, terms, uow, at=at) for one in others)
    return any(s.standing in _WITHDREW and not s.permits.treat for s in stands)


_WITHDREW = (Standing.WITHDRAWN, Standing.REFUSED_LATER)
