"""What a rule says of one patient at one moment, and over what it says it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from streams.clinical.timeline import Timeline
from streams.vocabulary.clock import DAY
from streams.vocabulary.document import Recorded
from streams.vocabulary.messages import RosterEntry, SepsisOnset
from streams.vocabulary.truth import FALSE, UNKNOWN, Truth3


INSTANT = timedelta.resolution
"""The least step of time: what ends at an edge that counts ends this much later."""

LIFETIME = 200 * 366 * DAY
"""A window that holds everything on record."""

ASKED = "confirm:"
"""How a missing human answer begins in `would_need`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientView:
    """All that a rule may look at; everything in it is already known."""

    timeline: Timeline = field(default_factory=Timeline)
    episode: str = "none"
    onset: SepsisOnset | None = None
    """The flag that anchors; a withdrawn one no longer stands."""
    anchors: Mapping[str, datetime] = field(default_factory=dict)
    """By name with clock; frozen where the protocol says so. What is not here, and can
    be told from the timeline, is (see `anchors`)."""
    flags: Sequence[SepsisOnset] = ()
    roster: Sequence[RosterEntry] = ()
    """Where the patient takes part."""
    declined: Sequence[RosterEntry] = ()
    """What the patient declined; one without a trial is all research."""
    answers: Mapping[str, Truth3] = field(default_factory=dict)
    """By the name of the `confirm` rule."""
    answered_at: Mapping[str, datetime] = field(default_factory=dict)
    """When, by the same names; an answer without a time cannot grow old."""
    zone: str | None = None
    """The hospital's time zone, for rules of calendar days."""
    glance: bool = False
    """Whether a moment will do after which to ask again, be it long before the truth
    changes: finding out how long it holds costs more than what it says."""

    def over(self, timeline: Timeline) -> PatientView:
        """The same, of another timeline."""
        return replace(self, timeline=timeline)


class Foresight(Protocol):
    """What a rule says as time passes, as long as nobody tells anything new."""

    def at(self, now: datetime, *, glance: bool = False) -> Judgement:
        """What it says at a moment that is not before the last one asked for.

        `glance`: as in a `PatientView`.
        """
        ...

    def stands(self) -> bool:
        """Whether no fact came or went of those that it was made of."""
        ...


@dataclass(frozen=True, slots=True)
class Judgement:
    """The truth, the facts that decided it, and what could still change it."""

    truth: Truth3
    evidence: tuple[str, ...] = ()
    would_need: tuple[str, ...] = ()
    changes_at: datetime | None = None
    """The first moment at which time alone may change the truth."""
    foresight: Foresight | None = field(default=None, compare=False, repr=False)
    """Where there is one, nobody has to judge again because time passed."""

    @property
    def human(self) -> bool:
        """Whether only a human can decide it."""
        needs = self.would_need
        return bool(needs) and all(need.startswith(ASKED) for need in needs)


NOBODY_KNOWS = Judgement(UNKNOWN)

Judge = Callable[..., Judgement]


@dataclass(frozen=True, slots=True)
class Kind:
    """How rules of one kind are judged, and what they read."""

    judge: Judge
    reads: Callable[..., Iterable[str]]
    """Of a rule: lanes of the timeline (one that ends in `:` stands for all of its
    sort), and what is no lane, by the names below."""


ANSWER, DECLINED, ENTRY, FLAG, ONSET, ROSTER = (
    *("@answer:", "@declined", "@entry", "@flag:", "@onset", "@roster"),
)
"""What a rule may read beside the timeline: the answer of that name, what was declined,
what opened the screening, flags of that definition, the anchoring flag, the roster."""


def absent(rule: Recorded, need: str, changes_at: datetime | None = None) -> Judgement:
    """Nothing is on record: UNKNOWN, unless the rule says what absence means."""
    if rule.absent_means is False:
        return Judgement(FALSE, changes_at=changes_at)
    return Judgement(UNKNOWN, would_need=(need,), changes_at=changes_at)


def once(names: Iterable[str]) -> tuple[str, ...]:
    """Each name once, in order."""
    return tuple(sorted(set(names)))


def soonest(now: datetime, *moments: datetime | None) -> datetime | None:
    """The first of the moments that still lies ahead."""
    return min((m for m in moments if m is not None and m > now), default=None)


def ahead(timeline: Timeline, lane: str, now: datetime) -> datetime | None:
    """When the next fact of a lane, already known, will have happened."""
    fact = timeline.lane(lane).next(now)
    return None if fact is None else fact.happened_at


def since(now: datetime, length: timedelta | None) -> datetime:
    """The moment after which a fact lies in the window; its edge belongs to it."""
    return now - (LIFETIME if length is None else length) - INSTANT
