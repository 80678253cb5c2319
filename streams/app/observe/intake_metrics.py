"""What is measured where messages come in: the listener, and ingest in the worker."""

from __future__ import annotations

from streams.app.observe.metric import (
    CLINICAL_DELAYS,
    SECONDS,
    Metric,
    of_processes,
)


_worker = of_processes("worker")
_listener = of_processes("listener")

INTAKE_METRICS: tuple[Metric, ...] = (
    _worker(
        "ember_intake_messages_total",
        "counter",
        ("form", "outcome"),
        "messages",
        "source messages read: mapped (applied), filed unread (ignored), rejected",
    ),
    _worker(
        "ember_intake_unmapped_total",
        "counter",
        ("form",),
        "codes",
        "codes in no map; what they tell was kept as unmapped",
    ),
    _worker(
        "ember_intake_faults_total",
        "counter",
        ("form", "code"),
        "parts",
        "parts of source messages that could not be used, or why one was rejected",
    ),
    _listener(
        "ember_listener_messages_total",
        "counter",
        ("outcome",),
        "messages",
        "messages stored (applied), come again, rejected, ignored, or not durable in "
        "time (failed)",
    ),
    _listener(
        "ember_listener_answers_total",
        "counter",
        ("answer",),
        "messages",
        "acknowledgements sent, by code",
    ),
    _listener(
        "ember_listener_durable_seconds",
        "histogram",
        (),
        "seconds",
        "from receipt of a message until it was durable",
        SECONDS,
    ),
    _listener(
        "ember_listener_late_seconds",
        "histogram",
        (),
        "seconds",
        "from a message's time of issue (MSH-7) to its receipt",
        CLINICAL_DELAYS,
    ),
    _listener(
        "ember_listener_names_used_total",
        "counter",
        (),
        "messages",
        "messages with the control id of their sender's last message of that id, and "
        "other bytes; both were stored",
    ),
    _listener(
        "ember_listener_caught_up_total",
        "counter",
        (),
        "runs",
        "runs of late messages that are over: a sender caught up",
    ),
    _listener(
        "ember_listener_broken_total",
        "counter",
        ("kind",),
        "messages",
        "messages that did not come whole, or in time, or were too large",
    ),
    _listener(
        "ember_listener_garbage_bytes_total",
        "counter",
        (),
        "bytes",
        "bytes that stood outside any message",
    ),
    _listener(
        "ember_listener_connections",
        "gauge",
        (),
        "connections",
        "connections that are open",
    ),
    _listener(
        "ember_listener_turned_away_total",
        "counter",
        (),
        "connections",
        "connections that were one too many",
    ),
    _listener(
        "ember_listener_in_flight_bytes",
        "gauge",
        (),
        "bytes",
        "bytes received and not yet durable",
    ),
    _listener(
        "ember_listener_silence_seconds",
        "gauge",
        (),
        "seconds",
        "since a message was last received from any sender",
    ),
)
"""Rows of the one table, `metric_table`."""
