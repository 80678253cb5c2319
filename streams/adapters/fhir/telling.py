"""One resource on its way into events: what it may ask, and what it gathers.

What a resource speaks of and has not come is noted in `waits_for`, with a stand-in in
its place; whoever runs the reader then drops the events and keeps the resource until
the other has come.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict

from streams.adapters.fhir.elements import Concept, Period, Reference
from streams.adapters.fhir.known import (
    Directory,
    KnownEncounter,
    KnownPatient,
    KnownT,
)
from streams.adapters.fhir.references import Addresses, Scope, type_of
from streams.adapters.fhir.times import When, read_time
from streams.adapters.identity.pseudonyms import Identifier, Identities, Sighting
from streams.adapters.site.codes import CodeMap, Coding
from streams.adapters.site.configuration import CodeEntry, SiteConfiguration
from streams.adapters.translation import Fault, UnmappedCode
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.events import Cancellation, Event
from streams.vocabulary.facts import Flag


class Common(TypedDict):
    """What every event is made with."""

    event_id: str
    happened_at: datetime
    known_at: datetime
    version: int
    encounter: str | None
    stay: str | None
    flags: tuple[Flag, ...]


NAMES = "urn:ember:names"
"""A system whose codes are names, by a site's configuration."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the readers of one site share."""

    site: SiteConfiguration
    codes: CodeMap
    identities: Identities
    addresses: Addresses
    directory: Directory

    def reference_name(self, kind: str, value: str) -> str:
        """The name of anything with a number of its own."""
        return self.identities.name("reference", Identifier(kind, value))

    def codings(self, *concepts: Concept | None) -> tuple[Coding, ...]:
        """The codes of these meanings, each system under its own name."""
        return tuple(
            self.coding(one.system or "", one.code, one.display or "")
            for concept in concepts
            if concept is not None
            for one in concept.coding
            if one.code
        )

    def coding(self, written: str, code: str, label: str = "") -> Coding:
        """One code, its system under its own name."""
        system = self.site.systems.get(written, written)
        return Coding(system, code, label or (code if system == NAMES else ""))


_DEPTH = 8
"""How many stays, or places, may lie in one another."""


