"""One message being read: what it names, and the account of what could not be used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import lru_cache

from streams.adapters.hl7v2.header import Hl7Header
from streams.adapters.hl7v2.splitter import Segment
from streams.adapters.hl7v2.times import Moment, moment
from streams.adapters.identity.pseudonyms import Identifier, Identities, Kind
from streams.adapters.site.codes import CodeMap
from streams.adapters.site.configuration import SiteConfiguration
from streams.adapters.translation import Fault, UnmappedCode
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.events import Event
from streams.vocabulary.facts import Flag


Name = Callable[[Kind, Identifier], str]

_LAST = 2**31 - 1
"""The registry keeps versions in 32 bits."""


@dataclass(frozen=True, slots=True)
class Site:
    """What is known of the site, ready for use."""

    configuration: SiteConfiguration
    codes: CodeMap
    name: Name
    """Identifiers to names, each computed once."""
    key_version: int
    zone: tzinfo


def site_of(
    configuration: SiteConfiguration, codes: CodeMap, identities: Identities
) -> Site:
    """The site; the newest 65,536 names are kept at hand."""
    name = lru_cache(maxsize=65_536)(identities.name)
    version = identities.key_version
    return Site(configuration, codes, name, version, configuration.time_zone)


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
    events: list[Event] = field(default_factory=list)

    def version(self, rank: int = 0) -> int:
        """The version of a fact told by this message.

        `rank` puts a final result before a preliminary one of the same second, a
        corrected one before both, and a deletion before all.
        """
        return min(self.issued + rank, _LAST)

    def reference(self, number: str) -> str:
        """The name of an order, a specimen or a record."""
        return self.site.name("reference", Identifier("", number))

    def when(self, segment: Segment, number: int) -> Moment | None:
        """The time in the field; None where there is none, or none that can be read.

        What cannot be read becomes a fault.
        """
        written = segment.text(number)
        if not written:
            return None
        found = moment(written, self.site.zone)
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
        dated = (Flag.DATE_ONLY,) if at.date_only else ()
        early = (Flag.FUTURE,) if at.at > self.received_at else ()
        return (*dated, *early, *more) if dated or early else more

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
