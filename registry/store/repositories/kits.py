"""Kits and what was done with them; apart, what they hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    update,
)

from registry.domain.kit import (
    DEPOT,
    Kit,
    KitEvent,
    KitLine,
    KitList,
    KitState,
    contents_commitment,
    labels_digest,
)
from registry.store.repositories.bulk import portions, told
from registry.store.repositories.reading import telling_unreadable
from registry.store.rows.kits import KitEventRow, KitListRow, KitRow, KitStockRow
from registry.store.schema import kit_contents


class KitRepository:
    """Lists, labels, where kits stand, and their events."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._contents = kit_contents(connection.dialect.name)

    def add_list(self, listed: KitList, lines: Sequence[KitLine], nonce: str) -> None:
        """Append the list, by code: its order in the file is forgotten."""
        named = {name: getattr(listed, name) for name in _KEPT_OF_A_LIST}
        self._connection.execute(insert(KitListRow), named)
        in_order = sorted(lines, key=lambda one: one.kit)
        for table, values in (
            (KitRow, _labels(listed, in_order)),
            (KitStockRow, _stock(listed, in_order)),
            (self._contents, _contents(in_order, nonce)),
        ):
            self._connection.execute(insert(table), list(values))

    def lists_of(self, *, trial: str, domain: str) -> tuple[str, ...]:
        """Identities of all lists that were imported for the domain."""
        query = select(KitListRow.list_id).where(
            KitListRow.trial == trial, KitListRow.domain == domain
        )
        return tuple(self._connection.scalars(query.order_by(KitListRow.list_id)))

    @telling_unreadable
    def list_(self, list_id: str) -> KitList | None:
        """The list, its digest worked out from the labels as they are now."""
        query = select(*(getattr(KitListRow, name) for name in _KEPT_OF_A_LIST))
        row = (
            self._connection.execute(query.where(KitListRow.list_id == list_id))
            .mappings()
            .one_or_none()
        )
        if row is None:
            return None
        labels = select(KitRow.kit, KitRow.lot, KitRow.expires_on)
        found = self._connection.execute(labels.where(KitRow.list_id == list_id)).all()
        digest = labels_digest((kit, lot, expiry) for kit, lot, expiry in found)
        return KitList(**row, kits=len(found), labels=digest)

    def list_with(self, kit: str) -> KitList | None:
        """The list the kit came on; None of a code that is nobody's."""
        query = select(KitRow.list_id).where(KitRow.kit == kit)
        found = self._connection.scalar(query)
        return None if found is None else self.list_(found)

    def contents(self, list_id: str) -> str | None:
        """What binds the contents as they are now; None where they are gone."""
        held = self._contents
        query = (
            select(held.c.kit, held.c.arm, held.c.nonce)
            .join(KitRow, KitRow.kit == held.c.kit)
            .where(KitRow.list_id == list_id)
        )
        rows = self._connection.execute(query).all()
        nonces = {nonce for _, _, nonce in rows}
        if len(nonces) != 1:
            return None
        return contents_commitment(nonces.pop(), ((kit, arm) for kit, arm, _ in rows))

    def known(self, codes: Sequence[str]) -> frozenset[str]:
        """Those of the codes that are in the registry."""
        return frozenset(
            kit
            for portion in portions(codes)
            for kit in self._connection.scalars(
                select(KitRow.kit).where(KitRow.kit.in_(portion))
            )
        )

    def hold(self, kit: str) -> Kit | None:
        """The kit, held until the transaction ends."""
        query = _KIT.where(KitStockRow.kit == kit)
        return self._one(query.with_for_update(of=KitStockRow))

    def hold_if_free(self, kit: str, *, state: KitState) -> Kit | None:
        """The same; None where somebody else holds it, or it stands elsewhere."""
        query = _KIT.where(KitStockRow.kit == kit, KitStockRow.state == state)
        return self._one(query.with_for_update(of=KitStockRow, skip_locked=True))

    def of(self, randomisation_id: str) -> tuple[Kit, ...]:
        """All that were ever reserved for it, the last one last."""
        reserved = (
            select(KitEventRow.at)
            .where(
                KitEventRow.kit == KitStockRow.kit,
                KitEventRow.randomisation_id == randomisation_id,
            )
            .order_by(KitEventRow.number)
            .limit(1)
            .scalar_subquery()
        )
        query = _KIT.where(KitStockRow.randomisation_id == randomisation_id)
        live = (KitStockRow.state != KitState.REPLACED).asc()
        found = self._connection.execute(query.order_by(live, reserved)).mappings()
        return tuple(Kit(**row) for row in found)

    def instead_of(self, kit: str) -> str | None:
        """The kit that was reserved in its place."""
        query = select(KitEventRow.kit).where(KitEventRow.replaces == kit)
        return self._connection.scalar(query)

    def candidates(
        self, *, trial: str, domain: str, site: str, expires_from: date
    ) -> tuple[tuple[str, str], ...]:
        """Kit and arm of what could be reserved there."""
        held, row = self._contents, KitStockRow
        state = KitState.DEPOT if site == DEPOT else KitState.AVAILABLE
        query = (
            select(row.kit, held.c.arm)
            .join(held, held.c.kit == row.kit)
            .join(KitRow, KitRow.kit == row.kit)
            .where(*_at(trial, domain), row.site == site, row.state == state)
            .where(KitRow.expires_on >= expires_from)
        )
        return tuple((kit, arm) for kit, arm in self._connection.execute(query))

    def move(self, kit: Kit, event: KitEvent) -> None:
        """Append the event, and let the kit stand as it says."""
        self._connection.execute(insert(KitEventRow), told(event))
        stands = {name: getattr(kit, name) for name in _MOVES}
        mine = KitStockRow.kit == kit.kit
        self._connection.execute(update(KitStockRow).where(mine).values(stands))

    @telling_unreadable
    def event(self, event_id: str) -> KitEvent | None:
        """One event."""
        query = _EVENT.where(KitEventRow.event_id == event_id)
        row = self._connection.execute(query).mappings().one_or_none()
        return None if row is None else KitEvent(**row)

    def events_of(self, kit: str) -> tuple[KitEvent, ...]:
        """What was done with it, in order."""
        query = _EVENT.where(KitEventRow.kit == kit).order_by(KitEventRow.number)
        found = self._connection.execute(query).mappings()
        return tuple(KitEvent(**row) for row in found)

    def all_of(self, trial: str, *, site: str | None = None) -> tuple[Kit, ...]:
        """The kits of a trial, or of one of its sites, by code; without contents."""
        query = _KIT.where(KitStockRow.trial == trial).order_by(KitStockRow.kit)
        if site is not None:
            query = query.where(KitStockRow.site == site)
        found = self._connection.execute(query).mappings()
        return tuple(Kit(**row) for row in found)

    def arms_of(self, trial: str) -> dict[str, str]:
        """What each kit of a trial holds; for who may read arms."""
        held = self._contents
        query = select(held.c.kit, held.c.arm).join(
            KitStockRow, KitStockRow.kit == held.c.kit
        )
        found = self._connection.execute(query.where(KitStockRow.trial == trial))
        return {row.kit: row.arm for row in found}

    def misstated(self, trial: str) -> int:
        """How many kits stand elsewhere than their last event says, or nowhere."""
        lost, strange = (
            self._connection.scalar(query, {"of_trial": trial}) or 0
            for query in (_ELSEWHERE, _OF_NO_LIST)
        )
        return lost + strange

    def _one(self, query: Select[Any]) -> Kit | None:
        row = self._connection.execute(query).mappings().one_or_none()
        return None if row is None else Kit(**row)


