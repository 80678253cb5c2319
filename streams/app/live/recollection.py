"""What the FHIR reader of each partition remembers, kept on the worker's shelf.

A reader's memory follows the order of effects: what a record tells is acknowledged
first, then the rows that changed, then the offset.
A record that comes again before its rows were kept is read as it was the first time;
one that comes after is read by who has read it, and all it told is in the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

from streams.app.live.shelf import Shelf, Write
from streams.app.remembering import TABLE, FhirReader, FhirSite
from streams.vocabulary.errors import BrokenInvariant, InputError


_READ_AT_ONCE = 500
"""Rows read from the shelf before other tasks get their turn."""


@dataclass(slots=True)
class Recollection:
    """The readers of the partitions this worker has, by partition."""

    shelf: Shelf
    site: FhirSite
    _readers: dict[int, FhirReader] = field(default_factory=dict)
    generation: int = 0
    """Grows whenever what is in memory was forgotten."""

    def forget(self) -> None:
        """Partitions have changed hands, or something was read and not kept."""
        self.generation += 1
        self._readers.clear()

    async def reader(self, partition: int) -> FhirReader | None:
        """Who reads the partition, with all that is remembered of it.

        None where the partition is not this worker's, or is no longer.
        """
        if not self.shelf.holds(partition):
            return None
        held = self._readers.get(partition)
        if held is None:
            generation = self.generation
            held = await self._recalled(partition)
            if generation != self.generation:
                return None
            self._readers[partition] = held
        return held

    def writes(self) -> list[Write]:
        """What has changed since this was last asked."""
        return [
            Write(TABLE, partition, row.key, row.value)
            for partition, reader in self._readers.items()
            for row in reader.changed()
        ]

    def held(self) -> Iterator[tuple[int, int]]:
        """How many resources wait for others, by partition."""
        for partition, reader in self._readers.items():
            yield partition, reader.holds

    async def _recalled(self, partition: int) -> FhirReader:
        rows: list[bytes] = []
        for number, (_, value) in enumerate(self.shelf.all(TABLE, partition)):
            if number % _READ_AT_ONCE == 0:
                await asyncio.sleep(0)
            rows.append(value)
        reader = FhirReader(self.site)
        try:
            reader.recall(rows)
        except InputError as fault:
            # No fault of the record that made us look.
            raise BrokenInvariant(f"a stored memory cannot be read: {fault}") from None
        return reader
