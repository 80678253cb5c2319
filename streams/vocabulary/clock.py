"""Instants and the clock that hands them out.

Every fact has two of them: `happened_at` (clinical time) and `known_at` (the moment
from which somebody could have acted on it).
An instant is an aware `datetime` in UTC; a naive one never enters the core.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Protocol

from pydantic import AfterValidator, AwareDatetime


def in_utc(moment: datetime) -> datetime:
    """The same instant with `datetime.UTC` itself as its zone.

    One zone object for all makes comparison cheap and equality exact.
    Raises `ValueError` for what UTC's calendar does not hold (year 10000 or 0).
    """
    try:
        return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("the instant lies outside the calendar") from None


Instant = Annotated[AwareDatetime, AfterValidator(in_utc)]

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class Clock(Protocol):
    """What tells the time; a test moves its own."""

    def now(self) -> datetime:
        """This moment, in UTC."""
        ...


def floor_hour(moment: datetime) -> datetime:
    """The full hour at or before `moment`."""
    return moment.replace(minute=0, second=0, microsecond=0)


def ceil_hour(moment: datetime) -> datetime:
    """The full hour at or after `moment`."""
    floor = floor_hour(moment)
    return floor if floor == moment else floor + HOUR


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC with a `Z`, seconds always, microseconds only where there are."""
    return in_utc(moment).replace(tzinfo=None).isoformat() + "Z"
