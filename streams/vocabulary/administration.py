"""What surrounds the criteria of a protocol: numbers, sites, amendments, co-enrolment."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from streams.vocabulary.consent import Consent, Reconsent, says_nothing
from streams.vocabulary.document import Document
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.quantities import protocol_fault
from streams.vocabulary.registration import Identifier, Words


Version = Annotated[str, Field(pattern=r"^\d+\.\d+(\.\d+)?$")]


class Alert(Document):
    """What the alerted person reads; no identity stands in it."""

    title: Words
    """The line that is read first."""
    body: Words
    """What is to be done, and where."""
    to: tuple[Literal["treating_clinician", "research_team"], ...] = ("research_team",)
    """Which roles are alerted."""


class Site(Document):
    """A hospital, or a part of one, that recruits."""

    id: Words
    """The site as its events name it."""
    name: Words | None = None
    """As people call it."""
    country: Words | None = None
    """Where it is."""
    status: Literal["open", "closed"] = "open"
    """Whether it recruits."""
    consent: Consent | None = Field(default=None, exclude_if=says_nothing)
    """How consent is sought here, where its jurisdiction has it otherwise."""


class CoEnrolment(Document):
    """With which other trials a participant may share; either side's no is a no."""

    excludes: tuple[Words, ...] = ()
    """Trials nobody may be in besides this one."""
    allows: tuple[Words, ...] | None = None
    """The only trials somebody may be in besides this one; left out: any."""
    rank: int | None = Field(default=None, ge=1)
    """Which of two that exclude each other calls first: 1 before 2, ranked before not.

    Of equal rank, the one whose window closes earlier, then the one whose id comes
    first in the alphabet.
    """

    @model_validator(mode="after")
    def _says_one_thing(self) -> CoEnrolment:
        expect_unique("excluded trial", self.excludes)
        for trial in self.allows or ():
            if trial in self.excludes:
                raise protocol_fault(
                    ErrorCode.PROTOCOL_INVALID,
                    f"co-enrolment with {trial!r} is both excluded and allowed",
                )
        return self


class Amendment(Document):
    """What changed with one version, and why."""

    version: Version
    """The version it led to."""
    date: date
    """When it was approved."""
    summary: Words
    """What changed."""
    reason: Words
    """Why."""
    reconsent: Reconsent | None = Field(default=None, exclude_if=says_nothing)
    """Whether and by whom consent is sought again."""


class M11Document(Document):
    """What the title page of an ICH M11 protocol names it by."""

    sponsor_protocol_number: Words | None = None
    """The sponsor's own number of the protocol."""
    identifiers: tuple[Identifier, ...] = ()
    """Numbers that regulators and registries gave it."""


def version_number(version: str) -> tuple[int, ...]:
    """The version as numbers, to be put in order."""
    return tuple(int(part) for part in version.split("."))


def expect_unique(what: str, names: Iterable[str]) -> None:
    """Fault EMB-202 where a name is there twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise protocol_fault(
                ErrorCode.PROTOCOL_INVALID, f"the {what} {name!r} is there twice"
            )
        seen.add(name)
