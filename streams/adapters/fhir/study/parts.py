"""What both releases of FHIR say alike of a protocol: ids, names, notes, references.

A criterion is told by its text and by whether it excludes, and by no code: what decides
it is the protocol's rule, which FHIR has no words for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from streams.vocabulary.ids import identity
from streams.vocabulary.protocol import Arm, Criterion, Domain, Protocol
from streams.vocabulary.registration import NAMES, Identifier, Registration


Json = dict[str, Any]

ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"

_ELSEWHERE = frozenset(
    {
        *("primary_registry", "secondary_ids", "primary_sponsor", "conditions"),
        *("countries", "first_enrolment", "completion_date", "public_title"),
        "scientific_title",
    }
)
"""Items of the registration that have a field of their own in both releases."""


def reference(resource: Json, display: str | None = None) -> Json:
    """A reference to another resource of the same bundle."""
    told = {"reference": full_url(resource)}
    return told if display is None else {**told, "display": display}


def full_url(resource: Json) -> str:
    """The name of the resource inside its bundle: the same each time it is written."""
    return f"urn:uuid:{identity('fhir', resource['resourceType'], resource['id'])}"


def bundle(resources: list[Json]) -> Json:
    """All resources as one collection."""
    entries = [{"fullUrl": full_url(r), "resource": r} for r in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def fhir_id(*parts: str) -> str:
    """An id of FHIR: letters, digits, dashes and dots, at most 64 of them."""
    told = "-".join(parts).replace("_", "-")
    return told if len(told) <= _LONGEST else identity("fhir id", told)


def concept(text: str) -> Json:
    """A concept in words alone."""
    return {"text": text}


def coded(system: str, code: str) -> Json:
    """A concept of one of FHIR's own code systems."""
    return {"coding": [{"system": f"http://hl7.org/fhir/{system}", "code": code}]}


def identifiers(protocol: Protocol) -> list[Json]:
    """Every number the trial has, each with who issued it; our own id is the last."""
    registration = protocol.registration or Registration()
    found = [registration.primary_registry, *(registration.secondary_ids or ())]
    told: dict[tuple[str, str], Json] = {}
    if protocol.m11 is not None:
        found += protocol.m11.identifiers
        number = protocol.m11.sponsor_protocol_number
        if number is not None:
            told["sponsor", number] = _issued("sponsor protocol number", number, None)
    for issued in found:
        if issued is not None:
            told[issued.authority, issued.number] = _by(issued)
    own = _issued("Ember protocol", protocol.id, None)
    return [*told.values(), own]


def period(registration: Registration) -> Json | None:
    """From the first enrolment to the last data; None where neither is told."""
    told = {
        name: moment.isoformat()
        for name, moment in (
            ("start", registration.first_enrolment),
            ("end", registration.completion_date),
        )
        if moment is not None
    }
    return told or None


def sites(protocol: Protocol) -> list[Json]:
    """The sites by name; closed ones are told as such."""
    return [
        {
            "identifier": {"value": site.id},
            "display": ", ".join(
                part
                for part in (
                    site.name or site.id,
                    site.country,
                    "closed" if site.status == "closed" else None,
                )
                if part
            ),
        }
        for site in protocol.sites
    ]


def notes(protocol: Protocol, *, told: frozenset[str] = frozenset()) -> list[Json]:
    """What the release has no field for: the rest of the registration, the document.

    `told`: items of the registration that the release has a field for.
    """
    registration = protocol.registration or Registration()
    if registration.recruitment_status == "other":
        told = told - {"recruitment_status"}  # no code of FHIR says so
    return [
        {"text": line}
        for line in (
            *_of_the_document(protocol),
            *(
                f"{name}: {words(getattr(registration, key))}"
                for key, name in NAMES.items()
                if key not in _ELSEWHERE | told
                and getattr(registration, key) is not None
            ),
        )
    ]


def words(value: object) -> str:
    """A value of the registration in one line."""
    if isinstance(value, tuple):
        return "; ".join(map(str, value)) or "none"
    return str(value)


def criteria_of(protocol: Protocol, domain: Domain) -> Iterator[tuple[Criterion, bool]]:
    """What the platform and the domain ask, and whether it excludes."""
    for of in (protocol, domain):
        yield from ((criterion, False) for criterion in of.inclusion)
        yield from ((criterion, True) for criterion in of.exclusion)


def about_criterion(criterion: Criterion) -> str:
    """Its wording, with what was left to a human."""
    text = " ".join(criterion.text.split())
    if criterion.unencoded is None:
        return text
    return f"{text} (left to a human: {' '.join(criterion.unencoded.split())})"


def about_arm(arm: Arm) -> str:
    """The arm with what it asks for by itself."""
    lines = [arm.title]
    lines += [f"Asks besides: {about_criterion(c)}" for c in arm.inclusion]
    lines += [f"Not for: {about_criterion(c)}" for c in arm.exclusion]
    return "\n\n".join(lines)


def without_nothing(resource: Json) -> Json:
    """The resource without what is None or an empty list: FHIR has no such."""
    return {key: value for key, value in resource.items() if value not in (None, [])}


def _of_the_document(protocol: Protocol) -> Iterator[str]:
    yield (
        f"Written from the Ember protocol {protocol.id}, version {protocol.version}, "
        f"SHA-256 {protocol.digest}, evidence {protocol.evidence}. Criteria are told in "
        "words: they are not to be executed."
    )
    yield f"Consent, {protocol.consent.model}: {' '.join(protocol.consent.text.split())}"
    for source in protocol.sources:
        yield f"Criteria from: {source}"
    for amendment in protocol.amendments:
        yield (
            f"Version {amendment.version} of {amendment.date.isoformat()}: "
            f"{amendment.summary} Because: {amendment.reason}"
        )


def _by(issued: Identifier) -> Json:
    return _issued("trial number", issued.number, issued.authority)


def _issued(what: str, number: str, authority: str | None) -> Json:
    by = None if authority is None else {"display": authority}
    return without_nothing({"type": concept(what), "value": number, "assigner": by})


_LONGEST = 64
