"""Stays and their wards, persons and their names, diagnoses, procedures."""

import pytest
from made_up.fhir import (
    MRN,
    NOW,
    code,
    encounter,
    events,
    observation,
    only,
    patient,
    quantity,
    sent,
    timelines,
    translator,
    version,
)

from streams.adapters.identity.pseudonyms import Identifier, Pseudonyms
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.events import (
    Death,
    Demographics,
    Encounter,
    Location,
    PatientMerge,
    PatientUnmerge,
)
from streams.vocabulary.facts import Flag


NAMES = Pseudonyms("north", {1: b"k" * 32})
BY_MRN = NAMES.name("patient", Identifier("NORTH", "MRN-771"))
ITU = {"resourceType": "Location", "id": "l1", "name": "ITU"}
LACTATE = {"valueQuantity": quantity(2, "mmol/L")}


# -- stays ---------------------------------------------------------------------


def test_a_stay_is_admitted_moves_and_is_discharged():
    reading = translator()
    sent(reading, ITU)
    told = sent(
        reading,
        encounter(
            status="finished",
            period={"start": "2026-11-20T08:00:00Z", "end": "2026-11-27T08:00:00Z"},
            hospitalization={"dischargeDisposition": code("snf", "x")},
            location=[
                {
                    "location": {"reference": "Location/l1"},
                    "period": {
                        "start": "2026-11-20T08:30:00Z",
                        "end": "2026-11-21T09:00:00Z",
                    },
                }
            ],
        ),
    )

    admitted, discharged, entered, left = events(told)
    assert (admitted.phase, admitted.encounter_class) == ("admitted", "inpatient")
    assert (discharged.phase, discharged.disposition) == ("discharged", "facility")
    assert isinstance(entered, Location)
    assert (entered.phase, entered.ward, entered.level) == ("entered", "ITU", "icu")
    assert left.phase == "left"
    assert {e.encounter for e in events(told)} == {
        NAMES.name("encounter", Identifier("Encounter", "e1"))
    }


def test_r5_names_a_stay_otherwise():
    resource = encounter(
        status="completed",
        actualPeriod={"start": "2026-11-20T08:00:00Z", "end": "2026-11-27T08:00:00Z"},
        admission={"dischargeDisposition": code("exp", "x")},
    )
    resource["class"] = [code("EMER", "v3")]
    del resource["period"]
    registered, discharged = events(sent(translator(), resource))

    assert (registered.phase, registered.encounter_class) == ("registered", "emergency")
    assert discharged.disposition == "died"


@pytest.mark.parametrize(
    ("status", "phases"),
    [
        ("planned", []),
        ("arrived", ["registered"]),
        ("in-progress", ["admitted"]),
        ("unknown", ["admitted"]),
        ("cancelled", []),
    ],
)
def test_a_stay_that_is_planned_or_cancelled_never_was(status, phases):
    told = [sent(translator(), encounter(status=status))]
    found = timelines(told).values()

    assert [f.phase for facts in found for f in facts] == phases


def test_what_happens_in_a_unit_belongs_to_the_hospital_stay_as_well():
    reading = translator()
    value = observation(encounter={"reference": "Encounter/e2"}, **LACTATE)
    unit = encounter("e2", partOf={"reference": "Encounter/e1"})
    unit["class"] = {"code": "ACUTE"}

    assert events(sent(reading, value)) == []
    assert events(sent(reading, unit)) == []
    told = sent(reading, encounter())

    (result,) = (e for e in events(told) if e.kind == "measurement")
    assert result.encounter == NAMES.name("encounter", Identifier("Encounter", "e1"))
    assert result.stay == NAMES.name("encounter", Identifier("Encounter", "e2"))


def test_stays_that_are_part_of_each_other_end():
    reading = translator()
    sent(reading, encounter("e1", partOf={"reference": "Encounter/e2"}))
    sent(reading, encounter("e2", partOf={"reference": "Encounter/e1"}))
    told = sent(
        reading, observation(encounter={"reference": "Encounter/e1"}, **LACTATE)
    )

    assert only(told).value == 2.0


def test_a_bed_lies_in_its_ward():
    reading = translator()
    bed = {
        "resourceType": "Location",
        "id": "b1",
        "name": "Bed 4",
        "physicalType": code("bd", "x"),
        "partOf": {"reference": "Location/l1"},
    }
    stay = encounter(
        location=[
            {
                "location": {"reference": "Location/b1"},
                "period": {"start": "2026-11-27T09:00:00Z"},
            }
        ]
    )
    told = [sent(reading, one) for one in (stay, bed, ITU)]

    assert told[0].told == told[1].told == ()
    entered = events(told[2])[-1]
    assert (entered.ward, entered.level) == ("ITU", "icu")


