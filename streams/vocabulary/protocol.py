"""The protocol document: one platform trial as data a trial team can read.

A platform has domains, a domain has arms, and each domain says for itself whom it
recruits, from which anchor, for how long, by which strata and how it allocates.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from streams.vocabulary.administration import (
    Alert,
    Amendment,
    CoEnrolment,
    M11Document,
    Site,
    Version,
    expect_unique,
    version_number,
)
from streams.vocabulary.allocation import Allocation, misfits
from streams.vocabulary.consent import Consent, says_nothing
from streams.vocabulary.document import Document, Named
from streams.vocabulary.entry import Entry
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.hiding import GivenArm, Kits, hiding_misfits, shut_misfits
from streams.vocabulary.m11 import Section
from streams.vocabulary.outcomes import (
    OutcomeName,
    OutcomeRule,
    TreatmentReceived,
    WrittenOut,
    name_of,
    rule_of,
)
from streams.vocabulary.quantities import Duration, protocol_fault
from streams.vocabulary.registration import Registration, Words
from streams.vocabulary.rules import Rule
from streams.vocabulary.windows import Anchor


Answerer = Literal[
    "treating_clinician", "research_team", "investigator", "patient", "laboratory"
]
"""Who may say what only a human can."""
Purpose = Literal[
    "safety",
    "prognostic_enrichment",
    "predictive_enrichment",
    "feasibility",
    "population",
]
"""What a criterion is for: to keep from harm, to find those at risk, to find those who
may respond, to make the trial possible, or to say whom it is about."""


class Ask(Document):
    """Whom a question of the criterion goes to, and how long an answer holds."""

    by: Answerer
    """Who may answer; an answer of anybody else is refused."""
    holds_for: Duration | None = None
    """An answer older than this is no answer; without it, it holds for the screening."""


class PredictiveMarker(Document):
    """The test behind a criterion that looks for those who may respond."""

    assay: Words
    """The assay, by name; results of another are not compared."""
    turnaround: Duration
    """From the sample to the result."""
    if_negative: Literal["excluded", "observed", "other_domain"]
    """What becomes of those without the marker."""
    domain: Named | None = None
    """The domain that takes them, where they go to another."""


class Criterion(Document):
    """One criterion: the registry's wording beside our rule."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]
    """Unique among the criteria that are judged together."""
    text: Words
    """The registry's wording; in our own words where that is long."""
    rule: Rule
    """What decides it."""
    if_unknown: Literal["wait", "ask"] = "wait"
    """`wait` for data, or `ask` a human what the record does not tell."""
    question: str | None = None
    """What is asked, as the asked one reads it."""
    ask: Ask | None = None
    """Who may answer the question, and for how long it holds."""
    role: Purpose = "population"
    """What the criterion is for."""
    marker: PredictiveMarker | None = None
    """The test, where the role is predictive enrichment."""
    m11: Section | None = None
    """The section of the ICH M11 protocol it is written in."""
    unencoded: Words | None = None
    """Which part of the wording no rule decides, and why."""

    @model_validator(mode="after")
    def _asks_in_words(self) -> Criterion:
        if self.if_unknown == "ask" and not self.question:
            raise protocol_fault(
                ErrorCode.PROTOCOL_INVALID, f"{self.id} asks, but has no `question`"
            )
        return self

    @model_validator(mode="after")
    def _declares_its_test(self) -> Criterion:
        if (self.role == "predictive_enrichment") is (self.marker is None):
            raise protocol_fault(
                ErrorCode.PROTOCOL_INVALID,
                f"{self.id}: `marker` and `role: predictive_enrichment` go together",
            )
        return self


class Factor(Document):
    """A stratification factor whose level a rule decides."""

    id: Named
    """Its name in the stratum."""
    text: Words
    """What it tells apart, in words."""
    rule: Rule
    """What decides the level."""
    if_true: Named
    """The level where the rule is TRUE."""
    if_false: Named
    """The level where the rule is FALSE; while it is UNKNOWN nobody is randomised."""
    notes: Words | None = None
    """What else a reader should know: why it is one, how late it may come."""
    within: Duration | None = Field(default=None, exclude_if=says_nothing)
    """How long after the anchor its level is waited for; without it, to the window's
    end."""
    m11: Section | None = None
    """The section of the ICH M11 protocol it is written in."""


