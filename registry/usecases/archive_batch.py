"""Archive the canonical events of one batch, and note which feeds were heard of.

A message is archived once, whoever delivers it how often; a message with a known id
and another content changes nothing.
`known_at` is no content: what is sent twice is stamped twice, and the first stamp
stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry.domain.audit import sha256
from registry.domain.feed import (
    FEED_POLICY,
    FeedKey,
    FeedKind,
    FeedPolicy,
    News,
    after,
    counts,
    heard_at,
    new_feed,
)
from registry.usecases.one_person import flag_merges, regrouped
from registry.usecases.ports import UnitOfWork
from registry.usecases.settle_alerts import settle_alerts
from registry.usecases.stream_state import ArchivedEvent, Seen
from registry.usecases.wards import Wards
from streams.vocabulary.events import Event
from streams.vocabulary.ids import identity
from streams.vocabulary.messages import EHR_MESSAGE, EhrMessage
from streams.vocabulary.topics import EVENTS


_STAMPS: dict[str, Any] = {
    "known_at": True,
    "events": {"__all__": {"known_at"}},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveBatch:
    """What was read of the patients' logs."""

    messages: Sequence[EhrMessage]
    recorded_at: datetime
    policy: FeedPolicy = FEED_POLICY


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchArchived:
    """What was new."""

    messages: int
    events: int
    repeated: tuple[int, ...]
    """Which of the batch's messages were there before."""
    conflicts: tuple[int, ...]
    """Which of the batch's messages have the id of another one; that one stands."""


@dataclass(frozen=True, slots=True)
class _SortedOut:
    """What is new, and which messages contradict what is there already."""

    fresh: list[EhrMessage]
    noted: list[Seen]
    repeated: list[int]
    conflicts: list[int]


def archive_batch(
    command: ArchiveBatch, uow: UnitOfWork, *, wards: Wards
) -> BatchArchived:
    """Archive what is new, then the feeds, whose rows are held as briefly as may be.

    Whom a merge makes one person is called about once from then on.
    """
    sorted_out = _unseen(command.messages, uow)
    fresh = sorted_out.fresh
    uow.stream.mark_seen(sorted_out.noted, command.recorded_at)
    mode = uow.modes.current()
    # What a merge brings from another patient's log was heard there.
    alive = [m for m in fresh if counts(m.provenance, mode) and m.forwarded is None]
    # Before this batch's own moves are in the archive: they come one by one.
    wards.look_up({(m.site, m.patient) for m in alive}, uow)
    events = [event for message in fresh for event in archived(message)]
    uow.stream.archive(events)
    settle_alerts(
        regrouped(events, uow),
        uow,
        because=(_name(message) for message in fresh),
        actor="stream",
        recorded_at=command.recorded_at,
    )
    flag_merges(events, uow, at=command.recorded_at)
    _hear(command, alive, uow, wards)
    return BatchArchived(
        messages=len(fresh),
        events=len(events),
        repeated=tuple(sorted_out.repeated),
        conflicts=tuple(sorted_out.conflicts),
    )


def archived(message: EhrMessage) -> Iterator[ArchivedEvent]:
    """The events of a message as the archive keeps them."""
    for event in message.events:
        yield ArchivedEvent(
            site=message.site,
            patient=message.patient,
            message_id=message.forwarded or message.message_id,
            provenance=message.provenance,
            event=event,
        )


def _unseen(messages: Sequence[EhrMessage], uow: UnitOfWork) -> _SortedOut:
    names = [_name(message) for message in messages]
    stands = uow.stream.seen(set(names)) if names else {}
    sorted_out = _SortedOut([], [], [], [])
    for place, (name, message) in enumerate(zip(names, messages, strict=True)):
        digest = _digest(message)
        if name not in stands:
            stands[name] = digest
            sorted_out.fresh.append(message)
            sorted_out.noted.append(Seen(name, EVENTS, digest))
        elif stands[name] in (digest, None):
            sorted_out.repeated.append(place)
        else:
            sorted_out.conflicts.append(place)
    return sorted_out


def _name(message: EhrMessage) -> str:
    """In the inbox: a source's ids are its own, and one patient's."""
    return identity("archived", message.site, message.patient, message.message_id)


def _digest(message: EhrMessage) -> str:
    return sha256(EHR_MESSAGE.dump_json(message, exclude=_STAMPS, exclude_none=True))


def _hear(
    command: ArchiveBatch, alive: Sequence[EhrMessage], uow: UnitOfWork, wards: Wards
) -> None:
    if not alive:
        return
    news = _news(alive, wards, command.recorded_at)
    standing = uow.feeds.lock(news)
    uow.feeds.save(
        [
            after(standing[key], told, command.recorded_at, command.policy)
            if key in standing
            else new_feed(told, command.recorded_at)
            for key, told in news.items()
        ]
    )


class _Sum:
    """What a batch brings of one feed."""

    def __init__(self, key: FeedKey) -> None:
        self._key = key
        self._events = 0
        self._times: tuple[datetime, datetime, datetime] | None = None
        self._message: EhrMessage | None = None

    def add(self, message: EhrMessage, happened_at: datetime, heard: datetime) -> None:
        self._events += 1
        self._message = message
        if self._times is None:
            self._times = (happened_at, heard, heard)
        else:
            latest, first, last = self._times
            self._times = (
                max(latest, happened_at),
                min(first, heard),
                max(last, heard),
            )

    def told(self) -> Iterator[News]:
        if self._times is not None and self._message is not None:
            yield News(
                key=self._key,
                provenance=self._message.provenance,
                events=self._events,
                happened_at=self._times[0],
                first_heard=self._times[1],
                last_heard=self._times[2],
            )


def _news(
    messages: Iterable[EhrMessage], wards: Wards, received_at: datetime
) -> dict[FeedKey, News]:
    sums: dict[FeedKey, _Sum] = {}
    for message in messages:
        for event in message.events:
            heard = heard_at(message.provenance, event.known_at, received_at)
            for key in _keys(message, event, wards):
                if key not in sums:
                    sums[key] = _Sum(key)
                sums[key].add(message, event.happened_at, heard)
    return {key: told for key, one in sums.items() for told in one.told()}


def _keys(message: EhrMessage, event: Event, wards: Wards) -> Iterator[FeedKey]:
    """The feeds an event belongs to; without a concept, its kind stands for it."""
    yield FeedKey(message.site, FeedKind.SOURCE, message.source)
    concept = getattr(event, "concept", None) or event.kind
    yield FeedKey(message.site, FeedKind.CONCEPT, concept)
    ward = wards.of(message, event)
    if ward is not None:
        yield FeedKey(message.site, FeedKind.WARD, ward)
