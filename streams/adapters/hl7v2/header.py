"""What MSH says of a message: who sent it, what it is, how to answer."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

from streams.adapters.hl7v2.charset import decoded
from streams.adapters.hl7v2.delimiters import Delimiters
from streams.adapters.hl7v2.splitter import Segment, beginning, first_line, split
from streams.adapters.hl7v2.times import Moment, moment, zone_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Hl7Header:
    """The message header; texts are empty where the message says nothing.

    `sending_application` to `receiving_facility` are whole fields as written, with
    their components: they are mirrored, not read.
    """

    delimiters: Delimiters
    sending_application: str
    sending_facility: str
    receiving_application: str
    receiving_facility: str
    issued: Moment | None
    """MSH-7; None where it is missing or no time."""
    zone: tzinfo
    """Of the times in the message that name none."""
    message_type: str
    """`ORU`."""
    trigger: str
    """`R01`; empty where the message names none."""
    control_id: str
    """MSH-10."""
    processing_id: str
    """`P` production, `T` training, `D` debugging."""
    version: str
    """`2.5.1`."""
    accept_acknowledgement: str
    """MSH-15: `AL`, `NE`, `ER` or `SU`; empty in the original mode."""
    application_acknowledgement: str
    """MSH-16, the same."""
    charset: str
    """The first of MSH-18, as written."""
    codec: str
    """By which the bytes were read."""

    @property
    def issued_at(self) -> datetime | None:
        """The instant of MSH-7."""
        return self.issued.at if self.issued is not None else None

    @property
    def kind(self) -> str:
        """Its type as the format names it: `ORU^R01`."""
        return f"{self.message_type}^{self.trigger}"

    @property
    def sender(self) -> str:
        """Application and facility that sent it, as written."""
        return f"{self.sending_application}|{self.sending_facility}"

    @property
    def enhanced(self) -> bool:
        """Whether the sender tells which acknowledgements it wants."""
        return bool(self.accept_acknowledgement or self.application_acknowledgement)


def header(payload: bytes, *, zone: tzinfo = UTC) -> Hl7Header:
    """The header of the message in the bytes; nothing but MSH is read.

    `zone` is that of an MSH-7 that names none.
    Raises `InputError` EMB-120 where no message begins, or its delimiters are none.
    """
    read = decoded(payload)
    text = read.text[beginning(read.text) :]
    return header_of(split(first_line(text), read.codec).msh, read.codec, zone)


def header_of(msh: Segment, codec: str, zone: tzinfo) -> Hl7Header:
    """The header that a segment MSH is."""
    kind, trigger = msh.text(9), msh.text(9, 2)
    if not trigger and (found := _TOGETHER.match(msh.raw(9))):
        kind, trigger = found[1], found[2]
    return Hl7Header(
        delimiters=msh.delimiters,
        sending_application=msh.raw(3),
        sending_facility=msh.raw(4),
        receiving_application=msh.raw(5),
        receiving_facility=msh.raw(6),
        issued=moment(msh.text(7), zone),
        zone=zone_of(msh.text(7), zone),
        message_type=kind.upper(),
        trigger=trigger.upper(),
        control_id=msh.text(10),
        processing_id=msh.text(11),
        version=msh.text(12),
        accept_acknowledgement=msh.text(15).upper(),
        application_acknowledgement=msh.text(16).upper(),
        charset=msh.text(18),
        codec=codec,
    )


def with_event(header: Hl7Header, code: str) -> Hl7Header:
    """The header of a message that names its trigger in EVN-1 alone.

    Versions before 2.2 have none in MSH-9; events `A..` are of ADT.
    """
    told = code.upper()
    if header.trigger or header.message_type not in ("", "ADT"):
        return header
    if not _ADT_EVENT.fullmatch(told):
        return header
    return replace(header, message_type="ADT", trigger=told)


_ADT_EVENT = re.compile(r"A\d\d")
_TOGETHER = re.compile(r"\s*([A-Z]{3})(?:\\S\\|[\^_&\- ])+([A-Z]\d\d)\b", re.IGNORECASE)
"""Type and trigger that are no two components: `ADT_A01`, `ORU&R01`, `ORU\\S\\R01`."""
