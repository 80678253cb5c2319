"""Blood cultures, and the window of days that each of them opens.

Bacterial, mycobacterial and fungal cultures count, whatever grew; blood taken to look
for one virus, serology, and fluids that only went into a blood culture bottle do not
(p. 6).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from streams.clinical.definitions.ase.days import HospitalDays, later
from streams.clinical.definitions.ase.policy import AsePolicy
from streams.clinical.definitions.ase.stays import FOREVER, Stay
from streams.clinical.timeline import Timeline, part
from streams.clinical.vital_status import ALWAYS
from streams.vocabulary.events import CultureCollected


_BLOOD = ("blood culture", "blood_buffy", "blood")
_NOT_CULTURED = (
    *("virus", "viral", "viremia", "cmv", "ebv", "hiv", "hsv", "hbv", "hcv"),
    *("serology", "antibody", "antigen", "igg", "igm", "toxo", "lyme", "(cmv"),
)
_OTHER_FLUID = ("fluid received", "stem cell", "cord blood")


@dataclass(frozen=True, slots=True)
class Culture:
    """A blood culture and its window, both ends included."""

    culture_id: str
    event_id: str
    at: datetime
    day: date
    first: date
    last: date

    def holds(self, day: date) -> bool:
        """Whether a day lies in the window."""
        return self.first <= day <= self.last


def is_blood_culture(fact: CultureCollected) -> bool:
    """Whether it is blood, taken to grow bacteria, mycobacteria or fungi."""
    specimen = fact.specimen.lower()
    words = f"{specimen} {(fact.test or '').lower()}"
    if any(word in specimen for word in _OTHER_FLUID):
        return False
    if any(word in words for word in _NOT_CULTURED):
        return False
    told = specimen.startswith(_BLOOD) or specimen.endswith("blood culture")
    return told and ("culture" in words or "blood_buffy" in words or not fact.test)


@part
def blood_cultures(
    timeline: Timeline, days: HospitalDays, policy: AsePolicy, now: datetime | None
) -> tuple[Culture, ...]:
    """Every blood culture taken by `now`, by the moment of taking."""
    taken = timeline.between(
        CultureCollected, "culture_collected", ALWAYS, now or FOREVER
    )
    return tuple(
        culture_on(fact, days.of_fact(fact), policy)
        for fact in taken
        if is_blood_culture(fact)
    )


def culture_on(fact: CultureCollected, day: date, policy: AsePolicy) -> Culture:
    """A specimen and its window."""
    return Culture(
        culture_id=fact.culture_id,
        event_id=fact.event_id,
        at=fact.happened_at,
        day=day,
        first=later(day, -policy.window_days),
        last=later(day, policy.window_days),
    )


@dataclass(frozen=True, slots=True)
class Reached:
    """A stay, and the days whose cultures may be its own."""

    stay: Stay
    earliest: date
    left_on: date


def reached(stays: Iterable[Stay], days: HospitalDays) -> list[Reached]:
    """Each stay with its days, a day or two before it among them."""
    return [
        Reached(
            stay,
            min(stay.first_day, days.of(stay.came_at)),
            date.max if stay.left_at is None else days.of(stay.left_at),
        )
        for stay in stays
    ]


def stay_of(culture: Culture, stays: Sequence[Reached]) -> Stay | None:
    """The stay a culture was taken in, or else (a day or two early) before."""
    near = [one.stay for one in stays if one.earliest <= culture.day <= one.left_on]
    inside = (stay for stay in near if _holds(stay, culture.at))
    return next(inside, near[-1] if near else None)


def _holds(stay: Stay, moment: datetime) -> bool:
    ended = stay.left_at is not None and stay.left_at < moment
    return stay.came_at <= moment and not ended