# -- persons -------------------------------------------------------------------


def test_a_person_is_sex_and_year_of_birth_alone():
    told = sent(translator(), patient(deceasedDateTime="2026-11-28"))

    demographics, death = events(told)
    assert isinstance(demographics, Demographics)
    assert (demographics.sex, demographics.birth_year) == ("female", 1950)
    assert isinstance(death, Death)
    assert death.flags == (Flag.DATE_ONLY,)
    assert "02-03" not in repr(told.told)


def test_a_site_that_names_its_authorities_goes_by_them_whatever_comes_first():
    for order in ("result first", "person first"):
        reading = translator(authorities=["MR@NORTH"])
        steps = [observation(**LACTATE), patient()]
        told = [sent(reading, s) for s in (steps if order[0] == "r" else steps[::-1])]
        assert {one.patient for t in told for one in t.told} == {BY_MRN}
        sightings = [s for t in told for s in t.sightings]
        assert sightings[0].pseudonym == BY_MRN
        assert sightings[0].identifier == Identifier("NORTH", "MRN-771")


def test_a_result_whose_patient_never_comes_is_rejected_at_the_end():
    reading = translator(authorities=["MR@NORTH"])
    assert sent(reading, observation(**LACTATE)).outcome == "mapped"
    (left,) = reading.finish(received_at=NOW)

    assert (left.outcome, left.told) == ("rejected", ())
    assert [fault.code for fault in left.faults] == [ErrorCode.REFERENCE_MISSING]


def test_a_logical_reference_finds_the_person_by_identifier():
    reading = translator(authorities=["NORTH"])
    logical = {
        "type": "Patient",
        "identifier": {"system": MRN, "value": "MRN-771"},
    }
    sent(reading, observation(subject=logical, **LACTATE))
    told = sent(reading, patient())

    assert {one.patient for one in told.told} == {BY_MRN}
    assert len(events(told)) == 2


def test_a_person_who_is_given_the_authoritys_number_later_is_merged():
    reading = translator(authorities=["NORTH", "SOUTH"])
    first = patient(meta=version("2026-11-28T08:00:00Z"))
    first["identifier"] = [{"system": "SOUTH", "value": "S-1"}]
    second = patient(meta=version("2026-11-28T09:00:00Z"))
    old = NAMES.name("patient", Identifier("SOUTH", "S-1"))
    for order in ((first, second), (second, first)):
        reading = translator(authorities=["NORTH", "SOUTH"])
        told = [sent(reading, one) for one in order][-1]
        merges = [
            (one.patient, event.retired)
            for one in told.told
            for event in one.events
            if isinstance(event, PatientMerge)
        ]
        assert merges == [(BY_MRN, old)]


def test_linked_records_are_merged_and_unmerged():
    reading = translator()
    link = [{"other": {"reference": "Patient/1"}, "type": "replaced-by"}]
    first = patient("2", "MRN-2", link=link, meta=version("2026-11-28T08:00:00Z"))
    second = patient("2", "MRN-2", meta=version("2026-11-28T09:00:00Z"))
    survivor, retired = (
        NAMES.name("patient", Identifier("Patient", number)) for number in "12"
    )

    told = sent(reading, first)
    (merge,) = (o for o in told.told if o.patient == survivor)
    assert isinstance(merge.events[0], PatientMerge)
    assert merge.events[0].retired == retired
    undone = next(o for o in sent(reading, second).told if o.patient == survivor)
    assert isinstance(undone.events[0], PatientUnmerge)


def test_a_person_without_any_identifier_goes_by_the_servers_number_alone():
    resource = {"resourceType": "Patient", "id": "9"}
    told = sent(translator(authorities=["NORTH"]), resource)

    (one,) = told.told
    assert one.patient == NAMES.name("patient", Identifier("Patient", "9"))


# -- findings and procedures ---------------------------------------------------


def finding(kind, **more):
    whose = "patient" if kind == "AllergyIntolerance" else "subject"
    return {
        "resourceType": kind,
        "id": "c1",
        whose: {"reference": "Patient/1"},
        "recordedDate": "2026-11-27T08:00:00Z",
        **more,
    }


def test_a_diagnosis_stands_unless_it_was_refuted():
    icd = code("A41.9", "http://hl7.org/fhir/sid/icd-10-cm", "Sepsis")
    standing = only(sent(translator(), finding("Condition", code=icd)))
    refuted = finding("Condition", code=icd, verificationStatus=code("refuted", "x"))

    assert standing.code == "http://hl7.org/fhir/sid/icd-10-cm|A41.9"
    assert standing.present
    assert not only(sent(translator(), refuted)).present
    wrong = finding(
        "Condition", code=icd, verificationStatus=code("entered-in-error", "x")
    )
    assert timelines([sent(translator(), wrong)]) == {}


