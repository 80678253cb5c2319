"""A made-up story in resources that speak of each other, correct and delete."""

from __future__ import annotations

from made_up.fhir import code, encounter, observation, patient, quantity, version


VALUE = {"valueQuantity": quantity(2, "mmol/L")}
IN_UNIT = {"encounter": {"reference": "Encounter/e2"}}


def at(minute):
    """The `meta` of a version stored at that minute."""
    return version(f"2026-11-28T10:{minute:02}:00Z")


def story():
    """Resources that speak of each other, with corrections, errors and deletions."""
    unit = encounter("e2", partOf={"reference": "Encounter/e1"}, meta=at(1))
    unit["class"] = {"code": "ACUTE"}
    panel = [
        {"code": code("8480-6"), "valueQuantity": quantity(81, "mm[Hg]")},
        {"code": code("8462-4"), "valueQuantity": quantity(40, "mm[Hg]")},
    ]
    gone = {
        "resourceType": "Bundle",
        "type": "history",
        "entry": [
            {
                "request": {"method": "DELETE", "url": "Observation/o3"},
                "response": {"status": "204", "lastModified": "2026-11-28T10:30:00Z"},
            }
        ],
    }
    return [
        patient(meta=at(0)),
        encounter(meta=at(0)),
        unit,
        {"resourceType": "Location", "id": "l1", "name": "ITU", "meta": at(0)},
        observation("o1", **VALUE, **IN_UNIT, meta=at(2)),
        observation("o1", status="corrected", **VALUE, meta=at(9)),
        observation("o2", code("85354-9"), component=panel, meta=at(3)),
        observation("o2", code("85354-9"), component=panel[:1], meta=at(4)),
        observation("o3", **VALUE, meta=at(5)),
        gone,
        observation("o4", status="entered-in-error", **VALUE, meta=at(8)),
        observation("o4", **VALUE, meta=at(6)),
        {
            "resourceType": "Specimen",
            "id": "s1",
            "type": code("119297000", "http://snomed.info/sct", "Blood"),
            "collection": {"collectedDateTime": "2026-11-27T09:00:00Z"},
            "meta": at(0),
        },
        observation(
            "t1",
            code("BC", "lab", "Blood culture"),
            specimen={"reference": "Specimen/s1"},
            hasMember=[{"reference": "Observation/g1"}],
            meta=at(1),
        ),
        observation(
            "g1",
            code("ORG", "lab", "E. coli"),
            hasMember=[{"reference": "Observation/a1"}],
            meta=at(2),
        ),
        observation("a1", code("AB", "lab", "Ampicillin"), meta=at(2)),
        observation(
            "a1",
            code("AB", "lab", "Ampicillin"),
            valueCodeableConcept=code("R", "v3"),
            meta=at(7),
        ),
        {
            "resourceType": "MedicationRequest",
            "id": "r1",
            "status": "active",
            "intent": "order",
            "subject": {"reference": "Patient/1"},
            "authoredOn": "2026-11-28T08:00:00Z",
            "medicationReference": {"reference": "Medication/m1"},
            "meta": at(1),
        },
        {
            "resourceType": "Medication",
            "id": "m1",
            "code": code("NAD", "drug", "Noradrenaline"),
            "meta": at(0),
        },
    ]


STORY = story()
