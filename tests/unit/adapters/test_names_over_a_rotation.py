"""A newer key changes nobody's name: not the patient's, not the order's."""

from datetime import UTC, datetime

from streams.adapters.identity.pseudonyms import (
    Identifier,
    Pseudonyms,
    PublicIdentifiers,
    Sighting,
    key_version_of,
)
from streams.adapters.identity.rotation import reading_under
from streams.adapters.translation import Told, Translation
from streams.vocabulary.events import Measurement


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
OLD, NEW = bytes(range(32)), bytes(range(32, 64))
LONG_HERE, NEWCOMER = Identifier("MR", "1"), Identifier("MR", "2")


class Lines:
    """A format of our own: each line is a patient's number and an order's."""

    def __init__(self, identities):
        self._identities = identities

    def translate(self, payload, *, received_at):
        told, seen = [], []
        for line in payload.decode().splitlines():
            patient, order = line.split()
            who = Identifier("MR", patient)
            name = self._identities.name("patient", who)
            seen.append(Sighting(name, self._identities.key_version, who))
            reference = self._identities.name("reference", Identifier("", order))
            told.append(Told(name, (_lactate(reference, received_at),)))
        return Translation(
            kind="lines", outcome="mapped", told=tuple(told), sightings=tuple(seen)
        )


def _lactate(reference, at):
    return Measurement(
        event_id=reference, happened_at=at, known_at=at, concept="lactate", value=2.0
    )


def before():
    return Pseudonyms("north", {1: OLD})


def after():
    known = {before().name("patient", LONG_HERE)}
    return Pseudonyms("north", {1: OLD, 2: NEW}, known=known)


def told_of(identities, payload):
    reading = reading_under(identities, Lines)
    return reading.translate(payload, received_at=NOON)


def test_who_was_named_before_keeps_the_name_with_all_that_belongs_to_it():
    assert told_of(after(), b"1 77").told == told_of(before(), b"1 77").told


def test_who_is_new_is_named_under_the_newest_key_with_all_that_belongs_to_it():
    (one,) = told_of(after(), b"2 77").told

    assert key_version_of(one.patient) == 2
    assert key_version_of(one.events[0].event_id) == 2


def test_one_message_may_speak_of_both():
    told = {t.patient: t.events[0].event_id for t in told_of(after(), b"1 7\n2 7").told}

    assert {
        key_version_of(who): key_version_of(what) for who, what in told.items()
    } == {
        1: 1,
        2: 2,
    }


def test_a_sighting_tells_the_key_of_its_own_name():
    seen = told_of(after(), b"1 7\n2 7").sightings

    assert [s.key_version for s in seen] == [1, 2]
    assert [s.identifier for s in seen] == [LONG_HERE, NEWCOMER]


def test_under_one_key_or_none_a_message_is_read_once():
    assert isinstance(reading_under(before(), Lines), Lines)
    assert isinstance(reading_under(PublicIdentifiers(), Lines), Lines)


def test_what_is_no_pseudonym_is_of_no_key():
    assert key_version_of("10001217") == 0
    assert key_version_of("p1-short") == 0
    assert key_version_of(before().name("encounter", LONG_HERE)) == 1
