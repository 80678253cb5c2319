"""Nothing that could name a person leaves the FHIR reader, wherever it stood."""

import json

import pytest
from made_up.fhir import (
    NOW,
    code,
    encounter,
    observation,
    patient,
    quantity,
    sent,
    translator,
)

from streams.adapters.fhir.mimic_iv import site_configuration


PLANTED = "Zebulon-Quackenbush-4711"

TEXTS = {"text": PLANTED}
NARRATIVE = {"status": "generated", "div": f"<div>{PLANTED}</div>"}
EVERYWHERE = {
    "text": NARRATIVE,
    "note": [{"text": PLANTED}],
    "language": PLANTED,
    "implicitRules": PLANTED,
    "extension": [{"url": "x", "valueString": PLANTED}],
    "performer": [{"display": PLANTED}],
    "identifier": [{"system": "urn:x", "value": PLANTED}],
}
WHO = {
    "name": [{"family": PLANTED, "given": [PLANTED], "text": PLANTED}],
    "telecom": [{"value": PLANTED}],
    "address": [{"line": [PLANTED], "postalCode": PLANTED}],
    "contact": [{"name": {"family": PLANTED}}],
    "photo": [{"url": PLANTED}],
    "maritalStatus": TEXTS,
    "managingOrganization": {"display": PLANTED},
}
SUBJECT = {
    "reference": "Patient/1",
    "display": PLANTED,
    "identifier": {"value": PLANTED},
}
CODED = {"coding": [{"system": "lab", "code": "X9"}], **TEXTS}
DRUG = {"coding": [{"system": "drug", "code": "77"}], **TEXTS}

RESOURCES = [
    patient(mrn=PLANTED, **WHO),
    patient(id=PLANTED, **WHO),
    encounter(reasonCode=[TEXTS], subject=SUBJECT, type=[TEXTS]),
    observation(what=CODED, valueString=PLANTED),
    observation(what=CODED, valueCodeableConcept=TEXTS, dataAbsentReason=TEXTS),
    observation(what=code("2524-7"), valueQuantity=quantity(1, "mmol/L")),
    observation(number=PLANTED, what=CODED, valueString="1"),
    observation(what=code("600-7"), valueString=PLANTED, method=TEXTS, bodySite=TEXTS),
    observation(effectiveDateTime=PLANTED),
    observation(subject={"reference": PLANTED}),
    observation(subject={"reference": f"Patient/{PLANTED}"}),
    observation(status=PLANTED, valueQuantity={"value": PLANTED}),
    {
        "resourceType": "Specimen",
        "id": "s1",
        "type": CODED,
        "accessionIdentifier": {"value": PLANTED},
        "collection": {"collector": {"display": PLANTED}},
    },
    {
        "resourceType": "MedicationRequest",
        "id": "m1",
        "status": "active",
        "medicationCodeableConcept": DRUG,
        "authoredOn": "2026-11-28",
        "dosageInstruction": [{**TEXTS, "patientInstruction": PLANTED}],
    },
    {
        "resourceType": "MedicationAdministration",
        "id": "m2",
        "status": "completed",
        "medicationCodeableConcept": DRUG,
        "effectiveDateTime": "2026-11-28",
        "dosage": {**TEXTS, "dose": {"value": 1, "unit": "mg"}},
    },
    {
        "resourceType": "Procedure",
        "id": "p1",
        "status": "completed",
        "code": CODED,
        "performedDateTime": "2026-11-28",
        "performedString": PLANTED,
    },
    {
        "resourceType": "Condition",
        "id": "c1",
        "code": CODED,
        "recordedDate": "2026-11-28",
        "onsetString": PLANTED,
    },
    {
        "resourceType": "AllergyIntolerance",
        "id": "a1",
        "code": CODED,
        "patient": SUBJECT,
        "recordedDate": "2026-11-28",
        "reaction": [{"description": PLANTED}],
    },
    {"resourceType": "Location", "id": PLANTED, "description": PLANTED},
    {"resourceType": "Practitioner", "id": "x", **WHO},
    {"resourceType": "Observation", "id": "x", "code": PLANTED},
    {"resourceType": "Observation", "id": "x", "code": {"coding": [PLANTED]}},
]


def planted(resource):
    """The resource with the identifier in every place where texts may stand."""
    subject = {} if resource["resourceType"] == "Patient" else {"subject": SUBJECT}
    if resource["resourceType"] == "AllergyIntolerance":
        subject = {}
    return {**EVERYWHERE, **subject, **resource}


def said(translation):
    """All that is told of a message, but for what is the vault's alone."""
    assert not any(PLANTED in repr(one) for one in translation.sightings)
    parts = (
        translation.kind,
        translation.outcome,
        translation.name,
        translation.told,
        translation.unmapped,
        translation.units,
        translation.faults,
    )
    return repr(parts)


@pytest.mark.parametrize("resource", RESOURCES)
@pytest.mark.parametrize("authorities", [[], ["NORTH"]])
def test_no_text_of_a_resource_gets_out(resource, authorities, capsys):
    reading = translator(authorities=authorities)
    alone = sent(reading, planted(resource))
    bundled = sent(
        reading,
        {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"fullUrl": PLANTED, "resource": planted(resource)}],
        },
    )
    left = list(reading.finish(received_at=NOW))

    told = "".join(said(one) for one in (alone, bundled, *left))
    assert PLANTED not in told
    assert "Quackenbush" not in told
    printed = capsys.readouterr()
    assert PLANTED not in printed.out + printed.err


def test_the_plants_are_there():
    text = json.dumps([planted(resource) for resource in RESOURCES])

    assert text.count(PLANTED) > 200


def test_what_is_held_is_in_the_memory_alone():
    reading = translator(authorities=["NORTH"])
    sent(reading, planted(RESOURCES[3]))

    assert PLANTED.encode() in reading.pending()
    assert reading.held == 1


def test_only_a_site_declared_public_keeps_identifiers():
    assert site_configuration().identity == "public"


@pytest.mark.parametrize("kind", ["history", "transaction"])
@pytest.mark.parametrize(
    "url",
    [
        f"Observation/{PLANTED}",
        f"Patient?identifier=urn:x|{PLANTED}",
        f"http://x/{PLANTED}/Observation/1",
        f"Patient/1/_history/{PLANTED}",
        "Quackenbush/1",
        PLANTED,
    ],
)
def test_a_deletion_names_nobody(kind, url):
    gone = {"fullUrl": PLANTED, "request": {"method": "DELETE", "url": url}}
    told = sent(translator(), {"resourceType": "Bundle", "type": kind, "entry": [gone]})
    assert len(told.faults) == 1
    assert PLANTED not in said(told)
    assert "Quackenbush" not in said(told)


@pytest.mark.parametrize("unit", [PLANTED, "Mrs Quackenbush"])
def test_a_unit_that_looks_like_none_stays_behind(unit):
    told = sent(
        translator(),
        observation(what=code("2524-7"), valueQuantity={"value": 1, "unit": unit}),
    )

    assert told.faults
    assert "Quackenbush" not in said(told)


def test_a_unit_of_the_sites_may_be_words():
    reading = translator(units={"breaths per minute": "/min"})
    told = sent(
        reading,
        observation(
            what=code("9279-1"),
            valueQuantity={"value": 18, "unit": "breaths per minute"},
        ),
    )

    assert told.told[0].events[0].value == 18.0
