"""Times as HL7 writes them: `YYYY[MM[DD[HH[MM[SS[.S…]]]]]][+/-ZZZZ]`.

Senders also write ISO 8601, leave the point before the fraction out, and shorten the
zone: all of it can mean one thing only. `01/02/2026` can mean two, and is no time.
Source: HL7 v2.8.2 chapter 2A, DTM and TS; chapter 2, MSH-7, for the default zone.
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
    r"(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:\.?(\d{0,12}))?)?)?)?"
    r"\s*(?:([+-])(\d\d):?(\d\d))?"
)
_ISO = re.compile(
    r"(\d{4})(-?)(\d\d)\2(\d\d)"
    r"(?:[T ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,12}))?)?)?",
    re.IGNORECASE,
)
_SHORT_ZONE = re.compile(r"(.*\d)\s*(?:(Z)|([+-])(\d\d)(?::?(\d\d))?)", re.IGNORECASE)
_LONGEST = 64
"""Characters; what is longer is no time."""
_YEARS = range(1900, 2201)
"""What a record of living patients can speak of; 1841 is a slip or a stand-in."""


@lru_cache(maxsize=16_384)
def moment(written: str, zone: tzinfo) -> Moment | None:
    """The instant in UTC; None where the text is none.

    `zone` is that of a time that names no zone; of an hour that a change of clocks
    made twice, the first.
    A year or a month alone is no moment.
    """
    found = _read(written)
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


def zone_of(written: str, zone: tzinfo) -> tzinfo:
    """The zone of a message whose MSH-7 is that: of its times that name none.

    It is the one MSH-7 names, and `zone` where it names none, or one that `zone` then
    keeps: of those two only the latter knows when clocks change.
    """
    if written[8:].isdecimal():  # as most are
        return zone
    at, found = moment(written, zone), _read(written)
    if at is None or found is None:
        return zone
    told = _zone(found)
    if told is None:
        return zone
    kept = at.at.astimezone(zone).utcoffset() == told.utcoffset(None)
    return zone if kept else told


def year(written: str) -> int | None:
    """The year that the text begins with; None where it begins with none."""
    found = re.match(r"\d{4}", written.strip())
    return int(found[0]) if found and int(found[0]) in _YEARS else None


def written(at: datetime) -> str:
    """The instant as HL7 writes it, in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y%m%d%H%M%S+0000")


def _read(written: str) -> re.Match[str] | None:
    if len(written) > _LONGEST:
        return None
    text = written.strip()
    return _TIME.fullmatch(text) or _TIME.fullmatch(_as_hl7(text))


def _as_hl7(text: str) -> str:
    """A time in ISO 8601, or with a zone that HL7 writes longer, as HL7 has it."""
    zone = ""
    if (ended := _SHORT_ZONE.fullmatch(text)) and len(ended[1]) > len("20260101"):
        text = ended[1]
        zone = "+0000" if ended[2] else f"{ended[3]}{ended[4]}{ended[5] or '00'}"
    if (found := _ISO.fullmatch(text)) is None:
        return text + zone
    day = found[1] + found[3] + found[4]
    clock = "".join(found[at] or "" for at in (5, 6, 7))
    return f"{day}{clock}{'.' + found[8] if found[8] else ''}{zone}"


def _zone(found: re.Match[str]) -> tzinfo | None:
    if found[8] is None:
        return None
    away = timedelta(hours=int(found[9]), minutes=int(found[10]))
    return timezone(-away if found[8] == "-" else away)
