"""AL1, DG1, PR1, and two identifiers that are one patient."""

from datetime import UTC, datetime

import pytest

from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.events import (
    Allergy,
    Cancellation,
    Condition,
    PatientMerge,
    PatientUnmerge,
    Procedure,
)


PV1 = "PV1|1|I|W3||||||||||||||||V1"


def only(events, *segments, kind="ADT^A08"):
    (event,) = events(kind, PV1, *segments)
    return event


def test_an_allergy_is_told_by_its_code_and_severity(events):
    told = only(events, "AL1|1|DA|70618^Penicillin^RXNORM|SV|Maria had a rash")
    assert isinstance(told, Allergy)
    assert (told.substance, told.present, told.severity) == (
        "Penicillin",
        True,
        "severe",
    )


def test_an_allergy_without_a_day_is_that_of_the_admission(events):
    begun = PV1 + "|" * 25 + "20261125080000"
    told = events("ADT^A04", begun.replace("|I|", "|E|"), "AL1|1|DA|1^Penicillin^L")
    (allergy,) = (event for event in told if isinstance(event, Allergy))
    assert allergy.happened_at == datetime(2026, 11, 25, 8, tzinfo=UTC)
    dated = only(events, "AL1|1|DA|1^Penicillin^L|||20200101")
    assert dated.happened_at == datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "substance", "present"),
    [
        ("^Latex", "latex", True),
        ("^No known allergies", "no known allergy", False),
        ("NKDA^No known drug allergies^L", "No known drug allergies", False),
    ],
)
def test_known_substances_and_their_absence_need_no_code(
    events, written, substance, present
):
    told = only(events, f"AL1|1|DA|{written}")
    assert (told.substance, told.present) == (substance, present)


def test_an_allergy_in_somebodys_words_stays_behind(read):
    told = read("ADT^A08", PV1, "AL1|1|DA|^whatever Dr Muster gave")
    assert [fault.code for fault in told.faults] == [ErrorCode.MISSING_VALUE]
    assert "Muster" not in repr(told.told) + repr(told.faults)


@pytest.mark.parametrize(
    ("system", "code", "meant"),
    [
        ("I10", "A41.9", "http://hl7.org/fhir/sid/icd-10-cm|A41.9"),
        ("I10C", "a41.9", "http://hl7.org/fhir/sid/icd-10-cm|A41.9"),
        ("I9C", "995.92", "http://hl7.org/fhir/sid/icd-9-cm|995.92"),
        ("SCT", "91302008", "http://snomed.info/sct|91302008"),
        ("LOC", "SEPSIS", "urn:ember:local|LOC:SEPSIS"),
    ],
)
def test_a_diagnosis_is_told_by_its_code(events, system, code, meant):
    told = only(events, f"DG1|1||{code}^Sepsis^{system}|Maria|20261127|W|||||||||2")
    assert isinstance(told, Condition)
    assert (told.code, told.rank, told.encounter) == (meant, 2, "V1")


def test_a_deleted_diagnosis_is_cancelled(events):
    told = only(events, "DG1|1||A41.9^Sepsis^I10||20261127|W")
    back = only(events, "DG1|1||A41.9^Sepsis^I10||20261127|W|||||||||||||||D")
    assert isinstance(back, Cancellation)
    assert back.cancels == told.event_id


@pytest.mark.parametrize(
    ("dg1", "code"),
    [
        ("DG1|1|||Sepsis of Maria Muster", ErrorCode.MISSING_VALUE),
        ("DG1|1||SEPSIS^Sepsis^I10", ErrorCode.MALFORMED_CODE),
    ],
)
def test_a_diagnosis_without_a_good_code_is_told(read, dg1, code):
    told = read("ADT^A08", PV1, dg1)
    assert [fault.code for fault in told.faults] == [code]
    assert "Muster" not in repr(told.told) + repr(told.faults)


@pytest.mark.parametrize(
    ("coded", "name"),
    [
        ("5A1D70Z^Hemodialysis^I10P", "rrt"),
        ("31500^Endotracheal intubation^C4", "intubation"),
        ("44950^Appendectomy^C4", "Appendectomy"),
    ],
)
def test_a_procedure_is_done_at_its_time(events, coded, name):
    told = only(events, f"PR1|1||{coded}||20261127093000")
    assert isinstance(told, Procedure)
    assert (told.name, told.phase) == (name, "done")


