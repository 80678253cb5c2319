"""Resources that speak of others which have not come, held until they do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from streams.adapters.fhir.journal import Journal


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One resource as it was sent, and where it stood."""

    resource: Mapping[str, Any]
    key: str
    root: str
    """The key of what contains it, or its own."""
    place: str
    received_at: datetime
    """From when on what it says is known."""
    arrived_at: datetime
    """When it came, whatever its age: since when it is held."""
    record: str = ""
    """The record it came in, as whoever asked for its reading names it."""
    history: bool = False
    """Whether what it says is history, whoever brings what it waits for."""
    aliases: Mapping[str, str]
    """Of its Bundle: key by `fullUrl`."""
    stored: int | None = None
    """Its version, where the Bundle tells it and the resource does not."""


class Waiting:
    """What is held, by what it waits for; the oldest first."""

    def __init__(self, journal: Journal | None = None) -> None:
        self._held: dict[int, tuple[Sent, frozenset[str]]] = {}
        self._by_key: dict[str, set[int]] = {}
        self._next = 0
        self._journal = journal or Journal()

    def hold(self, sent: Sent, waits_for: set[str]) -> None:
        """Hold one until any of these keys comes."""
        self.hold_again(self._next, sent, waits_for)

    def hold_again(self, number: int, sent: Sent, waits_for: set[str]) -> None:
        """Hold one under the number it had, which none that is held has."""
        self._held[number] = sent, frozenset(waits_for)
        for key in waits_for:
            self._by_key.setdefault(key, set()).add(number)
        self._next = max(self._next, number + 1)
        self._journal.note("held", str(number))

    def remove(self, number: int) -> Sent:
        """Hold that one no longer."""
        sent, keys = self._held.pop(number)
        for key in keys:
            numbers = self._by_key[key]
            numbers.discard(number)
            if not numbers:
                del self._by_key[key]
        self._journal.note("held", str(number))
        return sent

    def take(self, key: str) -> list[Sent]:
        """Those that wait for this key, in the order in which they came."""
        numbers = sorted(self._by_key.get(key, ()))
        return [self.remove(number) for number in numbers]

    def take_oldest(self) -> Sent | None:
        """The one held longest; None where nothing is."""
        first = next(iter(self._held), None)
        return None if first is None else self.remove(first)

    def oldest(self) -> Sent | None:
        """The one held longest, left where it is."""
        first = next(iter(self._held.values()), None)
        return None if first is None else first[0]

    def entry(self, number: int) -> tuple[Sent, frozenset[str]] | None:
        """What is held under that number, and what it waits for."""
        return self._held.get(number)

    def numbers(self) -> Iterator[int]:
        """Of all that is held, the oldest first."""
        yield from self._held

    def __len__(self) -> int:
        return len(self._held)
