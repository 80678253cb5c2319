"""The one table of what is measured, and of the labels it may carry.

No label ever holds an arm, a patient, or free text: what a label may say is a known
set, or at most `OPEN_VALUES` names that a protocol or a setting brings along.
`deploy/docs/metrics.md` shows this table; a test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.messages import (
    FlagStatus,
    OutcomeStatus,
    Provenance,
    ScreeningStatus,
)
from streams.vocabulary.topics import TOPICS


ProcessName = Literal["worker", "consumer", "archiver", "relay", "feeder", "listener"]
MetricKind = Literal["counter", "gauge", "histogram"]

OTHER = "other"
"""Stands for every label value that is not known, or one too many."""
OPEN_VALUES = 64
"""How many values an open label may have in one metric."""

OUTCOMES = ("applied", "repeated", "rejected", "ignored", "stale", "failed")
"""What became of a record."""
LATENESS = ("behind_clock", "long_ago")
"""Known before the patient's clock; happened more than a day before it was known."""
FEEDS = ("source", "concept", "ward")
"""What may fall silent."""
BROKEN = ("cut_short", "too_large", "slow")
"""How a message that did not come whole was broken."""
FORMS = ("hl7v2", "fhir")
"""How bytes as received are to be read."""
ANSWERS = ("AA", "AE", "AR", "CA", "CE", "CR")
"""HL7's acknowledgement codes."""
WITHHELD = ("field", "text")
"""What a log line was not allowed to say."""

KNOWN_VALUES: dict[str, frozenset[str]] = {
    "topic": frozenset(topic.name for topic in TOPICS),
    "partition": frozenset(str(number) for number in range(512)),
    "outcome": frozenset(OUTCOMES),
    "provenance": frozenset(get_args(Provenance)),
    "code": frozenset(code.value for code in ErrorCode),
    "status": frozenset(
        status
        for kind in (FlagStatus, ScreeningStatus, OutcomeStatus)
        for status in get_args(kind)
    ),
    "kind": frozenset((*LATENESS, *FEEDS, *BROKEN, *WITHHELD)),
    "form": frozenset(FORMS),
    "answer": frozenset(ANSWERS),
}
OPEN_LABELS = frozenset(("definition", "trial", "domain", "site", "name"))
"""Names that protocols and sites bring: short, and at most `OPEN_VALUES` of them."""

SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
RECORDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)
CLINICAL_DELAYS = (1, 10, 60, 300, 900, 3_600, 14_400, 43_200, 86_400, 259_200, 604_800)
"""Second to week: charting after the fact is days late, a device seconds."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its name on the wire, and what it tells to whom."""

    name: str
    kind: MetricKind
    labels: tuple[str, ...]
    unit: str
    processes: tuple[ProcessName, ...]
    meaning: str
    buckets: tuple[float, ...] = ()


_EVERY: tuple[ProcessName, ...] = get_args(ProcessName)
_INBOX: tuple[ProcessName, ...] = ("consumer", "archiver")


def _of(
    *processes: ProcessName,
) -> Callable[..., Metric]:
    def metric(
        name: str,
        kind: MetricKind,
        labels: tuple[str, ...],
        unit: str,
        meaning: str,
        buckets: tuple[float, ...] = (),
    ) -> Metric:
        return Metric(name, kind, labels, unit, processes, meaning, buckets)

    return metric


_every = _of(*_EVERY)
_worker = _of("worker")
_inbox = _of(*_INBOX)
_relay = _of("relay")
_listener = _of("listener")

