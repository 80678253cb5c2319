"""A worker refuses what it cannot work with, and tells what went wrong around it."""

import json
import subprocess
import urllib.error
import urllib.request
from contextlib import contextmanager

import pytest
from integration.live.house import EMBER, put_in_force, running, wait_until
from kafka import KafkaProducer, TopicPartition
from servers.groups import unread

from streams.app.kafka.broker import free_port
from streams.app.kafka.connection import kafka_python_options
from streams.app.kafka.topics import ensure_topics
from streams.vocabulary.topics import RAW


pytestmark = [
    pytest.mark.kafka,
    pytest.mark.xdist_group("surroundings"),
]


@pytest.fixture(scope="module")
def own(fresh_broker):
    made = fresh_broker()
    ensure_topics(made.settings)
    return made


@contextmanager
def worker(broker, folder, name="state"):
    port = free_port()
    environ = broker.environ(EMBER_HTTP=f"127.0.0.1:{port}", EMBER_LOG="info")
    log = folder / f"{name}.log"
    words = ("worker", "--datadir", str(folder / name))
    with running(environ, log, *words) as process:
        yield process, lambda: health(port), log


def health(port):
    """The checks that do not hold; None where nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as ok:
            return unwell(ok.read())
    except urllib.error.HTTPError as fault:
        return unwell(fault.read())
    except OSError:
        return None


def unwell(body):
    return {one["name"] for one in json.loads(body)["checks"] if not one["ok"]}


def refused(broker, *words, **settings):
    for _ in range(5):
        done = subprocess.run(
            [EMBER, *words],
            env=broker.environ(**settings),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 1
        if "EMB-405" not in done.stderr:  # a broker under load may not answer in time
            break
    return done.stderr


def test_a_worker_that_counts_other_partitions_than_there_are_does_not_start(
    own, tmp_path
):
    told = refused(own, "worker", "--datadir", str(tmp_path / "s"), EMBER_PARTITIONS=6)
    assert "EMB-402" in told
    assert "4 partitions" in told


def test_two_workers_do_not_share_a_folder(own, tmp_path):
    with worker(own, tmp_path) as (_, unwell_checks, _):
        wait_until(lambda: unwell_checks() == set())
        told = refused(own, "worker", "--datadir", str(tmp_path / "state"))
    assert "EMB-402" in told
    assert "Another worker" in told


def test_a_worker_whose_broker_is_silent_says_so(own, tmp_path):
    with worker(own, tmp_path) as (_, unwell_checks, _):
        wait_until(lambda: unwell_checks() == set())
        own.pause()
        try:
            wait_until(lambda: "broker" in (unwell_checks() or ()), 60)
        finally:
            own.resume()


def test_records_that_are_gone_unread_are_told_and_are_behind_no_more(own, tmp_path):
    with worker(own, tmp_path) as (_, unwell_checks, _):
        wait_until(lambda: unwell_checks() == set())
        put_in_force(own)
        send_raw(own)
        wait_until(lambda: unread(own.settings, "ember", (RAW,)) == 0)
    send_raw(own)
    left = unread(own.settings, "ember", (RAW,))
    with own.admin() as admin:
        place = TopicPartition(RAW, 0)
        admin.delete_records({place: -1})
    with worker(own, tmp_path, "again") as (_, unwell_checks, log):
        wait_until(lambda: unwell_checks() == {"nothing skipped"})
        wait_until(lambda: unread(own.settings, "ember", (RAW,)) == 0)
    assert left > 0
    assert '"event":"records gone unread","level":"error"' in log.read_text("utf-8")


def send_raw(broker):
    """Records that nobody can read: each becomes a dead letter."""
    producer = KafkaProducer(**kafka_python_options(broker.settings))
    for number in range(10):
        producer.send(RAW, b"{", key=b"made-up/%d" % number, partition=0)
    producer.flush(60)
    producer.close()
