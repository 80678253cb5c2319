"""Rehearsals: a made-up participant whom staff draw, supply and unblind for practice.

They have a key of their own, which is no secret and tells nothing of any other, numbers
and codes of their own, and a table that no count, balance, export or draw ever reads.
What is learned from a rehearsal is true of no participant.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from registry.domain.protocol import ArmDesign, DomainDesign
from registry.domain.randomisation.drawing import drawn
from registry.domain.randomisation.draws import Position, draw_below
from registry.domain.randomisation.history import KnownHistory
from registry.domain.randomisation.methods import Simple


_CODE = "REHEARSAL-"
_PLACE = "@rehearsal"
"""Where rehearsals are drawn: no stratum of any domain is named so."""
_KITS = 10_000


class Act(StrEnum):
    """What was rehearsed."""

    DRAWN = "drawn"
    UNBLINDED = "unblinded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """One act with one decoy; the arm is no part of it, and can be drawn again."""

    rehearsal_id: str
    site: str
    trial: str
    domain: str
    code: str
    number: int
    """Of the decoys of this domain at this site, from 1."""
    act: Act
    turn: int
    """Of the acts with this decoy, from 1."""
    ratio: tuple[tuple[str, int], ...]
    """Arm and share, as the design had them."""
    blinded: bool
    kit: str
    """A code that is on no shelf."""
    reason: str
    actor: str
    at: datetime


def is_decoy(code: str) -> bool:
    """Whether a participant's code is that of a rehearsal."""
    return code.startswith(_CODE)


def decoy_code(trial: str, domain: str, site: str, number: int) -> str:
    """A code that is taken for no participant's by anybody."""
    return f"{_CODE}{trial}-{domain}-{site}-{number:04d}"


def decoy_kit(trial: str, domain: str, site: str, number: int) -> str:
    """The kit that is to be looked for in a rehearsal: `REHEARSAL-0042`."""
    position = _position(trial, domain, site, number)
    drawn_no = draw_below(_key(trial), position, purpose="kit", n=_KITS)
    return f"{_CODE}{drawn_no:04d}"


def decoy_arm(one: Rehearsal) -> str:
    """What a decoy is drawn to: by the ratio alone, the same always."""
    position = _position(one.trial, one.domain, one.site, one.number)
    design = _design(one.domain, one.ratio)
    told = drawn(_key(one.trial), position, design=design, history=KnownHistory())
    return told.arm


def _design(domain: str, ratio: Iterable[tuple[str, int]]) -> DomainDesign:
    arms = tuple(ArmDesign(name, share) for name, share in ratio)
    return DomainDesign(domain=domain, arms=arms, method=Simple())


def _key(trial: str) -> bytes:
    """Anybody may compute it: it is made of nothing that is secret."""
    return sha256(f"ember rehearsal|{trial}".encode()).digest()


def _position(trial: str, domain: str, site: str, number: int) -> Position:
    return Position(trial, domain, f"{_PLACE}={site}", number)
