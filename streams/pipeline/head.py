"""The part of a patient's state that cannot be rebuilt from the archive of events.

The timeline can: it is the archived events, in any order.
The head is what was said about the patient so far, and is small.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import TypeAdapter

from streams.pipeline.state import PatientState
from streams.vocabulary.clock import Instant
from streams.vocabulary.messages import (
    Provenance,
    RosterEntry,
    SepsisOnset,
    TrialOutcome,
    TrialScreening,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What is stored of a patient beside the archive."""

    schema_version: str = "1.0"
    flags: tuple[SepsisOnset, ...] = ()
    screenings: tuple[TrialScreening, ...] = ()
    outcomes: tuple[TrialOutcome, ...] = ()
    roster: tuple[RosterEntry, ...] = ()
    clock: Instant | None = None
    due: Instant | None = None
    provenance: Provenance = "history"
    live: bool = False
    unjudged: Instant | None = None
    heard: Instant | None = None


_HEAD = TypeAdapter(Head)


def encode_head(state: PatientState) -> bytes:
    """The head as JSON."""
    head = Head(
        flags=tuple(state.flags.values()),
        screenings=tuple(state.screenings.values()),
        outcomes=tuple(state.outcomes.values()),
        roster=tuple(state.roster.values()),
        clock=state.clock,
        due=state.due,
        provenance=state.provenance,
        live=state.live,
        unjudged=state.unjudged,
        heard=state.heard,
    )
    return _HEAD.dump_json(head, exclude_none=True)


def restore_head(state: PatientState, payload: bytes) -> None:
    """Put a stored head back into a state whose timeline is already there."""
    head = _HEAD.validate_json(payload)
    state.flags = {flag.flag_id: flag for flag in head.flags}
    state.screenings = {s.screening_id: s for s in head.screenings}
    state.outcomes = {outcome.outcome_id: outcome for outcome in head.outcomes}
    state.roster = {entry.message_id: entry for entry in head.roster}
    state.clock, state.due = head.clock, head.due
    state.provenance, state.live = head.provenance, head.live
    state.unjudged = head.unjudged
    # A head of before this was kept: nothing later than its clock was heard.
    state.heard = head.clock if head.heard is None else head.heard