METRICS: tuple[Metric, ...] = (
    _every(
        "ember_heartbeat_age_seconds",
        "gauge",
        (),
        "seconds",
        "since the process's loop last said that it turns",
    ),
    _every(
        "ember_log_withheld_total",
        "counter",
        ("kind",),
        "parts",
        "fields and texts that a log line was not allowed to say",
    ),
    _worker(
        "ember_worker_records_total",
        "counter",
        ("topic", "outcome"),
        "records",
        "records taken from Kafka, and what became of them",
    ),
    _worker(
        "ember_worker_events_total",
        "counter",
        ("provenance",),
        "events",
        "clinical events in",
    ),
    _worker(
        "ember_worker_rejected_total",
        "counter",
        ("code",),
        "records",
        "dead letters written to ehr.rejected, by error code",
    ),
    _worker(
        "ember_worker_late_total",
        "counter",
        ("kind",),
        "messages",
        "messages known before the patient's clock, or a day after they happened",
    ),
    _worker(
        "ember_worker_known_delay_seconds",
        "histogram",
        ("provenance",),
        "seconds",
        "between the clocks: known_at less happened_at",
        CLINICAL_DELAYS,
    ),
    _worker(
        "ember_worker_flag_delay_seconds",
        "histogram",
        (),
        "seconds",
        "from durable receipt of a live message to the flag it raised",
        SECONDS,
    ),
    _worker(
        "ember_worker_batch_seconds",
        "histogram",
        (),
        "seconds",
        "one batch, from taking it to its last acknowledgement",
        SECONDS,
    ),
    _worker(
        "ember_worker_batch_records",
        "histogram",
        (),
        "records",
        "records in one batch",
        RECORDS,
    ),
    _worker(
        "ember_worker_flush_seconds",
        "histogram",
        (),
        "seconds",
        "waiting until the broker has what a batch wrote",
        SECONDS,
    ),
    _worker(
        "ember_worker_lag_records",
        "gauge",
        ("topic", "partition"),
        "records",
        "records that lie behind the last committed one",
    ),
    _worker(
        "ember_worker_commit_age_seconds",
        "gauge",
        (),
        "seconds",
        "since an offset was last committed, or nothing was left to commit",
    ),
    _worker(
        "ember_worker_state_patients",
        "gauge",
        (),
        "patients",
        "patients this worker holds in memory",
    ),
    _worker(
        "ember_worker_state_bytes",
        "gauge",
        (),
        "bytes",
        "what its state takes on disk",
    ),
    _worker(
        "ember_worker_state_chunks",
        "gauge",
        (),
        "chunks",
        "chunks of the patients in memory that are not packed yet",
    ),
    _worker(
        "ember_worker_flags_total",
        "counter",
        ("definition", "status"),
        "revisions",
        "flag revisions written",
    ),
    _worker(
        "ember_worker_verdicts_total",
        "counter",
        ("trial", "domain", "status"),
        "revisions",
        "verdict revisions written",
    ),
    _worker(
        "ember_worker_outcomes_total",
        "counter",
        ("trial", "status"),
        "revisions",
        "outcome revisions written",
    ),
    _worker(
        "ember_worker_redone_total",
        "counter",
        (),
        "messages",
        "messages said again while patients were loaded, after a crash or a rebalance",
    ),
    _worker(
        "ember_worker_skipped_total",
        "counter",
        (),
        "records",
        "records that retention took before they were read: lost",
    ),
    _worker(
        "ember_worker_ticks_total",
        "counter",
        (),
        "messages",
        "clock messages sent, because time alone may change something",
    ),
    _worker(
        "ember_worker_backfill_waiting",
        "gauge",
        (),
        "0 or 1",
        "whether backfill is held back while fresh events go first",
    ),
    _inbox(
        "ember_inbox_records_total",
        "counter",
        ("topic", "outcome"),
        "records",
        "records taken from Kafka, and what became of them",
    ),
    _inbox(
        "ember_inbox_skipped_total",
        "counter",
        ("topic",),
        "records",
        "records that retention took before they were read: lost",
    ),
    _inbox(
        "ember_inbox_batch_seconds",
        "histogram",
        (),
        "seconds",
        "one batch, from taking it to the committed transaction",
        SECONDS,
    ),
    _inbox(
        "ember_inbox_lag_records",
        "gauge",
        ("topic",),
        "records",
        "records not yet in the database",
    ),
    _inbox(
        "ember_inbox_delay_seconds",
        "histogram",
        (),
        "seconds",
        "from the moment a live fact was known to the committed transaction",
        SECONDS,
    ),
    _inbox(
        "ember_inbox_commit_age_seconds",
        "gauge",
        (),
        "seconds",
        "since an offset was last committed, or nothing was left to commit",
    ),
    _relay(
        "ember_relay_sent_total",
        "counter",
        ("topic",),
        "messages",
        "outbox messages that the broker acknowledged",
    ),
    _relay(
        "ember_relay_waiting",
        "gauge",
        (),
        "messages",
        "outbox messages not yet sent",
    ),
    _relay(
        "ember_relay_oldest_seconds",
        "gauge",
        (),
        "seconds",
        "age of the oldest outbox message not yet sent",
    ),
    _inbox(
        "ember_feed_silence_seconds",
        "gauge",
        ("kind", "site", "name"),
        "seconds",
        "since a source, a concept or a ward was last heard",
    ),
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
