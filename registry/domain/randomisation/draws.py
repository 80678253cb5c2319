"""Draws that only the holder of the key can make, and an auditor can repeat.

A draw is HMAC-SHA256(key, trial|domain|stratum|sequence_no|purpose|count), cut into
64-bit words and mapped to a whole number below `n` by rejection sampling, so that
every number is equally likely.
No generator has a state: any draw can be repeated alone.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass

from registry.domain.audit import sha256


_WORD = 2**64
_WORD_BYTES = 8


@dataclass(frozen=True, slots=True)
class Position:
    """Where in a trial a draw belongs."""

    trial: str
    domain: str
    stratum: str
    sequence_no: int


def commitment(key: bytes) -> str:
    """What is published of a key at activation and checked when it is revealed."""
    return sha256(key)


def draw_below(key: bytes, position: Position, *, purpose: str, n: int) -> int:
    """A whole number from 0 to `n` - 1, each equally likely."""
    limit = _WORD - _WORD % n
    return next(w for w in _words(key, position, purpose) if w < limit) % n


def nonce_at(key: bytes, position: Position) -> str:
    """64 hexadecimal digits that hide the arm of `position` in its commitment."""
    told = _coordinates(position, "nonce").encode()
    return hmac.digest(key, told, "sha256").hex()


def secret_of(key: bytes, named: str) -> str:
    """64 hexadecimal digits for a thing that is no draw; no position is named so."""
    return hmac.digest(key, f"thing|{len(named)}|{named}".encode(), "sha256").hex()


def _words(key: bytes, position: Position, purpose: str) -> Iterator[int]:
    stem = _coordinates(position, purpose)
    count = 0
    while True:
        digest = hmac.digest(key, f"{stem}|{count}".encode(), "sha256")
        for start in range(0, len(digest), _WORD_BYTES):
            yield int.from_bytes(digest[start : start + _WORD_BYTES], "big")
        count += 1


def _coordinates(position: Position, purpose: str) -> str:
    """One text for one position: no two share it, whatever their parts hold."""
    place = (position.trial, position.domain, position.stratum)
    parts = (*place, str(position.sequence_no), purpose)
    return "|".join(part.replace("%", "%25").replace("|", "%7C") for part in parts)
