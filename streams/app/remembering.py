"""Who reads FHIR on Kafka: a reader with a memory, which another can take over.

Resources speak of one another, and come one by one; so what a record tells depends on
what came before it.
The memory is told row by row, sealed, and under keyed names: whoever keeps it learns
nothing from it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from itertools import groupby
from operator import attrgetter
from typing import Any

import orjson

from streams.adapters.fhir.history import dated
from streams.adapters.fhir.memory import Row
from streams.adapters.fhir.translator import FhirTranslator, Origin, Overdue
from streams.adapters.identity.pseudonyms import Identifier, Identities
from streams.adapters.identity.rotation import as_one, under_each_key
from streams.adapters.identity.sealing import Sealer, place_of
from streams.adapters.site.codes import CodeMap
from streams.adapters.site.configuration import SiteConfiguration
from streams.adapters.translation import Told, Translation, ehr_messages
from streams.app.identity import (
    configured_site,
    identities_of,
    payload_sealer,
    vault_sealer,
)
from streams.app.kafka.feeding import parts
from streams.app.readers import fault_of
from streams.app.settings import intake_settings
from streams.app.sightings import Sightings
from streams.pipeline.ingest import Received, SourceMessage
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.ids import message_identity
from streams.vocabulary.messages import (
    EHR_MESSAGE,
    EhrMessage,
    IdentitySighting,
    Provenance,
)
from streams.vocabulary.topics import BACKFILL, FHIR, RAW, SEALED, server_key


HISTORY_PATIENCE = timedelta(days=1)
"""How long history is held: an export tells a Patient hours before the last result."""
TABLE = "memory"
"""Where rows lie; their seal is bound to it."""


@dataclass(frozen=True, slots=True)
class Unheard:
    """What was held too long: told with what has come, and kept for a person."""

    record: str
    """The record it came in, `topic/partition/offset`."""
    key: bytes
    """Its record's key."""
    part: str
    """What singles it out there."""
    form: str
    value: bytes | None
    """The resource, sealed as the record was; None where it cannot be sent again."""
    read: SourceMessage


@dataclass(frozen=True, slots=True)
class Stored:
    """A row of the memory as it is kept; None: nothing any more."""

    key: bytes
    value: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FhirSite:
    """What the readers of one site share."""

    site: SiteConfiguration
    identities: Identities
    patience: timedelta
    sealer: Sealer | None = None
    sightings: Sightings | None = None

    @property
    def forms(self) -> tuple[str, ...]:
        """How records may be written that these readers read."""
        return (FHIR,) if self.sealer is None else (FHIR, f"{FHIR}{SEALED}")


def fhir_site(environ: Mapping[str, str]) -> FhirSite | None:
    """What the configured site's readers share; None where no site is configured.

    Raises `SettingsError` EMB-312, EMB-402 or EMB-403 for what cannot be used.
    """
    settings = intake_settings(environ)
    if settings.site is None:
        return None
    site = configured_site(environ)
    vault = vault_sealer(environ)
    public = site.identity == "public"
    return FhirSite(
        site=site,
        identities=identities_of(site, environ),
        patience=settings.fhir_patience,
        sealer=payload_sealer(environ),
        sightings=None if vault is None or public else Sightings(site.site, vault),
    )


