"""One message being read: what it names, and the account of what could not be used."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import lru_cache, partial

from streams.adapters.hl7v2.answers import unit_of
from streams.adapters.hl7v2.delimiters import Delimiters
from streams.adapters.hl7v2.header import Hl7Header
from streams.adapters.hl7v2.splitter import Segment
from streams.adapters.hl7v2.times import Moment, moment
from streams.adapters.identity.pseudonyms import Identifier, Identities, Kind
from streams.adapters.measured import Measured, measured
from streams.adapters.site.codes import CodeMap
from streams.adapters.site.configuration import SiteConfiguration
from streams.adapters.translation import Fault, UnmappedCode
from streams.adapters.values import Reported
from streams.vocabulary.concepts import concept
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.events import Cancellation, Event
from streams.vocabulary.facts import Flag


Name = Callable[[Kind, Identifier], str]

_TIME = re.compile(r"[0-9]{8,14}(?:\.[0-9]+)?(?:[+-][0-9]{4})?")
"""A time in a field of nothing else; delimiters may be any other character."""
_LONGEST = 200
"""Characters of what is kept at hand; memory must not grow with garbage."""
_LAST = 2**63 - 1
"""The registry keeps versions in 64 bits."""


@dataclass(frozen=True, slots=True)
class Site:
    """What is known of the site, ready for use."""

    configuration: SiteConfiguration
    codes: CodeMap
    name: Name
    """Identifiers to names, each computed once."""
    key_version: int
    zone: tzinfo
    unit: Callable[[str, Delimiters], str]
    """The unit that a field names, as somebody knows it, else as it is written."""
    measure: Callable[[str, Reported, str | None], Measured]
    """A result of a concept in its own unit; raises as `measured` does."""


def site_of(
    configuration: SiteConfiguration, codes: CodeMap, identities: Identities
) -> Site:
    """The site; the newest 65,536 names are kept at hand."""
    name = lru_cache(maxsize=65_536)(identities.name)

    def named(kind: Kind, identifier: Identifier) -> str:
        short = len(identifier.value) <= _LONGEST
        return (name if short else identities.name)(kind, identifier)

    kept = lru_cache(maxsize=16_384)(partial(unit_of, configuration.units))

    def unit(written: str, these: Delimiters) -> str:
        return kept(written[:_LONGEST], these)

    measure = lru_cache(maxsize=65_536)(partial(_measure, configuration.units))
    return Site(
        configuration,
        codes,
        named,
        identities.key_version,
        configuration.time_zone,
        unit,
        measure,
    )


def _measure(
    aliases: Mapping[str, str], name: str, reported: Reported, unit: str | None
) -> Measured:
    return measured(concept(name), reported, unit, aliases=aliases)


@dataclass(slots=True)
class Account:
    """What a message holds beside its events."""

    faults: list[Fault] = field(default_factory=list)
    unmapped: list[UnmappedCode] = field(default_factory=list)
    units: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Reading:
    """One patient's part of one message; `events` grows as it is read."""

    site: Site
    header: Hl7Header
    received_at: datetime
    issued: int
    """The message's time of issue in seconds of the epoch: what orders versions."""
    patient: str
    account: Account
    encounter: str | None = None
    admitted: Moment | None = None
    """PV1-44."""
    events: list[Event] = field(default_factory=list)
    _told: dict[str, int] = field(default_factory=dict)

    def version(self, rank: int = 0) -> int:
        """The version of a fact told by this message.

        `rank` puts a final result before a preliminary one of the same second, a
        corrected one before both, and a deletion before all.
        """
        version = self.issued + rank
        return min(_LAST, version)

    def reference(self, number: str) -> str:
        """The name of an order, a specimen or a record."""
        return self.site.name("reference", Identifier("", number))

    def cancel(
        self, event_id: str, at: datetime, *, rank: int, reason: str = ""
    ) -> None:
        """Tell that a fact never was; `rank` as of `version`."""
        self.events.append(
            Cancellation(
                event_id=f"{event_id}:cancelled",
                happened_at=at,
                known_at=self.received_at,
                version=self.version(rank),
                encounter=self.encounter,
                cancels=event_id,
                reason=reason or None,
            )
        )

    def distinct(self, event_id: str) -> str:
        """The identity of a fact; what a message tells of twice is counted."""
        again = self._told.get(event_id, 0) + 1
        self._told[event_id] = again
        return event_id if again == 1 else f"{event_id}#{again}"

    def sub_id(self, written: str) -> str:
        """OBX-4 as part of an event's identity: digits and dots, else a name for it."""
        if not written or (len(written) <= 8 and written.replace(".", "").isdecimal()):
            return written
        return self.reference(written)

    def when(self, segment: Segment, number: int) -> Moment | None:
        """The time in the field; None where there is none, or none that can be read.

        What cannot be read becomes a fault.
        """
        written = segment.raw(number)
        if not written:
            return None
        if not _TIME.fullmatch(written):
            written = segment.text(number)
            if not written:
                return None
        found = moment(written[:_LONGEST], self.header.zone)
        if found is None:
            self.fault(
                segment,
                number,
                ErrorCode.MALFORMED_TIME,
                "This is no time.",
                "Write YYYYMMDDHHMMSS, from 1900 to 2200.",
            )
        return found

    def flags(self, at: Moment, *more: Flag) -> tuple[Flag, ...]:
        """What is odd about a fact of that moment, beside what is told."""
        if not at.date_only and at.at <= self.received_at:
            return more
        dated = (Flag.DATE_ONLY,) if at.date_only else ()
        early = (Flag.FUTURE,) if at.at > self.received_at else ()
        return (*dated, *early, *more)

    def fault(
        self,
        segment: Segment,
        number: int,
        code: ErrorCode,
        reason: str,
        cure: str = "",
    ) -> None:
        """Tell that a part could not be used."""
        found = Fault(place=segment.place(number), code=code, reason=reason, cure=cure)
        self.account.faults.append(found)

    def fault_of(self, segment: Segment, number: int, error: InputError) -> None:
        """Tell that a part could not be used, in the words of an error.

        The words of a unit that nobody knows are the source's, and stay behind.
        """
        reason = _WITHOUT_VALUES.get(error.code, error.problem)
        self.fault(segment, number, error.code, reason, error.cure)

    def leave_unmapped(self, code: UnmappedCode) -> None:
        """Count a code that is in no map."""
        self.account.unmapped.append(code)


_WITHOUT_VALUES = {
    ErrorCode.IMPOSSIBLE_VALUE: "The value is physically impossible.",
    ErrorCode.UNKNOWN_UNIT: "The unit is missing, unknown, or not one of the concept's.",
}
