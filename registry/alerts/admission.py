"""The last door before the outside: may this be told at all, asked once more.

The use cases write nothing to the outbox that mode or provenance forbid; this is the
second lock, for the mode that changed since and for the mistake nobody made yet.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from registry.domain.mode import Mode, suppression
from streams.vocabulary.messages import Provenance


CALLING = frozenset({"alert.raised", "alert.updated"})
"""What asks somebody to act; the others only say that it is over."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the door looks at in a message."""

    alert_id: str
    screening_id: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Notice:
    """A message as the outbox holds it."""

    type: str
    data: Facts


_NOTICE = TypeAdapter(Notice)


def read_notice(payload: str) -> Notice | None:
    """What the message says of itself; None where it does not say enough."""
    try:
        return _NOTICE.validate_json(payload)
    except ValidationError:
        return None


def forbidden(notice: Notice | None, mode: Mode) -> str | None:
    """Why this must not leave a registry in `mode`; None where it may.

    What does not say where its facts are from stays: silence is no permission.
    """
    if notice is None:
        return "refused: the message does not say where its facts are from"
    reason = suppression(mode, notice.data.provenance)
    return None if reason is None else f"refused: {reason.value}"


def overtaken(
    notice: Notice, *, attempts: int, unclosed: Collection[str]
) -> str | None:
    """Why a call that failed before is not repeated: its alert was closed since.

    Nobody is called for a window that has closed or a verdict that was taken back,
    after having been told that it is over.
    `unclosed` holds the ids of alerts that still stand.
    """
    if attempts < 2 or notice.type not in CALLING:
        return None
    if notice.data.alert_id in unclosed:
        return None
    return "overtaken: the alert was closed before it could be delivered"
