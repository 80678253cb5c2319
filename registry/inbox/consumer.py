"""The consumer: records, one transaction, dead letters, the offset; then the next.

Killed at any instant, it loses nothing and doubles nothing: what was committed to the
registry and not to Kafka is read again, and known by its id.
What is bad in itself is put aside as a dead letter that the broker has acknowledged;
what is wrong around it is waited for, with the same records in hand and the place in
the group kept.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Event
from typing import Any

from kafka.errors import KafkaError

from registry.inbox.clients import Log, Producer, Record
from registry.inbox.group import Group, Limits
from registry.inbox.letters import letter, post
from registry.inbox.reading import Applied, Reading
from registry.inbox.store import Store
from registry.inbox.waiting import Patience
from registry.inbox.watch import Account, Around, Trouble, Watch
from registry.usecases.faults import Diagnosis, Fault
from streams.vocabulary.clock import Clock
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.messages import DeadLetter


_RACES = 5
"""Who is late so often is not late: what it writes is there under another id."""
_LAG_EVERY = 5.0
_ANSWER = 10.0
_HOLD = 1.0
"""Seconds between two signs of life while it waits."""


@dataclass(frozen=True, slots=True)
class _Item:
    record: Record
    message: Any


class _StoppedError(Exception):
    """Asked to stop while it waited."""


class Consumer:
    """Reads one group's topics into one registry, in one thread."""

    def __init__(
        self,
        reading: Reading[Any],
        store: Store,
        *,
        join: Callable[[], Log],
        producer: Callable[[], Producer],
        clock: Clock,
        watch: Watch,
        limits: Limits,
    ) -> None:
        self._reading = reading
        self._store = store
        self._join = join
        self._make_producer = producer
        self._producer: Producer | None = None
        self._clock = clock
        self._watch = watch
        self._limits = limits
        self._patience = Patience()
        self._group: Group | None = None
        self._lag_at = 0.0

    def run(self, stopping: Event) -> None:
        """Go on until asked to stop; raises what nobody foresaw."""
        with suppress(_StoppedError):
            self._group = self._joined(stopping)
            while not stopping.is_set():
                self._round(self._group, stopping)
        if self._group is not None:
            self._group.leave()
        if self._producer is not None:
            self._producer.close(timeout=_ANSWER)

    def _joined(self, stopping: Event) -> Group:
        while True:
            try:
                log = self._join()
            except KafkaError as fault:
                self._wait("broker", fault, stopping)
            else:
                topics, told = self._reading.topics, self._watch.on_skipped
                return Group(log, topics, self._limits, told)

    def _round(self, group: Group, stopping: Event) -> None:
        try:
            portions = group.read()
        except KafkaError as fault:
            self._wait("broker", fault, stopping)
            return
        if group.moved():
            self._reading.forget()
        for portion in portions:
            self._settle(portion, group, stopping)
            if stopping.is_set():
                return
        self._measure(group)

    # -- one portion ---------------------------------------------------------------

    def _settle(self, records: Sequence[Record], group: Group, stopping: Event) -> None:
        began = time.monotonic()
        account = Account()
        letters: list[DeadLetter] = []
        items = self._decoded(records, account, letters)
        todo = deque([items] if items else [])
        while todo:
            part = todo.popleft()
            done = self._transact(part, stopping)
            if isinstance(done, Applied):
                self._count(part, done, account, letters)
            elif len(part) > 1:
                half = len(part) // 2
                todo.extendleft((part[half:], part[:half]))
            else:
                told = f"The registry cannot take it ({done.told})."
                refused = ErrorCode.MESSAGE_REFUSED
                self._reject(part[0].record, refused, told, account, letters)
        committed_at = self._clock.now()
        self._post(letters, stopping)
        try:
            group.settle(records)
        except KafkaError as fault:
            self._tell("broker", fault)
        else:
            self._patience.reset()
            self._watch.on_round()
        seconds = time.monotonic() - began
        self._watch.on_batch(account.closed(seconds=seconds, at=committed_at))

    def _decoded(
        self, records: Sequence[Record], account: Account, letters: list[DeadLetter]
    ) -> list[_Item]:
        items = []
        for record in records:
            try:
                message = self._reading.decode(record)
            except InputError as fault:
                self._reject(record, fault.code, fault.problem, account, letters)
                continue
            if message is None:
                account.records[record.topic, "ignored"] += 1
            else:
                items.append(_Item(record, message))
        return items

    def _transact(self, part: Sequence[_Item], stopping: Event) -> Applied | Diagnosis:
        """What became of them; a diagnosis where they themselves are at fault."""
        races = 0
        while True:
            try:
                with self._store.transaction() as uow:
                    done = self._reading.apply(
                        [item.message for item in part], uow, self._clock.now()
                    )
            except Exception as fault:
                self._reading.forget()
                found = self._store.diagnosis(fault)
                if found is None:
                    raise
                if found.fault is Fault.AWAY:
                    self._wait("registry", fault, stopping)
                elif found.fault is Fault.RACE and races < _RACES:
                    races += 1
                else:
                    return found
            else:
                self._patience.reset()
                return done

    def _count(
        self,
        part: Sequence[_Item],
        done: Applied,
        account: Account,
        letters: list[DeadLetter],
    ) -> None:
        repeated, conflicts = set(done.repeated), set(done.conflicts)
        for place, item in enumerate(part):
            if place in conflicts:
                told = f"Another message has the id {item.message.message_id}."
                code = ErrorCode.MESSAGE_CONFLICT
                self._reject(item.record, code, told, account, letters)
            elif place in repeated:
                account.records[item.record.topic, "repeated"] += 1
            else:
                account.records[item.record.topic, "applied"] += 1
                # A dead letter is of no provenance: nobody waits for it.
                if getattr(item.message, "provenance", None) == "live":
                    account.known.append(item.message.known_at)

    # -- what is bad in itself -----------------------------------------------------

    def _reject(
        self,
        record: Record,
        code: ErrorCode,
        reason: str,
        account: Account,
        letters: list[DeadLetter],
    ) -> None:
        account.records[record.topic, "rejected"] += 1
        written = letter(
            record,
            code=code.value,
            reason=reason,
            rejected_by=f"consumer.{self._reading.name}",
            at=self._clock.now(),
        )
        letters.append(written)
        self._watch.on_letter(written)

    def _post(self, letters: list[DeadLetter], stopping: Event) -> None:
        """Returns when the broker has them all."""
        while letters:
            try:
                if self._producer is None:
                    self._producer = self._make_producer()
                post(letters, self._producer, seconds=_ANSWER)
            except KafkaError as fault:
                self._wait("broker", fault, stopping)
            else:
                return

    # -- what is wrong around it ---------------------------------------------------

    def _wait(self, around: Around, fault: Exception, stopping: Event) -> None:
        """Be patient, and stay in the group; raises where it was asked to stop."""
        self._tell(around, fault)
        left = self._patience.following()
        while left > 0:
            if self._group is not None:
                self._group.hold()
            if stopping.wait(min(left, _HOLD)):
                raise _StoppedError
            left -= _HOLD

    def _tell(self, around: Around, fault: Exception) -> None:
        attempt = self._patience.attempts + 1
        self._watch.on_trouble(Trouble(around=around, fault=fault, attempt=attempt))

    def _measure(self, group: Group) -> None:
        if time.monotonic() - self._lag_at < _LAG_EVERY:
            return
        try:
            lag = group.lag()
            group.settle([])
        except KafkaError as fault:
            self._tell("broker", fault)
        else:
            self._watch.on_lag(lag)
            self._watch.on_round()
        self._lag_at = time.monotonic()
