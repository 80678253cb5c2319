"""What the use cases need of a store to steer draws: pauses and vectors."""

# ruff: noqa: D102  a method whose name and types say all needs no sentence

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from registry.domain.allocation import Randomisation
from registry.domain.answered import DomainAnswer
from registry.domain.exclusion import Exclusion
from registry.domain.pause import Pause, Place
from registry.domain.published import Designs
from registry.domain.randomisation.vector import AllocationVector
from registry.domain.reveal import Reveal


class AllocationRecords(Protocol):
    """What was drawn in a trial, and what of it counts no more."""

    def of_trial(self, trial: str) -> tuple[Randomisation, ...]:
        """All randomisations of one trial, by domain, stratum and number."""
        ...

    def requests_misstated(self, trial: str) -> int:
        """How many requests led to another randomisation than the one on record."""
        ...

    def strata_misstated(self, trial: str) -> int:
        """How many strata give another number next than what was drawn comes to."""
        ...

    def exclude(self, exclusion: Exclusion) -> None: ...

    def exclusion(self, randomisation_id: str) -> Exclusion | None: ...

    def exclusions_of(self, trial: str) -> tuple[Exclusion, ...]:
        """By domain, in the order in which they took effect."""
        ...


class DomainAnswers(Protocol):
    """What acts over several domains answered; only ever appended."""

    def of_act(self, act: str) -> tuple[DomainAnswer, ...]:
        """By domain; empty where nobody asked by this name."""
        ...

    def add(self, answer: DomainAnswer) -> None: ...

    def one(self, answer_id: str) -> DomainAnswer | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrevealed:
    """Somebody who was drawn, and to what nobody was told."""

    participant: str
    site: str
    domain: str
    randomised_at: datetime


class Reveals(Protocol):
    """Arms of deferred domains that were told; only ever appended."""

    def one(self, randomisation_id: str) -> Reveal | None: ...

    def add(self, reveal: Reveal) -> None:
        """Every surface that shows open arms shows it from now on."""
        ...

    def waiting(self, trial: str) -> tuple[Unrevealed, ...]: ...


class Pauses(Protocol):
    """What of a trial is paused, revision by revision."""

    def standing(self, trial: str, *, at: datetime | None = None) -> frozenset[Place]:
        """All of the trial that is paused now, or was at `at`."""
        ...

    def latest(self, trial: str, place: Place) -> Pause | None: ...

    def add(self, pause: Pause) -> None: ...

    def one(self, pause_id: str) -> Pause | None: ...


class Vectors(Protocol):
    """Published allocation vectors, never changed."""

    def in_force(
        self, *, trial: str, domain: str, stratum: str, design: str
    ) -> AllocationVector | None:
        """The last one for this stratum or for all that fits the design."""
        ...

    def add(self, vector: AllocationVector) -> None:
        """Publish it; it is the last of its domain."""
        ...

    def one(self, vector_id: str) -> AllocationVector | None: ...


class Published(Protocol):
    """What of that which steers draws is in the audit; what was found is remembered."""

    def designs(self, trial: str, *, versions: int) -> Designs | None:
        """How the trial's domains stand by its audit, of so many versions of protocols.

        None where the audit and the versions do not tell the same.
        """
        ...

    def has_vector(self, vector_id: str) -> bool:
        """Whether the vector is as the audit has it."""
        ...

    def has_pauses(self, trial: str, *, count: int) -> bool:
        """Whether all pauses and resumptions, so many by now, are as the audit has them."""
        ...
