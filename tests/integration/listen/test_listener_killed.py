"""`ember listen` on a real broker, killed, and the broker stopped under it."""

import random
import signal
import time
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from integration.faults.processes import Process, Supervisor, ember
from integration.listen.commanded import (
    Engine,
    free_port,
    site_files,
    wait_until,
)
from integration.listen.house import message
from kafka import KafkaConsumer, TopicPartition

from streams.app.kafka.connection import kafka_python_options
from streams.app.kafka.topics import ensure_topics
from streams.app.readers import readers_of
from streams.pipeline.ingest import Received, ingest_as_written
from streams.vocabulary.topics import FORMAT_HEADER, RAW


pytestmark = [pytest.mark.kafka, pytest.mark.unmeasured]

ROUNDS = 3
SENDERS = 3


@pytest.fixture
def listener(broker, tmp_path):
    """An empty broker, `ember listen` under a supervisor, and its port."""
    port = free_port()
    broker.clear()
    ensure_topics(broker.settings)
    environ = broker.environ(
        EMBER_MLLP=f"127.0.0.1:{port}",
        EMBER_MLLP_PATIENCE=5,
        EMBER_LISTENER_DIR=tmp_path / "heard",
        **site_files(tmp_path),
    )
    with closing(Supervisor()) as supervisor:
        process = supervisor.add(
            Process("listen", [ember(), "listen"], environ, tmp_path / "listen.log")
        )
        yield broker, port, process, environ


def raw(settings):
    """Every record of ehr.raw."""
    with closing(KafkaConsumer(**kafka_python_options(settings))) as consumer:
        places = [
            TopicPartition(RAW, number) for number in consumer.partitions_for_topic(RAW)
        ]
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        left = sum(consumer.end_offsets(places).values())
        found = []
        while left:
            for some in consumer.poll(timeout_ms=1_000).values():
                found += some
                left -= len(some)
        return found


def effects(records, environ):
    """The ids of what the records tell, and each record's bytes as received."""
    readers = readers_of(environ)
    ids, payloads = Counter(), Counter()
    for record in records:
        headers = dict(record.headers)
        received = Received(
            topic=RAW,
            value=record.value,
            form=headers[FORMAT_HEADER].decode(),
            received_at=_at(record),
        )
        payloads[headers["ember-digest"].decode()] += 1
        for entry in ingest_as_written(received, readers).entries:
            assert entry.key == record.key
            ids[entry.message.message_id] += 1
    return ids, payloads


def _at(record):
    return datetime.fromtimestamp(record.timestamp / 1000, UTC)


def test_every_message_that_was_accepted_is_there_once_by_effect_however_often_it_is_killed(
    listener,
):
    broker, port, process, environ = listener
    engines = [
        Engine(
            port,
            [
                message(n, patient=f"{sender}-{n % 7}", msh={3: f"LAB{sender}"})
                for n in range(1 << 14)
            ],
        ).start()
        for sender in range(SENDERS)
    ]
    chance = random.Random(6)
    for number in range(ROUNDS):
        before = sum(len(engine.accepted) for engine in engines)
        wait_until(
            lambda before=before: sum(len(e.accepted) for e in engines) > before + 20
        )
        time.sleep(chance.uniform(0.0, 0.5))
        assert process.signal(signal.SIGKILL)
        wait_until(lambda number=number: process.starts > number + 1)
    before = sum(len(engine.accepted) for engine in engines)
    wait_until(lambda: sum(len(e.accepted) for e in engines) > before + 20)
    for engine in engines:
        engine.stop()
    ids, payloads = effects(raw(broker.settings), environ)
    accepted = [one for engine in engines for one in engine.accepted]
    assert len(accepted) > 20 * ROUNDS
    assert {sha256(one).hexdigest() for one in accepted} <= payloads.keys()
    assert len(ids) == len(payloads)  # a body that lies there twice is one message
    assert len(payloads) - len(accepted) <= SENDERS  # those under way at the end
    assert not any(engine.others for engine in engines)
    assert process.ends == [-signal.SIGKILL] * ROUNDS


def test_while_the_broker_is_silent_nothing_is_accepted_and_then_everything_is(
    listener,
):
    broker, port, process, environ = listener
    messages = [message(n, patient=f"{n}-1") for n in range(40)]
    engine = Engine(port, messages).start()
    wait_until(lambda: len(engine.accepted) > 5)
    broker.pause()
    try:
        time.sleep(0.5)
        held = len(engine.accepted)
        time.sleep(7)  # longer than the listener's patience
        assert len(engine.accepted) == held
    finally:
        broker.resume()
    wait_until(lambda: len(engine.accepted) == len(messages))
    engine.stop()
    assert engine.others == []
    assert process.ends == []
    ids, payloads = effects(raw(broker.settings), environ)
    assert len(ids) == len(payloads) == len(messages)
    assert set(payloads.values()) == {1}  # a message that waits is not sent twice


def test_a_listener_that_is_asked_to_stop_ends_well(listener):
    _, port, process, _ = listener
    engine = Engine(port, [message(1)]).start()
    wait_until(lambda: engine.accepted)
    engine.stop()
    assert process.end(signal.SIGTERM) == 0
    said = process.said()
    assert "stopped" in said
    for word in ("ROSSI", "AMALIA", "555-7"):
        assert word not in said
