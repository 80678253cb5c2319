"""A source of messages, cut into the instants at which something became known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from registry.app.patients import Key
from registry.usecases.archive_batch import archived
from streams.pipeline.instants import by_instant
from streams.vocabulary.messages import EhrMessage


__all__ = ["Instant", "Instants", "archived"]


@dataclass(frozen=True, slots=True)
class Instant:
    """What became known of one patient at one moment."""

    known_at: datetime
    key: Key
    messages: tuple[EhrMessage, ...]


class Instants:
    """The instants of a source that is sorted by `known_at`, one ahead in view."""

    def __init__(self, messages: Iterable[EhrMessage]) -> None:
        self._instants = _instants(messages)
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


def _instants(messages: Iterable[EhrMessage]) -> Iterator[Instant]:
    for told in by_instant(messages):
        first = told[0]
        yield Instant(first.known_at, (first.site, first.patient), told)
