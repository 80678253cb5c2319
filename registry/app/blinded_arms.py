"""Blinded arms for who may know them: read, put on record, and only then shown."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from registry.domain.roles import Place
from registry.store.listings import ArmView
from registry.store.unit_of_work import Registry
from registry.usecases.look_at_arms import LookAtArms, look_at_arms


def arms_on_record(
    book: Registry, trial: str | None, *, at: datetime
) -> tuple[ArmView, ...]:
    """The arms that the person of this registry sees; that they do is in the audit.

    None where roles are not given yet. Raises `Refused` EMB-399 where PostgreSQL has
    no login of theirs that may read them.
    """
    if book.person is None:
        return ()
    with book.reading_by_login() as views:
        rows = views.arms(trial)
    looked = LookAtArms(
        arms=Counter(Place(row.site, row.trial) for row in rows),
        actor=book.person.name,
        at=at,
    )
    with book.transaction() as uow:
        look_at_arms(looked, uow)
    return rows
