"""Who declined is no participant, and is remembered until it is lifted."""

from datetime import UTC, datetime
from itertools import permutations

import pytest

from streams.pipeline.state import PatientState
from streams.vocabulary.messages import RosterEntry


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def entry(revision, refusal, *, trial="tide", participant="tide-A-1"):
    return RosterEntry(
        message_id=f"{trial}-{participant}-{revision}",
        site="A",
        patient="p",
        happened_at=NOON,
        known_at=NOON,
        source="registry",
        provenance="live",
        trial=trial,
        domain="",
        episode="none",
        participant=participant,
        refusal=refusal,
        revision=revision,
    )


def state_of(entries):
    state = PatientState("A", "p")
    for one in entries:
        state.roster[one.message_id] = one
    return state


@pytest.mark.parametrize(
    ("said", "stands"),
    [
        (["refused"], ["refused"]),
        (["refused", "lifted"], []),
        (["refused", "lifted", "withdrawn"], ["withdrawn"]),
    ],
)
def test_the_highest_revision_stands_in_whatever_order_they_come(said, stands):
    entries = [entry(number, refusal) for number, refusal in enumerate(said, 1)]
    for order in permutations(entries):
        assert [e.refusal for e in state_of(order).declined] == stands


def test_who_declined_does_not_take_part():
    taking_part = entry(0, None)
    state = state_of([taking_part, entry(2, "withdrawn")])
    assert state.taking_part == (taking_part,)


def test_what_is_lifted_of_one_trial_stands_of_another():
    state = state_of(
        [
            entry(1, "refused"),
            entry(2, "lifted"),
            entry(1, "opted_out", trial="", participant=""),
        ]
    )
    assert [(e.trial, e.refusal) for e in state.declined] == [("", "opted_out")]
