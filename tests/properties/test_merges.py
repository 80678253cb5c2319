"""Merges in any order of arrival end as the record would that never was apart."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.app.protocols import shipped_protocols
from streams.clinical.merges import statement, survivors
from streams.pipeline.head import encode_head
from streams.pipeline.log import Delivery, Resident, encode_checkpoint, read_checkpoint
from streams.pipeline.log import rebuilt as rebuilt_from
from streams.pipeline.patient import Rules, advance
from streams.pipeline.state import PatientState
from streams.simulate.config import HospitalConfig
from streams.simulate.hospital import Simulation
from streams.vocabulary.events import (
    Cancellation,
    Correction,
    PatientMerge,
    PatientUnmerge,
)
from streams.vocabulary.ids import identity
from streams.vocabulary.messages import (
    LOGGED,
    ClockTick,
    EhrMessage,
    RosterEntry,
    TrialScreening,
    encode,
)


pytestmark = pytest.mark.unmeasured

RULES = Rules(
    protocols=shipped_protocols(), software_version="test", outcomes_of_flags=True
)
END = datetime(2027, 6, 1, tzinfo=UTC)
NAMES = ("A", "B", "C")


@cache
def records():
    """Two septic patients of a simulated week, each as one list of messages."""
    simulation = Simulation(HospitalConfig(seed=11, duration=timedelta(days=7)))
    septic = [t.patient for t in simulation.ground_truth() if t.septic][:2]
    messages = {patient: [] for patient in septic}
    for message in simulation.messages():
        if message.patient in messages:
            messages[message.patient].append(message)
    return tuple(tuple(own) for own in messages.values())


class Logs:
    """Several patients' logs; what one tells another waits its turn in `pending`."""

    def __init__(self, dice=None, *, as_it_happened=False):
        self.states = {}
        self.pending = []
        self.said = []
        self.taken = {}
        self.as_it_happened = as_it_happened
        start = records()[0][0].known_at
        self.now = start if as_it_happened else datetime(2027, 1, 1, tzinfo=UTC)
        self._dice = dice

    def bring(self, messages):
        """Deliver all, and whatever follows, one at a time in an order of chance."""
        self.pending += messages
        while self.pending:
            at = self._dice.randrange(len(self.pending)) if self._dice else 0
            self.deliver(self.pending.pop(at))

    def deliver(self, message):
        self.now += timedelta(seconds=1)
        if self.as_it_happened:
            self.now = max(self.now, message.known_at)
        if isinstance(message, EhrMessage) and message.forwarded is None:
            events = tuple(stamped(e, self.now) for e in message.events)
            message = replace(message, known_at=self.now, events=events, continues=None)
        elif isinstance(message, EhrMessage):
            message = replace(message, known_at=self.now, continues=None)
        state = self.states.setdefault(
            message.patient, PatientState(site=message.site, patient=message.patient)
        )
        self.taken.setdefault(message.patient, []).append(message)
        for said in advance(state, [message], RULES):
            if isinstance(said, EhrMessage | RosterEntry):
                assert said.patient != message.patient
                self.pending.append(said)
            else:
                self.said.append(said)

    def end(self):
        for patient in [*self.states]:
            self.deliver(tick(patient))
        return self


def stamped(event, at):
    """Known when it was received, as the worker has it."""
    if isinstance(event, Correction):
        event = replace(event, event=replace(event.event, known_at=at))
    return replace(event, known_at=at)


def tick(patient):
    return ClockTick(
        message_id="end",
        site="simulated",
        patient=patient,
        happened_at=END,
        known_at=END,
        source="clock",
        provenance="simulated",
    )


def stated(kind, survivor, retired, hour):
    at = datetime(2026, 1, 1, hour, tzinfo=UTC)
    event = kind(
        event_id=identity("test", kind.__name__, survivor, retired, str(hour)),
        happened_at=at,
        known_at=at,
        retired=retired,
    )
    return EhrMessage(
        message_id=event.event_id,
        site="simulated",
        patient=survivor,
        happened_at=at,
        known_at=at,
        source="adt",
        provenance="simulated",
        events=(event,),
    )


