"""The topics table: who writes, who reads, what for, how long.

All that can move one patient's verdicts lies in one order on one partition of
`ehr.events`: facts, the roster, time passing, a protocol that comes into force.
A redelivery therefore always leads to the same revisions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from streams.vocabulary.clock import DAY


RAW = "ehr.raw"
BACKFILL = "ehr.backfill"
EVENTS = "ehr.events"
REJECTED = "ehr.rejected"
ONSETS = "sepsis.onsets"
SCREENINGS = "trial.screenings"
OUTCOMES = "trial.outcomes"
PROTOCOLS = "trial.protocols"
ROSTER = "trial.roster"
ALERTS = "trial.alerts"
UNBLINDINGS = "trial.unblindings"
IDENTITIES = "identity.sightings"

LETTERS_KEPT = 30 * DAY
"""On their topic and in the registry."""

TYPE_HEADER = "ember-type"
"""Which message a record carries, where a topic carries several."""
FORMAT_HEADER = "ember-format"
"""How the bytes on `ehr.raw` and `ehr.backfill` are to be read."""
TRACE_HEADER = "traceparent"
"""W3C trace context; passed on from the first record to the last."""
CANONICAL = "ehr+json"
"""The format of bytes that are an `EhrMessage` already."""
HL7V2 = "hl7v2"
"""The format of one HL7 v2 message, byte for byte."""
FHIR = "fhir"
"""The format of one FHIR resource or Bundle in JSON, byte for byte."""
SEALED = "+aes"
"""What a format ends with whose bytes are encrypted (AES-256-GCM)."""

SENDER_HEADER = "ember-sender"
"""Of a record that the listener wrote: MSH-3 and MSH-4."""
CONTROL_HEADER = "ember-control"
"""MSH-10."""
RECEIVED_HEADER = "ember-received"
"""When the listener had it; on `ehr.raw` what counts is the broker's own time, and on
`ehr.backfill` this."""
DIGEST_HEADER = "ember-digest"
"""SHA-256 of the bytes as received, in hexadecimal."""


TOLD_OF_RECEIPT = (SENDER_HEADER, CONTROL_HEADER, RECEIVED_HEADER, DIGEST_HEADER)
"""What a record keeps when it is rejected and sent again: whose it was, and since when."""


def is_as_written(form: str) -> bool:
    """Whether a form is one of a source's own, sealed or not."""
    return form.removesuffix(SEALED) in (HL7V2, FHIR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One topic; `retention` None keeps what is there."""

    name: str
    written_by: tuple[str, ...]
    read_by: tuple[str, ...]
    carries: str
    key: str = "site/patient"
    retention: timedelta | None
    compacted: bool = False
    """Whether only the latest record of a key is kept."""
    stamped_on_arrival: bool = False
    """Whether a record's time is the broker's: the moment of durable receipt."""
    identifying: bool = False
    """Whether records may hold identifiers: own ACL, encrypted disk, short retention."""


TOPICS: tuple[Topic, ...] = (
    Topic(
        name=RAW,
        written_by=("feeder", "listener", "subscriber"),
        read_by=("worker",),
        carries="bytes as received, before anything is acknowledged",
        retention=7 * DAY,
        stamped_on_arrival=True,
        identifying=True,
    ),
    Topic(
        name=BACKFILL,
        written_by=("feeder",),
        read_by=("worker",),
        carries="history; gives way to fresh events, and never pages",
        retention=7 * DAY,
        identifying=True,
    ),
    Topic(
        name=EVENTS,
        written_by=("worker",),
        read_by=("worker", "consumer"),
        carries="the patient's log: canonical events, roster, time, protocols",
        retention=30 * DAY,
    ),
    Topic(
        name=REJECTED,
        written_by=("worker", "consumer", "vault"),
        read_by=("operator", "consumer"),
        carries="dead letters: bytes, place, error code, reason",
        key="topic/partition/offset",
        retention=LETTERS_KEPT,
        identifying=True,
    ),
    Topic(
        name=ONSETS,
        written_by=("worker",),
        read_by=("consumer",),
        carries="flag revisions with evidence",
        retention=30 * DAY,
    ),
    Topic(
        name=SCREENINGS,
        written_by=("worker",),
        read_by=("consumer",),
        carries="verdict revisions with evidence, missing facts, deadline",
        retention=30 * DAY,
    ),
    Topic(
        name=OUTCOMES,
        written_by=("worker",),
        read_by=("consumer",),
        carries="outcome revisions",
        retention=30 * DAY,
    ),
    Topic(
        name=PROTOCOLS,
        written_by=("relay",),
        read_by=("worker",),
        carries="the protocol version in force of each trial",
        key="trial",
        retention=None,
        compacted=True,
    ),
    Topic(
        name=ROSTER,
        written_by=("relay",),
        read_by=("worker",),
        carries="who takes part in which domain; never an arm",
        retention=30 * DAY,
    ),
    Topic(
        name=ALERTS,
        written_by=("relay",),
        read_by=("external",),
        carries="what was told, to which role, why",
        retention=30 * DAY,
    ),
    Topic(
        name=UNBLINDINGS,
        written_by=("relay",),
        read_by=("external",),
        carries="for whom the blind was broken, for sponsor and monitor; never an arm",
        key="site/trial",
        retention=30 * DAY,
    ),
    Topic(
        name=IDENTITIES,
        written_by=("worker",),
        read_by=("vault",),
        carries="which identifier a pseudonym stands for, sealed for the vault",
        retention=30 * DAY,
        identifying=True,
    ),
)

STATE_TABLES = ("facts", "heads", "rules", "memory")
"""The worker's tables; each has a compacted changelog topic."""


def changelog(app_id: str, table: str) -> str:
    """The changelog topic of a worker's table, as Faust names it."""
    return f"{app_id}-{table}-changelog"


def server_key(site: str) -> bytes:
    """The record key that keeps all of one site's FHIR resources in one order.

    They speak of one another across patients: a ward, a product, a record that
    replaces another. (Decision 13.)
    """
    return f"{site}/~fhir".encode()


def patient_key(site: str, patient: str) -> bytes:
    """The record key that keeps one patient on one partition."""
    return f"{site}/{patient}".encode()
