"""The Faust app: two agents over the pure steps, and one that gives way to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from faust.tables.manager import TableManager
from faust.types import AppT, ChannelT, EventT, StreamT
from faust.types.topics import TopicT
from mode.supervisors import CrashingSupervisor

from streams.app.kafka.connection import faust_options
from streams.app.kafka.topics import APP_ID
from streams.app.live.account import Account
from streams.app.live.backfill import Backfill
from streams.app.live.clock import SteadyClock
from streams.app.live.consumer import App
from streams.app.live.house import Hook, House
from streams.app.live.in_order import Fetching, Gone, InOrder, told_nobody
from streams.app.live.intake import Intake
from streams.app.live.recollection import Recollection
from streams.app.live.rules import RuleBook
from streams.app.live.shelf import Shelf
from streams.app.live.timekeeper import Timekeeper
from streams.app.live.turn import Record
from streams.app.observe.metrics import Metrics
from streams.app.remembering import FhirSite
from streams.app.settings import KafkaSettings
from streams.pipeline.ingest import Reader
from streams.pipeline.patient import Rules
from streams.vocabulary.errors import ErrorCode, SettingsError
from streams.vocabulary.topics import EVENTS, PROTOCOLS, RAW, ROSTER


_COMMIT_PATIENCE = 2.0
"""Seconds a rebalance waits for a last commit."""
_LOG_APPEND = 1
"""Kafka's word for a time that the broker set."""
_TAKEN_IN = (RAW, ROSTER, PROTOCOLS)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerPlan:
    """What one worker is to be."""

    kafka: KafkaSettings
    datadir: Path
    rules: Rules
    """What is the same for all partitions; protocols come by their topic."""
    readers: Mapping[str, Reader] = field(default_factory=dict)
    """By form, who reads what lies on `ehr.raw` as its source wrote it."""
    fhir: FhirSite | None = None
    """What the readers of FHIR share; None where no site is configured."""
    batch: int = 1_000
    shadow: str | None = None
    """The name of a version that runs beside: it judges and tells only itself."""
    standby_replicas: int = 0
    session_timeout: float = 10.0
    clock: SteadyClock = field(default_factory=SteadyClock)
    hook: Hook = lambda _: None

    @property
    def app_id(self) -> str:
        """The consumer group, and the first part of changelogs' names."""
        return APP_ID if self.shadow is None else f"{APP_ID}-{self.shadow}"


Fatal = Callable[[BaseException], None]
"""Told of what is wrong around the worker, before it is raised."""


@dataclass(slots=True)
class LiveApp:
    """One worker's app and what it must do to stop well."""

    app: AppT
    plan: WorkerPlan
    order: InOrder
    house: House
    intake: Intake
    fatal: Fatal
    streams: dict[str, StreamT[bytes]] = field(default_factory=dict)
    """What each agent reads."""
    stopping: asyncio.Future[None] | None = None
    """The graceful stop, once it was asked for."""

    async def settle(self) -> None:
        """End the turns under way, write all heads, commit, and leave the group.

        The locks stay taken: no further record is judged.
        """
        await self.intake.turn.acquire()
        await self.house.turn.acquire()
        await self.house.close()
        await asyncio.sleep(0)  # the agents acknowledge what they carried out
        await self.app.consumer.commit()
        await self.app.consumer.stop()

    def is_ready(self) -> bool:
        """Whether the group gave this worker something, and its tables are recovered.

        Threads that answer probes may ask.  Until the group has spoken for the first
        time nothing of the app is touched: what it makes when it is first asked for, it
        makes for the event loop of the thread that asks, and would wait there for ever.
        """
        if not self.order.generation:
            return False
        tables = cast("TableManager", self.app.tables)
        recovered = tables.recovery.completed.is_set() and not self.app.rebalancing
        return recovered and bool(self.app.consumer.assignment())

    def partitions(self) -> list[int]:
        """Those whose patients' logs, and whose memory, are this worker's."""
        mine = self.app.consumer.assignment()
        return sorted(tp.partition for tp in mine if tp.topic == EVENTS)

    def is_empty(self, agent: str) -> bool:
        """Whether nothing that was fetched for an agent waits for it."""
        stream = self.streams.get(agent)
        return stream is None or cast("ChannelT[bytes]", stream.channel).queue.empty()

    async def work(
        self,
        name: str,
        stream: StreamT[bytes],
        take: Callable[[Sequence[Record]], Awaitable[bool]],
        *,
        size: int,
    ) -> None:
        """Take batches until the end; what was carried out may be committed."""
        self.streams[name] = stream
        try:
            async for batch in batches(stream, size):
                generation = self.order.generation
                accepted = await self.order.accept(batch)
                if not accepted:
                    continue
                if await take([_record(event) for event in accepted]):
                    self.order.carried_out(accepted, generation)
                else:
                    self.order.give_back(accepted, generation)
        except Exception as fault:
            self.fatal(fault)
            raise


