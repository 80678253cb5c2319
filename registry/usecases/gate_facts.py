"""What the gate of a randomisation looks at in the store, and whether it moved since.

It is read before any lock is taken, and only the numbers of its revisions are read
again inside the locks: where none has moved, what was read still stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from registry.domain.consent import ConsentState
from registry.domain.mode import Mode
from registry.domain.protocol import DomainDesign
from streams.vocabulary.messages import TrialScreening


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Whom a request is about, in which domain, by which name."""

    idempotency_key: str
    site: str
    patient: str
    trial: str
    domain: str
    screening_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The revisions of all that the gate looks at, read in one snapshot.

    Whatever it looks at is only ever appended to, so equal numbers are equal facts.
    """

    participant: str | None
    """Whose consent it is; None for who was never asked."""
    verdict: int | None
    """Of the screening: its highest revision."""
    consent: int | None
    mode: int | None
    protocols: int
    """How many versions of protocols there ever were, of all trials."""
    is_open: bool | None
    """Whether the domain recruits."""
    answers: int
    opt_outs: int
    merges: int
    """What was said of the patient's other names."""
    alerts: int
    """Unclosed ones of the patient, in all trials."""
    requests: int
    """Of this name, or for this participant in this domain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFacts:
    """The facts themselves, and the revisions they are of."""

    standing: Standing
    screening: TrialScreening | None
    consent_id: str | None
    consent: ConsentState | None
    design: DomainDesign | None
    mode: Mode


class GateReads(Protocol):
    """Reads all of it in one statement."""

    def facts(self, place: Place) -> GateFacts:
        """What stands now."""
        ...

    def standing(self, place: Place) -> Standing:
        """The revisions that stand now."""
        ...
