"""OBX as measurements, assessments, fluids, support and infusions."""

from datetime import UTC, datetime

import pytest

from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.events import (
    Assessment,
    Cancellation,
    Fluid,
    Infusion,
    Measurement,
    Pregnancy,
    RespiratorySupport,
)
from streams.vocabulary.facts import Flag


OBR = "OBR|1|P1|F1|PANEL^Panel^LOC|||20261128100000"
COLLECTED = datetime(2026, 11, 28, 10, tzinfo=UTC)


def obx(
    value: str,
    *,
    kind: str = "NM",
    code: str = "LAC^Lactate^LOC",
    sub: str = "",
    unit: str = "mmol/L",
    status: str = "F",
    at: str = "",
) -> str:
    return f"OBX|1|{kind}|{code}|{sub}|{value}|{unit}|||||{status}|||{at}"


def only(events, *segments):
    (event,) = events("ORU^R01", *segments)
    return event


def test_a_laboratory_result_belongs_to_the_moment_of_its_specimen(events):
    told = only(events, OBR, obx("4.2", at="20261128104500"))
    assert isinstance(told, Measurement)
    assert (told.concept, told.value, told.status) == ("lactate", 4.2, "final")
    assert told.happened_at == COLLECTED
    assert told.known_at == datetime(2026, 11, 28, 12, tzinfo=UTC)
    assert told.code == "urn:ember:local|LOC:LAC"
    assert told.flags == ()


def test_a_vital_sign_belongs_to_the_moment_of_looking(events):
    told = only(
        events,
        OBR,
        obx("88", code="8867-4^HR^LN", unit="/min", at="20261128104500"),
    )
    assert told.happened_at == datetime(2026, 11, 28, 10, 45, tzinfo=UTC)
    assert (told.concept, told.value, told.specimen_id) == ("heart_rate", 88.0, None)


@pytest.mark.parametrize(
    ("kind", "value", "number", "comparator", "upper"),
    [
        ("NM", "4.2", 4.2, None, None),
        ("NM", ">15", 15.0, ">", None),
        ("ST", "<0.1", 0.1, "<", None),
        ("SN", "^4.2", 4.2, None, None),
        ("SN", ">^15", 15.0, ">", None),
        ("SN", ">=^15", 15.0, ">=", None),
        ("SN", "^2^-^5", 2.0, None, 5.0),
        ("", "4.2", 4.2, None, None),
        ("TX", " 4.2 ", 4.2, None, None),
    ],
)
def test_numbers_are_read_in_every_type(events, kind, value, number, comparator, upper):
    told = only(events, OBR, obx(value, kind=kind))
    assert (told.value, told.comparator, told.upper) == (number, comparator, upper)


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("ST", "Negative", "NEGATIVE"),
        ("NM", "POSITIVE", "POSITIVE"),
        ("CWE", "260385009^Negative^SCT", "NEGATIVE"),
        ("CWE", "G-A^Slightly turbid^LOC", "Slightly turbid"),
        ("CE", "^Positive", "POSITIVE"),
        ("TX", "hemolyzed", "HAEMOLYSED"),
    ],
)
def test_known_words_and_displays_of_codes_pass(events, kind, value, text):
    told = only(events, OBR, obx(value, kind=kind))
    assert (told.value, told.text) == (None, text)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("TX", "Called to Dr Muster at 10:15"),
        ("CWE", "^Maria Muster"),
        ("ST", "260385009^Maria Muster^SCT"),
        ("NM", "4~5"),
        ("NM", "1,500"),
        ("ED", "^application^pdf^Base64^TWFyaWE="),
        ("XPN", "Muster^Maria"),
    ],
)
def test_prose_and_particulars_stay_behind_and_are_told(read, kind, value):
    told = read("ORU^R01", OBR, obx(value, kind=kind))
    (event, *_) = told.told[0].events
    assert (event.value, event.text) == (None, None)
    assert [fault.code for fault in told.faults] == [ErrorCode.UNREAD_WORDS]
    assert "Muster" not in repr(told.told) + repr(told.faults)


def test_a_code_of_digits_is_no_number(events):
    told = only(events, OBR, obx("260415000^Seen^SCT", kind="CWE"))
    assert (told.value, told.text) == (None, "Seen")


