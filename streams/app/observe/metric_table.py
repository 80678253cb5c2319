"""The one table of what is measured.

`deploy/docs/metrics.md` shows it; a test holds the two equal.
"""

from __future__ import annotations

from typing import get_args

from streams.app.observe.intake_metrics import INTAKE_METRICS
from streams.app.observe.metric import (
    CLINICAL_DELAYS,
    RECORDS,
    SECONDS,
    Metric,
    ProcessName,
    of_processes,
)


_EVERY: tuple[ProcessName, ...] = get_args(ProcessName)
_INBOX: tuple[ProcessName, ...] = ("consumer", "archiver")

_every = of_processes(*_EVERY)
_worker = of_processes("worker")
_inbox = of_processes(*_INBOX)
_relay = of_processes("relay")
_subscriber = of_processes("subscriber")
_signer = of_processes("signer")

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
    _worker(
        "ember_worker_fhir_held",
        "gauge",
        ("partition",),
        "resources",
        "FHIR resources held until what they speak of has come",
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
    _subscriber(
        "ember_subscriber_notifications_total",
        "counter",
        ("outcome",),
        "notifications",
        "notifications of FHIR Subscriptions; ignored are those that tell of no event",
    ),
    _subscriber(
        "ember_subscriber_owed_events",
        "gauge",
        (),
        "events",
        "events known of by number that are not in the log",
    ),
    _subscriber(
        "ember_subscriber_silence_seconds",
        "gauge",
        (),
        "seconds",
        "since the subscription was heard that is silent for longest",
    ),
    _signer(
        "ember_signer_requests_total",
        "counter",
        ("outcome",),
        "requests",
        "requests to randomise: allocated (applied), come again (repeated), refused "
        "(rejected), not answered (failed)",
    ),
    _signer(
        "ember_signer_seconds",
        "histogram",
        (),
        "seconds",
        "one request to randomise, from its turn to its committed answer",
        SECONDS,
    ),
    *INTAKE_METRICS,
)
