"""Times as HL7 writes them: `YYYY[MM[DD[HH[MM[SS[.S…]]]]]][+/-ZZZZ]`.

Source: HL7 v2.8.2 chapter 2A, DTM and TS.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cached_property, lru_cache


@dataclass(frozen=True)  # without slots: `second` is kept
class Moment:
    """An instant, and whether only its date was told (it is then the day's begin)."""

    at: datetime
    date_only: bool = False

    @cached_property
    def second(self) -> int:
        """In whole seconds of the epoch, for identities."""
        return int(self.at.timestamp())


_TIME = re.compile(
    r"(\d{4})(\d\d)?(\d\d)?"
    r"(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:\.(\d{0,12}))?)?)?)?"
    r"\s*(?:([+-])(\d\d):?(\d\d))?"
)
_YEARS = range(1900, 2201)
"""What a record of living patients can speak of; 1841 is a slip or a stand-in."""


@lru_cache(maxsize=16_384)
def moment(written: str, zone: tzinfo) -> Moment | None:
    """The instant in UTC; None where the text is none.

    `zone` is that of a time that names no zone; of an hour that a change of clocks
    made twice, the first.
    A year or a month alone is no moment.
    """
    found = _TIME.fullmatch(written.strip())
    if found is None or not found[3]:
        return None
    try:
        naive = datetime(
            int(found[1]),
            int(found[2]),
            int(found[3]),
            int(found[4] or 0),
            int(found[5] or 0),
            min(int(found[6] or 0), 59),  # a leap second
            int((found[7] or "0").ljust(6, "0")[:6]),
            tzinfo=_zone(found) or zone,
        )
        at = naive.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    if at.year not in _YEARS:
        return None
    return Moment(at, date_only=found[4] is None)


def year(written: str) -> int | None:
    """The year that the text begins with; None where it begins with none."""
    found = re.match(r"\d{4}", written.strip())
    return int(found[0]) if found and int(found[0]) in _YEARS else None


def written(at: datetime) -> str:
    """The instant as HL7 writes it, in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y%m%d%H%M%S+0000")


def _zone(found: re.Match[str]) -> tzinfo | None:
    if found[8] is None:
        return None
    away = timedelta(hours=int(found[9]), minutes=int(found[10]))
    return timezone(-away if found[8] == "-" else away)
