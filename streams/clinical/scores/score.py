"""A score at one moment: its components, its bounds, what was missing.

An input that was not seen never counts as normal by itself: the total is what the
facts establish, and the bounds tell what it could be.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from streams.vocabulary.messages import Component


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What the facts by `at` say; equal facts give an equal score."""

    name: str
    """The specification's."""
    at: datetime
    components: tuple[Component, ...]
    """In the order of the published table."""
    missing: tuple[str, ...] = ()
    """Concepts of which nothing that counts was seen, or nothing that tells."""

    @property
    def total(self) -> int:
        """The points that the facts establish."""
        return sum(c.points or 0 for c in self.components)

    @property
    def lower(self) -> int:
        """The least the total can be."""
        return sum(c.lower for c in self.components)

    @property
    def upper(self) -> int:
        """The most the total can be, given what is missing."""
        return sum(c.upper for c in self.components)

    @property
    def evidence(self) -> tuple[str, ...]:
        """The events that decided it, each once."""
        return tuple(dict.fromkeys(e for c in self.components for e in c.evidence))


def worst_of(name: str, parts: Iterable[Component], *, most: int) -> Component:
    """The worst of several readings of one organ; without any, all is possible.

    `most` is the most points the organ can have.
    """
    seen = sorted(parts, key=lambda part: (part.lower, part.upper))
    if not seen:
        return Component(name=name, points=None, lower=0, upper=most)
    decides = seen[-1]
    return Component(
        name=name,
        points=decides.lower,
        lower=decides.lower,
        upper=max(part.upper for part in seen),
        evidence=decides.evidence,
    )
