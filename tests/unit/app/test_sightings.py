"""Identifiers on their way to the vault: sealed, and not told again and again."""

from datetime import UTC, datetime

from streams.adapters.identity.pseudonyms import Identifier, Sighting
from streams.adapters.identity.sealing import Sealer, place_of
from streams.app.sightings import Sightings
from streams.vocabulary.messages import IDENTITY_SIGHTING, encode


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SEAL = Sealer({1: bytes(range(32))})
ANNA = Sighting("p1-anna", 1, Identifier("MR", "MRN-4711"))
BERTA = Sighting("p1-berta", 1, Identifier("MR", "MRN-4712"))


def told(book, *sightings):
    return list(book.sealed(sightings, known_at=NOON, provenance="live"))


def test_a_sighting_is_sealed_for_its_topic():
    (one,) = told(Sightings("north", SEAL), ANNA)

    opened = SEAL.open(one.sealed, place_of("north", "identity.sightings"))

    assert opened == b'["MR", "MRN-4711"]'
    assert (one.site, one.patient) == ("north", "p1-anna")
    assert b"4711" not in encode(IDENTITY_SIGHTING, one)


def test_what_was_told_is_not_told_again():
    book = Sightings("north", SEAL)
    assert len(told(book, ANNA, ANNA)) == 1

    assert told(book, ANNA) == []
    assert [one.patient for one in told(book, ANNA, BERTA)] == ["p1-berta"]


def test_one_sighting_has_one_id_whoever_tells_it():
    first, second = (told(Sightings("north", SEAL), ANNA)[0] for _ in "12")
    assert first.message_id == second.message_id
    assert first.sealed != second.sealed


def test_what_is_remembered_of_a_sighting_cannot_be_read():
    book = Sightings("north", SEAL)
    told(book, ANNA)
    assert "4711" not in repr(book)
