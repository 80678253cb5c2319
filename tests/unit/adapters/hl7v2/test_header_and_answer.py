"""What MSH says, and how a message is answered."""

from datetime import UTC, datetime

import pytest

from streams.adapters.hl7v2.acknowledge import acknowledgement
from streams.adapters.hl7v2.header import header
from streams.adapters.hl7v2.splitter import parse
from streams.vocabulary.errors import ErrorCode, InputError


AT = datetime(2026, 11, 28, 12, tzinfo=UTC)


def sent(version: str = "2.5.1", kind: str = "ORU^R01^ORU_R01") -> bytes:
    return (
        f"MSH|^~\\&|LAB^1.2^ISO|HOSP|EMBER|TRIAL|20261128103000+0100||{kind}|A\\T\\7|P"
        f"|{version}|||AL|NE||UNICODE UTF-8\rPID|1||4711^^^HOSP^MR"
    ).encode()


def test_the_header_tells_who_sent_what_and_when():
    told = header(sent())
    assert told.sender == "LAB^1.2^ISO|HOSP"
    assert (told.kind, told.control_id, told.version) == ("ORU^R01", "A&7", "2.5.1")
    assert told.issued_at == datetime(2026, 11, 28, 9, 30, tzinfo=UTC)
    assert (told.processing_id, told.charset) == ("P", "UNICODE UTF-8")
    assert (told.accept_acknowledgement, told.application_acknowledgement) == (
        "AL",
        "NE",
    )
    assert told.enhanced


def test_a_type_in_one_word_is_taken_apart():
    assert header(sent(kind="ADT_A01")).kind == "ADT^A01"


def test_the_header_of_no_message_is_refused():
    with pytest.raises(InputError) as refused:
        header(b"GET / HTTP/1.1")
    assert refused.value.code == ErrorCode.NOT_HL7


def test_an_answer_mirrors_what_was_received():
    told = parse(acknowledgement(header(sent()), "AA", at=AT, control_id="9"))
    msh, msa = told.segments
    assert [msh.raw(at) for at in (2, 3, 4, 5, 6)] == [
        "^~\\&",
        "EMBER",
        "TRIAL",
        "LAB^1.2^ISO",
        "HOSP",
    ]
    assert (msh.raw(9), msh.text(10), msh.text(11)) == ("ACK^R01^ACK", "9", "P")
    assert (msh.text(12), msh.text(18)) == ("2.5.1", "UNICODE UTF-8")
    assert (msa.text(1), msa.text(2)) == ("AA", "A&7")


def test_an_error_is_told_by_its_code_and_sentence():
    error = InputError(ErrorCode.NO_PATIENT, "No patient | here.")
    told = parse(
        acknowledgement(header(sent()), "AE", error=error, at=AT, control_id="9")
    )
    err = told.segments[2]
    assert (err.text(3), err.text(4), err.text(5)) == ("101", "E", "EMB-123")
    assert err.text(8) == "No patient | here."


@pytest.mark.parametrize("version", ["2.1", "2.3.1", "2.4"])
def test_older_versions_have_the_error_in_msa_and_no_err(version):
    error = InputError(ErrorCode.NO_PATIENT, "No patient here.")
    received = header(sent(version, "ORU^R01"))
    told = parse(acknowledgement(received, "AR", error=error, at=AT, control_id="9"))
    assert [segment.name for segment in told.segments] == ["MSH", "MSA"]
    assert told.segments[1].text(3) == "EMB-123: No patient here."
    assert told.msh.text(7) == "20261128120000"
    assert told.msh.raw(9) == "ACK^R01"


def test_an_answer_has_the_delimiters_and_the_charset_of_the_message():
    payload = "MSH#*~!%#LÄB#B#C#D##E#ORU*R01#7*#P#2.5######8859/1".encode("latin-1")
    answer = acknowledgement(header(payload), "CA", at=AT, control_id="1*")
    assert answer.startswith(b"MSH#*~!%#C#D#L\xc4B#B#")
    assert parse(answer).segments[1].text(2) == "7"
    assert b"#1!S!#" in answer


def test_a_message_without_encoding_characters_of_its_own_is_answered():
    received = header(b"MSH|^|A|B|C|D||E|ADT|7|P|2.1\rPID|1||4711")
    answer = acknowledgement(received, "AA", at=AT, control_id="1")
    assert answer.startswith(b"MSH|^|C|D|A|B|20261128120000||ACK|1|P|2.1\r")
