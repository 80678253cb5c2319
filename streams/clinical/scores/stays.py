"""ICU stays and hospital stays, as the location and encounter events tell them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from streams.clinical.timeline import Timeline, part
from streams.vocabulary.events import Location


@dataclass(frozen=True, slots=True)
class UnitStay:
    """A stay in one ICU; `left` is None while the patient is there."""

    stay: str
    encounter: str | None
    entered: datetime
    left: datetime | None

    def holds(self, moment: datetime) -> bool:
        """Whether the patient was there: from entering until just before leaving."""
        return self.entered <= moment and (self.left is None or moment < self.left)


@part
def unit_stays(timeline: Timeline, now: datetime | None = None) -> tuple[UnitStay, ...]:
    """All ICU stays begun by `now`, by time of entering."""
    entered: dict[str, Location] = {}
    left: dict[str, datetime] = {}
    for fact in timeline.all(Location, "location"):
        if fact.stay is None or (now is not None and fact.happened_at > now):
            continue
        if fact.phase == "left":
            left[fact.stay] = fact.happened_at
        elif fact.level == "icu":
            entered.setdefault(fact.stay, fact)
    return tuple(
        UnitStay(stay, fact.encounter, fact.happened_at, left.get(stay))
        for stay, fact in entered.items()
    )
