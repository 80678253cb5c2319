import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.app.observe.tracing import carried, child, parse, start


GOOD = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_the_same_message_always_starts_the_same_trace():
    assert start("m-1") == start("m-1")
    assert parse(start("m-1")).trace_id != parse(start("m-2")).trace_id


@given(st.text())
def test_what_is_started_is_valid_whatever_the_id(message_id):
    header = start(message_id)
    assert re.fullmatch(rb"00-[0-9a-f]{32}-[0-9a-f]{16}-01", header)
    assert parse(header) is not None


def test_a_child_is_another_step_of_the_same_trace():
    begun, below = parse(GOOD), parse(child(GOOD, "patient"))
    assert below.trace_id == begun.trace_id
    assert below.span_id != begun.span_id
    assert child(GOOD, "patient") == child(GOOD, "patient")
    assert child(GOOD, "patient") != child(GOOD, "ingest")


def test_what_was_not_sampled_is_not_sampled_below():
    unsampled = GOOD[:-2] + b"00"
    assert parse(unsampled).sampled is False
    assert parse(child(unsampled, "patient")).sampled is False


def test_a_later_version_is_read_as_far_as_it_is_known():
    later = b"01" + GOOD[2:] + b"-what.comes"
    assert parse(later).trace_id == parse(GOOD).trace_id


@pytest.mark.parametrize(
    "bad",
    [
        None,
        b"",
        b"00",
        b"ff" + GOOD[2:],
        GOOD + b"-more",
        GOOD.upper(),
        b"00-" + b"0" * 32 + b"-00f067aa0ba902b7-01",
        b"00-4bf92f3577b34da6a3ce929d0e0e4736-" + b"0" * 16 + b"-01",
        GOOD + b"\n",
    ],
)
def test_a_header_that_says_nothing_valid_is_ignored(bad):
    assert parse(bad) is None
    assert parse(child(bad, "ingest")) is not None
    assert carried([("traceparent", bad)], "m-1") == start("m-1")


@given(st.binary(max_size=100))
def test_no_header_is_ever_fatal(header):
    assert parse(child(header, "ingest")) is not None
    assert parse(carried([("traceparent", header)], "m-1")) is not None


def test_a_valid_header_is_carried_on():
    headers = [("ember-format", b"ehr+json"), ("traceparent", GOOD)]
    assert carried(headers, "m-1") == GOOD
    assert carried(None, "m-1") == start("m-1")
