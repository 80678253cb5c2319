"""Where a message must be before its sender is told that we have it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class RawMessage:
    """One message as it was received."""

    payload: bytes
    key: bytes
    """What is received of one key stays in order."""
    sender: str
    """MSH-3 and MSH-4, as written; empty where there is no header."""
    control_id: str
    received_at: datetime
    digest: bytes
    """SHA-256 of the payload: the message's name, however often it comes."""


class Store(Protocol):
    """Durable in the order of its calls for each key."""

    async def keep(self, message: RawMessage) -> asyncio.Future[object]:
        """Take the message; what is returned is done when it is durable.

        It waits where the store is slow; it raises, or the future does, only where the
        store cannot go on.
        """
        ...