class Arm(Document):
    """One intervention, or its absence."""

    id: Named
    """Its name in allocations."""
    title: Words
    """What is given, as a clinician reads it."""
    ratio: int = Field(default=1, ge=1)
    """Its share of those who are randomised."""
    inclusion: tuple[Criterion, ...] = ()
    """What this intervention asks for besides the domain."""
    exclusion: tuple[Criterion, ...] = ()
    """What forbids this intervention alone."""


class Recruitment(Document):
    """What opens a screening, what anchors its window, and how long that stays open."""

    entry: Entry
    """What opens a screening."""
    anchor: Anchor
    """The moment the window counts from, with its clock; while it is not known no
    window is open."""
    window: Duration
    """The window is open up to and including its last moment."""


class Domain(Document):
    """One question of the platform."""

    id: Named
    """Its name in screenings and allocations."""
    title: Words
    """As people call it."""
    status: Literal["open", "paused", "closed"]
    """Whether it recruits."""
    blinding: Literal["open_label", "blinded"]
    """Whether the arm is hidden from all but a few roles."""
    reveal: Literal["deferred"] | None = Field(default=None, exclude_if=says_nothing)
    """`deferred`: the draw may leave eligibility open, and the open-label arm is told
    to nobody before that is settled."""
    arms: tuple[Arm, ...] = Field(min_length=2)
    """Its interventions."""
    recruitment: Recruitment
    """Whom it recruits, and for how long."""
    strata: tuple[Factor, ...] = ()
    """By which factors allocations are balanced."""
    inclusion: tuple[Criterion, ...] = ()
    """What the domain asks for besides the platform."""
    exclusion: tuple[Criterion, ...] = ()
    """What the domain forbids besides the platform."""
    kits: Kits | None = Field(default=None, exclude_if=says_nothing)
    """Its kits, where it is blinded and arms are given as such."""
    not_with: tuple[GivenArm, ...] = Field(default=(), exclude_if=says_nothing)
    """Arms of other domains: whoever was drawn to one is not drawn here."""
    allocation: Allocation
    """How arms are drawn."""
    alert: Alert
    """What the alerted person reads."""
    population: Words | None = None
    """Whom the domain is about, in words."""
    m11: Section | None = None
    """The section of the ICH M11 protocol it is written in."""

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        """Its own and those of its arms."""
        of_arms = (c for arm in self.arms for c in (*arm.inclusion, *arm.exclusion))
        return (*self.inclusion, *self.exclusion, *of_arms)

    @model_validator(mode="after")
    def _holds_together(self) -> Domain:
        expect_unique("criterion", (c.id for c in self.criteria))
        expect_unique("arm", (arm.id for arm in self.arms))
        expect_unique("factor", (factor.id for factor in self.strata))
        ratio = {arm.id: arm.ratio for arm in self.arms}
        strata = frozenset(factor.id for factor in self.strata)
        told = (
            *hiding_misfits(self),
            *misfits(self.allocation, ratio=ratio, factors=strata),
        )
        for fault in told:
            raise protocol_fault(ErrorCode.PROTOCOL_INVALID, fault)
        return self


