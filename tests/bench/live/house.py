"""One broker, its topics, and the processes of Ember that are measured."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
from aiokafka import AIOKafkaProducer
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from live.load import Packet
from servers.broker import Broker, own_broker
from servers.groups import ends, in_force

from streams.app.kafka.broker import free_port
from streams.app.kafka.connection import aiokafka_options, kafka_python_options
from streams.app.kafka.reach import require_kafka
from streams.app.kafka.topics import ensure_topics
from streams.app.protocols import shipped_protocols
from streams.app.settings import kafka_settings
from streams.vocabulary.topics import (
    CANONICAL,
    EVENTS,
    FORMAT_HEADER,
    PROTOCOLS,
    TRACE_HEADER,
)


EMBER = Path(sys.executable).with_name("ember")
PATIENCE = 420.0
START_SECONDS = 180.0
"""Seconds anything may take, and a start; a bench that hangs tells nothing."""
HEADERS = [
    (FORMAT_HEADER, CANONICAL.encode()),
    (TRACE_HEADER, b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
]


class Process:
    """One process of Ember, and what it has cost."""

    def __init__(self, popen: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.popen, self.port, self.log = popen, port, log
        self.ended = False
        self._seen = psutil.Process(popen.pid)

    def cpu(self) -> float:
        """User and system seconds so far, of all its threads."""
        times = self._seen.cpu_times()
        return times.user + times.system

    def rss(self) -> int:
        """Bytes of memory it holds now."""
        return self._seen.memory_info().rss

    def healthy(self) -> bool:
        """Whether it says so."""
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}/health", timeout=5
            ) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def metrics(self) -> str:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{self.port}/metrics", timeout=10
        ) as answer:
            return answer.read().decode()

    def pause(self) -> None:
        self.popen.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.popen.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """In good order; at once where that takes too long."""
        self.ended = True
        self.resume()
        self.popen.terminate()
        try:
            self.popen.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        self.ended = True
        self.popen.kill()
        self.popen.wait(10)


class House:
    """A broker of our own, or the one EMBER_KAFKA names, and a folder."""

    def __init__(self, broker: Broker, folder: Path) -> None:
        self.broker, self.folder = broker, folder
        self._begun = 0
        self._processes: list[Process] = []

    # -- the broker ----------------------------------------------------------------

    def empty(self) -> None:
        """New topics, with the shipped protocols waiting to come into force."""
        self.broker.clear()
        ensure_topics(self.broker.settings)

    def broker_cpu(self) -> float:
        """Seconds the broker has used; 0 where it is not ours to look at."""
        if not self.broker.own:
            return 0.0
        times = psutil.Process(self.broker.process.pid).cpu_times()
        return times.user + times.system

    def fill(
        self, topic: str, load: Iterable[Packet], *, partition: int | None = None
    ) -> None:
        """Put all records there, as fast as the broker takes them."""
        asyncio.run(self._fill(topic, load, partition))

    async def _fill(
        self, topic: str, load: Iterable[Packet], partition: int | None
    ) -> None:
        producer = AIOKafkaProducer(
            **aiokafka_options(self.broker.settings),
            linger_ms=5,
            max_batch_size=256 << 10,
            acks="all",
        )
        async with producer:
            sent = [
                await producer.send(topic, p.value, p.key, partition, headers=HEADERS)
                for p in load
            ]
            for each in sent:
                await each

    def put_in_force(self) -> None:
        """Tell the shipped protocols, and wait until every log has them."""
        producer = KafkaProducer(**kafka_python_options(self.broker.settings))
        for protocol in shipped_protocols():
            value = in_force(protocol)
            producer.send(PROTOCOLS, key=protocol.id.encode(), value=value)
        producer.close()
        wanted = len(shipped_protocols()) * self.broker.settings.partitions
        wait_until(
            lambda: sum(self.ends(EVENTS).values()) >= wanted,
            "protocols",
            seconds=START_SECONDS,
        )
        self.settled((EVENTS,))

    def ends(self, *topics: str) -> dict[TopicPartition, int]:
        """The end of each partition."""
        return ends(self.broker.settings, *topics)

    def settled(self, topics: Sequence[str], *, group: str = "ember") -> None:
        """Wait until the group has committed all there is, and nothing more comes."""
        options = kafka_python_options(self.broker.settings)
        with (
            closing(KafkaAdminClient(**options)) as admin,
            closing(KafkaConsumer(**options)) as consumer,
        ):
            all_places = places(consumer, topics)

            def through() -> bool:
                self.hold()
                committed = admin.list_group_offsets(group)[group]
                ends = consumer.end_offsets(all_places)
                read = {at: committed.get(at) for at in ends}
                return all(
                    not end or (read[at] is not None and read[at].offset >= end)
                    for at, end in ends.items()
                )

            wait_until(through, f"{group} on {', '.join(topics)}", every=0.05)

    def bytes_of(self, *prefixes: str) -> int:
        """What the broker's disk holds of the topics so named; 0 for one not ours."""
        if self.broker.plan is None:
            return 0
        data = self.broker.plan.folder / "data"
        return sum(
            file.stat().st_size
            for folder in data.iterdir()
            if folder.name.startswith(prefixes)
            for file in folder.glob("*.log")
        )

    # -- processes -----------------------------------------------------------------

    @contextmanager
    def workers(self, count: int, **settings: object) -> Iterator[list[Process]]:
        """So many workers, each with a new folder, all of them ready."""
        begun = [self.begin_worker(**settings) for _ in range(count)]
        try:
            for process in begun:
                self.ready(process)
            self.put_in_force()
            yield begun
        finally:
            for process in begun:
                process.stop()

    def begin_worker(self, datadir: Path | None = None, **settings: object) -> Process:
        """Start one, without waiting for it."""
        self._begun += 1
        where = datadir or self.folder / f"state-{self._begun}"
        return self.begin("worker", "--datadir", str(where), **settings)

    def begin(self, *words: str, **settings: object) -> Process:
        """Start one process with a port for its health."""
        self._begun += 1
        log, port = self.folder / f"{words[0]}-{self._begun}.log", free_port()
        environ = self.broker.environ(
            EMBER_HTTP=f"127.0.0.1:{port}", EMBER_LOG="warning", **settings
        )
        with log.open("wb") as out:
            popen = subprocess.Popen(
                [EMBER, *words], env=environ, stdout=out, stderr=out
            )
        self._processes.append(Process(popen, port, log))
        return self._processes[-1]

    def hold(self) -> None:
        """Stop the bench where a process has ended that nobody ended."""
        for process in self._processes:
            if not process.ended and process.popen.poll() is not None:
                said = process.log.read_text()[-800:]
                raise SystemExit(f"a process ended by itself: {said}")

    def ready(self, process: Process) -> None:
        """Wait until the process is healthy."""

        def holds() -> bool:
            self.hold()
            return process.healthy()

        wait_until(holds, "health", every=0.05, seconds=START_SECONDS)


@contextmanager
def opened_house() -> Iterator[House]:
    """A broker for this run, gone afterwards; EMBER_KAFKA names another."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and clean up
    environ = {k: v for k, v in psutil.Process().environ().items() if "EMBER_K" in k}
    with tempfile.TemporaryDirectory(prefix="ember-bench-") as made:
        folder = Path(made)
        if environ.get("EMBER_KAFKA"):
            settings = kafka_settings(environ)
            require_kafka(settings)
            yield House(Broker(settings, None), folder)
            return
        with closing(
            own_broker(folder, partitions=12, heap="1g", short_lived=False)
        ) as broker:
            yield House(broker, folder)


def places(consumer: KafkaConsumer, topics: Iterable[str]) -> list[TopicPartition]:
    return [
        TopicPartition(topic, partition)
        for topic in topics
        for partition in consumer.partitions_for_topic(topic) or ()
    ]


def wait_until(
    holds: Callable[[], bool],
    what: str,
    *,
    every: float = 0.2,
    seconds: float = PATIENCE,
) -> None:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            raise SystemExit(f"waited {seconds:.0f} s in vain for: {what}")
        time.sleep(every)
