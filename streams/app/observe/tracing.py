"""W3C trace context in Kafka headers: one trace from the raw record to the alert.

The trace's id comes from the first message's id, so that a redelivery continues the
same trace. A header that cannot be read is as good as none; it never stops a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from streams.vocabulary.topics import TRACE_HEADER


@dataclass(frozen=True, slots=True)
class Trace:
    """One step of one trace."""

    trace_id: str
    """32 hexadecimal digits, not all zero."""
    span_id: str
    """16 hexadecimal digits, not all zero."""
    sampled: bool = True

    def header(self) -> bytes:
        """As the header `traceparent` carries it."""
        return f"00-{self.trace_id}-{self.span_id}-{self.sampled:02d}".encode()


def start(message_id: str) -> bytes:
    """The header of a trace that begins with this message."""
    return _begun(message_id.encode()).header()


def child(traceparent: bytes | None, name: str) -> bytes:
    """The header of the step `name` below `traceparent`; a new trace if that is bad."""
    parent = parse(traceparent) or _begun(b"%s/" % name.encode() + (traceparent or b""))
    span = _hexed(f"{parent.trace_id}/{parent.span_id}/{name}".encode(), 16)
    return Trace(parent.trace_id, span, parent.sampled).header()


def carried(headers: Iterable[tuple[str, bytes]] | None, message_id: str) -> bytes:
    """The trace a record's headers carry, or one that begins with this message."""
    for name, value in headers or ():
        if name == TRACE_HEADER and parse(value) is not None:
            return value
    return start(message_id)


def parse(value: bytes | None) -> Trace | None:
    """What the header says, or None where it says nothing that W3C allows."""
    found = _TRACEPARENT.fullmatch(value or b"")
    if found is None:
        return None
    version, trace_id, span_id, flags, more = (
        (part or b"").decode() for part in found.groups()
    )
    if version == "ff" or (version == "00" and more):
        return None
    if not (trace_id.strip("0") and span_id.strip("0")):
        return None
    return Trace(trace_id, span_id, sampled=bool(int(flags, 16) & 1))


_TRACEPARENT = re.compile(
    rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[!-~]{1,200})?"
)


def _begun(seed: bytes) -> Trace:
    return Trace(_hexed(b"trace/" + seed, 32), _hexed(b"span/" + seed, 16))


def _hexed(seed: bytes, digits: int) -> str:
    return sha256(seed).hexdigest()[:digits]
