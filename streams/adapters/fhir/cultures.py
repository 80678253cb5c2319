"""What is known of each culture, and the events that follow from it.

Every event is made anew from all that is known, and its version is the sum of the
versions that went into it: whatever comes first, the last telling is the highest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from streams.adapters.fhir.journal import Journal, Section
from streams.adapters.fhir.known import Directory, KnownSpecimen
from streams.adapters.fhir.observed import Status
from streams.adapters.fhir.times import UNSAID
from streams.vocabulary.clock import Instant
from streams.vocabulary.events import (
    Cancellation,
    CultureCollected,
    CultureResult,
    Event,
    Susceptibility,
)
from streams.vocabulary.facts import Comparator, Flag


StepT = TypeVar("StepT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """What grew, or that nothing did; `positive` None where nobody says."""

    version: int
    event_id: str
    test: str | None
    """The key of the test; None where it is part of none."""
    positive: bool | None
    organism: str | None = None
    organism_code: str | None = None
    status: Status
    issued: Instant | None
    known_at: Instant
    void: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """A specimen put to a test."""

    version: int
    patient: str
    encounter: str | None
    stay: str | None
    event_id: str
    name: str
    specimen: str | None
    """The key."""
    taken: Instant
    flags: tuple[Flag, ...]
    known_at: Instant
    void: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One antimicrobial against what grew."""

    version: int
    antimicrobial: str
    interpretation: str | None
    mic: float | None
    comparator: Comparator | None
    at: Instant | None
    known_at: Instant
    void: bool


@dataclass(slots=True)
class Cultures:
    """All steps by key; the oldest go first where there are too many."""

    limit: int
    journal: Journal = field(default_factory=Journal)
    tests: dict[str, Test] = field(default_factory=dict)
    growths: dict[str, Growth] = field(default_factory=dict)
    tried: dict[str, dict[str, Tried]] = field(default_factory=dict)
    """By what grew."""
    parents: dict[str, str] = field(default_factory=dict)
    """By member, the step it is a member of."""
    _grown: dict[str, list[str]] = field(default_factory=dict)
    """By test, what grew in it."""
    _tests: dict[str, list[str]] = field(default_factory=dict)
    """By specimen."""

    def learn_test(self, key: str, test: Test) -> bool:
        """Keep a test, unless a later version is known; whether it was kept."""
        held = self.tests.get(key)
        if held is not None and held.version > test.version:
            return False
        self.tests[key] = test
        if test.specimen is not None:
            _add(self._tests, test.specimen, key, self.limit)
        self._noted("tests", key, _bound(self.tests, self.limit))
        return True

    def learn_growth(self, key: str, growth: Growth) -> None:
        """Keep what grew, unless a later version is known."""
        held = self.growths.get(key)
        if held is not None and held.version > growth.version:
            return
        self.growths[key] = growth
        if growth.test is not None and growth.test != key:
            _add(self._grown, growth.test, key, self.limit)
        self._noted("growths", key, _bound(self.growths, self.limit))

    def deny(self, key: str, version: int) -> None:
        """A test no longer says itself what grew."""
        if (growth := self.growths.get(key)) is not None:
            self.learn_growth(key, replace(growth, version=version, void=True))

    def learn_tried(self, growth: str, key: str, tried: Tried) -> None:
        """Keep one antimicrobial, unless a later version is known."""
        steps = self.tried.setdefault(growth, {})
        held = steps.get(key)
        if held is None or held.version <= tried.version:
            steps[key] = tried
        self._noted("tried", growth, _bound(self.tried, self.limit))

    def learn_member(self, member: str, of: str) -> None:
        """Keep that one step is a member of another."""
        self.parents[member] = of
        self._noted("parents", member, _bound(self.parents, self.limit))

    def forget(self, key: str, version: int) -> str | None:
        """A step was deleted; the key of what must be told again, if any."""
        if (test := self.tests.get(key)) is not None:
            self.learn_test(key, replace(test, version=version, void=True))
        self.deny(key, version)
        if key in self.tests or key in self.growths:
            return key
        parent = self.parents.get(key, "")
        gone = self.tried.get(parent, {}).get(key)
        if gone is None:
            return None
        self.learn_tried(parent, key, replace(gone, version=version, void=True))
        return parent

    def _noted(self, section: Section, key: str, gone: str | None) -> None:
        self.journal.note(section, key)
        if gone is not None:
            self.journal.note(section, gone)

    def patient(self, key: str) -> str | None:
        """Whose a step is."""
        growth = self.growths.get(key)
        test = self.tests.get(key if growth is None else growth.test or "")
        return None if test is None else test.patient

    def of_specimen(self, specimen: str) -> tuple[str, ...]:
        """The tests of one specimen."""
        return tuple(self._tests.get(specimen, ()))

    def told(
        self, key: str, directory: Directory, known_at: datetime
    ) -> Iterator[Event]:
        """All that follows from one step: of a test, also from what grew in it."""
        test = self.tests.get(key)
        if test is not None:
            yield self._collected(test, directory, known_at)
        grown = [key] if test is None else [key, *self._grown.get(key, ())]
        for one in grown:
            growth = self.growths.get(one)
            if growth is not None:
                yield self._result(one, growth, directory, known_at)

    def _collected(
        self, test: Test, directory: Directory, known_at: datetime
    ) -> CultureCollected | Cancellation:
        specimen = _specimen(test, directory)
        known_at = _known([test], known_at)
        version = test.version + (specimen.version if specimen else 0)
        event_id = f"{test.event_id}:collected"
        if test.void:
            return _cancelled(event_id, version, known_at)
        taken, flags = _taken(test, specimen)
        return CultureCollected(
            event_id=event_id,
            happened_at=taken,
            known_at=known_at,
            version=version,
            encounter=test.encounter,
            stay=test.stay,
            flags=(*flags, *_future(taken, known_at)),
            culture_id=specimen.name if specimen else test.event_id,
            specimen=_sort(specimen) or test.name,
            test=test.name,
        )

    def _result(
        self, key: str, growth: Growth, directory: Directory, known_at: datetime
    ) -> CultureResult | Cancellation:
        test = self.tests.get(growth.test or "")
        specimen = _specimen(test, directory) if test else None
        tried = self.tried.get(key, {}).values()
        steps = (growth, *((test,) if test else ()), *tried)
        known_at = _known(steps, known_at)
        version = sum(step.version for step in steps)
        version += specimen.version if specimen else 0
        event_id = f"{growth.event_id}:result"
        if growth.void or test is None or test.void:
            return _cancelled(event_id, version, known_at)
        standing = [one for one in tried if not one.void]
        taken, _ = _taken(test, specimen)
        at, flags = _resulted(growth, standing, taken)
        return CultureResult(
            event_id=event_id,
            happened_at=at,
            known_at=known_at,
            version=version,
            encounter=test.encounter,
            stay=test.stay,
            flags=(*flags, *_future(at, known_at)),
            culture_id=specimen.name if specimen else test.event_id,
            status=growth.status,
            positive=growth.positive,
            organism=growth.organism,
            organism_code=growth.organism_code,
            susceptibilities=tuple(
                Susceptibility(
                    antimicrobial=one.antimicrobial,
                    interpretation=one.interpretation,
                    mic=one.mic,
                    comparator=one.comparator,
                )
                for one in sorted(standing, key=repr)
            ),
            test=test.name,
        )


