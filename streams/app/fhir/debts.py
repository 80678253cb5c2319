"""Paying what is owed: resources by their names, skipped events by their numbers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from streams.adapters.fhir.notification import (
    Notification,
    deletion,
    entry_bundle,
    read_notification,
)
from streams.adapters.fhir.server import JSON, FhirServer
from streams.app.fhir.ledger import Debt, Ledger
from streams.app.fhir.reception import Reception
from streams.vocabulary.errors import InputError


_LONGEST = 600.0
"""Seconds between two tries for one debt."""
_GONE = 410
_AT_ONCE = 100
"""Events asked for in one question."""


@dataclass(slots=True)
class Debts:
    """Asks the server for what is owed; one question at a time, off the event loop."""

    ledger: Ledger
    reception: Reception
    server: FhirServer
    now: Callable[[], float]

    async def pay(self) -> int:
        """Try each debt that is due once; how many events were paid.

        Raises what the sink raises, and `AskedToStop`.
        """
        paid = 0
        for debt in self.ledger.due(self.now()):
            try:
                paid += await self._pay(debt)
            except InputError:
                self._put_off(debt)
        return paid

    async def ask_after(self, name: str) -> None:
        """Ask how a subscription stands that was not heard of for long.

        Raises `InputError` EMB-135, EMB-136, EMB-138 where the server does not say.
        """
        url = f"{self.server.base}/Subscription/{name}/$status"
        answer = await asyncio.to_thread(self.server.get, url, "how it stands")
        await self.reception.take(read_notification(answer), answer)

    async def _pay(self, debt: Debt) -> int:
        return await (self._fetch(debt) if debt.focus else self._ask(debt))

    async def _fetch(self, debt: Debt) -> int:
        """The resource as it is now; what is there no more is told as deleted."""
        payload = await asyncio.to_thread(self._read, debt.focus)
        await self.reception.put(payload)
        with self.ledger.written():
            self.ledger.settle(debt)
        return 1

    def _read(self, focus: str) -> bytes:
        what = "a resource that changed"
        url = f"{self.server.base}/{focus}"
        with self.server.asked("GET", url, what, headers={"Accept": JSON}) as answer:
            if answer.status_code == _GONE:
                return entry_bundle([deletion(focus)])
            if not answer.is_success:
                raise self.server.refused(what, answer.status_code)
            return answer.read()

    async def _ask(self, debt: Debt) -> int:
        """`$events` from the first unheard number to the last, some at a time."""
        if debt.last - debt.first >= _AT_ONCE:
            self._divide(debt)
            return 0
        base = f"{self.server.base}/Subscription/{debt.subscription}/$events"
        url = f"{base}?eventsSinceNumber={debt.first}&eventsUntilNumber={debt.last}"
        answer = await asyncio.to_thread(
            self.server.get, url, "events that were missed"
        )
        told = read_notification(answer)
        if _says_nothing_of(told, debt):
            self._put_off(debt)
            return 0
        return await self.reception.take(told, answer)

    def _divide(self, debt: Debt) -> None:
        """A long span as one that can be asked for, and the rest."""
        name, middle = debt.subscription, debt.first + _AT_ONCE
        with self.ledger.written():
            self.ledger.owe(Debt(name, debt.first, middle - 1, ""), self.now())
            self.ledger.owe(Debt(name, middle, debt.last, ""), self.now())

    def _put_off(self, debt: Debt) -> None:
        later = self.now() + min(_LONGEST, 5.0 * 2.0 ** min(debt.tries, 10))
        again = Debt(
            debt.subscription, debt.first, debt.last, debt.focus, debt.tries + 1
        )
        with self.ledger.written():
            self.ledger.owe(again, later)


def _says_nothing_of(told: Notification, debt: Debt) -> bool:
    """A server that answers with none of the numbers has nothing left to say."""
    return not any(
        debt.first <= one.number <= debt.last and one.focus for one in told.events
    )
