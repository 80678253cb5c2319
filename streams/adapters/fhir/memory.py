"""What a translator remembers and holds, written so that another can go on."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError

from streams.adapters.fhir.cultures import Cultures, Growth, Test, Tried
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
    aliases: dict[str, str]
    stored: int | None
    waits_for: set[str]


class _Memory(BaseModel):
    """All of it; `version` tells the shape."""

    version: int = 1
    directory: list[tuple[str, Known]]
    ledger: list[tuple[str, Entry]]
    tests: dict[str, Test]
    growths: dict[str, Growth]
    tried: dict[str, dict[str, Tried]]
    parents: dict[str, str]
    held: list[_Held]


def write(reading: Reading) -> bytes:
    """The memory as JSON."""
    cultures = reading.cultures
    return (
        _Memory(
            directory=list(reading.directory.items()),
            ledger=list(reading.ledger.items()),
            tests=cultures.tests,
            growths=cultures.growths,
            tried=cultures.tried,
            parents=cultures.parents,
            held=[_held(sent, keys) for sent, keys in reading.waiting.all()],
        )
        .model_dump_json()
        .encode()
    )


def read(reading: Reading, written: bytes) -> None:
    """Take a memory over; raises `InputError` EMB-110 where it is none."""
    try:
        memory = _Memory.model_validate_json(written)
    except ValidationError as fault:
        raise _unreadable(fault.error_count()) from None
    if memory.version != 1:
        raise _unreadable(1)
    for key, known in memory.directory:
        reading.directory.learn(key, known)
    for key, entry in memory.ledger:
        reading.ledger.keep(key, entry)
    _remember_cultures(reading.cultures, memory)
    for one in memory.held:
        told = one.model_dump(exclude={"waits_for"})
        reading.waiting.hold(Sent(**told), one.waits_for)


def _remember_cultures(cultures: Cultures, memory: _Memory) -> None:
    for key, test in memory.tests.items():
        cultures.learn_test(key, test)
    for key, growth in memory.growths.items():
        cultures.learn_growth(key, growth)
    for growth_key, steps in memory.tried.items():
        for key, tried in steps.items():
            cultures.learn_tried(growth_key, key, tried)
    for key, parent in memory.parents.items():
        cultures.learn_member(key, parent)


def _held(sent: Sent, waits_for: frozenset[str]) -> _Held:
    text = repr(sent.resource)
    return _Held(
        resource=dict(sent.resource),
        key=sent.key,
        root=sent.root,
        place=sent.place,
        received_at=sent.received_at,
        aliases={url: key for url, key in sent.aliases.items() if url in text},
        stored=sent.stored,
        waits_for=set(waits_for),
    )


def _unreadable(faults: int) -> InputError:
    return InputError(
        ErrorCode.MALFORMED_MESSAGE,
        f"The memory of the FHIR reader cannot be read ({faults} faults).",
        "Begin anew, and send again what was sent since.",
    )
