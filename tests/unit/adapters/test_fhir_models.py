"""What our hand-picked models read is what `fhir.resources` reads, in R4B and R5."""

import gzip
import importlib
import json
from itertools import islice

import pytest
from made_up.fhir import code, encounter, observation, patient, quantity
from made_up.fhir_story import STORY

from streams.adapters.fhir.bundle import Bundle
from streams.adapters.fhir.elements import Element
from streams.adapters.fhir.mimic_iv import site_configuration
from streams.adapters.fhir.times import read_time
from streams.adapters.fhir.types import RESOURCES


ZONE = site_configuration().time_zone
MODELS = {**RESOURCES, "Bundle": Bundle}
PERIOD = {"start": "2026-11-27T08:00:00Z", "end": "2026-11-27T12:00:00Z"}
WHOSE = {"subject": {"reference": "Patient/1"}}

R4B = [
    *STORY,
    patient(
        deceasedDateTime="2026-11-28",
        link=[{"other": {"reference": "Patient/2"}, "type": "seealso"}],
    ),
    encounter(
        statusHistory=[{"status": "arrived", "period": PERIOD}],
        hospitalization={"dischargeDisposition": code("snf", "x")},
        location=[{"location": {"reference": "Location/1"}, "period": PERIOD}],
    ),
    observation(
        valueRange={"low": quantity(1, "mmol/L"), "high": quantity(2, "mmol/L")}
    ),
    observation(
        valueRatio={"numerator": quantity(1, "1"), "denominator": quantity(40, "1")}
    ),
    observation(valueInteger=3, bodySite=code("1", "x"), issued="2026-11-28T10:00:00Z"),
    {
        "resourceType": "MedicationAdministration",
        "id": "m1",
        "status": "completed",
        **WHOSE,
        "medicationCodeableConcept": code("1", "x"),
        "effectivePeriod": PERIOD,
        "dosage": {
            "rateRatio": {
                "numerator": quantity(1, "mL"),
                "denominator": quantity(1, "h"),
            }
        },
    },
    {
        "resourceType": "DeviceUseStatement",
        "id": "u1",
        "status": "active",
        **WHOSE,
        "device": {"reference": "Device/1"},
        "timingPeriod": PERIOD,
    },
    {
        "resourceType": "AllergyIntolerance",
        "id": "a1",
        "patient": {"reference": "Patient/1"},
        "code": code("1", "x"),
        "verificationStatus": code("confirmed", "x"),
        "reaction": [{"manifestation": [code("2", "x")], "severity": "severe"}],
    },
    {
        "resourceType": "Procedure",
        "id": "p1",
        "status": "completed",
        **WHOSE,
        "code": code("1", "x"),
        "performedPeriod": PERIOD,
    },
]
R5 = [
    {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "completed",
        "class": [code("IMP", "x")],
        **WHOSE,
        "actualPeriod": PERIOD,
        "admission": {"dischargeDisposition": code("snf", "x")},
    },
    {
        "resourceType": "MedicationAdministration",
        "id": "m1",
        "status": "completed",
        **WHOSE,
        "medication": {"concept": code("1", "x")},
        "occurencePeriod": PERIOD,
        "encounter": {"reference": "Encounter/e1"},
        "dosage": {"rateQuantity": quantity(1, "mL/h")},
    },
    {
        "resourceType": "Procedure",
        "id": "p1",
        "status": "completed",
        **WHOSE,
        "occurrenceDateTime": "2026-11-27T08:00:00Z",
    },
    {
        "resourceType": "DeviceUsage",
        "id": "u1",
        "status": "active",
        "patient": {"reference": "Patient/1"},
        "device": {"reference": {"reference": "Device/1"}},
        "timingPeriod": PERIOD,
    },
    {
        "resourceType": "Medication",
        "id": "x",
        "ingredient": [{"item": {"reference": {"reference": "Medication/y"}}}],
    },
]


def read_by_the_other(resource, release):
    """The resource as `fhir.resources` reads and writes it."""
    kind = resource["resourceType"]
    module = importlib.import_module(f"fhir.resources{release}.{kind.lower()}")
    return json.loads(getattr(module, kind).model_validate(resource).model_dump_json())


def differences(ours, theirs, place):
    """Where the two read different things."""
    if isinstance(ours, Element):
        for name, field in type(ours).model_fields.items():
            inner = theirs.get(field.alias or name)
            yield from differences(getattr(ours, name), inner, f"{place}.{name}")
    elif isinstance(ours, tuple):
        if len(ours) != len(theirs or []):
            yield place, ours, theirs
        for at, (one, other) in enumerate(zip(ours, theirs or [], strict=False)):
            yield from differences(one, other, f"{place}[{at}]")
    elif ours not in (theirs, theirs or False):
        moment = isinstance(ours, str) and read_time(ours, ZONE)
        if not moment or moment != read_time(str(theirs), ZONE):
            yield place, ours, theirs


def compared(resource, release):
    ours = MODELS[resource["resourceType"]].model_validate(resource)
    theirs = read_by_the_other(resource, release)
    return list(differences(ours, theirs, resource["resourceType"]))


@pytest.mark.parametrize("resource", R4B)
def test_r4b_is_read_alike(resource):
    assert compared(resource, ".R4B") == []


@pytest.mark.parametrize("resource", R5)
def test_r5_is_read_alike(resource):
    assert compared(resource, "") == []


def test_a_difference_would_be_seen():
    ours = MODELS["Observation"].model_validate(observation(valueInteger=3))

    assert list(differences(ours, observation(valueInteger=4), "o")) == [
        ("o.value_integer", 3, 4)
    ]


@pytest.mark.shared
def test_mimic_iv_on_fhir_is_read_alike(shared_data):
    read = 0
    for path in sorted((shared_data / "mimic-iv-demo-fhir").glob("*.ndjson.gz")):
        with gzip.open(path) as lines:
            for line in islice(lines, 0, 400, 20):
                resource = json.loads(line)
                if resource["resourceType"] not in MODELS:
                    continue
                assert compared(resource, ".R4B") == []
                read += 1
    assert read > 400
