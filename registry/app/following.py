"""The embedded runner behind a listener: what is spooled is read, and time passes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from registry.app.embedded import EmbeddedRunner
from streams.app.listen.spool import KEPT, Read, Spool, Spooled
from streams.pipeline.ingest import Ingested, Reader, Received, ingest_as_written
from streams.vocabulary.clock import Clock
from streams.vocabulary.errors import InputError
from streams.vocabulary.messages import EhrMessage
from streams.vocabulary.topics import RAW


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
    clock: Clock
    fatal: Callable[[BaseException], None]
    _woken: threading.Event = field(default_factory=threading.Event)
    _stopped: bool = False
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
            self.spool.forget(self.clock.now() - KEPT)
            self.runner.begin()
            while True:
                last = self._stopped
                self._woken.clear()
                while self._take():
                    pass
                if last:
                    return
                self._woken.wait(_PAUSE)
        except Exception as fault:  # noqa: BLE001 - the outermost loop of the thread
            self.fatal(fault)

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
            read.append(
                Read(one.number)
                if letter is None
                else Read(one.number, letter.code.value, str(letter))
            )
        self.runner.catch_up(messages, self.clock.now())
        self.spool.mark(read)
        return len(spooled) == _AT_ONCE

    def _ingested(self, one: Spooled) -> tuple[Ingested, InputError | None]:
        received = Received(
            topic=RAW, value=one.payload, form=self.form, received_at=one.received_at
        )
        try:
            done = ingest_as_written(received, {self.form: self.reader})
        except InputError as fault:
            return Ingested(entries=()), fault
        return done, done.letter
