"""From the producing call of a record to the committed row it leads to.

Records are live: the broker's moment of receipt becomes the `known_at` of what is
said, which tells the record that decided.
PostgreSQL tells of each commit (NOTIFY in a trigger of the bench's own), so nothing
is polled; its disk is a real one and it waits for it (fsync).
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import chain, count
from pathlib import Path

import psycopg
from aiokafka import AIOKafkaProducer
from live.house import HEADERS, House
from live.load import Packet, again
from servers import postgres as postgres_server

from registry.store.migrate import migrate
from streams.app.kafka.connection import aiokafka_options
from streams.vocabulary.topics import EVENTS, ONSETS, OUTCOMES, RAW, SCREENINGS


WARM_UP = 5.0
"""Seconds at the beginning that do not count."""
_TRIGGER = """
CREATE FUNCTION bench_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('bench', concat_ws('|', TG_TABLE_NAME, NEW.site, NEW.patient,
    round(extract(epoch FROM NEW.known_at) * 1000)::bigint, NEW.message_id));
  RETURN NULL;
END $$;
CREATE TRIGGER bench_onset AFTER INSERT ON onset_revision
  FOR EACH ROW EXECUTE FUNCTION bench_tell();
CREATE TRIGGER bench_screening AFTER INSERT ON screening_revision
  FOR EACH ROW EXECUTE FUNCTION bench_tell();
"""


@dataclass(slots=True)
class Seen:
    """When records were handed over, by patient and broker's millisecond."""

    sent: dict[tuple[str, int], float] = field(default_factory=dict)
    acknowledged: list[float] = field(default_factory=list)
    rows: list[tuple[str, str, int, float]] = field(default_factory=list)
    """Table, patient, known at in milliseconds, seen at."""
    began: float = 0.0
    ended: float = 0.0


def latencies(
    house: House, base: Sequence[Packet], *, rates: Sequence[int], seconds: float
) -> dict[str, object]:
    """Percentiles in milliseconds at so many events a second."""
    live = [
        replace(
            p,
            value=p.value.replace(b'"provenance":"simulated"', b'"provenance":"live"'),
        )
        for p in base
    ]
    found: dict[str, object] = {}
    with _postgres() as server:
        for number, rate in enumerate(rates):
            name = f"bench_{number}"
            server.run(f"CREATE DATABASE {name}")
            url = server.url(name)
            migrate(url)
            seen = _run(house, url, live, rate=rate, seconds=seconds)
            found[f"{rate}_events_a_second"] = _figures(seen, rate)
    return found


@contextlib.contextmanager
def _postgres() -> Iterator[postgres_server.Server]:
    """On the disk of the temporary folder, and waiting for it at each commit."""
    where = Path(tempfile.mkdtemp(prefix="ember-bench-pg-"))
    try:
        with postgres_server._running(where) as server:  # noqa: SLF001
            server.run("ALTER SYSTEM SET fsync = on")
            server.run("SELECT pg_reload_conf()")
            yield server
    finally:
        shutil.rmtree(where, ignore_errors=True)


def _run(
    house: House, url: str, base: Sequence[Packet], *, rate: int, seconds: float
) -> Seen:
    house.empty()
    seen = Seen()
    with ExitStack() as stack, psycopg.connect(url, autocommit=True) as told:
        told.execute(_TRIGGER)
        told.execute("LISTEN bench")
        consumer = house.begin("consume", "verdicts", EMBER_REGISTRY=url)
        stack.callback(consumer.stop)
        stack.enter_context(house.workers(1))
        house.ready(consumer)
        stop = threading.Event()
        listening = threading.Thread(target=_listen, args=(told, seen, stop))
        listening.start()
        try:
            load = chain.from_iterable(again(base, epoch) for epoch in count())
            asyncio.run(_send(house, load, seen, rate=rate, seconds=seconds))
            house.settled([RAW, EVENTS])
            house.settled([ONSETS, SCREENINGS, OUTCOMES], group="ember.verdicts")
            time.sleep(0.5)
        finally:
            stop.set()
            listening.join()
    return seen


def _listen(told: psycopg.Connection, seen: Seen, stop: threading.Event) -> None:
    while not stop.is_set():
        for note in told.notifies(timeout=0.2):
            at = time.time()
            table, _, patient, known, _ = note.payload.split("|")
            seen.rows.append((table, patient, int(known), at))


async def _send(
    house: House,
    load: Iterator[Packet],
    seen: Seen,
    *,
    rate: int,
    seconds: float,
) -> None:
    """At an even pace; each record's moment is that before its producing call."""
    producer = AIOKafkaProducer(
        **aiokafka_options(house.broker.settings), acks="all", linger_ms=0
    )
    async with producer:
        waiting: list[asyncio.Task[None]] = []
        seen.began = began = time.time()
        events = 0
        while (due := events / rate) < seconds:
            ahead = began + due - time.time()
            if ahead > 0:
                await asyncio.sleep(ahead)
            packet = next(load)
            events += packet.events
            at = time.time()
            sent = await producer.send(RAW, packet.value, packet.key, headers=HEADERS)
            waiting.append(asyncio.ensure_future(_noted(sent, packet, at, seen)))
        seen.ended = time.time()
        await asyncio.gather(*waiting)


async def _noted(sent: asyncio.Future, packet: Packet, at: float, seen: Seen) -> None:
    told = await sent
    if at - seen.began >= WARM_UP:
        seen.acknowledged.append(time.time() - at)
        patient = packet.key.decode().partition("/")[2]
        seen.sent.setdefault((patient, told.timestamp), at)


def _figures(seen: Seen, rate: int) -> dict[str, object]:
    took: dict[str, list[float]] = defaultdict(list)
    for table, patient, known, at in seen.rows:
        sent = seen.sent.get((patient, known))
        if sent is not None:
            took[table].append(at - sent)
            took["all"].append(at - sent)
    return {
        "asked_events_per_second": rate,
        "seconds": round(seen.ended - seen.began, 1),
        "to_the_broker": _percentiles(seen.acknowledged),
        "to_a_committed_flag": _percentiles(took["onset_revision"]),
        "to_a_committed_verdict": _percentiles(took["screening_revision"]),
        "to_any_of_both": _percentiles(took["all"]),
    }


def _percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """In milliseconds; p99.9 is the largest where there are fewer than a thousand."""
    if not seconds:
        return {"n": 0}
    ordered = sorted(seconds)

    def at(share: float) -> float:
        return round(
            1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1
        )

    return {
        "n": len(ordered),
        "p50_ms": at(0.5),
        "p99_ms": at(0.99),
        "p99.9_ms": at(0.999),
        "max_ms": round(1000 * ordered[-1], 1),
    }
