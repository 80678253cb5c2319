"""Walk the audit: does every chain hold, and does the record still say what it said?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from registry.domain.audit import AuditAction, AuditRow, Break, Head, first_break, start
from registry.usecases.ports import UnitOfWork
from registry.usecases.record_batch import batch_digest


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainReport:
    """What was found of one chain."""

    site: str
    trial: str
    rows: int
    """Rows read until the break, or all."""
    head_hash: str
    break_: Break | None


def verify_audit(
    uow: UnitOfWork, *, anchors: Sequence[Head] = ()
) -> tuple[ChainReport, ...]:
    """One report a chain; `anchors` are heads that were kept outside the database."""
    heads = {(h.site, h.trial): h for h in uow.audit.heads()}
    places = {*uow.audit.chains(), *((a.site, a.trial) for a in anchors)}
    return tuple(
        _report(uow, heads.get(place, start(*place)), anchors)
        for place in sorted(places)
    )


def _report(uow: UnitOfWork, head: Head, anchors: Sequence[Head]) -> ChainReport:
    walk = _Walk(uow, head)
    mine = [a for a in anchors if (a.site, a.trial) == (head.site, head.trial)]
    found = first_break(walk.rows(), head=head, anchors=mine)
    return ChainReport(
        site=head.site,
        trial=head.trial,
        rows=walk.count,
        head_hash=head.row_hash,
        break_=walk.changed or found,
    )


class _Walk:
    """Reads a chain once, and checks the batches its rows speak of on the way."""

    def __init__(self, uow: UnitOfWork, head: Head) -> None:
        self._uow = uow
        self._head = head
        self.count = 0
        self.changed: Break | None = None

    def rows(self) -> Iterator[AuditRow]:
        """The rows; stops after one whose batch is not what it was."""
        for row in self._uow.audit.rows(site=self._head.site, trial=self._head.trial):
            self.count += 1
            yield row
            if row.action == AuditAction.BATCH_RECORDED and not self._batch_holds(row):
                self.changed = Break(row.sequence, "its batch is not what was written")
                return

    def _batch_holds(self, row: AuditRow) -> bool:
        stored = self._uow.audit.batch_rows(row.subject, site=row.site, trial=row.trial)
        return batch_digest(stored) == str(json.loads(row.detail)["digest"])
