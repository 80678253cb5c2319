"""Cultures: the specimen, and what grew in it.

How an organism answered antimicrobials stands in rows of its own; they are told with
the result they belong to, joined by sorting, so that memory does not grow with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from streams.adapters.site.codes import CodeMap, Coding
from streams.adapters.spill import externally_sorted
from streams.adapters.tabular.mapping.facts import (
    CultureFact,
    CultureResultFact,
    Susceptibilities,
)
from streams.adapters.tabular.mapping.line import Line
from streams.adapters.tabular.mapping.making.results import STATUSES
from streams.adapters.tabular.mapping.making.words import one_of
from streams.adapters.tabular.mapping.sheet import Sheet
from streams.adapters.tabular.mapping.stamping import Binding
from streams.adapters.values import read_result
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.events import (
    CultureCollected,
    CultureResult,
    Event,
    Susceptibility,
)


Makes = Callable[[Line], Iterator[Event]]


class Answer(NamedTuple):
    """One row of susceptibilities."""

    isolate: str
    antimicrobial: str
    interpretation: str
    mic: str


def cultures(fact: CultureFact, binding: Binding, codes: CodeMap) -> Makes:
    """A specimen taken."""
    sheet = binding.sheet
    at, stamps, event_id = (
        binding.at(fact),
        binding.stamps(fact),
        binding.event_id(fact),
    )
    number = binding.reference(sheet.whole(fact.culture), "culture")
    specimen, test = sheet.said(fact.specimen), sheet.said(fact.test)
    codings = sheet.codings(fact.coded)

    def make(line: Line) -> Iterator[Event]:
        entry = codes.find(*codings(line))
        if fact.coded is not None and (entry is None or entry.kind != "culture"):
            return
        named = entry.specimen if entry is not None else None
        culture, fluid = number(line), specimen(line) or named
        if not culture or not fluid:
            line.reject(
                ErrorCode.MISSING_VALUE, None, "Nothing names the culture or its fluid."
            )
            return
        stamp = stamps(line, at(line))
        yield CultureCollected(
            event_id=event_id(line, stamp.happened, f"culture:{culture}"),
            happened_at=stamp.happened,
            known_at=stamp.known,
            version=stamp.version,
            encounter=stamp.encounter,
            stay=stamp.stay,
            flags=stamp.flags,
            culture_id=culture,
            specimen=fluid,
            test=test(line) or None,
        )

    return make


def culture_results(
    fact: CultureResultFact,
    binding: Binding,
    codes: CodeMap,
    answers: Answers | None,
) -> Makes:
    """What grew; rows come in the order of their isolate where there are answers."""
    sheet = binding.sheet
    at, stamps, event_id = (
        binding.at(fact),
        binding.stamps(fact),
        binding.event_id(fact),
    )
    number = binding.reference(sheet.whole(fact.culture), "culture")
    isolate, organism = sheet.whole(fact.isolate), sheet.said(fact.organism)
    code, status, test = (
        sheet.said(fact.organism_code),
        sheet.said(fact.status),
        sheet.said(fact.test),
    )
    codings = sheet.codings(fact.coded)
    nothing = {word.lower() for word in fact.no_growth}
    untold = {word.lower() for word in fact.not_told}

    def make(line: Line) -> Iterator[Event]:
        entry = codes.find(*codings(line))
        if fact.coded is not None and (entry is None or entry.kind != "culture"):
            return
        culture, grew = number(line), organism(line)
        if not culture:
            line.reject(ErrorCode.MISSING_VALUE, None, "Nothing names the culture.")
        if not grew:
            return
        stamp, positive = stamps(line, at(line)), grew.lower() not in nothing
        known = grew.lower() not in untold
        named = grew if positive and known else None
        found = answers.of(isolate(line)) if answers and named else ()
        yield CultureResult(
            event_id=event_id(line, stamp.happened, f"grew:{culture}:{named or ''}"),
            happened_at=stamp.happened,
            known_at=stamp.known,
            version=stamp.version,
            encounter=stamp.encounter,
            stay=stamp.stay,
            flags=stamp.flags,
            culture_id=culture,
            status=one_of(status(line), STATUSES, line, "status") or "final",
            positive=positive if known else None,
            organism=named,
            organism_code=_local(binding.source, code(line)) if named else None,
            susceptibilities=found,
            test=test(line) or None,
        )

    return make


def _local(source: str, code: str) -> str | None:
    return str(Coding(source, code)) if code else None


class Answers:
    """Susceptibilities by isolate, for results that come in the order of isolates."""

    def __init__(self, rows: Iterable[Answer]) -> None:
        self._rows = externally_sorted(set_apart(rows), key=tuple)
        self._next = next(self._rows, None)
        self._isolate: str | None = None
        self._found: tuple[Susceptibility, ...] = ()
        self.unclaimed = 0
        """Rows of isolates that nobody asked for."""

    def of(self, isolate: str) -> tuple[Susceptibility, ...]:
        """The isolate's; isolates are asked for in order, each as often as wanted."""
        if isolate != self._isolate:
            while self._next is not None and self._next.isolate < isolate:
                self._next = next(self._rows, None)
                self.unclaimed += 1
            self._isolate, self._found = isolate, tuple(self._group(isolate))
        return self._found

    def finish(self) -> int:
        """All results are told: how many rows nobody asked for."""
        if self._next is not None:
            self.unclaimed += 1 + sum(1 for _ in self._rows)
            self._next = None
        return self.unclaimed

    def _group(self, isolate: str) -> Iterator[Susceptibility]:
        """The rows of one isolate, equal ones once."""
        last: Answer | None = None
        while self._next is not None and self._next.isolate == isolate:
            if self._next != last:
                yield _susceptibility(self._next)
            last, self._next = self._next, next(self._rows, None)


def set_apart(rows: Iterable[Answer]) -> Iterator[Answer]:
    """The rows that say of which isolate and which antimicrobial they are."""
    return (row for row in rows if row.isolate and row.antimicrobial)


def answering(told: Susceptibilities, sheet: Sheet) -> Callable[[Line], Answer]:
    """How a row of susceptibilities is read."""
    isolate, drug = sheet.whole(told.isolate), sheet.said(told.antimicrobial)
    meaning, mic = sheet.said(told.interpretation), sheet.said(told.mic)
    return lambda line: Answer(isolate(line), drug(line), meaning(line), mic(line))


def _susceptibility(row: Answer) -> Susceptibility:
    mic = read_result(row.mic)
    return Susceptibility(
        antimicrobial=row.antimicrobial,
        interpretation=row.interpretation or None,
        mic=mic.value,
        comparator=mic.comparator,
    )
