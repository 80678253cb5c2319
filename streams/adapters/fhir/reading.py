"""One resource after another: read, held, settled, and what each brings let go."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Literal

from pydantic import ValidationError

from streams.adapters.fhir import readers
from streams.adapters.fhir.account import Account
from streams.adapters.fhir.cultures import Cultures
from streams.adapters.fhir.journal import Journal
from streams.adapters.fhir.known import Directory
from streams.adapters.fhir.ledger import Entry, Ledger
from streams.adapters.fhir.references import Addresses, Scope, type_of
from streams.adapters.fhir.resource import Resource
from streams.adapters.fhir.telling import Desk, Telling
from streams.adapters.fhir.types import RESOURCES
from streams.adapters.fhir.versions import version_of
from streams.adapters.fhir.waiting import Sent, Waiting
from streams.adapters.identity.pseudonyms import Identifier, Identities, Kind
from streams.adapters.site.codes import CodeMap
from streams.adapters.site.configuration import SiteConfiguration
from streams.adapters.translation import Fault, Outcome
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.events import PatientUnmerge


@dataclass(frozen=True, slots=True)
class Read:
    """What became of one resource; no telling where it was not read at all."""

    outcome: Outcome | Literal["held"]
    telling: Telling | None = None


class Remembered:
    """Names that are asked for again and again, made once."""

    def __init__(self, identities: Identities) -> None:
        self.key_version = identities.key_version
        self._name = lru_cache(maxsize=_NAMES)(identities.name)

    def name(self, kind: Kind, identifier: Identifier) -> str:
        """The name of what the identifier stands for."""
        return self._name(kind, identifier)


_NAMES = 16_384


class Reading:
    """All that one server's resources have told so far."""

    def __init__(
        self,
        site: SiteConfiguration,
        codes: CodeMap,
        identities: Identities,
        limit: int,
    ) -> None:
        self.journal = Journal()
        self.directory = Directory(limit, self.journal)
        self.cultures = Cultures(limit, self.journal)
        self.ledger = Ledger(limit, self.journal)
        self.waiting = Waiting(self.journal)
        named = Remembered(identities)
        addresses = Addresses(site, named)
        self.desk = Desk(site, codes, named, addresses, self.directory)

    def take(self, sent: Sent, account: Account, *, forced: bool = False) -> Read:
        """Read one resource, and whatever waited for it."""
        first = self._read(sent, account, forced=forced)
        queue = deque(first.telling.brings if first.telling else ())
        while queue:
            for held in self.waiting.take(queue.popleft()):
                again = _released(held, sent.arrived_at)
                telling = self._read(again, account, forced=False).telling
                queue.extend(telling.brings if telling else ())
        return first

    def delete(self, key: str, version: int, sent: Sent, account: Account) -> None:
        """Take back what a resource told, now that its server has deleted it."""
        step = self.cultures.forget(key, version)
        if step is not None:
            self._tell_again(step, sent, account)
            entry = Entry(version=version, patient="", facts=(), deleted=True)
            self.ledger.keep(key, entry)
            return
        told = self.ledger.delete(key, version=version, known_at=sent.received_at)
        if told is not None:
            account.tell(told, history=sent.history)
            return
        kind = type_of(key)
        account.faults.append(
            Fault(
                place=sent.place,
                code=ErrorCode.DELETED_UNSEEN,
                reason="What was deleted was never seen here: "
                f"{kind if kind in RESOURCES else 'another resource'}.",
            )
        )

    def _read(self, sent: Sent, account: Account, *, forced: bool) -> Read:
        kind = str(sent.resource["resourceType"])
        model = RESOURCES.get(kind)
        if model is None:
            return Read("filed")
        try:
            resource = model.model_validate(sent.resource)
        except ValidationError as fault:
            account.faults.append(_misshapen(sent.place, fault))
            return Read("rejected")
        brought = self._contained(sent, resource, account)
        telling = self._telling(sent, kind, resource, forced=forced)
        telling.brings += brought
        readers.read(telling, resource, self.cultures)
        return Read(self._conclude(sent, kind, telling, account), telling)

    def _contained(self, sent: Sent, resource: Resource, account: Account) -> list[str]:
        """Read what is contained first; the keys it brings."""
        if sent.key != sent.root:
            return []
        brought: list[str] = []
        for at, inner in enumerate(resource.contained):
            kind, number = inner.get("resourceType"), inner.get("id")
            if not isinstance(kind, str) or not isinstance(number, str):
                continue
            part = replace(
                sent,
                resource=inner,
                key=f"{sent.root}#{number}",
                place=f"{sent.place}.contained[{at}]",
                stored=version_of(resource.meta, readers.status_of(resource)),
            )
            telling = self._read(part, account, forced=False).telling
            brought += telling.brings if telling else []
        return brought

    def _telling(
        self, sent: Sent, kind: str, resource: Resource, *, forced: bool
    ) -> Telling:
        version = sent.stored
        if version is None or resource.meta is not None:
            version = version_of(resource.meta, readers.status_of(resource))
        entry = self.ledger.entry(sent.key)
        deleted = entry is not None and entry.deleted and entry.version >= version
        return Telling(
            desk=self.desk,
            kind=kind,
            scope=Scope(sent.key, sent.root, sent.aliases),
            version=entry.version if entry is not None and deleted else version,
            stated=version,
            received_at=sent.received_at,
            place=sent.place,
            forced=forced,
            void=deleted or readers.is_void(kind, resource),
            deleted=deleted,
        )

    def _conclude(
        self, sent: Sent, kind: str, telling: Telling, account: Account
    ) -> Outcome | Literal["held"]:
        """Hold it, reject it, or settle what it tells."""
        if kind in readers.SPOKEN_OF:
            telling.brings.append(sent.key)
        needless = telling.void and telling.patient and not telling.is_step
        if telling.waits_for and not telling.forced and not needless:
            self.waiting.hold(sent, telling.waits_for)
            account.sightings += telling.sightings
            account.tell(telling.of_others, history=sent.history)
            return "held"
        if telling.waits_for and not telling.void:
            _tell_missing(telling)
        account.note(telling)
        if telling.elsewhere:
            return "filed"
        if telling.patient is None and kind not in readers.NOBODYS:
            return self._without_patient(sent, telling, account)
        if kind not in readers.SPOKEN_OF:
            telling.brings.append(sent.key)
        self._settle(sent, kind, telling, account)
        return "mapped"

    def _without_patient(
        self, sent: Sent, telling: Telling, account: Account
    ) -> Outcome:
        """What never was may name nobody: it is taken back from whom it was told of."""
        entry = self.ledger.entry(sent.key)
        if not telling.void or entry is None or not entry.patient:
            account.faults += telling.faults if telling.void else []
            return "rejected"
        telling.patient = entry.patient
        self._settle(sent, telling.kind, telling, account)
        return "mapped"

    def _settle(
        self, sent: Sent, kind: str, telling: Telling, account: Account
    ) -> None:
        if kind == "Specimen":
            for step in self.cultures.of_specimen(sent.key):
                self._tell_again(step, sent, account)
        patient = telling.patient
        if patient is None:
            return
        if telling.is_step:
            account.tell(
                ((patient, event) for event in telling.events), history=sent.history
            )
            facts: tuple[str, ...] = ()
            entry = Entry(
                version=telling.version,
                patient=patient,
                facts=facts,
                deleted=telling.deleted,
            )
            held = self.ledger.entry(sent.key)
            if held is None or held.version <= entry.version:
                self.ledger.keep(sent.key, entry)
        else:
            account.tell(
                self.ledger.settle(
                    sent.key,
                    version=telling.version,
                    patient=patient,
                    events=telling.events,
                    known_at=telling.received_at,
                    deleted=telling.deleted,
                ),
                history=sent.history,
            )
        account.tell(telling.of_others, history=sent.history)
        if kind == "Patient":
            self._unlink(sent, telling, account)

    def _unlink(self, sent: Sent, telling: Telling, account: Account) -> None:
        """Tell of records that are no longer one person's."""
        gone = self.ledger.settle_links(
            sent.key, version=telling.version, links=telling.links
        )
        for survivor, retired in gone:
            unmerge = PatientUnmerge(
                event_id=f"{telling.event_id}:unmerge:{survivor}:{retired}",
                happened_at=telling.received_at,
                known_at=telling.received_at,
                version=telling.version,
                retired=retired,
            )
            account.tell([(survivor, unmerge)], history=sent.history)

    def _tell_again(self, step: str, sent: Sent, account: Account) -> None:
        patient = self.cultures.patient(step)
        if patient is not None:
            told = self.cultures.told(step, self.directory, sent.received_at)
            account.tell(((patient, event) for event in told), history=sent.history)


def _released(held: Sent, at: datetime) -> Sent:
    """What was held, known from when it could be read.

    History keeps its own moment: in which order a file has its resources is no fact.
    """
    if held.history:
        return held
    return replace(held, received_at=max(held.received_at, at))


def _tell_missing(telling: Telling) -> None:
    """Say what never came, by type alone."""
    kinds = sorted({type_of(key) or "resource" for key in telling.waits_for})
    telling.fault(
        "",
        ErrorCode.REFERENCE_MISSING,
        f"What it speaks of has not come: {', '.join(kinds)}.",
        "Send those as well.",
    )


def _misshapen(place: str, fault: ValidationError) -> Fault:
    """The first place where a resource is not of its type's shape."""
    first = fault.errors(include_url=False, include_input=False, include_context=False)[
        0
    ]
    steps = ".".join(str(step) for step in first["loc"])
    return Fault(
        place=f"{place}.{steps}",
        code=ErrorCode.NOT_FHIR,
        reason=f"It breaks the shape of its type ({first['type']}).",
        cure="Send it as the FHIR specification says.",
    )
