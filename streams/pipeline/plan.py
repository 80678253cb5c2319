"""What patients are screened by: every open domain, and which rule reads what.

Rules that are written alike, in whatever protocols, are one rule and are judged once.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Generic, TypeVar

from streams.clinical.criteria.anchors import anchor_reads
from streams.clinical.criteria.judge import lanes, parts
from streams.clinical.criteria.judgement import ENTRY, ONSET
from streams.clinical.criteria.naming import definitions_used, flags_awaited
from streams.clinical.criteria.opening import opening_reads
from streams.clinical.criteria.verdict import Question, question
from streams.vocabulary.document import Document
from streams.vocabulary.entry import Entry
from streams.vocabulary.protocol import Protocol
from streams.vocabulary.rules import Rule


PartT = TypeVar("PartT", bound=Document)

_OWN = frozenset({ENTRY, ONSET})
"""What differs between two screenings of one hospital stay."""


class Readers:
    """Which of some numbered things read a lane."""

    __slots__ = ("_by_lane",)

    def __init__(self, reads: Iterable[Iterable[str]] = ()) -> None:
        by_lane: defaultdict[str, dict[int, None]] = defaultdict(dict)
        for number, names in enumerate(reads):
            for name in names:
                by_lane[name][number] = None
        self._by_lane = {name: tuple(found) for name, found in by_lane.items()}

    def of(self, touched: str) -> Iterator[int]:
        """Who may be concerned by a change of that lane."""
        yield from self._by_lane.get(touched, ())
        yield from self._by_lane.get(f"{touched.partition(':')[0]}:", ())


@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    """One open domain, and the numbers of its rules and its entry."""

    number: int
    question: Question
    rules: tuple[int, ...]
    """In the order of `question.rules`."""
    entry: int
    definitions: tuple[tuple[str, str], ...]
    """Pairs of a rule of the catalogue it asks, and its version."""

    @property
    def name(self) -> tuple[str, str]:
        """Trial and domain."""
        return self.question.protocol.id, self.question.domain.id


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Every open domain of the protocols in force; the same for all patients."""

    domains: tuple[Planned, ...] = ()
    rules: tuple[Rule, ...] = ()
    """Each rule once, and each part of a compound, however often it is written so."""
    made_of: tuple[tuple[int, ...], ...] = ()
    """By number of the rule, the numbers of its parts; none of what is no compound."""
    entries: tuple[Entry, ...] = ()
    asked_by: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """By number of the rule, the numbers of the domains that ask it, or a compound that
    it is a part of."""
    opened_by: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """By number of the entry, the same."""
    awaited: tuple[tuple[str, str], ...] = ()
    """The flags, as definition and policy, that any of them waits for."""
    by_name: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """By trial and domain, the number of the domain."""
    zone: str | None = None
    """The hospital's time zone, for rules of calendar days."""
    of_one_screening: frozenset[int] = frozenset()
    """Rules that read what opened the screening, and so say nothing of another."""
    readers: Readers = field(default_factory=Readers)
    """Of rules."""
    openers: Readers = field(default_factory=Readers)
    """Of entries."""
    counters: Readers = field(default_factory=Readers)
    """Of domains, for the anchor that their window counts from."""


def plan(protocols: Iterable[Protocol], zone: str | None = None) -> Plan:
    """The plan of these protocols; the same again for the same versions of them."""
    told = tuple(protocols)
    return _planned(_InForce(tuple(p.digest for p in told), zone, told))


@dataclass(frozen=True, slots=True)
class _InForce:
    digests: tuple[str, ...]
    zone: str | None
    protocols: tuple[Protocol, ...] = field(compare=False)


@lru_cache(maxsize=64)
def _planned(in_force: _InForce) -> Plan:
    rules = _Rules()
    entries: _Numbers[Entry] = _Numbers()
    domains: list[Planned] = []
    for protocol in in_force.protocols:
        for domain in protocol.open_domains():
            asked = question(protocol, domain)
            numbers = tuple(rules.number(rule) for rule in asked.rules)
            entry = entries.number(domain.recruitment.entry)
            used = definitions_used(asked)
            domains.append(Planned(len(domains), asked, numbers, entry, used))
    reads = [lanes(rule) for rule in rules.found]
    asked_by: defaultdict[int, list[int]] = defaultdict(list)
    opened_by: defaultdict[int, list[int]] = defaultdict(list)
    for one in domains:
        opened_by[one.entry].append(one.number)
        for number in rules.below(one.rules):
            asked_by[number].append(one.number)
    return Plan(
        domains=tuple(domains),
        rules=tuple(rules.found),
        made_of=tuple(rules.made_of[n] for n in range(len(rules.found))),
        entries=tuple(entries.found),
        asked_by={number: tuple(by) for number, by in asked_by.items()},
        opened_by={number: tuple(by) for number, by in opened_by.items()},
        awaited=flags_awaited(one.question for one in domains),
        by_name={one.name: one.number for one in domains},
        zone=in_force.zone,
        of_one_screening=frozenset(
            number for number, names in enumerate(reads) if names & _OWN
        ),
        readers=Readers(reads),
        openers=Readers(map(opening_reads, entries.found)),
        counters=Readers(
            anchor_reads(d.question.domain.recruitment.anchor) for d in domains
        ),
    )


class _Numbers(Generic[PartT]):
    """Parts of documents, each spelling once."""

    def __init__(self) -> None:
        self.found: list[PartT] = []
        self._by_spelling: dict[str, int] = {}

    def number(self, part: PartT) -> int:
        spelling = json.dumps(part.model_dump(mode="json"), sort_keys=True)
        known = self._by_spelling.setdefault(spelling, len(self.found))
        if known == len(self.found):
            self.found.append(part)
        return known


class _Rules(_Numbers[Rule]):
    """Rules and their parts."""

    def __init__(self) -> None:
        super().__init__()
        self.made_of: dict[int, tuple[int, ...]] = {}

    def number(self, part: Rule) -> int:
        number = super().number(part)
        if number not in self.made_of:
            self.made_of[number] = tuple(map(self.number, parts(part)))
        return number

    def below(self, numbers: Iterable[int]) -> Iterable[int]:
        """These and all that they are made of, each once."""
        found: dict[int, None] = {}
        for number in numbers:
            found[number] = None
            found |= dict.fromkeys(self.below(self.made_of[number]))
        return found
