"""One connection: read, hand over, answer in order.

Nothing is read while too much is on its way, so that TCP holds the sender back.
What is not durable within `patience` is not answered at all: the connection is closed,
and its sender sends again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from streams.adapters.hl7v2.mllp import Broken, Deframer, Frame, framed
from streams.app.listen.desk import Desk, Pending


READ_BYTES = 64 << 10
_AHEAD = 64
"""Messages of one connection that may wait for their answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one connection may do; times in seconds."""

    message_bytes: int
    idle: float
    """Without a byte, or from the beginning of a message to its end."""
    patience: float
    """Until a message is durable, and until an answer is taken."""


@dataclass(slots=True)
class Connection:
    """One sender's connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    desk: Desk
    limits: Limits
    next_id: Callable[[], str]
    """Control ids of our own."""
    now: Callable[[], datetime]
    peer: str
    _waiting: asyncio.Queue[Pending | None] = field(
        default_factory=lambda: asyncio.Queue(_AHEAD)
    )
    _unanswered: int = 0
    _until: float = 0.0

    async def run(self) -> None:
        """Until the sender goes, is silent for too long, or must send again.

        Raises what is wrong with the store; never what is wrong with the line.
        """
        tasks = [asyncio.create_task(part) for part in (self._read(), self._answer())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            self._close(ended)
        for fault in ended:
            if isinstance(fault, Exception) and not isinstance(fault, OSError):
                raise fault

    def finish(self) -> None:
        """Read no more: what came is answered, then the connection ends."""
        self.reader.feed_eof()

    def _close(self, ended: list[BaseException | None]) -> None:
        if not self._unanswered:
            self.writer.close()
            return
        self.writer.transport.abort()
        if any(isinstance(fault, TimeoutError) for fault in ended):
            self.desk.account.given_up(self._unanswered)

    async def _read(self) -> None:
        deframer, garbage = Deframer(self.limits.message_bytes), 0
        self._renew()
        while data := await self._some(deframer):
            found = deframer.feed(data)
            for one in found:
                await self._hand_over(one)
            if found or not deframer.inside:
                self._renew()
            self.desk.account.skipped(deframer.garbage - garbage)
            garbage = deframer.garbage
        if (broken := deframer.end()) is not None:
            self.desk.account.broken(broken)
        await self._waiting.put(None)

    def _renew(self) -> None:
        self._until = asyncio.get_running_loop().time() + self.limits.idle

    async def _some(self, deframer: Deframer) -> bytes:
        """The next bytes; none where the sender is gone, or was silent for too long.

        A message must be whole `idle` seconds after it began: a sender that dribbles
        would otherwise hold a place for ever.
        """
        try:
            async with asyncio.timeout_at(self._until):
                return await self.reader.read(READ_BYTES)
        except TimeoutError:
            if deframer.inside:
                self.desk.account.slow()
            return b""

    async def _hand_over(self, found: Frame | Broken) -> None:
        self._unanswered += 1
        pending = await asyncio.wait_for(
            self.desk.take(found, self.peer), self.limits.patience
        )
        if pending is None:
            self._unanswered -= 1
        else:
            await self._waiting.put(pending)

    async def _answer(self) -> None:
        while (pending := await self._waiting.get()) is not None:
            if pending.durable is not None:
                await self._durable(pending.durable)
            answer = pending.answer(self.now(), self.next_id())
            if answer is not None and pending.code is not None:
                self.writer.write(framed(answer))
                self.desk.account.answered(pending.code)
                await asyncio.wait_for(self.writer.drain(), self.limits.patience)
            self._unanswered -= 1

    async def _durable(self, durable: asyncio.Future[object]) -> None:
        """Wait for it without ever cancelling it: others may wait for it as well."""
        await asyncio.wait({durable}, timeout=self.limits.patience)
        if not durable.done():
            raise TimeoutError
        durable.result()