def _elsewhere() -> Select[int]:
    """Kits of the trial's lists that do not stand where their events took them."""
    stock, event, of_list = KitStockRow, KitEventRow, KitListRow
    last = (
        select(event.kit, func.max(event.number).label("number"))
        .group_by(event.kit)
        .subquery()
    )
    nobody = literal("")
    stands = and_(
        stock.trial == of_list.trial,
        stock.domain == of_list.domain,
        stock.number == func.coalesce(last.c.number, 0),
        stock.state == func.coalesce(event.state, KitState.DEPOT.value),
        stock.site == func.coalesce(event.site, DEPOT),
        func.coalesce(stock.randomisation_id, nobody)
        == func.coalesce(event.randomisation_id, nobody),
    )
    return (
        select(func.count())
        .select_from(KitRow)
        .join(of_list, of_list.list_id == KitRow.list_id)
        .outerjoin(stock, stock.kit == KitRow.kit)
        .outerjoin(last, last.c.kit == KitRow.kit)
        .outerjoin(event, (event.kit == last.c.kit) & (event.number == last.c.number))
        .where(of_list.trial == _OF_TRIAL, or_(stock.kit.is_(None), not_(stands)))
    )


def _of_no_list() -> Select[int]:
    """What stands in the trial and came on none of its lists."""
    return (
        select(func.count())
        .select_from(KitStockRow)
        .outerjoin(KitRow, KitRow.kit == KitStockRow.kit)
        .outerjoin(KitListRow, KitListRow.list_id == KitRow.list_id)
        .where(
            KitStockRow.trial == _OF_TRIAL,
            func.coalesce(KitListRow.trial, literal("")) != _OF_TRIAL,
        )
    )


_OF_TRIAL = bindparam("of_trial", type_=Text())
_ELSEWHERE = _elsewhere()
_OF_NO_LIST = _of_no_list()
_LABEL = ("list_id", "lot", "expires_on")
_KIT = select(
    *(getattr(KitRow if f.name in _LABEL else KitStockRow, f.name) for f in fields(Kit))
).join(KitRow, KitRow.kit == KitStockRow.kit)
_EVENT = select(*(getattr(KitEventRow, f.name) for f in fields(KitEvent)))
_MOVES = ("state", "site", "randomisation_id", "number")
_KEPT_OF_A_LIST = (
    *("list_id", "trial", "domain", "contents", "imported_by", "imported_at"),
)


def _at(trial: str, domain: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return KitStockRow.trial == trial, KitStockRow.domain == domain


def _labels(listed: KitList, lines: Iterable[KitLine]) -> Iterable[dict[str, Any]]:
    for one in lines:
        yield {
            "kit": one.kit,
            "list_id": listed.list_id,
            "lot": one.lot,
            "expires_on": one.expires_on,
        }


def _stock(listed: KitList, lines: Iterable[KitLine]) -> Iterable[dict[str, Any]]:
    for one in lines:
        yield {
            "kit": one.kit,
            "trial": listed.trial,
            "domain": listed.domain,
            "state": KitState.DEPOT,
            "site": DEPOT,
            "randomisation_id": None,
            "number": 0,
        }


def _contents(lines: Iterable[KitLine], nonce: str) -> Iterable[dict[str, Any]]:
    for one in lines:
        yield {"kit": one.kit, "arm": one.arm, "nonce": nonce}