def test_an_allergy_and_that_there_is_none():
    snomed = "http://snomed.info/sct"
    to = finding(
        "AllergyIntolerance",
        code=code("764146007", snomed, "Penicillin"),
        reaction=[{"severity": "mild"}, {"severity": "severe"}],
    )
    none = finding(
        "AllergyIntolerance", code=code("716186003", snomed, "No known allergy")
    )

    event = only(sent(translator(), to))
    assert (event.substance, event.severity, event.present) == (
        "Penicillin",
        "severe",
        True,
    )
    assert not only(sent(translator(), none)).present


def test_dialysis_lasts_ventilation_supports_and_the_rest_is_kept():
    period = {"start": "2026-11-27T08:00:00Z", "end": "2026-11-27T12:00:00Z"}
    common = {
        "resourceType": "Procedure",
        "status": "completed",
        "subject": {"reference": "Patient/1"},
        "performedPeriod": period,
    }
    told = {
        name: events(
            sent(
                translator(), common | {"id": name, "code": code(name, "lab", "Thing")}
            )
        )
        for name in ("HD", "VENT", "X1")
    }

    assert [(e.name, e.phase) for e in told["HD"]] == [
        ("rrt", "started"),
        ("rrt", "stopped"),
    ]
    assert [(e.category, e.phase) for e in told["VENT"]] == [
        ("invasive", "started"),
        ("invasive", "stopped"),
    ]
    (other,) = told["X1"]
    assert (other.name, other.phase) == ("Thing", "done")
    assert Flag.UNMAPPED in other.flags
    undone = common | {"id": "n", "status": "not-done", "code": code("HD", "lab")}
    assert events(sent(translator(), undone)) == []


@pytest.mark.parametrize("kind", ["DeviceUseStatement", "DeviceUsage"])
def test_a_ventilator_at_work_supports_breathing(kind):
    reading = translator()
    own = {"reference": "Device/v1"}
    use = {
        "resourceType": kind,
        "id": "u1",
        "status": "active",
        "device": own if kind == "DeviceUseStatement" else {"reference": own},
        "timingPeriod": {"start": "2026-11-27T08:00:00Z"},
    }
    use["subject" if kind == "DeviceUseStatement" else "patient"] = {
        "reference": "Patient/1"
    }
    device = {"resourceType": "Device", "id": "v1", "type": code("VENT", "lab")}

    assert events(sent(reading, use)) == []
    told = only(sent(reading, device))
    assert (told.category, told.phase) == ("invasive", "started")


def test_an_encounter_is_an_event_of_its_kind():
    assert isinstance(only(sent(translator(), encounter())), Encounter)


def test_a_site_may_go_by_the_numbers_of_its_visits():
    reading = translator(visits={"FIN": "hospital"})
    value = observation(encounter={"reference": "Encounter/e1"}, **LACTATE)
    told = [
        sent(reading, value),
        sent(reading, encounter(identifier=[{"system": "FIN", "value": "V-9"}])),
    ]

    name = NAMES.name("encounter", Identifier("FIN", "V-9"))
    assert {e.encounter for t in told for e in events(t)} == {name}
    assert "V-9" not in repr(told)


def test_a_diagnosis_without_a_date_is_of_the_end_of_its_stay():
    reading = translator()
    period = {"start": "2026-11-20T08:00:00Z", "end": "2026-11-27T08:00:00Z"}
    sent(reading, encounter(status="finished", period=period))
    undated = finding(
        "Condition", code=code("I10", "http://hl7.org/fhir/sid/icd-10-cm")
    )
    del undated["recordedDate"]
    within = only(sent(reading, undated | {"encounter": {"reference": "Encounter/e1"}}))

    assert within.happened_at.isoformat() == "2026-11-27T08:00:00+00:00"
    assert within.flags == (Flag.LAG_UNMEASURABLE,)
    nowhere = sent(reading, undated | {"id": "c2"})
    assert [fault.code for fault in nowhere.faults] == [ErrorCode.MISSING_VALUE]
    stored = undated | {"id": "c3", "meta": version("2026-11-26T08:00:00Z")}
    assert only(sent(reading, stored)).happened_at.day == 26


@pytest.mark.parametrize("kind", ["Condition", "AllergyIntolerance", "Procedure"])
def test_what_has_no_code_says_nothing(kind):
    resource = finding(kind, performedDateTime="2026-11-27")
    told = sent(translator(), resource)

    assert events(told) == []
    assert [fault.code for fault in told.faults] == [ErrorCode.MISSING_VALUE]


def test_a_death_without_a_date_is_a_contact_that_failed():
    told = sent(translator(), patient(deceasedBoolean=True))

    (contact,) = (e for e in events(told) if e.kind == "vital_status")
    assert not contact.alive
