"""Walk the audit: does every chain hold, and does the record still say what it said?"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from registry.domain.audit import (
    AuditAction,
    AuditRow,
    Break,
    Head,
    first_break,
    record_digest,
    start,
)
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
    found = walk.changed_by(first_break(walk.rows(), head=head, anchors=mine))
    return ChainReport(
        site=head.site,
        trial=head.trial,
        rows=walk.count,
        head_hash=head.row_hash,
        break_=found,
    )


class _Walk:
    """Reads a chain once, and checks the records its rows speak of on the way."""

    def __init__(self, uow: UnitOfWork, head: Head) -> None:
        self._uow = uow
        self._head = head
        self._accounted: Counter[str] = Counter()
        self._changed: Break | None = None
        self.count = 0

    def rows(self) -> Iterator[AuditRow]:
        """The rows; stops after one whose records are not what they were."""
        for row in self._uow.audit.rows(site=self._head.site, trial=self._head.trial):
            self.count += 1
            yield row
            if not self._records_hold(row):
                self._changed = Break(
                    row.sequence, "what it recorded is not what was written"
                )
                return

    def changed_by(self, broken: Break | None) -> Break | None:
        """The break to report: a changed record, a broken chain, a record too many."""
        return self._changed or broken or self._unaccounted()

    def _records_hold(self, row: AuditRow) -> bool:
        detail = json.loads(row.detail)
        if row.action == AuditAction.BATCH_RECORDED:
            self._accounted[row.action] += detail["rows"]
            stored = self._uow.audit.batch_rows(
                row.subject, site=row.site, trial=row.trial
            )
            return batch_digest(stored) == str(detail["digest"])
        if "record" not in detail:
            return True
        self._accounted[row.action] += 1
        record = self._record(row)
        return record is not None and record_digest(record) == str(detail["record"])

    def _record(self, row: AuditRow) -> object | None:
        if row.action == AuditAction.CONSENT_RECORDED:
            return self._uow.participants.consent_revision(row.subject)
        if row.action == AuditAction.ANSWER_RECORDED:
            return self._uow.answers.one(row.subject)
        return self._uow.allocations.one(row.subject)

    def _unaccounted(self) -> Break | None:
        """A record that no row of the chain speaks of was put there past the audit."""
        there = self._uow.audit.recorded(site=self._head.site, trial=self._head.trial)
        for action, number in there.items():
            if number != self._accounted[action]:
                told = (
                    f"{number} records of {action}, {self._accounted[action]} audited"
                )
                return Break(self._head.sequence + 1, told)
        return None
