"""The sponsor's word that a site may recruit for a trial."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GreenLight:
    """One revision for one site and trial; the latest counts.

    Without one no site recruits.
    """

    light_id: str
    trial: str
    site: str
    revision: int
    given: bool
    """False where it was revoked."""
    reason: str
    actor: str
    at: datetime
