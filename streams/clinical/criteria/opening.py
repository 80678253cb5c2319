"""Finds what opens a screening: the first entry of each hospital stay.

An opening rests on facts or on a flag; with them it goes.
What nobody can say for certain opens nothing.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from heapq import merge
from itertools import count, groupby

from streams.clinical.criteria.judgement import FLAG, once, since, soonest
from streams.clinical.criteria.opener import lanes_of
from streams.clinical.definitions.ase.organisms import organism
from streams.clinical.timeline import Sieve, Timeline
from streams.vocabulary.entry import (
    AdmissionEntry,
    AllWithin,
    CultureEntry,
    Entry,
    FirstOf,
    OnsetEntry,
    onsets,
    parts,
)
from streams.vocabulary.events import CultureCollected, CultureResult, Encounter
from streams.vocabulary.facts import Fact
from streams.vocabulary.messages import SepsisOnset


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
    read: Mapping[tuple[str, Sieve], int] = field(
        default_factory=dict, compare=False, repr=False
    )
    """By what was read of the record, how often it had changed."""

    def stand(self, timeline: Timeline) -> bool:
        """Whether no fact came or went of those that can open a screening."""
        return all(timeline.changes(*name) == told for name, told in self.read.items())


def openings(
    entry: Entry, timeline: Timeline, flags: Iterable[SepsisOnset], now: datetime
) -> Openings:
    """The first opening of each stay by the facts that have happened by `now`."""
    first: dict[str, Opening] = {}
    settled = set[str]()
    for one in _found(entry, timeline, tuple(flags), now, settled):
        held = first.get(one.episode)
        if held is None or _place(one) < _place(held):
            first[one.episode] = one
        elif held.happened_at < one.happened_at:
            settled.add(one.episode)
    read = {name: timeline.changes(*name) for name in _lanes(entry)}
    coming = (timeline.next(*name, now) for name in read)
    return Openings(first, soonest(now, *coming), read)


def opening_reads(entry: Entry) -> frozenset[str]:
    """Lanes and flags that can open a screening, move its entry or take it back."""
    flags = (f"{FLAG}{one.definition}" for one in onsets(entry))
    return frozenset((*flags, *(lane for lane, _ in _lanes(entry))))


VERSION = "1.0"
"""Of how entries are read from the record; a change of meaning raises it."""


def _lanes(entry: Entry) -> Iterator[tuple[str, Sieve]]:
    """What is read of the record, by the entry and all that it is made of."""
    for one in parts(entry):
        yield from lanes_of(one)


def _moment(one: Opening | Fact) -> datetime:
    return one.happened_at


def _place(one: Opening) -> tuple[datetime, datetime, tuple[str, ...]]:
    return one.happened_at, one.known_at, one.evidence


def _found(
    entry: Entry,
    timeline: Timeline,
    flags: Sequence[SepsisOnset],
    now: datetime,
    settled: Container[str],
) -> Iterator[Opening]:
    """The openings by this entry, in the order in which they happened.

    Of a stay that is `settled` by then, no later one has to be told.
    """
    if isinstance(entry, OnsetEntry):
        yield from sorted(_of_flags(entry, flags), key=_place)
    elif isinstance(entry, FirstOf | AllWithin):
        sorts = [_found(one, timeline, flags, now, settled) for one in entry.of]
        if isinstance(entry, AllWithin):
            yield from _together(entry, sorts)
        else:
            yield from merge(*sorts, key=_moment)
    elif isinstance(entry, AdmissionEntry):
        yield from sorted(_admissions(timeline, now), key=_place)
    elif isinstance(entry, CultureEntry):
        yield from sorted(_cultures(entry, timeline, now), key=_place)
    else:
        yield from _of_facts(entry, timeline, now, settled)


def _of_flags(entry: OnsetEntry, flags: Iterable[SepsisOnset]) -> Iterator[Opening]:
    for flag in flags:
        wanted = (flag.definition, flag.policy) == (entry.definition, entry.policy)
        if wanted and flag.status != "withdrawn":
            known = flag.stands_since or flag.known_at
            yield Opening(flag.episode, flag.happened_at, known, flag.evidence, flag)


def _together(
    entry: AllWithin, sorts: Sequence[Iterable[Opening]]
) -> Iterator[Opening]:
    """Where each sort happened no longer than `within` before the last of them."""
    latest = tuple[dict[str, Opening], ...]({} for _ in sorts)
    for at, told in groupby(merge(*map(_numbered, count(), sorts), key=_when), _when):
        episodes = dict[str, None]()
        for sort, one in told:
            held = latest[sort].get(one.episode)
            if held is None or _place(held) <= _place(one):
                latest[sort][one.episode] = one
            episodes[one.episode] = None
        for episode in episodes:
            nearest = [sort[episode] for sort in latest if episode in sort]
            found = [one for one in nearest if at - entry.within <= one.happened_at]
            if len(found) == len(sorts):
                yield _last_of(episode, at, found)


def _numbered(number: int, sort: Iterable[Opening]) -> Iterator[tuple[int, Opening]]:
    for one in sort:
        yield number, one


def _when(numbered: tuple[int, Opening]) -> datetime:
    return numbered[1].happened_at


def _last_of(episode: str, at: datetime, found: Sequence[Opening]) -> Opening:
    return Opening(
        episode,
        at,
        max(one.known_at for one in found),
        once(event for one in found for event in one.evidence),
        next((one.flag for one in found if one.flag is not None), None),
        next((one.culture for one in found if one.culture is not None), None),
    )


def _of_facts(
    entry: Entry, timeline: Timeline, now: datetime, settled: Container[str]
) -> Iterator[Opening]:
    """Each fact that opens by itself."""
    begin = since(now, None)
    told = (
        timeline.sifted(Fact, lane, keeps, begin, now)
        for lane, keeps in lanes_of(entry)
    )
    for fact in merge(*told, key=_moment):
        if _stay(fact) not in settled:
            yield _of(fact)


def _admissions(timeline: Timeline, now: datetime) -> Iterator[Opening]:
    """Nobody was admitted to a stay that was cancelled, nor for a visit."""
    said = timeline.between(Encounter, "encounter", since(now, None), now)
    for _, told in groupby(sorted(said, key=_stay), key=_stay):
        life = list(told)
        last = life[-1]
        if last.phase == "cancelled" or last.encounter_class == "outpatient":
            continue
        yield from (_of(fact) for fact in life if fact.phase == "admitted")


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
