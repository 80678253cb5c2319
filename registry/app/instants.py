"""A source of messages, cut into the instants at which something became known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice

from registry.app.patients import Key
from registry.usecases.stream_state import ArchivedEvent
from streams.vocabulary.messages import EhrMessage


@dataclass(frozen=True, slots=True)
class Instant:
    """What became known of one patient at one moment."""

    known_at: datetime
    key: Key
    messages: tuple[EhrMessage, ...]


class Instants:
    """The instants of a source that is sorted by `known_at`, one ahead in view."""

    def __init__(self, messages: Iterable[EhrMessage]) -> None:
        self._instants = _by_instant(messages)
        self._upcoming = next(self._instants, None)

    def peek(self) -> Instant | None:
        """The next one; None at the end."""
        return self._upcoming

    def take(self) -> Instant:
        """The next one, and move on."""
        taken = self._upcoming
        if taken is None:
            raise StopIteration
        self._upcoming = next(self._instants, None)
        return taken

    def skip(self, count: int) -> None:
        """Move on past `count` instants."""
        if count:
            self._upcoming = next(islice(self._instants, count - 1, None), None)


def archived(message: EhrMessage) -> Iterator[ArchivedEvent]:
    """The events of a message as the archive keeps them."""
    for event in message.events:
        yield ArchivedEvent(
            site=message.site,
            patient=message.patient,
            message_id=message.message_id,
            provenance=message.provenance,
            event=event,
        )


def _by_instant(messages: Iterable[EhrMessage]) -> Iterator[Instant]:
    """Messages of one moment and one patient together, whatever lies between."""
    for known_at, moment in groupby(messages, key=lambda m: m.known_at):
        patients: dict[Key, list[EhrMessage]] = {}
        for message in moment:
            patients.setdefault((message.site, message.patient), []).append(message)
        for key in sorted(patients):
            yield Instant(known_at, key, tuple(patients[key]))
