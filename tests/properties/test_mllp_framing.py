"""However the line cuts it, a stream of bytes holds the same messages."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streams.adapters.hl7v2.mllp import (
    BEGIN_KEPT,
    END,
    START,
    Broken,
    Deframer,
    Frame,
    framed,
)


LIMIT = 64
PIECES = (START, END, b"\x1c", b"\r", b"MSH", b"MS", b"FHS|", b"a", b"\n", b"x" * 40)
streams = st.lists(st.sampled_from(PIECES) | st.binary(max_size=9), max_size=30).map(
    b"".join
)
payloads = st.binary(max_size=LIMIT).filter(
    lambda one: not {0x0B, 0x1C} & set(one)  # MLLP has no way to send these
)
garbage = st.binary(max_size=20).filter(lambda one: START not in one)


def read(data, cuts=(), limit=LIMIT):
    deframer = Deframer(limit)
    found = []
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for begin, stop in pairwise(places):
        found += deframer.feed(data[begin:stop])
    if (last := deframer.end()) is not None:
        found.append(last)
    return found, deframer.garbage


@given(streams, st.lists(st.integers(min_value=0), max_size=12))
def test_the_cuts_do_not_matter(data, cuts):
    assert read(data, cuts) == read(data)


@given(streams)
def test_one_byte_at_a_time_is_as_good(data):
    assert read(data, range(len(data))) == read(data)


@given(st.lists(st.tuples(garbage, payloads)), garbage)
def test_every_message_is_found_whatever_stands_between(told, last):
    data = b"".join(noise + framed(payload) for noise, payload in told) + last
    found, skipped = read(data)
    assert found == [Frame(payload) for _, payload in told]
    between = b"".join([*(noise for noise, _ in told), last])
    assert skipped == len(between) - between.count(b"\r") - between.count(b"\n")


@given(streams, payloads)
def test_after_any_garbage_the_next_message_is_heard(noise, payload):
    # A sender that was cut off inside a message begins the next one with its header.
    found, _ = read(noise + framed(b"MSH|" + payload[4:]))
    assert found[-1] == Frame(b"MSH|" + payload[4:])


@given(st.lists(streams, max_size=40), st.integers(min_value=1, max_value=200))
def test_memory_is_bounded_by_the_limit_and_one_read(chunks, limit):
    deframer = Deframer(limit)
    for chunk in chunks:
        for found in deframer.feed(chunk):
            assert not isinstance(found, Frame) or len(found.payload) <= limit
        assert deframer.held <= limit + 3


@given(st.integers(min_value=0, max_value=2 * BEGIN_KEPT), st.lists(st.integers(0)))
def test_what_is_too_large_keeps_its_beginning_and_its_size(more, cuts):
    payload = b"MSH|" + b"y" * (LIMIT + more)
    found, _ = read(framed(payload) + framed(b"MSH|next"), cuts)
    assert found == [
        Broken(payload[: min(LIMIT, BEGIN_KEPT)], len(payload), "too large"),
        Frame(b"MSH|next"),
    ]
