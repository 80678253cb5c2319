"""Identifiers into the vault, and dead letters out of the registry and back."""

from contextlib import closing
from datetime import UTC, datetime
from threading import Event

import pytest
from integration.inbox.house import Heard, until

from registry.app.clocks import SystemClock
from registry.app.kafka import producer
from registry.inbox.letters import send_again
from registry.inbox.reading import Identities, Letters
from registry.usecases.open_identity import OpenIdentity, open_identity
from registry.usecases.retry_letters import RetryLetters, retry_letters
from streams.adapters.identity.pseudonyms import Identifier, Sighting
from streams.adapters.identity.sealing import Sealer
from streams.app.sightings import Sightings
from streams.vocabulary.errors import ErrorCode, SettingsError
from streams.vocabulary.letters import dead_letter, letter_key
from streams.vocabulary.messages import DEAD_LETTER, IDENTITY_SIGHTING, encode
from streams.vocabulary.topics import (
    FORMAT_HEADER,
    IDENTITIES,
    RAW,
    RECEIVED_HEADER,
    REJECTED,
)


pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

SEAL = Sealer({1: bytes(range(32))})
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SEEN = (
    Sighting("p1-anna", 1, Identifier("MR", "MRN-4711")),
    Sighting("p1-anna", 1, Identifier("SS", "SSN-0815")),
)


def sealed(seal=SEAL):
    told = Sightings("north", seal).sealed(SEEN, known_at=NOON, provenance="live")
    return [encode(IDENTITY_SIGHTING, one) for one in told]


def opened(registry):
    command = OpenIdentity(
        site="north", pseudonym="p1-anna", reason="a test", actor="me", at=NOON
    )
    with registry.transaction() as uow:
        found = open_identity(command, uow, seal=SEAL)
    return [(one.authority, one.value) for one in found]


def test_what_was_sighted_is_in_the_vault_once_and_nowhere_in_plain(house, registry):
    for value in [*sealed(), *sealed(), b"{}"]:
        house.send_bytes(IDENTITIES, value)
    with house.consuming(Identities(SEAL)) as watch:
        until(lambda: sum(watch.records.values()) == 5)

    assert opened(registry) == [("MR", "MRN-4711"), ("SS", "SSN-0815")]
    assert house.count("vault.identifier") == 2
    assert watch.records[IDENTITIES, "repeated"] == 2
    assert [letter.code for letter in house.letters()] == ["EMB-110"]
    assert not any(b"4711" in r.value for r in house.records(IDENTITIES))


def test_a_seal_that_was_changed_is_put_aside(house):
    house.send_bytes(IDENTITIES, sealed()[0].replace(b"north", b"south"))
    with house.consuming(Identities(SEAL)) as watch:
        until(lambda: sum(watch.records.values()) == 1)
    assert [letter.code for letter in house.letters()] == ["EMB-150"]


def test_without_the_key_nothing_is_put_aside_and_nothing_skipped(house, registry):
    house.send_bytes(IDENTITIES, sealed(Sealer({2: bytes(range(32))}))[0])
    watch = Heard()

    with pytest.raises(SettingsError) as refused:
        house.consumer(Identities(SEAL), registry, watch).run(Event())

    assert refused.value.code is ErrorCode.SECRET_MISSING
    assert not watch.records
    assert house.letters() == []


def test_a_letter_comes_into_the_registry_and_goes_out_again_as_it_was(house, registry):
    value = b"MSH|^~\\&|LAB\r\xff"
    letter = dead_letter(
        topic=RAW,
        partition=1,
        offset=7,
        key=b"north/p1-anna",
        value=value,
        code="EMB-107",
        reason="EMB-107: a unit",
        rejected_by="worker",
        rejected_at=NOON,
        form="hl7v2",
        headers={RECEIVED_HEADER: b"2026-03-01T11:59:00Z"},
    )
    for _ in range(2):
        house.send_bytes(REJECTED, encode(DEAD_LETTER, letter), letter_key(letter))
    with house.consuming(Letters()) as watch:
        until(lambda: sum(watch.records.values()) == 2)
    assert watch.records == {(REJECTED, "applied"): 1, (REJECTED, "repeated"): 1}

    with (
        closing(producer(house.broker.settings, "letters")) as out,
        registry.transaction() as uow,
    ):
        done = retry_letters(
            RetryLetters(
                letters=uow.letters.listing(code=None, waiting=True, limit=9),
                actor="me",
                at=SystemClock().now(),
            ),
            uow,
            send=lambda some: send_again(some, out, seconds=30),
        )

    assert len(done.sent) == 1
    (record,) = house.records(RAW)
    assert (record.key, record.value) == (b"north/p1-anna", value)
    assert dict(record.headers) == {
        FORMAT_HEADER: b"hl7v2",
        RECEIVED_HEADER: b"2026-03-01T11:59:00Z",
    }
