"""What the repositories are handed and hand back: plain records."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from registry.domain.alert import AlertStep, Hold
from registry.domain.audit import ADDED
from registry.domain.mode import Mode, Suppression


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Which batch wrote a row, and when."""

    batch_id: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolVersion:
    """One version of one trial's protocol."""

    trial: str
    version: str
    protocol_hash: str
    document: str
    key_commitment: str
    activated_at: datetime
    activated_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeRevision:
    """The mode from a moment on."""

    mode: Mode
    reason: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRecord:
    """One step of one alert as it is kept, with whose alert it is."""

    alert_id: str
    screening_id: str
    site: str
    patient: str
    trial: str
    domain: str
    episode: str
    raised_at: datetime
    number: int
    """Of the step, from 1."""
    step: AlertStep
    revision: int
    suppressed: Suppression | None
    told: bool
    at: datetime
    held_back: Hold | None = field(default=None, metadata=ADDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a replay."""

    run_id: str
    source: str
    started_at: datetime
    finished_at: datetime
    from_position: str
    to_position: str
    messages: int
    duplicates: int
    rejected: int
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request to randomise; a key names it for all its repetitions."""

    idempotency_key: str
    trial: str
    domain: str
    participant: str
    requested_by: str
    requested_at: datetime
