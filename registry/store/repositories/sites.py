"""Green lights, delegation logs and signatures."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, RowMapping, Select, insert, select

from registry.domain.delegation import Delegation, EligibilitySignature
from registry.domain.green_light import GreenLight
from registry.store.repositories.bulk import told
from registry.store.repositories.reading import telling_unreadable
from registry.store.rows.sites import DelegationRow, GreenLightRow, SignatureRow


class GreenLightRepository:
    """Which sites may recruit for which trial."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def latest(self, *, trial: str, site: str) -> GreenLight | None:
        """The one that counts."""
        query = (
            select(*_fields(GreenLightRow, GreenLight))
            .where(GreenLightRow.trial == trial, GreenLightRow.site == site)
            .order_by(GreenLightRow.revision.desc())
            .limit(1)
        )
        row = _one(self._connection, query)
        return None if row is None else GreenLight(**row)

    def revisions(self, trial: str | None) -> tuple[GreenLight, ...]:
        """All of the trial, or of every one; those of one site in order."""
        query = select(*_fields(GreenLightRow, GreenLight))
        if trial is not None:
            query = query.where(GreenLightRow.trial == trial)
        rows = self._connection.execute(query.order_by(GreenLightRow.revision))
        return tuple(GreenLight(**row) for row in rows.mappings())

    @telling_unreadable
    def one(self, light_id: str) -> GreenLight | None:
        """One revision."""
        query = select(*_fields(GreenLightRow, GreenLight))
        row = _one(self._connection, query.where(GreenLightRow.light_id == light_id))
        return None if row is None else GreenLight(**row)

    def add(self, light: GreenLight) -> None:
        """Append a revision."""
        self._connection.execute(insert(GreenLightRow), told(light))


class DelegationRepository:
    """The delegation logs."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def latest(self, *, trial: str, site: str) -> tuple[Delegation, ...]:
        """The latest revision of each entry, in the order in which they began."""
        query = (
            select(*_fields(DelegationRow, Delegation))
            .where(DelegationRow.trial == trial, DelegationRow.site == site)
            .order_by(DelegationRow.entry, DelegationRow.revision)
        )
        rows = self._connection.execute(query).mappings()
        last = {row["entry"]: Delegation(**row) for row in rows}
        return tuple(sorted(last.values(), key=lambda one: (one.starts_at, one.entry)))

    @telling_unreadable
    def one(self, delegation_id: str) -> Delegation | None:
        """One revision."""
        query = select(*_fields(DelegationRow, Delegation)).where(
            DelegationRow.delegation_id == delegation_id
        )
        row = _one(self._connection, query)
        return None if row is None else Delegation(**row)

    def add(self, delegation: Delegation) -> None:
        """Append a revision."""
        self._connection.execute(insert(DelegationRow), told(delegation))


class SignatureRepository:
    """Signatures under verdicts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def latest(self, screening_id: str) -> EligibilitySignature | None:
        """The one that counts."""
        query = (
            select(*_fields(SignatureRow, EligibilitySignature))
            .where(SignatureRow.screening_id == screening_id)
            .order_by(SignatureRow.number.desc())
            .limit(1)
        )
        row = _one(self._connection, query)
        return None if row is None else EligibilitySignature(**row)

    @telling_unreadable
    def one(self, signature_id: str) -> EligibilitySignature | None:
        """One signature."""
        query = select(*_fields(SignatureRow, EligibilitySignature)).where(
            SignatureRow.signature_id == signature_id
        )
        row = _one(self._connection, query)
        return None if row is None else EligibilitySignature(**row)

    def add(self, signature: EligibilitySignature) -> None:
        """Append a signature."""
        self._connection.execute(insert(SignatureRow), told(signature))


def _one(connection: Connection, query: Select[*tuple[Any, ...]]) -> RowMapping | None:
    return connection.execute(query).mappings().one_or_none()


def _fields(row: type[Any], value: type[Any]) -> list[Any]:
    return [getattr(row, name) for name in value.__slots__]
