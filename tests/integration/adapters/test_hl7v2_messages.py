"""The 821 given messages of many senders: each is mapped, filed or rejected."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from streams.adapters.hl7v2.acknowledge import acknowledgement
from streams.adapters.hl7v2.header import header
from streams.adapters.hl7v2.identifiers import patient_of
from streams.adapters.hl7v2.splitter import parse
from streams.adapters.hl7v2.translator import Hl7Translator
from streams.adapters.identity.pseudonyms import Pseudonyms
from streams.adapters.site.codes import CodeMap
from streams.adapters.site.configuration import SiteConfiguration
from streams.adapters.translation import Translation, ehr_messages
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.messages import LOGGED, decode, encode


pytestmark = pytest.mark.shared

AT = datetime(2026, 11, 28, tzinfo=UTC)
SITE = SiteConfiguration(site="given", zone="Europe/London")
NAMES = Pseudonyms("given", {1: b"k" * 32})
FAULTS = {
    ErrorCode.MISSING_VALUE: 111,
    ErrorCode.UNKNOWN_STATUS: 12,
    ErrorCode.UNREAD_WORDS: 11,
    ErrorCode.NOT_THE_PATIENTS: 9,
    ErrorCode.UNUSABLE_MERGE: 5,
    ErrorCode.MALFORMED_TIME: 4,
    ErrorCode.LOOSE_LINE: 2,
    ErrorCode.CHARSET: 1,
}
PAGE = Path(__file__).resolve().parents[3] / "deploy/docs/hl7v2.md"


@pytest.fixture(scope="module")
def payloads(shared_data) -> list[bytes]:
    with gzip.open(shared_data / "hl7v2" / "messages.jsonl.gz", "rt") as lines:
        return [json.loads(line)["message"].encode() for line in lines]


@pytest.fixture(scope="module")
def read(payloads) -> list[Translation]:
    translator = Hl7Translator(SITE, CodeMap(SITE), NAMES)
    return [translator.translate(one, received_at=AT) for one in payloads]


def test_each_is_mapped_filed_or_rejected_and_says_why(read):
    assert Counter(one.outcome for one in read) == {
        "mapped": 680,
        "rejected": 112,
        "filed": 29,
    }
    assert all(one.faults for one in read if one.outcome == "rejected")
    assert all(one.told for one in read if one.outcome == "mapped")


def test_only_those_that_name_no_patient_are_rejected(read):
    reasons = Counter(
        fault.code for one in read if one.outcome == "rejected" for fault in one.faults
    )
    assert reasons == {ErrorCode.NO_PATIENT: 112}


def test_what_could_not_be_used_is_known_by_its_reason(read):
    faults = Counter(
        fault.code for one in read if one.outcome == "mapped" for fault in one.faults
    )
    assert faults == FAULTS


def test_what_is_in_no_map_is_counted_and_kept(read):
    unmapped = [code for one in read for code in one.unmapped]
    kept = [
        event
        for one in read
        for person in one.told
        for event in person.events
        if event.kind == "measurement" and event.concept == "unmapped"
    ]
    results = [code for code in unmapped if code.system != "PV1-3"]
    assert (len(kept), len(results)) == (5231, 5236)


def test_the_table_by_type_in_the_docs_is_current(read):
    assert by_type(read) in PAGE.read_text("utf-8")


def test_a_route_is_the_patient_of_the_message(payloads, read):
    for payload, one in zip(payloads, read, strict=True):
        if one.outcome == "mapped":
            assert patient_of(payload, SITE, NAMES) == one.told[0].patient


def test_every_event_keeps_to_the_schema_of_messages(read):
    for at, one in enumerate(read):
        for message in ehr_messages(
            one,
            site="given",
            source="hl7v2",
            name=str(at),
            provenance="history",
            known_at=AT,
        ):
            assert decode(LOGGED, encode(LOGGED, message)) == message


def test_each_is_answered(payloads):
    for payload in payloads:
        received = header(payload)
        answer = parse(acknowledgement(received, "AA", at=AT, control_id="1"))
        assert answer.segments[1].text(2) == received.control_id


def test_no_name_address_or_number_of_a_person_comes_out(payloads, read):
    for payload, one in zip(payloads, read, strict=True):
        shown = repr(one.told) + repr(one.faults)
        for pid in parse(payload).all("PID"):
            words = {
                pid.text(3),
                pid.text(5),
                pid.text(5, 2),
                pid.text(11),
                pid.text(19),
            }
            told = [word for word in words if len(word) > 6 and word in shown]
            assert told == []


def by_type(read: list[Translation]) -> str:
    """The table of the docs, by the type that MSH-9 names."""
    counts: dict[str, Counter[str]] = {}
    for one in read:
        counts.setdefault(one.kind, Counter()).update([one.outcome])
        counts[one.kind]["events"] += one.events
    lines = [
        "| type | messages | mapped | filed | rejected | events |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    total = Counter[str]()
    for kind, count in sorted(counts.items()):
        lines.append(_line(kind, count))
        total.update(count)
    return "\n".join([*lines, _line("all", total)])


def _line(kind: str, count: Counter[str]) -> str:
    outcomes = [count["mapped"], count["filed"], count["rejected"]]
    cells = [kind, sum(outcomes), *outcomes, count["events"]]
    return "| " + " | ".join(str(cell) for cell in cells) + " |"
