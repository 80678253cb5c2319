"""Feeds: sources, concepts and wards that are heard of, until they fall silent.

A feed is silent when it has not been heard of for longer than its own rhythm allows:
a multiple of its longest pause of late, and never less than a floor.
A silence teaches at most what it took to notice it, so that an outage of a day does
not make the next one invisible, and a slower rhythm is learned in a few steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from registry.domain.mode import Mode
from streams.vocabulary.clock import DAY, HOUR, MINUTE
from streams.vocabulary.messages import Provenance


class FeedKind(StrEnum):
    """Of what it is a feed."""

    SOURCE = "source"
    CONCEPT = "concept"
    WARD = "ward"


class FeedStatus(StrEnum):
    """How a feed stands."""

    HEARD = "heard"
    SILENT = "silent"
    ENDED = "ended"
    """Silent for so long that it is no news: a ward that was closed."""


@dataclass(frozen=True, slots=True, order=True)
class FeedKey:
    """Which feed."""

    site: str
    kind: FeedKind
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPolicy:
    """What silence is."""

    floors: Mapping[FeedKind, timedelta] = field(
        default_factory=lambda: {
            FeedKind.SOURCE: 10 * MINUTE,
            FeedKind.CONCEPT: 2 * HOUR,
            FeedKind.WARD: 2 * HOUR,
        }
    )
    """No pause shorter than this is a silence."""
    factor: float = 2.0
    """Times its longest pause of late."""
    few: int = 20
    """Fewer events do not show a rhythm."""
    unknown: timedelta = DAY
    """The floor where there is no rhythm yet."""
    period: timedelta = 7 * DAY
    """Of late: this period and the one before; a week has its weekend."""
    fresh: timedelta = 5 * MINUTE
    """What was received later than this after it was known shows no pause."""
    ended: timedelta = 30 * DAY


FEED_POLICY = FeedPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What one batch brought of one feed."""

    key: FeedKey
    provenance: Provenance
    events: int
    happened_at: datetime
    """The latest."""
    first_heard: datetime
    last_heard: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One feed as it stands; gaps are seconds."""

    key: FeedKey
    provenance: Provenance
    events: int
    happened_at: datetime
    heard_at: datetime
    received_at: datetime
    period_began: datetime
    longest_gap: float
    longest_gap_before: float

    @property
    def usual_gap(self) -> timedelta:
        """Its longest pause of late."""
        return timedelta(seconds=max(self.longest_gap, self.longest_gap_before))


def counts(provenance: Provenance, mode: Mode) -> bool:
    """Whether such an event shows that a feed is alive.

    History never does; what is simulated does in a demonstration.
    """
    return provenance == "live" or (provenance == "simulated" and mode is Mode.DEMO)


def heard_at(
    provenance: Provenance, known_at: datetime, received_at: datetime
) -> datetime:
    """When a feed was heard of: a simulation's own time says nothing of that."""
    return known_at if provenance == "live" else received_at


def patience(feed: Feed, policy: FeedPolicy = FEED_POLICY) -> timedelta:
    """How long it may be quiet."""
    floor = policy.floors[feed.key.kind]
    if feed.events < policy.few:
        return max(floor, policy.unknown)
    return max(floor, policy.factor * feed.usual_gap)


def status(feed: Feed, now: datetime, policy: FeedPolicy = FEED_POLICY) -> FeedStatus:
    """How it stands at `now`."""
    quiet = now - feed.heard_at
    if quiet > policy.ended:
        return FeedStatus.ENDED
    return FeedStatus.SILENT if quiet > patience(feed, policy) else FeedStatus.HEARD


def new_feed(news: News, received_at: datetime) -> Feed:
    """A feed that is heard of for the first time."""
    return Feed(
        key=news.key,
        provenance=news.provenance,
        events=news.events,
        happened_at=news.happened_at,
        heard_at=news.last_heard,
        received_at=received_at,
        period_began=news.first_heard,
        longest_gap=0.0,
        longest_gap_before=0.0,
    )


def after(
    feed: Feed, news: News, received_at: datetime, policy: FeedPolicy = FEED_POLICY
) -> Feed:
    """The feed after the news, which may come in any order.

    What comes late (a backlog is read, partition by partition) shows no pause.
    """
    turned = _turned(feed, news.last_heard, policy)
    gap = 0.0
    if received_at - news.first_heard <= policy.fresh:
        pause = min(news.first_heard - feed.heard_at, patience(feed, policy))
        gap = max(0.0, pause.total_seconds())
    return replace(
        turned,
        provenance=news.provenance,
        events=feed.events + news.events,
        happened_at=max(feed.happened_at, news.happened_at),
        heard_at=max(feed.heard_at, news.last_heard),
        received_at=max(feed.received_at, received_at),
        longest_gap=max(turned.longest_gap, gap),
    )


def _turned(feed: Feed, now: datetime, policy: FeedPolicy) -> Feed:
    """The same in the period of `now`."""
    past = now - feed.period_began
    if past < policy.period:
        return feed
    before = feed.longest_gap if past < 2 * policy.period else 0.0
    return replace(feed, period_began=now, longest_gap=0.0, longest_gap_before=before)
