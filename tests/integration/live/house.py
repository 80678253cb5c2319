"""A house of Ember's own processes on a real broker and database, for one test."""

import os
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from streams.app.kafka.connection import kafka_python_options
from streams.app.kafka.feeder import producer_for
from streams.app.kafka.topics import SINGLE, ensure_topics
from streams.app.protocols import shipped_protocols
from streams.pipeline.patient import Rules
from streams.vocabulary.messages import PROTOCOL_IN_FORCE, ProtocolInForce, encode
from streams.vocabulary.protocol import canonical_json
from streams.vocabulary.topics import (
    BACKFILL,
    EVENTS,
    ONSETS,
    OUTCOMES,
    PROTOCOLS,
    RAW,
    ROSTER,
    SCREENINGS,
)


EMBER = Path(sys.executable).with_name("ember")
RULES = Rules(
    protocols=shipped_protocols(),
    software_version=version("ember-registry"),
    outcomes_of_flags=True,
)
"""What `ember worker` judges by, once the protocols are in force."""
GROUPS = {
    "ember": (RAW, ROSTER, PROTOCOLS, EVENTS),
    "ember.backfill": (BACKFILL,),
    "ember.verdicts": (ONSETS, SCREENINGS, OUTCOMES),
    "ember.archive": (EVENTS,),
}
PATIENCE = 240.0


@contextmanager
def running(environ, log, *words):
    with log.open("wb") as out:
        process = subprocess.Popen([EMBER, *words], env=environ, stderr=out, stdout=out)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)


@contextmanager
def house(broker, url, folder, *, workers, batch, covered=False):
    """Workers, consumer and archiver; with workers, the protocols in force.

    Where the processes are `covered`, what they run is measured too, and slow.
    """
    broker.clear()
    ensure_topics(broker.settings)
    environ = broker.environ(EMBER_REGISTRY=url, EMBER_BATCH=str(batch))
    if covered:
        environ |= {k: v for k, v in os.environ.items() if k.startswith("COVERAGE_")}
    folder.mkdir()
    with ExitStack() as processes:
        for what in ("verdicts", "archive"):
            log = folder / f"{what}.log"
            processes.enter_context(running(environ, log, "consume", what))
        for number in range(workers):
            log, state = folder / f"worker-{number}.log", folder / f"state-{number}"
            processes.enter_context(
                running(environ, log, "worker", "--datadir", str(state))
            )
        if workers:
            put_in_force(broker)
        yield environ


def put_in_force(broker):
    with producer_for(broker.settings, PROTOCOLS) as producer:
        for protocol in RULES.protocols:
            told = ProtocolInForce(
                message_id=protocol.digest,
                trial=protocol.id,
                version=protocol.version,
                protocol_hash=protocol.digest,
                revision=1,
                activated_at=datetime(2026, 1, 1, tzinfo=UTC),
                document=canonical_json(protocol),
            )
            value = encode(PROTOCOL_IN_FORCE, told)
            producer.send(PROTOCOLS, key=protocol.id.encode(), value=value)
        producer.flush(60)
    partitions = broker.settings.partitions
    wait_until(lambda: sum(ends(broker, (EVENTS,)).values()) == partitions)


def feed(environ, *words):
    subprocess.run([EMBER, "feed", *words], env=environ, check=True, timeout=PATIENCE)


def settled(broker):
    """Whether every group has committed all there is."""
    admin = KafkaAdminClient(**kafka_python_options(broker.settings))
    try:
        for group, topics in GROUPS.items():
            committed = admin.list_group_offsets(group).get(group, {})
            for place, end in ends(broker, topics).items():
                read = committed.get(place)
                if end and (read is None or read.offset < end):
                    return False
    finally:
        admin.close()
    return True


def ends(broker, topics):
    consumer = KafkaConsumer(**kafka_python_options(broker.settings))
    try:
        places = [
            TopicPartition(topic, partition)
            for topic in topics
            for partition in range(1 if topic in SINGLE else broker.settings.partitions)
        ]
        return consumer.end_offsets(places)
    finally:
        consumer.close()


def wait_until(holds, seconds=PATIENCE):
    until = time.monotonic() + seconds
    while not _answered(holds):
        assert time.monotonic() < until, "the house did not settle"
        time.sleep(0.25)


def _answered(holds):
    try:
        return holds()
    except KafkaError:  # a broker under load may close a connection
        return False
