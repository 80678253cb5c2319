"""MLLP: messages out of a stream of bytes, however it was cut (HL7 v2.x, transport R1).

A message stands between VT and FS CR.
What stands outside is skipped and counted.
A new `VT MSH` inside a message says that its sender began anew: what came before was
cut short, unless only the CR behind its FS is missing.
A VT before anything else is kept: word processors write it into reports.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal


START = b"\x0b"
END = b"\x1c\r"

BEGIN_KEPT = 4_096
"""Bytes of a broken message that are kept: its header is there."""

_STOP = re.compile(rb"\x1c\r|\x0b(?=MSH|FHS|BHS)")
_OVERLAP = 3
"""Bytes at the end that may be the beginning of a stop."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One whole message."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Broken:
    """A message that did not come whole, or is larger than allowed."""

    begin: bytes
    """Its first bytes, `BEGIN_KEPT` at most."""
    size: int
    why: Literal["cut short", "too large"]


def framed(payload: bytes) -> bytes:
    """The payload as it goes over the line."""
    return START + payload + END


class Deframer:
    """Finds the messages of one connection; holds `limit` bytes and one read at most."""

    def __init__(self, limit: int) -> None:
        """`limit`: bytes a message may have."""
        self._limit = limit
        self._held = bytearray()
        self._inside = False
        self._searched = 0
        self._begin = b""
        self._lost = 0
        self.garbage = 0
        """Bytes that stood outside any message, line ends left aside."""

    @property
    def inside(self) -> bool:
        """Whether a message has begun and not ended."""
        return self._inside

    @property
    def held(self) -> int:
        """Bytes in memory."""
        return len(self._held)

    def feed(self, data: bytes) -> list[Frame | Broken]:
        """What is complete with these bytes, in order."""
        self._held += data
        found: list[Frame | Broken] = []
        while True:
            if not self._inside and not self._begin_one():
                return found
            if (stop := _STOP.search(self._held, self._searched)) is None:
                self._hold()
                return found
            found.append(self._ended(stop))

    def end(self) -> Broken | None:
        """The stream is over: what had begun and not ended."""
        if not self._inside:
            return None
        self._inside = False
        return self._broken(len(self._held), "cut short")

    def _begin_one(self) -> bool:
        """Skip to the next message; False where none has begun."""
        at = self._held.find(START)
        skipped = self._held if at < 0 else self._held[:at]
        self.garbage += len(skipped) - skipped.count(b"\r") - skipped.count(b"\n")
        if at < 0:
            self._held.clear()
            return False
        del self._held[: at + 1]
        self._inside = True
        self._searched = self._lost = 0
        self._begin = b""
        return True

    def _ended(self, stop: re.Match[bytes]) -> Frame | Broken:
        at = stop.start()
        anew = stop.group() == START
        unended = anew and not self._held.endswith(END[:1], 0, at)
        size = at - 1 if anew and not unended else at
        ended: Frame | Broken
        if self._lost + size > self._limit:
            ended = self._broken(size, "too large")
        elif unended:
            ended = self._broken(size, "cut short")
        else:
            ended = Frame(bytes(self._held[:size]))
        del self._held[: at if anew else stop.end()]
        self._inside = False
        return ended

    def _hold(self) -> None:
        """Wait for more; of what is too large already, its beginning will do."""
        if self._lost + len(self._held) - _OVERLAP > self._limit:
            self._begin = self._begin or self._first(self._limit)
            dropped = len(self._held) - _OVERLAP
            self._lost += dropped
            del self._held[:dropped]
        self._searched = max(0, len(self._held) - _OVERLAP)

    def _broken(self, size: int, why: Literal["cut short", "too large"]) -> Broken:
        begin = self._begin or self._first(min(size, self._limit))
        return Broken(begin, self._lost + size, why)

    def _first(self, size: int) -> bytes:
        return bytes(self._held[: min(size, BEGIN_KEPT)])
