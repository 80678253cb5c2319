"""What becomes of a message as a whole."""

from datetime import UTC, datetime

import pytest

from streams.adapters.hl7v2.translator import Hl7Translator
from streams.adapters.identity.pseudonyms import PublicIdentifiers
from streams.adapters.site.codes import CodeMap
from streams.adapters.site.configuration import SiteConfiguration
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.events import Demographics


AT = datetime(2026, 11, 28, 12, tzinfo=UTC)


def translated(payload: bytes):
    site = SiteConfiguration(site="s", zone="UTC", identity="public")
    translator = Hl7Translator(site, CodeMap(site), PublicIdentifiers())
    return translator.translate(payload, received_at=AT)


@pytest.mark.parametrize(
    "kind",
    [
        "DFT^P03",
        "BAR^P01",
        "SIU^S12",
        "MDM^T02",
        "REF^I12",
        "ACK^R01",
        "VXU^V04",
        "ADT^A14",
        "ADT^A16",
        "ADT^A24",
        "ZZZ^Z99",
        "ORU^W01",
    ],
)
def test_what_is_not_read_is_filed_by_its_type(read, kind):
    told = read(kind)
    assert (told.kind, told.outcome, told.events) == (kind, "filed", 0)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", ErrorCode.NOT_HL7),
        (b"{}", ErrorCode.NOT_HL7),
        (b"MSH|^~\\&|A|B|C|D|1|||7|P|2.5\rPID|1||4711", ErrorCode.NO_MESSAGE_TYPE),
        (b"MSH|^~\\&|A|B|C|D|1||ORU^R01|7|P|2.5\rOBX|1", ErrorCode.NO_PATIENT),
        (b"MSH|^~\\&|A|B|C|D|1||ORU^R01|7|P|2.5\rPID|1||^^^H^MR", ErrorCode.NO_PATIENT),
    ],
)
def test_what_cannot_be_used_is_rejected_with_its_reason(payload, code):
    told = translated(payload)
    assert told.outcome == "rejected"
    assert [fault.code for fault in told.faults] == [code]
    assert told.told == ()


def test_a_message_is_named_and_dated_as_its_sender_did(read):
    told = read("ORU^R01", control="C-77", issued="20261128103000")
    assert (told.name, told.issued_at) == (
        "C-77",
        datetime(2026, 11, 28, 10, 30, tzinfo=UTC),
    )


def test_each_patient_of_a_message_is_told_of_apart(read):
    told = read(
        "ORU^R01",
        "PID|1||1^^^HOSP^MR",
        "OBR|1||F1|X^X^L|||20261128100000",
        "OBX|1|NM|2160-0^C^LN||1.0|mg/dL|||||F",
        "PID|2||2^^^HOSP^MR",
        "OBR|1||F2|X^X^L|||20261128100000",
        "OBX|1|NM|2160-0^C^LN||2.0|mg/dL|||||F",
    )
    assert [(one.patient, one.events[0].value) for one in told.told] == [
        ("1", 1.0),
        ("2", 2.0),
    ]
    assert [sighting.identifier.value for sighting in told.sightings] == ["1", "2"]


def test_a_batch_is_all_of_its_messages_with_the_place_of_each_fault():
    one = "MSH|^~\\&|A|B|C|D|20261128||ORU^R01|{}|P|2.5\rPID|1||{}"
    payload = "BHS|^~\\&\r" + one.format(1, 4711) + "\r" + one.format(2, "") + "\rBTS|2"
    told = translated(payload.encode())
    assert told.outcome == "mapped"
    assert [fault.place for fault in told.faults] == ["message 2: PID[1]-3"]


def test_of_a_person_sex_and_year_are_told_and_no_more(read):
    told = read("ADT^A31", "PID|1||4711^^^HOSP^MR||Muster^Maria||19530214|F|||Weg 1")
    (person,) = told.told[0].events
    assert isinstance(person, Demographics)
    assert (person.sex, person.birth_year) == ("female", 1953)
    assert "0214" not in repr(told.told)


@pytest.mark.parametrize(
    ("written", "sex"), [("M", "male"), ("O", "other"), ("U", None), ("", None)]
)
def test_an_unknown_sex_is_none(read, written, sex):
    told = read("ADT^A31", f"PID|1||4711^^^HOSP^MR||||1953|{written}")
    assert told.told[0].events[0].sex == sex


def test_what_reports_repeat_of_a_person_is_one_fact(read):
    first = read("ORU^R01", issued="20261128100000").told[0].events
    again = read("ORU^R01", issued="20261128113000").told[0].events
    assert first == again
    later = read("ADT^A31", issued="20261128114500").told[0].events[0]
    assert (later.event_id, later.version > first[0].version) == (
        first[0].event_id,
        True,
    )


def test_a_report_that_says_less_of_the_person_takes_nothing_away(read):
    whole = read("ADT^A31", "PID|1||4711^^^HOSP^MR||||1953|F").told[0].events[0]
    less = read("ADT^A31", "PID|1||4711^^^HOSP^MR||||1953|").told[0].events[0]
    assert whole.event_id != less.event_id
