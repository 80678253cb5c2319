"""The criteria of one domain, in the order in which a protocol is read.

Platform before domain before intervention, inclusion before exclusion; the strata come
last, for nobody can be randomised into a stratum that is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from streams.vocabulary.protocol import Arm, Criterion, Domain, Protocol


Part = Literal["inclusion", "exclusion", "stratum"]

STRATUM = "stratum:"
"""How the line of a stratum begins, so that it is no criterion's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the list that a patient must pass."""

    id: str
    part: Part
    text: str
    intervention: str | None = None
    """The intervention it keeps out; None where it keeps out of the domain."""


@dataclass(frozen=True, slots=True)
class Shape:
    """All lines of one domain, and which of its interventions have lines of their own."""

    lines: tuple[Line, ...]
    interventions: tuple[str, ...]

    @property
    def shared(self) -> tuple[Line, ...]:
        """What keeps out of the domain."""
        return tuple(line for line in self.lines if line.intervention is None)

    def own(self, intervention: str) -> tuple[Line, ...]:
        """What keeps from that intervention alone."""
        return tuple(line for line in self.lines if line.intervention == intervention)


def shape_of(protocol: Protocol, domain: Domain) -> Shape:
    """The lines that this domain asks of a patient, the platform's among them."""
    lines = (
        *_lines(protocol.inclusion, "inclusion"),
        *_lines(protocol.exclusion, "exclusion"),
        *_lines(domain.inclusion, "inclusion"),
        *_lines(domain.exclusion, "exclusion"),
        *(line for arm in domain.arms for line in _of_arm(arm)),
        *(
            Line(id=f"{STRATUM}{f.id}", part="stratum", text=f.text)
            for f in domain.strata
        ),
    )
    return Shape(lines, tuple(arm.id for arm in domain.arms))


def _of_arm(arm: Arm) -> Iterator[Line]:
    yield from _lines(arm.inclusion, "inclusion", arm.id)
    yield from _lines(arm.exclusion, "exclusion", arm.id)


def _lines(
    criteria: Iterable[Criterion], part: Part, intervention: str | None = None
) -> Iterator[Line]:
    for criterion in criteria:
        yield Line(
            id=criterion.id,
            part=part,
            text=" ".join(criterion.text.split()),
            intervention=intervention,
        )
