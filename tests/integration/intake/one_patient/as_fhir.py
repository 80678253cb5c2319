"""The patient as FHIR R4 resources; every name is made up."""

import json

from integration.intake.one_patient.as_hl7v2 import LABS, VITALS


SITE = """
site: one-patient
zone: UTC
authorities: [urn:one]
wards:
  ED: {level: emergency}
  W1: {level: ward}
  ITU: {level: icu}
codes:
  - {system: urn:one:codes, code: NC, kind: support, concept: oxygen}
  - {system: urn:one:codes, code: ETT, kind: support, concept: invasive}
  - {system: urn:one:codes, code: DEVICE, kind: support}
  - {system: urn:one:codes, code: URINE, kind: fluid, concept: urine}
  - {system: urn:one:codes, code: PO2ART, concept: pao2, specimen: arterial}
"""
"""What the site must be told: its wards, and codes that no LOINC stands for."""

LOINC = "http://loinc.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
UCUM = "http://unitsofmeasure.org"
OWN = "urn:one:codes"
MICRO = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"


def resources() -> list[bytes]:
    """All of it; references may come before what they speak of."""
    return [json.dumps(one).encode() for one in _all()]


def moment(day, hour, minute=0):
    return f"2150-03-{day:02}T{hour:02}:{minute:02}:00Z"


def coded(system, code, display=""):
    return {"coding": [{"system": system, "code": code, "display": display}]}


def _observation(name, code, at, **value):
    return {
        "resourceType": "Observation",
        "id": name,
        "meta": {"versionId": "1"},
        "status": "final",
        "code": code,
        "subject": {"reference": "Patient/p77"},
        "encounter": {"reference": "Encounter/e881"},
        "effectiveDateTime": at,
        **value,
    }


def _number(name, code, at, value, unit, **more):
    quantity = {"value": value, "unit": unit, "system": UCUM, "code": unit}
    if isinstance(value, str):
        quantity |= {"comparator": value[0], "value": float(value[1:])}
    return _observation(name, code, at, valueQuantity=quantity, **more)


def _vitals(at, **values):
    for name, value in values.items():
        code, unit = VITALS[name]
        yield _number(f"{name}-{at}", coded(LOINC, code, name), at, value, unit)


def _labs(at, **values):
    for name, value in values.items():
        code, unit = LABS[name]
        yield _number(f"{name}-{at}", coded(LOINC, code, name), at, value, unit)


def _given(name, at, drug, **dosage):
    return {
        "resourceType": "MedicationAdministration",
        "id": name,
        "meta": {"versionId": "1"},
        "status": "completed",
        "medicationCodeableConcept": drug,
        "subject": {"reference": "Patient/p77"},
        "context": {"reference": "Encounter/e881"},
        "dosage": {"route": coded(OWN, "IV", "Intravenous"), **dosage},
        **at,
    }


def _run(name, begins, ends, rate):
    unit = "ug/kg/min"
    return _given(
        name,
        {"effectivePeriod": {"start": begins, "end": ends}},
        coded(RXNORM, "7512", "norepinephrine"),
        rateQuantity={"value": rate, "unit": unit, "system": UCUM, "code": unit},
    )


def _dose(name, at):
    return _given(
        name,
        {"effectiveDateTime": at},
        coded(RXNORM, "2193", "ceftriaxone"),
        dose={"value": 2, "unit": "g", "system": UCUM, "code": "g"},
    )


def _place(ward, begins, ends):
    return {
        "location": {"reference": f"Location/{ward}"},
        "period": {"start": begins, "end": ends},
    }


