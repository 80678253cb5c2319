"""Processes of the registry on a real broker and a real PostgreSQL."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from kafka import KafkaConsumer
from kafka.structs import TopicPartition
from servers.groups import unread

from registry.app.clocks import SystemClock
from registry.app.kafka import join, producer
from registry.inbox.consumer import Consumer
from registry.inbox.group import Limits
from registry.store.unit_of_work import open_registry
from streams.vocabulary.events import Location, Measurement
from streams.vocabulary.ids import (
    flag_identity,
    outcome_identity,
    revision_identity,
    screening_identity,
)
from streams.vocabulary.messages import (
    CLOCK_TICK,
    DEAD_LETTER,
    EHR_MESSAGE,
    SEPSIS_ONSET,
    TRIAL_OUTCOME,
    TRIAL_SCREENING,
    ClockTick,
    EhrMessage,
    SepsisOnset,
    TrialOutcome,
    TrialScreening,
    decode,
    encode,
)
from streams.vocabulary.topics import (
    EVENTS,
    ONSETS,
    OUTCOMES,
    REJECTED,
    SCREENINGS,
    patient_key,
)


SECOND = timedelta(seconds=1)
PATIENCE = 120.0
PARTITIONS = 3


def now():
    return datetime.now(UTC)


def until(what, seconds=PATIENCE):
    """What comes true in time, and what it gave."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)
    return found


def onset(patient="p1", revision=0, **changed):
    flag = flag_identity(
        site="north",
        patient=patient,
        definition="sepsis3",
        policy="ember",
        episode="e1",
    )
    told = {
        "message_id": revision_identity(flag, revision),
        "site": "north",
        "patient": patient,
        "happened_at": now() - SECOND,
        "known_at": now(),
        "source": "detect",
        "provenance": "live",
        "flag_id": flag,
        "revision": revision,
        "status": "provisional",
        "definition": "sepsis3",
        "definition_version": "1",
        "policy": "ember",
        "episode": "e1",
        "score": 4,
    }
    return SepsisOnset(**(told | changed))


def screening(patient="p1", revision=0, **changed):
    screened = screening_identity(
        site="north", patient=patient, trial="TIDE", domain="fluids", episode="e1"
    )
    told = {
        "message_id": revision_identity(screened, revision),
        "site": "north",
        "patient": patient,
        "happened_at": now() - SECOND,
        "known_at": now(),
        "source": "screen",
        "provenance": "live",
        "screening_id": screened,
        "revision": revision,
        "status": "needs_data",
        "trial": "TIDE",
        "domain": "fluids",
        "episode": "e1",
        "protocol_version": "1",
        "protocol_hash": "hash",
        "software_version": "1",
        "definition_version": "1",
        "anchor": "onset.known_at",
        "anchor_at": now(),
        "deadline": now() + timedelta(hours=6),
        "window_open": True,
    }
    return TrialScreening(**(told | changed))


def outcome(patient="p1", revision=0, **changed):
    counted = outcome_identity(
        site="north", patient=patient, trial="TIDE", outcome="death28", episode="e1"
    )
    told = {
        "message_id": revision_identity(counted, revision),
        "site": "north",
        "patient": patient,
        "happened_at": now() - SECOND,
        "known_at": now(),
        "source": "follow_up",
        "provenance": "live",
        "outcome_id": counted,
        "revision": revision,
        "trial": "TIDE",
        "episode": "e1",
        "outcome": "death28",
        "definition_version": "1",
        "status": "pending",
    }
    return TrialOutcome(**(told | changed))


def lactate(name, at=None, **changed):
    at = at or now()
    told = {
        "event_id": name,
        "happened_at": at,
        "known_at": at,
        "concept": "lactate",
        "value": 2.0,
    }
    return Measurement(**(told | changed))


def moved(name, ward, at=None, phase="entered"):
    at = at or now()
    return Location(event_id=name, happened_at=at, known_at=at, phase=phase, ward=ward)


def ehr(name, *events, patient="p1", **changed):
    told = {
        "message_id": name,
        "site": "north",
        "patient": patient,
        "happened_at": now(),
        "known_at": now(),
        "source": "lab",
        "provenance": "live",
        "events": events or (lactate(f"{name}-0"),),
    }
    return EhrMessage(**(told | changed))


_KINDS = {
    SepsisOnset: (ONSETS, SEPSIS_ONSET),
    TrialScreening: (SCREENINGS, TRIAL_SCREENING),
    TrialOutcome: (OUTCOMES, TRIAL_OUTCOME),
    EhrMessage: (EVENTS, EHR_MESSAGE),
    ClockTick: (EVENTS, CLOCK_TICK),
}


