"""A whole protocol in English: who is screened, what is asked of them, what is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from streams.clinical.aloud.entries import recruitment
from streams.clinical.aloud.rules import asks, lines
from streams.clinical.aloud.terms import (
    asked_again,
    consent_terms,
    hiding_terms,
    waited_for,
)
from streams.clinical.aloud.times import joined, lasting
from streams.vocabulary.protocol import Criterion, Domain, Protocol


LEFT = "left to a human:"
"""How the note begins that a part of the wording is in no rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One criterion, read aloud."""

    place: str
    """`platform`, `domain ID` or `arm ID of ID`."""
    part: Literal["inclusion", "exclusion"]
    criterion: str
    text: str
    """The registry's wording."""
    rule: tuple[str, ...]
    """Ours; what a compound is made of is set in by two blanks."""
    notes: tuple[str, ...]
    """Who is asked, what it is for, what is left to a human."""
    asks: bool
    """Whether any human may be asked."""


def passages(protocol: Protocol) -> Iterator[Passage]:
    """Every criterion in the order of the document."""
    yield from _of("platform", protocol.inclusion, protocol.exclusion)
    for domain in protocol.domains:
        yield from _of(f"domain {domain.id}", domain.inclusion, domain.exclusion)
        for arm in domain.arms:
            where = f"arm {arm.id} of {domain.id}"
            yield from _of(where, arm.inclusion, arm.exclusion)


def aloud(protocol: Protocol) -> Iterator[str]:
    """The protocol, line by line."""
    yield f"{protocol.title} ({protocol.id}), version {protocol.version}"
    yield f"Evidence: {protocol.evidence}. Content hash: {protocol.digest[:12]}."
    yield protocol.summary
    yield f"Consent is {consent_terms(protocol.consent)}"
    for site in protocol.sites:
        if site.consent is not None:
            yield f"At {site.id}, consent is {consent_terms(site.consent)}"
    for made in protocol.amendments:
        if made.reconsent is not None:
            yield f"Since version {made.version}, {asked_again(made.reconsent)}"
    if protocol.requires_signature:
        yield "Live, eligibility is signed before anybody is randomised."
    yield from _company(protocol)
    told = list(passages(protocol))
    yield from _section("Everybody, whatever the domain", told, "platform")
    for domain in protocol.domains:
        yield from _domain(domain, told)


def spoken(passage: Passage) -> Iterator[str]:
    """One criterion, line by line."""
    yield f"  {passage.criterion}  {passage.text}"
    for line in passage.rule:
        yield f"      {line}"
    for note in passage.notes:
        yield f"      - {note}"


def _of(
    place: str, inclusion: tuple[Criterion, ...], exclusion: tuple[Criterion, ...]
) -> Iterator[Passage]:
    for criterion in inclusion:
        yield _passage(place, "inclusion", criterion)
    for criterion in exclusion:
        yield _passage(place, "exclusion", criterion)


def _passage(
    place: str, part: Literal["inclusion", "exclusion"], criterion: Criterion
) -> Passage:
    return Passage(
        place=place,
        part=part,
        criterion=criterion.id,
        text=criterion.text,
        rule=tuple(lines(criterion.rule)),
        notes=tuple(_notes(criterion)),
        asks=criterion.if_unknown == "ask" or asks(criterion.rule),
    )


def _notes(criterion: Criterion) -> Iterator[str]:
    if criterion.if_unknown == "ask":
        yield f"where the record does not tell, it is asked: {criterion.question}"
    if criterion.ask is not None:
        held = criterion.ask.holds_for
        holds = f"; an answer holds for {lasting(held)}" if held else ""
        yield f"the {joined([criterion.ask.by])} answers{holds}"
    if criterion.role != "population":
        yield f"it is there for {joined([criterion.role])}"
    if criterion.marker is not None:
        marker = criterion.marker
        sent = f" ({marker.domain})" if marker.domain else ""
        yield (
            f"assay {marker.assay}, result within {lasting(marker.turnaround)}; "
            f"marker-negative patients: {joined([marker.if_negative])}{sent}"
        )
    if criterion.unencoded is not None:
        yield f"{LEFT} {criterion.unencoded}"
    if criterion.m11 is not None:
        yield f"ICH M11 section {criterion.m11}"


def _company(protocol: Protocol) -> Iterator[str]:
    terms = protocol.co_enrolment
    if terms.excludes:
        yield f"Nobody takes part in {joined(terms.excludes)} besides."
    if terms.allows is not None:
        only = joined(terms.allows) or "none"
        yield f"Besides this one, participants may be in: {only}."
    if terms.rank is not None:
        yield f"Among trials that exclude each other it calls in rank {terms.rank}."
    if protocol.sites:
        yield f"Sites: {', '.join(site.id for site in protocol.sites)}."


def _domain(domain: Domain, told: list[Passage]) -> Iterator[str]:
    yield ""
    yield (
        f"Domain {domain.id}: {domain.title} "
        f"({domain.status}, {domain.blinding.replace('_', ' ')})"
    )
    yield recruitment(domain.recruitment)
    for name, terms in hiding_terms(domain).items():
        yield f"{name.capitalize()}: {terms}."
    yield from _section(f"Domain {domain.id}", told, f"domain {domain.id}")
    for arm in domain.arms:
        yield f"Arm {arm.id} (share {arm.ratio}): {arm.title}"
        yield from _section(f"Arm {arm.id}", told, f"arm {arm.id} of {domain.id}")
    for factor in domain.strata:
        yield f"Stratum {factor.id}: {factor.if_true} or {factor.if_false}: {factor.text}{waited_for(factor)}"
        yield from (f"      {line}" for line in lines(factor.rule))


def _section(title: str, told: list[Passage], place: str) -> Iterator[str]:
    for part in ("inclusion", "exclusion"):
        mine = [p for p in told if (p.place, p.part) == (place, part)]
        if mine:
            yield f"{title}: {part}"
        for passage in mine:
            yield from spoken(passage)
