"""PID: sex and year of birth; nothing else of a person is read."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import Literal

from streams.adapters.hl7v2.reading import Reading
from streams.adapters.hl7v2.splitter import Segment
from streams.adapters.hl7v2.times import Moment, year
from streams.vocabulary.events import Demographics


_SEXES: MappingProxyType[str, Literal["female", "male", "other"]] = MappingProxyType(
    {"F": "female", "M": "male", "O": "other", "A": "other", "N": "other"}
)
"""Table 0001; `U` and all else is unknown."""


def read_person(reading: Reading, pid: Segment, admitted: Moment | None) -> None:
    """What is known of the person, from the admission or else this day on.

    What a message does not say of the person it leaves as it was: a laboratory's PID
    without a birthday makes nobody ageless, so what is said is part of the identity.
    """
    sex, born = _SEXES.get(pid.text(8).upper()), year(pid.text(7))
    if sex is None and born is None:
        return
    since = admitted.at if admitted else _day(reading)
    said = ("s" if sex else "") + ("b" if born else "")
    reading.events.append(
        Demographics(
            event_id=f"person:{int(since.timestamp())}:{said}",
            happened_at=since,
            known_at=reading.received_at,
            version=reading.version(),
            encounter=reading.encounter,
            sex=sex,
            birth_year=born,
        )
    )


def _day(reading: Reading) -> datetime:
    """The day of the first fact of the message, so that a day's reports say it once."""
    first = min(
        (event.happened_at for event in reading.events),
        default=reading.header.issued_at or reading.received_at,
    )
    return first.replace(hour=0, minute=0, second=0, microsecond=0)
