"""Whether an event is a new one, or belongs to one already counted (p. 9)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from streams.clinical.definitions.ase.dysfunction import OnsetType
from streams.clinical.definitions.ase.policy import AsePolicy


class Onset(Protocol):
    """What the timeframe asks of an event."""

    @property
    def onset_day(self) -> date:
        """The day of onset."""
        ...

    @property
    def onset(self) -> OnsetType:
        """Its type."""
        ...

    @property
    def status(self) -> str:
        """Whether it stands."""
        ...


def is_repeat(event: Onset, before: Onset, policy: AsePolicy) -> bool:
    """Whether `event` is no new event after `before`, of an earlier culture."""
    if before.status == "withdrawn" and event.status != "withdrawn":
        return False
    apart = abs((event.onset_day - before.onset_day).days)
    if policy.repeats == "every" or apart == 0:
        return apart == 0
    if policy.repeats == "one_per_stay":
        return True
    if event.onset == "community" and policy.community_repeats == "each":
        return False
    last = policy.repeat_days - (1 if policy.repeat_day_1 == "onset" else 0)
    return apart <= last


def latest(moments: Sequence[datetime | None]) -> datetime | None:
    """The last of them; None where one is open."""
    known = [moment for moment in moments if moment is not None]
    return max(known) if len(known) == len(moments) else None
