"""The number that orders the versions of one resource, whatever comes first."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from streams.adapters.fhir.elements import Meta
from streams.adapters.fhir.times import read_time


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RANKS = {
    "registered": 1,
    "planned": 1,
    "preliminary": 2,
    "partial": 2,
    "in-progress": 2,
    "active": 2,
    "amended": 4,
    "corrected": 4,
    "appended": 4,
    "cancelled": 5,
    "entered-in-error": 6,
}
"""Where a server numbers nothing, a later status is a later version."""
_OTHER = 3


def version_of(meta: Meta | None, status: str | None) -> int:
    """Milliseconds of `lastUpdated`, else `versionId`, else the rank of the status.

    A server must tell the same of all versions of one resource.
    """
    if meta is not None and meta.last_updated is not None:
        stored = milliseconds(meta.last_updated)
        if stored is not None:
            return stored
    numbered = (meta and meta.version_id) or ""
    if numbered.isascii() and numbered.isdigit() and len(numbered) < 16:
        return int(numbered)
    return _RANKS.get(status or "", _OTHER)


def milliseconds(text: str) -> int | None:
    """A moment as milliseconds since 1970; None where it is none."""
    when = read_time(text, ZoneInfo("UTC"))
    return None if when is None else moment_in_milliseconds(when.at)


def moment_in_milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970, never below 1."""
    passed = moment - _EPOCH
    whole = passed.days * 86_400_000 + passed.seconds * 1000
    return max(1, whole + passed.microseconds // 1000)
