"""Requests, strata, randomisations and, apart from them, arms."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import fields
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Text,
    and_,
    bindparam,
    exists,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from registry.domain.allocation import Allocator, Randomisation, SealedArm
from registry.domain.audit import canonical
from registry.domain.exclusion import Exclusion
from registry.domain.randomisation.draws import Position
from registry.store.repositories import numbering
from registry.store.repositories.bulk import in_parts, insert_into, named, told
from registry.store.repositories.histories import SealedHistory
from registry.store.repositories.reading import telling_unreadable
from registry.store.rows.allocation import (
    SEALED,
    AllocatorRow,
    ExclusionRow,
    RandomisationRow,
    RequestRow,
)
from registry.store.rows.trial import DomainRow
from registry.store.schema import OPEN_LABEL_ARMS, assignments
from registry.usecases.records import Request


class AllocationRepository:
    """The serialised, idempotent part of the registry."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._arms = assignments(connection.dialect.name)

    def request_by_key(self, idempotency_key: str) -> Request | None:
        """The request of that name."""
        query = select(*(getattr(RequestRow, name) for name in Request.__slots__))
        row = (
            self._connection.execute(
                query.where(RequestRow.idempotency_key == idempotency_key)
            )
            .mappings()
            .one_or_none()
        )
        return None if row is None else Request(**row)

    def of_patient(self, *, site: str, patient: str) -> tuple[Randomisation, ...]:
        """All randomisations of one patient."""
        row = RandomisationRow
        query = (
            select(*_RANDOMISATION)
            .where(row.site == site, row.patient == patient)
            .order_by(row.randomisation_id)
        )
        found = self._connection.execute(query).mappings()
        return tuple(_randomisation(dict(one)) for one in found)

    def domains_of(self, participants: Collection[str]) -> tuple[tuple[str, str], ...]:
        """Trial and domain wherever any of these participants was randomised."""
        row = RandomisationRow
        query = select(row.trial, row.domain).where(row.participant.in_(participants))
        found = self._connection.execute(query.distinct())
        return tuple(sorted((trial, domain) for trial, domain in found))

    def stored(
        self, *, trial: str, domain: str, participant: str
    ) -> Randomisation | None:
        """The randomisation of a participant in a domain."""
        row = RandomisationRow
        query = select(*_RANDOMISATION).where(
            row.trial == trial, row.domain == domain, row.participant == participant
        )
        found = self._connection.execute(query).mappings().one_or_none()
        return None if found is None else _randomisation(dict(found))

    @telling_unreadable
    def one(self, randomisation_id: str) -> Randomisation | None:
        """One randomisation."""
        query = select(*_RANDOMISATION).where(
            RandomisationRow.randomisation_id == randomisation_id
        )
        found = self._connection.execute(query).mappings().one_or_none()
        return None if found is None else _randomisation(dict(found))

    def lock(self, *, trial: str, domain: str, stratum: str) -> Allocator:
        """The stratum, held until the transaction ends; made where it is new.

        The domain is held with it, and before a new one is made: a pause waits, and
        none is overtaken.
        """
        place = {"trial": trial, "domain": domain, "stratum": stratum}
        there = {f"at_{name}": part for name, part in place.items()}
        row = self._connection.execute(_HOLD, there).mappings().one_or_none()
        if row is None:
            self._connection.execute(_HOLD_DOMAIN, there)
            self._make(place)
            row = self._connection.execute(_HOLD, there).mappings().one()
        return Allocator(**row)

    def hold_domains(self, trial: str, domains: Collection[str]) -> None:
        """Hold these domains, in the order in which a pause takes them."""
        query = (
            select(DomainRow.domain)
            .where(DomainRow.trial == trial, DomainRow.domain.in_(domains))
            .order_by(DomainRow.domain)
            .with_for_update(read=True)
        )
        self._connection.execute(query).all()

    def add(
        self,
        request: Request,
        randomisation: Randomisation,
        sealed: SealedArm,
        *,
        following: Allocator,
    ) -> bool:
        """Append the request, what it led to and its arm; let the stratum stand so.

        False, and nothing written, where the key or the participant has been here
        before; waits for another transaction that makes the same request.
        """
        run = self._connection.execute
        if self._connection.dialect.name == "postgresql":
            given = {
                **named("asked", told(request)),
                **named("drawn", _values(randomisation)),
                **named("sealed", told(sealed)),
                **named("stands", told(following)),
                **_moved(following),
            }
            return bool(self._connection.scalar(_allocate(), given))
        if not run(_ask(), told(request)).rowcount:
            return False
        run(_DRAWN, _values(randomisation))
        run(_seal(), told(sealed))
        run(_ADVANCE, _moved(following))
        return True

    def next_no(self, *, trial: str, domain: str, stratum: str) -> int:
        """The stratum's next number; it stands while the domain is held."""
        row = AllocatorRow
        query = select(row.next_no).where(
            row.trial == trial, row.domain == domain, row.stratum == stratum
        )
        return self._connection.scalar(query) or 1

    def history(self, position: Position, *, schedule_first_no: int) -> SealedHistory:
        """What the signer may read of the arms before this position; it reads late."""
        return SealedHistory(
            self._connection, position, schedule_first_no=schedule_first_no
        )

    def of_trial(self, trial: str) -> tuple[Randomisation, ...]:
        """All randomisations of one trial."""
        row = RandomisationRow
        query = select(*_RANDOMISATION).where(row.trial == trial)
        in_order = query.order_by(row.domain, row.stratum, row.sequence_no)
        found = self._connection.execute(in_order).mappings()
        return tuple(_randomisation(dict(one)) for one in found)

    def requests_misstated(self, trial: str) -> int:
        """How many requests led to another randomisation than the one on record."""
        return numbering.requests_misstated(self._connection, trial)

    def strata_misstated(self, trial: str) -> int:
        """How many strata give another number next than what was drawn comes to."""
        return numbering.strata_misstated(self._connection, trial)

    def exclude(self, exclusion: Exclusion) -> None:
        """Let an allocation count no more."""
        self._connection.execute(insert(ExclusionRow), told(exclusion))

    @telling_unreadable
    def exclusion(self, randomisation_id: str) -> Exclusion | None:
        """The exclusion of one allocation."""
        row = ExclusionRow
        query = select(*_EXCLUSION).where(row.randomisation_id == randomisation_id)
        found = self._connection.execute(query).mappings().one_or_none()
        return None if found is None else Exclusion(**found)

    def exclusions_of(self, trial: str) -> tuple[Exclusion, ...]:
        """All exclusions of a trial, in the order in which they took effect."""
        row = ExclusionRow
        query = select(*_EXCLUSION).where(row.trial == trial)
        in_order = query.order_by(row.domain, row.from_no, row.randomisation_id)
        found = self._connection.execute(in_order).mappings()
        return tuple(Exclusion(**one) for one in found)

    def arm(self, randomisation_id: str) -> str:
        """The arm of one randomisation."""
        query = select(self._arms.c.arm).where(
            self._arms.c.randomisation_id == randomisation_id
        )
        return str(self._connection.execute(query).scalar_one())

    def open_arm(self, randomisation_id: str) -> str | None:
        """The arm, where anybody may see it now."""
        query = select(OPEN_LABEL_ARMS.c.arm).where(
            OPEN_LABEL_ARMS.c.randomisation_id == randomisation_id
        )
        return self._connection.scalar(query)

    def open_arms_of(self, participant: str) -> frozenset[tuple[str, str]]:
        """Domain and arm of the participant, as far as anybody may see them."""
        row, shown = RandomisationRow, OPEN_LABEL_ARMS
        query = (
            select(row.domain, shown.c.arm)
            .join(shown, shown.c.randomisation_id == row.randomisation_id)
            .where(row.participant == participant)
        )
        found = self._connection.execute(query)
        return frozenset((domain, arm) for domain, arm in found)

    @telling_unreadable
    def sealed(self, randomisation_id: str) -> SealedArm | None:
        """The arm of one randomisation, with what opens its commitment."""
        query = select(self._arms).where(
            self._arms.c.randomisation_id == randomisation_id
        )
        found = self._connection.execute(query).mappings().one_or_none()
        return None if found is None else SealedArm(**found)

    def arms_of_nobody(self) -> int:
        """How many arms no randomisation has; the foreign key lets none be written."""
        drawn = RandomisationRow.randomisation_id
        query = (
            select(func.count())
            .select_from(self._arms)
            .outerjoin(RandomisationRow, drawn == self._arms.c.randomisation_id)
            .where(drawn.is_(None))
        )
        return self._connection.scalar(query) or 0

    def may_read_arms(self) -> bool:
        """Whether this connection's role may; SQLite has no roles, and it may.

        It asks the catalogue: a refused read would end the transaction.
        """
        if self._connection.dialect.name == "sqlite":
            return True
        return bool(self._connection.scalar(_MAY_READ, {"schema": SEALED}))

    def _make(self, place: dict[str, str]) -> None:
        statement = insert_into(self._connection, AllocatorRow)
        first = {"next_no": 1, "schedule": "", "schedule_first_no": 1}
        self._connection.execute(statement.on_conflict_do_nothing(), place | first)


