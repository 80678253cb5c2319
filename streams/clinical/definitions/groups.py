"""The suspicions that share one episode, tried in the order of their moments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from streams.clinical.definitions.chronic import Baseline
from streams.clinical.definitions.sepsis3 import Sepsis3Episode
from streams.clinical.definitions.suspicion import Suspicion
from streams.clinical.definitions.window import Dysfunction, Search
from streams.clinical.scores.reach import EVER
from streams.clinical.scores.sheet import Sheet


@dataclass(slots=True)
class Group:
    """The searches of one hospital stay, or of one ICU stay."""

    sheet: Sheet
    searches: list[Search]
    at: int = 0
    """The search that found the episode; before it, all have found nothing."""
    source: Dysfunction | None = None
    """What the episode was told from."""
    episode: Sepsis3Episode | None = None

    @property
    def finder(self) -> Search | None:
        """The search that found the episode; None where none did."""
        return self.searches[self.at] if self.at < len(self.searches) else None

    def tried(self) -> list[Search]:
        """The searches that are kept up to date."""
        return self.searches[: self.at + 1]

    def is_waiting(self, now: datetime) -> bool:
        """Whether a window that has found nothing is still open."""
        return any(search.closes > now for search in self.searches[: self.at])

    def minds(self, row: int) -> bool:
        """Whether a fact that touches this row and later ones may change the episode."""
        return any(search.minds(row) for search in self.tried())

    def search(self, chronic: Baseline, now: datetime | None, *, dirty: int) -> None:
        """Try the windows in order until one shows dysfunction.

        `dirty` is the first row touched since the last time; a search that was not
        kept up to date begins anew.
        """
        kept = self.at
        for search in self.tried():
            search.touched(dirty)
        for number, search in enumerate(self.searches):
            self.at = number
            if number > kept:
                search.touched(EVER)
            if search.run(self.sheet, chronic, now) is not None:
                return
        self.at = len(self.searches)


def one_per_moment(found: Iterable[Suspicion]) -> list[Suspicion]:
    """Of suspicions at one moment, whose windows are the same, the first."""
    first: dict[datetime, Suspicion] = {}
    for suspicion in found:
        first.setdefault(suspicion.suspected_at, suspicion)
    return list(first.values())
