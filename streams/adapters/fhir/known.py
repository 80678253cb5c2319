"""What has arrived and is asked for by other resources, in bounded memory.

It holds names and codes, no identifier as its source wrote it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar

from pydantic import Field

from streams.adapters.fhir.journal import Journal
from streams.adapters.site.codes import Coding
from streams.adapters.site.configuration import Level
from streams.vocabulary.clock import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPatient:
    """A person under the name Ember goes by."""

    kind: Literal["patient"] = "patient"
    version: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEncounter:
    """A stay, and the stay it is part of."""

    kind: Literal["encounter"] = "encounter"
    version: int
    name: str
    unit: bool
    """Whether it is a stay in an intensive care unit."""
    part_of: str | None
    start: Instant | None
    end: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownLocation:
    """A ward, or a place in one."""

    kind: Literal["location"] = "location"
    version: int
    ward: str
    level: Level | None
    part_of: str | None
    """The ward, where this is a room or a bed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSpecimen:
    """A specimen by its laboratory's number."""

    kind: Literal["specimen"] = "specimen"
    version: int
    name: str
    types: tuple[Coding, ...]
    collected: Instant | None
    date_only: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCodes:
    """What a Medication or a Device is, in codes; and what it is made of."""

    kind: Literal["codes"] = "codes"
    version: int
    codings: tuple[Coding, ...]
    ingredients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """Another key of the same resource."""

    kind: Literal["alias"] = "alias"
    version: int = 0
    of: str


Known = Annotated[
    KnownPatient | KnownEncounter | KnownLocation | KnownSpecimen | KnownCodes | Alias,
    Field(discriminator="kind"),
]
KnownT = TypeVar(
    "KnownT",
    bound=KnownPatient | KnownEncounter | KnownLocation | KnownSpecimen | KnownCodes,
)


class Directory:
    """The resources that arrived, by key; what was longest unused goes first."""

    def __init__(self, limit: int, journal: Journal | None = None) -> None:
        self._entries: OrderedDict[str, Known] = OrderedDict()
        self._limit = limit
        self._journal = journal or Journal()

    def learn(self, key: str, known: Known) -> bool:
        """Keep it, unless a later version is known; whether it was kept."""
        held = self._entries.get(key)
        if held is not None and held.version > known.version:
            return False
        if held != known:
            self._journal.note("directory", key)
        self._entries[key] = known
        self._entries.move_to_end(key)
        if len(self._entries) > self._limit:
            gone, _ = self._entries.popitem(last=False)
            self._journal.note("directory", gone)
        return True

    def entry(self, key: str) -> Known | None:
        """What is kept under that key itself."""
        return self._entries.get(key)

    def find(self, key: str, kind: type[KnownT]) -> KnownT | None:
        """The resource of that key; None where it has not come."""
        found = self._entries.get(key)
        if isinstance(found, Alias):
            key = found.of
            found = self._entries.get(key)
        if not isinstance(found, kind):
            return None
        self._entries.move_to_end(key)
        return found

    def same(self, key: str) -> str:
        """The key itself, or the one it is another name of."""
        found = self._entries.get(key)
        return found.of if isinstance(found, Alias) else key

    def items(self) -> Iterator[tuple[str, Known]]:
        """All, the longest unused first."""
        yield from self._entries.items()
