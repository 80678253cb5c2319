"""Our splitter beside `hl7` and `hl7apy`, where those are right.

They mis-handle other line ends than CR, blank lines and loose lines, so they are given
the messages that have none; and `hl7apy` is asked only for a version it knows.
"""

from __future__ import annotations

import gzip
import json
import re

import hl7
import pytest
from hl7apy.parser import parse_segment

from streams.adapters.hl7v2.splitter import Hl7Message, parse


pytestmark = pytest.mark.shared

PLAIN = re.compile(r"MSH\|[^\r\n]*(\r[A-Z][A-Z0-9]{2}\|[^\r\n]*)*")


@pytest.fixture(scope="module")
def texts(shared_data) -> list[str]:
    with gzip.open(shared_data / "hl7v2" / "messages.jsonl.gz", "rt") as lines:
        given = [json.loads(line)["message"].strip("\r\n") for line in lines]
    plain = [text for text in given if PLAIN.fullmatch(text)]
    assert len(plain) > 790
    return plain


def test_hl7_finds_the_same_segments_and_fields(texts):
    for text in texts:
        ours, theirs = parse(text.encode()), hl7.parse(text)
        assert len(ours.segments) == len(theirs)
        for segment, other in zip(ours.segments, theirs, strict=True):
            assert segment.fields == [str(field) for field in other]


def test_hl7_finds_the_same_parts_of_a_field(texts):
    compared = 0
    for text in texts:
        ours, theirs = parse(text.encode()), hl7.parse(text)
        for segment, other in zip(ours.segments, theirs, strict=True):
            if segment.name != "MSH":
                compared += parts_agree(segment, other)
    assert compared > 10_000


def parts_agree(segment, other) -> int:
    """How many components were compared, of the first repetition of each field."""
    compared = 0
    for number in range(1, len(segment.fields)):
        field = other[number]
        if not isinstance(field, hl7.Field) or segment.deleted(number):
            continue
        repetition = field[0]
        components = (
            repetition if isinstance(repetition, hl7.Repetition) else [repetition]
        )
        for at, component in enumerate(components, start=1):
            part = component[0] if isinstance(component, hl7.Component) else component
            if "\\" in str(part) or str(part) == '""':
                continue  # `hl7` leaves escapes and nulls as they are
            assert segment.text(number, at) == str(part).strip()
            compared += 1
    return compared


def test_hl7apy_finds_the_same_identifiers(texts):
    compared = 0
    for text in texts:
        ours = parse(text.encode())
        pid = ours.first("PID")
        if pid is None or ours.msh.delimiters.truncation != "\x00":
            continue
        theirs = parse_segment(line_of(ours, text), version="2.5.1")
        told = [(cx.cx_1.value or "", cx.cx_5.value or "") for cx in theirs.pid_3]
        mine = [(value.text(1), value.text(5)) for value in pid.repetitions(3)]
        assert mine == [(a.strip(), b.strip()) for a, b in told]
        compared += 1
    assert compared > 500


def line_of(message: Hl7Message, text: str) -> str:
    number = next(n for n, s in enumerate(message.segments) if s.name == "PID")
    return text.split("\r")[number]
