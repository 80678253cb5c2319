"""Bring what waits in the outbox to its target, at least once.

Each message is claimed for a while (a lease) in one transaction, sent outside any,
and settled in another.
A crash between sending and settling lets the lease lapse: the message is sent again
under the same id, by which the receiver knows it.
"""

from __future__ import annotations

import hashlib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from registry.alerts.admission import forbidden, overtaken, read_notice
from registry.alerts.schedule import wait_before
from registry.alerts.sending import (
    Answer,
    Away,
    Delivered,
    Gone,
    Sender,
    Standing,
    Throttled,
)
from registry.usecases.outbox import ALERTS, OutboxItem
from registry.usecases.ports import UnitOfWork
from streams.vocabulary.clock import MINUTE, Clock


LEASE_MARGIN = MINUTE
"""Beyond the sender's patience: for finding the target's address, and for settling."""


class Transactions(Protocol):
    """A registry, as far as the relay needs it."""

    def transaction(self) -> AbstractContextManager[UnitOfWork]:
        """One transaction, committed when its block is left without an exception."""
        ...


class Fate(StrEnum):
    """What became of one message in this round."""

    DELIVERED = "delivered"
    TO_RETRY = "to_retry"
    GIVEN_UP = "given_up"
    """Out of attempts, or the target is gone: a dead letter."""
    WITHHELD = "withheld"
    """Forbidden or overtaken: a dead letter, and nothing was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relayed:
    """One message and what became of it."""

    outbox_id: str
    attempt: int
    fate: Fate
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayReport:
    """One round of the relay."""

    relayed: tuple[Relayed, ...]
    standing: Standing
    """The target's, after the round."""
    next_due: datetime | None
    """When another round may find work; None where none waits or none may be sent."""

    def count(self, fate: Fate) -> int:
        """How many messages met this fate."""
        return sum(one.fate is fate for one in self.relayed)


def relay_once(
    registry: Transactions, sender: Sender, clock: Clock, *, limit: int
) -> RelayReport:
    """Send up to `limit` messages that are due, until the target wants peace.

    One is claimed at a time: a lease never has to outlast more than one slow answer,
    and a crash holds back one message only.
    """
    relayed: list[Relayed] = []
    while len(relayed) < limit and sender.standing(clock.now()).is_open:
        one = _relay_next(registry, sender, clock)
        if one is None:
            break
        relayed.append(one)
    standing = sender.standing(clock.now())
    return RelayReport(
        relayed=tuple(relayed),
        standing=standing,
        next_due=_next_due(registry, standing),
    )


def _relay_next(registry: Transactions, sender: Sender, clock: Clock) -> Relayed | None:
    claimed = _claim(registry, sender, clock.now())
    if claimed is None:
        return None
    item, objection = claimed
    if objection is not None:
        return _give_up(registry, item, Fate.WITHHELD, objection)
    return _settle(
        registry,
        item,
        sender.send(item.outbox_id, item.payload, at=clock.now()),
        at=clock.now(),
    )


def _claim(
    registry: Transactions, sender: Sender, now: datetime
) -> tuple[OutboxItem, str | None] | None:
    """The next message with what forbids to send it, or None when none is due."""
    lease_until = now + sender.patience + LEASE_MARGIN
    with registry.transaction() as uow:
        items = uow.outbox.claim(
            topic=ALERTS, now=now, lease_until=lease_until, limit=1
        )
        return (items[0], _objection(items[0], uow)) if items else None


def _objection(item: OutboxItem, uow: UnitOfWork) -> str | None:
    # The mode of this very transaction: a registry switched to silent since the
    # alert was raised sends nothing more.
    notice = read_notice(item.payload)
    reason = forbidden(notice, uow.modes.current())
    if reason or notice is None:
        return reason
    standing = uow.alerts.unclosed({notice.data.screening_id}).values()
    return overtaken(
        notice,
        attempts=item.attempts,
        unclosed={alert.alert_id for alert in standing},
    )


def _settle(
    registry: Transactions, item: OutboxItem, answer: Answer, *, at: datetime
) -> Relayed:
    if isinstance(answer, Delivered):
        with registry.transaction() as uow:
            uow.outbox.delivered(item.outbox_id, at=at)
        return _told(item, Fate.DELIVERED)
    again = None if isinstance(answer, Gone) else _next_attempt(item, answer, at)
    if again is None:
        return _give_up(registry, item, Fate.GIVEN_UP, answer.reason)
    with registry.transaction() as uow:
        uow.outbox.failed(item.outbox_id, error=answer.reason, next_attempt_at=again)
    return _told(item, Fate.TO_RETRY, answer.reason)


def _next_attempt(item: OutboxItem, answer: Answer, at: datetime) -> datetime | None:
    if isinstance(answer, Away):
        return answer.until
    wait = wait_before(item.attempts + 1, jitter=_jitter(item))
    if wait is None:
        return None
    return max(at + wait, answer.until) if isinstance(answer, Throttled) else at + wait


def _give_up(
    registry: Transactions, item: OutboxItem, fate: Fate, reason: str
) -> Relayed:
    with registry.transaction() as uow:
        uow.outbox.failed(item.outbox_id, error=reason, next_attempt_at=None)
    return _told(item, fate, reason)


def _told(item: OutboxItem, fate: Fate, reason: str = "") -> Relayed:
    return Relayed(
        outbox_id=item.outbox_id, attempt=item.attempts, fate=fate, reason=reason
    )


def _jitter(item: OutboxItem) -> float:
    """In [0, 1), from the id and the attempt: spread over messages, yet repeatable."""
    digest = hashlib.sha256(f"{item.outbox_id}/{item.attempts}".encode()).digest()
    return int.from_bytes(digest[:4]) / 2**32


def _next_due(registry: Transactions, standing: Standing) -> datetime | None:
    if standing.disabled:
        return None
    with registry.transaction() as uow:
        due = uow.outbox.next_due(ALERTS)
    if due is None or standing.held_until is None:
        return due
    return max(due, standing.held_until)