@pytest.mark.parametrize(
    ("unit", "value", "sent"),
    [
        ("mg/dL", 1.0, "mg/dL"),
        ("umol/L^micromole per liter^UCUM", 1.0, "umol/L"),
        ("17^mg/dl^L", 1.0, "mg/dl"),
    ],
)
def test_units_become_the_concepts_own(events, unit, value, sent):
    number = "88.42" if sent == "umol/L" else "1.0"
    told = only(events, OBR, obx(number, code="2160-0^Crea^LN", unit=unit))
    assert told.value == pytest.approx(value)
    assert told.sent_unit == (sent if sent == "umol/L" else None)


def test_a_result_without_a_unit_takes_that_of_the_sites_map(events):
    assert only(events, OBR, obx("4.2", unit="")).value == 4.2


def test_the_sites_own_name_of_a_unit_is_known(events):
    told = only(events, OBR, obx("88", code="777-3^Plt^LN", unit="Tsd/mm3"))
    assert told.value == 88.0


@pytest.mark.parametrize(
    ("value", "unit", "code", "place"),
    [
        ("4.2", "furlong", ErrorCode.UNKNOWN_UNIT, "OBX[1]-6"),
        ("4.2", "mm[Hg]", ErrorCode.UNKNOWN_UNIT, "OBX[1]-6"),
        ("-4.2", "mmol/L", ErrorCode.IMPOSSIBLE_VALUE, "OBX[1]-5"),
    ],
)
def test_what_cannot_be_used_is_a_fault_and_the_rest_goes_on(
    read, value, unit, code, place
):
    told = read("ORU^R01", OBR, obx(value, unit=unit), obx("5.1"))
    assert [(f.code, f.place) for f in told.faults] == [(code, place)]
    assert [e.value for e in told.told[0].events if e.kind == "measurement"] == [5.1]


def test_a_missing_unit_without_a_default_is_never_guessed(read):
    told = read("ORU^R01", OBR, obx("1.8", code="2160-0^Crea^LN", unit=""))
    assert [fault.code for fault in told.faults] == [ErrorCode.UNKNOWN_UNIT]


def test_what_is_implausible_is_kept_and_flagged(events):
    assert only(events, OBR, obx("40")).flags == (Flag.IMPLAUSIBLE,)


def test_a_code_of_no_map_is_counted_and_kept(read):
    told = read("ORU^R01", OBR, obx("7", code="X1^Riddle^LOC", unit="mg/dL"))
    (unmapped,) = told.unmapped
    assert (unmapped.system, unmapped.code, unmapped.label) == ("LOC", "X1", "Riddle")
    event = told.told[0].events[0]
    assert (event.concept, event.sent_value, event.sent_unit) == (
        "unmapped",
        "7",
        "mg/dL",
    )
    assert event.flags == (Flag.UNMAPPED,)
    assert event.code == "urn:ember:local|LOC:X1"


@pytest.mark.parametrize(
    ("value", "kind", "sent"),
    [
        (">15", "NM", ">15"),
        ("1:40", "ST", "1:40"),
        ("2-5", "ST", "2-5"),
        ("Positive", "ST", "POSITIVE"),
        ("told to Maria", "TX", None),
    ],
)
def test_of_an_unmapped_result_only_numbers_and_words_pass(events, value, kind, sent):
    told = only(events, OBR, obx(value, kind=kind, code="X1^Riddle^LOC"))
    assert told.sent_value == sent


@pytest.mark.parametrize(
    ("status", "of_report", "meant"),
    [
        ("F", "", "final"),
        ("P", "F", "preliminary"),
        ("C", "F", "corrected"),
        ("R", "", "preliminary"),
        ("S", "", "preliminary"),
        ("U", "", "final"),
        ("", "P", "preliminary"),
        ("", "C", "corrected"),
        ("", "", "final"),
        ("f", "", "final"),
    ],
)
def test_the_status_is_that_of_the_result_else_of_the_report(
    events, status, of_report, meant
):
    told = only(events, OBR + "|" * 18 + of_report, obx("4.2", status=status))
    assert told.status == meant


