"""One patient's pass: take messages in, then detect, screen and follow up.

The same function serves the live worker, the embedded runner and a replay, so a
backtest cannot differ from the live run.

- What became known at one instant is judged once: a message that says that more of
  its instant follows is taken in, and judged with the last of them.
- A message is the unit: nothing depends on how many are handed in together.
- Checks that fell due before the next message are fired first, each at its own
  moment, as the live clock would have.
- A message that comes late is judged at the patient's own clock: the present.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from streams.clinical.criteria.loading import ANCHORING
from streams.clinical.definitions.policies import EMBER, Sepsis3Policy
from streams.clinical.tracking.patient import Entry
from streams.pipeline.beside import detect_beside
from streams.pipeline.detect import detect, tracker_of
from streams.pipeline.flaggable import awaited
from streams.pipeline.follow_up import Asked, follow_up, stirs
from streams.pipeline.joining import (
    Before,
    before,
    is_plain,
    kin_of,
    posted,
    take_event,
)
from streams.pipeline.plan import Plan, plan
from streams.pipeline.screen import screen
from streams.pipeline.state import PatientState, Step, earliest
from streams.vocabulary.messages import (
    ClockTick,
    EhrMessage,
    Message,
    RosterEntry,
    SepsisOnset,
    TrialOutcome,
    TrialScreening,
)
from streams.vocabulary.protocol import Protocol


Arrival = EhrMessage | RosterEntry | ClockTick


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What patients are judged by; a change of it is a new run."""

    protocols: tuple[Protocol, ...] = ()
    policy: Sepsis3Policy = EMBER
    definitions: tuple[Entry, ...] = ()
    """What is flagged beside Sepsis-3; see `streams.pipeline.flaggable`."""
    zone: str | None = None
    """The hospital's time zone, for definitions of calendar days."""
    software_version: str
    outcomes_of_flags: bool = False
    """Whether outcomes are also derived for flagged patients nobody randomised."""
    plan: Plan = field(init=False, repr=False, compare=False)
    """What the protocols ask."""
    outcomes: Asked = field(init=False, repr=False, compare=False)
    """What the protocols follow, by trial."""
    flagged: tuple[Entry, ...] = field(init=False, repr=False, compare=False)
    """All that is flagged beside Sepsis-3: what the site asks for, and what a protocol
    waits for."""

    def __post_init__(self) -> None:
        """Work out what is asked.

        Raises `SettingsError` EMB-402 for a flag that a protocol waits for and nobody
        can raise: one of calendar days where the hospital's time zone is not known.
        """
        asked = plan(self.protocols, self.zone)
        beside = [name for name in asked.awaited if name != self._ours]
        object.__setattr__(self, "plan", asked)
        followed = {told.id: told.outcome_rules for told in self.protocols}
        object.__setattr__(self, "outcomes", followed)
        flagged = awaited(self.definitions, beside, zone=self.zone)
        object.__setattr__(self, "flagged", flagged)

    @property
    def _ours(self) -> tuple[str, str]:
        """The flag that is always raised."""
        return ANCHORING, self.policy.name


def advance(
    state: PatientState, arrivals: Iterable[Arrival], rules: Rules
) -> Iterator[Message]:
    """Take arrivals in, in the order of the patient's log; yield what there is to say.

    What concerns other patients since a merge is among it: events and roster entries
    under their names, for the shell to put into their logs.
    """
    for arrival in arrivals:
        if _is_of_another_time(state, arrival):
            continue
        if state.unjudged is not None and arrival.known_at != state.unjudged:
            # The last message of that instant does not come next: judge what is there,
            # before anything else can colour it.
            yield from _evaluate(state, _present(state, state.unjudged), rules)
        yield from pass_time(state, arrival.known_at, rules)
        was = before(state)
        news = _take(state, arrival, rules)
        yield from _told_to_kin(state, arrival, was)
        if _continues(arrival):
            if news and state.unjudged is None:
                state.unjudged = arrival.known_at
        elif news or state.unjudged is not None:
            yield from _evaluate(state, _present(state, arrival.known_at), rules)


