"""The desk for notifications: each is durable, resource or debt, before it is answered.

An event-notification brings its resources, or their names, or only a number.
Resources go to the log at once; a name is a debt, fetched from the server; a number
that was skipped is a debt, too, and is asked for by `$events`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from streams.adapters.fhir.notification import (
    Happened,
    Notification,
    entry_bundle,
)
from streams.app.fhir.ledger import Debt, Ledger
from streams.app.fhir.sink import RawSink
from streams.vocabulary.topics import FHIR, server_key


GRACE = 5.0
"""Seconds in which what was overtaken may still come by itself."""


WHOLE_BYTES = 900_000
"""The largest notification that goes into one record."""


@dataclass(slots=True)
class Reception:
    """Takes notifications of all subscriptions, one at a time."""

    ledger: Ledger
    sink: RawSink
    site: str
    now: Callable[[], float]
    """Seconds of the epoch."""
    grace: float = GRACE
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def take(self, told: Notification, payload: bytes) -> int:
        """On return it is durable; how many events of it were new.

        Raises what the sink raises: then nothing of it counts as taken.
        """
        async with self._turn:
            fresh = [one for one in told.events if self._is_new(told, one)]
            brought = [one for one in fresh if one.focus in told.entries]
            await self._log(told, brought, payload)
            with self.ledger.written():
                self._hear(told)
                for one in fresh:
                    self._note(told.subscription, one, brought=one in brought)
            return len(fresh)

    async def put(self, payload: bytes) -> None:
        """One resource or Bundle into the log, in the one order of the server's."""
        key = server_key(self.site)
        await self.sink.put(payload, form=FHIR, key=key, headers={})

    def _is_new(self, told: Notification, one: Happened) -> bool:
        """Whether its number is above all others, or was skipped so far."""
        standing = self.ledger.find(told.subscription)
        top = standing.top if standing is not None else -1
        name = told.subscription
        return one.number > top or self.ledger.span_with(name, one.number) is not None

    async def _log(
        self, told: Notification, brought: list[Happened], payload: bytes
    ) -> None:
        """As received where that fits into a record, else entry by entry."""
        if not brought:
            return
        if len(payload) <= WHOLE_BYTES:
            await self.put(payload)
            return
        for entry in (told.entries[one.focus] for one in brought if one.focus):
            await self.put(_whole(entry))

    # -- the ledger --------------------------------------------------------------

    def _hear(self, told: Notification) -> None:
        """What is told of the subscription itself; numbers that are missing are owed."""
        name = told.subscription
        standing = self.ledger.find(name)
        top = standing.top if standing is not None else _before(told)
        if told.kind == "handshake" and told.events_so_far is not None:
            # A handshake begins the count anew, on a server that was set up again.
            top = min(top, told.events_so_far)
        numbers = [one.number for one in told.events]
        highest = max([top, told.events_so_far or 0, *numbers])
        unheard = _spans(top, highest, numbers)
        for first, last in unheard:
            self.ledger.owe(Debt(name, first, last, ""), self.now() + self.grace)
        self.ledger.hear(name, top=highest, at=self.now(), status=told.status)

    def _note(self, name: str, one: Happened, *, brought: bool) -> None:
        """The number was heard; what it is about may still have to be fetched."""
        span = self.ledger.span_with(name, one.number)
        if span is not None:
            self.ledger.heard_of(span, one.number, self.now() + self.grace)
        if brought:
            return
        focus = one.focus or ""
        self.ledger.owe(Debt(name, one.number, one.number, focus), self.now())


def _before(told: Notification) -> int:
    """Where the count of a subscription begins that was never heard of.

    At its handshake nothing has happened; one that is met on its way is owed from its
    first event on.
    """
    return told.events_so_far or 0 if told.kind == "handshake" else 0


def _spans(top: int, highest: int, heard: Iterable[int]) -> list[tuple[int, int]]:
    """The numbers above `top` up to `highest` that were not heard, as spans."""
    spans, first = [], top + 1
    for number in sorted(n for n in set(heard) if n > top):
        if first < number:
            spans.append((first, number - 1))
        first = number + 1
    if first <= highest:
        spans.append((first, highest))
    return spans


def _whole(entry: dict[str, Any]) -> bytes:
    """A resource by itself; a deletion needs a Bundle to say so."""
    resource = entry.get("resource")
    method = (entry.get("request") or {}).get("method")
    if isinstance(resource, dict) and method != "DELETE":
        return orjson.dumps(resource)
    return entry_bundle([entry])
