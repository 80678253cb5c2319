"""The registry's mode, protocols and domains."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Connection, RowMapping, Select, func, insert, select, update

from registry.domain.audit import canonical
from registry.domain.mode import Mode
from registry.domain.protocol import DomainDesign, design_document, read_design
from registry.domain.published import UNTELLABLE, Designs
from registry.store.repositories.bulk import insert_into, told
from registry.store.repositories.reading import telling_unreadable
from registry.store.rows.trial import DomainRow, ModeRow, ProtocolRow
from registry.usecases.records import ModeRevision, ProtocolVersion


_PROTOCOL = [getattr(ProtocolRow, name) for name in ProtocolVersion.__slots__]

_CURRENT = select(ModeRow.mode).order_by(ModeRow.revision.desc()).limit(1)

InForce: TypeAlias = tuple[ProtocolVersion, ...]
"""The active version of each trial."""


@dataclass(slots=True)
class Shelf:
    """What is read once a registry, of committed rows that only ever grow."""

    in_force: dict[int, InForce] = field(default_factory=dict)
    """What was in force when there were so many versions."""
    designs: dict[str, tuple[int, Designs]] = field(default_factory=dict)
    """By trial, what was published when there were so many versions of all trials."""
    pauses: dict[str, int] = field(default_factory=dict)
    """By trial, how many of its pauses and resumptions were found in the audit."""
    vectors: set[str] = field(default_factory=set)
    """Vectors that were found in the audit."""


def _designs_of(trial: str) -> Select[str, bool]:
    query = select(DomainRow.design, DomainRow.is_open)
    return query.where(DomainRow.trial == trial).order_by(DomainRow.domain)


class ModeRepository:
    """The mode, revision by revision."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def current(self) -> Mode:
        """The latest; silent where none was ever set."""
        return self._connection.scalar(_CURRENT) or Mode.SILENT

    def append(self, revision: ModeRevision) -> int:
        """Set the mode from now on; gives the number of the revision."""
        last = self._connection.scalar(select(func.max(ModeRow.revision)))
        number = (last or 0) + 1
        values = told(revision) | {"revision": number}
        self._connection.execute(insert(ModeRow), values)
        return number

    @telling_unreadable
    def one(self, number: int) -> ModeRevision | None:
        """One revision."""
        fields = [getattr(ModeRow, name) for name in ModeRevision.__slots__]
        query = select(*fields).where(ModeRow.revision == number)
        row = self._connection.execute(query).mappings().one_or_none()
        return None if row is None else ModeRevision(**row)


