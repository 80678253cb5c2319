"""Small typed objects over the table of metrics, on one registry a process.

Nothing is registered at import, and nothing in the client's global registry.
A label value that is not allowed becomes `other`: measuring never stops the work,
and never tells what it must not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import nan
from time import perf_counter

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client import disable_created_metrics as only_what_is_in_the_table
from prometheus_client.process_collector import ProcessCollector

from streams.app.observe.metric import (
    KNOWN_VALUES,
    OPEN_VALUES,
    OTHER,
    Metric,
    MetricKind,
)
from streams.app.observe.metric_table import METRICS


class Labels:
    """The label values one metric has been given, kept within bounds."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric
        self._met: dict[str, set[str]] = {name: set() for name in metric.labels}

    def __call__(self, given: dict[str, str]) -> dict[str, str]:
        """The values that may be told; raises `ValueError` for a wrong label name."""
        if given.keys() != self._met.keys():
            raise ValueError(
                f"{self._metric.name} has the labels {self._metric.labels}"
            )
        return {name: self._bounded(name, value) for name, value in given.items()}

    def _bounded(self, name: str, value: str) -> str:
        known = KNOWN_VALUES.get(name)
        if known is not None:
            return value if value in known else OTHER
        met = self._met[name]
        if value in met:
            return value
        if len(met) >= OPEN_VALUES or not _NAME.fullmatch(value):
            return OTHER
        met.add(value)
        return value


_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{0,63}")


class Metrics:
    """The metrics of one process; the groups below are made from it, once each."""

    def __init__(self) -> None:
        only_what_is_in_the_table()  # type: ignore[no-untyped-call]  # has no types
        self.registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self.registry)

    def count(self, name: str) -> Count:
        """The counter of that name in the table."""
        return Count(_row(name, "counter"), self.registry)

    def level(self, name: str) -> Level:
        """The gauge of that name in the table."""
        return Level(_row(name, "gauge"), self.registry)

    def spread(self, name: str) -> Spread:
        """The histogram of that name in the table."""
        return Spread(_row(name, "histogram"), self.registry)

    def text(self) -> bytes:
        """All of them, as Prometheus reads them."""
        return generate_latest(self.registry)


class Count:
    """What only grows."""

    def __init__(self, metric: Metric, registry: CollectorRegistry) -> None:
        self._labels = Labels(metric)
        self._counter = Counter(
            metric.name, metric.meaning, metric.labels, registry=registry
        )

    def add(self, amount: float = 1, **labels: str) -> None:
        """So many more."""
        allowed = self._labels(labels)
        counter = self._counter.labels(**allowed) if allowed else self._counter
        counter.inc(amount)


class Level:
    """What goes up and down."""

    def __init__(self, metric: Metric, registry: CollectorRegistry) -> None:
        self._labels = Labels(metric)
        self._gauge = Gauge(
            metric.name, metric.meaning, metric.labels, registry=registry
        )

    def set(self, value: float, **labels: str) -> None:
        """It is this much now."""
        self._one(labels).set(value)

    def add(self, amount: float, **labels: str) -> None:
        """So much more, or less."""
        self._one(labels).inc(amount)

    def follow(self, value: Callable[[], float], **labels: str) -> None:
        """Ask `value` whenever it is read, from another thread; NaN where it raises."""

        def asked() -> float:
            try:
                return value()
            except Exception:  # noqa: BLE001 - one that fails must not hide the others
                return nan

        self._one(labels).set_function(asked)

    def _one(self, labels: dict[str, str]) -> Gauge:
        allowed = self._labels(labels)
        return self._gauge.labels(**allowed) if allowed else self._gauge


class Spread:
    """How often which size was met."""

    def __init__(self, metric: Metric, registry: CollectorRegistry) -> None:
        self._labels = Labels(metric)
        self._histogram = Histogram(
            metric.name,
            metric.meaning,
            metric.labels,
            buckets=metric.buckets,
            registry=registry,
        )

    def observe(self, value: float, **labels: str) -> None:
        """This size was met."""
        allowed = self._labels(labels)
        histogram = self._histogram.labels(**allowed) if allowed else self._histogram
        histogram.observe(value)

    def of(self, **labels: str) -> Callable[[float], None]:
        """`observe` for these labels, looked up once: for what is met all the time."""
        allowed = self._labels(labels)
        return (
            self._histogram.labels(**allowed) if allowed else self._histogram
        ).observe

    @contextmanager
    def time(self, **labels: str) -> Iterator[None]:
        """Observe how many seconds the block took, whether or not it failed."""
        began = perf_counter()
        try:
            yield
        finally:
            self.observe(perf_counter() - began, **labels)


