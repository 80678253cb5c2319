"""`ember consume`: from Kafka into the registry, until stopped."""

from __future__ import annotations

import os
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from enum import StrEnum
from functools import partial
from typing import Annotated, Any

import typer

from registry.app.clocks import SystemClock
from registry.app.commands.options import RegistryOption
from registry.app.feeds import feeds
from registry.app.kafka import join, producer
from registry.app.settings import registry_url
from registry.app.waiting import registry_awaited
from registry.app.watching import ConsumerWatch, InboxGauges
from registry.inbox.consumer import Consumer
from registry.inbox.group import Limits
from registry.inbox.reading import (
    Archive,
    Identities,
    Letters,
    Reading,
    Verdicts,
)
from registry.store.unit_of_work import Registry
from streams.app.identity import required_vault_sealer
from streams.app.observe.metric import ProcessName
from streams.app.observe.process import Process
from streams.app.settings import (
    KafkaSettings,
    ProcessSettings,
    kafka_settings,
    process_settings,
)


class What(StrEnum):
    """What to consume."""

    VERDICTS = "verdicts"
    ARCHIVE = "archive"
    LETTERS = "letters"
    IDENTITIES = "identities"
    ALL = "all"


def consume(
    what: Annotated[
        What,
        typer.Argument(
            help="verdicts: onsets, screenings, outcomes. archive: canonical events. "
            "letters: what was rejected. all: these three, for a small site. "
            "identities: for the vault, by who has its key."
        ),
    ],
    registry: RegistryOption = None,
) -> None:
    """Record what the stream says, until stopped; it may be killed at any moment."""
    kafka, settings = kafka_settings(os.environ), process_settings(os.environ)
    name: ProcessName = "archiver" if what is What.ARCHIVE else "consumer"
    with Process(name, settings) as process:
        book = registry_awaited(registry_url(os.environ, registry), process)
        if book is None:
            return
        try:
            process.checks.add("registry", book.answers)
            _consume(_readings(what), book, process, kafka, settings)
        finally:
            book.close()


def _readings(what: What) -> list[Reading[Any]]:
    match what:
        case What.VERDICTS:
            return [Verdicts()]
        case What.ARCHIVE:
            return [Archive()]
        case What.LETTERS:
            return [Letters()]
        case What.IDENTITIES:
            return [Identities(required_vault_sealer(os.environ))]
        case What.ALL:
            return [Verdicts(), Archive(), Letters()]


def _consume(
    readings: list[Reading[Any]],
    book: Registry,
    process: Process,
    kafka: KafkaSettings,
    settings: ProcessSettings,
) -> None:
    """One thread each; where one of them fails, all stop."""
    gauges = InboxGauges(process)
    watches = [_watch(reading, book, process, gauges) for reading in readings]
    gauges.inbox.commit_age.follow(lambda: max(w.heartbeat.age() for w in watches))
    process.ready()
    with ThreadPoolExecutor(len(readings)) as threads:
        running = [
            threads.submit(
                _consumer(reading, watch, book, kafka, settings).run, process.stopping
            )
            for reading, watch in zip(readings, watches, strict=True)
        ]
        done = set[Any]()
        while not done:
            # Now and then, so that a signal is heard; each consumer has its own pulse.
            done, _ = wait(running, timeout=1.0, return_when=FIRST_COMPLETED)
            process.heartbeat.beat()
        process.stop()
    for each in running:
        each.result()


def _watch(
    reading: Reading[Any], book: Registry, process: Process, gauges: InboxGauges
) -> ConsumerWatch:
    clock = SystemClock()
    if reading.name != "archive":
        return ConsumerWatch(process, gauges, reading.name)
    return ConsumerWatch(
        process, gauges, reading.name, lambda: feeds(book, clock.now())
    )


def _consumer(
    reading: Reading[Any],
    watch: ConsumerWatch,
    book: Registry,
    kafka: KafkaSettings,
    settings: ProcessSettings,
) -> Consumer:
    return Consumer(
        reading,
        book,
        join=partial(
            join,
            kafka,
            *reading.topics,
            name=reading.name,
            records=settings.batch,
            gather=reading.name == "archive",
        ),
        producer=partial(producer, kafka, reading.name),
        clock=SystemClock(),
        watch=watch,
        limits=Limits(records=settings.batch),
    )
