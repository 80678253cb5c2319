"""The answer to a message: MSH mirrored, MSA, and what is wrong.

Source: HL7 v2.8.2 chapter 2, 2.9 (processing rules), 2.14.8 (MSA), 2.14.5 (ERR), tables
0008 and 0357.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from streams.adapters.hl7v2.delimiters import NONE
from streams.adapters.hl7v2.header import Hl7Header
from streams.adapters.hl7v2.times import written
from streams.vocabulary.errors import EmberError, ErrorCode


Acknowledgement = Literal["AA", "AE", "AR", "CA", "CE", "CR"]
"""Accepted, in error, rejected: of the application, or (`C`) of the receipt alone."""

_CONDITIONS = {
    ErrorCode.NOT_HL7: "100^Segment sequence error^HL70357",
    ErrorCode.NO_PATIENT: "101^Required field missing^HL70357",
    ErrorCode.NO_CONTROL_ID: "101^Required field missing^HL70357",
    ErrorCode.QUERY: "200^Unsupported message type^HL70357",
    ErrorCode.NOT_PRODUCTION: "202^Unsupported processing id^HL70357",
    ErrorCode.NOT_VERSION_2: "203^Unsupported version id^HL70357",
    ErrorCode.NO_MESSAGE_TYPE: "200^Unsupported message type^HL70357",
    ErrorCode.MALFORMED_MESSAGE: "102^Data type error^HL70357",
}
_INTERNAL = "207^Application internal error^HL70357"


def acknowledgement(
    received: Hl7Header,
    code: Acknowledgement,
    *,
    error: EmberError | None = None,
    at: datetime,
    control_id: str,
) -> bytes:
    """The answer, in the delimiters, version and charset of what was received.

    `error` is told by its code and its sentence, which name no patient; `control_id`
    is the answer's own.
    """
    these = received.delimiters
    kinds = ["ACK", received.trigger, "ACK"] if received.trigger else ["ACK"]
    of_old = _of_old(received.version)
    msh = [
        "MSH",
        these.encoding_characters,
        received.receiving_application,
        received.receiving_facility,
        received.sending_application,
        received.sending_facility,
        written(at)[:14] if of_old else written(at),
        "",
        these.component.join(kinds[:2] if of_old else kinds),
        these.escaped(control_id),
        these.escaped(received.processing_id),
        these.escaped(received.version),
        *("",) * 5,
        these.escaped(received.charset),
    ]
    told = these.escaped(str(error)) if error else ""
    msa = ["MSA", code, these.escaped(received.control_id), told if of_old else ""]
    segments = [msh, msa]
    if error is not None and not of_old:
        segments.append(_err(received, error))
    lines = (these.field.join(fields).rstrip(these.field) for fields in segments)
    text = "".join(f"{line}\r" for line in lines).replace(NONE, "")
    return text.encode(received.codec, "replace")


def _err(received: Hl7Header, error: EmberError) -> list[str]:
    these = received.delimiters
    condition = _CONDITIONS.get(error.code, _INTERNAL)
    return [
        "ERR",
        "",
        "",
        condition.replace("^", these.component),
        "E",
        these.escaped(error.code.value),
        "",
        "",
        these.escaped(error.problem),
    ]


def _of_old(version: str) -> bool:
    """Whether a version is older than 2.5, which brought today's ERR."""
    parts = version.split(".")
    minor = parts[1] if len(parts) > 1 else "5"
    return parts[0] == "2" and minor.isdigit() and int(minor) < 5
