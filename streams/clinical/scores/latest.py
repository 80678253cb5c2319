"""The last moment of which something can be said, found from the end.

Most scores at a moment listen to the latest value alone.  Looked for backwards, nothing
older is read: neither is it gone through again with each new value, nor does the answer
turn when it falls out of the window.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from streams.clinical.scores.chart import back
from streams.clinical.timeline import Timeline
from streams.vocabulary.facts import Fact


ToldT = TypeVar("ToldT")


def last_told(
    timeline: Timeline,
    lanes: Sequence[str],
    after: datetime,
    until: datetime,
    tell: Callable[[datetime, datetime], Sequence[ToldT]],
) -> Sequence[ToldT]:
    """What `tell` says of the last moment in `(after, until]` of which it says anything.

    `tell` is given a stretch that holds one moment of the lanes; what it says of a
    stretch must be what it says of each of its moments, put together.
    """
    before = until
    while True:
        found = [
            fact.happened_at
            for name in lanes
            if (fact := timeline.latest(Fact, name, before)) is not None
        ]
        moment = max(found, default=None)
        if moment is None or moment <= after:
            return ()
        before = back(moment)
        told = tell(before, moment)
        if told:
            return told