def test_a_status_nobody_knows_is_preliminary_and_told(read):
    told = read("ORU^R01", OBR, obx("4.2", status="unknown"))
    assert [fault.code for fault in told.faults] == [ErrorCode.UNKNOWN_STATUS]
    assert told.told[0].events[0].status == "preliminary"


@pytest.mark.parametrize("status", ["O", "I", "N"])
def test_what_is_ordered_or_awaited_is_no_result(events, status):
    assert events("ORU^R01", OBR, obx("", status=status)) == []


@pytest.mark.parametrize("status", ["D", "W", "X"])
def test_a_deleted_result_cancels_the_fact_it_was(events, status):
    first = only(events, OBR, obx("4.2", status="P"))
    told = only(events, OBR, obx("4.2", status=status))
    assert isinstance(told, Cancellation)
    assert told.cancels == first.event_id
    assert told.version > first.version


def test_a_value_deleted_by_two_quotes_is_cancelled(events):
    assert isinstance(only(events, OBR, obx('""')), Cancellation)


def test_a_correction_is_the_same_fact_of_a_later_version(events):
    (first,) = events("ORU^R01", OBR, obx("4.2", status="F"), issued="20261128103000")
    (then,) = events("ORU^R01", OBR, obx("2.4", status="C"), issued="20261128110000")
    assert first.event_id == then.event_id
    assert first.version < then.version
    assert (first.value, then.value, then.status) == (4.2, 2.4, "corrected")


def test_a_final_result_of_the_same_second_stands_over_its_preliminary(events):
    first = only(events, OBR, obx("4.2", status="P"))
    then = only(events, OBR, obx("4.4", status="F"))
    assert (first.event_id, first.version) < (then.event_id, then.version)


def test_a_correction_that_cannot_be_read_leaves_nothing_standing(events):
    first = only(events, OBR, obx("4.2"))
    told = only(events, OBR, obx("4.2", unit="furlong", status="C"))
    assert isinstance(told, Cancellation)
    assert told.cancels == first.event_id


def test_results_of_one_order_are_told_apart_by_code_sub_id_and_count(events):
    told = events(
        "ORU^R01", OBR, obx("1"), obx("2", sub="2"), obx("3"), obx("4", sub="A/b")
    )
    assert len({event.event_id for event in told}) == 4


def test_a_result_that_names_no_order_is_told_by_what_was_asked_and_when(events):
    bare = "OBR|1|||PANEL^Panel^LOC|||20261128100000"
    assert (
        only(events, bare, obx("1")).event_id == only(events, bare, obx("2")).event_id
    )
    later = bare.replace("100000", "110000")
    assert (
        only(events, bare, obx("1")).event_id != only(events, later, obx("1")).event_id
    )


def test_the_collection_of_a_specimen_goes_before_the_order(events):
    told = only(
        events, OBR, obx("1"), "SPM|1|^S9||BLDA^Arterial|||||||||||||20261128093000"
    )
    assert told.happened_at == datetime(2026, 11, 28, 9, 30, tzinfo=UTC)
    assert (told.specimen, told.specimen_id) == ("arterial", "S9")


@pytest.mark.parametrize(
    ("spm", "fluid"),
    [
        ("BLDA^Blood^HL70487", "arterial"),
        ("122552005^Arterial blood specimen^SCT", "arterial"),
        ("X^Venous blood^LOC", "venous"),
        ("MX^Mixed venous blood^LOC", "Mixed venous blood"),
        ("UR^Urine^LOC", "Urine"),
    ],
)
def test_the_specimen_is_told_in_the_words_that_scores_ask_for(events, spm, fluid):
    gas = obx("80", code="11556-8^PO2^LN", unit="mm[Hg]")
    assert only(events, OBR, gas, f"SPM|1|^S9||{spm}").specimen == fluid


def test_a_code_that_names_arterial_blood_needs_no_specimen(events):
    gas = obx("80", code="2703-7^PaO2^LN", unit="mm[Hg]")
    assert only(events, OBR, gas).specimen == "arterial"


def test_an_oul_has_its_specimen_first(events):
    (told,) = events(
        "OUL^R22",
        "SPM|1|^S9||BLDA^Arterial|||||||||||||20261128093000",
        OBR,
        "ORC|RE|P7|F7",
        obx("1"),
    )
    assert told.specimen_id == "S9"


