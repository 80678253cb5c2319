"""Whom a randomisation lets be called about no more."""

from __future__ import annotations

from registry.domain.allocation import Randomisation
from registry.usecases.act_on_alerts import close_alerts_of, withhold_alerts_of
from registry.usecases.holding import Holding
from registry.usecases.ports import UnitOfWork
from registry.usecases.records import AlertRecord
from registry.usecases.tell_alerts import audit_others
from streams.vocabulary.messages import TrialScreening


def end_calls(
    drawn: Randomisation, uow: UnitOfWork, *, alone: bool, said: TrialScreening | None
) -> tuple[AlertRecord, ...]:
    """Nobody calls about this domain any more, nor about trials that exclude this one.

    `alone`: the person has no other name, and the trial excludes no other.
    `said`: the latest verdict, where the randomisation rests on it.
    """
    withheld = () if alone else _withheld(drawn, uow)
    acted = close_alerts_of(
        uow,
        site=drawn.site,
        patient=drawn.patient,
        trial=drawn.trial,
        domain=drawn.domain,
        act=drawn.randomisation_id,
        at=drawn.randomised_at,
        mode=drawn.mode,
        holding=_of_one_name(drawn, uow) if alone else None,
        said=said,
    )
    return audit_others(
        (*withheld, *acted),
        uow,
        trial=drawn.trial,
        act=drawn.randomisation_id,
        actor=drawn.randomised_by,
        at=drawn.randomised_at,
    )


def _withheld(drawn: Randomisation, uow: UnitOfWork) -> tuple[AlertRecord, ...]:
    return withhold_alerts_of(
        uow,
        site=drawn.site,
        patient=drawn.patient,
        trial=drawn.trial,
        act=drawn.randomisation_id,
        at=drawn.randomised_at,
    )


def _of_one_name(drawn: Randomisation, uow: UnitOfWork) -> Holding:
    """The holds of a person without another name, in a trial that excludes no other."""
    return Holding(uow, terms={}, unmerged=frozenset({(drawn.site, drawn.patient)}))
