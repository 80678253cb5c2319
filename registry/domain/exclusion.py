"""Allocations made in error, which leave the counts of minimisation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """One allocation that counts no more; it stays on record and in the analysis."""

    randomisation_id: str
    trial: str
    site: str
    domain: str
    from_no: int
    """The number of the domain from which on it does not count."""
    reason: str
    actor: str
    at: datetime

    def counts(self, sequence_no: int) -> bool:
        """Whether the draw of that number still saw it: never retroactively."""
        return sequence_no < self.from_no