def test_a_date_alone_and_a_future_are_flagged(events):
    dated = OBR.replace("20261128100000", "20261127")
    assert only(events, dated, obx("1")).flags == (Flag.DATE_ONLY,)
    future = OBR.replace("20261128100000", "20261129100000")
    assert only(events, future, obx("1")).flags == (Flag.FUTURE,)


def test_a_time_that_cannot_be_read_is_told_and_the_next_taken(read):
    told = read(
        "ORU^R01", OBR.replace("20261128100000", "noon"), obx("1", at="20261128101500")
    )
    assert [fault.code for fault in told.faults] == [ErrorCode.MALFORMED_TIME]
    assert told.told[0].events[0].happened_at == datetime(
        2026, 11, 28, 10, 15, tzinfo=UTC
    )


def test_a_report_without_a_trigger_is_read(events):
    assert len(events("ORU", OBR, obx("4.2"))) == 1


def test_scores_are_assessments(events):
    told = only(events, OBR, obx("14", code="GCS^Glasgow^LOC", unit=""))
    assert isinstance(told, Assessment)
    assert (told.concept, told.value) == ("gcs_total", 14.0)
    told = only(events, OBR, obx("V^Voice^LOC", code="AVPU^AVPU^LOC", kind="CWE"))
    assert (told.concept, told.text) == ("acvpu", "Voice")


def test_a_volume_is_a_fluid(events):
    told = only(events, OBR, obx("0.25", code="URINE^Urine^LOC", unit="L"))
    assert isinstance(told, Fluid)
    assert (told.direction, told.substance, told.volume_ml) == ("out", "urine", 250.0)


@pytest.mark.parametrize(
    ("value", "unit"), [("250", "mg"), ("-1", "mL"), ("much", "mL")]
)
def test_a_volume_that_is_none_is_told(read, value, unit):
    told = read("ORU^R01", OBR, obx(value, code="URINE^Urine^LOC", unit=unit))
    assert len(told.faults) == 1
    assert not [e for e in told.told[0].events if e.kind == "fluid"]


def test_support_of_breathing_is_told_by_its_code(events):
    told = only(
        events, OBR, obx("D^Endotracheal tube^LOC", code="VENT^Vent^LOC", kind="CWE")
    )
    assert isinstance(told, RespiratorySupport)
    assert (told.category, told.device) == ("invasive", "Endotracheal tube")


def test_a_charted_rate_is_an_infusion_and_a_rate_of_0_its_end(events):
    told = only(events, OBR, obx("0.2", code="NORRATE^NE^LOC", unit="mcg/kg/min"))
    assert isinstance(told, Infusion)
    assert (told.drug, told.rate, told.phase) == ("norepinephrine", 0.2, "changed")
    assert (
        only(events, OBR, obx("0", code="NORRATE^NE^LOC", unit="")).phase == "stopped"
    )


def test_what_the_site_ignores_is_left(read):
    told = read("ORU^R01", OBR, obx("1", code="HUNGER^Hunger^LOC"))
    assert (told.unmapped, told.faults) == ((), ())
    assert {event.kind for event in told.told[0].events} == {"demographics"}


def test_a_result_without_code_or_value_is_told(read):
    told = read("ORU^R01", OBR, obx("1", code=""), obx(""))
    assert [fault.place for fault in told.faults] == ["OBX[1]-3", "OBX[2]-5"]


@pytest.mark.parametrize(
    ("kind", "answer", "pregnant"),
    [
        ("CWE", "77386006^Pregnancy^SCT", True),
        ("CWE", "LA26683-5^Not pregnant^LN", False),
        ("CWE", "Y^Yes^HL70136", True),
        ("ST", "Not pregnant", False),
        ("CWE", "261665006^Unknown^SCT", None),
        ("ST", "perhaps Maria knows", None),
    ],
)
def test_whether_a_patient_is_pregnant_is_answered_by_code_or_word(
    events, kind, answer, pregnant
):
    told = only(
        events, OBR, obx(answer, kind=kind, code="82810-3^Pregnancy status^LN", unit="")
    )
    assert isinstance(told, Pregnancy)
    assert told.pregnant is pregnant