_ALLOCATOR = [getattr(AllocatorRow, f.name) for f in fields(Allocator)]
_RANDOMISATION = [getattr(RandomisationRow, f.name) for f in fields(Randomisation)]
_EXCLUSION = [getattr(ExclusionRow, f.name) for f in fields(Exclusion)]
_AS_JSON = ("ratio", "covariates", "availability")
_MAY_READ = text(
    """
    SELECT has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = :schema AND c.relname = 'assignment'
    """
)


def _at(row: type[AllocatorRow | DomainRow], *names: str) -> ColumnElement[bool]:
    """The row of that place, whose parts are told when the statement is run."""
    return and_(*(getattr(row, n) == bindparam(f"at_{n}", type_=Text()) for n in names))


_PLACE = ("trial", "domain", "stratum")
_HOLD_DOMAIN = (
    select(DomainRow.trial.label("held"))
    .where(_at(DomainRow, "trial", "domain"))
    .with_for_update(read=True)
)
_DOMAIN = _HOLD_DOMAIN.subquery()
_HOLD = (
    select(*_ALLOCATOR)
    .join(_DOMAIN, AllocatorRow.trial == _DOMAIN.c.held)
    .where(_at(AllocatorRow, *_PLACE))
    .with_for_update(of=AllocatorRow)
)
_MOVING = tuple(f.name for f in fields(Allocator) if f.name not in _PLACE)
_ADVANCE = update(AllocatorRow).where(_at(AllocatorRow, *_PLACE))


