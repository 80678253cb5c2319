"""The relay: from the outbox to Kafka, in order for each key, at least once.

One relay at a time holds the lead, in the transaction in which it reads, sends and
notes what arrived; another one waits for its turn.
Of one key one message at a time is on its way, so that none overtakes one that has
to be sent again; a crash in between sends it again under the same id.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from kafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError

from registry.inbox.clients import Producer, Sent
from registry.inbox.store import Store
from registry.inbox.waiting import Patience
from registry.inbox.watch import Around, Trouble
from registry.usecases.faults import Fault
from registry.usecases.outbox import PROTOCOLS, ROSTER, UNBLINDINGS, OutboxItem
from registry.usecases.ports import UnitOfWork
from streams.vocabulary.clock import Clock


ORDERED = (ROSTER, PROTOCOLS, UNBLINDINGS)
"""The topics that are told in order of their acts."""

_LIMIT = 500
_ANSWER = 10.0
_PAUSE = 0.2
"""Seconds between two looks at an empty outbox."""
_NEVER = (MessageSizeTooLargeError, RecordListTooLargeError)


@dataclass(frozen=True, slots=True)
class Relayed:
    """One round."""

    sent: tuple[OutboxItem, ...]
    given_up: tuple[OutboxItem, ...]
    """What the broker will never take."""
    fault: KafkaError | None
    """Why the rest was not sent."""
    leading: bool = True


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the outbox holds."""

    items: int
    oldest: datetime | None


class RelayWatch(Protocol):
    """Whoever wants to know."""

    def on_relayed(self, relayed: Relayed, waiting: Waiting) -> None:
        """After each round, an empty one too."""
        ...

    def on_trouble(self, trouble: Trouble) -> None:
        """Something around it is wrong; it waits."""
        ...


class Relay:
    """Relays one registry's outbox, a round at a time."""

    def __init__(
        self,
        store: Store,
        *,
        producer: Callable[[], Producer],
        headers: Callable[[str], list[tuple[str, bytes]]],
        clock: Clock,
        watch: RelayWatch,
    ) -> None:
        self._store = store
        self._make_producer = producer
        self._headers = headers
        self._clock = clock
        self._watch = watch
        self._producer: Producer | None = None
        self._patience = Patience()

    def step(self) -> float:
        """One round; gives the seconds to wait before the next."""
        try:
            relayed, waiting = self._round()
        except KafkaError as fault:
            return self._trouble("broker", fault)
        except Exception as fault:
            found = self._store.diagnosis(fault)
            if found is None or found.fault is not Fault.AWAY:
                raise
            return self._trouble("registry", fault)
        self._watch.on_relayed(relayed, waiting)
        if relayed.fault is not None:
            return self._trouble("broker", relayed.fault)
        self._patience.reset()
        return 0.0 if len(relayed.sent) == _LIMIT else _PAUSE

    @property
    def well(self) -> bool:
        """Whether the last round met with no trouble."""
        return self._patience.attempts == 0

    def close(self) -> None:
        """Let go of the broker."""
        self._drop(_ANSWER)

    def _drop(self, seconds: float) -> None:
        if self._producer is not None:
            with suppress(KafkaError):
                self._producer.close(timeout=seconds)
            self._producer = None

    def _round(self) -> tuple[Relayed, Waiting]:
        # The broker first: nothing in the registry is held while it is looked for.
        producer = self._connected()
        with self._store.transaction() as uow:
            if not uow.outbox.lead():
                return Relayed((), (), None, leading=False), _waiting(uow)
            relayed = self._send(uow.outbox.waiting(ORDERED, _LIMIT), producer)
            at = self._clock.now()
            for item in relayed.sent:
                uow.outbox.delivered(item.outbox_id, at=at)
            for item in relayed.given_up:
                told = "the broker takes no message of this size"
                uow.outbox.failed(item.outbox_id, error=told, next_attempt_at=None)
            return relayed, _waiting(uow)

    def _connected(self) -> Producer:
        if self._producer is None:
            self._producer = self._make_producer()
        return self._producer

    def _send(self, items: Sequence[OutboxItem], producer: Producer) -> Relayed:
        sent: list[OutboxItem] = []
        given_up: list[OutboxItem] = []
        for turn in turns(items):
            fault = self._send_turn(turn, producer, sent, given_up)
            if fault is not None:
                return Relayed(tuple(sent), tuple(given_up), fault)
        return Relayed(tuple(sent), tuple(given_up), None)

    def _send_turn(
        self,
        turn: Sequence[OutboxItem],
        producer: Producer,
        sent: list[OutboxItem],
        given_up: list[OutboxItem],
    ) -> KafkaError | None:
        """The fault that something else than the messages themselves is to blame for."""
        fault: KafkaError | None = None
        under_way = []
        for item in turn:
            try:
                under_way.append((item, self._sent(item, producer)))
            except _NEVER:
                given_up.append(item)
        with suppress(KafkaError):
            producer.flush(_ANSWER)
        for item, future in under_way:
            try:
                future.get(_ANSWER)
            except _NEVER:
                given_up.append(item)
            except KafkaError as found:
                fault = found
            else:
                sent.append(item)
        return fault

    def _sent(self, item: OutboxItem, producer: Producer) -> Sent:
        return producer.send(
            item.topic,
            item.payload.encode(),
            item.key.encode(),
            self._headers(item.outbox_id),
        )

    def _trouble(self, around: Around, fault: Exception) -> float:
        # What still lies in the producer must not come after what the next round sends.
        self._drop(0)
        attempt = self._patience.attempts + 1
        self._watch.on_trouble(Trouble(around=around, fault=fault, attempt=attempt))
        return self._patience.following()


def turns(items: Sequence[OutboxItem]) -> Iterator[list[OutboxItem]]:
    """The first of each key, then the second of each, and so on."""
    waiting: OrderedDict[tuple[str, str], deque[OutboxItem]] = OrderedDict()
    for item in items:
        waiting.setdefault((item.topic, item.key), deque()).append(item)
    while waiting:
        yield [queue.popleft() for queue in waiting.values()]
        for key in [key for key, queue in waiting.items() if not queue]:
            del waiting[key]


def _waiting(uow: UnitOfWork) -> Waiting:
    oldest = uow.outbox.waiting(ORDERED, 1)
    return Waiting(
        uow.outbox.count_waiting(ORDERED), oldest[0].created_at if oldest else None
    )