def _add(index: dict[str, list[str]], key: str, one: str, limit: int) -> None:
    listed = index.setdefault(key, [])
    if one not in listed:
        listed.append(one)
    _bound(index, limit)


def _bound(steps: dict[str, StepT], limit: int) -> str | None:
    """Let the oldest go where there are too many; its key."""
    if len(steps) <= limit:
        return None
    gone = next(iter(steps))
    del steps[gone]
    return gone


def _cancelled(event_id: str, version: int, known_at: datetime) -> Cancellation:
    return Cancellation(
        event_id=f"{event_id}:cancelled",
        happened_at=known_at,
        known_at=known_at,
        version=version,
        cancels=event_id,
    )


def _specimen(test: Test, directory: Directory) -> KnownSpecimen | None:
    return directory.find(test.specimen, KnownSpecimen) if test.specimen else None


def _sort(specimen: KnownSpecimen | None) -> str | None:
    """As the laboratory names it."""
    first = specimen.types[0] if specimen and specimen.types else None
    return (first.label or first.code) if first else None


def _taken(
    test: Test, specimen: KnownSpecimen | None
) -> tuple[datetime, tuple[Flag, ...]]:
    """When the specimen was: by itself, else by its test."""
    if specimen is None or specimen.collected is None:
        return test.taken, test.flags
    return specimen.collected, (Flag.DATE_ONLY,) if specimen.date_only else ()


def _resulted(
    growth: Growth, tried: list[Tried], taken: datetime
) -> tuple[datetime, tuple[Flag, ...]]:
    """When the laboratory knew: when it was issued, else when the last was tried."""
    told = growth.issued or max(
        (one.at for one in tried if one.at is not None and one.at > taken),
        default=None,
    )
    if told is None:
        return taken, (Flag.LAG_UNMEASURABLE,)
    return max(told, taken), ()


def _known(steps: Iterable[Growth | Test | Tried], at: datetime) -> datetime:
    """When the last of the steps was known, whichever was read last.

    What nobody dated counts only where nothing is dated.
    """
    moments = (at, *(step.known_at for step in steps))
    return max((one for one in moments if one < UNSAID), default=UNSAID)


def _future(at: datetime, known_at: datetime) -> tuple[Flag, ...]:
    return (Flag.FUTURE,) if at > known_at else ()
