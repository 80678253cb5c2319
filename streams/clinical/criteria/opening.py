"""Finds what opens a screening: the first entry of each hospital stay.

An opening rests on facts or on a flag; with them it goes.
What nobody can say for certain opens nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from streams.clinical.criteria.intervals import compare, interval
from streams.clinical.criteria.judgement import FLAG, ahead, once, since, soonest
from streams.clinical.definitions.ase.organisms import organism
from streams.clinical.timeline import Timeline
from streams.vocabulary.entry import (
    AdmissionEntry,
    AllWithin,
    CultureEntry,
    Entry,
    FirstOf,
    InfusionEntry,
    MedicationEntry,
    OnsetEntry,
    SupportEntry,
    UnitEntry,
    onsets,
    parts,
)
from streams.vocabulary.events import (
    CultureCollected,
    CultureResult,
    Encounter,
    Infusion,
    Location,
    Medication,
    RespiratorySupport,
)
from streams.vocabulary.facts import Fact
from streams.vocabulary.kinds.fitting import ingredients
from streams.vocabulary.messages import SepsisOnset
from streams.vocabulary.truth import TRUE


NO_STAY = "none"
"""The hospital stay of what the source files under none."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What opened a screening, with both clocks and the facts it rests on."""

    episode: str
    happened_at: datetime
    known_at: datetime
    """When the facts that make it were known."""
    evidence: tuple[str, ...]
    flag: SepsisOnset | None = None
    """The flag, where it is one."""
    culture: tuple[datetime, datetime] | None = None
    """Of a culture: when it was taken, and when its deciding report was known."""


@dataclass(frozen=True, slots=True)
class Openings:
    """The first of each hospital stay, and when time alone may open another."""

    by_episode: Mapping[str, Opening]
    changes_at: datetime | None = None


def openings(
    entry: Entry, timeline: Timeline, flags: Iterable[SepsisOnset], now: datetime
) -> Openings:
    """The first opening of each stay by the facts that have happened by `now`."""
    found = _found(entry, timeline, tuple(flags), now)
    first: dict[str, Opening] = {}
    for one in sorted(found, key=_place):
        first.setdefault(one.episode, one)
    lanes = (lane for part in parts(entry) for lane in _lanes(part))
    return Openings(first, soonest(now, *(ahead(timeline, n, now) for n in lanes)))


def opening_reads(entry: Entry) -> frozenset[str]:
    """Lanes and flags that can open a screening, move its entry or take it back."""
    flags = (f"{FLAG}{one.definition}" for one in onsets(entry))
    return frozenset((*flags, *(n for part in parts(entry) for n in _lanes(part))))


VERSION = "1.0"
"""Of how entries are read from the record; a change of meaning raises it."""


def _place(one: Opening) -> tuple[datetime, datetime, tuple[str, ...]]:
    return one.happened_at, one.known_at, one.evidence


def _found(
    entry: Entry, timeline: Timeline, flags: Sequence[SepsisOnset], now: datetime
) -> Iterator[Opening]:
    """Every opening by this entry, in no order."""
    if isinstance(entry, OnsetEntry):
        yield from _of_flags(entry, flags)
    elif isinstance(entry, FirstOf):
        for one in entry.of:
            yield from _found(one, timeline, flags, now)
    elif isinstance(entry, AllWithin):
        sorts = [list(_found(one, timeline, flags, now)) for one in entry.of]
        yield from _together(entry, sorts)
    else:
        yield from _FINDERS[type(entry)](entry, timeline, now)


def _of_flags(entry: OnsetEntry, flags: Iterable[SepsisOnset]) -> Iterator[Opening]:
    for flag in flags:
        wanted = (flag.definition, flag.policy) == (entry.definition, entry.policy)
        if wanted and flag.status != "withdrawn":
            known = flag.stands_since or flag.known_at
            yield Opening(flag.episode, flag.happened_at, known, flag.evidence, flag)


def _together(entry: AllWithin, sorts: Sequence[list[Opening]]) -> Iterator[Opening]:
    """Where each sort happened no longer than `within` before the last of them."""
    for last in (one for sort in sorts for one in sort):
        begin = last.happened_at - entry.within
        nearest = [
            max(
                (
                    one
                    for one in sort
                    if one.episode == last.episode
                    and begin <= one.happened_at <= last.happened_at
                ),
                key=_place,
                default=None,
            )
            for sort in sorts
        ]
        found = [one for one in nearest if one is not None]
        if len(found) == len(sorts):
            yield Opening(
                last.episode,
                last.happened_at,
                max(one.known_at for one in found),
                once(event for one in found for event in one.evidence),
                next((one.flag for one in found if one.flag is not None), None),
                next((one.culture for one in found if one.culture is not None), None),
            )


def _admissions(
    _entry: AdmissionEntry, timeline: Timeline, now: datetime
) -> Iterator[Opening]:
    """Nobody was admitted to a stay that was cancelled, nor for a visit."""
    said = timeline.between(Encounter, "encounter", since(now, None), now)
    for _, told in groupby(sorted(said, key=_stay), key=_stay):
        life = list(told)
        last = life[-1]
        if last.phase == "cancelled" or last.encounter_class == "outpatient":
            continue
        yield from (_of(fact) for fact in life if fact.phase == "admitted")


