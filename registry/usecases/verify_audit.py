"""Walk the audit: does every chain hold, and does the record still say what it said?

A chain is walked wherever any record speaks of its site and trial, so that one that
was wiped is missed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from registry.domain.allocation import Randomisation
from registry.domain.audit import (
    GENESIS,
    Account,
    AuditAction,
    AuditRow,
    Break,
    Head,
    UnreadableRecordError,
    UnreadableRow,
    first_break,
    record_digest,
    start,
)
from registry.domain.kit import KitList
from registry.domain.protocol import DomainDesign
from registry.domain.published import UNTELLABLE, designs_told, stand
from registry.domain.unblinding import Unblinding, UnblindingReason
from registry.usecases.ports import UnitOfWork
from registry.usecases.record_batch import batch_digest
from registry.usecases.recorded import ACCOUNTS, BY_IDENTITY
from registry.usecases.records import ProtocolVersion
from registry.usecases.tell_alerts import alerts_digest


WHOLE = ("", "")
"""Site and trial of the chain of what belongs to no site and no trial."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainReport:
    """What was found of one chain."""

    site: str
    trial: str
    rows: int
    """Rows read until the break, or all."""
    head_hash: str
    arms_read: bool
    """Whether arms were held against their commitments: not every role may read them."""
    break_: Break | None


def verify_audit(
    uow: UnitOfWork, *, anchors: Sequence[Head] = ()
) -> tuple[ChainReport, ...]:
    """One report a chain; `anchors` are heads that were kept outside the database."""
    return tuple(chain_reports(uow, anchors=anchors))


def chain_reports(
    uow: UnitOfWork, *, anchors: Sequence[Head] = ()
) -> Iterator[ChainReport]:
    """The reports of `verify_audit`, each as soon as its chain is walked."""
    arms_read = uow.allocations.may_read_arms()
    try:
        heads = {(h.site, h.trial): h for h in uow.audit.heads()}
        places = {*uow.audit.chains(), *((a.site, a.trial) for a in anchors)}
    except UnreadableRecordError:
        yield _nothing_readable(arms_read=arms_read)
        return
    nobodys = uow.allocations.arms_of_nobody() if arms_read else 0
    for place in sorted({*places, WHOLE} if nobodys else places):
        head = heads.get(place, start(*place))
        report = _report(uow, head, anchors, arms_read=arms_read)
        yield _with_arms_of_nobody(report, nobodys if place == WHOLE else 0)


def _with_arms_of_nobody(report: ChainReport, number: int) -> ChainReport:
    """They belong to no chain, so it is the whole registry's that does not hold."""
    if not number or report.break_:
        return report
    told = f"of {number} arms there is no randomisation"
    return replace(report, break_=Break(report.rows + 1, told))


def _nothing_readable(*, arms_read: bool) -> ChainReport:
    return ChainReport(
        site="",
        trial="",
        rows=0,
        head_hash=GENESIS,
        arms_read=arms_read,
        break_=Break(1, "the heads, or the places of the records, cannot be read"),
    )


def _report(
    uow: UnitOfWork, head: Head, anchors: Sequence[Head], *, arms_read: bool
) -> ChainReport:
    walk = _Walk(uow, head, arms_read=arms_read)
    mine = [a for a in anchors if (a.site, a.trial) == (head.site, head.trial)]
    found = walk.changed_by(first_break(walk.rows(), head=head, anchors=mine))
    return ChainReport(
        site=head.site,
        trial=head.trial,
        rows=walk.count,
        head_hash=head.row_hash,
        arms_read=arms_read,
        break_=found,
    )


