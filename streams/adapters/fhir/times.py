"""FHIR's times: a year, a month, a day, or a moment with its offset.

Source: HL7 FHIR R4 (4.0.1), `date`, `dateTime` and `instant`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from streams.vocabulary.clock import in_utc
from streams.vocabulary.facts import Flag


UNSAID = datetime(9998, 1, 1, tzinfo=UTC)
"""From when on something of history is known that does not say when it was issued."""


@dataclass(frozen=True, slots=True)
class When:
    """A moment in UTC, and what is odd about it."""

    at: datetime
    flags: tuple[Flag, ...] = ()


def at(when: When | None) -> datetime | None:
    """The moment alone."""
    return None if when is None else when.at


_YEARS = range(1800, 9001)
"""Years a patient can live in; shifted research data reach into the 23rd century."""
_PARTIAL = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?", re.ASCII
)
_DATED = (Flag.DATE_ONLY,)


@lru_cache(maxsize=16_384)
def read_time(text: str, zone: ZoneInfo) -> When | None:
    """The moment, or the first of a partial date in the site's zone, flagged.

    None where the text is no time, or nobody lived then.
    """
    if len(text) > len("2026-11-28"):
        return _moment(text, zone)
    found = _PARTIAL.fullmatch(text)
    if found is None or int(found[1]) not in _YEARS:
        return None
    year, month, day = found[1], found[2] or "01", found[3] or "01"
    try:
        first = datetime(int(year), int(month), int(day), tzinfo=zone)
    except ValueError:
        return None
    return When(in_utc(first), _DATED)


def _moment(text: str, zone: ZoneInfo) -> When | None:
    if not _MOMENT.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.year not in _YEARS:
            return None
        return When(in_utc(moment if moment.tzinfo else moment.replace(tzinfo=zone)))
    except ValueError:
        return None