class Protocol(Document):
    """One version of one platform's protocol."""

    id: Named
    """The trial, as the registry and every message name it."""
    title: Words
    """As people call it."""
    version: Version
    """Of this document; in quotes, or YAML reads a number."""
    evidence: Literal["verified", "partial", "unverified"]
    """How complete the criteria are; only `verified` can run live."""
    summary: Words
    """The trial in two sentences."""
    m11: M11Document | None = None
    """The numbers of the ICH M11 document it encodes."""
    registration: Registration | None = None
    """The WHO trial registration data set."""
    sources: tuple[Words, ...] = ()
    """Where the criteria are from."""
    amendments: tuple[Amendment, ...] = ()
    """In the order in which they were made."""
    sites: tuple[Site, ...] = ()
    """Who recruits; every site, if none is named."""
    consent: Consent
    """How it is sought, and what that means here."""
    requires_signature: Literal[True] | None = Field(
        default=None, exclude_if=says_nothing
    )
    """`true`: live, nobody is randomised whose eligibility was not signed by somebody
    to whom that was delegated."""
    co_enrolment: CoEnrolment = Field(default_factory=CoEnrolment)
    """With which other trials a participant may share."""
    outcomes: tuple[OutcomeName | WrittenOut, ...] = Field(min_length=1)
    """What is followed of each participant: names, or rules with their choices."""
    inclusion: tuple[Criterion, ...] = ()
    """What every domain asks for."""
    exclusion: tuple[Criterion, ...] = ()
    """What every domain forbids."""
    domains: tuple[Domain, ...] = Field(min_length=1)
    """The questions of the platform."""

    @model_validator(mode="after")
    def _names_once(self) -> Protocol:
        expect_unique("domain", (domain.id for domain in self.domains))
        expect_unique("outcome", self.outcome_names)
        expect_unique("site", (site.id for site in self.sites))
        for domain in self.domains:
            expect_unique(
                "criterion", (c.id for c in (*self.criteria, *domain.criteria))
            )
        return self

    @model_validator(mode="after")
    def _includes_somebody(self) -> Protocol:
        for domain in self.domains:
            included = (*self.inclusion, *domain.inclusion)
            if not included:
                raise protocol_fault(
                    ErrorCode.PROTOCOL_INVALID,
                    f"domain {domain.id} includes nobody; write an inclusion",
                )
        return self

    @model_validator(mode="after")
    def _sends_to_a_domain_there_is(self) -> Protocol:
        names = {domain.id for domain in self.domains}
        everywhere = (*self.criteria, *(c for d in self.domains for c in d.criteria))
        for criterion in everywhere:
            sent_to = criterion.marker and criterion.marker.domain
            if sent_to and sent_to not in names:
                raise protocol_fault(
                    ErrorCode.PROTOCOL_INVALID,
                    f"{criterion.id} sends the marker-negative to {sent_to!r}, "
                    "which is no domain here",
                )
        return self

    @model_validator(mode="after")
    def _compares_arms_that_may_be_seen(self) -> Protocol:
        for fault in shut_misfits(self.domains):
            raise protocol_fault(ErrorCode.PROTOCOL_INVALID, fault)
        for rule in self.outcome_rules.values():
            if isinstance(rule, TreatmentReceived) and rule.domain is not None:
                self._expect_open_arms(rule)
        return self

    def _expect_open_arms(self, rule: TreatmentReceived) -> None:
        domain = self.domain(rule.domain or "")
        arms = set() if domain is None else {arm.id for arm in domain.arms}
        if domain is None or not {told.arm for told in rule.expected} <= arms:
            raise protocol_fault(
                ErrorCode.PROTOCOL_INVALID,
                f"{rule.id} compares arms that {rule.domain!r} does not have",
            )
        if domain.blinding == "blinded":
            raise protocol_fault(
                ErrorCode.PROTOCOL_INVALID,
                f"{rule.id} compares the arms of a blinded domain; nobody may see them",
            )

    @model_validator(mode="after")
    def _was_amended_in_order(self) -> Protocol:
        numbers = [version_number(a.version) for a in self.amendments]
        if numbers != sorted(set(numbers)) or numbers[-1:] > [
            version_number(self.version)
        ]:
            raise protocol_fault(
                ErrorCode.PROTOCOL_INVALID,
                f"the amendments do not lead up to version {self.version} in order",
            )
        return self

    def model_copy(
        self, *, update: Mapping[str, Any] | None = None, deep: bool = False
    ) -> Self:
        """A copy with these fields changed; its digest is its own, not the original's."""
        copied = super().model_copy(update=update, deep=deep)
        vars(copied).pop("digest", None)
        return copied

    @cached_property
    def digest(self) -> str:
        """The content hash, worked out once."""
        return content_hash(self)

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        """Those of the platform."""
        return (*self.inclusion, *self.exclusion)

    @property
    def outcome_names(self) -> tuple[str, ...]:
        """What is followed, by name."""
        return tuple(name_of(told) for told in self.outcomes)

    @property
    def outcome_rules(self) -> Mapping[str, OutcomeRule]:
        """What is followed, by name: the rule of each."""
        return {name_of(told): rule_of(told) for told in self.outcomes}

    def open_domains(self) -> tuple[Domain, ...]:
        """The domains that recruit."""
        return tuple(d for d in self.domains if d.status == "open")

    def domain(self, name: str) -> Domain | None:
        """The domain of that id; None where there is none."""
        return next((d for d in self.domains if d.id == name), None)


def canonical_json(protocol: Protocol) -> str:
    """The one spelling of a protocol: sorted keys, no blanks, no comments."""
    return json.dumps(
        protocol.model_dump(mode="json"),
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )


def content_hash(protocol: Protocol) -> str:
    """SHA-256 of the canonical JSON: what every verdict names."""
    return hashlib.sha256(canonical_json(protocol).encode()).hexdigest()
