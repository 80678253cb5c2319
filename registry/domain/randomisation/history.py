"""What was drawn before a position; only the signer may read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias


ByArm: TypeAlias = Mapping[str, int]
ByStratumAndArm: TypeAlias = Mapping[tuple[str, str], int]


class History(Protocol):
    """The arms before one position, as they stand inside the lock.

    Nobody but the signer calls its methods: they read what is sealed.  A method that
    needs none of it reads nothing.
    """

    @property
    def schedule_first_no(self) -> int:
        """The number at which the present schedule took over the stratum."""
        ...

    def of_schedule(self) -> ByArm:
        """By arm, how many of this stratum the present schedule gave it."""
        ...

    def of_domain(self) -> ByStratumAndArm:
        """By stratum and arm, everybody of the domain who counts."""
        ...


@dataclass(frozen=True, slots=True)
class KnownHistory:
    """A history that was reckoned up: where draws are repeated."""

    schedule_first_no: int = 1
    in_schedule: ByArm = field(default_factory=dict)
    in_domain: ByStratumAndArm = field(default_factory=dict)

    def of_schedule(self) -> ByArm:
        """By arm, how many of this stratum the present schedule gave it."""
        return self.in_schedule

    def of_domain(self) -> ByStratumAndArm:
        """By stratum and arm, everybody of the domain who counts."""
        return self.in_domain
