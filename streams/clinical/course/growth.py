"""What grew, and what it is taken for.

An infection, a contaminant, colonisation, or a virus that woke up.
Skin commensals are told as by `definitions/ase/organisms.py`, all else by `specimens.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from streams.clinical.course.secondary_policy import SecondaryPolicy
from streams.clinical.course.specimens import (
    Site,
    is_contaminated,
    is_flora,
    is_reactivating,
    is_yeast,
    site_of,
)
from streams.clinical.definitions.ase.organisms import organism
from streams.clinical.timeline import Timeline, part
from streams.clinical.vital_status import INSTANT
from streams.vocabulary.clock import DAY
from streams.vocabulary.events import CultureCollected, CultureResult
from streams.vocabulary.facts import Flag


Kind = Literal[
    "infection",
    "contaminant",
    "colonisation",
    "viral_reactivation",
    "persisting",
    "unidentified",
    "negative",
    "pending",
]


@dataclass(frozen=True, slots=True)
class Organism:
    """What grew, in lower case, and when the laboratory named it."""

    name: str
    named_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """One specimen and what came of it."""

    culture_id: str
    collected_at: datetime
    """Midnight of its day where only the date is known."""
    taken_by: datetime
    """The same, or the last instant of that day."""
    told_at: datetime | None
    """When the first result that counts was known; None while it is pending."""
    site: Site
    specimen: str
    organisms: tuple[Organism, ...]
    """In order of their names."""
    negative: bool
    """Whether a final result says that nothing grew."""
    evidence: tuple[str, ...]

    def named(self, name: str) -> Organism | None:
        """The organism of that name, if it grew."""
        return next((one for one in self.organisms if one.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """The same, with what it is taken for."""

    grown: Grown
    kind: Kind
    reason: str
    told_at: datetime
    """When all that it rests on was known."""
    changes_until: datetime | None = None
    """Until when something to come may change it; None where nothing does."""


@part
def grown(timeline: Timeline, now: datetime) -> tuple[Grown, ...]:
    """Every specimen collected by `now`, with the results that had come by then."""
    results: dict[str, list[CultureResult]] = {}
    for fact in timeline.all(CultureResult, "culture_result"):
        if fact.happened_at <= now:
            results.setdefault(fact.culture_id, []).append(fact)
    specimens: dict[str, CultureCollected] = {}
    for taken in timeline.all(CultureCollected, "culture_collected"):
        if taken.happened_at <= now:
            specimens.setdefault(taken.culture_id, taken)
    return tuple(
        _grown(specimen, results.get(name, [])) for name, specimen in specimens.items()
    )


def taken_for(
    one: Grown,
    among: Sequence[Grown],
    before: frozenset[str],
    policy: SecondaryPolicy,
    *,
    treated_at: datetime | None,
) -> Growth:
    """What a specimen's growth is taken for.

    `among`: all specimens. `before`: organisms that grew before. `treated_at`: when an
    antimicrobial was begun for it.
    """
    waits = one.collected_at + policy.pending
    if one.told_at is None:
        return Growth(
            grown=one,
            kind="pending",
            reason="no result yet",
            told_at=one.collected_at,
            changes_until=waits,
        )
    if not one.organisms:
        negative = one.negative
        return Growth(
            grown=one,
            kind="negative" if negative else "unidentified",
            reason="nothing grew" if negative else "nothing is named",
            told_at=one.told_at,
            changes_until=None if negative else waits,
        )
    said = [
        _one(organism, one, among, before, policy, treated_at)
        for organism in one.organisms
    ]
    return min(said, key=lambda told: (_RANK.index(told.kind), told.told_at))


_RANK: tuple[Kind, ...] = (
    "infection",
    "viral_reactivation",
    "persisting",
    "unidentified",
    "colonisation",
    "contaminant",
    "negative",
    "pending",
)
"""Of several organisms in one specimen the first of these decides."""


def _one(
    found: Organism,
    one: Grown,
    among: Sequence[Grown],
    before: frozenset[str],
    policy: SecondaryPolicy,
    treated_at: datetime | None,
) -> Growth:
    name = found.name
    plain = Growth(grown=one, kind="colonisation", reason=name, told_at=found.named_at)
    if is_reactivating(name) and policy.viral == "apart":
        return replace(plain, kind="viral_reactivation")
    if one.site == "screen":
        return replace(plain, reason=f"{name} in a screening specimen")
    if policy.same_organism == "not_new" and name in before:
        return replace(plain, kind="persisting", reason=f"{name} grew before")
    if is_contaminated(name) or (is_flora(name) and one.site == "blood"):
        return plain if one.site == "open" else replace(plain, kind="contaminant")
    if is_flora(name):
        # From an abscess or the peritoneum mixed flora is an infection as a rule, but
        # nobody says of what.
        return plain if one.site == "open" else replace(plain, kind="unidentified")
    if one.site == "open":
        return _from_an_open_site(plain, name, policy, treated_at)
    return _from_a_sterile_site(plain, name, among, policy)


def _from_an_open_site(
    plain: Growth, name: str, policy: SecondaryPolicy, treated_at: datetime | None
) -> Growth:
    if is_yeast(name) and policy.candida == "sterile_sites_only":
        return replace(plain, reason=f"{name} from an open site")
    if policy.open_sites != "if_treated":
        reason = f"{name} from an open site"
        return replace(plain, kind=policy.open_sites, reason=reason)
    if treated_at is None:
        return replace(
            plain,
            reason=f"{name}, and no antimicrobial was begun",
            changes_until=plain.grown.collected_at + policy.treated_after,
        )
    return replace(
        plain,
        kind="infection",
        reason=f"{name}, and an antimicrobial was begun",
        told_at=max(plain.told_at, treated_at),
    )


def _from_a_sterile_site(
    plain: Growth, name: str, among: Sequence[Grown], policy: SecondaryPolicy
) -> Growth:
    sort = organism(name)
    if sort == "unidentified":
        return replace(
            plain,
            kind="unidentified",
            reason=f"{name}: not identified yet",
            changes_until=plain.grown.collected_at + policy.pending,
        )
    if sort == "pathogen" or policy.commensals == "infection":
        return replace(plain, kind="infection")
    if policy.commensals == "contaminant":
        return replace(plain, kind="contaminant", reason=f"{name}, a commensal")
    again = _again(name, plain.grown, among, policy)
    if again is None:
        return replace(
            plain,
            kind="contaminant",
            reason=f"{name}, a commensal, in one specimen",
            changes_until=plain.grown.collected_at + policy.pair_within,
        )
    return replace(
        plain,
        kind="infection",
        reason=f"{name} in two specimens",
        told_at=max(plain.told_at, again),
    )


def _again(
    name: str, one: Grown, among: Sequence[Grown], policy: SecondaryPolicy
) -> datetime | None:
    """When another specimen of the same sort of site was known to have grown it."""
    named = (
        other.named(name)
        for other in among
        if other.culture_id != one.culture_id
        and other.site == one.site
        and abs(other.collected_at - one.collected_at) <= policy.pair_within
    )
    return min((found.named_at for found in named if found), default=None)


def _grown(specimen: CultureCollected, results: Sequence[CultureResult]) -> Grown:
    last = {fact.test: fact for fact in results}
    final = {
        fact.test: fact.happened_at for fact in results if fact.status != "preliminary"
    }
    standing = [
        fact
        for fact in results
        if _is_positive(fact)
        and not _is_denied(fact, last[fact.test])
        and not _is_superseded(fact, final.get(fact.test))
    ]
    empty = [
        fact
        for fact in results
        if fact.positive is False and fact.status != "preliminary"
    ]
    deciding = standing or empty
    return Grown(
        culture_id=specimen.culture_id,
        collected_at=specimen.happened_at,
        taken_by=_taken_by(specimen),
        told_at=min((fact.happened_at for fact in deciding), default=None),
        site=site_of(specimen.specimen),
        specimen=specimen.specimen,
        organisms=tuple(_organisms(standing, results)),
        negative=not standing and bool(empty),
        evidence=(specimen.event_id, *(fact.event_id for fact in deciding)),
    )


def _taken_by(specimen: CultureCollected) -> datetime:
    if Flag.DATE_ONLY not in specimen.flags:
        return specimen.happened_at
    return specimen.happened_at + DAY - INSTANT


def _organisms(
    standing: Sequence[CultureResult], results: Sequence[CultureResult]
) -> list[Organism]:
    """The organisms that stand, each since the first report that named it."""
    first: dict[str, datetime] = {}
    for fact in results:
        if fact.organism and _is_positive(fact):
            first.setdefault(_plain(fact.organism), fact.happened_at)
    names = {_plain(fact.organism) for fact in standing if fact.organism}
    return [Organism(name, first[name]) for name in sorted(names)]


def _is_positive(fact: CultureResult) -> bool:
    if fact.positive is None:
        return fact.organism is not None
    return fact.positive


def _is_denied(fact: CultureResult, last: CultureResult) -> bool:
    """Whether a later final word of the same test says that nothing grew."""
    return last.positive is False and last.status != "preliminary" and last is not fact


def _is_superseded(fact: CultureResult, final_at: datetime | None) -> bool:
    """Whether a final report of the same test came after this preliminary one.

    It names all that grew: what was only a stain, or another organism, is no more.
    """
    early = fact.status == "preliminary"
    return early and final_at is not None and fact.happened_at <= final_at


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())


def organisms_of(found: Iterable[Grown]) -> frozenset[str]:
    """All that grew in them."""
    return frozenset(grew.name for one in found for grew in one.organisms)
