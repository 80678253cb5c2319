"""A real Apache Kafka, started for the session, and empty ones for who wants one.

Where `EMBER_KAFKA` is set, the session's broker is the one it names; tests that must
stop, pause or empty a broker then skip.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from servers.absent import missing

from streams.app.kafka.broker import BrokerPlan, free_port, start
from streams.app.kafka.connection import kafka_python_options
from streams.app.kafka.jars import kafka_jars
from streams.app.kafka.reach import require_kafka
from streams.app.settings import KafkaSettings, kafka_settings
from streams.vocabulary.errors import SettingsError


PARTITIONS = 4
"""Of the topics of a test's house: as many as its largest team of workers; each costs."""
PORTS_TRIED = 3
STOP_SECONDS = 30


class Broker:
    """A broker, and what may be done to it; `plan` is None for one not of our own."""

    def __init__(self, settings: KafkaSettings, plan: BrokerPlan | None) -> None:
        self.settings = settings
        self.plan = plan
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def own(self) -> bool:
        return self.plan is not None

    @property
    def servers(self) -> str:
        return ",".join(self.settings.servers)

    def environ(self, **more: object) -> dict[str, str]:
        """The environment of a process of Ember that speaks to this broker.

        Coverage is not measured in it: that doubles the time it takes to start.
        """
        named = os.environ.items()
        kept = {
            k: v
            for k, v in named
            if not k.startswith(("EMBER_", "COVERAGE_"))
            or (not self.own and "KAFKA" in k)
        }
        return {
            **kept,
            "EMBER_KAFKA": self.servers,
            "EMBER_PARTITIONS": str(self.settings.partitions),
            **{name: str(text) for name, text in more.items()},
        }

    @property
    def process(self) -> subprocess.Popen[bytes]:
        if self.plan is None:
            pytest.skip("EMBER_KAFKA NAMES A BROKER THAT IS NOT OURS TO STOP OR EMPTY")
        assert self._process is not None, "the broker is stopped"
        return self._process

    def start(self) -> None:
        """On the data and the port it had."""
        if self.plan is None:
            pytest.skip("EMBER_KAFKA NAMES A BROKER THAT IS NOT OURS TO START")
        assert self._process is None, "the broker runs already"
        self._process = start(self.plan)

    def stop(self) -> None:
        """In good order; one that is paused goes on first."""
        self.resume()
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """At once, as a power cut does."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        self.stop()
        self.start()

    def pause(self) -> None:
        """On return it runs no more: a thread under way may outlive the signal."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        if self._process is not None:
            self.kill()

    @contextmanager
    def admin(self) -> Iterator[KafkaAdminClient]:
        with closing(KafkaAdminClient(**kafka_python_options(self.settings))) as admin:
            yield admin

    def clear(self) -> None:
        """Delete every topic and group of ours, and wait until they are gone."""
        assert self.process.poll() is None
        with self.admin() as admin:
            groups = [group["group_id"] for group in admin.list_groups()]
            if groups:
                admin.delete_groups(groups)
            if ours := _ours(admin):
                admin.delete_topics(ours)
            deadline = time.monotonic() + 20
            while _ours(admin):
                assert time.monotonic() < deadline, "topics were not deleted"
                time.sleep(0.05)

    def _end(self, how: signal.Signals) -> None:
        process = self.process
        process.send_signal(how)
        process.wait(timeout=STOP_SECONDS)
        self._process = None


def _ours(admin: KafkaAdminClient) -> list[str]:
    return [name for name in admin.list_topics() if not name.startswith("__")]


def own_broker(folder: Path, *, partitions: int = PARTITIONS, **plan: object) -> Broker:
    """Start one on a free port; somebody may take that port first, so try again.

    `plan` are a `BrokerPlan`'s; a `client` of it says itself how many `partitions`.
    """
    try:
        kafka_jars()
    except SettingsError as fault:
        missing(f"Kafka ({fault})")
    for tried in range(PORTS_TRIED):
        made = BrokerPlan(
            folder=folder / f"broker-{tried}",
            **{"port": free_port(), "short_lived": True, **plan},
        )
        asked_as = made.client or replace(made.asked_as, partitions=partitions)
        broker = Broker(asked_as, made)
        try:
            broker.start()
        except SettingsError:
            if tried == PORTS_TRIED - 1:
                raise
        else:
            return broker
    raise AssertionError


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """The session's broker; whoever stops or pauses it starts it again."""
    if os.environ.get("EMBER_KAFKA"):
        settings = replace(kafka_settings(os.environ), partitions=PARTITIONS)
        require_kafka(settings)
        yield Broker(settings, None)
        return
    with closing(own_broker(tmp_path_factory.mktemp("kafka"))) as started:
        yield started


@pytest.fixture(scope="module")
def fresh_broker(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., Broker]]:
    """Makes brokers of the module's own, empty; the arguments are a `BrokerPlan`'s."""
    made: list[Broker] = []

    def make(**plan: object) -> Broker:
        made.append(own_broker(tmp_path_factory.mktemp("kafka"), **plan))
        return made[-1]

    yield make
    for each in made:
        each.close()
