"""Patient: under which name, sex and year of birth, death, and records of one person."""

from __future__ import annotations

from typing import Literal

from streams.adapters.fhir.known import Alias, KnownPatient
from streams.adapters.fhir.naming import any_identifier, patient_identifiers
from streams.adapters.fhir.resources import Patient, PatientLink
from streams.adapters.fhir.telling import Telling
from streams.adapters.fhir.times import When, read_time
from streams.adapters.identity.pseudonyms import Identifier, Sighting
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.events import (
    Death,
    Demographics,
    PatientMerge,
    VitalStatusContact,
)


_SEXES: dict[str, Literal["female", "male", "other"]] = {
    "female": "female",
    "male": "male",
    "other": "other",
}


def read(telling: Telling, resource: Patient) -> None:
    """Learn the person's name, and tell what the record says of them."""
    identifiers = patient_identifiers(resource.identifier, telling.desk.site)
    chosen = identifiers[0] if identifiers else _fallback(telling, resource)
    if chosen is None:
        telling.fault(
            "identifier", ErrorCode.NO_SUBJECT, "It has no identifier that can be used."
        )
        return
    name = telling.desk.identities.name("patient", chosen)
    _learn(telling, resource, name, identifiers or [chosen])
    telling.patient = name
    stored = _stored(telling, resource)
    telling.tell(
        Demographics(
            **telling.common(stored),
            sex=_SEXES.get(resource.gender or ""),
            birth_year=_birth_year(telling, resource),
        )
    )
    _death(telling, resource, stored)
    for link in resource.link:
        _linked(telling, link, name, stored)


def _fallback(telling: Telling, resource: Patient) -> Identifier | None:
    """The server's own number; of a contained patient, any identifier."""
    kind, _, number = telling.scope.key.partition("/")
    if "#" in telling.scope.key:
        return any_identifier(resource.identifier, telling.desk.site)
    return Identifier("Patient", number or kind)


def _learn(
    telling: Telling, resource: Patient, name: str, identifiers: list[Identifier]
) -> None:
    """Make the name known; a record that has changed its name is merged."""
    key, directory = telling.scope.key, telling.desk.directory
    before = directory.find(key, KnownPatient)
    directory.learn(key, KnownPatient(version=telling.version, name=name))
    now = directory.find(key, KnownPatient)
    for one in identifiers:
        telling.sightings.append(
            Sighting(name, telling.desk.identities.key_version, one)
        )
    for written in resource.identifier:
        also = any_identifier([written], telling.desk.site)
        if also is not None:
            alias = telling.desk.addresses.identifier_key(
                "Patient", also.authority, also.value
            )
            directory.learn(alias, Alias(of=key))
            telling.brings.append(alias)
    if before is not None and now is not None and before.name != name:
        other = before.name if now.name == name else name
        _merge(telling, survivor=now.name, retired=other, when=_now(telling))


def _birth_year(telling: Telling, resource: Patient) -> int | None:
    """The year alone."""
    if telling.time(resource.birth_date, "birthDate") is None:
        return None
    return int((resource.birth_date or "")[:4])


def _death(telling: Telling, resource: Patient, stored: When) -> None:
    died = telling.time(resource.deceased_date_time, "deceasedDateTime")
    if died is not None:
        telling.tell(Death(**telling.common(died, ":death"), basis="deceased"))
    elif resource.deceased_boolean:
        telling.tell(
            VitalStatusContact(
                **telling.common(stored, ":deceased"), alive=False, basis="deceased"
            )
        )


def _linked(telling: Telling, link: PatientLink, name: str, when: When) -> None:
    """Two records of one person; which of them survives."""
    if link.type not in ("replaced-by", "replaces"):
        return
    key = telling.key(link.other)
    other = None if key is None else telling.named(key)
    if other is None or other == name:
        return
    survivor, retired = (name, other) if link.type == "replaces" else (other, name)
    telling.links.append((survivor, retired))
    _merge(telling, survivor=survivor, retired=retired, when=when)


def _merge(telling: Telling, *, survivor: str, retired: str, when: When) -> None:
    telling.of_others.append(
        (
            survivor,
            PatientMerge(
                **telling.common(when, f":merge:{survivor}:{retired}"), retired=retired
            ),
        )
    )


def _stored(telling: Telling, resource: Patient) -> When:
    """When this version was stored; else when it came."""
    stored = resource.meta and resource.meta.last_updated
    when = read_time(stored, telling.desk.site.time_zone) if stored else None
    return when or _now(telling)


def _now(telling: Telling) -> When:
    return When(telling.received_at)
