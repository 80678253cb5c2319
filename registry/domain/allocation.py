"""One randomisation, with everything that is frozen at its moment.

The arm is no part of it: arms are kept apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from registry.domain.audit import ADDED, sha256
from registry.domain.mode import Mode
from streams.vocabulary.messages import Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocator:
    """The state of one stratum: the number the next participant gets."""

    trial: str
    domain: str
    stratum: str
    next_no: int
    schedule: str
    """Identity of the design whose blocks are in use."""
    schedule_first_no: int
    """The number at which that design took over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Randomisation:
    """Who was randomised, when, as what; never to what."""

    randomisation_id: str
    idempotency_key: str
    trial: str
    domain: str
    participant: str
    site: str
    patient: str
    episode: str
    stratum: str
    sequence_no: int
    schedule: str
    schedule_first_no: int
    ratio: tuple[tuple[str, int], ...]
    """Arm and share, as they stood."""
    blinded: bool
    randomised_at: datetime
    randomised_by: str
    anchor: str
    anchor_at: datetime
    covariates: tuple[tuple[str, str], ...]
    protocol_version: str
    protocol_hash: str
    software_version: str
    definition_version: str
    screening_message_id: str
    """The revision of the verdict it rests on."""
    consent_id: str
    """The revision of the consent it rests on."""
    mode: Mode
    provenance: Provenance
    arm_commitment: str
    """Binds the arm without telling it; see `SealedArm`."""
    availability: tuple[tuple[str, bool, bool | None], ...] | None = field(
        default=None, metadata=ADDED
    )
    """Each arm of the domain: whether it could be given, and to this patient.

    The latter is None where the draw was made before that was known; all of it None in what was drawn before that was kept.
    """
    epoch: str | None = field(default=None, metadata=ADDED)
    """Calendar epoch; None in what was drawn before it was kept."""
    vector_id: str | None = field(default=None, metadata=ADDED)
    """The allocation vector it was drawn by; None of methods that draw by none."""
    deferred: bool | None = field(default=None, metadata=ADDED)
    """Whether the arm is told only when it is revealed; None: it is not deferred."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedArm:
    """The arm of one randomisation, with what opens its commitment."""

    randomisation_id: str
    arm: str
    nonce: str
    """64 hexadecimal digits that only the signer could have told before."""
    state: str | None = None
    """What the draw rested on, canonical JSON; None of what was drawn before."""

    @property
    def commitment(self) -> str:
        """SHA-256 of nonce, arm and state; without the nonce, nothing can be tried."""
        state = () if self.state is None else (self.state.encode(),)
        return sha256(self.nonce.encode(), self.arm.encode(), *state)


def following(allocator: Allocator, schedule: str) -> Allocator:
    """The stratum as this schedule finds it: another design begins new blocks."""
    if allocator.schedule == schedule:
        return allocator
    return Allocator(
        trial=allocator.trial,
        domain=allocator.domain,
        stratum=allocator.stratum,
        next_no=allocator.next_no,
        schedule=schedule,
        schedule_first_no=allocator.next_no,
    )
