"""The worker's dead letters; the rest of a batch goes on without them."""

from __future__ import annotations

from streams.app.live.turn import Output, Record
from streams.vocabulary.errors import InputError
from streams.vocabulary.letters import dead_letter, letter_key
from streams.vocabulary.messages import DEAD_LETTER, DeadLetter, encode
from streams.vocabulary.topics import FORMAT_HEADER, REJECTED


def letter(record: Record, fault: InputError) -> DeadLetter:
    """The record and what is wrong with it."""
    return dead_letter(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        value=record.value,
        code=fault.code.value,
        reason=str(fault),
        rejected_by="worker",
        rejected_at=record.stamped_at,
        form=_form(record),
        headers=record.headers,
    )


def part_letter(record: Record, fault: InputError, part: str) -> DeadLetter:
    """A part of a record that is rejected by itself; `record` has its bytes alone."""
    return dead_letter(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        value=record.value or None,
        code=fault.code.value,
        reason=str(fault),
        rejected_by="worker",
        rejected_at=record.stamped_at,
        form=_form(record),
        part=part,
    )


def _form(record: Record) -> str | None:
    told = record.headers.get(FORMAT_HEADER)
    return None if told is None else told.decode("ascii", "replace")


def posted(dead: DeadLetter) -> Output:
    """The letter as a record."""
    return Output(REJECTED, letter_key(dead), encode(DEAD_LETTER, dead))
