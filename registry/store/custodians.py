"""The key of whoever keeps what is sealed on paper or in envelopes: never the signer's."""

from __future__ import annotations

from pathlib import Path

from streams.vocabulary.errors import ErrorCode, SettingsError


_LEAST_BYTES = 32
_OTHERS = 0o077


def read_custodian_key(path: Path) -> bytes:
    """The bytes of the file.

    Raises `SettingsError` EMB-312 where it cannot be read, is too short, may be read by
    others than its owner, or is a key file of the signer.
    """
    try:
        others = path.stat().st_mode & _OTHERS
        key = path.read_bytes()
    except OSError as fault:
        raise _unusable(path, f"cannot be read ({fault.strerror})") from None
    if others:
        raise _unusable(path, "may be read by others than its owner")
    if key.startswith(b"{"):
        raise _unusable(path, "is the signer's key file")
    if len(key) < _LEAST_BYTES:
        raise _unusable(path, f"has {len(key)} bytes, fewer than {_LEAST_BYTES}")
    return key


def _unusable(path: Path, fault: str) -> SettingsError:
    return SettingsError(
        ErrorCode.SECRET_MISSING,
        f"The custodian's key {path} {fault}.",
        "The custodian makes one, `openssl rand 32 > FILE`, mode 600, and keeps it.",
    )
