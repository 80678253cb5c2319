"""Messages as senders write them who keep the standard in their own way."""

from datetime import UTC, datetime

import pytest

from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.events import Measurement
from streams.vocabulary.facts import Flag


OBR = "OBR|1|P1|F1|PANEL^Panel^LOC|||20261128100000"
LACTATE = "OBX|1|NM|LAC^Lactate^LOC||4.2|mmol/L|||||F"


def measured(told) -> Measurement:
    (only,) = (
        event
        for one in told.told
        for event in one.events
        if isinstance(event, Measurement)
    )
    return only


def test_the_zone_of_the_message_is_that_of_its_times_that_name_none(read):
    told = read("ORU^R01", OBR, LACTATE, issued="20261128110000-0600")
    assert measured(told).happened_at == datetime(2026, 11, 28, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    "kind",
    ["ORU_R01", "ORU-R01", "ORU&R01", "ORU\\S\\R01", "oru^r01", "ORU^R01~ORU^R01"],
)
def test_type_and_trigger_are_found_however_they_are_joined(read, kind):
    told = read(kind, OBR, LACTATE)
    assert (told.kind, told.outcome) == ("ORU^R01", "mapped")
    assert measured(told).value == 4.2


@pytest.mark.parametrize("kind", ["ADT", "", "ADT^^ADT_A01"])
def test_a_trigger_in_evn_alone_is_the_messages(read, kind):
    told = read(kind, "EVN|A04|20261128105500", "PV1|1|E|ER^1^1")
    assert (told.kind, told.outcome) == ("ADT^A04", "mapped")


def test_an_event_that_is_none_of_adt_says_nothing_of_the_type(read):
    assert read("", "EVN|P03|20261128105500").outcome == "rejected"
    assert read("DFT", "EVN|A04|20261128105500").outcome == "filed"


@pytest.mark.parametrize(
    "unit",
    [
        "10^9/L",
        "x10^9/L",
        "X 10^9/L^giga^L",
        "10^3/uL^10^3/uL^UCUM",
        "10\\S\\9/L",
        "CD:289^10*9/L",
        "/nl",
    ],
)
def test_a_power_of_ten_may_be_written_with_the_component_separator(read, unit):
    told = read("ORU^R01", OBR, f"OBX|1|NM|777-3^Platelets^LN||210|{unit}|||||F")
    assert measured(told).value == 210.0
    assert not told.faults


@pytest.mark.parametrize("kind", ["OUL^R22", "ORU^R01"])
@pytest.mark.parametrize(("role", "events"), [("Q", 0), ("C", 0), ("P", 1), ("", 1)])
def test_a_control_in_the_analyser_is_no_fact_about_a_patient(read, kind, role, events):
    spm = f"SPM|1|S1||SER|||||||{role}||||||20261128100000"
    order = (spm, OBR) if kind == "OUL^R22" else (OBR, spm)
    told = read(kind, *order, LACTATE)
    found = [e for one in told.told for e in one.events if isinstance(e, Measurement)]
    assert len(found) == events
    codes = [fault.code for fault in told.faults]
    assert codes == [] if events else codes == [ErrorCode.NOT_THE_PATIENTS]


@pytest.mark.parametrize(
    ("number", "outcome"),
    [("77^^^MC^MC", "mapped"), ("77^^^CMS^MC", "rejected"), ("77^^^AN^AN", "rejected")],
)
def test_a_hospital_may_have_an_insurers_letters(read, number, outcome):
    assert read("ORU^R01", f"PID|1||{number}", OBR, LACTATE).outcome == outcome


def test_a_person_in_the_specimens_place_is_no_specimen(read):
    shifted = f"{OBR}||||||||189234^Holm^Silje^^Dr"
    assert measured(read("ORU^R01", shifted, LACTATE)).specimen is None
    snomed = f"{OBR}||||||||119297000&Blood&SCT^EDTA"
    assert measured(read("ORU^R01", snomed, LACTATE)).specimen == "Blood"


def test_what_happened_when_a_message_of_a_day_was_issued_has_its_day_only(read):
    told = measured(read("ORU^R01", LACTATE, issued="20261128"))
    assert told.flags == (Flag.DATE_ONLY,)


def test_an_order_that_begins_with_its_number_names_no_drug(read):
    told = read("ORM^O01", "ORC|NW|P1", "RXO|1|409^Norepinephrine^NDC||mcg/min|IV")
    assert not [e for one in told.told for e in one.events if e.kind == "medication"]
    assert [fault.code for fault in told.faults] == [ErrorCode.MISSING_VALUE]


def test_a_unit_without_a_dose_says_nothing(read):
    told = read("ORM^O01", "ORC|NW|P1", "RXO|7^Amoxicillin^L||500mg|PO|TID", "RXR|PO")
    (ordered,) = (e for one in told.told for e in one.events if e.kind == "medication")
    assert (ordered.dose, ordered.unit) == (None, None)


def test_a_message_that_was_issued_at_no_time_says_so(read):
    told = read("ORU^R01", OBR, LACTATE, issued="202611281100.25")
    assert measured(told).value == 4.2
    assert [(f.place, f.code) for f in told.faults] == [
        ("MSH-7", ErrorCode.MALFORMED_TIME)
    ]
    assert not read("ORU^R01", OBR, LACTATE, issued="").faults


def test_snomeds_kind_of_a_word_is_no_part_of_it(read):
    answer = "10828004^Positive (qualifier value)^SCT"
    told = read("ORU^R01", OBR, f"OBX|1|CWE|94500-6^SARS^LN||{answer}||||||F")
    assert measured(told).sent_value == "POSITIVE"


def test_the_reason_of_a_rejection_comes_before_what_else_is_odd(read):
    told = read("ORU^R01", "PID|1||^^^H^MR||\na line of its own", OBR, LACTATE)
    assert told.outcome == "rejected"
    assert [fault.code for fault in told.faults] == [
        ErrorCode.NO_PATIENT,
        ErrorCode.LOOSE_LINE,
    ]