def merge(survivor, retired, hour=1):
    return stated(PatientMerge, survivor, retired, hour)


def unmerge(survivor, retired, hour=2):
    return stated(PatientUnmerge, survivor, retired, hour)


def never_was(survivor, statement, version=0):
    """The statement, of this version or an earlier one, was a mistake of its own."""
    (told,) = statement.events
    event = Cancellation(
        event_id=f"{told.event_id}:cancelled:{version}",
        happened_at=told.happened_at + timedelta(hours=1),
        known_at=told.known_at,
        version=version,
        cancels=told.event_id,
    )
    return replace(
        statement, message_id=event.event_id, patient=survivor, events=(event,)
    )


def of_version(statement, version):
    """The same statement, told again."""
    (told,) = statement.events
    name = f"{statement.message_id}:{version}"
    return replace(statement, message_id=name, events=(replace(told, version=version),))


def shared_out(which, names, dice):
    """One record as if its messages had come under several names."""
    return [
        replace(m, patient=dice.choice(names), site="simulated")
        for m in records()[which]
    ]


def in_the_end(logs, patient):
    """What stands of a patient, without what tells of the way there."""
    state = logs.states.get(patient)
    if state is None:
        return [], [], []
    flags = [
        replace(
            flag,
            message_id="",
            revision=0,
            status="confirmed",
            known_at=flag.happened_at,
            stands_since=None,
        )
        for flag in sorted(state.flags.values(), key=lambda f: f.flag_id)
        if flag.status != "withdrawn"
    ]
    facts = [
        replace(fact, origin=None, known_at=fact.happened_at)
        for fact in state.timeline.facts()
    ]
    standing = [o for o in state.outcomes.values() if o.reason != "onset_withdrawn"]
    outcomes = sorted((o.outcome, o.episode, o.value, o.status) for o in standing)
    return flags, facts, outcomes


@cache
def clean(which, patient):
    """The end of a record that was one patient's all along."""
    own = [replace(m, patient=patient, site="simulated") for m in records()[which]]
    logs = Logs()
    logs.bring(own)
    flags, facts, _ = in_the_end(logs.end(), patient)
    assert flags
    return flags, facts


def test_a_record_of_this_test_is_flagged_and_has_outcomes():
    logs = Logs()
    logs.bring([replace(m, patient="A", site="simulated") for m in records()[0]])
    flags, facts, outcomes = in_the_end(logs.end(), "A")
    assert flags
    assert facts
    assert outcomes


SHAPES = {
    "two": ("A", ("A", "B"), lambda: [merge("A", "B")]),
    "a chain": ("C", NAMES, lambda: [merge("B", "A", 1), merge("C", "B", 2)]),
    "two into one": ("A", NAMES, lambda: [merge("A", "B"), merge("A", "C")]),
    "turned round": ("B", ("A", "B"), lambda: [merge("A", "B", 1), merge("B", "A", 2)]),
    "a ring": (
        "A",
        NAMES,
        lambda: [merge("B", "A", 1), merge("C", "B", 2), merge("A", "C", 3)],
    ),
    "moved on": (
        "C",
        ("A", "C"),
        lambda: [merge("B", "A", 1), merge("C", "A", 2)],
    ),
    "merged again": (
        "A",
        ("A", "B"),
        lambda: [merge("A", "B", 1), unmerge("A", "B", 2), merge("A", "B", 3)],
    ),
    "an unmerge that never was": (
        "A",
        ("A", "B"),
        lambda: [
            merge("A", "B", 1),
            unmerge("A", "B", 2),
            never_was("A", unmerge("A", "B", 2)),
        ],
    ),
    "cancelled, then told again": (
        "A",
        ("A", "B"),
        lambda: [
            merge("A", "B"),
            never_was("A", merge("A", "B"), 1),
            of_version(merge("A", "B"), 2),
        ],
    ),
}


