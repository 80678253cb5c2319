"""What was received lately: messages that come again, and ids that are used again.

One message is the same sender, control id and bytes; the bytes hold the other two.
Memory is bounded: what is forgotten and comes again is stored again, and ingest gives
it the identity it had, so that it has its effect once.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from hashlib import blake2b


class Lately:
    """The last `size` messages."""

    def __init__(self, size: int = 50_000) -> None:
        self._size = size
        self._durable: OrderedDict[bytes, asyncio.Future[object] | None] = OrderedDict()
        """By digest; None once it is durable."""
        self._named: OrderedDict[bytes, bytes] = OrderedDict()
        """By sender and control id, the digest of the last message of that name."""

    def find(self, digest: bytes) -> asyncio.Future[object] | bool:
        """Whether the message is durable, or what it waits for to be so."""
        if digest not in self._durable:
            return False
        self._durable.move_to_end(digest)
        return self._durable[digest] or True

    def keep(self, digest: bytes, durable: asyncio.Future[object]) -> None:
        """Remember it; where it cannot be stored it is forgotten."""
        self._durable[digest] = durable
        durable.add_done_callback(lambda done: self._done(digest, done))
        while len(self._durable) > self._size:
            self._durable.popitem(last=False)

    def names_another(self, sender: str, control_id: str, digest: bytes) -> bool:
        """Whether the last message of this name had other bytes."""
        told = f"{sender}\x1f{control_id}".encode("utf-8", "surrogatepass")
        name = blake2b(told, digest_size=16).digest()
        before = self._named.pop(name, digest)
        self._named[name] = digest
        while len(self._named) > self._size:
            self._named.popitem(last=False)
        return before != digest

    def _done(self, digest: bytes, durable: asyncio.Future[object]) -> None:
        if durable.cancelled() or durable.exception() is not None:
            self._durable.pop(digest, None)
        elif digest in self._durable:
            self._durable[digest] = None