class Heard:
    """What consumers told."""

    def __init__(self):
        self.records = Counter()
        self.troubles = []
        self.skipped = []
        self.lag = None
        self.rounds = 0

    def on_batch(self, account):
        self.records.update(account.records)

    def on_round(self):
        self.rounds += 1

    def on_lag(self, records):
        self.lag = dict(records)

    def on_letter(self, letter):
        pass

    def on_skipped(self, skipped):
        self.skipped.append(skipped)

    def on_trouble(self, trouble):
        self.troubles.append(trouble)


@dataclass
class House:
    """A broker with our topics, a registry, and the processes of a test."""

    broker: object
    url: str
    folder: Path
    running: list = field(default_factory=list)

    def send(self, *messages):
        for message in messages:
            topic, adapter = _KINDS[type(message)]
            key = patient_key(message.site, message.patient)
            self.producer.send(topic, encode(adapter, message), key)
        self.producer.flush(PATIENCE)

    def send_bytes(self, topic, value, key=b"north/p1"):
        self.producer.send(topic, value, key)
        self.producer.flush(PATIENCE)

    @contextmanager
    def process(self, *command, **environ):
        """An `ember` of its own; whatever is left of it at the end is killed."""
        log = self.folder / f"log-{len(self.running)}"
        with log.open("wb") as out:
            started = subprocess.Popen(
                [str(Path(sys.executable).with_name("ember")), *command],
                env=self.broker.environ(EMBER_REGISTRY=self.url, **environ),
                stdout=out,
                stderr=out,
            )
        started.log = log
        self.running.append(started)
        try:
            yield started
        finally:
            if started.poll() is None:
                started.kill()
            started.wait(10)

    @contextmanager
    def consuming(self, *readings):
        """Consumers in threads of this process, on clients of their own."""
        watch, stopping = Heard(), threading.Event()
        with (
            closing(open_registry(self.url)) as book,
            ThreadPoolExecutor(len(readings)) as threads,
        ):
            running = [
                threads.submit(self.consumer(r, book, watch).run, stopping)
                for r in readings
            ]
            try:
                yield watch
            finally:
                stopping.set()
            for each in running:
                each.result(30)

    def consumer(self, reading, book, watch, records=100):
        kafka = self.broker.settings
        return Consumer(
            reading,
            book,
            join=lambda: join(
                kafka,
                *reading.topics,
                name=reading.name,
                records=records,
                gather=False,
            ),
            producer=lambda: producer(kafka, reading.name),
            clock=SystemClock(),
            watch=watch,
            limits=Limits(records=records),
        )

    def stop(self, process):
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0, process.log.read_text()[-2000:]

    def rows(self, query):
        with psycopg.connect(self.url) as connection:
            return connection.execute(query).fetchall()

    def connected(self):
        return psycopg.connect(self.url)

    @property
    def database(self):
        return self.url.partition("://")[2].partition("/")[2].partition("?")[0]

    def close_database(self, postgres):
        """Nobody gets in, and who is in is thrown out."""
        name = self.database
        postgres.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        postgres.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = '{name}'"
        )

    def open_database(self, postgres):
        name = self.database
        postgres.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    def run(self, statement):
        with psycopg.connect(self.url) as connection:
            connection.execute(statement)

    def count(self, table):
        return self.rows(f"SELECT count(*) FROM {table}")[0][0]

    def letters(self):
        return [decode(DEAD_LETTER, r.value) for r in self.records(REJECTED)]

    def records(self, topic):
        """All that the topic holds."""
        with closing(
            KafkaConsumer(
                bootstrap_servers=self.broker.servers, enable_auto_commit=False
            )
        ) as reader:
            places = [
                TopicPartition(topic, number)
                for number in sorted(reader.partitions_for_topic(topic))
            ]
            ends = reader.end_offsets(places)
            reader.assign(places)
            reader.seek_to_beginning(*places)
            found = []
            deadline = time.monotonic() + PATIENCE
            while any(reader.position(p) < ends[p] for p in places):
                assert time.monotonic() < deadline
                for records in reader.poll(timeout_ms=200).values():
                    found += records
            return sorted(found, key=lambda r: (r.timestamp, r.partition, r.offset))

    def lag(self, group, *topics):
        """Records that the group has not committed."""
        return unread(self.broker.settings, group, topics, partitions=PARTITIONS)
