"""What a translator remembers and holds, written so that another can go on.

It is written row by row: one row for each resource that is known, told of, or held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from streams.adapters.fhir.cultures import Growth, Test, Tried
from streams.adapters.fhir.journal import Section
from streams.adapters.fhir.known import Known
from streams.adapters.fhir.ledger import Entry
from streams.adapters.fhir.reading import Reading
from streams.adapters.fhir.waiting import Sent
from streams.vocabulary.clock import Instant
from streams.vocabulary.errors import ErrorCode, InputError


class _Held(BaseModel):
    """One resource that waits, with the addresses it uses."""

    resource: dict[str, Any]
    key: str
    root: str
    place: str
    received_at: Instant
    arrived_at: Instant
    record: str
    history: bool
    aliases: dict[str, str]
    stored: int | None
    waits_for: set[str]


@dataclass(frozen=True, slots=True)
class Row:
    """What is remembered in one place; None: nothing any more."""

    section: Section
    key: str
    value: bytes | None


class _Memory(BaseModel):
    """All of it; `version` tells the shape."""

    version: int = 2
    rows: list[tuple[Section, str, str]]


def changed(reading: Reading) -> list[Row]:
    """The rows of what has changed since this was last asked."""
    return [
        Row(section, key, _SECTIONS[section].write(reading, key))
        for section, key in reading.journal.take()
    ]


def recall(reading: Reading, row: Row) -> None:
    """Remember a row; raises `InputError` EMB-110 for one that nobody wrote."""
    if row.value is None:
        return
    try:
        _SECTIONS[row.section].read(reading, row.key, row.value)
    except (ValidationError, ValueError) as fault:
        raise _unreadable(fault) from None


def settled(reading: Reading) -> None:
    """All that was recalled is written down already."""
    reading.journal.take()


def write(reading: Reading) -> bytes:
    """The whole memory as JSON."""
    rows = [
        (section, key, value.decode())
        for section, part in _SECTIONS.items()
        for key in part.keys(reading)
        if (value := part.write(reading, key)) is not None
    ]
    return _Memory(rows=rows).model_dump_json().encode()


def read(reading: Reading, written: bytes) -> None:
    """Remember what was written; raises `InputError` EMB-110 for other bytes."""
    try:
        memory = _Memory.model_validate_json(written)
    except ValidationError as fault:
        raise _unreadable(fault) from None
    if memory.version != _VERSION:
        raise _unreadable(None)
    for section, key, value in memory.rows:
        recall(reading, Row(section, key, value.encode()))


_VERSION = 2
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class _Part:
    """How one section is gone through, written and read."""

    keys: Callable[[Reading], Iterator[str]]
    write: Callable[[Reading, str], bytes | None]
    read: Callable[[Reading, str, bytes], None]


def _part(
    shape: type[_Value] | TypeAdapter[_Value],
    keys: Callable[[Reading], Iterator[str]],
    find: Callable[[Reading, str], _Value | None],
    learn: Callable[[Reading, str, _Value], object],
) -> _Part:
    form = shape if isinstance(shape, TypeAdapter) else TypeAdapter(shape)

    def write_one(reading: Reading, key: str) -> bytes | None:
        found = find(reading, key)
        return None if found is None else form.dump_json(found)

    def read_one(reading: Reading, key: str, value: bytes) -> None:
        learn(reading, key, form.validate_json(value))

    return _Part(keys, write_one, read_one)


def _held(reading: Reading, number: str) -> _Held | None:
    entry = reading.waiting.entry(int(number))
    if entry is None:
        return None
    sent, waits_for = entry
    text = repr(sent.resource)
    return _Held(
        resource=dict(sent.resource),
        key=sent.key,
        root=sent.root,
        place=sent.place,
        received_at=sent.received_at,
        arrived_at=sent.arrived_at,
        record=sent.record,
        history=sent.history,
        aliases={url: key for url, key in sent.aliases.items() if url in text},
        stored=sent.stored,
        waits_for=set(waits_for),
    )


def _hold(reading: Reading, number: str, one: _Held) -> None:
    told = one.model_dump(exclude={"waits_for"})
    reading.waiting.hold_again(int(number), Sent(**told), one.waits_for)


def _learn_tried(reading: Reading, growth: str, steps: dict[str, Tried]) -> None:
    for key, tried in steps.items():
        reading.cultures.learn_tried(growth, key, tried)


_KNOWN: TypeAdapter[Known] = TypeAdapter(Known)
_STEPS: TypeAdapter[dict[str, Tried]] = TypeAdapter(dict[str, Tried])

_SECTIONS: dict[Section, _Part] = {
    "directory": _part(
        _KNOWN,
        lambda r: (key for key, _ in r.directory.items()),
        lambda r, key: r.directory.entry(key),
        lambda r, key, known: r.directory.learn(key, known),
    ),
    "ledger": _part(
        Entry,
        lambda r: (key for key, _ in r.ledger.items()),
        lambda r, key: r.ledger.entry(key),
        lambda r, key, entry: r.ledger.keep(key, entry),
    ),
    "tests": _part(
        Test,
        lambda r: iter(r.cultures.tests),
        lambda r, key: r.cultures.tests.get(key),
        lambda r, key, test: r.cultures.learn_test(key, test),
    ),
    "growths": _part(
        Growth,
        lambda r: iter(r.cultures.growths),
        lambda r, key: r.cultures.growths.get(key),
        lambda r, key, growth: r.cultures.learn_growth(key, growth),
    ),
    "tried": _part(
        _STEPS,
        lambda r: iter(r.cultures.tried),
        lambda r, growth: r.cultures.tried.get(growth),
        _learn_tried,
    ),
    "parents": _part(
        str,
        lambda r: iter(r.cultures.parents),
        lambda r, member: r.cultures.parents.get(member),
        lambda r, member, of: r.cultures.learn_member(member, of),
    ),
    "held": _part(_Held, lambda r: map(str, r.waiting.numbers()), _held, _hold),
}
"""What is read first is what others are found by."""


def _unreadable(fault: ValidationError | ValueError | None) -> InputError:
    faults = fault.error_count() if isinstance(fault, ValidationError) else 1
    return InputError(
        ErrorCode.MALFORMED_MESSAGE,
        f"The memory of the FHIR reader cannot be read ({faults} faults).",
        "Begin anew, and send again what was sent since.",
    )