@settings(max_examples=8, deadline=None)
@given(
    st.sampled_from(sorted(SHAPES)),
    st.sampled_from(range(2)),
    st.randoms(use_true_random=False),
)
def test_merged_in_any_order_is_as_never_apart(shape, which, dice):
    survivor, names, statements = SHAPES[shape]
    messages = [*shared_out(which, names, dice), *statements()]
    messages += dice.sample(messages, 10)

    logs = Logs(dice)
    logs.bring(messages)
    logs.end()

    flags, facts, _ = in_the_end(logs, survivor)
    assert (flags, facts) == clean(which, survivor)
    for name in logs.states.keys() - {survivor}:
        assert in_the_end(logs, name)[:2] == ([], [])


UNDONE = {
    "by an unmerge": lambda: [unmerge("A", "B")],
    "by a cancellation": lambda: [never_was("A", merge("A", "B"))],
    "by both": lambda: [unmerge("A", "B"), never_was("A", merge("A", "B"))],
}


@settings(max_examples=8, deadline=None)
@given(
    st.sampled_from(sorted(UNDONE)),
    st.sampled_from(range(2)),
    st.randoms(use_true_random=False),
)
def test_merged_and_unmerged_in_any_order_is_as_never_merged(how, which, dice):
    messages = shared_out(which, ("A", "B"), dice)
    apart = Logs()
    apart.bring(messages)
    apart.end()

    logs = Logs(dice)
    logs.bring([*messages, merge("A", "B"), *UNDONE[how]()])
    logs.end()

    for name in ("A", "B"):
        assert in_the_end(logs, name)[:2] == in_the_end(apart, name)[:2]


def test_a_retired_patient_s_flags_are_withdrawn_and_come_back_after_an_unmerge():
    logs = Logs()
    logs.bring([replace(m, patient="B", site="simulated") for m in records()[0]])
    before = in_the_end(logs, "B")

    logs.bring([merge("A", "B")])
    assert in_the_end(logs, "B")[:2] == ([], [])
    assert {f.status for f in logs.states["B"].flags.values()} == {"withdrawn"}
    assert in_the_end(logs, "A")[1] == before[1]

    logs.bring([unmerge("A", "B")])
    assert in_the_end(logs, "B") == before
    assert in_the_end(logs, "A")[:2] == ([], [])


@settings(max_examples=5, deadline=None)
@given(st.sampled_from(sorted(SHAPES)), st.randoms(use_true_random=False))
def test_a_state_that_is_rebuilt_from_its_log_is_the_same(shape, dice):
    _, names, statements = SHAPES[shape]
    logs = Logs(dice)
    logs.bring([*shared_out(0, names, dice), *statements()])
    for patient, state in logs.states.items():
        log = [
            Delivery(n, encode(LOGGED, m)) for n, m in enumerate(logs.taken[patient])
        ]
        cut = dice.randrange(len(log) + 1)
        early = Resident(PatientState(site="simulated", patient=patient))
        for offset, message in enumerate(logs.taken[patient][:cut]):
            early.take(offset, message, RULES)
        checkpoint = read_checkpoint(encode_checkpoint(early)) if cut else None
        fresh = PatientState(site="simulated", patient=patient)
        resident, _ = rebuilt_from(fresh, checkpoint, log, lambda _: RULES)
        assert list(resident.state.timeline.facts()) == list(state.timeline.facts())
        assert encode_head(resident.state) == encode_head(state)


def test_no_window_opens_anew_by_a_merge_or_an_unmerge():
    logs = Logs(as_it_happened=True)
    logs.bring([replace(m, patient="B", site="simulated") for m in records()[0]])
    assert logs.states["B"].screenings
    logs.now += timedelta(days=3)
    merged_at, said = logs.now, len(logs.said)

    logs.bring([merge("A", "B")])
    logs.bring([unmerge("A", "B")])

    verdicts = [m for m in logs.said[said:] if isinstance(m, TrialScreening)]
    assert {verdict.patient for verdict in verdicts} == {"A", "B"}
    assert not [v for v in verdicts if v.window_open or v.deadline > merged_at]


