"""Resources that speak of others which have not come, held until they do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One resource as it was sent, and where it stood."""

    resource: Mapping[str, Any]
    key: str
    root: str
    """The key of what contains it, or its own."""
    place: str
    received_at: datetime
    aliases: Mapping[str, str]
    """Of its Bundle: key by `fullUrl`."""
    stored: int | None = None
    """Its version, where the Bundle tells it and the resource does not."""


class Waiting:
    """What is held, by what it waits for; the oldest first."""

    def __init__(self) -> None:
        self._held: dict[int, tuple[Sent, frozenset[str]]] = {}
        self._by_key: dict[str, set[int]] = {}
        self._next = 0

    def hold(self, sent: Sent, waits_for: set[str]) -> None:
        """Hold one until any of these keys comes."""
        self._held[self._next] = sent, frozenset(waits_for)
        for key in waits_for:
            self._by_key.setdefault(key, set()).add(self._next)
        self._next += 1

    def take(self, key: str) -> list[Sent]:
        """Those that wait for this key, in the order in which they came."""
        numbers = sorted(self._by_key.get(key, ()))
        return [self._remove(number) for number in numbers]

    def take_oldest(self) -> Sent | None:
        """The one held longest; None where nothing is."""
        first = next(iter(self._held), None)
        return None if first is None else self._remove(first)

    def oldest(self) -> datetime | None:
        """Since when the oldest is held."""
        first = next(iter(self._held.values()), None)
        return None if first is None else first[0].received_at

    def all(self) -> Iterator[tuple[Sent, frozenset[str]]]:
        """All with what each waits for, the oldest first."""
        yield from self._held.values()

    def __len__(self) -> int:
        return len(self._held)

    def _remove(self, number: int) -> Sent:
        sent, keys = self._held.pop(number)
        for key in keys:
            numbers = self._by_key[key]
            numbers.discard(number)
            if not numbers:
                del self._by_key[key]
        return sent
