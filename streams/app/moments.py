"""Moments as people write them on a command line: with their offset, or refused."""

from __future__ import annotations

from datetime import datetime

from streams.vocabulary.clock import in_utc
from streams.vocabulary.errors import ErrorCode, SettingsError


YEARS = range(1800, 3000)
"""Of moments that can be asked for; de-identified records lie a century ahead."""

AS_WRITTEN = "with its offset, as 2026-05-01T10:00Z"
"""What the help of every option of a moment says."""


def moment_of(written: str, option: str) -> datetime:
    """The instant that was written, in UTC; raises `SettingsError` EMB-402.

    One without an offset is refused: nobody guesses whose clock it was read from, and
    five hours are the difference between a fever before the culture and one after it.
    """
    try:
        moment = datetime.fromisoformat(written)
        if moment.tzinfo is not None and moment.year in YEARS:
            return in_utc(moment)
    except ValueError:
        pass
    raise SettingsError(
        ErrorCode.BAD_SETTING,
        f"{option}: {written!r} is no moment with its offset from UTC, of a year from "
        f"{YEARS[0]} to {YEARS[-1]}.",
        "Write it as 2026-05-01T10:00Z or 2026-05-01T12:00+02:00.",
    )