class FhirReader:
    """Reads the resources of one server, in the order in which they were logged."""

    def __init__(self, site: FhirSite) -> None:
        self._site = site
        codes = CodeMap(site.site)
        make = partial(FhirTranslator, site.site, codes)
        self._translators = under_each_key(site.identities, make)
        self._named = under_each_key(site.identities, _itself)
        self._written = 0
        """How many rows were written, so that they are read in this order."""

    def __call__(self, received: Received) -> SourceMessage:
        """What the record tells, with all that it lets go of.

        Raises `InputError` EMB-150 or EMB-151 for a record that does not open.
        """
        payload = self._opened(received)
        arrived = received.stamped_at or received.received_at
        readings = {
            version: one.translate(
                payload,
                received_at=received.received_at,
                origin=_origin(received),
                arrived_at=arrived,
                record=received.record,
            )
            for version, one in self._translators.items()
        }
        provenance: Provenance = "live" if received.topic == RAW else "history"
        return self._told(as_one(readings), payload, arrived, provenance)

    def overdue(self, now: datetime) -> Iterator[Unheard]:
        """Tell what was held too long, with what has come."""
        late: dict[tuple[str, str], dict[int, Overdue]] = {}
        for version, one in self._translators.items():
            # A newer key's reader does not hold what came before it.
            for found in one.overdue(
                now, live=self._site.patience, history=HISTORY_PATIENCE
            ):
                late.setdefault((found.record, found.key), {})[version] = found
        for some in late.values():
            readings = {version: found.translation for version, found in some.items()}
            yield self._unheard(some[max(some)], as_one(readings), now)

    @property
    def holds(self) -> int:
        """How many resources wait for others."""
        return max(one.held for one in self._translators.values())

    # -- the memory --------------------------------------------------------------

    def changed(self) -> list[Stored]:
        """The rows of what has changed since this was last asked."""
        return [
            self._row(version, row)
            for version, one in self._translators.items()
            for row in one.changed()
        ]

    def recall(self, values: Iterable[bytes]) -> None:
        """Remember what was stored, in whatever order it is given.

        Raises `InputError` EMB-110, EMB-150 or EMB-151 for what cannot be read.
        """
        rows = sorted(map(self._read_row, values), key=_number)
        for version, one in self._translators.items():
            one.recall(
                Row(section, key, value.encode())
                for _, of, section, key, value in rows
                if of == version
            )
        self._written = max((_number(row) for row in rows), default=0)

    def _row(self, version: int, row: Row) -> Stored:
        name = self._named[version].name(
            "reference", Identifier(f"memory {row.section}", row.key)
        )
        key = f"{version}/{row.section}/{name}".encode()
        if row.value is None:
            return Stored(key, None)
        self._written += 1
        told = [self._written, version, row.section, row.key, row.value.decode()]
        packed = zlib.compress(orjson.dumps(told), 1)
        return Stored(key, self._sealed(packed, TABLE))

    def _read_row(self, value: bytes) -> Any:  # noqa: ANN401 - a JSON array
        sealer = self._site.sealer
        place = place_of(self._site.site.site, TABLE)
        packed = value if sealer is None else sealer.open(value, place)
        try:
            return orjson.loads(zlib.decompress(packed))
        except (zlib.error, orjson.JSONDecodeError):
            raise InputError(
                ErrorCode.MALFORMED_MESSAGE,
                "A row of the FHIR reader's memory is not one that it wrote.",
                "Give the payload keys it was sealed under: EMBER_PAYLOAD_KEYS.",
            ) from None

    # -- bytes -------------------------------------------------------------------

    def _opened(self, received: Received) -> bytes:
        """The bytes; a seal is bound to the topic where it was made first.

        An export's was made for `ehr.backfill`, and what is fed again for `ehr.raw`.
        """
        sealer = self._site.sealer
        if not received.form.endswith(SEALED) or sealer is None:
            return received.value
        exported = received.topic == BACKFILL and received.dates_itself
        place = place_of(self._site.site.site, BACKFILL if exported else RAW)
        return sealer.open(received.value, place)

    def _sealed(self, payload: bytes, name: str) -> bytes:
        sealer = self._site.sealer
        if sealer is None:
            return payload
        return sealer.seal(payload, place_of(self._site.site.site, name))

    # -- what is told ------------------------------------------------------------

    def _told(
        self,
        understood: Translation,
        payload: bytes,
        arrived: datetime,
        provenance: Provenance,
    ) -> SourceMessage:
        faults = [fault_of(one) for one in understood.faults]
        messages: list[EhrMessage] = []
        for message in self._messages(understood, payload, arrived):
            try:
                messages += parts(message)
            except InputError as too_large:
                faults.append(too_large)
        return SourceMessage(
            outcome=understood.outcome,
            messages=tuple(messages),
            faults=tuple(faults),
            unmapped=len(understood.unmapped),
            sightings=self._seen(understood, arrived, provenance),
        )

    def _messages(
        self, understood: Translation, payload: bytes, arrived: datetime
    ) -> Iterator[EhrMessage]:
        """One for each patient and moment: history was known at many."""
        source = f"{FHIR}/{understood.kind}"
        name = sha256(payload).hexdigest()
        for one in understood.told:
            provenance: Provenance = "history" if one.history else "live"
            events = one.events
            if one.history:
                events = tuple(dated(event, arrived) for event in events)
            ordered = sorted(events, key=attrgetter("known_at"))
            for known_at, some in groupby(ordered, attrgetter("known_at")):
                told = replace(understood, told=(Told(one.patient, tuple(some)),))
                for message in ehr_messages(
                    told,
                    site=self._site.site.site,
                    source=source,
                    name=name,
                    provenance=provenance,
                    known_at=known_at,
                ):
                    yield _by_its_content(message, name)

    def _seen(
        self, understood: Translation, at: datetime, provenance: Provenance
    ) -> tuple[IdentitySighting, ...]:
        sightings = self._site.sightings
        if sightings is None:
            return ()
        told = understood.sightings
        return tuple(sightings.sealed(told, known_at=at, provenance=provenance))

    def _unheard(self, late: Overdue, understood: Translation, at: datetime) -> Unheard:
        topic = late.record.partition("/")[0]
        payload = late.payload or late.record.encode()
        live: Provenance = "live" if topic == RAW else "history"
        form = FHIR if self._site.sealer is None else f"{FHIR}{SEALED}"
        sealed = None if late.payload is None else self._sealed(late.payload, topic)
        return Unheard(
            record=late.record,
            key=server_key(self._site.site.site),
            part=understood.name,
            form=form,
            value=sealed,
            read=self._told(understood, payload, at, live),
        )


MakeFhirReader = Callable[[], FhirReader]


def _itself(identities: Identities) -> Identities:
    return identities


def _number(row: Any) -> int:  # noqa: ANN401 - a JSON array
    number: int = row[0]
    return number


def _origin(received: Received) -> Origin:
    if received.topic == RAW:
        return "live"
    return "export" if received.dates_itself else "fed_again"


def _by_its_content(message: EhrMessage, name: str) -> EhrMessage:
    """The message under a name of what it tells.

    The same bytes may tell more when they come again, because more has come between.
    """
    content = sha256(EHR_MESSAGE.dump_json(message, exclude=_STAMPS)).hexdigest()
    return replace(
        message,
        message_id=message_identity(message.site, message.source, f"{name}|{content}"),
    )


_STAMPS: dict[str, Any] = {
    "message_id": True,
    "known_at": True,
    "events": {"__all__": {"known_at"}},
}
"""What is not content."""
