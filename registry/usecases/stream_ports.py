"""What the use cases need of a store for the stream and its feeds."""

# ruff: noqa: D102  a method whose name and types say all needs no sentence

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from registry.domain.feed import Feed, FeedKey
from registry.usecases.records import Run
from registry.usecases.stream_state import (
    ArchivedEvent,
    ChunkKey,
    Cursor,
    Seen,
    StateChunk,
)
from streams.vocabulary.events import Location


class Stream(Protocol):
    """The inbox, the state of the patients, the cursor and the archive."""

    def seen(self, message_ids: Collection[str]) -> dict[str, str | None]:
        """Those recorded before, with their digests; None where none was kept."""
        ...

    def mark_seen(self, messages: Iterable[Seen], received_at: datetime) -> None:
        """Raises where another worker was faster."""
        ...

    def cursor(self, source: str) -> Cursor | None: ...

    def save_cursor(self, cursor: Cursor) -> None: ...

    def chunks(self, site: str, patient: str) -> tuple[StateChunk, ...]: ...

    def patients(self) -> tuple[tuple[str, str], ...]: ...

    def save_chunks(self, chunks: Sequence[StateChunk]) -> None:
        """Written only where they differ from what is stored."""
        ...

    def drop_chunks(self, keys: Sequence[ChunkKey]) -> None: ...

    def archive(self, events: Sequence[ArchivedEvent]) -> None:
        """An event already there is left as it is."""
        ...

    def archived(self, site: str, patient: str) -> tuple[ArchivedEvent, ...]: ...

    def merges(
        self, site: str, patients: Collection[str] | None = None
    ) -> tuple[ArchivedEvent, ...]:
        """The merges and unmerges in the logs of these patients; None: of everybody.

        With them come the cancellations in the same logs.
        """
        ...

    def last_location(
        self, patients: Collection[tuple[str, str]]
    ) -> dict[tuple[str, str], Location]:
        """By site and patient, of those that have one in the archive."""
        ...

    def add_run(self, run: Run) -> None: ...


class Feeds(Protocol):
    """When each source, concept and ward was last heard of."""

    def lock(self, keys: Collection[FeedKey]) -> dict[FeedKey, Feed]:
        """Those there are, held until the transaction ends.

        Whoever else is about to begin one of the others is waited for.
        """
        ...

    def save(self, feeds: Collection[Feed]) -> None:
        """Of keys that are held."""
        ...
