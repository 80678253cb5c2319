"""What is sealed opens with its key, unchanged, and in its own place only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.adapters.identity.sealing import OVERHEAD, Sealer, place_of, sealed_under
from streams.vocabulary.errors import ErrorCode, InputError


OLD, NEW = bytes(range(32)), bytes(range(32, 80))
KEYS = st.binary(min_size=32, max_size=64)
PLACE = place_of("north", "ehr.raw")


def code_of(act):
    with pytest.raises(InputError) as raised:
        act()
    return raised.value.code


@given(KEYS, st.binary(max_size=2_000), st.text())
def test_what_was_sealed_opens_with_its_key_in_its_place(key, payload, place):
    sealer = Sealer({1: key})

    sealed = sealer.seal(payload, place)

    assert sealer.open(sealed, place) == payload
    assert len(sealed) == len(payload) + OVERHEAD


@given(st.binary(min_size=8, max_size=200), st.data())
def test_a_seal_that_was_changed_anywhere_does_not_open(payload, data):
    sealer = Sealer({1: OLD, 0x01010101: NEW})
    sealed = bytearray(sealer.seal(payload, PLACE))
    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= data.draw(st.integers(1, 255))

    code = code_of(lambda: sealer.open(bytes(sealed), PLACE))

    changed_version = 1 <= at <= 4
    assert code is ErrorCode.SEAL_BROKEN or (
        changed_version and code is ErrorCode.SEALING_KEY_UNKNOWN
    )


@given(st.binary(max_size=100), st.data())
def test_a_seal_that_was_cut_does_not_open(payload, data):
    sealer = Sealer({1: OLD})
    sealed = sealer.seal(payload, PLACE)
    left = sealed[: data.draw(st.integers(0, len(sealed) - 1))]

    assert code_of(lambda: sealer.open(left, PLACE)) is ErrorCode.SEAL_BROKEN


@given(st.text(), st.text())
def test_a_seal_of_another_place_does_not_open(place, other):
    sealer = Sealer({1: OLD})
    sealed = sealer.seal(b"MSH", place)
    if place != other:
        assert code_of(lambda: sealer.open(sealed, other)) is ErrorCode.SEAL_BROKEN


@given(st.binary(max_size=300))
def test_bytes_that_are_no_seal_do_not_open(junk):
    assert code_of(lambda: Sealer({1: OLD}).open(junk, PLACE)) in {
        ErrorCode.SEAL_BROKEN,
        ErrorCode.SEALING_KEY_UNKNOWN,
    }


def test_the_newest_key_seals_and_older_ones_still_open():
    before = Sealer({1: OLD}).seal(b"MSH", PLACE)
    after = Sealer({1: OLD, 2: NEW})

    assert after.open(before, PLACE) == b"MSH"
    assert sealed_under(before) == 1
    assert sealed_under(after.seal(b"MSH", PLACE)) == 2


def test_without_the_key_of_its_version_nothing_opens():
    sealed = Sealer({2: NEW}).seal(b"MSH", PLACE)

    code = code_of(lambda: Sealer({1: OLD}).open(sealed, PLACE))

    assert code is ErrorCode.SEALING_KEY_UNKNOWN


def test_one_payload_is_never_sealed_alike_twice():
    sealer = Sealer({1: OLD})

    assert len({sealer.seal(b"MSH", PLACE) for _ in range(100)}) == 100


def test_what_is_sealed_shows_nothing_of_itself():
    assert b"MRN-4711" not in Sealer({1: OLD}).seal(b"MRN-4711" * 9, PLACE)


def test_what_cannot_be_opened_is_told_without_its_bytes():
    sealed = Sealer({1: OLD}).seal(b"4711", PLACE)

    with pytest.raises(InputError) as raised:
        Sealer({1: NEW}).open(sealed, PLACE)

    assert "4711" not in str(raised.value)
    assert sealed.hex() not in str(raised.value)


def test_a_digest_follows_from_key_place_and_payload():
    both = Sealer({1: OLD, 2: NEW}).digests(b"4711", PLACE)

    assert both[1] == Sealer({1: OLD}).digests(b"4711", PLACE)[1]
    assert len({*both.values(), *Sealer({1: OLD}).digests(b"4711", "x").values()}) == 3
    assert both != Sealer({1: OLD, 2: NEW}).digests(b"4712", PLACE)


@pytest.mark.parametrize("keys", [{}, {0: OLD}, {1: OLD[:31]}])
def test_weak_or_missing_keys_are_refused(keys):
    with pytest.raises(ValueError, match="32 bytes"):
        Sealer(keys)
