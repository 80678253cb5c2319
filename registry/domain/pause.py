"""What of a trial is paused: a site, a domain, or one arm of a domain."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A part of a trial that may pause by itself."""

    site: str = ""
    domain: str = ""
    arm: str = ""

    @property
    def in_words(self) -> str:
        """As a person calls it."""
        if self.site:
            return f"site {self.site}"
        return (
            f"arm {self.arm} of {self.domain}" if self.arm else f"domain {self.domain}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """One revision of whether a part of a trial is paused."""

    pause_id: str
    trial: str
    site: str
    domain: str
    arm: str
    revision: int
    paused: bool
    reason: str
    actor: str
    at: datetime

    @property
    def place(self) -> Place:
        """What it is about."""
        return Place(site=self.site, domain=self.domain, arm=self.arm)


def paused_arms(paused: Iterable[Place], domain: str) -> tuple[str, ...]:
    """The arms of a domain that are paused by themselves."""
    return tuple(sorted(p.arm for p in paused if p.domain == domain and p.arm))