_DRAWN = insert(RandomisationRow)


@cache
def _seal() -> Any:  # noqa: ANN401  an INSERT of that database
    return insert(assignments("sqlite"))


@cache
def _ask() -> Any:  # noqa: ANN401  an INSERT of that database
    """A request, unless its key or its participant has been here before."""
    return sqlite.insert(RequestRow).on_conflict_do_nothing()


@cache
def _allocate() -> Any:  # noqa: ANN401  a SELECT with what it writes
    """All of it in one statement of PostgreSQL; counts the request that was written.

    Where the request was here before, nothing follows from it.
    """
    asked = in_parts("asked", RequestRow.__table__)
    request = (
        postgresql.insert(RequestRow)
        .values(asked)
        .on_conflict_do_nothing()
        .returning(RequestRow.idempotency_key)
        .cte("request")
    )
    arms = assignments("postgresql")
    follow = [
        insert(table)
        .from_select(list(parts), select(*parts.values()).select_from(request))
        .cte(name)
        for name, table, parts in (
            ("randomisation_made", RandomisationRow, in_parts("drawn", _DRAWN.table)),
            ("arm_sealed", arms, in_parts("sealed", arms)),
        )
    ]
    stands = in_parts("stands", AllocatorRow.__table__)
    moves = {name: stands[name] for name in _MOVING}
    moved = _ADVANCE.where(exists(select(request))).values(moves)
    counted = select(func.count()).select_from(request)
    return counted.add_cte(*follow, moved.cte("stratum_moved"))


def _moved(allocator: Allocator) -> dict[str, Any]:
    """Where it stands, and how it is to stand."""
    return {f"at_{n}" if n in _PLACE else n: v for n, v in told(allocator).items()}


def _values(randomisation: Randomisation) -> dict[str, Any]:
    values = told(randomisation)
    for name in _AS_JSON:
        if values[name] is not None:
            values[name] = canonical(values[name]).decode()
    return values


def _randomisation(told: dict[str, Any]) -> Randomisation:
    for name in _AS_JSON:
        if told[name] is not None:
            told[name] = tuple(tuple(row) for row in json.loads(told[name]))
    return Randomisation(**told)
