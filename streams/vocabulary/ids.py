"""Identities that are the same wherever and whenever they are made.

A redelivered message, a second replay and another worker must give one identity to
one thing, so every identity is a UUIDv5 of what the thing is, never a random draw.
"""

from __future__ import annotations

from uuid import UUID, uuid5


EMBER = UUID("6f0d2c0e-6a0b-5f5e-9a57-2f3b8a1f7c11")
"""The namespace of every identity Ember makes."""

_SEPARATOR = "\x1f"


def identity(kind: str, *parts: str) -> str:
    """The UUIDv5 of a thing of this kind that these parts single out."""
    return str(uuid5(EMBER, _SEPARATOR.join((kind, *parts))))


def message_identity(site: str, source: str, source_id: str) -> str:
    """The identity of one source message (a row, a specimen, an ORU) of one site."""
    return identity("message", site, source, source_id)


def flag_identity(
    *, site: str, patient: str, definition: str, policy: str, episode: str
) -> str:
    """The identity of a sepsis flag; its revisions share it."""
    return identity("flag", site, patient, definition, policy, episode)


def screening_identity(
    *, site: str, patient: str, trial: str, domain: str, episode: str
) -> str:
    """The identity of one patient's screening for one domain in one episode."""
    return identity("screening", site, patient, trial, domain, episode)


def outcome_identity(
    *, site: str, patient: str, trial: str, outcome: str, episode: str
) -> str:
    """The identity of one outcome of one patient; its revisions share it."""
    return identity("outcome", site, patient, trial, outcome, episode)


def revision_identity(thing: str, revision: int) -> str:
    """The message identity of one revision of a flag, screening or outcome."""
    return identity("revision", thing, str(revision))
