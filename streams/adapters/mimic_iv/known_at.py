"""When a row of each table became known, as rules in words and in one function.

The start, the stop, the order, the collection and the result of one thing are facts
of their own; none is known before it happened.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from streams.adapters.tabular.cells import Row, instant
from streams.vocabulary.clock import DAY, HOUR
from streams.vocabulary.facts import Flag


LAB_LAG = 4 * HOUR
"""For a result without a filing time: longer than nine in ten of the demo's results
(creatinine 158 min, platelets 119, total bilirubin 189)."""
CULTURE_LAG = 5 * DAY
"""For a culture result without a filing time: blood cultures are kept for five days
before they are called negative."""

KNOWN_AT_RULES = MappingProxyType(
    {
        "hosp/patients": (
            "Sex and birth year: at the patient's first registration or admission. "
            "Date of death (dod): at the end of that day, as the date alone is given "
            "and nobody says when it was learned (lag unmeasurable)."
        ),
        "hosp/admissions": (
            "Registration, admission, discharge and death in hospital: each at its "
            "own time (edregtime, admittime, dischtime, deathtime)."
        ),
        "hosp/transfers": "Coming to a unit at intime, leaving it at outtime.",
        "hosp/diagnoses_icd": (
            "At the discharge of the hospital stay; codes are assigned afterwards, so "
            "this is the earliest moment possible (lag unmeasurable)."
        ),
        "hosp/labevents": (
            "At storetime, never before charttime; where storetime is missing or "
            "unreadable, four hours after charttime (lag unmeasurable)."
        ),
        "hosp/microbiologyevents": (
            "The collection at charttime, or at the end of chartdate where there is "
            "only a date (lag unmeasurable). Each result, with organism and "
            "susceptibilities, at its storetime, or at the end of storedate; where "
            "both are missing, five days after collection (lag unmeasurable)."
        ),
        "hosp/prescriptions": (
            "The order at starttime, its end at stoptime (never before starttime); "
            "the time of ordering is not in the table (lag unmeasurable)."
        ),
        "hosp/d_labitems": "A dictionary; it holds no facts about patients.",
        "hosp/services": "Filed unread.",
        "icu/icustays": "Coming to the unit at intime, leaving it at outtime.",
        "icu/chartevents": (
            "At storetime, never before charttime; where both are equal to the "
            "second or storetime is missing, at charttime (lag unmeasurable)."
        ),
        "icu/inputevents": (
            "An infusion's start at starttime or storetime, whichever is later; its "
            "end, and the volume given, at endtime or storetime, whichever is later."
        ),
        "icu/outputevents": (
            "At storetime, never before charttime; where storetime is garbled, at "
            "charttime (flagged)."
        ),
        "icu/procedureevents": (
            "The start at starttime or storetime, whichever is later, the end at "
            "endtime or storetime, whichever is later; where storetime is garbled, "
            "at the time of the fact itself (flagged)."
        ),
    }
)
"""By table, the rule; `deploy/docs/mimic_iv.md` prints them."""


@dataclass(frozen=True, slots=True)
class Known:
    """From when a fact was known, and what is odd about that."""

    at: datetime
    flags: tuple[Flag, ...] = ()


NO_LAG = timedelta(0)
_UNMEASURABLE = (Flag.LAG_UNMEASURABLE,)
_GARBLED = (Flag.GARBLED_STORETIME,)
_FUTURE = (Flag.FUTURE,)


def filed(
    row: Row,
    happened_at: datetime,
    *,
    column: str = "storetime",
    lag: timedelta = NO_LAG,
) -> Known:
    """When a fact was known by its filing time; by the declared lag without one."""
    written = row.raw(column)
    if not written:
        return Known(happened_at + lag, _UNMEASURABLE)
    stored = filing_time(written)
    if stored is None:
        return Known(happened_at + lag, _GARBLED)
    if stored < happened_at:
        return Known(happened_at, _FUTURE)
    return Known(stored)


def filing_time(written: str) -> datetime | None:
    """A filing time, also as a spreadsheet rewrites it (`7/23/2180 14:43`).

    None where nothing can be made of it (`50:50.0` is minutes and seconds of an hour
    that was lost).
    """
    return instant(written) or _american(written)


def _american(written: str) -> datetime | None:
    date, _, time = written.partition(" ")
    month, _, rest = date.partition("/")
    day, _, year = rest.partition("/")
    hour, _, minute = time.partition(":")
    return instant(f"{year}-{month:0>2}-{day:0>2} {hour:0>2}:{minute}")