def test_a_procedure_without_a_time_is_told(read):
    told = read("ADT^A08", PV1, "PR1|1||44950^Appendectomy^C4")
    assert [fault.place for fault in told.faults] == ["PR1[1]-5"]


@pytest.mark.parametrize("trigger", ["A18", "A34", "A36", "A39", "A40", "A46", "A47"])
def test_a_merge_retires_the_identifier_of_mrg(read, trigger):
    told = read(f"ADT^{trigger}", "PID|1||1^^^HOSP^MR", "MRG|2^^^HOSP^MR")
    (merge,) = told.told[0].events
    assert isinstance(merge, PatientMerge)
    assert (told.told[0].patient, merge.retired) == ("1", "2")
    assert {one.identifier.value for one in told.sightings} == {"1", "2"}


def test_several_patients_may_be_merged_in_one_message(read):
    told = read(
        "ADT^A40",
        "PID|1||1^^^HOSP^MR",
        "MRG|2^^^HOSP^MR",
        "PID|2||3^^^HOSP^MR",
        "MRG|4^^^HOSP^MR",
    )
    assert [(one.patient, one.events[0].retired) for one in told.told] == [
        ("1", "2"),
        ("3", "4"),
    ]


@pytest.mark.parametrize(
    ("trigger", "segments"),
    [
        ("A40", ("MRG|4711^^^HOSP^MR",)),
        ("A40", ("MRG|",)),
        ("A40", ()),
        ("A35", ("MRG|2^^^HOSP^MR||ACC1",)),
    ],
)
def test_what_cannot_be_merged_is_told(read, trigger, segments):
    told = read(f"ADT^{trigger}", *segments)
    assert [fault.code for fault in told.faults] == [ErrorCode.UNUSABLE_MERGE]
    assert "patient_merge" not in {e.kind for one in told.told for e in one.events}


def test_unlinking_takes_the_merge_back(read):
    merged = read("ADT^A40", "PID|1||1^^^HOSP^MR", "MRG|2^^^HOSP^MR").told[0].events[0]
    told = read("ADT^A37", "PID|1||1^^^HOSP^MR", "PID|2||2^^^HOSP^MR")
    undone = next(e for e in told.told[0].events if isinstance(e, PatientUnmerge))
    assert (told.told[0].patient, undone.retired) == ("1", "2")
    assert (undone.event_id, undone.version > merged.version) == (merged.event_id, True)


def test_an_adverse_reaction_is_the_same_fact_as_the_allergy(events):
    iam = (
        "IAM|1|DA^Drug|70618^Penicillin^RXNORM|SV^Severe|rash|A|||||20100315||20261101"
    )
    told = only(events, iam, kind="ADT^A60")
    assert isinstance(told, Allergy)
    assert (told.substance, told.severity) == ("Penicillin", "severe")
    assert told.happened_at == datetime(2026, 11, 1, tzinfo=UTC)
    listed = only(events, "AL1|1|DA|70618^Penicillin^RXNORM|SV")
    assert listed.event_id == told.event_id


@pytest.mark.parametrize(
    "iam", ["IAM|1||1^Latex^L|||D", f"IAM|1||1^Latex^L{'|' * 14}E"]
)
def test_an_allergy_entered_in_error_is_taken_back(events, iam):
    told = only(events, iam, kind="ADT^A60")
    assert isinstance(told, Cancellation)
    assert told.cancels == "allergy:1"


@pytest.mark.parametrize("trigger", ["A35", "A41", "A42", "A43", "A44", "A45", "A50"])
def test_a_change_of_accounts_or_visits_changes_no_patient_and_is_told(read, trigger):
    told = read(f"ADT^{trigger}", "MRG|4712^^^HOSP^MR||A2||V2", PV1)
    assert told.outcome == "mapped"
    assert not [e for one in told.told for e in one.events if e.kind == "patient_merge"]
    assert [fault.code for fault in told.faults] == [ErrorCode.UNUSABLE_MERGE]


def test_a_merge_of_persons_is_one_of_patients(read):
    told = read("ADT^A30", "MRG|4712^^^HOSP^MR")
    assert [e for one in told.told for e in one.events if isinstance(e, PatientMerge)]
