"""What the inbox and the relay need of their Kafka clients.

The shapes are kafka-python's; `registry.app` makes the clients.
"""

# ruff: noqa: D102  a method whose name and types say all needs no sentence

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Place(Protocol):
    """A partition of a topic."""

    @property
    def topic(self) -> str: ...

    @property
    def partition(self) -> int: ...


class Record(Protocol):
    """One record as it was read."""

    @property
    def topic(self) -> str: ...

    @property
    def partition(self) -> int: ...

    @property
    def offset(self) -> int: ...

    @property
    def timestamp(self) -> int:
        """Milliseconds since 1970."""
        ...

    @property
    def key(self) -> bytes | None: ...

    @property
    def value(self) -> bytes | None: ...


class Log(Protocol):
    """A member of a consumer group; one thread's own."""

    def poll(
        self, *, timeout_ms: int, max_records: int
    ) -> Mapping[Any, Sequence[Record]]: ...

    def assignment(self) -> set[Any]: ...

    def pause(self, *places: Any) -> None: ...  # noqa: ANN401  TopicPartition

    def resume(self, *places: Any) -> None: ...  # noqa: ANN401  TopicPartition

    def paused(self) -> set[Any]: ...

    def seek(self, place: Any, offset: int) -> None: ...  # noqa: ANN401  the same

    def position(self, place: Any, *, timeout_ms: int) -> int | None: ...  # noqa: ANN401  the same

    def commit(self, offsets: Mapping[Any, Any], *, timeout_ms: int) -> None: ...

    def committed(self, place: Any, *, timeout_ms: int) -> int | None: ...  # noqa: ANN401  the same

    def beginning_offsets(
        self, places: Sequence[Any], *, timeout_ms: int
    ) -> Mapping[Any, int]: ...

    def end_offsets(
        self, places: Sequence[Any], *, timeout_ms: int
    ) -> Mapping[Any, int]: ...

    def close(self, *, autocommit: bool, timeout_ms: int) -> None: ...


class Sent(Protocol):
    """What will be known of a record that was sent."""

    def get(self, timeout: float | None = None) -> object:
        """Waits for the broker; raises a `KafkaError` where it did not take it."""
        ...


class Producer(Protocol):
    """A producer that waits for all in-sync replicas."""

    def send(
        self,
        topic: str,
        value: bytes,
        key: bytes,
        headers: list[tuple[str, bytes]] | None = None,
    ) -> Sent: ...

    def flush(self, timeout: float | None = None) -> None: ...

    def close(self, timeout: float | None = None) -> None: ...
