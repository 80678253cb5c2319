"""PID-29 and PID-30: that the patient died, when, or that this was an error.

Source: HL7 v2.8.2 chapter 3, 3.4.2 (PID).
"""

from __future__ import annotations

from typing import Literal

from streams.adapters.hl7v2.reading import Reading
from streams.adapters.hl7v2.splitter import Segment
from streams.adapters.hl7v2.times import Moment
from streams.vocabulary.events import Death, VitalStatusContact
from streams.vocabulary.facts import Flag


def read_death(
    reading: Reading, trigger: str, event: Segment | None, pid: Segment
) -> None:
    """PID-29 and PID-30: that the patient died, or that this was an error."""
    dead = pid.text(30).upper() == "Y"
    died = reading.when(pid, 29)
    if died is not None and pid.text(30).upper() != "N":
        tell_death(reading, died, place=None, basis="PID-29")
    elif dead and (left := _left_alive(reading)) is not None:
        at = Moment(left.happened_at, date_only=Flag.DATE_ONLY in left.flags)
        tell_death(reading, at, place="hospital", basis="PID-30")
    elif dead and not _told_dead(reading):
        known = recorded(reading, event)
        if known is not None:
            reading.events.append(
                VitalStatusContact(
                    event_id="death:indicator",
                    happened_at=known.at,
                    known_at=reading.received_at,
                    version=reading.version(),
                    encounter=reading.encounter,
                    flags=reading.flags(known),
                    alive=False,
                    basis="PID-30",
                )
            )
    elif not dead and (trigger == "A13" or _denies(trigger, pid)):
        for fact in ("death", "death:indicator"):
            told_at = reading.header.issued_at or reading.received_at
            reading.cancel(fact, told_at, rank=1)


def recorded(reading: Reading, event: Segment | None) -> Moment | None:
    """When a message's event was entered: EVN-2, else when it was issued."""
    told = reading.when(event, 2) if event else None
    return told or reading.header.issued


def tell_death(
    reading: Reading,
    at: Moment,
    *,
    place: Literal["hospital"] | None,
    basis: str,
    fact: str = "death",
) -> None:
    """Of a time and a discharge in one message, the time.

    What a discharge says is a fact of its own: senders who tell of deaths by PV1-36
    alone leave PID-30 at its `N` for ever, which must not raise anybody.
    """
    if (left := _left_alive(reading)) is not None:
        reading.events.remove(left)
    if _told_dead(reading):
        reading.events = [e for e in reading.events if not isinstance(e, Death)]
        place = "hospital"
    reading.events.append(
        Death(
            event_id=fact,
            happened_at=at.at,
            known_at=reading.received_at,
            version=reading.version(),
            encounter=reading.encounter,
            flags=reading.flags(at),
            place=place,
            basis=basis,
        )
    )


def _denies(trigger: str, pid: Segment) -> bool:
    """Whether an update says that the patient is alive after all.

    Of other messages an `N` is but the sender's default.
    """
    lives = pid.text(30).upper() == "N" or pid.deleted(29) or pid.deleted(30)
    return trigger in ("A08", "A31") and lives


def _left_alive(reading: Reading) -> VitalStatusContact | None:
    """The sign of life that a discharge in this message is, where it is one."""
    signs = (e for e in reading.events if isinstance(e, VitalStatusContact))
    return next((one for one in signs if one.basis == "discharge"), None)


def _told_dead(reading: Reading) -> bool:
    return any(isinstance(event, Death) for event in reading.events)
