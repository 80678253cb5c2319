"""PID: sex and year of birth; nothing else of a person is read."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import Literal

from streams.adapters.hl7v2.reading import Reading
from streams.adapters.hl7v2.splitter import Segment
from streams.adapters.hl7v2.times import year
from streams.vocabulary.events import Demographics


_SEXES: MappingProxyType[str, Literal["female", "male", "other"]] = MappingProxyType(
    {
        **dict.fromkeys(("F", "FEMALE"), "female"),
        **dict.fromkeys(("M", "MALE"), "male"),
        **dict.fromkeys(("O", "A", "N", "OTHER"), "other"),
    }
)
"""Table 0001, and its names; `U` and all else is unknown."""


def read_person(reading: Reading, pid: Segment) -> None:
    """What is known of the person, from the admission or else this day on.

    What a message does not say of the person it leaves as it was: a laboratory's PID
    without a birthday makes nobody ageless, so what is said is part of the identity.
    What a report repeats of the person is no later version: only ADT is.
    """
    sex, born = _SEXES.get(pid.text(8).upper()), year(pid.text(7))
    if sex is None and born is None:
        return
    since = reading.admitted.at if reading.admitted else _day(reading)
    begin = max(int(since.timestamp()), 0)
    of_adt = reading.header.message_type == "ADT"
    said = ("s" if sex else "") + ("b" if born else "")
    reading.events.append(
        Demographics(
            event_id=f"person:{begin}:{said}",
            happened_at=since,
            known_at=reading.received_at,
            version=reading.version() if of_adt else min(begin, reading.version()),
            encounter=reading.encounter,
            sex=sex,
            birth_year=born,
        )
    )


def _day(reading: Reading) -> datetime:
    """The day of the first fact of the message, so that a day's reports say it once."""
    told = reading.events
    first = told[0].happened_at if told else reading.header.issued_at
    first = first or reading.received_at
    return first.replace(hour=0, minute=0, second=0, microsecond=0)
