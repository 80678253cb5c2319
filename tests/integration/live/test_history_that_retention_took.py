"""History that retention took before a worker let it in is told; the rest comes in."""

import asyncio
import json
import socket
import urllib.error
import urllib.request
from contextlib import closing
from dataclasses import replace

import pytest
from faust.types import TP
from integration.live.house import house, put_in_force, running, settled, wait_until
from integration.live.test_flow_and_state import send, simulated, waiting
from kafka import KafkaConsumer
from servers.groups import ends, unread

from streams.app.kafka.connection import kafka_python_options
from streams.app.kafka.feeder import producer_for
from streams.app.kafka.topics import ensure_topics
from streams.app.live.backfill import Backfill
from streams.vocabulary.messages import LOGGED, EhrMessage, decode
from streams.vocabulary.topics import BACKFILL, EVENTS


pytestmark = [pytest.mark.kafka, pytest.mark.postgres]


def trim(broker):
    """Take all the history there is now, as retention does; how many records."""
    gone = {place: end for place, end in ends(broker.settings, BACKFILL).items() if end}
    with broker.admin() as admin:
        admin.delete_records(gone)
    return sum(gone.values())


def history(name):
    return [replace(message, site=name) for message in simulated()[:60]]


def taken(broker):
    """The ids of the messages in the patients' logs, by site."""
    found = {}
    places = ends(broker.settings, EVENTS)
    with closing(KafkaConsumer(**kafka_python_options(broker.settings))) as reader:
        reader.assign(list(places))
        reader.seek_to_beginning()
        while any(reader.position(place) < end for place, end in places.items()):
            for records in reader.poll(timeout_ms=200).values():
                for record in records:
                    message = decode(LOGGED, record.value)
                    if isinstance(message, EhrMessage):
                        found.setdefault(message.site, []).append(message.message_id)
    return found


def asked(port, what):
    try:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{port}/{what}", timeout=5
        ) as got:
            return got.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.read().decode()
    except OSError:
        return ""


def failing(port):
    """The checks that do not hold; None where nobody answers yet."""
    answer = asked(port, "health")
    if not answer:
        return None
    return [check["name"] for check in json.loads(answer)["checks"] if not check["ok"]]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def told(log):
    """Faust's spinner may stand before a line."""
    lines = [
        json.loads(line[line.index("{") :])
        for line in log.read_text().splitlines()
        if "records gone unread" in line
    ]
    return [line for line in lines if line["topic"] == BACKFILL]


def test_history_that_is_gone_is_told_and_what_is_left_comes_in_once(
    broker, postgres, tmp_path
):
    port = free_port()
    with (
        postgres.database() as url,
        house(broker, url, tmp_path / "house", workers=0, batch=100) as environ,
    ):
        environ |= {"EMBER_HTTP": f"127.0.0.1:{port}"}
        worker = ("worker", "--datadir", str(tmp_path / "state"))
        logs = [tmp_path / f"worker-{number}.log" for number in range(3)]

        # New to a topic that was trimmed before: nothing is lost.
        send(broker, BACKFILL, history("before"))
        before = trim(broker)
        with running(environ, logs[0], *worker):
            put_in_force(broker)
            send(broker, BACKFILL, history("first"))
            wait_until(lambda: failing(port) == [])
            wait_until(lambda: waiting(broker, BACKFILL) == 0 and settled(broker))
        assert told(logs[0]) == []

        send(broker, BACKFILL, history("gone"))
        gone = trim(broker) - before - len(history("first"))
        assert gone == len(history("gone"))
        send(broker, BACKFILL, history("left"))
        with running(environ, logs[1], *worker):
            wait_until(lambda: failing(port) == ["nothing skipped"])
            wait_until(lambda: waiting(broker, BACKFILL) == 0 and settled(broker))
            metrics = asked(port, "metrics")
        assert f"ember_worker_skipped_total {gone}.0" in metrics
        assert (
            sum(line["next_offset"] - line["offset"] for line in told(logs[1])) == gone
        )

        with running(environ, logs[2], *worker):
            wait_until(lambda: failing(port) == [])
        assert told(logs[2]) == []

    found = taken(broker)
    assert found.keys() == {"first", "left"}
    for site in found:
        assert sorted(found[site]) == sorted(m.message_id for m in history(site))


class Door:
    """What a worker is to its history: it holds it back, or takes it in."""

    should_stop = False
    rebalancing = False

    def __init__(self, partitions):
        self.partitions = partitions
        self.skipped = 0
        self.waiting = 0
        self.taken = []
        self.gone = []
        self.lags = {}
        self.consumer = self.account = self.metrics = self
        self.backfill_waiting = self.lag = self

    def assignment(self):
        return {TP(EVENTS, partition) for partition in self.partitions}

    async def behind(self, _):
        return self.waiting

    def set(self, value, **place):
        if place:
            self.lags[place["topic"], place["partition"]] = value

    async def take(self, records):
        self.taken += records
        return True

    def tell(self, tp, first, following):
        self.gone.append((tp.topic, tp.partition, first, following))


async def met(holds):
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110  what is waited for tells nobody
            await asyncio.sleep(0.05)


def put(broker, partition, *values):
    with producer_for(broker.settings, BACKFILL) as producer:
        for value in values:
            producer.send(BACKFILL, key=b"k", value=value, partition=partition)
        producer.flush(60)


@pytest.mark.parametrize("left", [(), (b"r0", b"r1")])
def test_history_that_goes_while_it_gives_way_is_told_once_it_may_come_in(broker, left):
    broker.clear()
    ensure_topics(broker.settings)
    door = Door([3])
    backfill = Backfill(door, broker.settings, door, door, door.tell)

    async def given_way():
        history = asyncio.create_task(backfill.run())
        put(broker, 3, b"p0")
        await met(lambda: len(door.taken) == 1)
        door.waiting = 1_000_000
        await asyncio.sleep(1)
        put(broker, 3, b"fetched before it went")
        await asyncio.sleep(1)
        put(broker, 3, *(b"gone %d" % number for number in range(7)))
        trim(broker)
        put(broker, 3, *left)
        door.waiting = 0
        await met(lambda: door.skipped and len(door.taken) == 2 + len(left))
        await asyncio.sleep(1)
        door.should_stop = True
        await history

    asyncio.run(given_way())
    assert (door.skipped, door.gone) == (7, [(BACKFILL, 3, 2, 9)])
    values = [record.value for record in door.taken]
    assert values == [b"p0", b"fetched before it went", *left]
    assert unread(broker.settings, "ember.backfill") == 0


def test_how_much_history_waits_is_told_while_it_gives_way(broker):
    broker.clear()
    ensure_topics(broker.settings)
    door = Door([3])
    door.waiting = 1_000_000
    backfill = Backfill(door, broker.settings, door, door, door.tell)
    put(broker, 3, b"r0", b"r1", b"r2")

    async def waited():
        history = asyncio.create_task(backfill.run())
        await met(lambda: door.lags == {(BACKFILL, "3"): 3})
        assert door.taken == []
        door.waiting = 0
        await met(lambda: door.lags == {(BACKFILL, "3"): 0})
        door.partitions = [2]
        await met(lambda: door.lags.keys() == {(BACKFILL, "3"), (BACKFILL, "2")})
        door.should_stop = True
        await history

    asyncio.run(waited())
    assert len(door.taken) == 3
