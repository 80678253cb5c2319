"""Whatever stands in a frame, the listener has a ruling for it, and the chain a reader."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from streams.adapters.hl7v2.header import header
from streams.adapters.hl7v2.identifiers import patient_of
from streams.adapters.hl7v2.mllp import Deframer, Frame, framed
from streams.adapters.identity.pseudonyms import Pseudonyms
from streams.adapters.site.configuration import SiteConfiguration
from streams.app.listen.desk import Pending
from streams.app.listen.ruling import NO_HEADER, ruled, unreadable, wanted
from streams.app.readers import SourceReader, translators
from streams.pipeline.ingest import Received, ingest_as_written
from streams.vocabulary.errors import InputError
from streams.vocabulary.topics import HL7V2, RAW


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SITE = SiteConfiguration(site="ward", zone="Europe/London")
IDENTITIES = Pseudonyms("ward", {1: b"k" * 32})
READER = SourceReader("ward", HL7V2, translators(SITE, IDENTITIES)[HL7V2])

PIECES = (
    *(b"MSH|^~\\&|", b"MSH|", b"LAB|G|||20260301120000||ORU^R01|1|P|2.5.1", b"AL|NE"),
    *(b"\r", b"\n", b"PID|1||7^^^G^MR", b"PV1|1|I|ICU", b"OBR|1||2|", b"OBX|1|NM|"),
    *(b"2524-7^Lactate^LN||", b">4.1", b"|mmol/L|||||F", b"RXA|0|1|", b"MRG|8"),
    *(b"|", b"^", b"~", b"\\", b"&", b'""', b"\x0b", b"\xff", b"ADT^A40", b"9" * 30),
)
messages = st.lists(st.sampled_from(PIECES) | st.binary(max_size=4), max_size=40).map(
    b"".join
)


def ruling_of(payload):
    try:
        received = header(payload)
    except InputError as fault:
        return NO_HEADER, unreadable(fault)
    return received, ruled(received, {"P"})


@given(messages | messages.map(b"MSH|^~\\&|".__add__) | st.binary())
def test_every_frame_has_a_ruling_an_answer_and_a_route(payload):
    received, ruling = ruling_of(payload)
    patient_of(payload, SITE, IDENTITIES)
    pending = Pending(received, ruling, wanted(received, ruling.outcome), None)
    answer = pending.answer(NOON, "1")
    if answer is not None:
        assert answer.startswith(b"MSH")
        assert Deframer(1 << 20).feed(framed(answer)) == [Frame(answer)]


@given(messages.map(b"MSH|^~\\&|LAB|G|||20260301120000||".__add__) | st.binary())
def test_whatever_was_stored_is_read_or_becomes_a_letter(payload):
    received = Received(topic=RAW, value=payload, form=HL7V2, received_at=NOON)
    done = ingest_as_written(received, {HL7V2: READER})
    rejected = done.read.outcome == "rejected"
    assert not rejected or (done.letter is not None and not done.entries)
    for entry in done.entries:
        assert all(event.known_at == NOON for event in entry.message.events)
