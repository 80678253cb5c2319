"""A protocol in FHIR R4: ResearchStudy, whose enrolment is a Group of who may come.

R4 has no field for much of a registration, nor for the version: those stand in notes.
"""

from __future__ import annotations

from streams.adapters.fhir.study.parts import (
    ABSENT,
    Json,
    about_arm,
    about_criterion,
    bundle,
    concept,
    criteria_of,
    fhir_id,
    identifiers,
    notes,
    period,
    reference,
    sites,
    without_nothing,
)
from streams.vocabulary.protocol import Domain, Protocol
from streams.vocabulary.registration import Registration


_ITEMS = frozenset({"public_contact", "recruitment_status"})

_STATUS = {
    "pending": "approved",
    "recruiting": "active",
    "suspended": "temporarily-closed-to-accrual",
    "complete": "closed-to-accrual",
}
_DOMAIN = {
    "open": "active",
    "paused": "temporarily-closed-to-accrual",
    "closed": "closed-to-accrual",
}


def study_bundle(protocol: Protocol) -> Json:
    """The whole protocol as a collection."""
    platform = _platform(protocol)
    resources = [platform]
    for domain in protocol.domains:
        group = _group(protocol, domain)
        resources += [_domain(protocol, domain, platform, group), group]
    return bundle(resources)


def _platform(protocol: Protocol) -> Json:
    registration = protocol.registration or Registration()
    return without_nothing(
        {
            "resourceType": "ResearchStudy",
            "id": fhir_id(protocol.id),
            "identifier": identifiers(protocol),
            "title": registration.scientific_title or protocol.title,
            **_status(registration),
            "condition": [concept(c) for c in registration.conditions or ()],
            "contact": _contact(registration),
            "location": [concept(c) for c in registration.countries or ()],
            "description": " ".join(protocol.summary.split()),
            "period": period(registration),
            "sponsor": _sponsor(registration),
            "site": sites(protocol),
            "note": [
                {"text": f"Title: {protocol.title}"},
                *_public_title(registration),
                *notes(protocol, told=_ITEMS),
            ],
        }
    )


def _domain(protocol: Protocol, domain: Domain, platform: Json, group: Json) -> Json:
    return without_nothing(
        {
            "resourceType": "ResearchStudy",
            "id": fhir_id(protocol.id, domain.id),
            "title": domain.title,
            "status": _DOMAIN[domain.status],
            "partOf": [reference(platform, protocol.title)],
            "description": domain.population,
            "enrollment": [reference(group)],
            "arm": [
                {"name": arm.title, "description": about_arm(arm)}
                for arm in domain.arms
            ],
        }
    )


def _group(protocol: Protocol, domain: Domain) -> Json:
    return {
        "resourceType": "Group",
        "id": fhir_id(protocol.id, domain.id, "eligible"),
        "type": "person",
        "actual": False,
        "name": f"Who may take part in {domain.title}",
        "characteristic": [
            {
                "code": concept(f"{criterion.id}: {about_criterion(criterion)}"),
                "valueBoolean": True,
                "exclude": excludes,
            }
            for criterion, excludes in criteria_of(protocol, domain)
        ],
    }


def _status(registration: Registration) -> Json:
    """The status; R4 asks for one, so where nobody told it, it is told to be absent."""
    status = _STATUS.get(registration.recruitment_status or "")
    if status is not None:
        return {"status": status}
    return {"_status": {"extension": [{"url": ABSENT, "valueCode": "unknown"}]}}


def _contact(registration: Registration) -> list[Json]:
    told = registration.public_contact
    return [] if told is None else [{"name": told}]


def _sponsor(registration: Registration) -> Json | None:
    told = registration.primary_sponsor
    return None if told is None else {"display": told}


def _public_title(registration: Registration) -> list[Json]:
    told = registration.public_title
    return [] if told is None else [{"text": f"Public title: {told}"}]
