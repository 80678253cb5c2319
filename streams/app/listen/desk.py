"""The desk: every message that comes in is looked at, stored and answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, tzinfo
from hashlib import sha256

from streams.adapters.hl7v2.acknowledge import Acknowledgement, acknowledgement
from streams.adapters.hl7v2.header import Hl7Header, header
from streams.adapters.hl7v2.mllp import END, START, Broken, Frame
from streams.app.listen.account import ListenerAccount
from streams.app.listen.budget import Budget
from streams.app.listen.memory import Lately
from streams.app.listen.ruling import (
    NO_HEADER,
    TOO_LARGE,
    Ruling,
    ruled,
    unreadable,
    wanted,
)
from streams.app.listen.store import RawMessage, Store
from streams.vocabulary.errors import InputError


@dataclass(frozen=True, slots=True)
class Pending:
    """What a message waits for, and the answer it then gets."""

    received: Hl7Header
    ruling: Ruling
    code: Acknowledgement | None
    """None: its sender wants no answer."""
    durable: asyncio.Future[object] | None
    """None: it is durable already, or is not stored."""

    def answer(self, at: datetime, control_id: str) -> bytes | None:
        """The acknowledgement; never to be sent before it is durable.

        What it repeats of the message may hold bytes that frame one; they are left out.
        """
        if self.code is None:
            return None
        told = acknowledgement(
            self.received,
            self.code,
            error=self.ruling.error,
            at=at,
            control_id=control_id,
        )
        return told.translate(None, START + END[:1])


@dataclass(slots=True)
class Desk:
    """Takes messages of all connections."""

    store: Store
    route: Callable[[bytes], bytes | None]
    """The key of the patient of whom a message tells; None where it names none."""
    zone: tzinfo
    """Of times of issue that name none."""
    processing: Collection[str]
    """The ids (MSH-11) that are taken."""
    budget: Budget
    account: ListenerAccount
    now: Callable[[], datetime]
    lately: Lately

    async def take(self, found: Frame | Broken, peer: str) -> Pending | None:
        """Look at it and hand it to the store; None where nothing follows from it.

        It waits while too much is on its way already.
        """
        if isinstance(found, Frame):
            return await self._take(found.payload, peer)
        self.account.broken(found)
        if found.why == "cut short":
            return None  # nobody was told that we have it: it comes again
        return self._ruled(self._header(found.begin)[0], TOO_LARGE, None)

    async def _take(self, payload: bytes, peer: str) -> Pending:
        received, unread = self._header(payload)
        ruling = unread or ruled(received, self.processing)
        durable = await self._kept(payload, received, peer) if ruling.stored else None
        return self._ruled(received, ruling, durable)

    def _header(self, payload: bytes) -> tuple[Hl7Header, Ruling | None]:
        """The header, or one that stands for it and what is done without."""
        try:
            return header(payload, zone=self.zone), None
        except InputError as fault:
            return NO_HEADER, unreadable(fault)

    def _ruled(
        self,
        received: Hl7Header,
        ruling: Ruling,
        durable: asyncio.Future[object] | None,
    ) -> Pending:
        self.account.ruled(ruling)
        return Pending(received, ruling, wanted(received, ruling.outcome), durable)

    async def _kept(
        self, payload: bytes, received: Hl7Header, peer: str
    ) -> asyncio.Future[object] | None:
        digest = sha256(payload).digest()
        now = self.now()
        if not self.lately.find(digest):
            await self.budget.take(len(payload))
            if self.lately.find(digest):  # brought by another connection meanwhile
                self.budget.give(len(payload))
        if found := self.lately.find(digest):
            self.account.repeated()
            return None if found is True else found
        sender = "" if received is NO_HEADER else received.sender
        message = RawMessage(
            payload=payload,
            key=self._key(payload, sender or peer),
            sender=sender,
            control_id=received.control_id,
            received_at=now,
            digest=digest,
        )
        began = time.monotonic()
        try:
            durable = await self.store.keep(message)
        except BaseException:
            self.budget.give(len(payload))
            raise
        durable.add_done_callback(lambda done: self._stored(len(payload), began, done))
        self.lately.keep(digest, durable)
        if sender:
            self.account.heard(sender, received.issued_at, now)
            if self.lately.names_another(sender, received.control_id, digest):
                self.account.name_used()
        return durable

    def _stored(self, size: int, began: float, done: asyncio.Future[object]) -> None:
        self.budget.give(size)
        if not done.cancelled() and done.exception() is None:
            self.account.stored(time.monotonic() - began)

    def _key(self, payload: bytes, otherwise: str) -> bytes:
        """Of a message that names no patient, its sender's: one order it must have."""
        return self.route(payload) or sha256(otherwise.encode()).hexdigest().encode()
