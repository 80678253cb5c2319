"""What the acts upon the vault need of a store, and of what seals."""

# ruff: noqa: D102  a method whose name and types say all needs no sentence

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from registry.domain.identity import Kept


class Seal(Protocol):
    """The key to the vault, which is kept outside the database."""

    @property
    def key_version(self) -> int:
        """The newest, which seals."""
        ...

    def seal(self, payload: bytes, bound_to: str) -> bytes: ...

    def unseal(self, sealed: bytes, bound_to: str) -> bytes:
        """Raises `InputError` EMB-150 or EMB-151."""
        ...

    def digests(self, payload: bytes, bound_to: str) -> Mapping[int, bytes]:
        """By key version, what equal payloads have in common."""
        ...


class Vault(Protocol):
    """The sealed identifiers."""

    def keep(self, rows: Sequence[Kept], at: datetime) -> None:
        """Add the rows; one that is there is left as it is."""
        ...

    def of(self, *, site: str, pseudonym: str) -> tuple[Kept, ...]: ...

    def holding(self, digests: Collection[str]) -> tuple[Kept, ...]:
        """The rows with one of these digests, of any site."""
        ...

    def under_older_keys(self, version: int, limit: int) -> tuple[Kept, ...]:
        """Some of the rows that are not sealed under this version, held for change."""
        ...

    def replace(self, old: Kept, new: Kept) -> None: ...

    def pseudonyms(self, site: str) -> Iterable[str]:
        """Everybody in the vault or in the archive of this site."""
        ...

    def sites(self) -> tuple[str, ...]: ...
