"""The feeds as `ember feeds` and the metrics tell them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter

from registry.domain.feed import Feed, FeedKind, FeedStatus, patience, status
from registry.store.unit_of_work import Registry
from streams.vocabulary.messages import Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedView:
    """One feed, and how it stands at the moment it is asked for."""

    site: str
    kind: FeedKind
    name: str
    status: FeedStatus
    silent_since: datetime | None
    """When it was last heard of, where it is silent or ended."""
    heard_at: datetime
    quiet_seconds: float
    """Since it was heard of."""
    patience_seconds: float
    """How long it may be quiet."""
    usual_gap_seconds: float
    """Its longest pause of late."""
    happened_at: datetime
    """The latest clinical time of its events."""
    received_at: datetime
    """When its last event was archived."""
    events: int
    provenance: Provenance


FEEDS: TypeAdapter[tuple[FeedView, ...]] = TypeAdapter(tuple[FeedView, ...])
"""What `ember feeds --json` prints."""


def feeds(registry: Registry, now: datetime) -> tuple[FeedView, ...]:
    """All feeds, the longest quiet first."""
    with registry.reading() as views:
        found = views.feeds()
    told = (_view(feed, now) for feed in found)
    return tuple(sorted(told, key=lambda f: -f.quiet_seconds))


def _view(feed: Feed, now: datetime) -> FeedView:
    stands = status(feed, now)
    return FeedView(
        site=feed.key.site,
        kind=feed.key.kind,
        name=feed.key.name,
        status=stands,
        silent_since=None if stands is FeedStatus.HEARD else feed.heard_at,
        heard_at=feed.heard_at,
        quiet_seconds=max(0.0, (now - feed.heard_at).total_seconds()),
        patience_seconds=patience(feed).total_seconds(),
        usual_gap_seconds=feed.usual_gap.total_seconds(),
        happened_at=feed.happened_at,
        received_at=feed.received_at,
        events=feed.events,
        provenance=feed.provenance,
    )
