"""FHIR resources and Bundles of one site, as they come, into canonical events.

What speaks of a resource that has not come is held until it does: its events are told
with the message that brings the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from hashlib import sha256
from typing import Any, Literal

import orjson
from pydantic import ValidationError

from streams.adapters.fhir import memory
from streams.adapters.fhir.account import Account
from streams.adapters.fhir.bundle import Bundle, Entry
from streams.adapters.fhir.history import issued
from streams.adapters.fhir.reading import Read, Reading
from streams.adapters.fhir.references import type_of
from streams.adapters.fhir.times import UNSAID, at, read_time
from streams.adapters.fhir.versions import milliseconds, moment_in_milliseconds
from streams.adapters.fhir.waiting import Sent
from streams.adapters.identity.pseudonyms import Identities
from streams.adapters.site.codes import CodeMap
from streams.adapters.site.configuration import SiteConfiguration
from streams.adapters.translation import Fault, Outcome, Translation
from streams.vocabulary.errors import ErrorCode


LIMIT = 100_000
"""How many resources of each sort are remembered, and how many held."""

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}")
_UUID = re.compile(r"urn:uuid:([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})")


Origin = Literal["live", "fed_again", "export"]
"""Live: known when it is received. Fed again: history, known when it was received
first. Export: history, known when its version was stored or issued."""


@dataclass(frozen=True, slots=True)
class Overdue:
    """A resource that was held too long, told with what has come."""

    payload: bytes | None
    """None for what is contained in another, which nobody can send by itself."""
    record: str
    """The record it came in."""
    key: str
    """What singles it out there; it is as the server has it, and stays in here."""
    translation: Translation
    """With a fault EMB-130; `rejected` where its patient never came."""


@dataclass(frozen=True, slots=True)
class _Arrival:
    """When a message came, and from when on it is known."""

    received_at: datetime
    arrived_at: datetime
    origin: Origin
    record: str

    @property
    def history(self) -> bool:
        return self.origin != "live"

    def known_at(
        self, resource: Mapping[str, Any], stamp: datetime | None, zone: tzinfo
    ) -> datetime:
        """From when on what a resource says is known."""
        if self.origin != "export":
            return self.received_at
        told = issued(resource, stamp, zone)
        return UNSAID if told is None else min(told, self.received_at)


class FhirTranslator:
    """A `Translator` of one server's resources."""

    def __init__(
        self,
        site: SiteConfiguration,
        codes: CodeMap,
        identities: Identities,
        *,
        patience: timedelta | None = None,
        limit: int = LIMIT,
    ) -> None:
        """Take the site's words; `patience` is how long a resource is held at most.

        Without any, it is held until `overdue` or `finish`, or until more than `limit`
        are.
        """
        self._reading = Reading(site, codes, identities, limit)
        self._zone = site.time_zone
        self._patience = patience
        self.held_back: tuple[str, ...] = ()
        """The names of what the last message brought that is held since."""
        self._limit = limit

    @property
    def held(self) -> int:
        """How many resources wait for others."""
        return len(self._reading.waiting)

    def translate(
        self,
        payload: bytes,
        *,
        received_at: datetime,
        origin: Origin = "live",
        arrived_at: datetime | None = None,
        record: str = "",
    ) -> Translation:
        """What one resource or Bundle means, with all that it lets go of.

        A resource that is held is `mapped`, without events; since `arrived_at`, or
        since `received_at` where none is given. `record` is told again with what is
        held too long.
        Of an export, what does not say when it was issued is known from `UNSAID` on.
        """
        arrival = _Arrival(received_at, arrived_at or received_at, origin, record)
        try:
            document = orjson.loads(payload)
        except orjson.JSONDecodeError as fault:
            place = f"line {fault.lineno}, column {fault.colno}"
            return _rejected("", place, "It is no JSON.")
        kind = document.get("resourceType") if isinstance(document, dict) else None
        if not isinstance(kind, str) or not _TYPE.fullmatch(kind):
            return _rejected("", "resourceType", "It names no type of resource.")
        self.held_back = ()
        account = Account()
        self._let_go(account, arrival.arrived_at)
        if kind == "Bundle":
            return self._bundle(document, account, arrival)
        key = _key(document, kind, None, None)
        sent = Sent(
            resource=document,
            key=key,
            root=key,
            place=kind,
            received_at=arrival.known_at(document, None, self._zone),
            arrived_at=arrival.arrived_at,
            record=arrival.record,
            history=arrival.history,
            aliases={},
        )
        read = self._reading.take(sent, account)
        self.held_back = _held_back([read])
        return account.translation(
            kind, _outcome([read]), _name(read), issued(document, None, self._zone)
        )

    def finish(self, *, received_at: datetime) -> Iterator[Translation]:
        """Tell what is still held with what has come, one by one.

        Each has the name it had in `held_back`, and a fault EMB-130; it is
        `rejected` where its patient never came.
        """
        while (sent := self._reading.waiting.take_oldest()) is not None:
            account = Account()
            read = self._forced(sent, received_at, account)
            kind = str(sent.resource["resourceType"])
            yield account.translation(kind, _outcome([read]), _name(read))

    def overdue(
        self, now: datetime, *, live: timedelta, history: timedelta
    ) -> Iterator[Overdue]:
        """Tell what is held for longer than it may be, each by itself."""
        waiting = self._reading.waiting
        for number in tuple(waiting.numbers()):
            entry = waiting.entry(number)
            if entry is None:
                continue
            sent, _ = entry
            if now - sent.arrived_at > (history if sent.history else live):
                waiting.remove(number)
                account = Account()
                read = self._forced(sent, now, account)
                alone = sent.key == sent.root
                yield Overdue(
                    payload=orjson.dumps(sent.resource) if alone else None,
                    record=sent.record,
                    key=sent.key,
                    translation=account.translation(
                        str(sent.resource["resourceType"]),
                        _outcome([read]),
                        _name(read),
                    ),
                )

    def pending(self) -> bytes:
        """All that is remembered and held; payloads are in it, so encrypt it."""
        return memory.write(self._reading)

    def restore(self, written: bytes) -> None:
        """Remember what `pending` wrote; raises `InputError` EMB-110 for other bytes."""
        memory.read(self._reading, written)

    def changed(self) -> list[memory.Row]:
        """What of `pending` has changed since this was last asked, row by row."""
        return memory.changed(self._reading)

    def recall(self, rows: Iterable[memory.Row]) -> None:
        """Remember such rows, the oldest first; raises `InputError` EMB-110."""
        for row in rows:
            memory.recall(self._reading, row)
        memory.settled(self._reading)

    def _let_go(self, account: Account, now: datetime) -> None:
        """Tell what was held too long, or is too much to hold, with what has come."""
        waiting = self._reading.waiting
        while (oldest := waiting.oldest()) is not None:
            since = now - oldest.arrived_at
            late = self._patience is not None and since > self._patience
            if not late and len(waiting) <= self._limit:
                return
            sent = waiting.take_oldest()
            if sent is not None:
                self._forced(sent, now, account)

    def _forced(self, sent: Sent, now: datetime, account: Account) -> Read:
        """Read it with what has come; history keeps the moment it was known."""
        again = sent if sent.history else replace(sent, received_at=now)
        return self._reading.take(again, account, forced=True)

    # -- Bundles ---------------------------------------------------------------

    def _bundle(
        self, document: dict[str, Any], account: Account, arrival: _Arrival
    ) -> Translation:
        try:
            bundle = Bundle.model_validate(document)
        except ValidationError as fault:
            first = fault.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(step) for step in ("Bundle", *first["loc"]))
            return _rejected("Bundle", place, "It breaks the shape of a Bundle.")
        stamp = read_time(bundle.timestamp, self._zone) if bundle.timestamp else None
        keys, aliases = _addressed(bundle)
        reads = []
        for number, (entry, key) in enumerate(zip(bundle.entry, keys, strict=True)):
            place = f"Bundle.entry[{number}].resource"
            if key is None and entry.deletes:
                self._deleted(entry, place, account, arrival, at(stamp))
                continue
            if flaw := bundle.flaw(entry, typed=key is not None):
                account.faults.append(_fault(place, flaw))
                reads.append(Read("rejected"))
            if key is None or flaw:
                continue
            resource = entry.resource or {}
            sent = Sent(
                resource=resource,
                key=key,
                root=key,
                place=place,
                received_at=arrival.known_at(resource, at(stamp), self._zone),
                arrived_at=arrival.arrived_at,
                record=arrival.record,
                history=arrival.history,
                aliases=aliases,
                stored=self._stored(entry),
            )
            reads.append(self._reading.take(sent, account))
        self.held_back = _held_back(reads)
        kind = f"Bundle/{bundle.type}" if bundle.type in _BUNDLES else "Bundle"
        return account.translation(kind, _outcome(reads), "", at(stamp))

    def _deleted(
        self,
        entry: Entry,
        place: str,
        account: Account,
        arrival: _Arrival,
        stamp: datetime | None,
    ) -> None:
        url = entry.request.url if entry.request else None
        key = self._reading.desk.addresses.address_key(url or "")
        if key is None or not type_of(key):
            account.faults.append(_fault(place, "It deletes nothing that has a name."))
            return
        known_at = arrival.known_at({}, stamp, self._zone)
        version = self._stored(entry) or moment_in_milliseconds(known_at)
        sent = Sent(
            resource={},
            key=key,
            root=key,
            place=place,
            received_at=known_at,
            arrived_at=arrival.arrived_at,
            record=arrival.record,
            history=arrival.history,
            aliases={},
        )
        self._reading.delete(key, version, sent, account)

    def _stored(self, entry: Entry) -> int | None:
        """The version by what the server answered."""
        answer = entry.response
        if answer is None:
            return None
        if answer.last_modified and (stored := milliseconds(answer.last_modified)):
            return stored
        number = (answer.etag or "").removeprefix("W/").strip('"')
        plain = number.isascii() and number.isdigit() and len(number) < 16
        return int(number) if plain else None


