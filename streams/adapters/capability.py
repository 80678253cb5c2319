"""A source's capability register: what its messages hold, and what Ember makes of it.

Everything is counted in bounded memory; no identifier and no value of a patient's is
kept.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import pairwise

from streams.adapters.translation import Fault, Translation, UnmappedCode
from streams.vocabulary.clock import HOUR, floor_hour
from streams.vocabulary.events import Event, Measurement
from streams.vocabulary.facts import Flag


CODES_KEPT = 10_000
REJECTIONS_KEPT = 10_000
DIGESTS_KEPT = 1_000_000
HOURS_KEPT = 24 * 366 * 20
UNREADABLE = "(unreadable)"
"""The type of what does not say its own."""
OTHERS = UnmappedCode(system="", code="(other codes)")

_DELAYS = tuple(
    timedelta(minutes=m) for m in (1, 5, 15, 30, 60, 120, 240, 480, 1440, 2880, 10080)
)
"""The bounds by which delays are told."""


@dataclass(slots=True)
class TypeCounts:
    """What became of the messages of one type."""

    messages: int = 0
    mapped: int = 0
    filed: int = 0
    rejected: int = 0
    events: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedMessage:
    """One message that could not be used at all."""

    index: int
    place: str
    fault: Fault


@dataclass(slots=True)
class Unmapped:
    """One code in no map: how often, what it is called, in which units."""

    label: str = ""
    times: int = 0
    units: Counter[str] = field(default_factory=Counter)


class Delays:
    """How long after it happened something was issued, by bounds."""

    def __init__(self) -> None:
        self._counts = [0] * (len(_DELAYS) + 1)
        self.before = 0
        """Issued before it happened: a clock is wrong, or a plan was sent."""

    def add(self, delay: timedelta) -> None:
        """Count one."""
        if delay < timedelta(0):
            self.before += 1
        else:
            self._counts[bisect_right(_DELAYS, delay)] += 1

    @property
    def total(self) -> int:
        """How many were counted."""
        return self.before + sum(self._counts)

    def bands(self) -> Iterator[tuple[timedelta | None, int]]:
        """Upper bound (None: beyond the last) and number, the empty left out."""
        for bound, count in zip((*_DELAYS, None), self._counts, strict=True):
            if count:
                yield bound, count


@dataclass(frozen=True, slots=True)
class Gap:
    """Hours in a row without a message, between the first and the last."""

    begins: datetime
    hours: int


class CapabilityRegister:
    """Grows with each translation; the account of one sample."""

    def __init__(self, *, of_rows: bool = False) -> None:
        """`of_rows`: of tables, whose rows say when they were known, or a rule does."""
        self.of_rows = of_rows
        self.types: dict[str, TypeCounts] = defaultdict(TypeCounts)
        self.rejections: list[RejectedMessage] = []
        self.faults: Counter[str] = Counter()
        """Parts left out of mapped messages, by code."""
        self.unmapped: dict[str, Unmapped] = {}
        self.units: Counter[tuple[str, str]] = Counter()
        self.concepts: Counter[str] = Counter()
        self.flags: Counter[str] = Counter()
        self.implausible: Counter[str] = Counter()
        self.delays: dict[str, Delays] = defaultdict(Delays)
        """By kind of event."""
        self.hours: Counter[datetime] = Counter()
        """Messages by the hour in which they were issued; rows, in which it happened."""
        self.others: list[str] = []
        """What was there and is in no map as a whole: a column nobody named."""
        self.duplicates = 0
        self.same_name_other_bytes = 0
        self._digests: set[bytes] = set()
        self._named: dict[bytes, bytes] = {}

    # -- growing -------------------------------------------------------------------

    def note(
        self, translation: Translation, payload: bytes, *, index: int, place: str
    ) -> None:
        """Count one message; `place` is its file."""
        counts = self.types[translation.kind or UNREADABLE]
        counts.messages += 1
        counts.events += translation.events
        match translation.outcome:
            case "mapped":
                counts.mapped += 1
                self.faults.update(map(self._part, translation.faults))
            case "filed":
                counts.filed += 1
            case "rejected":
                counts.rejected += 1
                self._reject(translation, index, place)
        self._note_copies(translation, payload)
        self._note_codes(translation)
        if translation.issued_at is not None:
            hour = floor_hour(translation.issued_at)
            if hour in self.hours or len(self.hours) < HOURS_KEPT:
                self.hours[hour] += 1
        for one in translation.told:
            for event in one.events:
                self._note_event(event, translation.issued_at)

    def amend(self, translation: Translation, *, index: int, place: str) -> None:
        """Count what a message told later that was counted as mapped, without events."""
        counts = self.types[translation.kind]
        counts.events += translation.events
        self._note_codes(translation)
        for one in translation.told:
            for event in one.events:
                self._note_event(event, translation.issued_at)
        if translation.outcome == "rejected":
            counts.mapped -= 1
            counts.rejected += 1
            self._reject(translation, index, place)
        else:
            self.faults.update(map(self._part, translation.faults))

    def _part(self, fault: Fault) -> str:
        """What was left out: of a row, with the column."""
        column = fault.place.partition(", column ")[2] if self.of_rows else ""
        return f"{fault.code.value} in {column}" if column else fault.code.value

    def _reject(self, translation: Translation, index: int, place: str) -> None:
        if len(self.rejections) < REJECTIONS_KEPT:
            fault = translation.faults[0]
            told = RejectedMessage(index=index, place=place, fault=fault)
            self.rejections.append(told)

    def _note_copies(self, translation: Translation, payload: bytes) -> None:
        digest = blake2b(payload, digest_size=16).digest()
        if digest in self._digests:
            self.duplicates += 1
            return
        if len(self._digests) >= DIGESTS_KEPT:
            return
        self._digests.add(digest)
        if translation.name:
            name = blake2b(translation.name.encode(), digest_size=16).digest()
            if self._named.setdefault(name, digest) != digest:
                self.same_name_other_bytes += 1

    def _note_codes(self, translation: Translation) -> None:
        self.units.update(translation.units)
        for one in translation.unmapped:
            name = str(one)
            if name not in self.unmapped and len(self.unmapped) >= CODES_KEPT:
                one, name = OTHERS, str(OTHERS)  # noqa: PLW2901 - the rest as one
            found = self.unmapped.setdefault(name, Unmapped(one.label))
            found.times += 1
            if one.unit and (one.unit in found.units or len(found.units) < 100):
                found.units[one.unit] += 1

    def _note_event(self, event: Event, issued_at: datetime | None) -> None:
        self.flags.update(flag.value for flag in event.flags)
        if isinstance(event, Measurement):
            self.concepts[event.concept] += 1
            if Flag.IMPLAUSIBLE in event.flags:
                self.implausible[event.concept] += 1
        if self.of_rows:
            if Flag.LAG_UNMEASURABLE not in event.flags:
                self.delays[event.kind].add(event.known_at - event.happened_at)
        elif issued_at is not None:
            self.delays[event.kind].add(issued_at - event.happened_at)

    # -- telling -------------------------------------------------------------------

    def total(self) -> TypeCounts:
        """The counts of all types together."""
        every = self.types.values()
        return TypeCounts(
            messages=sum(counts.messages for counts in every),
            mapped=sum(counts.mapped for counts in every),
            filed=sum(counts.filed for counts in every),
            rejected=sum(counts.rejected for counts in every),
            events=sum(counts.events for counts in every),
        )

    def gaps(self) -> list[Gap]:
        """The silences of an hour and more, the longest first."""
        hours = sorted(self.hours)
        found = [
            Gap(before + HOUR, int((after - before) / HOUR) - 1)
            for before, after in pairwise(hours)
            if after - before > HOUR
        ]
        return sorted(found, key=lambda gap: (-gap.hours, gap.begins))

    def silent_hours_of_day(self) -> list[int]:
        """Hours of the day (UTC) in which nothing ever came."""
        heard = {hour.hour for hour in self.hours}
        return [hour for hour in range(24) if self.hours and hour not in heard]
