"""How many bytes may be on their way at once; whoever wants more waits in line."""

from __future__ import annotations

import asyncio
from collections import deque


class Budget:
    """`total` bytes; a claim of more than all of it waits until nothing is taken."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self.taken = 0
        """Bytes on their way."""

    async def take(self, size: int) -> None:
        """Wait, in the order of asking, until so many bytes are free."""
        if not self._waiting and self._fits(size):
            self.taken += size
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give(size)
            self._let_in()
            raise

    def give(self, size: int) -> None:
        """So many bytes are where they belong."""
        self.taken -= size
        self._let_in()

    def _let_in(self) -> None:
        while self._waiting:
            size, turn = self._waiting[0]
            if not turn.cancelled():
                if not self._fits(size):
                    return
                self.taken += size
                turn.set_result(None)
            self._waiting.popleft()

    def _fits(self, size: int) -> bool:
        return not self.taken or self.taken + size <= self._total
