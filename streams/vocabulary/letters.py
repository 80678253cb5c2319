"""Dead letters: what is bad in itself is kept byte for byte, where a person finds it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from streams.vocabulary.ids import identity
from streams.vocabulary.messages import DeadLetter
from streams.vocabulary.topics import TOLD_OF_RECEIPT


KEPT_BYTES = 700_000
"""A record of more would make a letter that the broker does not take."""


def dead_letter(
    *,
    topic: str,
    partition: int,
    offset: int,
    key: bytes | None,
    value: bytes | None,
    code: str,
    reason: str,
    rejected_by: str,
    rejected_at: datetime,
    form: str | None = None,
    headers: Mapping[str, bytes] | None = None,
    part: str = "",
) -> DeadLetter:
    """The letter of one record; whoever rejects it again, it is the same letter.

    Of the record's headers it keeps those that tell of the receipt.
    `part` names what of the record is rejected by itself, and later.
    """
    size = len(value or b"")
    if size > KEPT_BYTES:
        reason = f"{reason} Its {size} bytes are too many to keep here: see its offset."
    return DeadLetter(
        message_id=identity(
            "rejected", topic, str(partition), str(offset), *([part] if part else [])
        ),
        topic=topic,
        partition=partition,
        offset=offset,
        rejected_by=rejected_by,
        rejected_at=rejected_at,
        code=code,
        reason=reason,
        form=form,
        headers=_of_receipt(headers or {}),
        key=None if key is None else key[:1_024],
        value=value if size <= KEPT_BYTES else None,
    )


def letter_key(letter: DeadLetter) -> bytes:
    """The key of its record on `ehr.rejected`."""
    return f"{letter.topic}/{letter.partition}/{letter.offset}".encode()


def _of_receipt(headers: Mapping[str, bytes]) -> dict[str, str] | None:
    told = {
        name: headers[name].decode("utf-8", "replace")
        for name in TOLD_OF_RECEIPT
        if name in headers
    }
    return told or None
