"""What `ember protocol … --json` prints; the schemas are published."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import TypeAdapter

from registry.app.in_window import Turn
from registry.domain.mode import Mode
from streams.clinical.aloud.changes import Change
from streams.clinical.aloud.document import Passage


@dataclass(frozen=True, slots=True, kw_only=True)
class Differing:
    """What differs between two versions, and for whom."""

    changes: tuple[Change, ...]
    patients: tuple[Turn, ...]
    """Those in window, where a registry was named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activated:
    """The version in force."""

    trial: str
    version: str
    protocol_hash: str
    key_commitment: str
    changed: bool
    """False where it was in force before, by the same key."""
    mode: Mode
    evidence: str
    patients: tuple[Turn, ...]
    """Those in window, as they are screened by it."""


PASSAGES = TypeAdapter(tuple[Passage, ...])
CHANGES = TypeAdapter(Differing)
ACTIVATED = TypeAdapter(Activated)
