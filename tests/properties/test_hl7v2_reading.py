"""HL7 v2: nothing raises, nothing hangs, and the order of arrival does not matter."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.adapters.hl7v2.acknowledge import acknowledgement
from streams.adapters.hl7v2.delimiters import Delimiters
from streams.adapters.hl7v2.header import header
from streams.adapters.hl7v2.identifiers import patient_of
from streams.adapters.hl7v2.splitter import parse
from streams.adapters.hl7v2.translator import Hl7Translator
from streams.adapters.identity.pseudonyms import Pseudonyms
from streams.adapters.site.codes import CodeMap
from streams.adapters.site.configuration import SiteConfiguration
from streams.adapters.translation import ehr_messages
from streams.clinical.timeline import Timeline
from streams.vocabulary.errors import ErrorCode, InputError


AT = datetime(2026, 11, 28, 12, tzinfo=UTC)
SITE = SiteConfiguration.model_validate(
    {"site": "s", "zone": "America/New_York", "wards": {"ICU1": {"level": "icu"}}}
)
NAMES = Pseudonyms("s", {1: b"k" * 32})
TRANSLATOR = Hl7Translator(SITE, CodeMap(SITE), NAMES)

PID = "PID|1||4711^^^HOSP^MR||Muster^Maria||19530214|F"
PV1 = "PV1|1|I|{ward}|||{before}|||||||||||||V1" + "|" * 25 + "20261125080000+0000"
OBR = "OBR|1|P1|F1|PANEL^Panel^L|||20261126080000+0000"
CULTURE = "OBR|1|P2|F2|600-7^Culture^LN|||20261126080000+0000|||||||||||||||||MB|"
RXA = "RXA|0|{n}|{at}||7512^Norepinephrine^RXNORM|{rate}|ug/kg/min"

COURSE = (
    ("ADT^A04", "EVN||20261125075500+0000", PV1.format(ward="ED", before="")),
    ("ADT^A01", "EVN||20261125080000+0000", PV1.format(ward="ICU1", before="")),
    ("ORU^R01", OBR, "OBX|1|NM|32693-4^Lac^LN||4.2|mmol/L|||||P"),
    ("ORU^R01", OBR, "OBX|1|NM|32693-4^Lac^LN||4.4|mmol/L|||||F"),
    ("ORU^R01", OBR, "OBX|1|NM|32693-4^Lac^LN||2.4|mmol/L|||||C"),
    ("ORU^R01", CULTURE + "I"),
    (
        "ORU^R01",
        CULTURE + "P",
        "OBX|1|CWE|600-7^C^LN|1|GNR^Gram negative rods^L||||||P",
    ),
    ("ORU^R01", CULTURE + "F", "OBX|1|CWE|600-7^C^LN|1|EC^Escherichia coli^L||||||F"),
    ("ORU^R01", OBR, "OBX|1|NM|2160-0^Crea^LN||3.1|mg/dL|||||F"),
    ("ORU^R01", OBR, "OBX|1|NM|2160-0^Crea^LN||3.1|mg/dL|||||W"),
    (
        "RAS^O17",
        "ORC|RE|P3",
        RXA.format(n=1, at="20261126090000+0000", rate="0.1"),
        "RXR|IV",
    ),
    (
        "RAS^O17",
        "ORC|RE|P3",
        RXA.format(n=2, at="20261126100000+0000", rate="0.3"),
        "RXR|IV",
    ),
    (
        "RAS^O17",
        "ORC|RE|P3",
        RXA.format(n=3, at="20261126110000+0000", rate="0"),
        "RXR|IV",
    ),
    ("ADT^A02", "EVN||20261127080000+0000", PV1.format(ward="W3", before="ICU1")),
    ("ADT^A03", "EVN||20261128080000+0000", PV1.format(ward="W3", before="")),
    ("ADT^A13", "EVN||20261128081000+0000", PV1.format(ward="W3", before="")),
    ("ADT^A31", "EVN||20261128082000+0000"),
)


def written(at: int, kind: str, *segments: str) -> bytes:
    issued = f"202611281{at // 60}{at % 60:02}00+0000"
    msh = f"MSH|^~\\&|LAB|HOSP|E|H|{issued}||{kind}|C{at}|P|2.5.1"
    return "\r".join((msh, PID, *segments)).encode()


MESSAGES = tuple(written(at, *told) for at, told in enumerate(COURSE))


def told(payload: bytes):
    return TRANSLATOR.translate(payload, received_at=AT)


def folded(payloads):
    timeline = Timeline()
    for payload in payloads:
        read = told(payload)
        assert read.outcome == "mapped"
        assert read.faults == ()
        for message in ehr_messages(
            read,
            site="s",
            source="hl7v2",
            name=read.name,
            provenance="live",
            known_at=AT,
        ):
            for event in message.events:
                timeline.apply(event, message.message_id)
    return list(timeline.facts())


def test_the_course_leaves_what_it_should():
    facts = folded(MESSAGES)
    named = [
        (f.kind, getattr(f, "concept", None) or getattr(f, "phase", None))
        for f in facts
    ]
    assert ("encounter", "admitted") in named
    assert ("encounter", "discharged") not in named
    (lactate,) = (f for f in facts if getattr(f, "concept", "") == "lactate")
    assert (lactate.value, lactate.status) == (2.4, "corrected")
    assert not [f for f in facts if getattr(f, "concept", "") == "creatinine"]
    assert [f.rate for f in facts if f.kind == "infusion"] == [0.1, 0.3, 0.0]
    (grew,) = (f for f in facts if f.kind == "culture_result")
    assert grew.organism == "Escherichia coli"


@given(st.permutations(MESSAGES), st.lists(st.sampled_from(MESSAGES), max_size=6))
@settings(max_examples=60, deadline=None)
def test_duplicates_and_any_order_of_arrival_leave_the_same_facts(order, again):
    assert folded([*order, *again]) == folded(MESSAGES)


@given(st.sampled_from(MESSAGES), st.sampled_from(["\r", "\n", "\r\n", "\n\n"]))
def test_line_ends_and_framing_change_nothing(payload, end):
    other = b"\x0b" + payload.replace(b"\r", end.encode()) + b"\r\x1c\r"
    assert told(other) == told(payload)


letters = st.text(
    st.sampled_from('|^~\\&#"0159-. \t\n<>:AZ/µ漢\x00\x1cPXR'), max_size=12
)
fields = st.lists(
    st.one_of(
        letters,
        st.sampled_from(
            [
                "",
                '""',
                "20261128",
                "4711^^^HOSP^MR",
                "600-7^C^LN",
                "2160-0^C^LN",
                "F",
                "NM",
                "CWE",
                "SN",
                "mg/dL",
                "V1",
                "I",
                "7512^Norepinephrine^RXNORM",
                "A40",
            ]
        ),
    ),
    max_size=30,
)
names = st.sampled_from(
    [
        "PID",
        "PV1",
        "EVN",
        "MRG",
        "OBR",
        "OBX",
        "ORC",
        "SPM",
        "NTE",
        "AL1",
        "DG1",
        "PR1",
        "RXO",
        "RXE",
        "RXD",
        "RXA",
        "RXR",
        "TQ1",
        "MSH",
        "BHS",
    ]
) | st.text(max_size=4)
kinds = st.sampled_from(
    [
        "ADT^A01",
        "ADT^A03",
        "ADT^A12",
        "ADT^A37",
        "ADT^A40",
        "ORU^R01",
        "OUL^R22",
        "OML^O21",
        "RDE^O11",
        "RDS^O13",
        "RAS^O17",
        "SIU^S12",
        "",
        "ORU",
    ]
)


@st.composite
def structures(draw) -> bytes:
    segments = draw(st.lists(st.tuples(names, fields), max_size=12))
    lines = ["|".join((name, *values)) for name, values in segments]
    head = f"MSH|^~\\&|A|B|C|D|{draw(letters)}||{draw(kinds)}|1|P|2.5"
    lines.insert(draw(st.integers(0, len(lines))) if draw(st.booleans()) else 0, head)
    if draw(st.booleans()):
        lines.insert(1, PID)
    return "\r".join(lines).encode(
        draw(st.sampled_from(["utf-8", "utf-16", "utf-16-be"]))
    )


@st.composite
def damaged(draw) -> bytes:
    payload = bytearray(draw(st.sampled_from(MESSAGES)))
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, len(payload)))
        upto = min(len(payload), at + draw(st.integers(0, 6)))
        payload[at:upto] = draw(
            st.one_of(
                st.binary(max_size=6),
                st.sampled_from([b"\r", b"|", b"^", b"\\", b'""']),
            )
        )
    return bytes(payload)


def nothing_raises(payload: bytes) -> None:
    read = told(payload)
    assert read.outcome in ("mapped", "filed", "rejected")
    assert read.faults or read.outcome != "rejected"
    assert bool(read.told) == (read.outcome == "mapped")
    for one in read.told:
        for event in one.events:
            assert event.known_at == AT
            assert event.happened_at.tzinfo is UTC
            assert 0 <= event.version < 2**63
    route = patient_of(payload, SITE, NAMES)
    if len(read.told) == 1 and "message" not in "".join(f.place for f in read.faults):
        assert route in (None, read.told[0].patient)
    try:
        received = header(payload)
    except InputError as refused:
        assert refused.code == ErrorCode.NOT_HL7  # noqa: PT017 - either way is right
        return
    answer = acknowledgement(received, "AE", error=None, at=AT, control_id="1")
    assert answer.startswith(b"MSH") or received.codec.startswith("utf-")
    assert parse(answer).segments[1].name == "MSA"


@given(structures())
@settings(max_examples=300, deadline=None)
def test_no_structure_raises(payload):
    nothing_raises(payload)


@given(damaged())
@settings(max_examples=300, deadline=None)
def test_no_damage_raises(payload):
    nothing_raises(payload)


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_no_bytes_raise(payload):
    nothing_raises(payload)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_text_that_was_escaped_is_read_again(text):
    these = Delimiters()
    payload = f"MSH|^~\\&|A|B|C|D|||ORU^R01|1|P|2.5||||||UNICODE UTF-8\rNTE|1||{these.escaped(text)}|x"
    note = parse(payload.encode()).segments[1]
    assert these.unescaped(note.raw(3)) == text
    assert note.text(4) == "x"


def test_a_long_message_is_read_in_a_time_that_grows_with_its_length():
    prose = "\n".join(["more of it"] * 20_000)
    same = [f"OBX|1|TX|X^Y^L||\\{'a' * 40}\\{'^~&' * 20}||||||F"] * 5_000
    read = told(written(1, "ORU^R01", OBR, *same, f"NTE|1||{prose}"))
    assert len(read.unmapped) == 5_000
    assert len({event.event_id for event in read.told[0].events}) == 5_001


def test_a_unit_too_long_to_be_one_is_not_taken_for_none():
    obx = f"OBX|1|NM|32693-4^Lac^LN||4.2|{'mmol/L' * 100}|||||F"
    read = told(written(1, "ORU^R01", OBR, obx))
    assert [fault.code for fault in read.faults] == [ErrorCode.UNKNOWN_UNIT]


def test_what_differs_in_the_moment_of_receipt_alone_is_one_fact():
    one = told(MESSAGES[3]).told[0].events[0]
    late = replace(one, known_at=AT.replace(hour=13))
    assert late.event_id == one.event_id
    assert late.version == one.version