def test_a_window_that_is_open_goes_on_under_the_survivor_with_its_deadline():
    logs = Logs(as_it_happened=True)
    for message in records()[0]:
        logs.bring([replace(message, patient="B", site="simulated")])
        calling = [m for m in logs.said if isinstance(m, TrialScreening)]
        if calling and calling[-1].status == "needs_human":
            break
    deadline = calling[-1].deadline

    logs.bring([merge("A", "B")])

    latest = {
        n: [m for m in logs.said if isinstance(m, TrialScreening) and m.patient == n]
        for n in "AB"
    }
    assert (latest["A"][-1].status, latest["A"][-1].deadline) == (
        "needs_human",
        deadline,
    )
    assert latest["B"][-1].status == "ineligible"
    assert dict(latest["B"][-1].covariates)["onset"] == "withdrawn"


def enrolled(patient):
    at = records()[0][-1].known_at
    return RosterEntry(
        message_id="roster-1",
        site="simulated",
        patient=patient,
        happened_at=at,
        known_at=at,
        source="registry",
        provenance="simulated",
        trial="ember_demo",
        domain="hydrocortisone",
        episode="none",
        participant="P-1",
    )


@settings(max_examples=10, deadline=None)
@given(st.booleans(), st.randoms(use_true_random=False))
def test_a_participant_s_outcomes_are_the_survivor_s(undone, dice):
    messages = [replace(m, patient="B", site="simulated") for m in records()[0]]
    said = [merge("A", "B"), unmerge("A", "B")] if undone else [merge("A", "B")]
    logs = Logs(dice)
    logs.bring([*messages, enrolled("B"), *said])
    logs.end()

    has, has_not = ("B", "A") if undone else ("A", "B")
    of = {n: logs.states[n].outcomes.values() if n in logs.states else [] for n in "AB"}
    own = {o.reason for o in of[has] if o.trial == "ember_demo"}
    others = {o.reason for o in of[has_not] if o.trial == "ember_demo"}
    assert own
    assert "patient_merged" not in own
    assert others <= {"patient_merged"}
    assert [e.origin for e in logs.states[has].taking_part] == [None if undone else "B"]


STATEMENTS = st.lists(
    st.builds(
        lambda kind, pair, hour: stated(kind, *pair, hour),
        st.sampled_from([PatientMerge, PatientUnmerge]),
        st.sampled_from([(a, b) for a in "ABCD" for b in "ABCD" if a != b]),
        st.integers(0, 23),
    ),
    max_size=8,
)


@settings(max_examples=80, deadline=None)
@given(STATEMENTS, st.randoms(use_true_random=False))
def test_survivors_follow_from_what_was_said_and_not_from_its_order(told, dice):
    found = [statement(m.events[0], m.patient) for m in told]
    shuffled = dice.sample(found, len(found))

    end = survivors(found)

    assert survivors(shuffled) == end
    assert not end.keys() & set(end.values())


@settings(max_examples=40, deadline=None)
@given(STATEMENTS, st.randoms(use_true_random=False))
def test_all_whom_merges_concern_know_the_same_in_the_end(told, dice):
    facts = [
        replace(records()[0][n], patient=name, site="simulated")
        for n, name in enumerate("ABCD")
    ]
    logs = Logs(dice)
    logs.bring([*told, *facts])

    end = survivors(statement(m.events[0], m.patient) for m in told)
    for name, state in logs.states.items():
        survivor = state.kin.survivor if state.kin else name
        assert survivor == end.get(name, name)
    for n, name in enumerate("ABCD"):
        whose = end.get(name, name)
        for event in facts[n].events:
            holding = [
                p for p, s in logs.states.items() if s.timeline.fact(event.event_id)
            ]
            assert holding == [whose]
