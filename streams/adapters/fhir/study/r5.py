"""A protocol in FHIR R5: ResearchStudy, with Group and EvidenceVariable of who may come.

The platform is one study and each domain another that is part of it.  A domain's
`recruitment.eligibility` names the Group; the same criteria as an EvidenceVariable are
among its related artifacts, because a study can name only one of the two.
"""

from __future__ import annotations

from streams.adapters.fhir.study.parts import (
    Json,
    about_arm,
    about_criterion,
    bundle,
    coded,
    concept,
    criteria_of,
    fhir_id,
    identifiers,
    notes,
    period,
    reference,
    sites,
    without_nothing,
    words,
)
from streams.vocabulary.protocol import Domain, Protocol
from streams.vocabulary.registration import Registration


_ITEMS = frozenset(
    {
        *("support", "secondary_sponsors", "public_contact", "scientific_contact"),
        *("study_type", "sample_size", "recruitment_status", "primary_outcomes"),
        "key_secondary_outcomes",
    }
)
"""Items of the registration that R5 has a field for and R4 has not."""

_PROGRESS = {
    "pending": "approved",
    "recruiting": "active",
    "suspended": "temporarily-closed-to-accrual",
    "complete": "closed-to-accrual",
    "other": None,
}
_DOMAIN = {
    "open": "active",
    "paused": "temporarily-closed-to-accrual",
    "closed": "closed-to-accrual",
}
_PARTIES = {
    "primary_sponsor": coded("research-study-party-role", "lead-sponsor"),
    "secondary_sponsors": coded("research-study-party-role", "sponsor"),
    "support": coded("research-study-party-role", "funding-source"),
    "public_contact": coded("research-study-party-role", "general-contact"),
    "scientific_contact": concept("contact for scientific queries"),
}


def study_bundle(protocol: Protocol) -> Json:
    """The whole protocol as a collection."""
    platform = _platform(protocol)
    resources = [platform]
    for domain in protocol.domains:
        group, variable = _group(protocol, domain), _variable(protocol, domain)
        study = _domain(protocol, domain, platform, group, variable)
        resources += [study, group, variable]
    return bundle(resources)


def _platform(protocol: Protocol) -> Json:
    registration = protocol.registration or Registration()
    progress = _PROGRESS[registration.recruitment_status or "other"]
    return without_nothing(
        {
            "resourceType": "ResearchStudy",
            "id": fhir_id(protocol.id),
            "identifier": identifiers(protocol),
            "version": protocol.version,
            "title": protocol.title,
            "label": _labels(registration),
            "status": _publication(protocol),
            "studyDesign": _told(registration.study_type),
            "condition": [concept(c) for c in registration.conditions or ()],
            "region": [concept(c) for c in registration.countries or ()],
            "description": " ".join(protocol.summary.split()),
            "period": period(registration),
            "site": sites(protocol),
            "note": notes(protocol, told=_ITEMS),
            "associatedParty": _parties(registration),
            "progressStatus": _progress(progress),
            "recruitment": _planned(registration),
            "outcomeMeasure": _outcomes(protocol, registration),
        }
    )


def _domain(
    protocol: Protocol, domain: Domain, platform: Json, group: Json, variable: Json
) -> Json:
    return without_nothing(
        {
            "resourceType": "ResearchStudy",
            "id": fhir_id(protocol.id, domain.id),
            "version": protocol.version,
            "title": domain.title,
            "status": _publication(protocol),
            "partOf": [reference(platform, protocol.title)],
            "description": domain.population,
            "relatedArtifact": [
                {
                    "type": "composed-of",
                    "label": "Eligibility as EvidenceVariable",
                    "resourceReference": reference(variable),
                }
            ],
            "progressStatus": _progress(_DOMAIN[domain.status]),
            "recruitment": {"eligibility": reference(group)},
            "comparisonGroup": [
                {
                    "linkId": fhir_id(arm.id),
                    "name": arm.title,
                    "description": about_arm(arm),
                }
                for arm in domain.arms
            ],
        }
    )


def _group(protocol: Protocol, domain: Domain) -> Json:
    return {
        "resourceType": "Group",
        "id": fhir_id(protocol.id, domain.id, "eligible"),
        "type": "person",
        "membership": "definitional",
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


def _variable(protocol: Protocol, domain: Domain) -> Json:
    return {
        "resourceType": "EvidenceVariable",
        "id": fhir_id(protocol.id, domain.id, "criteria"),
        "version": protocol.version,
        "title": f"Eligibility for {domain.title}",
        "status": _publication(protocol),
        "characteristic": [
            {
                "linkId": fhir_id(criterion.id),
                "description": about_criterion(criterion),
                "exclude": excludes,
                "definitionCodeableConcept": concept(about_criterion(criterion)),
            }
            for criterion, excludes in criteria_of(protocol, domain)
        ],
    }


def _publication(protocol: Protocol) -> str:
    """Of the document: one whose criteria are not all encoded is a draft."""
    return "active" if protocol.evidence == "verified" else "draft"


def _labels(registration: Registration) -> list[Json]:
    titles = (
        ("plain-language", registration.public_title),
        ("scientific", registration.scientific_title),
    )
    return [
        {"type": coded("title-type", kind), "value": title}
        for kind, title in titles
        if title is not None
    ]


def _told(text: str | None) -> list[Json]:
    return [] if text is None else [concept(text)]


def _parties(registration: Registration) -> list[Json]:
    found = []
    for key, role in _PARTIES.items():
        value = getattr(registration, key)
        names = value if isinstance(value, tuple) else [value]
        found += [{"name": name, "role": role} for name in names if name is not None]
    return found


def _progress(code: str | None) -> list[Json]:
    return [] if code is None else [{"state": coded("research-study-status", code)}]


def _planned(registration: Registration) -> Json | None:
    if registration.sample_size is None:
        return None
    return {"targetNumber": registration.sample_size}


def _outcomes(protocol: Protocol, registration: Registration) -> list[Json]:
    """As the registration has them; what Ember derives is told besides."""
    told = (
        ("primary", registration.primary_outcomes or ()),
        ("secondary", registration.key_secondary_outcomes or ()),
    )
    return [
        *(
            {
                "name": outcome,
                "type": [coded("research-study-objective-type", kind)],
            }
            for kind, outcomes in told
            for outcome in outcomes
        ),
        {"name": words(protocol.outcome_names), "description": "Derived by Ember"},
    ]
