"""What a sender is to the relay, and what it can answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Delivered:
    """The target took it."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The target did not take it, or nobody can tell; try again later."""

    reason: str


@dataclass(frozen=True, slots=True)
class Throttled:
    """The target asks to be left alone until `until`."""

    reason: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Away:
    """The target cannot be reached, whatever is sent: no fault of this message.

    It is sent as soon as the target is back, and never given up for having waited.
    """

    reason: str
    until: datetime
    """When to look again."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The target wants nothing any more: no further attempts."""

    reason: str


Answer = Delivered | Failed | Throttled | Away | Gone


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether the target may be called at all now."""

    disabled: bool = False
    """It answered 410; only a person can enable it again."""
    held_until: datetime | None = None
    """It asked for peace until then."""

    @property
    def is_open(self) -> bool:
        """Whether the next message may be sent."""
        return not self.disabled and self.held_until is None


class Sender(Protocol):
    """What brings one message to its target.

    A reason never holds the message, an answer's body, a secret or the path of an
    address: it is stored and shown.
    """

    @property
    def patience(self) -> timedelta:
        """The longest that `send` waits for the target."""
        ...

    def standing(self, at: datetime) -> Standing:
        """Whether the target may be called at `at`."""
        ...

    def send(self, delivery_id: str, body: str, *, at: datetime) -> Answer:
        """Send once; it blocks for about `patience` at most.

        Sending the same `delivery_id` again is the same message to the receiver.
        Raises nothing for what a target or the network does.
        """
        ...
