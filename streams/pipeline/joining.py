"""Merges and unmerges carried out: facts under the survivor's key, and back.

The step of one patient returns messages for the keys of others; the shell sends them.

- What a patient hears of merges, all hear whom it concerns: so survivor, retired and
  whoever else is one person with them know the same statements in the end.
- Who is retired sends what is on record to the survivor, and what comes later too;
  there it lies with its `origin`.  What stays behind is a stub: nothing is judged by it.
- Who is retired no more is judged again by what was their own all along; the survivor
  leaves out what came from there.

All of this may come in any order and any number of times, and ends alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from streams.clinical.merges import Statement
from streams.clinical.timeline import NOTHING, Change, Delivery, Timeline
from streams.pipeline.kin import Kin
from streams.pipeline.state import PatientState
from streams.vocabulary.events import (
    Cancellation,
    Event,
    PatientMerge,
    PatientUnmerge,
)
from streams.vocabulary.ids import identity
from streams.vocabulary.messages import EhrMessage, RosterEntry


SOURCE = "merge"
"""The source of what one patient's log tells another's."""

_STATEMENTS = frozenset({"patient_merge", "patient_unmerge"})

Posted = EhrMessage | RosterEntry
Arrived = EhrMessage | RosterEntry


def is_plain(state: PatientState, event: Event) -> bool:
    """Whether an event concerns this patient alone, as nearly all do."""
    plain = state.kin is None and event.origin is None
    return plain and event.kind not in _STATEMENTS


def take_event(state: PatientState, event: Event, message_id: str) -> Change:
    """Take one event in, where there may be others; tell what changed.

    A statement may put another timeline into the state: see `PatientState.timeline`.
    """
    if is_plain(state, event):
        return state.timeline.apply(event, message_id)
    kin = kin_of(state)
    before = kin.counting()
    if isinstance(event, PatientMerge | PatientUnmerge):
        if kin.hear(event) and kin.counting() != before:
            _rejoin(state, kin)
        return NOTHING
    origin = event.origin or state.patient
    kin.facts_of(origin).apply(event, message_id)
    if isinstance(event, Cancellation) and kin.leave_out(event.cancels):
        if kin.counting() != before:
            _rejoin(state, kin)
        return NOTHING
    return state.timeline.apply(event, message_id) if kin.counts(origin) else NOTHING


def kin_of(state: PatientState) -> Kin:
    """The patient's kin; from now on facts are kept apart."""
    if state.kin is None:
        state.kin = Kin(state.patient, state.timeline)
        _rejoin(state, state.kin)
    return state.kin


def timeline_of(patient: str, deliveries: Iterable[tuple[Event, str]]) -> Timeline:
    """The facts that are this patient's by all deliveries; who is retired has none."""
    state = PatientState(site="", patient=patient)
    for event, message_id in deliveries:
        take_event(state, event, message_id)
    return state.timeline


def known_before(state: PatientState, evidence: Iterable[str]) -> datetime | None:
    """When all of the evidence was known of one patient, before a merge or unmerge.

    A merge is no news of what was known under one name all along: no window opens
    anew.  None where nobody was merged, or where only the merge brought it together.
    """
    if state.kin is None:
        return None
    facts = [state.timeline.fact(event_id) for event_id in evidence]
    known = [fact.known_at for fact in facts if fact is not None]
    origins = {fact.origin for fact in facts if fact is not None}
    return max(known) if len(origins) == 1 and len(known) == len(facts) else None


@dataclass(frozen=True, slots=True)
class Before:
    """What was known of others before something arrived."""

    statements: dict[str, Statement]
    cancelled: dict[str, Cancellation]
    survivor: str


def before(state: PatientState) -> Before:
    """As it is now."""
    if state.kin is None:
        return Before({}, {}, state.patient)
    kin = state.kin
    return Before(dict(kin.statements), dict(kin.cancelled), kin.survivor)


