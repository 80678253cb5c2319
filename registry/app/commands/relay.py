"""`ember relay`: from the registry's outbox to Kafka, until stopped."""

from __future__ import annotations

import os
from functools import partial
from typing import Annotated

import typer

from registry.alerts.relay import Fate, relay_once
from registry.alerts.topic import TopicSender
from registry.app.clocks import SystemClock
from registry.app.commands.options import RegistryOption
from registry.app.kafka import producer, traced
from registry.app.settings import registry_url
from registry.app.waiting import registry_awaited
from registry.app.watching import RelayGauges
from registry.inbox.relay import Relay
from registry.store.unit_of_work import Registry
from registry.usecases.faults import Fault
from streams.app.kafka.reach import answers
from streams.app.observe.process import Process
from streams.app.settings import KafkaSettings, kafka_settings, process_settings
from streams.vocabulary.clock import Clock


_ALERTS_A_ROUND = 20


def relay(
    registry: RegistryOption = None,
    alerts: Annotated[
        bool,
        typer.Option(
            "--alerts",
            help="Alerts too, to trial.alerts. Not beside `ember alerts send`: a site "
            "has them by the topic or by the webhook.",
        ),
    ] = False,
) -> None:
    """Tell the stream who takes part and which protocols are in force.

    In order for each patient and trial, at least once, under one id each; a second
    relay waits until the first is gone.
    """
    kafka = kafka_settings(os.environ)
    with Process("relay", process_settings(os.environ)) as process:
        book = registry_awaited(registry_url(os.environ, registry), process)
        if book is None:
            return
        try:
            process.checks.add("registry", book.answers)
            process.checks.add("broker", lambda: answers(kafka))
            process.ready()
            _relay(book, process, kafka, alerts=alerts)
        finally:
            book.close()


def _relay(
    book: Registry, process: Process, kafka: KafkaSettings, *, alerts: bool
) -> None:
    clock = SystemClock()
    gauges = RelayGauges(process, clock)
    make = partial(producer, kafka, "relay")
    ordered = Relay(book, producer=make, headers=traced, clock=clock, watch=gauges)
    sender = TopicSender(make, traced)
    try:
        while not process.stopping.is_set():
            pause = ordered.step()
            if alerts and ordered.well:
                told = _alerts_told(book, sender, clock)
                gauges.on_alerts(told)
                pause = 0.0 if told == _ALERTS_A_ROUND else pause
            process.wait(pause)
    finally:
        ordered.close()
        sender.close()


def _alerts_told(book: Registry, sender: TopicSender, clock: Clock) -> int:
    """How many alerts were told; none while the registry is away.

    The ordered half meets it too, and waits.
    """
    try:
        report = relay_once(book, sender, clock, limit=_ALERTS_A_ROUND)
    except Exception as fault:
        found = book.diagnosis(fault)
        if found is None or found.fault is not Fault.AWAY:
            raise
        return 0
    return report.count(Fate.DELIVERED)
