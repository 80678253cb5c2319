"""When time alone may change something about a patient: the due list of a worker."""

from __future__ import annotations

import heapq
from datetime import datetime


Place = tuple[int, bytes]
"""Partition and record key of a patient."""


class Dues:
    """The next check of each patient; one that was asked for is not asked for again."""

    def __init__(self) -> None:
        self._due: dict[Place, datetime] = {}
        self._heap: list[tuple[datetime, Place]] = []

    def set(self, place: Place, due: datetime | None) -> None:
        """The patient wants to be looked at when `due`; None takes the wish back."""
        if due is None:
            self._due.pop(place, None)
        elif self._due.get(place) != due:
            self._due[place] = due
            heapq.heappush(self._heap, (due, place))

    def take(self, until: datetime, limit: int) -> list[tuple[datetime, Place]]:
        """What fell due, earliest first; it stays known, and is not given twice."""
        taken: list[tuple[datetime, Place]] = []
        while self._heap and self._heap[0][0] <= until and len(taken) < limit:
            due, place = heapq.heappop(self._heap)
            if self._due.get(place) == due:
                taken.append((due, place))
        return taken

    def forget(self) -> None:
        """Start anew: the partitions have changed hands."""
        self._due.clear()
        self._heap.clear()

    def __len__(self) -> int:
        """How many patients wait for something."""
        return len(self._due)
