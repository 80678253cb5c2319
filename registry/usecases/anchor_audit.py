"""Take the heads of all chains, to be kept where the database is not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from registry.domain.anchor import Anchor
from registry.domain.audit import AuditRow, Break, Head, UnreadableRecordError, row_hash
from registry.usecases.ports import UnitOfWork


@dataclass(frozen=True, slots=True)
class Anchored:
    """The heads as they are."""

    anchor: Anchor


@dataclass(frozen=True, slots=True)
class NotAnchored:
    """A chain holds no more: an anchor would swear to what somebody changed."""

    site: str
    trial: str
    break_: Break


def anchor_audit(
    uow: UnitOfWork,
    *,
    at: datetime,
    before: Iterable[Anchor] = (),
    actor: str | None = None,
) -> Anchored | NotAnchored:
    """The heads now, if each chain still has the rows that `before` remembers.

    Looks at the remembered rows and the last ones alone, so it is quick however long
    the chains are; `verify_audit` walks them whole.
    """
    try:
        heads = tuple(head for head in uow.audit.heads() if head.sequence)
    except UnreadableRecordError:
        return NotAnchored("", "", Break(1, "the heads cannot be read"))
    for head in (*_latest(before), *heads):
        if not _stands(uow, head):
            reason = "the row that is remembered here is not there"
            return NotAnchored(head.site, head.trial, Break(head.sequence, reason))
    return Anchored(Anchor(at, heads, actor))


def _latest(anchors: Iterable[Anchor]) -> Iterator[Head]:
    """The longest that is remembered of each chain."""
    kept: dict[tuple[str, str], Head] = {}
    for head in (head for anchor in anchors for head in anchor.heads):
        longest = kept.get((head.site, head.trial))
        if longest is None or head.sequence >= longest.sequence:
            kept[head.site, head.trial] = head
    yield from kept.values()


def _stands(uow: UnitOfWork, head: Head) -> bool:
    row = uow.audit.row(site=head.site, trial=head.trial, sequence=head.sequence)
    if not isinstance(row, AuditRow):
        return False
    return row.row_hash == head.row_hash == row_hash(row)
