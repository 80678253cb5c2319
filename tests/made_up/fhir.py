"""Resources of a made-up patient, and a site that reads them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from streams.adapters.fhir.translator import FhirTranslator
from streams.adapters.identity.pseudonyms import Pseudonyms
from streams.adapters.site.codes import CodeMap
from streams.adapters.site.configuration import SiteConfiguration
from streams.clinical.timeline import Timeline


NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
MRN = "urn:oid:1.2.3"

SITE = {
    "site": "north",
    "zone": "Europe/London",
    "authority_names": {"1.2.3": "NORTH"},
    "units": {"G/l": "10*9/L"},
    "codes": [
        {"system": "lab", "code": "CREA", "concept": "creatinine", "unit": "umol/L"},
        {"system": "lab", "code": "UO", "kind": "fluid", "concept": "urine"},
        {"system": "lab", "code": "BC", "kind": "culture"},
        {"system": "lab", "code": "ORG", "kind": "organism"},
        {"system": "lab", "code": "AB", "kind": "antimicrobial"},
        {"system": "lab", "code": "VENT", "kind": "support", "concept": "invasive"},
        {"system": "lab", "code": "HD", "kind": "procedure", "concept": "rrt"},
        {"system": "lab", "code": "NOISE", "kind": "ignored"},
        {"system": "drug", "code": "NAD", "kind": "drug", "concept": "norepinephrine"},
    ],
    "wards": {"ITU": {"level": "icu"}},
}


def translator(identities=None, **said):
    """A translator of the made-up site, some of it said otherwise."""
    options = {k: said.pop(k) for k in ("patience", "limit") if k in said}
    site = SiteConfiguration.model_validate({**SITE, **said})
    named = identities or Pseudonyms("north", {1: b"k" * 32})
    return FhirTranslator(site, CodeMap(site), named, **options)


def sent(reading, resource, at=NOW):
    """What becomes of one resource."""
    return reading.translate(json.dumps(resource).encode(), received_at=at)


def events(translation):
    """All its events, whosesoever."""
    return [event for told in translation.told for event in told.events]


def only(translation):
    """Its one event."""
    (event,) = events(translation)
    return event


def timelines(translations):
    """By patient, the facts that stand after all of these."""
    lines = {}
    for number, translation in enumerate(translations):
        for told in translation.told:
            line = lines.setdefault(told.patient, Timeline())
            for event in told.events:
                line.apply(event, f"{number:05}")
    return {
        patient: facts
        for patient, line in lines.items()
        if (facts := sorted(line.facts(), key=lambda fact: fact.event_id))
    }


def code(value, system=LOINC, display=None):
    """A CodeableConcept of one code."""
    coding = {"system": system, "code": value}
    return {"coding": [coding | ({"display": display} if display else {})]}


def quantity(value, unit, **more):
    """A Quantity in UCUM."""
    return {"value": value, "unit": unit, "system": UCUM, "code": unit, **more}


def observation(number="o1", what=None, **more):
    """A final observation of Patient/1."""
    return {
        "resourceType": "Observation",
        "id": number,
        "status": "final",
        "code": what or code("2524-7"),
        "subject": {"reference": "Patient/1"},
        "effectiveDateTime": "2026-11-28T10:00:00+01:00",
        **more,
    }


def patient(number="1", mrn="MRN-771", **more):
    """A person with a number of the hospital's."""
    return {
        "resourceType": "Patient",
        "id": number,
        "identifier": [
            {
                "system": MRN,
                "value": mrn,
                "type": code("MR", "http://terminology.hl7.org/CodeSystem/v2-0203"),
            }
        ],
        "gender": "female",
        "birthDate": "1950-02-03",
        **more,
    }


def encounter(number="e1", **more):
    """A stay that goes on."""
    return {
        "resourceType": "Encounter",
        "id": number,
        "status": "in-progress",
        "class": {"code": "IMP"},
        "subject": {"reference": "Patient/1"},
        "period": {"start": "2026-11-27T08:00:00Z"},
        **more,
    }


def version(stored):
    """The `meta` of a version stored at that time."""
    return {"lastUpdated": stored}
