"""What is to happen later, in order of time: patients' checks and people's acts."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime

from registry.app.patients import Key


Act = Callable[[datetime], None]
"""Something a person does at a moment."""


class Agenda:
    """A heap of due checks and a heap of acts; a check moved is a check replaced."""

    def __init__(self) -> None:
        self._due: dict[Key, datetime] = {}
        self._checks: list[tuple[datetime, Key]] = []
        self._acts: list[tuple[datetime, int, Act]] = []
        self._count = 0

    def check(self, key: Key, due: datetime | None) -> None:
        """The patient wants to be looked at when `due`; None takes the wish back."""
        if self._due.get(key) == due:
            return
        if due is None:
            self._due.pop(key, None)
            return
        self._due[key] = due
        heapq.heappush(self._checks, (due, key))

    def act(self, at: datetime, act: Act) -> None:
        """Somebody will act at `at`."""
        self._count += 1
        heapq.heappush(self._acts, (at, self._count, act))

    def take_check(self) -> tuple[datetime, Key]:
        """Take the first check off the list; `next_check` tells that there is one."""
        due, key = heapq.heappop(self._checks)
        del self._due[key]
        return due, key

    def next_check(self) -> datetime | None:
        """When the first check is due."""
        while self._checks and self._due.get(self._checks[0][1]) != self._checks[0][0]:
            heapq.heappop(self._checks)
        return self._checks[0][0] if self._checks else None

    def next_act(self) -> datetime | None:
        """When the first person acts."""
        return self._acts[0][0] if self._acts else None

    def take_act(self) -> tuple[datetime, Act]:
        """Take the first act off the list."""
        at, _, act = heapq.heappop(self._acts)
        return at, act