_BUNDLES = frozenset(
    {
        *("transaction", "transaction-response", "batch", "batch-response"),
        *("message", "document", "searchset", "history", "collection"),
        "subscription-notification",
    }
)


def _addressed(bundle: Bundle) -> tuple[list[str | None], dict[str, str]]:
    """The key of each entry's resource, and by which addresses others speak of it."""
    keys: list[str | None] = []
    aliases: dict[str, str] = {}
    for entry in bundle.entry:
        resource = entry.resource
        kind = resource.get("resourceType") if resource else None
        if resource is None or not isinstance(kind, str) or not _TYPE.fullmatch(kind):
            keys.append(None)
            continue
        method = entry.request.method if entry.request else None
        key = _key(resource, kind, entry.full_url, method)
        keys.append(key)
        if entry.full_url:
            aliases[entry.full_url] = key
        if isinstance(number := resource.get("id"), str):
            aliases[f"{kind}/{number}"] = key
    return keys, aliases


def _key(
    resource: Mapping[str, Any], kind: str, full_url: str | None, method: str | None
) -> str:
    """By the server's number; of what has none yet, by its UUID or its content.

    A server gives what is POSTed a number of its own, whatever the sender wrote.
    """
    number = resource.get("id")
    known = isinstance(number, str) and _ID.fullmatch(number) is not None
    made = _UUID.fullmatch(full_url or "")
    if made and (method == "POST" or not known):
        return f"{kind}/{made[1].lower()}"
    if known:
        return f"{kind}/{number}"
    content = orjson.dumps(resource, option=orjson.OPT_SORT_KEYS)
    return f"{kind}/sha256-{sha256(content).hexdigest()[:40]}"


def _outcome(reads: list[Read]) -> Outcome:
    """Mapped where any was, rejected where one was and the rest were filed."""
    told = {read.outcome for read in reads}
    if not told or told & {"mapped", "held"}:
        return "mapped"
    return "rejected" if "rejected" in told else "filed"


def _held_back(reads: list[Read]) -> tuple[str, ...]:
    return tuple(_name(read) for read in reads if read.outcome == "held")


def _name(read: Read) -> str:
    return read.telling.name if read.telling else ""


def _rejected(kind: str, place: str, reason: str) -> Translation:
    return Translation(kind=kind, outcome="rejected", faults=(_fault(place, reason),))


def _fault(place: str, reason: str) -> Fault:
    return Fault(place=place, code=ErrorCode.NOT_FHIR, reason=reason)