def posted(state: PatientState, arrival: Arrived, was: Before) -> Iterator[Posted]:
    """What others are to be told now that `arrival` was taken in."""
    kin = state.kin
    if kin is None:
        return
    yield from _statements(state, kin, arrival, was)
    if kin.survivor == state.patient:
        return
    if kin.survivor != was.survivor:
        yield from _everything(state, kin, arrival)
    elif isinstance(arrival, RosterEntry):
        yield from _entries(state, kin, [arrival])
    else:
        name = arrival.forwarded or arrival.message_id
        told = [Delivery(name, event) for event in arrival.events if _is_own(event)]
        yield from _facts(state, kin.survivor, told, arrival)


def _rejoin(state: PatientState, kin: Kin) -> None:
    """Judge from now on by other facts; what was built upon the old ones is gone."""
    state.timeline = kin.joined()
    state.tracker = state.judged = state.further = None
    state.episodes.clear()
    state.stirred = True


def _is_own(event: Event) -> bool:
    return event.origin is None and not isinstance(event, PatientMerge | PatientUnmerge)


def _statements(
    state: PatientState, kin: Kin, arrival: Arrived, was: Before
) -> Iterator[EhrMessage]:
    """To each whom they concern: what is new, and to who is new, all of it."""
    news = {s for name, s in kin.statements.items() if was.statements.get(name) != s}
    knew = {n for s in was.statements.values() for n in (s.survivor, s.said.retired)}
    for name in sorted(kin.names() - {state.patient}):
        told = news if name in knew else set(kin.statements.values())
        for one in sorted(told, key=lambda s: s.rank):
            if one.survivor == name:
                continue  # it was said there
            event = one.event(arrival.known_at)
            part = identity("statement", state.patient, repr(one))
            yield _message(state, name, part, (event,), arrival, arrival.known_at)
        for about, void in sorted(kin.cancelled.items()):
            origin = kin.statements[about].survivor
            known = name in knew and was.cancelled.get(about) == void
            if origin != name and not known:
                never = replace(void, known_at=arrival.known_at, origin=origin)
                part = identity("cancelled", state.patient, repr(void))
                yield _message(state, name, part, (never,), arrival, arrival.known_at)


def _everything(state: PatientState, kin: Kin, arrival: Arrived) -> Iterator[Posted]:
    """All that was filed under this patient, for a survivor who is new."""
    yield from _facts(state, kin.survivor, kin.own.deliveries(), arrival)
    yield from _entries(state, kin, state.roster.values())


def _entries(
    state: PatientState, kin: Kin, entries: Iterable[RosterEntry]
) -> Iterator[RosterEntry]:
    for entry in sorted(entries, key=lambda e: e.message_id):
        if entry.origin is None:
            yield replace(entry, patient=kin.survivor, origin=state.patient)


def _facts(
    state: PatientState, survivor: str, told: Iterable[Delivery], arrival: Arrived
) -> Iterator[EhrMessage]:
    """One message for each that brought them, judged together with the last."""
    brought: defaultdict[str, list[Event]] = defaultdict(list)
    for delivery in told:
        brought[delivery.message_id].append(delivery.event)
    if not brought:
        return
    known = max(event.known_at for events in brought.values() for event in events)
    at = max(known, arrival.known_at)
    messages = [
        _message(state, survivor, name, _sorted(events, state.patient), arrival, at)
        for name, events in sorted(brought.items())
    ]
    for message in messages[:-1]:
        yield replace(message, continues=True)
    yield messages[-1]


def _sorted(events: Sequence[Event], origin: str) -> tuple[Event, ...]:
    told = (replace(event, origin=origin) for event in events)
    return tuple(sorted(told, key=lambda e: (e.happened_at, e.event_id, e.version)))


def _message(
    state: PatientState,
    patient: str,
    name: str,
    events: tuple[Event, ...],
    arrival: Arrived,
    at: datetime,
) -> EhrMessage:
    """A message for another patient's log; the same again has the same id."""
    content = (repr(replace(event, known_at=event.happened_at)) for event in events)
    return EhrMessage(
        message_id=identity(SOURCE, state.site, state.patient, patient, name, *content),
        site=state.site,
        patient=patient,
        happened_at=min(event.happened_at for event in events),
        known_at=at,
        source=SOURCE,
        provenance=arrival.provenance,
        forwarded=name,
        events=events,
    )
