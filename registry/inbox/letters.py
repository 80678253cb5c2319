"""Dead letters: what is bad in itself, kept byte for byte where a person finds it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from registry.domain.letter import Letter
from registry.inbox.clients import Producer, Record
from streams.vocabulary.letters import dead_letter, letter_key
from streams.vocabulary.messages import DEAD_LETTER, DeadLetter, encode
from streams.vocabulary.topics import FORMAT_HEADER, REJECTED


def letter(
    record: Record, *, code: str, reason: str, rejected_by: str, at: datetime
) -> DeadLetter:
    """The letter of this record; a second one has the same id."""
    return dead_letter(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        value=record.value,
        code=code,
        reason=reason,
        rejected_by=rejected_by,
        rejected_at=at,
    )


def send_again(
    letters: Sequence[Letter], producer: Producer, *, seconds: float
) -> None:
    """Put records back to where they came from, byte for byte.

    Returns when the broker has them, raises a `KafkaError` otherwise.
    """
    sent = [
        producer.send(
            one.topic,
            one.value or b"",
            one.record_key or b"",
            [
                (FORMAT_HEADER, (one.form or "").encode()),
                *((name, told.encode()) for name, told in one.headers.items()),
            ],
        )
        for one in letters
    ]
    producer.flush(seconds)
    for one_sent in sent:
        one_sent.get(seconds)


def post(letters: list[DeadLetter], producer: Producer, *, seconds: float) -> None:
    """Send them; returns when the broker has them, raises a `KafkaError` otherwise."""
    sent = [
        producer.send(
            REJECTED,
            encode(DEAD_LETTER, one),
            letter_key(one),
        )
        for one in letters
    ]
    producer.flush(seconds)
    for one in sent:
        one.get(seconds)
