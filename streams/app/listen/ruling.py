"""Whether a message is for us, and what its sender is told (HL7 v2.9, 2.9.2 and 2.9.3).

| the message | stored | original | enhanced |
| --- | --- | --- | --- |
| readable, of a version 2.x | yes | AA | CA |
| lacks MSH-9 or MSH-10 | yes | AE | CE |
| has no header that can be read | yes, as a dead letter to be | AR | CR |
| of a version that is not 2.x, or a processing id that is not taken | no | AR | CR |
| a query, which waits for data | no | AR | CR |
| larger than allowed | no | AR | CR |
| an acknowledgement itself | no | nothing | nothing |

What is stored goes on to ingest, which files or rejects what it cannot use.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from streams.adapters.hl7v2.acknowledge import Acknowledgement
from streams.adapters.hl7v2.header import Hl7Header, header
from streams.vocabulary.errors import ErrorCode, InputError


Outcome = Literal["accept", "error", "reject", "ignore"]


@dataclass(frozen=True, slots=True)
class Ruling:
    """What is done with one message."""

    outcome: Outcome
    stored: bool
    error: InputError | None = None


NO_HEADER = header(b"MSH|^~\\&|||||||ACK||P|2.5")
"""Stands for a header that cannot be read, so that there is one to answer."""

TOO_LARGE = Ruling(
    "reject",
    stored=False,
    error=InputError(
        ErrorCode.MESSAGE_TOO_LARGE, "The message is larger than the listener takes."
    ),
)
_ACCEPTED = Ruling("accept", stored=True)
_AN_ANSWER = Ruling("ignore", stored=False)
_NO_TYPE = Ruling(
    "error",
    stored=True,
    error=InputError(ErrorCode.NO_MESSAGE_TYPE, "MSH-9 is missing."),
)
_NO_CONTROL_ID = Ruling(
    "error",
    stored=True,
    error=InputError(ErrorCode.NO_CONTROL_ID, "MSH-10 is missing."),
)
_A_QUERY = Ruling(
    "reject",
    stored=False,
    error=InputError(ErrorCode.QUERY, "Queries are not answered here."),
)
_PROCESSING = Ruling(
    "reject",
    stored=False,
    error=InputError(
        ErrorCode.NOT_PRODUCTION, "MSH-11 is a processing id that is not taken here."
    ),
)
_VERSION = Ruling(
    "reject",
    stored=False,
    error=InputError(ErrorCode.NOT_VERSION_2, "MSH-12 is no version 2.x."),
)

_QUERIES = frozenset(("QBP", "QRY", "QSB", "QVR", "SPQ", "VQQ", "EQQ", "RQQ", "OSQ"))
_CODES: dict[Outcome, tuple[Acknowledgement, Acknowledgement]] = {
    "accept": ("AA", "CA"),
    "error": ("AE", "CE"),
    "reject": ("AR", "CR"),
}
"""By outcome, what is said in the original and in the enhanced mode."""


def unreadable(fault: InputError) -> Ruling:
    """What is done with bytes that have no header."""
    return Ruling("reject", stored=True, error=fault)


def ruled(received: Hl7Header, processing: Collection[str]) -> Ruling:
    """What is done with the message; `processing` are the ids (MSH-11) taken here.

    A sender that names no version or no processing id is believed to mean ours.
    """
    kind = received.message_type
    if kind == "ACK":
        return _AN_ANSWER
    if received.version and not received.version.startswith("2"):
        return _VERSION
    if received.processing_id and received.processing_id not in processing:
        return _PROCESSING
    if kind in _QUERIES:
        return _A_QUERY
    if not kind:
        return _NO_TYPE
    return _ACCEPTED if received.control_id else _NO_CONTROL_ID


def wanted(received: Hl7Header, outcome: Outcome) -> Acknowledgement | None:
    """What the sender wants to hear of it; None: nothing.

    A sender that fills in MSH-15 or MSH-16 speaks the enhanced mode: of the accept
    acknowledgement MSH-15 decides, and where it wants none, of the application's own
    MSH-16. It never gets two answers to one message.
    """
    if outcome == "ignore":
        return None
    original, enhanced = _CODES[outcome]
    if not received.enhanced:
        return original
    if _asks(received.accept_acknowledgement, outcome):
        return enhanced
    return original if _asks(received.application_acknowledgement, outcome) else None


def _asks(condition: str, outcome: Outcome) -> bool:
    """Table 0155: always, never, on error or rejection only, on success only."""
    match condition:
        case "AL":
            return True
        case "ER":
            return outcome != "accept"
        case "SU":
            return outcome == "accept"
    return False