def _is_of_another_time(state: PatientState, arrival: Arrival) -> bool:
    """Whether it is the clock of history or simulation, and the patient lives now."""
    replayed = isinstance(arrival, ClockTick) and arrival.provenance != "live"
    return replayed and state.live


def _continues(arrival: Arrival) -> bool:
    return isinstance(arrival, EhrMessage) and bool(arrival.continues)


def pass_time(state: PatientState, until: datetime, rules: Rules) -> Iterator[Message]:
    """Fire the checks that fell due before `until`, each at its own moment."""
    while state.due is not None and state.due < until:
        if state.live:
            state.provenance = "live"  # real time passes, whatever was told last
        yield from _evaluate(state, _present(state, state.due), rules)


def _take(state: PatientState, arrival: Arrival, rules: Rules) -> bool:
    """Put an arrival into the state; tell whether there is anything to judge."""
    state.provenance = arrival.provenance
    state.live = state.live or arrival.provenance == "live"
    if isinstance(arrival, ClockTick):
        return True
    if isinstance(arrival, RosterEntry):
        fresh = arrival.message_id not in state.roster
        state.stirred = True
        state.roster[arrival.message_id] = arrival
        if arrival.origin is not None:
            kin_of(state)
        return fresh
    message_id = arrival.forwarded or arrival.message_id
    tracker = tracker_of(state, rules.policy)
    changed = False
    for event in arrival.events:
        if is_plain(state, event):
            change = state.timeline.apply(event, message_id)
        else:
            judged_by = state.timeline
            change = take_event(state, event, message_id)
            changed = changed or state.timeline is not judged_by
            tracker = tracker_of(state, rules.policy)
        if change:
            changed = True
            tracker.touch(change)
            if state.further is not None:
                state.further.touch(change)
            state.stirred = state.stirred or stirs(state, change)
    if changed:
        state.heard = _present(state, arrival.known_at)
    return changed


def _told_to_kin(
    state: PatientState, arrival: Arrival, was: Before
) -> Iterator[Message]:
    if not isinstance(arrival, ClockTick):
        yield from posted(state, arrival, was)


def _present(state: PatientState, moment: datetime) -> datetime:
    """`moment`, unless the patient's clock is past it already."""
    return moment if state.clock is None else max(state.clock, moment)


def _evaluate(state: PatientState, now: datetime, rules: Rules) -> Iterator[Message]:
    state.clock, state.unjudged = now, None
    found = detect(state, now, policy=rules.policy)
    yield from _filed(state, found)
    beside = detect_beside(state, now, definitions=rules.flagged, zone=rules.zone)
    yield from _filed(state, beside)
    judged = screen(state, now, rules.plan, software_version=rules.software_version)
    yield from _filed(state, judged)
    asked_anew = bool(state.roster) and state.followed is not rules.outcomes
    stirred = state.stirred or asked_anew or _is_due(state.outcomes_due, now)
    if found.messages or stirred:
        followed = follow_up(
            state,
            now,
            t0_of_flags=rules.outcomes_of_flags,
            asked=rules.outcomes,
            zone=rules.zone,
        )
        yield from _filed(state, followed)
        state.stirred, state.outcomes_due = False, followed.due
        state.followed = rules.outcomes
    state.due = earliest(found.due, beside.due, judged.due, state.outcomes_due)


def _is_due(due: datetime | None, now: datetime) -> bool:
    return due is not None and due <= now


def _filed(state: PatientState, step: Step) -> Iterator[Message]:
    """The step's messages, each filed as the latest said of its subject."""
    for message in step.messages:
        match message:
            case SepsisOnset():
                state.flags[message.flag_id] = message
            case TrialScreening():
                state.screenings[message.screening_id] = message
            case TrialOutcome():
                state.outcomes[message.outcome_id] = message
        yield message
