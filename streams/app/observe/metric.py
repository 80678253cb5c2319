"""What a metric is, and what its labels may say.

No label ever holds an arm, a patient, or free text: what a label may say is a known
set, or at most `OPEN_VALUES` names that a protocol or a setting brings along.
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


ProcessName = Literal[
    "worker",
    "consumer",
    "archiver",
    "relay",
    "feeder",
    "subscriber",
    "listener",
    "signer",
]
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


def of_processes(*processes: ProcessName) -> Callable[..., Metric]:
    """Makes the rows of what these processes measure."""

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