class WorkerMetrics:
    """What a worker measures."""

    def __init__(self, metrics: Metrics) -> None:
        self.records = metrics.count("ember_worker_records_total")
        self.events = metrics.count("ember_worker_events_total")
        self.rejected = metrics.count("ember_worker_rejected_total")
        self.late = metrics.count("ember_worker_late_total")
        self.known_delay = metrics.spread("ember_worker_known_delay_seconds")
        self.flag_delay = metrics.spread("ember_worker_flag_delay_seconds")
        self.batch_seconds = metrics.spread("ember_worker_batch_seconds")
        self.batch_records = metrics.spread("ember_worker_batch_records")
        self.flush_seconds = metrics.spread("ember_worker_flush_seconds")
        self.lag = metrics.level("ember_worker_lag_records")
        self.commit_age = metrics.level("ember_worker_commit_age_seconds")
        self.state_patients = metrics.level("ember_worker_state_patients")
        self.state_bytes = metrics.level("ember_worker_state_bytes")
        self.state_chunks = metrics.level("ember_worker_state_chunks")
        self.flags = metrics.count("ember_worker_flags_total")
        self.verdicts = metrics.count("ember_worker_verdicts_total")
        self.outcomes = metrics.count("ember_worker_outcomes_total")
        self.skipped = metrics.count("ember_worker_skipped_total")
        self.redone = metrics.count("ember_worker_redone_total")
        self.ticks = metrics.count("ember_worker_ticks_total")
        self.backfill_waiting = metrics.level("ember_worker_backfill_waiting")
        self.held = metrics.level("ember_worker_fhir_held")


class IntakeMetrics:
    """What ingest measures of messages as their sources wrote them."""

    def __init__(self, metrics: Metrics) -> None:
        self.messages = metrics.count("ember_intake_messages_total")
        self.unmapped = metrics.count("ember_intake_unmapped_total")
        self.faults = metrics.count("ember_intake_faults_total")


class ListenerMetrics:
    """What the listener measures."""

    def __init__(self, metrics: Metrics) -> None:
        self.messages = metrics.count("ember_listener_messages_total")
        self.answers = metrics.count("ember_listener_answers_total")
        self.durable_seconds = metrics.spread("ember_listener_durable_seconds")
        self.late_seconds = metrics.spread("ember_listener_late_seconds")
        self.names_used = metrics.count("ember_listener_names_used_total")
        self.caught_up = metrics.count("ember_listener_caught_up_total")
        self.broken = metrics.count("ember_listener_broken_total")
        self.garbage = metrics.count("ember_listener_garbage_bytes_total")
        self.connections = metrics.level("ember_listener_connections")
        self.turned_away = metrics.count("ember_listener_turned_away_total")
        self.in_flight = metrics.level("ember_listener_in_flight_bytes")
        self.silence = metrics.level("ember_listener_silence_seconds")


class InboxMetrics:
    """What a consumer of the registry measures: verdicts or archive."""

    def __init__(self, metrics: Metrics) -> None:
        self.records = metrics.count("ember_inbox_records_total")
        self.batch_seconds = metrics.spread("ember_inbox_batch_seconds")
        self.skipped = metrics.count("ember_inbox_skipped_total")
        self.lag = metrics.level("ember_inbox_lag_records")
        self.delay = metrics.spread("ember_inbox_delay_seconds")
        self.commit_age = metrics.level("ember_inbox_commit_age_seconds")


class RelayMetrics:
    """What the outbox relay measures."""

    def __init__(self, metrics: Metrics) -> None:
        self.sent = metrics.count("ember_relay_sent_total")
        self.waiting = metrics.level("ember_relay_waiting")
        self.oldest = metrics.level("ember_relay_oldest_seconds")


class SignerMetrics:
    """What the signer measures: neither whom nor to what."""

    def __init__(self, metrics: Metrics) -> None:
        self.requests = metrics.count("ember_signer_requests_total")
        self.seconds = metrics.spread("ember_signer_seconds")


class SubscriberMetrics:
    """What the taker of notifications measures."""

    def __init__(self, metrics: Metrics) -> None:
        self.notifications = metrics.count("ember_subscriber_notifications_total")
        self.owed = metrics.level("ember_subscriber_owed_events")
        self.silence = metrics.level("ember_subscriber_silence_seconds")


class FeedMetrics:
    """What the watch over feeds measures."""

    def __init__(self, metrics: Metrics) -> None:
        self.silence = metrics.level("ember_feed_silence_seconds")


class ProcessMetrics:
    """What every process measures of itself."""

    def __init__(self, metrics: Metrics) -> None:
        self.heartbeat_age = metrics.level("ember_heartbeat_age_seconds")
        self.log_withheld = metrics.count("ember_log_withheld_total")


def _row(name: str, kind: MetricKind) -> Metric:
    (row,) = (m for m in METRICS if m.name == name and m.kind == kind)
    return row