class ProtocolRepository:
    """Protocol versions, and the domains of the active ones."""

    def __init__(self, connection: Connection, shelf: Shelf | None = None) -> None:
        self._connection = connection
        self._shelf = Shelf() if shelf is None else shelf

    def active(self, trial: str) -> ProtocolVersion | None:
        """The version activated last."""
        query = select(*_PROTOCOL).where(ProtocolRow.trial == trial)
        last = query.order_by(ProtocolRow.revision.desc()).limit(1)
        row = self._connection.execute(last).mappings().one_or_none()
        return None if row is None else ProtocolVersion(**row)

    def in_force(self, at: datetime | None = None) -> tuple[ProtocolVersion, ...]:
        """The active version of each trial, at `at` or now."""
        last = select(ProtocolRow.trial, func.max(ProtocolRow.revision).label("last"))
        if at is not None:
            last = last.where(ProtocolRow.activated_at <= at)
        latest = last.group_by(ProtocolRow.trial).subquery()
        query = (
            select(*_PROTOCOL)
            .join(
                latest,
                (ProtocolRow.trial == latest.c.trial)
                & (ProtocolRow.revision == latest.c.last),
            )
            .order_by(ProtocolRow.trial)
        )
        rows = self._connection.execute(query).mappings()
        return tuple(ProtocolVersion(**row) for row in rows)

    def in_force_of(self, versions: int) -> InForce:
        """The active version of each trial, of so many; read once a registry.

        Not for a transaction that activates: what it keeps must be committed.
        """
        kept = self._shelf.in_force.get(versions)
        if kept is None:
            kept = self.in_force()
            count = select(func.count()).select_from(ProtocolRow)
            if self._connection.scalar(count) == versions:
                self._shelf.in_force.clear()
                self._shelf.in_force[versions] = kept
        return kept

    def of_hash(self, trial: str, protocol_hash: str) -> ProtocolVersion | None:
        """The version of that content."""
        query = select(*_PROTOCOL).where(
            ProtocolRow.trial == trial, ProtocolRow.protocol_hash == protocol_hash
        )
        row = self._connection.execute(query).mappings().one_or_none()
        return None if row is None else ProtocolVersion(**row)

    def versions(self, trial: str) -> tuple[ProtocolVersion, ...]:
        """All there ever were, the last first."""
        query = select(*_PROTOCOL).where(ProtocolRow.trial == trial)
        found = self._connection.execute(query.order_by(ProtocolRow.revision.desc()))
        return tuple(ProtocolVersion(**row) for row in found.mappings())

    def activate(
        self, version: ProtocolVersion, designs: Sequence[DomainDesign]
    ) -> int:
        """Make this the active version, with these domains and no others.

        Gives the number of the revision.
        """
        query = select(func.max(ProtocolRow.revision))
        last = self._connection.scalar(query.where(ProtocolRow.trial == version.trial))
        number = (last or 0) + 1
        values = told(version) | {"revision": number}
        self._connection.execute(insert(ProtocolRow), values)
        self._close_all(version.trial)
        for design in designs:
            self._set_domain(version.trial, design)
        return number

    @telling_unreadable
    def one(self, trial: str, number: int) -> ProtocolVersion | None:
        """One revision."""
        query = select(*_PROTOCOL).where(
            ProtocolRow.trial == trial, ProtocolRow.revision == number
        )
        row = self._connection.execute(query).mappings().one_or_none()
        return None if row is None else ProtocolVersion(**row)

    def blinded_trials(self) -> tuple[str, ...]:
        """The trials with an open blinded domain."""
        query = select(DomainRow.trial).where(DomainRow.blinded, DomainRow.is_open)
        return tuple(self._connection.scalars(query.distinct()))

    def has_domain(self, trial: str, domain: str) -> bool:
        """Whether the trial ever had it; nothing is held."""
        query = select(DomainRow.domain).where(
            DomainRow.trial == trial, DomainRow.domain == domain
        )
        return self._connection.scalar(query) is not None

    def designs(self, trial: str) -> tuple[DomainDesign, ...]:
        """All domains the trial ever had, as they stand; nothing is held."""
        return self._designs(_designs_of(trial))

    def misstated(self, trial: str, published: Designs) -> int:
        """How many domains stand otherwise than they were published, or not at all."""
        columns = (DomainRow.domain, DomainRow.is_open, DomainRow.blinded)
        query = select(*columns, DomainRow.design).where(DomainRow.trial == trial)
        there = {row.domain: row for row in self._connection.execute(query).mappings()}
        names = {*there, *published}
        return sum(not _stands(there.get(n), published.get(n)) for n in names)

    def hold(self, trial: str) -> tuple[DomainDesign, ...]:
        """All domains of the trial, waited for and held until the transaction ends.

        No allocation of the trial is under way meanwhile, and none begins.
        """
        return self._designs(_designs_of(trial).with_for_update())

    def _designs(self, query: Select[str, bool]) -> tuple[DomainDesign, ...]:
        return tuple(
            replace(read_design(json.loads(design)), open=is_open)
            for design, is_open in self._connection.execute(query)
        )

    def _close_all(self, trial: str) -> None:
        """A domain the new version does not name recruits no more."""
        self._connection.execute(
            update(DomainRow).where(DomainRow.trial == trial).values(is_open=False)
        )

    def _set_domain(self, trial: str, design: DomainDesign) -> None:
        values = {
            "is_open": design.open,
            "blinded": design.blinded,
            "design": canonical(design_document(design)).decode(),
        }
        statement = insert_into(self._connection, DomainRow).values(
            trial=trial, domain=design.domain, **values
        )
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["trial", "domain"], set_=values
            )
        )


def _stands(row: RowMapping | None, design: DomainDesign | None) -> bool:
    """Whether each column says what was published."""
    if row is None or design is None:
        return False
    try:
        told = read_design(json.loads(row["design"]))
    except UNTELLABLE:
        return False
    columns = (row["is_open"], row["blinded"])
    return columns == (design.open, design.blinded) and design == replace(
        told, open=design.open
    )
