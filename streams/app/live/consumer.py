"""Faust's consumer and app, in what Ember has them do otherwise.

Only what `InOrder` was told is carried out is committed; records are handed over
without two tasks for each; the end of a recovery is that of the present assignment.
What of Faust is not public is used in this file and in `shelf.py` alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import cast

import faust
from aiokafka.errors import IllegalStateError, KafkaError
from faust.tables.manager import TableManager
from faust.transport.consumer import RecordMap
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.transports import TransportT
from mode.services import Service
from mode.types import ServiceT


_FETCHED_WITHIN = 1.0
"""Seconds a fetch waits for records."""
_YIELD_EVERY = 100
"""Records handed over before other tasks get their turn."""


class StrictConsumer(driver.Consumer):
    """Faust's consumer, which commits what it is told and nothing else."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.through: dict[TP, int] = {}
        """The offset to read next, by partition, once everything before is durable."""
        self.confirmed: dict[TP, int] = {}
        """What the broker has of it; Faust notes a commit that failed as done."""
        self.commits = 0
        """How many the broker took."""

    def committed_at(self, tp: TP) -> int | None:
        """Where the group goes on, as of the last rebalance or commit."""
        return self._committed_offset.get(tp)

    def highwater(self, tp: TP) -> int:
        """The end of the partition; 0 where it is not, or no longer, ours."""
        try:
            return super().highwater(tp) or 0
        except AssertionError:  # the client's word for it
            return 0

    async def _seek(self, partition: TP, offset: int) -> None:
        """In the client's own thread; nothing where the partition is not ours now."""
        client = self._thread._ensure_consumer()  # noqa: SLF001 - Faust's own
        with suppress(IllegalStateError):
            await self._thread.call_thread(client.seek, partition, offset)

    def _filter_committable_offsets(self, tps: Iterable[TP]) -> dict[TP, int]:  # noqa: ARG002 - ours count
        return {
            tp: offset
            for tp, offset in self.through.items()
            if offset != self.confirmed.get(tp)
        }

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        done = await super()._commit(offsets)
        if done:
            self.confirmed.update(offsets)
            self.commits += 1
        return done

    async def _drain_messages(self, fetcher: ServiceT) -> None:
        """Hand over what is fetched, until the fetcher is stopped.

        Faust makes two tasks of each record, so that a rebalance can interrupt its
        handing over; here a record that was handed over too late is not accepted.
        """
        stopped = (self, cast("Service", fetcher))
        try:
            while not any(service.should_stop for service in stopped):
                await asyncio.sleep(0)
                records, active = await self._wait_next_records(_FETCHED_WITHIN)
                if records and not self.flow_active:
                    with suppress(KafkaError):  # the recovery seeks again
                        await self.perform_seek()
                elif records:
                    await self._hand_over(records, active)
        except self.consumer_stopped_errors:
            if not self.app.should_stop:
                raise

    async def _hand_over(self, records: RecordMap, active: set[TP] | None) -> None:
        generation = self.app.consumer_generation_id
        for number, (tp, record) in enumerate(self.scheduler.iterate(records), 1):
            if number % _YIELD_EVERY == 0:
                await asyncio.sleep(0)
            if not self.flow_active or generation != self.app.consumer_generation_id:
                return
            if active is None or tp in active or tp in self._buffered_partitions:
                read = self._read_offset[tp]
                if read is None or record.offset >= read:
                    await self.callback(self._to_message(tp, record))
                    self._read_offset[tp] = record.offset

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """A gap is sought again, never acknowledged."""


class StrictTransport(driver.Transport):
    """The transport of `StrictConsumer`."""

    Consumer = StrictConsumer


class App(faust.App):
    """A Faust app on the strict transport, without Faust's own monitor."""

    changing_hands = False
    """Whether partitions were revoked, and what comes instead is not known yet."""

    def on_rebalance_start(self) -> None:
        """Partitions are being revoked; Faust calls it from the client's thread."""
        self.changing_hands = True
        super().on_rebalance_start()

    def on_rebalance_end(self) -> None:
        """The tables are recovered; of an assignment that is over, it means nothing."""
        recovery = cast("TableManager", self.tables).recovery
        if not self.changing_hands and not recovery.signal_recovery_start.is_set():
            super().on_rebalance_end()

    def _new_transport(self) -> TransportT:
        return StrictTransport(self.conf.broker_consumer, self)

    def on_init_dependencies(self) -> Iterable[ServiceT]:
        """What starts with the app; the monitor is added here, and let go again."""
        services = super().on_init_dependencies()
        self.sensors.remove(self.monitor)  # a dict a message, and nobody reads it
        return services
