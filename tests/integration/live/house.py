"""A house of Ember's own processes on a real broker and database, for one test."""

import os
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path

from kafka.errors import KafkaError
from servers.groups import all_unread, ends, in_force

from streams.app.kafka.feeder import producer_for
from streams.app.kafka.topics import ensure_topics
from streams.app.protocols import shipped_protocols
from streams.pipeline.patient import Rules
from streams.vocabulary.topics import EVENTS, PROTOCOLS


EMBER = Path(sys.executable).with_name("ember")
RULES = Rules(
    protocols=shipped_protocols(),
    software_version=version("ember-registry"),
    outcomes_of_flags=True,
)
"""What `ember worker` judges by, once the protocols are in force."""
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
def house(broker, url, folder, *, workers, batch, covered=False, **settings):
    """Workers, consumer and archiver; with workers, the protocols in force.

    `settings` are further variables of every process.
    Where the processes are `covered`, what they run is measured too, and slow.
    """
    broker.clear()
    ensure_topics(broker.settings)
    environ = broker.environ(EMBER_REGISTRY=url, EMBER_BATCH=str(batch), **settings)
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
            value = in_force(protocol)
            producer.send(PROTOCOLS, key=protocol.id.encode(), value=value)
        producer.flush(60)
    partitions = broker.settings.partitions
    wait_until(lambda: sum(ends(broker.settings, EVENTS).values()) == partitions)


def feed(environ, *words):
    subprocess.run([EMBER, "feed", *words], env=environ, check=True, timeout=PATIENCE)


def settled(broker):
    """Whether every group has committed all there is."""
    return not any(all_unread(broker.settings).values())


def wait_until(holds, seconds=PATIENCE):
    """Ask often at first, then seldom: each asking costs what it waits for."""
    began = time.monotonic()
    while not _answered(holds):
        waited = time.monotonic() - began
        assert waited < seconds, "the house did not settle"
        time.sleep(0.25 if waited < 3 else 1)


def _answered(holds):
    try:
        return holds()
    except KafkaError:  # a broker under load may close a connection
        return False