class _Walk:
    """Reads a chain once, and checks the records its rows speak of on the way."""

    def __init__(self, uow: UnitOfWork, head: Head, *, arms_read: bool) -> None:
        self._uow = uow
        self._head = head
        self._arms_read = arms_read
        self._accounted: Counter[Account] = Counter()
        self._changed: Break | None = None
        self._activated: list[tuple[DomainDesign, ...]] = []
        self.count = 0

    def rows(self) -> Iterator[AuditRow | UnreadableRow]:
        """The rows; stops after one whose records are not what they were."""
        for row in self._uow.audit.rows(site=self._head.site, trial=self._head.trial):
            self.count += 1
            yield row
            if isinstance(row, UnreadableRow):
                return
            fault = self._fault(row)
            if fault is not None:
                self._changed = Break(row.sequence, fault)
                return

    def changed_by(self, broken: Break | None) -> Break | None:
        """The break to report: a changed record, a broken chain, a record too many."""
        found = self._changed or broken or self._unaccounted()
        return found or self._misstated()

    def _fault(self, row: AuditRow) -> str | None:
        """What is wrong with what the row speaks of; its own hash holds already."""
        try:
            return self._records_fault(row, json.loads(row.detail))
        except UnreadableRecordError:
            return "what it recorded cannot be read"
        except UNTELLABLE:
            return "its particulars are not what any act writes"

    def _records_fault(self, row: AuditRow, detail: dict[str, Any]) -> str | None:
        if "alerts" in detail and not self._alerts_hold(row, detail["alerts"]):
            return "the steps of alerts it recorded are not what was written"
        if row.action == AuditAction.BATCH_RECORDED:
            holds = self._batch_holds(row, detail)
            return None if holds else "the messages it recorded are not what they were"
        account = ACCOUNTS.get(row.action)
        if account is None:
            return None
        self._accounted[account] += 1
        record = self._record(row, detail)
        if record is None or not self._is_as_written(row, record, detail):
            return "what it recorded is not what was written"
        if isinstance(record, ProtocolVersion):
            self._activated.append(designs_told(row))
        if isinstance(record, KitList):
            return self._contents_fault(record)
        if isinstance(record, Unblinding):
            return self._note_fault(record, detail)
        return self._arm_fault(record) if isinstance(record, Randomisation) else None

    def _is_as_written(
        self, row: AuditRow, record: object, detail: dict[str, Any]
    ) -> bool:
        """Whether it is what was written, or a tombstone tells what it became."""
        written, now = (
            str(detail["record"]),
            record_digest(_as_recorded(record, detail)),
        )
        if written == now:
            return True
        taken_out = self._uow.redactions.of(row.subject)
        return taken_out is not None and taken_out.leads(written, now)

    def _alerts_hold(self, row: AuditRow, told: dict[str, Any]) -> bool:
        self._accounted[Account.ALERT_STEPS] += told["rows"]
        steps = self._uow.alerts.steps_of(row.subject, site=row.site, trial=row.trial)
        return alerts_digest(steps) == str(told["digest"])

    def _batch_holds(self, row: AuditRow, told: dict[str, Any]) -> bool:
        self._accounted[Account.MESSAGES] += told["rows"]
        stored = self._uow.audit.batch_rows(
            row.subject, site=row.site, trial=row.trial, at=row.at
        )
        return batch_digest(stored) == str(told["digest"])

    def _arm_fault(self, drawn: Randomisation) -> str | None:
        if not self._arms_read:
            return None
        sealed = self._uow.allocations.sealed(drawn.randomisation_id)
        if sealed is None:
            return "the arm of its randomisation is gone"
        if sealed.commitment != drawn.arm_commitment:
            return "the arm of its randomisation is not the one that was drawn"
        return None

    def _note_fault(self, broken: Unblinding, detail: dict[str, Any]) -> str | None:
        """Whether the words beside the code are those of then, where they can be read."""
        if not self._arms_read:
            return None
        note = self._uow.unblindings.note(broken.unblinding_id)
        if "code" in detail:
            now = None if note is None else note.digest(broken.unblinding_id)
            holds = now == detail["note"]
        else:
            holds = note is not None and note.words == detail["reason"]
        return None if holds else "the note beside its reason is not what was written"

    def _contents_fault(self, listed: KitList) -> str | None:
        if not self._arms_read or (
            self._uow.kits.contents(listed.list_id) == listed.contents
        ):
            return None
        return "what the kits of its list hold is not what was imported"

    def _record(self, row: AuditRow, detail: dict[str, Any]) -> object | None:
        account = ACCOUNTS[row.action]
        if account is Account.MODES:
            return self._uow.modes.one(detail["revision"])
        if account is Account.PROTOCOLS:
            return self._uow.protocols.one(row.trial, detail["revision"])
        return BY_IDENTITY[account](self._uow, row.subject)

    def _unaccounted(self) -> Break | None:
        """A record that no row of the chain speaks of was put there past the audit."""
        there = self._uow.audit.recorded(site=self._head.site, trial=self._head.trial)
        for account, number in there.items():
            audited = self._accounted[account]
            if number != audited:
                told = f"of {account} the registry holds {number}, the audit {audited}"
                return Break(self._head.sequence + 1, told)
        return None

    def _misstated(self) -> Break | None:
        """What is derived from the records is not what they come to."""
        site, trial = self._head.site, self._head.trial
        for number, told in (
            (
                self._uow.screenings.misstated(site=site, trial=trial),
                "screenings another state is kept than was recorded",
            ),
            (
                self._uow.alerts.misstated(site=site, trial=trial),
                "alerts another state is kept than their steps and verdicts tell",
            ),
        ):
            if number:
                return Break(self._head.sequence + 1, f"of {number} {told}")
        return None if site else self._misstated_of_trial(trial)

    def _misstated_of_trial(self, trial: str) -> Break | None:
        """Of the domains, which no record tells but the audit alone; of kits and draws."""
        for number, told in (
            (
                self._uow.protocols.misstated(trial, stand(self._activated)),
                "domains another design is kept than was published",
            ),
            (
                self._uow.kits.misstated(trial),
                "kits another place is kept than was recorded",
            ),
            (
                self._uow.allocations.requests_misstated(trial),
                "requests or randomisations there is not the other as well",
            ),
            (
                self._uow.allocations.strata_misstated(trial),
                "strata another number is kept than was drawn last",
            ),
        ):
            if number:
                return Break(self._head.sequence + 1, f"of {number} {told}")
        return None


def _as_recorded(record: object, detail: dict[str, Any]) -> object:
    """The record as it was when it was written.

    Before there were codes a broken blind had its reason in words, as the row tells.
    """
    if not isinstance(record, Unblinding) or "code" in detail:
        return record
    if record.reason is not UnblindingReason.OTHER:
        return record
    return replace(record, reason=detail["reason"])
