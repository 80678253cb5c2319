"""Whether what a draw would be made by is what the audit tells was published.

The tables that steer draws are the application's to write. Who writes to them past
the audit, to have arms shown or drawn otherwise, has nothing drawn at all.
"""

from __future__ import annotations

from collections.abc import Iterator

from registry.domain.enrolment import Gate, Obstacle
from registry.domain.randomisation.vector import INITIAL
from registry.usecases.at_the_gate import Seen
from registry.usecases.ports import UnitOfWork
from streams.vocabulary.errors import ErrorCode


def as_published(trial: str, seen: Seen, uow: UnitOfWork) -> Gate:
    """Open where design, vector and pauses are as the audit has them.

    Each is read from the audit once a process and version, so a draw asks for nothing
    more.
    """
    return Gate(tuple(_faults(trial, seen, uow)))


def _faults(trial: str, seen: Seen, uow: UnitOfWork) -> Iterator[Obstacle]:
    standing, design = seen.facts.standing, seen.facts.design
    published = uow.published.designs(trial, versions=standing.protocols)
    if design is None or published is None or published.get(design.domain) != design:
        yield Obstacle(ErrorCode.NOT_PUBLISHED, "design_not_published")
    vector = seen.placed.vector_id
    if vector not in (None, INITIAL) and not uow.published.has_vector(vector):
        yield Obstacle(ErrorCode.NOT_PUBLISHED, "vector_not_published")
    if not uow.published.has_pauses(trial, count=standing.pauses):
        yield Obstacle(ErrorCode.NOT_PUBLISHED, "pause_not_published")
