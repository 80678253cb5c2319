"""Sealed bytes: encrypted, bound to their place, and told from bytes that were changed.

AES-256-GCM (NIST SP 800-38D).
Each seal has a key of its own, HMAC-SHA-256 of the site's key over twelve random
bytes, and a random nonce of twelve more: no number of seals that a hospital can make
brings a nonce twice under one key.

    byte 0        format, 1
    bytes 1-4     version of the site's key, big-endian
    bytes 5-16    what the seal's key is derived with
    bytes 17-28   nonce
    from 29       ciphertext, and the tag of 16 bytes

What a seal is bound to is authenticated with the first five bytes and stored nowhere:
who opens it says where it was found.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Mapping
from struct import Struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from streams.adapters.identity.pseudonyms import KEY_BYTES
from streams.vocabulary.errors import ErrorCode, InputError


_FORMAT = 1
_HEADER = Struct(">BI")
_RANDOM = 12
_BODY = _HEADER.size + 2 * _RANDOM
_TAG = 16
OVERHEAD = _BODY + _TAG
"""Bytes that sealing adds."""

_LABEL = b"\x00ember sealing 1\x00"
_LOOKUP = b"\x00ember lookup 1\x00"
"""They keep what is derived from a key apart."""


def place_of(site: str, name: str) -> str:
    """What a seal of this site is bound to: a topic, or a table."""
    return f"{site}/{name}"


def sealed_under(sealed: bytes) -> int:
    """The version of the key it was sealed with.

    Raises `InputError` EMB-150 for bytes that are no seal.
    """
    if len(sealed) < OVERHEAD or sealed[0] != _FORMAT:
        raise _broken("no seal of a format that this version knows")
    version: int = _HEADER.unpack_from(sealed)[1]
    return version


class Sealer:
    """Seals under the newest key of a site, and opens under all of them."""

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        """Take the keys by version (1 and up, each of at least 32 bytes)."""
        if not keys or min(keys) < 1 or any(len(k) < KEY_BYTES for k in keys.values()):
            raise ValueError("sealing needs keys of 32 bytes, numbered from 1")
        self._keys = dict(keys)
        self._version = max(keys)

    @property
    def key_version(self) -> int:
        """The newest version, which seals."""
        return self._version

    def seal(self, payload: bytes, bound_to: str) -> bytes:
        """The payload so that only who has the key reads it, and only there."""
        header = _HEADER.pack(_FORMAT, self._version)
        random = os.urandom(2 * _RANDOM)
        salt, nonce = random[:_RANDOM], random[_RANDOM:]
        cipher = self._cipher(self._version, salt)
        return (
            header + random + cipher.encrypt(nonce, payload, _bound(header, bound_to))
        )

    def open(self, sealed: bytes, bound_to: str) -> bytes:
        """The payload.

        Raises `InputError` EMB-150 where it was changed, cut or bound to another
        place, EMB-151 where its key is not here; neither quotes anything of it.
        """
        version = sealed_under(sealed)
        if version not in self._keys:
            raise InputError(
                ErrorCode.SEALING_KEY_UNKNOWN,
                f"It was sealed under version {version} of the key, which is not here.",
                "Name that version's key file beside the others.",
            )
        salt = sealed[_HEADER.size : _HEADER.size + _RANDOM]
        nonce = sealed[_HEADER.size + _RANDOM : _BODY]
        told = _bound(sealed[: _HEADER.size], bound_to)
        try:
            return self._cipher(version, salt).decrypt(nonce, sealed[_BODY:], told)
        except InvalidTag:
            raise _broken("changed, or sealed for another place") from None

    def digests(self, payload: bytes, bound_to: str) -> dict[int, bytes]:
        """By key version, 32 bytes by which equal payloads are found.

        Without the key nobody can try payloads against them.
        """
        told = _LOOKUP + bound_to.encode() + b"\x00" + payload
        return {v: hmac.digest(key, told, "sha256") for v, key in self._keys.items()}

    def _cipher(self, version: int, salt: bytes) -> AESGCM:
        return AESGCM(hmac.digest(self._keys[version], _LABEL + salt, "sha256"))


def _bound(header: bytes, bound_to: str) -> bytes:
    return header + bound_to.encode()


def _broken(fault: str) -> InputError:
    return InputError(
        ErrorCode.SEAL_BROKEN,
        f"What was sealed cannot be opened: it is {fault}.",
        "Fetch it again from where it was sealed; find out who changed it.",
    )
