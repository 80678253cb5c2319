"""Which protocols are in force, partition by partition.

A protocol comes into force at one place of the log, and every version is kept with its
place: what must be judged again is judged by the rules of its own place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from struct import Struct

from streams.app.live.shelf import Shelf
from streams.clinical.criteria.loading import (
    refuse_inclusion_by_absence,
    refuse_unknown_flags,
)
from streams.pipeline.patient import Rules
from streams.vocabulary.errors import (
    ErrorCode,
    InputError,
    ProtocolError,
    SettingsError,
)
from streams.vocabulary.messages import PROTOCOL_IN_FORCE, ProtocolInForce, decode
from streams.vocabulary.protocol import Protocol


_OFFSET = Struct(">Q")


@dataclass(frozen=True, slots=True)
class InForce:
    """Rules that hold behind one place of a partition's log."""

    since: int
    """Offset of the protocol that changed them; what lies before was judged without."""
    rules: Rules
    revisions: Mapping[str, int]
    """By trial."""


@dataclass(slots=True)
class RuleBook:
    """The rules of each partition, place by place; `base` has what all share."""

    shelf: Shelf
    base: Rules
    _books: dict[int, list[InForce]] = field(default_factory=dict)
    _read: dict[str, Protocol] = field(default_factory=dict)
    """By content hash; the same few are in force everywhere."""

    def at(self, partition: int) -> Callable[[int], Rules]:
        """The rules for each place of a partition's log."""
        book = self._book(partition)

        def rules(offset: int) -> Rules:
            return next(f.rules for f in reversed(book) if f.since < offset)

        return rules

    def enter(self, partition: int, offset: int, message: ProtocolInForce) -> bool:
        """Put a protocol into force behind this place; tell whether that changes any.

        A lower revision never follows a higher one.
        Raises `InputError` EMB-110 for a document that cannot be put into force.
        """
        protocol = self._protocol(message)
        book = self._book(partition)
        last = book[-1]
        known = last.revisions.get(message.trial, -1)
        if offset <= last.since or message.revision <= known:
            return False
        book.append(_in_force(last, offset, message, protocol))
        return True

    def forget(self) -> None:
        """Read the shelf again when asked next."""
        self._books.clear()

    def _book(self, partition: int) -> list[InForce]:
        held = self._books.get(partition)
        if held is None:
            held = self._books[partition] = self._load(partition)
        return held

    def _load(self, partition: int) -> list[InForce]:
        book = [InForce(-1, self.base, {})]
        for key, value in self.shelf.all("rules", partition):
            (offset,) = _OFFSET.unpack(key)
            message = decode(PROTOCOL_IN_FORCE, value)
            protocol = self._protocol(message)
            book.append(_behind(book[-1], offset, message, protocol))
        return book

    def _protocol(self, message: ProtocolInForce) -> Protocol:
        held = self._read.get(message.protocol_hash)
        if held is None:
            held = self._read[message.protocol_hash] = parsed(message)
        return held


def rule_key(offset: int) -> bytes:
    """The name under which the protocol of that place is stored."""
    return _OFFSET.pack(offset)


def _behind(
    last: InForce, offset: int, message: ProtocolInForce, protocol: Protocol
) -> InForce:
    """The rules as they were, with this version of its trial's protocol."""
    others = [p for p in last.rules.protocols if p.id != message.trial]
    protocols = tuple(sorted([*others, protocol], key=lambda p: p.id))
    return InForce(
        since=offset,
        rules=replace(last.rules, protocols=protocols),
        revisions={**last.revisions, message.trial: message.revision},
    )


def _in_force(
    last: InForce, offset: int, message: ProtocolInForce, protocol: Protocol
) -> InForce:
    """The same; raises `InputError` EMB-110 where this worker cannot flag for it."""
    try:
        return _behind(last, offset, message, protocol)
    except SettingsError as fault:
        raise InputError(
            ErrorCode.MALFORMED_MESSAGE,
            f"The protocol of {message.trial}, revision {message.revision}, waits for a "
            f"flag that this worker cannot raise: {fault.problem}",
            fault.cure,
        ) from None


def parsed(message: ProtocolInForce) -> Protocol:
    """The protocol in the message; raises `InputError` EMB-110."""
    try:
        protocol = Protocol.model_validate_json(message.document)
        refuse_unknown_flags(protocol)
        refuse_inclusion_by_absence(protocol)
    except (ValueError, ProtocolError) as fault:
        raise InputError(
            ErrorCode.MALFORMED_MESSAGE,
            f"The protocol of {message.trial}, revision {message.revision}, cannot be "
            f"put into force ({type(fault).__name__}).",
            "Activate it again from its document.",
        ) from None
    if protocol.digest != message.protocol_hash:
        raise InputError(
            ErrorCode.MALFORMED_MESSAGE,
            f"The protocol of {message.trial}, revision {message.revision}, is not "
            "what its hash says.",
            "Activate it again from its document.",
        )
    return protocol
