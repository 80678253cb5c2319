"""Calendar days of one hospital: every rule of the toolkit counts in them.

A day is the hospital's own, 23 or 25 hours long where clocks change.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from streams.vocabulary.errors import ErrorCode, SettingsError
from streams.vocabulary.facts import Fact, Flag


@dataclass(frozen=True, slots=True)
class HospitalDays:
    """Days in one time zone."""

    zone: ZoneInfo

    def of(self, moment: datetime) -> date:
        """The local date of an instant."""
        return moment.astimezone(self.zone).date()

    def of_fact(self, fact: Fact) -> date:
        """The date of a fact; of a bare date, kept as midnight in UTC, that date."""
        moment = fact.happened_at
        if (
            Flag.DATE_ONLY in fact.flags
            and moment.astimezone(UTC).timetz()
            == datetime.min.replace(tzinfo=UTC).timetz()
        ):
            return moment.date()
        return self.of(moment)

    def start(self, day: date) -> datetime:
        """The first instant of a day, in UTC.

        Where clocks skip midnight itself it is the instant of the change.
        """
        midnight = datetime(day.year, day.month, day.day, tzinfo=self.zone)
        return midnight.astimezone(UTC)

    def end(self, day: date) -> datetime:
        """The first instant after a day."""
        return self.start(later(day, 1))


def later(day: date, days: int) -> date:
    """So many days after a day (before it, where negative)."""
    return day + timedelta(days=days)


@cache
def hospital_days(zone: str) -> HospitalDays:
    """The days of the zone of that name (`America/New_York`).

    Raises `SettingsError` for a name the time zone database does not have.
    """
    try:
        return HospitalDays(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError) as unknown:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"There is no time zone {zone!r}.",
            "Give a name of the IANA database, such as Europe/Athens.",
        ) from unknown
