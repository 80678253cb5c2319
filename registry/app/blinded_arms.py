"""Blinded arms, and stock by arm, for who may know them: put on record, then shown.

Why a blind was broken is told in words that may name the arm, so it is shown alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from registry.domain.roles import Place
from registry.store.listings import ArmStockView, ArmView, UnblindingNoteView
from registry.store.unit_of_work import Registry
from registry.store.views import Views
from registry.usecases.look_at_arms import LookAtArms, LookAtStock, look_at_arms


ShownT = TypeVar("ShownT", ArmView, UnblindingNoteView)


def arms_on_record(
    book: Registry, trial: str | None, *, at: datetime
) -> tuple[ArmView, ...]:
    """The arms that the person of this registry sees; that they do is in the audit.

    None where roles are not given yet. Raises `Refused` EMB-399 where PostgreSQL has
    no login of theirs that may read them.
    """
    return _on_record(book, lambda views: views.arms(trial), at=at)


def notes_on_record(
    book: Registry, trial: str | None, *, at: datetime
) -> tuple[UnblindingNoteView, ...]:
    """Why blinds were broken, in words; in the audit it is a look at as many arms."""
    return _on_record(book, lambda views: views.unblinding_notes(trial), at=at)


def stock_on_record(
    book: Registry, trial: str, *, at: datetime
) -> tuple[ArmStockView, ...]:
    """How many kits of each arm stand where the person of this registry sees it.

    For whom, and raising what, as `arms_on_record`.
    """
    if book.person is None:
        return ()
    with book.reading_by_login() as views:
        rows = views.stock_by_arm(trial)
    seen: Counter[Place] = Counter()
    for row in rows:
        seen[Place(row.site, row.trial)] += row.kits
    put_stock_on_record(book, seen, actor=book.person.name, at=at)
    return rows


def put_stock_on_record(
    book: Registry, kits: Mapping[Place, int], *, actor: str, at: datetime
) -> None:
    """That somebody looks at stock by arm; nothing is shown before this returns."""
    looked = LookAtStock(kits=kits, actor=actor, at=at)
    with book.transaction() as uow:
        look_at_arms(looked, uow)


def _on_record(
    book: Registry, read: Callable[[Views], tuple[ShownT, ...]], *, at: datetime
) -> tuple[ShownT, ...]:
    if book.person is None:
        return ()
    with book.reading_by_login() as views:
        rows = read(views)
    looked = LookAtArms(
        arms=Counter(Place(row.site, row.trial) for row in rows),
        actor=book.person.name,
        at=at,
    )
    with book.transaction() as uow:
        look_at_arms(looked, uow)
    return rows