def _all():
    yield {
        "resourceType": "Encounter",
        "id": "e881",
        "meta": {"versionId": "7"},
        "status": "finished",
        "class": {
            "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
            "code": "IMP",
        },
        "subject": {"reference": "Patient/p77"},
        "identifier": [{"system": "urn:one:visits", "value": "00881"}],
        "period": {"start": moment(1, 8), "end": moment(5, 12)},
        "hospitalization": {
            "dischargeDisposition": coded(
                "http://terminology.hl7.org/CodeSystem/discharge-disposition", "home"
            )
        },
        "location": [
            _place("ED", moment(1, 8), moment(1, 11)),
            _place("W1", moment(1, 11), moment(1, 20)),
            _place("ITU", moment(1, 20), moment(3, 15)),
            _place("W1", moment(3, 15), moment(5, 12)),
        ],
    }
    yield from _vitals(
        moment(1, 9),
        heart_rate=118,
        map=71,
        resp_rate=26,
        temperature=38.9,
        spo2=91,
        gcs_total=14,
    )
    yield from _vitals(moment(1, 20, 15), map=58, weight=70)
    yield from _vitals(moment(1, 21), fio2=60, peep=10)
    for number, (at, device) in enumerate(
        (
            (moment(1, 9), coded(OWN, "NC", "Nasal cannula")),
            (moment(1, 21), coded(OWN, "ETT", "Endotracheal tube")),
            (moment(3, 9), coded(OWN, "NC", "Nasal cannula")),
        )
    ):
        yield _observation(
            f"device-{number}",
            coded(OWN, "DEVICE", "Device"),
            at,
            valueCodeableConcept=device,
        )
    yield from _labs(
        moment(1, 9, 30),
        creatinine=1.9,
        bilirubin_total="<0.2",
        platelets=92,
        lactate=4.1,
    )
    yield _number(
        "gas", coded(OWN, "PO2ART", "Arterial pO2"), moment(1, 21, 30), 74, "mm[Hg]"
    )
    yield from _labs(moment(2, 6), lactate=1.6)
    for at, volume in ((moment(1, 22), 40), (moment(2, 6), 310)):
        yield _number(f"urine-{at}", coded(OWN, "URINE", "Urine"), at, volume, "mL")
    yield _dose("m1", moment(1, 10, 10))
    yield _dose("m3", moment(2, 10, 10))
    yield _run("m2a", moment(1, 20, 30), moment(1, 22), 0.05)
    yield _run("m2b", moment(1, 22), moment(2, 14), 0.2)
    yield from _culture()
    yield {
        "resourceType": "Condition",
        "id": "c1",
        "meta": {"versionId": "1"},
        "subject": {"reference": "Patient/p77"},
        "encounter": {"reference": "Encounter/e881"},
        "code": coded("http://hl7.org/fhir/sid/icd-10-cm", "A41.51"),
        "recordedDate": moment(5, 12),
    }
    for ward in ("ED", "W1", "ITU"):
        yield {"resourceType": "Location", "id": ward, "name": ward}
    yield {
        "resourceType": "Patient",
        "id": "p77",
        "meta": {"versionId": "1"},
        "identifier": [{"system": "urn:one", "value": "00077"}],
        "name": [{"family": "Testperson", "given": ["Erika"]}],
        "gender": "female",
        "birthDate": "2087-05-14",
        "telecom": [{"system": "phone", "value": "5550100"}],
    }


def _culture():
    """A specimen, what grew in it, and what that answers to antimicrobials."""
    reported = moment(3, 10)
    grew = {
        "derivedFrom": [{"reference": "Observation/culture"}],
        "specimen": {"reference": "Specimen/s2"},
    }
    for name, code, drug, answer in (
        ("answer-1", "18895-3", "Ceftriaxone [Susceptibility]", "S"),
        ("answer-2", "18906-8", "Ciprofloxacin [Susceptibility]", "R"),
    ):
        yield _observation(
            name,
            coded(LOINC, code, drug),
            reported,
            valueCodeableConcept=coded(MICRO, answer),
            interpretation=[coded(MICRO, answer)],
            **grew,
        )
    yield _observation(
        "culture",
        coded(LOINC, "600-7", "Bacteria identified in Blood by Culture"),
        moment(1, 9, 40),
        issued=reported,
        valueCodeableConcept=coded(
            "http://snomed.info/sct", "112283007", "ESCHERICHIA COLI"
        ),
        hasMember=[
            {"reference": "Observation/answer-1"},
            {"reference": "Observation/answer-2"},
        ],
        specimen={"reference": "Specimen/s2"},
    )
    yield {
        "resourceType": "Specimen",
        "id": "s2",
        "subject": {"reference": "Patient/p77"},
        "type": coded(OWN, "BLD", "BLOOD CULTURE"),
        "collection": {"collectedDateTime": moment(1, 9, 40)},
    }
