"""Key files: base64 of at least 32 random bytes, readable by their owner alone."""

from __future__ import annotations

import os
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping
from pathlib import Path

from streams.adapters.identity.pseudonyms import KEY_BYTES
from streams.vocabulary.errors import ErrorCode, SettingsError


_OWNER_ONLY = 0o600
_OTHERS = 0o077
_LARGEST = 4_096
"""Bytes of a key file; what is larger is none."""


def read_keys(files: Mapping[int, Path]) -> dict[int, bytes]:
    """The keys by version.

    Raises `SettingsError` EMB-312 for a file that is missing, that others than its
    owner may read, or that holds no key.
    """
    return {version: read_key(path) for version, path in files.items()}


def read_key(path: Path) -> bytes:
    """The key in the file; raises as `read_keys` does."""
    try:
        with path.open("rb") as file:
            others = os.fstat(file.fileno()).st_mode & _OTHERS
            written = file.read(_LARGEST)
        key = b64decode(written.strip(), validate=True)
    except OSError as fault:
        raise _unusable(path, f"cannot be read ({fault.strerror})") from None
    except ValueError:
        raise _unusable(path, "holds no key in base64") from None
    if others:
        raise _unusable(path, "may be read by others than its owner")
    if len(key) < KEY_BYTES:
        raise _unusable(path, f"holds a key of less than {KEY_BYTES} bytes")
    return key


def make_key(path: Path) -> None:
    """Write a new random key, for its owner alone.

    Raises `SettingsError` EMB-403 where the file is there already, or cannot be
    written: a key that is lost cannot be made again.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        with os.fdopen(descriptor, "wb") as file:
            file.write(b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as fault:
        raise SettingsError(
            ErrorCode.PATH_NOT_FOUND,
            f"No key can be written to {path} ({fault.strerror}).",
            "Name a file that is not there, in a folder that is.",
        ) from None


def _unusable(path: Path, fault: str) -> SettingsError:
    return SettingsError(
        ErrorCode.SECRET_MISSING,
        f"The key file {path} {fault}.",
        "Make one with `ember keys new FILE`; give it to its owner alone (chmod 600).",
    )
