"""When something of history was known: by what it says itself.

A resource was known once its server had stored that version (`meta.lastUpdated`), else
once it was issued, else when its Bundle was made.
What says none of these is known at its own time, and flagged: how late it came cannot
be measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import Any

from streams.adapters.fhir.times import UNSAID, at, read_time
from streams.adapters.mimic_iv.known_at import CULTURE_LAG
from streams.vocabulary.clock import DAY
from streams.vocabulary.events import CultureCollected, CultureResult, Death, Event
from streams.vocabulary.facts import Flag


def issued(
    resource: Mapping[str, Any], stamp: datetime | None, zone: tzinfo
) -> datetime | None:
    """When this version was known; `stamp` is its Bundle's. None where nothing says."""
    meta = resource.get("meta")
    stored = meta.get("lastUpdated") if isinstance(meta, dict) else None
    for written in (stored, resource.get("issued")):
        if isinstance(written, str) and (when := at(read_time(written, zone))):
            return when
    return stamp


def dated(event: Event, fallback: datetime) -> Event:
    """The event with the moment at which it was known.

    `fallback` is for what has no time of its own either: who somebody is, and that
    something never was.
    """
    if event.known_at < UNSAID:
        return event
    if event.happened_at < UNSAID:
        return undated(event)
    flags = _unmeasured(event.flags)
    return replace(event, happened_at=fallback, known_at=fallback, flags=flags)


def undated(event: Event) -> Event:
    """An event that only its own time tells of."""
    known = event.happened_at
    if isinstance(event, CultureCollected | Death) and Flag.DATE_ONLY in event.flags:
        known += DAY
    if isinstance(event, CultureResult) and Flag.LAG_UNMEASURABLE in event.flags:
        known += CULTURE_LAG
        event = replace(event, happened_at=known)
    return replace(event, known_at=known, flags=_unmeasured(event.flags))


def _unmeasured(flags: tuple[Flag, ...]) -> tuple[Flag, ...]:
    return flags if Flag.LAG_UNMEASURABLE in flags else (*flags, Flag.LAG_UNMEASURABLE)
