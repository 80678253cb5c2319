"""Reserve a kit of the arm that is drawn, in the transaction that draws it.

One kit of each arm that could be drawn is held before the draw: where one is lacking
nobody is randomised, whatever would have been drawn, so a refusal tells no arm, and
none is ever drawn again for want of a kit.
Which kit of an arm is taken is told by the key: by code or expiry, the kits that were
passed over would be told apart from the one that was taken.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from registry.domain.kit import DEPOT, Kit, KitAct, KitTerms, StockOut
from registry.domain.randomisation.signer import Signer
from registry.usecases.move_kit import RESERVABLE, moved
from registry.usecases.ports import UnitOfWork


def hold_one_of_each(
    arms: Collection[str],
    terms: KitTerms,
    uow: UnitOfWork,
    *,
    trial: str,
    domain: str,
    site: str,
    at: datetime,
    signer: Signer,
) -> Mapping[str, Kit] | None:
    """By arm a kit of the site, or of the depot where the terms let it; None: too few.

    Call it with the chain of site and trial locked: no kit of the site moves meanwhile.
    """
    places = (site, DEPOT) if terms.stock_out is StockOut.ELSEWHERE else (site,)
    held: dict[str, Kit] = {}
    for place in places:
        there = uow.kits.candidates(
            trial=trial,
            domain=domain,
            site=place,
            expires_from=terms.least_expiry(at),
        )
        for code, arm in sorted(there, key=lambda one: signer.secret(trial, one[0])):
            if arm not in arms or arm in held:
                continue
            kit = uow.kits.hold_if_free(code, state=RESERVABLE[place == DEPOT])
            if kit is not None:
                held[arm] = kit
    return held if len(held) == len(set(arms)) else None


def reserve(
    kit: Kit,
    uow: UnitOfWork,
    *,
    site: str,
    randomisation_id: str,
    actor: str,
    at: datetime,
    replaces: str | None = None,
    reason: str | None = None,
) -> Kit:
    """The held kit, reserved for this participant at this site."""
    return moved(
        kit,
        KitAct.RESERVE,
        uow,
        site=site,
        actor=actor,
        at=at,
        reason=reason,
        randomisation_id=randomisation_id,
        replaces=replaces,
    )
