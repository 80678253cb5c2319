"""The file that holds the allocation keys: made once, read by the signer alone."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from registry.domain.randomisation.signer import KeyedSigner
from streams.vocabulary.errors import ErrorCode, SettingsError


_KEY_BYTES = 32
_OWNER_ONLY = 0o600
_OTHERS = 0o077


def read_keys(path: Path) -> KeyedSigner:
    """The signer of this key file.

    Raises `SettingsError` EMB-312 where the file is missing, is no key file, or may
    be read by others than its owner.
    """
    told = f"allocation key file {path}"
    try:
        others = path.stat().st_mode & _OTHERS
        written = path.read_bytes()
    except FileNotFoundError:
        raise _unusable(told, "is not there") from None
    except OSError:
        raise _unusable(told, "is not a key file") from None
    if others:
        raise _unusable(told, "may be read by others than its owner")
    return parsed_keys(written, told)


def parsed_keys(written: bytes, told: str) -> KeyedSigner:
    """The signer of keys as a key file holds them: JSON, by trial, in hexadecimal.

    `told` names where they are from.  Raises `SettingsError` EMB-312, which repeats
    nothing of what was written.
    """
    try:
        found = json.loads(written.decode("ascii"))
        keys = {trial: bytes.fromhex(key) for trial, key in found.items()}
    except (ValueError, AttributeError, TypeError):
        raise _unusable(told, "is not a key file") from None
    if any(len(key) != _KEY_BYTES for key in keys.values()):
        raise _unusable(told, f"holds a key that is not {_KEY_BYTES} bytes long")
    return KeyedSigner(keys)


def read_or_make_keys(path: Path, trials: Collection[str]) -> KeyedSigner:
    """The signer of this key file, with a new random key for each trial without one.

    A key that is there is never changed: draws that were made could not be repeated.
    """
    if not path.exists():
        _write_new(path, trials)
        return read_keys(path)
    signer = read_keys(path)
    lacking = [trial for trial in trials if not signer.has(trial)]
    if lacking:
        told = json.loads(path.read_text("ascii"))
        _written_beside(path, told | _new_keys(lacking)).replace(path)
    return read_keys(path)


def trial_signer(path: Path, trial: str) -> KeyedSigner:
    """The signer of one trial, by its key alone or by the signer's key file.

    Raises `SettingsError` EMB-312 where there is none.
    """
    try:
        written = path.read_bytes()
    except OSError as fault:
        raise _no_key(path, f"cannot be read ({fault.strerror})") from None
    if written.startswith(b"{"):
        signer = read_keys(path)
        if not signer.has(trial):
            raise _no_key(path, f"has none for {trial}")
        return signer
    if len(written) < _KEY_BYTES:
        raise _no_key(path, f"has {len(written)} bytes, fewer than {_KEY_BYTES}")
    return KeyedSigner({trial: written})


def _no_key(path: Path, fault: str) -> SettingsError:
    return SettingsError(
        ErrorCode.SECRET_MISSING,
        f"The allocation key {path} {fault}.",
        "Name the file of the trial's own key; only before it is activated make one, "
        "`openssl rand 32 > FILE`, where the trial's staff cannot read.",
    )


def _write_new(path: Path, trials: Collection[str]) -> None:
    """Whole or not at all; where another process was faster, its keys stand."""
    beside = _written_beside(path, _new_keys(trials))
    with suppress(FileExistsError):
        path.hardlink_to(beside)
    beside.unlink()


def _new_keys(trials: Collection[str]) -> dict[str, str]:
    return {trial: secrets.token_hex(_KEY_BYTES) for trial in trials}


def _written_beside(path: Path, keys: dict[str, str]) -> Path:
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        json.dump(keys, file, indent=2, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    return beside


def _unusable(told: str, fault: str) -> SettingsError:
    return SettingsError(
        ErrorCode.SECRET_MISSING,
        f"The {told} {fault}.",
        "Keep it where only the signer reads it (mode 600).",
    )