def _units(entry: UnitEntry, timeline: Timeline, now: datetime) -> Iterator[Opening]:
    for fact in timeline.between(Location, "location", since(now, None), now):
        if fact.phase == "entered" and fact.level in entry.any_of:
            yield _of(fact)


def _infusions(
    entry: InfusionEntry, timeline: Timeline, now: datetime
) -> Iterator[Opening]:
    for drug in sorted(ingredients(entry.drugs)):
        lane = f"infusion:{drug}"
        for fact in timeline.between(Infusion, lane, since(now, None), now):
            if _runs(entry, fact):
                yield _of(fact)


def _runs(entry: InfusionEntry, fact: Infusion) -> bool:
    charted = fact.sent_rate if fact.rate is None else fact.rate
    if fact.phase == "stopped" or charted == 0:
        return False
    if entry.rate is None:
        return True
    if fact.rate is None:
        return False
    reached = compare(interval(fact.rate), entry.rate.operator, entry.rate.value)
    return reached is TRUE


def _supports(
    entry: SupportEntry, timeline: Timeline, now: datetime
) -> Iterator[Opening]:
    lane = "respiratory_support"
    for fact in timeline.between(RespiratorySupport, lane, since(now, None), now):
        if fact.phase != "stopped" and fact.category in entry.any_of:
            yield _of(fact)


def _cultures(
    entry: CultureEntry, timeline: Timeline, now: datetime
) -> Iterator[Opening]:
    """The first report of each specimen that counts.

    What is known only as a result, without its specimen, happened when it was
    reported; a specimen that is asked for by name is not taken for granted.
    """
    begin = since(now, None)
    taken: dict[str, CultureCollected] = {}
    for specimen in timeline.between(CultureCollected, "culture_collected", begin, now):
        taken.setdefault(specimen.culture_id, specimen)
    reports = timeline.between(CultureResult, "culture_result", begin, now)
    for fact in _uncorrected(reports):
        collected = taken.get(fact.culture_id)
        if _grew(entry, fact) and _is_specimen(entry, collected):
            opened = _of(fact) if collected is None else _of(collected, fact)
            clocks = opened.happened_at, opened.known_at
            yield replace(opened, culture=clocks)


def _uncorrected(reports: Sequence[CultureResult]) -> Iterator[CultureResult]:
    """What a later, corrected report of the same culture does not take back."""
    corrected = {
        r.culture_id: r.happened_at for r in reports if r.status == "corrected"
    }
    for report in reports:
        since = corrected.get(report.culture_id)
        if since is None or report.happened_at >= since:
            yield report


def _grew(entry: CultureEntry, fact: CultureResult) -> bool:
    if not fact.positive:
        return False
    name = (fact.organism or "").casefold()
    if entry.contaminants == "ignore" and organism(fact.organism) == "commensal":
        return False
    wanted = entry.organisms
    return not wanted or any(word.casefold() in name for word in wanted)


def _is_specimen(entry: CultureEntry, taken: CultureCollected | None) -> bool:
    if not entry.specimens:
        return True
    name = "" if taken is None else taken.specimen.casefold()
    return any(word.casefold() in name for word in entry.specimens)


def _medications(
    entry: MedicationEntry, timeline: Timeline, now: datetime
) -> Iterator[Opening]:
    for fact in timeline.between(Medication, "medication", since(now, None), now):
        if fact.stage in entry.stages and _is_drug(entry, fact):
            yield _of(fact)


def _is_drug(entry: MedicationEntry, fact: Medication) -> bool:
    wanted = ingredients(entry.drugs).union(entry.drugs)
    sent = fact.sent_drug.casefold()
    named = fact.drug in wanted or any(w.casefold() in sent for w in entry.named)
    if not named and not (entry.antimicrobial and fact.antimicrobial):
        return False
    routes = {route.casefold() for route in entry.routes}
    return not routes or fact.route is None or fact.route.casefold() in routes


def _of(fact: Fact, *later: Fact) -> Opening:
    """An opening that happened with `fact`, and rests on the others too."""
    told = (fact, *later)
    return Opening(
        _stay(fact) if fact.encounter else next(map(_stay, later), NO_STAY),
        fact.happened_at,
        max(one.known_at for one in told),
        once(one.event_id for one in told),
    )


def _stay(fact: Fact) -> str:
    return fact.encounter or NO_STAY


def _lanes(entry: Entry) -> Iterator[str]:
    """The lanes in which a fact that is known already may still have to happen."""
    if isinstance(entry, InfusionEntry):
        yield from (f"infusion:{drug}" for drug in ingredients(entry.drugs))
    else:
        yield from _LANES.get(type(entry), ())


_FINDERS: Mapping[type, Callable[..., Iterator[Opening]]] = {
    AdmissionEntry: _admissions,
    UnitEntry: _units,
    InfusionEntry: _infusions,
    SupportEntry: _supports,
    CultureEntry: _cultures,
    MedicationEntry: _medications,
}

_LANES: Mapping[type, tuple[str, ...]] = {
    AdmissionEntry: ("encounter",),
    UnitEntry: ("location",),
    SupportEntry: ("respiratory_support",),
    CultureEntry: ("culture_collected", "culture_result"),
    MedicationEntry: ("medication",),
}
