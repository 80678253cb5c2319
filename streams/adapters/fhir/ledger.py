"""What was told of each resource, so that what it no longer says can be taken back.

A later version that leaves a part out, speaks of another patient, or deletes the
resource cancels what an earlier one said; and an earlier version that comes late is
held against the later one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from streams.adapters.fhir.journal import Journal
from streams.vocabulary.events import Cancellation, Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The latest version that was told."""

    version: int
    patient: str
    """Empty where the resource was deleted before it was ever seen."""
    facts: tuple[str, ...]
    deleted: bool = False


Told = tuple[str, Event]
"""A patient's name, and what is told of them."""


class Ledger:
    """By resource, what stands of it; what was told longest ago goes first."""

    def __init__(self, limit: int, journal: Journal | None = None) -> None:
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._limit = limit
        self._journal = journal or Journal()

    def entry(self, key: str) -> Entry | None:
        """What stands of a resource; None where nothing was told, or it was long ago."""
        return self._entries.get(key)

    def settle(
        self,
        key: str,
        *,
        version: int,
        patient: str,
        events: Iterable[Event],
        known_at: datetime,
        deleted: bool = False,
    ) -> Iterator[Told]:
        """What to tell for one version of a resource."""
        told = tuple(events)
        facts = tuple(
            event.event_id for event in told if not isinstance(event, Cancellation)
        )
        held = self._entries.get(key)
        newest = held is None or version >= held.version
        if newest:
            entry = Entry(
                version=version, patient=patient, facts=facts, deleted=deleted
            )
            self.keep(key, entry)
        yield from ((patient, event) for event in told)
        if held is None:
            return
        if newest:
            gone = set(held.facts)
            gone -= set(facts) if held.patient == patient else set()
            yield from _cancelled(gone, held.patient, version, known_at)
        else:
            gone = set(facts)
            gone -= set(held.facts) if held.patient == patient else set()
            yield from _cancelled(gone, patient, held.version, known_at)

    def settle_links(
        self, key: str, *, version: int, links: Iterable[tuple[str, str]]
    ) -> list[tuple[str, str]]:
        """Keep which records are one person's; those pairs that no longer are."""
        told = tuple(f"{survivor} {retired}" for survivor, retired in links)
        held = self._entries.get(f"{key} links")
        if held is None and not told:
            return []
        if held is not None and held.version > version:
            pairs = set(told) - set(held.facts)
        else:
            pairs = set(held.facts if held else ()) - set(told)
            entry = Entry(version=version, patient="", facts=told)
            self.keep(f"{key} links", entry)
        split = (pair.partition(" ") for pair in sorted(pairs))
        return [(survivor, retired) for survivor, _, retired in split]

    def delete(
        self, key: str, *, version: int, known_at: datetime
    ) -> Iterator[Told] | None:
        """What to tell of a deletion; None where the resource was never seen."""
        held = self._entries.get(key)
        if held is not None and held.version > version:
            return iter(())
        patient = held.patient if held else ""
        self.keep(key, Entry(version=version, patient=patient, facts=(), deleted=True))
        if not patient or held is None:
            return None
        return _cancelled(set(held.facts), patient, version, known_at)

    def keep(self, key: str, entry: Entry) -> None:
        """Remember it as the latest."""
        if self._entries.get(key) != entry:
            self._journal.note("ledger", key)
        self._entries[key] = entry
        self._entries.move_to_end(key)
        if len(self._entries) > self._limit:
            gone, _ = self._entries.popitem(last=False)
            self._journal.note("ledger", gone)

    def items(self) -> Iterator[tuple[str, Entry]]:
        """All, the oldest first."""
        yield from self._entries.items()


def _cancelled(
    facts: set[str], patient: str, version: int, known_at: datetime
) -> Iterator[Told]:
    for fact in sorted(facts):
        yield (
            patient,
            Cancellation(
                event_id=f"{fact}:cancelled",
                happened_at=known_at,
                known_at=known_at,
                version=version,
                cancels=fact,
            ),
        )
