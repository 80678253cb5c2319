"""What every definition, score and marker tells about itself.

The manual and `ember definitions` are written from these records, and a result names
the version it was made by.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """How far the rule has been checked against its source."""

    VERIFIED = "verified"
    """Read in the primary source, or equal to published code on published data."""
    PARTIAL = "partial"
    """Parts of it were read second-hand, or not all of it could be compared."""
    UNVERIFIED = "unverified"
    """From general knowledge or one secondary source: refused in live protocols."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One ambiguity of the rule, and how it may be read."""

    argument: str
    """The field of the policy; of a policy within it `urine.window`."""
    default: str
    """The policy's own value as the manual writes it; a test compares the two."""
    readings: str
    """The readings in use, each with who reads it so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """One rule: what it says, where it comes from, what to beware of."""

    name: str
    """As commands and protocols name it: `news2`."""
    title: str
    version: str
    """Of the rule, by its source: `2017`."""
    grade: Grade
    grade_reason: str
    rule: str
    """The rule in words: paragraphs apart by an empty line."""
    sources: tuple[str, ...]
    """Author, journal, year, doi; or repository, commit and licence of published code."""
    inputs: tuple[str, ...]
    """Lanes of the timeline it reads; one that ends in `:` stands for all of its sort."""
    choices: tuple[Choice, ...] = ()
    traps: tuple[str, ...] = ()
