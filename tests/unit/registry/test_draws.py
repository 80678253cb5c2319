import hashlib
import hmac
from collections import Counter
from dataclasses import replace
from itertools import product

import pytest

from registry.domain.allocation import SealedArm
from registry.domain.randomisation.draws import (
    Position,
    commitment,
    draw_below,
    nonce_at,
)


KEY = bytes(range(32))
HERE = Position("TIDE", "fluids", "shock=yes", 7)


def test_a_draw_is_the_first_word_of_the_hmac_of_its_place_modulo_n():
    told = b"TIDE|fluids|shock=yes|7|block size|0"
    word = int.from_bytes(hmac.new(KEY, told, hashlib.sha256).digest()[:8], "big")

    assert draw_below(KEY, HERE, purpose="block size", n=6) == word % 6


def test_words_that_would_favour_small_numbers_are_rejected():
    # Of 2**63 + 1 values almost half the words lie above the limit.
    n = 2**63 + 1
    drawn = [
        draw_below(KEY, Position("T", "d", "s", number), purpose="p", n=n)
        for number in range(200)
    ]
    first_words = [
        int.from_bytes(
            hmac.digest(KEY, f"T|d|s|{number}|p|0".encode(), "sha256")[:8], "big"
        )
        for number in range(200)
    ]

    rejected = [word >= n for word in first_words]
    assert 60 < sum(rejected) < 140
    for value, word, was_rejected in zip(drawn, first_words, rejected, strict=True):
        assert 0 <= value < n
        assert (value == word) != was_rejected


def test_each_number_is_as_likely_as_the_others():
    counts = Counter(
        draw_below(KEY, Position("T", "d", "s", number), purpose="p", n=6)
        for number in range(6000)
    )

    assert set(counts) == set(range(6))
    # Chi-square with 5 degrees of freedom: 20.5 is its 99.9th percentile.
    assert sum((count - 1000) ** 2 / 1000 for count in counts.values()) < 20.5


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_draw_stays_below_its_bound(n):
    drawn = {
        draw_below(KEY, Position("T", "d", "s", number), purpose="p", n=n)
        for number in range(60)
    }
    assert drawn == set(range(n))


def test_no_two_places_share_a_draw_whatever_their_names_hold():
    parts = ("a", "a|b", "b", "a%7Cb", "")
    places = [Position(*names, 1) for names in product(parts, repeat=3)]
    drawn = {draw_below(KEY, place, purpose="p", n=2**62) for place in places}

    assert len(drawn) == len(places)


def test_the_commitment_is_the_sha256_of_the_key():
    assert commitment(KEY) == hashlib.sha256(KEY).hexdigest()


def test_a_nonce_is_an_hmac_of_its_place_that_no_draw_shares():
    told = b"TIDE|fluids|shock=yes|7|nonce"

    assert nonce_at(KEY, HERE) == hmac.new(KEY, told, hashlib.sha256).hexdigest()
    assert nonce_at(KEY, HERE) != nonce_at(KEY, replace(HERE, sequence_no=8))
    assert nonce_at(KEY, HERE) != nonce_at(bytes(32), HERE)


def test_a_commitment_opens_with_its_nonce_and_its_arm_alone():
    sealed = SealedArm(randomisation_id="r", arm="standard", nonce=nonce_at(KEY, HERE))
    told = f"{sealed.nonce}standard".encode()

    assert sealed.commitment == hashlib.sha256(told).hexdigest()
    assert sealed.commitment != replace(sealed, arm="restrictive").commitment
    assert sealed.commitment != replace(sealed, nonce="0" * 64).commitment
