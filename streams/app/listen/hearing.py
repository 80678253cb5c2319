"""When each sender was last heard, and what is told when one catches up.

A message whose sender issued it more than `LATE` before we received it is late.
A run of late messages is a catch-up; its end tells how long nothing was heard before
it, how many messages it had, and the times its sender gave them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import TypeAdapter, ValidationError

from streams.vocabulary.clock import Instant


LATE = timedelta(minutes=5)
SENDERS = 256
"""How many are remembered; the one heard longest ago is forgotten first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaughtUp:
    """One catch-up that is over."""

    messages: int
    silent_for: timedelta | None
    """Before its first message; None where the sender was not known."""
    first_issued: datetime
    last_issued: datetime
    latest: timedelta
    """The longest time between issue and receipt."""


@dataclass(slots=True, kw_only=True)
class Heard:
    """One sender."""

    last_received: Instant
    late: int = 0
    """Messages of the catch-up under way."""
    silent_for: timedelta | None = None
    first_issued: Instant | None = None
    last_issued: Instant | None = None
    latest: timedelta = timedelta(0)


_FILE = TypeAdapter(dict[str, Heard])


@dataclass(slots=True)
class Hearing:
    """All senders."""

    senders: dict[str, Heard] = field(default_factory=dict)

    def hear(
        self, sender: str, issued: datetime | None, received: datetime
    ) -> CaughtUp | None:
        """A message was received; what is over with it, if something is."""
        before = self.senders.pop(sender, None)
        heard = before or Heard(last_received=received)
        self.senders[sender] = heard
        while len(self.senders) > SENDERS:
            del self.senders[next(iter(self.senders))]
        silent = received - heard.last_received if before else None
        heard.last_received = received
        if issued is not None and received - issued > LATE:
            _note_late(heard, issued, received, silent)
            return None
        return _over(heard)

    def silence(self, sender: str, now: datetime) -> timedelta:
        """How long the sender has not been heard."""
        return now - self.senders[sender].last_received

    def written(self) -> bytes:
        """As a file keeps it."""
        return _FILE.dump_json(self.senders)


def read_hearing(written: bytes) -> Hearing:
    """What a file kept; one that cannot be read is as good as none."""
    try:
        return Hearing(_FILE.validate_json(written))
    except ValidationError:
        return Hearing()


def _note_late(
    heard: Heard, issued: datetime, received: datetime, silent: timedelta | None
) -> None:
    if not heard.late:
        heard.silent_for, heard.latest = silent, timedelta(0)
        heard.first_issued = heard.last_issued = issued
    heard.late += 1
    heard.first_issued = min(heard.first_issued or issued, issued)
    heard.last_issued = max(heard.last_issued or issued, issued)
    heard.latest = max(heard.latest, received - issued)


def _over(heard: Heard) -> CaughtUp | None:
    if not heard.late or heard.first_issued is None or heard.last_issued is None:
        return None
    told = CaughtUp(
        messages=heard.late,
        silent_for=heard.silent_for,
        first_issued=heard.first_issued,
        last_issued=heard.last_issued,
        latest=heard.latest,
    )
    heard.late = 0
    return told
