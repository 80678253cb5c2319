"""The embedded runner behind a listener: what is spooled is read, and time passes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from registry.app.embedded import EmbeddedRunner
from registry.app.keeping import Keeping
from registry.app.roster import hear_of_decisions
from registry.domain.letter import OF_SPOOL
from registry.store.unit_of_work import Registry
from streams.app.listen.spool import Read, Spool, Spooled
from streams.pipeline.ingest import Ingested, Reader, Received, ingest_as_written
from streams.vocabulary.clock import DAY, Clock, iso
from streams.vocabulary.errors import InputError
from streams.vocabulary.letters import dead_letter
from streams.vocabulary.messages import DeadLetter, EhrMessage
from streams.vocabulary.topics import (
    CONTROL_HEADER,
    DIGEST_HEADER,
    RAW,
    RECEIVED_HEADER,
    SENDER_HEADER,
)


_AT_ONCE = 500
_PAUSE = 1.0
"""Seconds after which time has passed for everybody, though nothing came."""


@dataclass(slots=True)
class Follower:
    """Reads the spool in a thread of its own, until it is stopped.

    A message is marked as read after the registry has what follows from it; after a
    crash between the two it is read again, and has no second effect.
    """

    spool: Spool
    form: str
    reader: Reader
    runner: EmbeddedRunner
    book: Registry
    """The runner's: what the team decided lies in its outbox."""
    keeping: Keeping
    """The runner's: what is put here is written with the next batch."""
    clock: Clock
    fatal: Callable[[BaseException], None]
    _woken: threading.Event = field(default_factory=threading.Event)
    _stopped: bool = False
    _forgot: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin where the last run stopped."""
        self._thread = threading.Thread(target=self._follow, name="follower")
        self._thread.start()

    def wake(self) -> None:
        """Something was spooled."""
        self._woken.set()

    def stop(self) -> None:
        """Read what is there, then end."""
        self._stopped = True
        self.wake()
        if self._thread is not None:
            self._thread.join()

    def _follow(self) -> None:
        try:
            self.runner.begin()
            while True:
                last = self._stopped
                self._forget()
                self._woken.clear()
                while hear_of_decisions(self.book, self.runner, self.clock):
                    pass
                while self._take():
                    pass
                if last:
                    return
                self._woken.wait(_PAUSE)
        except Exception as fault:  # noqa: BLE001 - the outermost loop of the thread
            self.fatal(fault)

    def _forget(self) -> None:
        """Once a day, what was kept long enough."""
        now = self.clock.now()
        if now - self._forgot >= DAY:
            self.spool.forget(now)
            self._forgot = now

    def _take(self) -> bool:
        """Read some; whether there may be more."""
        spooled = self.spool.unread(_AT_ONCE)
        messages: list[EhrMessage] = []
        read = []
        for one in spooled:
            done, letter = self._ingested(one)
            messages += [
                entry.message
                for entry in done.entries
                if isinstance(entry.message, EhrMessage)
            ]
            if done.read is not None:
                self.keeping.sight(done.read.sightings)
            if letter is not None:
                self.keeping.reject(self._letter(one, letter))
            read.append(
                Read(one.number)
                if letter is None
                else Read(one.number, letter.code.value, str(letter))
            )
        self.runner.catch_up(messages, self.clock.now())
        self.spool.mark(read)
        return len(spooled) == _AT_ONCE

    def _letter(self, one: Spooled, fault: InputError) -> DeadLetter:
        """As the worker's would be; its place is that in the spool."""
        return dead_letter(
            topic=RAW,
            partition=0,
            offset=one.number,
            key=None,
            value=one.payload,
            code=fault.code.value,
            reason=str(fault),
            rejected_by=OF_SPOOL,
            rejected_at=self.clock.now(),
            form=self.form,
            headers={
                SENDER_HEADER: one.sender.encode(),
                CONTROL_HEADER: one.control_id.encode(),
                RECEIVED_HEADER: iso(one.received_at).encode(),
                DIGEST_HEADER: one.digest.hex().encode(),
            },
        )

    def _ingested(self, one: Spooled) -> tuple[Ingested, InputError | None]:
        received = Received(
            topic=RAW, value=one.payload, form=self.form, received_at=one.received_at
        )
        try:
            done = ingest_as_written(received, {self.form: self.reader})
        except InputError as fault:
            return Ingested(entries=()), fault
        return done, done.letter
