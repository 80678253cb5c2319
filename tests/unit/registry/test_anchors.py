"""What is kept outside is kept whole, or its reader is told."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.anchor import Anchor, anchor_line, read_anchor_line
from registry.domain.audit import Head
from registry.store.anchor_file import append_anchor, read_anchors
from streams.vocabulary.errors import ErrorCode, InputError, SettingsError


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HASH = "ab" * 32
ANCHOR = Anchor(NOON, (Head("A", "TIDE", 3, HASH), Head("", "", 1, HASH)))

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
heads = st.builds(
    Head,
    names,
    names,
    st.integers(1, 2**40),
    st.text("0123456789abcdef", min_size=64, max_size=64),
)
anchors = st.builds(
    Anchor,
    st.datetimes(timezones=st.just(UTC)),
    st.lists(heads, max_size=3).map(tuple),
    st.none() | names,
)


@given(anchors)
def test_a_line_tells_the_anchor_and_nothing_breaks_it(anchor):
    line = anchor_line(anchor)

    assert read_anchor_line(line) == anchor
    assert "\n" not in line


@given(anchors, st.data())
def test_a_line_that_was_cut_off_is_no_anchor(anchor, data):
    line = anchor_line(anchor)
    cut = data.draw(st.integers(0, len(line) - 1))

    with pytest.raises(ValueError, match=r"\S"):
        read_anchor_line(line[:cut])


@pytest.mark.parametrize(
    "changed",
    [
        {"version": 2},
        {"version": True},
        {"heads": [["A", "TIDE", 0, HASH]]},
        {"heads": [["A", "TIDE", "3", HASH]]},
        {"heads": [["A", "TIDE", 3, HASH[:-1]]]},
        {"heads": [["A", "TIDE", 3]]},
        {"anchored_at": "2026-03-01T12:00:00"},
    ],
)
def test_what_no_anchor_says_is_refused(changed):
    told = json.loads(anchor_line(ANCHOR))

    with pytest.raises(ValueError, match=r"\S"):
        read_anchor_line(json.dumps(told | changed))


def test_a_file_has_the_anchors_in_the_order_in_which_they_came(tmp_path):
    file = tmp_path / "anchors.jsonl"
    later = Anchor(NOON.replace(hour=13), ANCHOR.heads)

    append_anchor(file, ANCHOR)
    before = file.read_bytes()
    append_anchor(file, later)

    assert read_anchors(file) == (ANCHOR, later)
    assert file.read_bytes().startswith(before)


@pytest.mark.parametrize("spoilt", ['{"version":1', "\n", "ä\n", "{}\n"])
def test_a_line_that_is_no_anchor_is_named_not_left_out(tmp_path, spoilt):
    file = tmp_path / "anchors.jsonl"
    append_anchor(file, ANCHOR)
    with file.open("a", encoding="utf-8") as opened:
        opened.write(spoilt)

    with pytest.raises(InputError, match="Line 2 of") as told:
        read_anchors(file)

    assert told.value.code is ErrorCode.UNREADABLE_FILE


def test_bytes_that_are_no_text_are_no_anchors(tmp_path):
    file = tmp_path / "anchors.jsonl"
    file.write_bytes(b"\xff\xfe")

    with pytest.raises(InputError, match="no UTF-8"):
        read_anchors(file)


def test_a_file_that_cannot_be_reached_is_told(tmp_path):
    nowhere = tmp_path / "gone" / "anchors.jsonl"

    for act in (lambda: read_anchors(nowhere), lambda: append_anchor(nowhere, ANCHOR)):
        with pytest.raises(SettingsError) as told:
            act()
        assert told.value.code is ErrorCode.PATH_NOT_FOUND
