"""What a worker does each second: checks that fell due, heads, patients to be woken.

A timer never touches a state: what is due becomes a message of the patient's log.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import cast

from faust.tables.manager import TableManager
from faust.types import AppT

from streams.app.live.clock import SteadyClock
from streams.app.live.dues import Place
from streams.app.live.house import House
from streams.app.live.in_order import InOrder
from streams.app.live.sending import Sender
from streams.app.observe.tracing import start
from streams.vocabulary.clock import iso
from streams.vocabulary.ids import identity
from streams.vocabulary.messages import LOGGED, ClockTick, encode
from streams.vocabulary.topics import EVENTS, RAW, TRACE_HEADER


_READ = frozenset({EVENTS, RAW})
_TICKS_AT_ONCE = 1_000
_WOKEN_AT_ONCE = 20
_MEASURED_EVERY = 30
_ASKED_EVERY = 5
"""Seconds between two questions of how much there is to read."""


@dataclass(slots=True)
class Timekeeper:
    """Of one worker; a shadow sends no ticks, it reads those of the live app."""

    app: AppT
    order: InOrder
    house: House
    clock: SteadyClock
    datadir: Path
    ticks: bool = True
    _scanned: int = -1
    """The generation of the house that was scanned."""
    _seconds: int = 0
    _asleep: list[Place] = field(default_factory=list)
    _asking: asyncio.Future[int] | None = None
    """The question that the broker has not answered yet."""

    def forget(self) -> None:
        """Partitions have changed hands."""
        self.order.forget()
        self.house.forget()

    async def second(self) -> None:
        """A second has passed."""
        if not self._ready():
            return
        self._seconds += 1
        self._ask()
        self.house.account.behind(
            self.order.unread(_READ),
            commits=self.order.consumer.commits,
            skipped=self.order.skipped,
        )
        if self._seconds % _MEASURED_EVERY == 0:
            self.house.account.stored(self.datadir)
        if self._scanned != self.house.generation:
            await self._scan()
        if self._asleep:
            some, self._asleep = (
                self._asleep[:_WOKEN_AT_ONCE],
                self._asleep[_WOKEN_AT_ONCE:],
            )
            await self.house.wake(some)
        if not self.house.turn.locked():
            await self.house.settle()
        if self.ticks:
            await self._tick()

    def _ask(self) -> None:
        """Ask the broker how much is left, and wait for no answer.

        What was fetched last says nothing of a broker that has stopped to answer: to
        a consumer it looks like one without records.
        """
        if self._asking is None:
            if self._seconds % _ASKED_EVERY == 0:
                self._asking = asyncio.ensure_future(self.order.behind(_READ))
        elif self._asking.done():
            asked, self._asking = self._asking, None
            if not asked.cancelled() and asked.exception() is None:
                self.house.account.told(asked.result())

    def _ready(self) -> bool:
        """Whether the tables are recovered and the partitions ours."""
        tables = cast("TableManager", self.app.tables)
        return not self.app.rebalancing and tables.recovery.completed.is_set()

    async def _scan(self) -> None:
        """Learn from the shelf who falls due when, and whose head is behind."""
        generation = self._scanned = self.house.generation
        self._asleep.clear()
        consumer = self.order.consumer
        mine = sorted(tp for tp in consumer.assignment() if tp.topic == EVENTS)
        ends = await consumer.highwaters(*mine)
        for tp in mine:
            if self.house.shelf.holds(tp.partition):
                async for place in self.house.behind(tp.partition, ends[tp]):
                    if generation != self.house.generation:
                        return
                    self._asleep.append(place)

    async def _tick(self) -> None:
        sender = Sender(self.app)
        fallen = self.house.dues.take(self.clock.now(), _TICKS_AT_ONCE)
        for due, (_, key) in fallen:
            tick = tick_of(key, due)
            await sender.send(
                EVENTS,
                key,
                encode(LOGGED, tick),
                headers={TRACE_HEADER: start(tick.message_id)},
            )
        await sender.settled()
        if fallen:
            self.house.account.metrics.ticks.add(len(fallen))


def tick_of(key: bytes, due: datetime) -> ClockTick:
    """Time has passed for this patient up to the moment of the check, and no further."""
    site, _, patient = key.decode().partition("/")
    return ClockTick(
        message_id=identity("tick", site, patient, iso(due)),
        site=site,
        patient=patient,
        happened_at=due,
        known_at=due,
        source="clock",
        provenance="live",
    )
