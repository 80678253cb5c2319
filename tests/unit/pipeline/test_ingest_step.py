from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from streams.pipeline.ingest import LARGEST, Received, ingest
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.events import Correction, Death
from streams.vocabulary.messages import (
    LOGGED,
    PROTOCOL_IN_FORCE,
    ROSTER_ENTRY,
    ClockTick,
    EhrMessage,
    ProtocolInForce,
    RosterEntry,
    decode,
    encode,
)
from streams.vocabulary.topics import BACKFILL, CANONICAL, PROTOCOLS, RAW, ROSTER


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=7)
DEATH = Death(event_id="d", happened_at=NOON, known_at=NOON)
MESSAGE = EhrMessage(
    message_id="m",
    site="s",
    patient="p",
    happened_at=NOON,
    known_at=NOON,
    source="test",
    provenance="live",
    events=(DEATH,),
)
TICK = ClockTick(
    message_id="t",
    site="s",
    patient="p",
    happened_at=NOON,
    known_at=NOON,
    source="clock",
    provenance="history",
)


def read(message, topic=RAW, form=CANONICAL, adapter=LOGGED):
    value = message if isinstance(message, bytes) else encode(adapter, message)
    return ingest(Received(topic=topic, value=value, form=form, received_at=LATER))


def test_live_events_became_known_when_the_broker_had_them():
    corrected = Correction(
        event_id="c",
        happened_at=NOON,
        known_at=NOON,
        corrects="d",
        event=replace(DEATH, known_at=NOON + timedelta(days=9)),
        version=2,
    )
    entry = read(replace(MESSAGE, events=(DEATH, corrected)))
    assert entry.key == b"s/p"
    assert entry.message.known_at == LATER
    assert [event.known_at for event in entry.message.events] == [LATER, LATER]
    assert entry.message.events[1].event.known_at == LATER
    assert decode(LOGGED, entry.payload) == entry.message


def test_history_keeps_its_own_clock_byte_for_byte():
    message = replace(MESSAGE, provenance="history")
    entry = read(message)
    assert entry.message == message
    assert entry.payload == encode(LOGGED, message)


def test_what_comes_by_backfill_is_history():
    assert read(MESSAGE, BACKFILL).message.provenance == "history"


def test_a_replayed_clock_goes_into_the_log():
    assert read(TICK).message == TICK


def test_real_time_is_the_workers_own():
    with pytest.raises(InputError) as refused:
        read(replace(TICK, provenance="live"))
    assert refused.value.code is ErrorCode.MALFORMED_MESSAGE


@pytest.mark.parametrize("topic", [RAW, BACKFILL])
def test_nobody_but_the_registry_enrols(topic):
    entry = RosterEntry(
        message_id="r",
        site="s",
        patient="p",
        happened_at=NOON,
        known_at=NOON,
        source="registry",
        provenance="live",
        trial="t",
        domain="d",
        episode="e",
        participant="1",
    )
    assert read(entry, ROSTER, adapter=ROSTER_ENTRY).key == b"s/p"
    with pytest.raises(InputError):
        read(entry, topic)


def test_a_protocol_concerns_every_partition():
    protocol = ProtocolInForce(
        message_id="m",
        trial="t",
        version="1",
        protocol_hash="h",
        revision=1,
        activated_at=NOON,
        document="{}",
    )
    assert read(protocol, PROTOCOLS, adapter=PROTOCOL_IN_FORCE).key is None


def test_history_is_not_known_before_it_was():
    early = replace(MESSAGE, provenance="history", known_at=NOON - timedelta(hours=1))
    with pytest.raises(InputError) as refused:
        read(early)
    assert "events.0.known_at" in str(refused.value)


@pytest.mark.parametrize(
    ("value", "form", "code"),
    [
        (b"", CANONICAL, ErrorCode.MALFORMED_MESSAGE),
        (b"\xff\xfe", CANONICAL, ErrorCode.MALFORMED_MESSAGE),
        (b"{}", CANONICAL, ErrorCode.MALFORMED_MESSAGE),
        (b"MSH|^~\\&|", "hl7v2", ErrorCode.UNKNOWN_FORMAT),
        (
            encode(LOGGED, replace(MESSAGE, site="a/b")),
            CANONICAL,
            ErrorCode.MALFORMED_MESSAGE,
        ),
        (
            encode(LOGGED, MESSAGE).replace(
                b"2026-03-01T12:00:00Z", b"9999-12-31T23:59:59-12:00"
            ),
            CANONICAL,
            ErrorCode.MALFORMED_MESSAGE,
        ),
        (b"x" * (LARGEST + 1), CANONICAL, ErrorCode.MALFORMED_MESSAGE),
        (
            encode(LOGGED, replace(MESSAGE, schema_version="2.0")),
            CANONICAL,
            ErrorCode.UNKNOWN_SCHEMA,
        ),
    ],
)
def test_what_is_bad_in_itself_has_a_code(value, form, code):
    with pytest.raises(InputError) as refused:
        read(value, form=form)
    assert refused.value.code is code


def test_a_rejection_quotes_no_value():
    value = encode(LOGGED, MESSAGE).replace(b'"live"', b'"Jane Doe"')
    with pytest.raises(InputError) as refused:
        read(value)
    assert "Jane" not in str(refused.value)