def make_app(
    plan: WorkerPlan,
    metrics: Metrics,
    *,
    fatal: Fatal = lambda _: None,
    gone: Gone = told_nobody,
) -> LiveApp:
    """The Faust app of one worker; nothing is connected before it is started."""
    app = App(**_configuration(plan))
    order = InOrder(
        lambda: cast("Fetching", app.consumer),
        rebalancing=lambda: app.rebalancing,
        compacted=frozenset({PROTOCOLS}),
        gone=gone,
    )
    account = Account(metrics)
    shelf = Shelf(app, plan.kafka.partitions)
    house = House(
        shelf=shelf,
        rules=RuleBook(shelf, plan.rules),
        account=account,
        prefix="" if plan.shadow is None else f"shadow.{plan.shadow}.",
        hook=plan.hook,
    )
    recollection = None if plan.fhir is None else Recollection(shelf, plan.fhir)
    intake = Intake(
        app, plan.kafka.partitions, account, plan.readers, recollection=recollection
    )
    live = LiveApp(app, plan, order, house, intake, fatal)
    _patient_agent(live)
    if plan.shadow is None:
        _ingest_agent(live)
        _backfill_task(live, gone)
    _keep_time(
        live,
        Timekeeper(
            app, order, house, plan.clock, plan.datadir, ticks=plan.shadow is None
        ),
    )
    return live


def _patient_agent(live: LiveApp) -> None:
    """Detect, screen and follow up, in one pass over one patient's log."""

    @live.app.agent(_topic(live.app, EVENTS), name="patient")
    async def patient(stream: StreamT[bytes]) -> None:
        await live.work("patient", stream, live.house.take, size=live.plan.batch)


def _ingest_agent(live: LiveApp) -> None:
    """Bytes to events; and what the registry says, into the logs it concerns."""

    @live.app.agent(_topic(live.app, *_TAKEN_IN), name="ingest")
    async def ingest(stream: StreamT[bytes]) -> None:
        await live.work("ingest", stream, live.intake.take, size=live.plan.batch)


def _backfill_task(live: LiveApp, gone: Gone) -> None:
    """History, by a consumer of its own."""
    backfill = Backfill(live.app, live.plan.kafka, live.order, live.intake, gone)

    @live.app.task  # type: ignore[untyped-decorator]  # Faust's own
    async def history() -> None:
        try:
            await backfill.run()
        except Exception as fault:
            live.fatal(fault)
            raise


async def batches(
    stream: StreamT[bytes], size: int
) -> AsyncIterator[Sequence[EventT[bytes]]]:
    """What has arrived, `size` records at most; `InOrder` acknowledges, not Faust.

    Taken from the channel itself: Faust's own batches cost a record more than reading
    it does, and wait for records that do not come.
    """
    channel = aiter(cast("ChannelT[bytes]", stream.channel))
    while True:
        batch = [await channel.get()]
        while len(batch) < size and not channel.queue.empty():
            batch.append(channel.queue.get_nowait())
        yield batch


def _keep_time(live: LiveApp, keeper: Timekeeper) -> None:
    @live.app.on_partitions_revoked.connect
    async def revoked(*_: object, **__: object) -> None:
        # What is durable need not be done again by whom it goes to.
        with suppress(Exception):
            await asyncio.wait_for(live.app.consumer.commit(), _COMMIT_PATIENCE)
        keeper.forget()
        live.intake.forget()

    @live.app.on_partitions_assigned.connect
    async def assigned(*_: object, **__: object) -> None:
        keeper.forget()
        live.intake.forget()
        cast("App", live.app).changing_hands = False

    @live.app.timer(interval=1.0)
    async def second() -> None:
        try:
            await keeper.second()
            if not live.house.turn.locked() and live.is_empty("patient"):
                await live.order.look_after({EVENTS})
            if not live.intake.turn.locked() and live.is_empty("ingest"):
                await live.order.look_after(_TAKEN_IN)
            if live.plan.shadow is None and live.is_ready():
                await live.intake.let_go(live.partitions(), live.plan.clock.now())
        except Exception as fault:
            live.fatal(fault)
            raise


def _topic(app: AppT, *names: str) -> TopicT:
    return app.topic(
        *names,
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
    )


def _record(event: EventT[bytes]) -> Record:
    message = event.message
    if message.topic == RAW and message.timestamp_type != _LOG_APPEND:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"{RAW} keeps the sender's time of a record, and not the broker's.",
            "Set message.timestamp.type=LogAppendTime; `ember kafka topics` checks it.",
        )
    return Record(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        key=message.key or b"",
        value=message.value or b"",
        headers=dict(message.headers or {}),
        stamped_at=datetime.fromtimestamp(message.timestamp, UTC),
    )


def _configuration(plan: WorkerPlan) -> dict[str, Any]:
    return {
        **faust_options(plan.kafka),
        "id": plan.app_id,
        "autodiscover": False,
        "origin": "streams.app.live",
        "datadir": str(plan.datadir),
        "store": "rocksdb://",
        "topic_partitions": plan.kafka.partitions,
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        "table_standby_replicas": plan.standby_replicas,
        "agent_supervisor": CrashingSupervisor,
        "consumer_auto_offset_reset": "earliest",
        "broker_session_timeout": plan.session_timeout,
        "broker_heartbeat_interval": plan.session_timeout / 3,
        "broker_commit_interval": 0.5,
        "stream_wait_empty": False,  # a turn under way may end after a rebalance
        "stream_buffer_maxsize": 4096,
        "producer_linger": 0.005,
        "producer_max_request_size": 4 << 20,
        "web_enabled": False,
    }
