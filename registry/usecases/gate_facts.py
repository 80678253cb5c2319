"""What the gate of a randomisation looks at in the store, and whether it moved since.

It is read before any lock is taken, and only the numbers of its revisions are read
again inside the locks: where none has moved, what was read still stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from registry.domain.mode import Mode
from registry.domain.protocol import DomainDesign
from streams.vocabulary.messages import TrialScreening


@dataclass(frozen=True, slots=True, kw_only=True)
class Whom:
    """Whom a request is about, in which domain, by which name."""

    idempotency_key: str
    site: str
    patient: str
    trial: str
    domain: str
    screening_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The revisions of all that the gate looks at, read in one snapshot.

    Whatever it looks at is only ever appended to, so equal numbers are equal facts,
    where the facts were read with the numbers or after them.
    What other names of the person said or take part in has no number here, nor has
    what happens in trials that exclude this one.
    The arms before are none of the gate's: the signer reads them, inside the locks.
    """

    participant: str | None
    """Whose consent it is; None for who was never asked."""
    verdict: int | None
    """Of the screening: its highest revision."""
    consent: int | None
    """Of the participant's own words: the highest revision."""
    mode: int | None
    protocols: int
    """How many versions of protocols there ever were, of all trials."""
    is_open: bool | None
    """Whether the protocol has the domain recruit."""
    pauses: int
    """Of the trial and its parts, and their ends."""
    vectors: int
    """Published for the domain."""
    green_lights: int
    """Given to the site for the trial, or revoked."""
    delegations: int
    """Revisions of the trial's log at the site."""
    signatures: int
    """Under the screening."""
    answers: int
    opt_outs: int
    merges: int
    """What was said of the patient's other names."""
    alerts: int
    """Unclosed ones of the patient, in all trials."""
    drawn: int
    """Randomisations of the participant, in all domains of the trial."""
    requests: int
    """Of this name, be it of an act over several domains, or for this participant in
    this domain.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFacts:
    """The facts that everybody is asked for, and the revisions of all."""

    standing: Standing
    screening: TrialScreening | None
    design: DomainDesign | None
    """As the protocol has it, whatever is paused."""
    mode: Mode
    green_light: bool


class GateReads(Protocol):
    """Reads all of it in one statement."""

    def facts(self, whom: Whom) -> GateFacts:
        """What stands now."""
        ...

    def standing(self, whom: Whom) -> Standing:
        """The revisions that stand now."""
        ...
