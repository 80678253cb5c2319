"""Who may sign, in a file that its owner alone reads: name, printed name, Argon2id.

One line each, `NAME<tab>PRINTED NAME<tab>$argon2id$...`; a name is given once, for ever.
It stands in for an identity provider where a site has none yet: it knows no expiry, no
second factor and no way to change a secret but by its keeper's hand.

Reference: 21 CFR 11.100, 11.200 and 11.300; RFC 9106.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from registry.usecases.signature_ports import Authenticated
from streams.vocabulary.errors import ErrorCode, SettingsError


METHOD = "password"
LEAST_LENGTH = 12
"""Characters of a secret."""

_OWNER_ONLY, _OTHERS = 0o600, 0o077
_ITERATIONS, _LANES, _MEMORY_KIB = 3, 4, 64 * 1024
_SALT_BYTES, _HASH_BYTES = 16, 32


@dataclass(frozen=True, slots=True)
class _Signer:
    printed_name: str
    verifier: str = field(repr=False)


class FileOfSigners:
    """Knows who is who by a secret that only they know."""

    def __init__(self, path: Path) -> None:
        """Raises `SettingsError` EMB-312 for a file that is not there or not closed."""
        self._signers = _signers(path)
        self._nobody = _verifier(secrets.token_hex(_HASH_BYTES))

    def authenticated(self, person: str, secret: str) -> Authenticated | None:
        """None where the name or the secret is not known, after the same time."""
        known = self._signers.get(person)
        holds = _holds(self._nobody if known is None else known.verifier, secret)
        if known is None or not holds:
            return None
        return Authenticated(known.printed_name, METHOD)


class CurrentSigners:
    """Looks into the file at each question: who was enrolled since is known."""

    def __init__(self, path: Path) -> None:
        """Raises `SettingsError` EMB-312 for a file that is not there or not closed."""
        self._path = path
        FileOfSigners(path)

    def authenticated(self, person: str, secret: str) -> Authenticated | None:
        """As `FileOfSigners` tells; raises `SettingsError` EMB-312 as it does."""
        return FileOfSigners(self._path).authenticated(person, secret)


def enrol_signer(path: Path, person: str, printed_name: str, secret: str) -> None:
    """Add somebody; makes the file where there is none.

    Raises `SettingsError`: EMB-402 for a name that was given before, names that do not
    fit a line, or a secret that is too short; EMB-312 for a file that cannot be used.
    """
    for name in (person, printed_name):
        if not name.strip() or not name.isprintable():
            raise _bad("A name must be there, and fit one line without tabs.")
    if len(secret) < LEAST_LENGTH:
        raise _bad(f"A secret has at least {LEAST_LENGTH} characters.")
    if path.exists() and person in _signers(path):
        raise _bad(f"{person} is enrolled, and a name is given once.")
    line = "\t".join((person, printed_name, _verifier(secret))) + "\n"
    try:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        with os.fdopen(
            os.open(path, flags, _OWNER_ONLY), "w", encoding="utf-8"
        ) as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as fault:
        raise _unusable(path, f"cannot be written ({fault.strerror})") from None


def _signers(path: Path) -> dict[str, _Signer]:
    """By name; two people of one name could sign for each other."""
    found: dict[str, _Signer] = {}
    for person, signer in _read(path):
        if person in found:
            raise _unusable(path, f"names {person} twice")
        found[person] = signer
    return found


def _read(path: Path) -> Iterator[tuple[str, _Signer]]:
    try:
        others = path.stat().st_mode & _OTHERS
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise _unusable(path, "cannot be read") from None
    if others:
        raise _unusable(path, "may be read by others than its owner")
    for number, line in enumerate(lines, 1):
        match line.split("\t"):
            case [person, printed_name, verifier] if verifier.startswith("$argon2id$"):
                yield person, _Signer(printed_name, verifier)
            case _:
                raise _unusable(path, f"holds no signer in line {number}")


def _verifier(secret: str) -> str:
    derivation = Argon2id(
        salt=secrets.token_bytes(_SALT_BYTES),
        length=_HASH_BYTES,
        iterations=_ITERATIONS,
        lanes=_LANES,
        memory_cost=_MEMORY_KIB,
    )
    return derivation.derive_phc_encoded(secret.encode())


def _holds(verifier: str, secret: str) -> bool:
    try:
        Argon2id.verify_phc_encoded(secret.encode(), verifier)
    except (InvalidKey, ValueError):
        # ValueError: a verifier that somebody mangled.
        return False
    return True


def _bad(told: str) -> SettingsError:
    return SettingsError(ErrorCode.BAD_SETTING, told)


def _unusable(path: Path, fault: str) -> SettingsError:
    return SettingsError(
        ErrorCode.SECRET_MISSING,
        f"The file of signers {path} {fault}.",
        "`ember signature enrol` makes one; keep it where only its keeper reads it.",
    )
