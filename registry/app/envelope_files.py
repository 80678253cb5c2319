"""Break-glass envelopes: one encrypted file a participant and domain.

AES-256-GCM under the custodian's key, bound to participant and domain; every file of a
trial has the same length, whatever the arm.
Reference: NIST SP 800-38D.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from registry.domain.unblinding import UnblindingReason
from registry.usecases.seal_envelopes import Letter
from streams.vocabulary.clock import iso
from streams.vocabulary.errors import (
    BrokenInvariant,
    ErrorCode,
    InputError,
    SettingsError,
)


_LABEL = b"ember break-glass envelope|"
_SALT, _NONCE, _PADDED = 16, 12, 256
_OWNER_ONLY = 0o600
_ENDING = ".envelope"


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One file as it lies there, sealed."""

    trial: str
    participant: str
    domain: str
    salt: bytes
    nonce: bytes
    sealed: bytes

    @property
    def name(self) -> str:
        """Of its file."""
        return f"{quote(self.participant, safe='')}.{quote(self.domain, safe='')}"

    def opened(self, key: bytes) -> str:
        """The arm; raises `InputError` EMB-150 for another key, or a changed file."""
        try:
            plain = _cipher(key, self.salt).decrypt(
                self.nonce,
                self.sealed,
                _bound(self.trial, self.participant, self.domain),
            )
        except InvalidTag:
            raise InputError(
                ErrorCode.SEAL_BROKEN,
                f"The envelope of {self.participant} cannot be opened with this key.",
                "Use the custodian's key, and the file as it was made.",
            ) from None
        return plain.decode().rstrip("\0")


def sealed(letter: Letter, key: bytes) -> Envelope:
    """The letter in its envelope."""
    plain = letter.arm.encode()
    if len(plain) > _PADDED:
        raise BrokenInvariant(f"An arm of {letter.domain} has too long a name.")
    salt, nonce = secrets.token_bytes(_SALT), secrets.token_bytes(_NONCE)
    bound = _bound(letter.trial, letter.participant, letter.domain)
    return Envelope(
        trial=letter.trial,
        participant=letter.participant,
        domain=letter.domain,
        salt=salt,
        nonce=nonce,
        sealed=_cipher(key, salt).encrypt(nonce, plain.ljust(_PADDED, b"\0"), bound),
    )


def write_envelope(folder: Path, envelope: Envelope) -> None:
    """Whole or not at all; raises `SettingsError` EMB-402 where it cannot be written."""
    told = {
        "trial": envelope.trial,
        "participant": envelope.participant,
        "domain": envelope.domain,
        "salt": envelope.salt.hex(),
        "nonce": envelope.nonce.hex(),
        "sealed": envelope.sealed.hex(),
    }
    beside = folder / f"{envelope.name}.{secrets.token_hex(4)}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(beside, os.O_EXCL, json.dumps(told) + "\n")
        beside.replace(folder / f"{envelope.name}{_ENDING}")
    except OSError as fault:
        raise _unusable(folder, fault) from None


def envelopes_in(folder: Path) -> frozenset[tuple[str, str]]:
    """Participant and domain of each envelope that is there."""
    found = (read_envelope(path) for path in sorted(folder.glob(f"*{_ENDING}")))
    return frozenset((one.participant, one.domain) for one in found)


def read_envelope(path: Path) -> Envelope:
    """Raises `SettingsError` EMB-403 for no file, `InputError` EMB-113 for no envelope."""
    try:
        told = json.loads(path.read_text("ascii"))
        return Envelope(
            trial=told["trial"],
            participant=told["participant"],
            domain=told["domain"],
            salt=bytes.fromhex(told["salt"]),
            nonce=bytes.fromhex(told["nonce"]),
            sealed=bytes.fromhex(told["sealed"]),
        )
    except OSError as fault:
        raise SettingsError(
            ErrorCode.PATH_NOT_FOUND,
            f"{path} cannot be read ({fault.strerror}).",
            "Name the participant's envelope.",
        ) from None
    except (ValueError, KeyError, TypeError):
        raise InputError(
            ErrorCode.UNREADABLE_FILE,
            f"{path} is no envelope.",
            "Name a file that `ember envelope make` wrote.",
        ) from None


def note_opening(
    log: Path,
    envelope: Envelope,
    *,
    reason: UnblindingReason,
    note: str | None,
    actor: str,
    at: datetime,
) -> None:
    """Add a line, on the disk before it returns; raises `SettingsError` EMB-402."""
    told = {
        "participant": envelope.participant,
        "domain": envelope.domain,
        "actor": actor,
        "reason": reason.value,
        "note": note,
        "at": iso(at),
    }
    try:
        _write(log, os.O_APPEND, json.dumps(told) + "\n")
    except OSError as fault:
        raise _unusable(log, fault) from None


def _write(path: Path, how: int, text: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | how
    with os.fdopen(os.open(path, flags, _OWNER_ONLY), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    return AESGCM(hmac.digest(key, _LABEL + salt, "sha256"))


def _bound(*parts: str) -> bytes:
    return json.dumps(parts).encode()


def _unusable(path: Path, fault: OSError) -> SettingsError:
    return SettingsError(
        ErrorCode.BAD_SETTING,
        f"{path} cannot be written ({fault.strerror}).",
        "Name a place of the custodian's own; of openings, another file: `--log`.",
    )
