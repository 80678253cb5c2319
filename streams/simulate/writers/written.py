"""What a writer gives back: payloads, and what its format could not carry.

A format has no place for some facts.
They are told one by one, never dropped in silence; a test compares the list with what
intake reads back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from streams.vocabulary.events import CultureCollected, Event
from streams.vocabulary.messages import EhrMessage


EventT = TypeVar("EventT", bound=Event)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One fact that was not written, and why not."""

    event: Event
    why: str


@dataclass(frozen=True, slots=True)
class Written:
    """One message in another format."""

    payloads: tuple[bytes, ...]
    left_out: tuple[LeftOut, ...] = ()


class Spoken:
    """What a patient's messages speak of, so that a withdrawal can name it.

    A canonical withdrawal names an event's id; other formats say again what it was.
    """

    def __init__(self, messages: Iterable[EhrMessage]) -> None:
        self._messages: dict[str, tuple[EhrMessage, Event]] = {}
        for message in messages:
            for event in message.events:
                self._messages.setdefault(event.event_id, (message, event))
        self._collected = {
            event.culture_id: event
            for _, event in self._messages.values()
            if isinstance(event, CultureCollected)
        }

    def message_of(self, event_id: str) -> EhrMessage:
        """The message in which the event was told first."""
        return self._messages[event_id][0]

    def event(self, event_id: str) -> Event:
        """The event itself."""
        return self._messages[event_id][1]

    def collected(self, culture_id: str) -> CultureCollected:
        """The collection of the specimen of that name."""
        return self._collected[culture_id]

    def of(self, kind: type[EventT]) -> Iterator[EventT]:
        """All events of this kind."""
        for _, event in self._messages.values():
            if isinstance(event, kind):
                yield event
