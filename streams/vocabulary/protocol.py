"""The protocol document: one platform trial as data a trial team can read.

A platform has domains, a domain has arms, and each domain says for itself whom it
recruits, from which anchor, for how long, by which strata and how it allocates.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, model_validator

from streams.vocabulary.document import Document, Named
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.kinds.standing import HasOnset
from streams.vocabulary.quantities import Duration, protocol_fault
from streams.vocabulary.rules import Rule
from streams.vocabulary.windows import Anchor


Version = Annotated[str, Field(pattern=r"^\d+\.\d+(\.\d+)?$")]
Words = Annotated[str, Field(min_length=1)]


class Criterion(Document):
    """One criterion: the registry's wording beside our rule."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]
    text: Words
    rule: Rule
    if_unknown: Literal["wait", "ask"] = "wait"
    """`wait` for data, or `ask` a human what the record does not tell."""
    question: str | None = None

    @model_validator(mode="after")
    def _asks_in_words(self) -> Criterion:
        if self.if_unknown == "ask" and not self.question:
            raise protocol_fault(
                ErrorCode.PROTOCOL_INVALID, f"{self.id} asks, but has no `question`"
            )
        return self


class Factor(Document):
    """A stratification factor whose level a rule decides."""

    id: Named
    text: Words
    rule: Rule
    if_true: Named
    if_false: Named


class Arm(Document):
    """One intervention, or its absence."""

    id: Named
    title: Words
    ratio: int = Field(default=1, ge=1)


class Recruitment(Document):
    """Whose onset opens the window, what anchors it, and how long it stays open."""

    definition: Named
    policy: Named
    anchor: Anchor
    window: Duration
    """The window is open up to and including its last moment."""


class Allocation(Document):
    """Stratified permuted blocks of random size; the sizes are never shown."""

    method: Literal["permuted_blocks"]
    sizes: tuple[Annotated[int, Field(ge=2)], ...] = Field(min_length=1)


class Alert(Document):
    """What the alerted person reads; no identity stands in it."""

    title: Words
    body: Words
    to: tuple[Literal["treating_clinician", "research_team"], ...] = ("research_team",)


class Consent(Document):
    """How consent is sought."""

    model: Literal["prospective", "deferred", "opt_out", "waiver"]
    text: Words


class Domain(Document):
    """One question of the platform."""

    id: Named
    title: Words
    status: Literal["open", "paused", "closed"]
    blinding: Literal["open_label", "blinded"]
    arms: tuple[Arm, ...] = Field(min_length=2)
    recruitment: Recruitment
    strata: tuple[Factor, ...] = ()
    inclusion: tuple[Criterion, ...] = Field(min_length=1)
    exclusion: tuple[Criterion, ...] = ()
    allocation: Allocation
    alert: Alert

    @model_validator(mode="after")
    def _holds_together(self) -> Domain:
        _unique("criterion", (c.id for c in (*self.inclusion, *self.exclusion)))
        _unique("arm", (arm.id for arm in self.arms))
        _unique("factor", (factor.id for factor in self.strata))
        if not any(isinstance(c.rule, HasOnset) for c in self.inclusion):
            raise protocol_fault(
                ErrorCode.PROTOCOL_INVALID,
                "no inclusion names the onset; add one with `rule: {kind: onset}`",
            )
        self._fill_whole_blocks()
        return self

    def _fill_whole_blocks(self) -> None:
        turn = sum(arm.ratio for arm in self.arms)
        for size in self.allocation.sizes:
            if size % turn:
                raise protocol_fault(
                    ErrorCode.PROTOCOL_INVALID,
                    f"a block of {size} cannot hold the ratio; use multiples of {turn}",
                )


class Protocol(Document):
    """One version of one platform's protocol."""

    id: Named
    title: Words
    version: Version
    evidence: Literal["verified", "partial", "unverified"]
    """How complete the criteria are; only `verified` can run live."""
    summary: Words
    consent: Consent
    outcomes: tuple[Literal["mortality_28d", "in_hospital_mortality"], ...] = Field(
        min_length=1
    )
    domains: tuple[Domain, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_once(self) -> Protocol:
        _unique("domain", (domain.id for domain in self.domains))
        _unique("outcome", self.outcomes)
        return self

    @cached_property
    def digest(self) -> str:
        """The content hash, worked out once."""
        return content_hash(self)

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


def _unique(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise protocol_fault(
                ErrorCode.PROTOCOL_INVALID, f"the {what} {name!r} is there twice"
            )
        seen.add(name)
