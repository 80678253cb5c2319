"""Signing a webhook by Standard Webhooks 1.0.0, with secrets kept in files.

During a rotation there are several secrets, each giving its own signature.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from standardwebhooks import Webhook

from streams.vocabulary.clock import in_utc
from streams.vocabulary.errors import BrokenInvariant, ErrorCode, SettingsError


PREFIX = "whsec_"
LEAST_BYTES, MOST_BYTES = 24, 64
"""What the standard allows for the key of an HMAC-SHA256 signature."""


@dataclass(frozen=True, slots=True)
class Secret:
    """One signing secret; it never shows in a log, an error or a `repr`."""

    key: bytes = field(repr=False)


def read_secrets(files: Iterable[Path]) -> tuple[Secret, ...]:
    """The secrets in `files`, one a line, in order; the newest belongs first.

    Raises SettingsError EMB-312 where there is none, EMB-402 for a malformed one.
    """
    lines = [(file, line.strip()) for file in files for line in _lines(file)]
    secrets = tuple(_secret(line, file) for file, line in lines if line)
    if not secrets:
        raise SettingsError(
            ErrorCode.SECRET_MISSING, "No webhook secret is set.", _HOW_TO_WRITE
        )
    return tuple(dict.fromkeys(secrets))


def signed_headers(
    delivery_id: str, body: str, *, at: datetime, secrets: tuple[Secret, ...]
) -> Mapping[str, str]:
    """The three headers of the standard over exactly this body.

    `delivery_id` is the receiver's idempotency key: the same for every attempt.
    """
    if "." in delivery_id or not secrets:
        # The dot separates the signed parts: within the id it would blur them.
        raise BrokenInvariant("A delivery needs a secret and an id without dots.")
    moment = in_utc(at).replace(microsecond=0)
    signatures = (
        Webhook(secret.key).sign(delivery_id, moment, body) for secret in secrets
    )
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


_HOW_TO_WRITE = f"Write `{PREFIX}` and the base64 of 24 to 64 random bytes to its file."


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text("ascii").splitlines()
    except OSError:
        raise SettingsError(
            ErrorCode.SECRET_MISSING,
            f"The webhook secret's file {file.name} cannot be read.",
            _HOW_TO_WRITE,
        ) from None
    except UnicodeDecodeError:
        raise _malformed(file) from None


def _secret(line: str, file: Path) -> Secret:
    if not line.startswith(PREFIX):
        raise _malformed(file)
    try:
        key = base64.b64decode(_padded(line.removeprefix(PREFIX)), validate=True)
    except binascii.Error:
        # `from None`: the chained error would quote the secret.
        raise _malformed(file) from None
    if not LEAST_BYTES <= len(key) <= MOST_BYTES:
        raise _malformed(file)
    return Secret(key)


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 4)


def _malformed(file: Path) -> SettingsError:
    return SettingsError(
        ErrorCode.BAD_SETTING,
        f"The webhook secret's file {file.name} holds a line that is no secret.",
        _HOW_TO_WRITE,
    )
