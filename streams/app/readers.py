"""Who reads what lies on `ehr.raw` as its source wrote it, by form.

A message's name is the SHA-256 of its bytes and of what could not be read of them:
whoever delivers it how often, what it tells has the same ids, and takes effect once;
what more it tells after a map was mended is another message about the same facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256

from streams.adapters.hl7v2.translator import Hl7Translator
from streams.adapters.identity.pseudonyms import Identities
from streams.adapters.identity.rotation import reading_under
from streams.adapters.identity.sealing import Sealer, place_of
from streams.adapters.site.codes import CodeMap
from streams.adapters.site.configuration import SiteConfiguration
from streams.adapters.translation import (
    Fault,
    Translation,
    Translator,
    ehr_messages,
)
from streams.app.identity import (
    configured_site,
    identities_of,
    payload_sealer,
    vault_sealer,
)
from streams.app.kafka.feeding import parts
from streams.app.settings import intake_settings
from streams.app.sightings import Sightings
from streams.pipeline.ingest import Reader, Received, SourceMessage
from streams.vocabulary.errors import InputError
from streams.vocabulary.messages import EhrMessage, IdentitySighting, Provenance
from streams.vocabulary.topics import HL7V2, RAW, SEALED


MakeTranslator = Callable[[SiteConfiguration, CodeMap, Identities], Translator]

TRANSLATORS: Mapping[str, MakeTranslator] = {HL7V2: Hl7Translator}
"""By form, who understands each message by itself; FHIR's reader has a memory
(`remembering.py`)."""


def readers_of(environ: Mapping[str, str]) -> dict[str, Reader]:
    """The readers of the configured site; none where no site is configured.

    Raises `SettingsError` EMB-312, EMB-402 or EMB-403 for what cannot be used.
    """
    if intake_settings(environ).site is None:
        return {}
    site = configured_site(environ)
    sealer = payload_sealer(environ)
    vault = vault_sealer(environ)
    public = site.identity == "public"
    sightings = None if vault is None or public else Sightings(site.site, vault)
    readers: dict[str, Reader] = {}
    for form, translator in translators(site, identities_of(site, environ)).items():
        reader = SourceReader(site.site, form, translator, sightings)
        readers[form] = reader
        if sealer is not None:
            readers[form + SEALED] = _Opening(sealer, site.site, reader)
    return readers


def translators(
    site: SiteConfiguration, identities: Identities
) -> dict[str, Translator]:
    """By form, who understands what this site sends."""
    codes = CodeMap(site)
    return {
        form: reading_under(identities, partial(make, site, codes))
        for form, make in TRANSLATORS.items()
    }


@dataclass(frozen=True, slots=True)
class SourceReader:
    """Reads one form of one site."""

    site: str
    form: str
    translator: Translator
    sightings: Sightings | None = None
    """Where identifiers go to the vault."""

    def __call__(self, received: Received) -> SourceMessage:
        """What the record tells, known since the broker had it."""
        at = received.received_at
        understood = self.translator.translate(received.value, received_at=at)
        live: Provenance = "live" if received.topic == RAW else "history"
        return self.told(understood, received.value, provenance=live, known_at=at)

    def told(
        self,
        understood: Translation,
        payload: bytes,
        *,
        provenance: Provenance,
        known_at: datetime,
    ) -> SourceMessage:
        """The messages of what was understood, none larger than allowed."""
        faults = [fault_of(one) for one in understood.faults]
        messages: list[EhrMessage] = []
        for message in ehr_messages(
            understood,
            site=self.site,
            source=self._source(understood),
            name=_name(payload, understood),
            provenance=provenance,
            known_at=known_at,
        ):
            try:
                messages += parts(message)
            except InputError as too_large:
                faults.append(too_large)
        return SourceMessage(
            outcome=understood.outcome,
            messages=tuple(messages),
            faults=tuple(faults),
            unmapped=len(understood.unmapped),
            sightings=self._sealed(understood, known_at, provenance),
        )

    def _sealed(
        self, understood: Translation, at: datetime, provenance: Provenance
    ) -> tuple[IdentitySighting, ...]:
        if self.sightings is None:
            return ()
        return tuple(
            self.sightings.sealed(
                understood.sightings, known_at=at, provenance=provenance
            )
        )

    def _source(self, understood: Translation) -> str:
        """The form and the type, so that laboratories that fall silent are missed."""
        return f"{self.form}/{understood.kind.partition('^')[0]}"


@dataclass(frozen=True, slots=True)
class _Opening:
    """Opens what was sealed for `ehr.raw`, and has it read."""

    sealer: Sealer
    site: str
    reader: Reader

    def __call__(self, received: Received) -> SourceMessage:
        """As the reader; raises `InputError` EMB-150 or EMB-151."""
        opened = self.sealer.open(received.value, place_of(self.site, RAW))
        return self.reader(
            Received(
                topic=received.topic,
                value=opened,
                form=received.form.removesuffix(SEALED),
                received_at=received.received_at,
            )
        )


def fault_of(one: Fault) -> InputError:
    """A part that could not be used, as the error of a record."""
    return InputError(one.code, f"{one.place}: {one.reason}", one.cure)


def _name(payload: bytes, understood: Translation) -> str:
    name = sha256(payload)
    for fault in understood.faults:
        name.update(f"|{fault.place}|{fault.code}".encode())
    for code in understood.unmapped:
        name.update(f"|{code}".encode("utf-8", "surrogatepass"))
    return name.hexdigest()
