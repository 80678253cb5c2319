"""What is to be told to the outside: written with the act, sent after it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from streams.vocabulary.topics import ALERTS, PROTOCOLS, ROSTER, UNBLINDINGS


__all__ = ["ALERTS", "PROTOCOLS", "ROSTER", "UNBLINDINGS", "OutboxItem"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxItem:
    """One thing to tell; its id stays the same over all retries."""

    outbox_id: str
    """The `webhook-id` where it is sent as a webhook."""
    topic: str
    key: str
    """Site and patient, or what the topic is keyed by."""
    payload: str
    """The JSON body, byte for byte."""
    created_at: datetime
    attempts: int = 0
    next_attempt_at: datetime | None = None
    """None once it was delivered or given up."""
