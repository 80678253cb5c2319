"""Clock hours as whole numbers, and counts of boundaries crossed.

A row of an hourly score is named by its number: row `n` ends `n` hours after the
epoch and holds what happened in `(end - 1 h, end]`, the half-open hour of mimic-code's
`sofa.sql`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from streams.vocabulary.clock import HOUR


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
"""The smallest step of time: turns `after <` into `from <=`."""


def hour_of(moment: datetime) -> int:
    """The row that holds `moment`: a full hour ends the row before it."""
    return -((EPOCH - moment) // HOUR)


def end_of(hour: int) -> datetime:
    """The last instant of a row."""
    return EPOCH + hour * HOUR


def hours_crossed(earlier: datetime, later: datetime) -> int:
    """How many full hours lie in `(earlier, later]`: 10:59 to 11:01 is one."""
    return _floor_hours(later) - _floor_hours(earlier)


def minutes_crossed(earlier: datetime, later: datetime) -> int:
    """How many full minutes lie in `(earlier, later]`."""
    return _floor_minutes(later) - _floor_minutes(earlier)


def _floor_hours(moment: datetime) -> int:
    since = moment - EPOCH
    return since.days * 24 + since.seconds // 3600


def _floor_minutes(moment: datetime) -> int:
    since = moment - EPOCH
    return since.days * 1440 + since.seconds // 60
