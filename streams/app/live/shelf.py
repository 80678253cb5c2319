"""The worker's tables on RocksDB, read by partition and written after the broker.

Faust declares the tables, recovers them from their changelogs, assigns partitions and
keeps standbys.
The writing is ours, because a table assigned to in the usual way sends its changelog
without waiting for it: here a record is put into RocksDB only once the broker has it,
and the recovery's starting point moves only over records that are our own.
What of Faust is not public is used in this file and in `consumer.py` alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol, cast

from faust.stores.rocksdb import Store
from faust.types import TP, AppT

from streams.app.live.sending import Sender
from streams.vocabulary.topics import STATE_TABLES, changelog


_OFFSET_KEY = b"__faust\0offset__"
"""Where Faust keeps the recovery's starting point, among the table's own keys."""

_ROCKSDB = {
    "write_buffer_size": 8 << 20,
    "max_write_buffer_number": 2,
    "block_cache_size": 16 << 20,
    "target_file_size_base": 32 << 20,
    "max_open_files": 64,
}
"""For each table and partition; Faust's own are made for one table on a large host."""


class PartitionLost(Exception):  # noqa: N818 - no fault: another worker has it
    """Partitions changed hands before or within a turn, of which nothing was kept."""


class Database(Protocol):
    """What is used of RocksDB: bytes to bytes, in the order of the keys."""

    # ruff: noqa: D102  a method whose name and types say all needs no sentence

    def get(self, key: bytes) -> bytes | None: ...

    def put(self, key: bytes, value: bytes) -> None: ...

    def delete(self, key: bytes) -> None: ...

    def keys(self) -> Iterator[bytes]: ...

    def items(self, *, from_key: bytes = b"") -> Iterator[tuple[bytes, bytes]]: ...


@dataclass(frozen=True, slots=True)
class Write:
    """One record for a table; None takes the key away."""

    table: str
    partition: int
    key: bytes
    value: bytes | None


@dataclass(slots=True)
class Shelf:
    """Facts, heads and rules of the partitions this worker has."""

    app: AppT
    partitions: int
    _stores: dict[str, Store] = field(init=False)

    def __post_init__(self) -> None:
        self._stores = {name: self._declared(name) for name in STATE_TABLES}

    def _declared(self, name: str) -> Store:
        table = self.app.Table(
            name,
            partitions=self.partitions,
            key_type=bytes,
            value_type=bytes,
            options=dict(_ROCKSDB),
        )
        return cast("Store", table.data)

    def holds(self, partition: int) -> bool:
        """Whether the partition is this worker's, as far as it knows."""
        return partition in self._stores["heads"]._dbs  # noqa: SLF001

    def get(self, table: str, partition: int, key: bytes) -> bytes | None:
        """The value as it is stored."""
        return self._db(table, partition).get(key)

    def below(
        self, table: str, partition: int, prefix: bytes
    ) -> Iterator[tuple[bytes, bytes]]:
        """All pairs whose key begins with the prefix, in order."""
        for key, value in self._db(table, partition).items(from_key=prefix):
            if not key.startswith(prefix):
                return
            yield key, value

    def names(self, table: str, partition: int) -> Iterator[bytes]:
        """All keys of a partition, in order."""
        for key in self._db(table, partition).keys():  # noqa: SIM118
            if key != _OFFSET_KEY:
                yield key

    def all(self, table: str, partition: int) -> Iterator[tuple[bytes, bytes]]:
        """All pairs of a partition, in order."""
        for key, value in self._db(table, partition).items():
            if key != _OFFSET_KEY:
                yield key, value

    async def send(self, writes: list[Write], sender: Sender) -> None:
        """Hand the writes to the changelogs; `store` them when the broker has them."""
        for write in writes:
            await sender.send(
                changelog(self.app.conf.id, write.table),
                write.key,
                write.value,
                partition=write.partition,
            )

    def store(self, writes: list[Write], spans: dict[TP, tuple[int, int]]) -> None:
        """Put what the broker has into RocksDB, and move the starting points."""
        count: defaultdict[TP, int] = defaultdict(int)
        for write in writes:
            topic = changelog(self.app.conf.id, write.table)
            count[TP(topic, write.partition)] += 1
            if not self.holds(write.partition):
                continue
            if write.value is None:
                self._db(write.table, write.partition).delete(write.key)
            else:
                self._db(write.table, write.partition).put(write.key, write.value)
        for name, store in self._stores.items():
            topic = changelog(self.app.conf.id, name)
            for at, (first, last) in spans.items():
                if at.topic == topic and self.holds(at.partition):
                    _move(store, at, first, last, count[at])

    def _db(self, table: str, partition: int) -> Database:
        database = self._stores[table]._db_for_partition(partition)  # noqa: SLF001
        return cast("Database", database)


def _move(store: Store, at: TP, first: int, last: int, count: int) -> None:
    """Move the recovery's starting point, if what lies before it is all here.

    A gap is what another worker wrote while we held the partition by mistake: the
    next recovery must read it.
    """
    begins = store.persisted_offset(at)
    follows = first == 0 if begins is None else first == begins + 1
    if follows and last - first + 1 == count:
        store.set_persisted_offset(at, last)