@dataclass(slots=True)
class Telling:
    """One version of one resource, being read."""

    desk: Desk
    kind: str
    """The type of resource."""
    scope: Scope
    version: int
    stated: int
    """The version it states; it is told at a later one where it was deleted since."""
    received_at: datetime
    place: str
    """Where it stands in what was sent: `Observation`, `Bundle.entry[3].resource`."""
    forced: bool = False
    """Whether it is told now, with what has come."""
    void: bool = False
    """Whether its status says that it never was."""
    patient: str | None = None
    encounter: str | None = None
    stay: str | None = None
    events: list[Event] = field(default_factory=list)
    of_others: list[tuple[str, Event]] = field(default_factory=list)
    """What it tells of another patient than its own: the survivor of a merge."""
    links: list[tuple[str, str]] = field(default_factory=list)
    """Which records are one person's: the survivor's name, and the retired one's."""
    faults: list[Fault] = field(default_factory=list)
    unmapped: list[UnmappedCode] = field(default_factory=list)
    units: list[tuple[str, str]] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)
    waits_for: set[str] = field(default_factory=set)
    brings: list[str] = field(default_factory=list)
    """What others may wait for, beside the resource itself."""
    deleted: bool = False
    """Whether its server has deleted it since."""
    is_step: bool = False
    """Whether it is a step of microbiology, whose events follow from all steps."""
    elsewhere: bool = False
    """Whether its subject is no person: a group, a device, a place."""
    _event_id: str = ""

    @property
    def event_id(self) -> str:
        """The name of what this resource says, whatever its version."""
        if not self._event_id:
            kind, _, number = self.scope.key.partition("/")
            name = self.desk.reference_name(kind, number or kind)
            self._event_id = f"{self.kind}:{name}"
        return self._event_id

    @property
    def name(self) -> str:
        """What singles this version of this resource out."""
        return f"{self.event_id}/{self.stated}"

    # -- what it asks ----------------------------------------------------------

    def key(self, reference: Reference | None) -> str | None:
        """The key of what a reference points to."""
        key = self.desk.addresses.key(reference, self.scope)
        return None if key is None else self.desk.directory.same(key)

    def find(self, key: str, kind: type[KnownT]) -> KnownT | None:
        """What has come under that key; noted as awaited where it has not."""
        found = self.desk.directory.find(key, kind)
        if found is None:
            self.waits_for.add(key)
        return found

    def whose(self, subject: Reference | None, during: Reference | None) -> bool:
        """Find the patient and the stay; whether the patient is known."""
        key = self.key(subject)
        if key is None:
            self.fault("subject", ErrorCode.NO_SUBJECT, "It names no patient.")
            return False
        if type_of(key) not in ("Patient", ""):
            self.elsewhere = True
            return False
        self.patient = self._patient(key)
        self._stay(self.key(during))
        return self.patient is not None

    def join(self, key: str) -> None:
        """Place it in this stay, and in those that this one is part of."""
        self._stay(key)

    def named(self, key: str) -> str | None:
        """The name of the patient of that key; noted as awaited where unknown."""
        return self._patient(key)

    def _patient(self, key: str) -> str | None:
        known = self.desk.directory.find(key, KnownPatient)
        if known is not None:
            return known.name
        if not self.desk.site.authorities and _is_on_the_server(key):
            return self.desk.identities.name(
                "patient", Identifier("Patient", key.partition("/")[2])
            )
        self.waits_for.add(key)
        return None

    def _stay(self, key: str | None) -> None:
        """The stay in the unit, and the hospital stay that it is part of."""
        for _ in range(_DEPTH):
            if key is None:
                return
            known = self.find(key, KnownEncounter)
            if known is None:
                self.encounter = self._unheard_of(key)
                return
            if known.unit and self.stay is None:
                self.stay = known.name
            self.encounter = known.name
            key = known.part_of

    def _unheard_of(self, key: str) -> str | None:
        if self.desk.site.visits or not _is_on_the_server(key):
            return self.encounter
        number = key.partition("/")[2]
        return self.desk.identities.name("encounter", Identifier("Encounter", number))

    def meaning(self, codings: Iterable[Coding]) -> CodeEntry | None:
        """What the codes mean at this site."""
        return self.desk.codes.find(*codings)

    # -- what it reads ---------------------------------------------------------

    def time(self, written: str | None, element: str) -> When | None:
        """A time; None, and a fault where it cannot be read."""
        if written is None:
            return None
        when = read_time(written, self.desk.site.time_zone)
        if when is None:
            self.fault(
                element,
                ErrorCode.MALFORMED_TIME,
                "It is no date or time that a patient lives in.",
                "Write it as YYYY-MM-DDThh:mm:ss with the offset.",
            )
        return when

    def first_time(self, *written: tuple[str | None, str]) -> When | None:
        """The first of several times that is there and can be read."""
        for text, element in written:
            if (when := self.time(text, element)) is not None:
                return when
        return None

    def start(self, period: Period | None, element: str) -> When | None:
        """When a period began."""
        return self.time(period.start if period else None, f"{element}.start")

    def end(self, period: Period | None, element: str) -> When | None:
        """When a period ended."""
        return self.time(period.end if period else None, f"{element}.end")

    # -- what it gathers -------------------------------------------------------

    def common(
        self, when: When, suffix: str = "", flags: tuple[Flag, ...] = ()
    ) -> Common:
        """What an event of this resource has in common with all others."""
        future = (Flag.FUTURE,) if when.at > self.received_at else ()
        return Common(
            event_id=f"{self.event_id}{suffix}",
            happened_at=when.at,
            known_at=self.received_at,
            version=self.version,
            encounter=self.encounter,
            stay=self.stay,
            flags=(*when.flags, *future, *flags),
        )

    def tell(self, event: Event) -> None:
        """Hand an event on; of a resource that never was, its cancellation."""
        self.events.append(self.cancellation(event.event_id) if self.void else event)

    def cancellation(self, event_id: str) -> Cancellation:
        """That a fact of this resource never was."""
        return Cancellation(
            event_id=f"{event_id}:cancelled",
            happened_at=self.received_at,
            known_at=self.received_at,
            version=self.version,
            cancels=event_id,
        )

    def fault(self, element: str, code: ErrorCode, reason: str, cure: str = "") -> None:
        """Note a part that cannot be used; `reason` holds no value of the patient's."""
        self.faults.append(
            Fault(
                place=f"{self.place}.{element}" if element else self.place,
                code=code,
                reason=reason,
                cure=cure,
            )
        )

    def fault_of(self, element: str, error: InputError) -> None:
        """Note what a reading raised."""
        self.fault(element, error.code, error.problem, error.cure)

    def leave_unmapped(self, codings: tuple[Coding, ...], unit: str = "") -> None:
        """Count a code that is in no map."""
        first = codings[0] if codings else Coding("", "(none)")
        self.unmapped.append(
            UnmappedCode(
                system=first.system, code=first.code, label=first.label, unit=unit
            )
        )

    def needs_time(self) -> None:
        """Note that nothing says when."""
        self.fault(
            "", ErrorCode.MISSING_VALUE, "Nothing in it says when.", "Send the time."
        )


def _is_on_the_server(key: str) -> bool:
    return "#" not in key and "?" not in key and ":" not in key
