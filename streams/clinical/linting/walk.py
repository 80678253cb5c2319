"""The parts of a protocol document, each with the path that leads to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from streams.vocabulary.document import Document
from streams.vocabulary.places import Path
from streams.vocabulary.protocol import Criterion, Domain, Protocol


Role = Literal["inclusion", "exclusion"]


@dataclass(frozen=True, slots=True)
class Placed:
    """A criterion, its role, and where it stands."""

    criterion: Criterion
    role: Role
    path: Path

    @property
    def rule_path(self) -> Path:
        """Where its rule stands."""
        return (*self.path, "rule")

    @property
    def name(self) -> str:
        """As a finding names it."""
        return f"{self.role} {self.criterion.id}"


@dataclass(frozen=True, slots=True)
class Asked:
    """All that is asked of a patient for one intervention of a domain, or for any."""

    domain: Domain
    path: Path
    criteria: tuple[Placed, ...]
    arm: str | None = None


def walk(document: Document, path: Path = ()) -> Iterator[tuple[Path, Document]]:
    """The document and every document in it, by the keys as they are written."""
    yield path, document
    for name, field in type(document).model_fields.items():
        held = getattr(document, name)
        key = field.alias or name
        if isinstance(held, Document):
            yield from walk(held, (*path, key))
        elif isinstance(held, tuple):
            for number, one in enumerate(held):
                if isinstance(one, Document):
                    yield from walk(one, (*path, key, number))


def asked(protocol: Protocol) -> Iterator[Asked]:
    """Domain by domain what all patients are asked; then what each arm asks besides."""
    platform = (
        *_placed(protocol.inclusion, "inclusion", ("inclusion",)),
        *_placed(protocol.exclusion, "exclusion", ("exclusion",)),
    )
    for number, domain in enumerate(protocol.domains):
        path: Path = ("domains", number)
        common = (
            *platform,
            *_placed(domain.inclusion, "inclusion", (*path, "inclusion")),
            *_placed(domain.exclusion, "exclusion", (*path, "exclusion")),
        )
        yield Asked(domain, path, common)
        for place, arm in enumerate(domain.arms):
            of_arm = (*path, "arms", place)
            own = (
                *_placed(arm.inclusion, "inclusion", (*of_arm, "inclusion")),
                *_placed(arm.exclusion, "exclusion", (*of_arm, "exclusion")),
            )
            if own:
                yield Asked(domain, of_arm, (*common, *own), arm.id)


def every_criterion(protocol: Protocol) -> Iterator[tuple[Placed, Domain | None]]:
    """Each criterion once, with its domain; those of the platform have none."""
    yield from ((one, None) for one in _of_platform(protocol))
    seen = {one.path for one in _of_platform(protocol)}
    for scope in asked(protocol):
        for one in scope.criteria:
            if one.path not in seen:
                seen.add(one.path)
                yield one, scope.domain


def _of_platform(protocol: Protocol) -> tuple[Placed, ...]:
    return (
        *_placed(protocol.inclusion, "inclusion", ("inclusion",)),
        *_placed(protocol.exclusion, "exclusion", ("exclusion",)),
    )


def _placed(
    criteria: tuple[Criterion, ...], role: Role, path: Path
) -> Iterator[Placed]:
    for number, criterion in enumerate(criteria):
        yield Placed(criterion, role, (*path, number))
