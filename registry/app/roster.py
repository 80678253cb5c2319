"""What the team decided, told to the patients whose state lies in this registry.

Beside workers on Kafka the relay does it; a registry that judges by itself reads its own
outbox.
"""

from __future__ import annotations

from registry.app.embedded import EmbeddedRunner
from registry.store.unit_of_work import Registry
from registry.usecases.outbox import ROSTER
from streams.vocabulary.clock import Clock
from streams.vocabulary.messages import ROSTER_ENTRY, decode


_AT_ONCE = 100


def hear_of_decisions(book: Registry, runner: EmbeddedRunner, clock: Clock) -> int:
    """Deliver what waits, in its order; how many.

    After a crash between the two steps one is delivered again, and has no second effect.
    """
    with book.transaction() as uow:
        waiting = uow.outbox.waiting([ROSTER], _AT_ONCE)
    for item in waiting:
        runner.deliver(decode(ROSTER_ENTRY, item.payload.encode()))
        with book.transaction() as uow:
            uow.outbox.delivered(item.outbox_id, at=clock.now())
    return len(waiting)
