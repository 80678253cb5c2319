"""What a backtest tells, as it is published: `ember protocol backtest --json`.

Hours are hours; `possible` is `eligible` or `needs_human`, before any human answered.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import TypeAdapter

from streams.clinical.feasibility.shape import Part
from streams.vocabulary.clock import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """Hospital stays, and the patients whose stays they are."""

    stays: int
    patients: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """How far stays came, in the terms of CONSORT-ROUTINE (Kwakkenbos, BMJ 2021).

    After `flagged` come reviewed, approached, consented and randomised: of history
    nobody can tell them, so they are not here.
    """

    in_database: Number
    """Hospital stays in the data, and all patients in it, with a stay or without."""
    screened_by_algorithm: Number
    """An entry opened a screening."""
    in_window: Number
    """Of these, the window was open at some moment after the entry was known."""
    flagged: Number
    """Possible at some moment in the window: somebody would have been told."""
    eligible_without_asking: Number
    """Of these, `eligible` at some moment with no human answer open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attrition:
    """What one line of the protocol cost, over the screenings of the domain."""

    id: str
    part: Part
    text: str
    intervention: str | None
    """None where it keeps out of the domain."""
    excluded: int
    """Left here as the first reason, by what data say, when closest to eligible."""
    unknown: int
    """Left here as the first reason, for want of data, when closest to eligible."""
    remaining: int
    """Not left so far."""
    against: int
    """Spoke against when closest, whatever came before it."""
    gain: int | None
    """Would have been possible at some moment, had this line alone not been there.

    None of the window: what would have been said after it was not asked.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A fact that was missing."""

    fact: str
    kept_out: int
    """Screenings never possible, in which it was missing when closest to eligible."""
    to_the_end: int
    """Screenings in which it was still missing at the last word in the window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A line that only a human can decide."""

    id: str
    text: str
    asked: int
    """Screenings in which it was open when they first were possible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Median and quartiles, in hours; None of nothing."""

    count: int
    low: float | None = None
    median: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How long it took, over the screenings that were possible."""

    entry_to_known: Spread
    """From the entry's happening to knowledge of it; over all screenings."""
    entry_to_possible: Spread
    known_to_possible: Spread
    window_left: Spread
    """Of the recruitment window, when first possible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """Screenings that ever had each status while the window was open."""

    intervention: str | None
    """None: of the domain."""
    ineligible: int
    needs_data: int
    needs_human: int
    eligible: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recruitment:
    """What one site could expect in a month; each patient counted once."""

    site: str
    possible: int
    """Patients."""
    eligible: int
    """Of these, with no human answer open."""
    months: float | None
    """The span the data cover; None where nothing tells."""
    reckoned: str
    """How the span was reckoned, or why it was not."""
    uptake: float
    """The share of possible patients who are taken to end up randomised."""
    per_month: float | None
    low: float | None
    """Lower end of the 95 % interval."""
    high: float | None
    dispersion: float | None
    """Variance over mean of the months; above 1 it widened the interval."""
    per_1000_stays: float | None
    """Possible patients for each 1,000 hospital stays: needs no calendar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """The same history, were one number of the protocol another."""

    line: str
    """The criterion, or `recruitment`."""
    place: str
    """Where in it: `rule.of[1].is`."""
    what: str
    """What the number is about, as far as a word tells."""
    step: str
    """By how much it was moved."""
    written: str
    moved: str
    possible: int
    """Screenings."""
    gained: int
    """Stays that were not possible as written."""
    lost: int
    """Stays that were possible as written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainReport:
    """One domain of the platform."""

    domain: str
    title: str
    flow: Flow
    attrition: tuple[Attrition, ...]
    missing: tuple[Missing, ...]
    asked: tuple[Asked, ...]
    times: Times
    reached: tuple[Reached, ...]
    recruitment: tuple[Recruitment, ...]
    sensitivity: tuple[Moved, ...]
    unmoved: tuple[str, ...]
    """Numbers that no step moves, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """A protocol over one source of history."""

    protocol: str
    version: str
    protocol_hash: str
    title: str
    evidence: str
    software_version: str
    definitions: tuple[str, ...]
    """What flags stays were screened by: name, policy and version."""
    source: str
    shifted_dates: bool
    """Whether the source's dates are not those of the calendar."""
    first_admission: Instant | None
    last_admission: Instant | None
    domains: tuple[DomainReport, ...]


BACKTEST = TypeAdapter(Backtest)
