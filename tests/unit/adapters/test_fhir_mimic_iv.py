"""A made-up copy of MIMIC-IV on FHIR: when each fact counts as known, and for whom."""

import gzip
import json
from datetime import UTC, datetime

import pytest

from streams.adapters.fhir.mimic_iv import MimicIvFhir
from streams.adapters.intake import IntakeReport
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.facts import Flag


CODES = "http://mimic.mit.edu/fhir/mimic/CodeSystem/"
NUMBERS = "http://mimic.mit.edu/fhir/mimic/identifier/"
ADMITTED, DISCHARGED = "2150-01-01T08:00:00-05:00", "2150-01-09T12:00:00-05:00"


def coded(system, code, display="Thing"):
    return {
        "coding": [{"system": f"{CODES}{system}", "code": code, "display": display}]
    }


def resource(kind, number, **more):
    whose = {"subject": {"reference": "Patient/p"}, "status": "final"}
    return {"resourceType": kind, "id": number, **whose, **more}


def person(number="p", subject="71"):
    return {
        "resourceType": "Patient",
        "id": number,
        "identifier": [{"system": f"{NUMBERS}patient", "value": subject}],
        "gender": "male",
        "birthDate": "2090-05-05",
        "deceasedDateTime": "2150-03-01",
    }


FILES = {
    "MimicPatient": [person(), person("q", "72")],
    "MimicEncounter": [
        resource(
            "Encounter",
            "h",
            identifier=[{"system": f"{NUMBERS}encounter-hosp", "value": "501"}],
            status="finished",
            period={"start": ADMITTED, "end": DISCHARGED},
            hospitalization={
                "dischargeDisposition": coded("mimic-discharge-disposition", "DIED")
            },
            **{"class": {"code": "EMER"}},
        )
    ],
    "MimicEncounterICU": [
        resource(
            "Encounter",
            "i",
            identifier=[{"system": f"{NUMBERS}encounter-icu", "value": "601"}],
            status="finished",
            partOf={"reference": "Encounter/h"},
            period={"start": ADMITTED, "end": DISCHARGED},
            **{"class": {"code": "ACUTE"}},
        )
    ],
    "MimicCondition": [
        resource(
            "Condition",
            "c",
            code=coded("mimic-diagnosis-icd10", "A419"),
            encounter={"reference": "Encounter/h"},
        )
    ],
    "MimicSpecimen": [
        resource(
            "Specimen",
            "s",
            type=coded("mimic-spec-type-desc", "70012", "BLOOD CULTURE"),
            identifier=[{"system": f"{NUMBERS}specimen-micro", "value": "801"}],
            collection={"collectedDateTime": "2150-01-02"},
        )
    ],
    "MimicObservationMicroTest": [
        resource(
            "Observation",
            "t",
            code=coded("mimic-microbiology-test", "90201", "Blood Culture, Routine"),
            specimen={"reference": "Specimen/s"},
            effectiveDateTime="2150-01-02T00:00:00-05:00",
        )
    ],
    "MimicObservationOutputevents": [
        resource(
            "Observation",
            "o",
            code=coded("mimic-d-items", "226559", "Foley"),
            encounter={"reference": "Encounter/i"},
            effectiveDateTime="2150-01-02T10:00:00-05:00",
            issued="2150-01-02T11:30:00-05:00",
            valueQuantity={"value": 80, "unit": "ml", "code": "ml"},
        ),
        resource(
            "Observation",
            "bad",
            subject=None,
            code=coded("mimic-d-items", "226559", "Foley"),
        ),
    ],
    "MimicMedicationAdministrationICU": [
        resource(
            "MedicationAdministration",
            "m",
            medicationCodeableConcept=coded("mimic-medication-icu", "221906"),
            context={"reference": "Encounter/i"},
            effectivePeriod={
                "start": "2150-01-02T10:00:00-05:00",
                "end": "2150-01-02T12:00:00-05:00",
            },
            dosage={"rateQuantity": {"value": 0.2, "unit": "mcg/kg/min"}},
        )
    ],
    "MimicMedicationDispense": [resource("MedicationDispense", "d")],
}


@pytest.fixture
def folder(tmp_path):
    for name, resources in FILES.items():
        with gzip.open(tmp_path / f"{name}.ndjson.gz", "wt") as lines:
            lines.writelines(json.dumps(one) + "\n" for one in resources)
    return tmp_path


def read(folder, subjects=None):
    report = IntakeReport()
    found = list(MimicIvFhir(folder).events(report, subjects))
    return found, report


def at(day, hour=0, minute=0):
    """A moment of Boston's winter."""
    return datetime(2150, 1, day, hour + 5, minute, tzinfo=UTC)


def test_each_fact_counts_as_known_by_the_rule_of_its_type(folder):
    found, _ = read(folder)
    known = {(s.event.kind, getattr(s.event, "phase", None)): s.event for s in found}

    assert {s.patient for s in found} == {"71", "72"}
    admitted = known["encounter", "admitted"]
    assert (admitted.encounter, admitted.encounter_class) == ("501", "inpatient")
    assert admitted.known_at == admitted.happened_at == at(1, 8)
    discharged = known["encounter", "discharged"]
    assert (discharged.disposition, discharged.known_at) == ("died", at(9, 12))
    assert known["demographics", None].known_at == at(1, 8)
    condition = known["condition", None]
    assert condition.code == "http://hl7.org/fhir/sid/icd-10-cm|A419"
    assert condition.known_at == at(9, 12)
    collected = known["culture_collected", None]
    assert (collected.culture_id, collected.happened_at) == ("801", at(2))
    assert collected.known_at == at(3)
    result = known["culture_result", None]
    assert (result.positive, result.known_at) == (False, at(7))
    urine = known["fluid", None]
    assert (urine.encounter, urine.stay) == ("501", "601")
    assert (urine.known_at, urine.flags) == (at(2, 11, 30), ())
    for phase, hour in (("started", 10), ("stopped", 12)):
        infusion = known["infusion", phase]
        assert (infusion.drug, infusion.rate) == ("norepinephrine", 0.2)
        assert infusion.known_at == at(2, hour)
        assert infusion.flags == (Flag.LAG_UNMEASURABLE,)


def test_a_death_is_known_when_its_day_is_over(folder):
    found, _ = read(folder, {"71"})
    (death,) = (s.event for s in found if s.event.kind == "death")

    assert death.happened_at == datetime(2150, 3, 1, 5, tzinfo=UTC)
    assert death.known_at == datetime(2150, 3, 2, 5, tzinfo=UTC)


def test_every_line_is_accounted_for(folder):
    _, report = read(folder)

    assert report.table("MimicMedicationDispense").filed_unread == 1
    (rejection,) = report.rejections
    assert (rejection.file, rejection.line) == ("MimicObservationOutputevents", 2)
    assert rejection.code == ErrorCode.NO_SUBJECT


def test_only_those_asked_for_are_told(folder):
    found, report = read(folder, {"72"})

    assert {s.patient for s in found} == {"72"}
    assert report.table("MimicCondition").read == 0


def test_a_file_that_breaks_off_is_told(folder):
    path = folder / "MimicPatient.ndjson.gz"
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(InputError) as broken:
        read(folder)
    assert broken.value.code == ErrorCode.UNREADABLE_FILE
