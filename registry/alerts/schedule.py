"""When a message that failed is sent again (Standard Webhooks 1.0.0).

    attempt   1    2    3      4       5    6    7     8     9     10
    wait      0 s  5 s  5 min  30 min  2 h  5 h  10 h  14 h  20 h  24 h

After the tenth the message is a dead letter.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from streams.vocabulary.clock import HOUR, MINUTE, in_utc
from streams.vocabulary.errors import BrokenInvariant


WAITS = (
    timedelta(0),
    timedelta(seconds=5),
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
)

SPREAD = 0.1
"""The most that jitter lengthens a wait, as a share of it."""

SHORTEST_HOLD = timedelta(seconds=5)
LONGEST_HOLD = HOUR
"""A recruitment window is hours long: no target may silence alerts for a day."""


def wait_before(attempt: int, *, jitter: float) -> timedelta | None:
    """The pause between the attempt before and this one; None when none is left.

    `attempt` counts from 1; `jitter` is in [0, 1) and never shortens a wait.
    """
    if attempt < 1 or not 0 <= jitter < 1:
        raise BrokenInvariant(f"No attempt {attempt} with jitter {jitter}.")
    if attempt > len(WAITS):
        return None
    return WAITS[attempt - 1] * (1 + SPREAD * jitter)


def hold(asked: timedelta | None) -> timedelta:
    """How long a target that asked for peace is left alone, within our bounds."""
    if asked is None:
        return SHORTEST_HOLD
    return min(max(asked, SHORTEST_HOLD), LONGEST_HOLD)


def asked_wait(retry_after: str | None, *, at: datetime) -> timedelta | None:
    """What a `Retry-After` asks for, in seconds or as a date (RFC 9110 §10.2.3).

    None where there is none or it says nothing readable.
    """
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        # Nine digits are thirty years: enough, and no overflow further on.
        return timedelta(seconds=int(text[:9]))
    return _until(text, at)


def _until(date: str, at: datetime) -> timedelta | None:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return None
    # RFC 9110 dates are GMT; `-0000` parses as naive and means the same.
    aware = moment if moment.tzinfo else moment.replace(tzinfo=at.tzinfo)
    return max(in_utc(aware) - at, timedelta(0))
