"""Permuted, duplicated, delayed and then corrected input gives the same in the end.

The same flags, and the same screenings, whatever opens them.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from properties.drawn.parts import RULE
from properties.drawn.protocols import ENTRY, criterion, protocol
from pydantic import TypeAdapter

from streams.app.protocols import shipped_protocols
from streams.pipeline.flaggable import FLAGGABLE, further
from streams.pipeline.follow_up import follow_up
from streams.pipeline.patient import Rules, advance
from streams.pipeline.state import PatientState
from streams.simulate.config import HospitalConfig
from streams.simulate.hospital import Simulation
from streams.vocabulary.entry import Entry
from streams.vocabulary.messages import ClockTick, RosterEntry
from streams.vocabulary.outcomes import (
    NAMED,
    Mortality,
    SofaChange,
    TreatmentReceived,
)


pytestmark = pytest.mark.unmeasured

RULES = Rules(protocols=shipped_protocols(), software_version="test")
ZONE = "America/New_York"
EVERYTHING = replace(RULES, definitions=further(FLAGGABLE, zone=ZONE), zone=ZONE)
"""All that can be flagged, beside Sepsis-3."""
END = datetime(2027, 6, 1, tzinfo=UTC)


@cache
def patients():
    """Three septic patients of a simulated week, and their messages."""
    simulation = Simulation(HospitalConfig(seed=11, duration=timedelta(days=7)))
    septic = [t.patient for t in simulation.ground_truth() if t.septic][:3]
    messages = {patient: [] for patient in septic}
    for message in simulation.messages():
        if message.patient in messages:
            messages[message.patient].append(message)
    return tuple(tuple(own) for own in messages.values())


def in_arrival_order(messages):
    """The messages as if received one second after another, in this order."""
    start = max(message.known_at for message in messages)
    for number, message in enumerate(messages):
        yield replace(message, known_at=start + timedelta(seconds=number))


def final(messages, rules=RULES):
    """What stands in the end, without what tells of the way there."""
    state = PatientState(site=messages[0].site, patient=messages[0].patient)
    list(advance(state, messages, rules))
    list(advance(state, [tick(state)], rules))
    return [
        replace(
            flag,
            message_id="",
            revision=0,
            status="confirmed",
            known_at=flag.happened_at,
            stands_since=None,
            evidence=() if gathers(flag) else flag.evidence,
        )
        for flag in sorted(state.flags.values(), key=lambda f: f.flag_id)
        if flag.status != "withdrawn"
    ]


def gathers(flag):
    """Whether its evidence is what was known when it was last said."""
    how = FLAGGABLE.get(flag.definition)
    return how is not None and how.gathers


def tick(state):
    return ClockTick(
        message_id="end",
        site=state.site,
        patient=state.patient,
        happened_at=END,
        known_at=END,
        source="clock",
        provenance="simulated",
    )


def test_the_patients_of_this_test_are_flagged():
    assert all(final(messages) for messages in patients())


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(range(3)), st.randoms(use_true_random=False))
def test_any_order_with_duplicates_gives_the_same_final_flags(which, dice):
    messages = patients()[which]
    shuffled = [*messages, *dice.sample(messages, 20)]
    dice.shuffle(shuffled)
    assert final(list(in_arrival_order(shuffled))) == final(messages)


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(range(3)), st.randoms(use_true_random=False))
def test_messages_held_up_and_then_delivered_give_the_same_final_flags(which, dice):
    messages = patients()[which]
    late = set(dice.sample(range(len(messages)), len(messages) // 5))
    on_time = [m for n, m in enumerate(messages) if n not in late]
    held_up = [m for n, m in enumerate(messages) if n in late]
    assert final([*on_time, *in_arrival_order(held_up)]) == final(messages)


@cache
def in_the_end(which):
    return final(patients()[which], EVERYTHING)


def test_several_definitions_flag_the_patients_of_this_test():
    told = {flag.definition for which in range(3) for flag in in_the_end(which)}
    assert len(told) > 3


@settings(max_examples=4, deadline=None)
@given(st.sampled_from(range(3)), st.randoms(use_true_random=False))
def test_the_final_flags_of_every_definition_know_no_order(which, dice):
    messages = patients()[which]
    shuffled = [*messages, *dice.sample(messages, 20)]
    dice.shuffle(shuffled)
    arrived = list(in_arrival_order(shuffled))
    assert final(arrived, EVERYTHING) == in_the_end(which)


ICU = {"kind": "unit", "any_of": ["icu"]}
INFUSION = {"kind": "infusion", "drugs": ["vasopressor"]}
SUPPORT = {"kind": "respiratory_support", "any_of": ["oxygen", "hfnc", "invasive"]}
CULTURE = {"kind": "culture"}
ANTIMICROBIAL = {"kind": "medication", "antimicrobial": True, "stages": ["given"]}
ENTRIES = (
    {"kind": "onset", "definition": "sepsis3", "policy": "ember"},
    {"kind": "admission"},
    ICU,
    INFUSION,
    SUPPORT,
    CULTURE,
    ANTIMICROBIAL,
    {"kind": "first_of", "of": [INFUSION, CULTURE]},
    {"kind": "all_of", "of": [ANTIMICROBIAL, ICU], "within": "72 h"},
)
LACTATE = {
    "kind": "value",
    "concept": "lactate",
    "is": "> 2 mmol/L",
    "which": "any",
    "within": "1000 d",
}
OPENED = Rules(
    protocols=tuple(
        protocol(
            entry["kind"],
            entry=ENTRY.validate_python(entry),
            window=timedelta(days=1000),
            inclusion=(criterion("1", RULE.validate_python(LACTATE)),),
        )
        for entry in ENTRIES
    ),
    software_version="test",
)
"""A trial for each kind of entry, open for as long as anybody looks."""


def screened(messages):
    """What is screened in the end and why, without what tells of the way there.

    New evidence for the same truth is no revision, so the evidence tells of the way.
    """
    state = PatientState(site=messages[0].site, patient=messages[0].patient)
    list(advance(state, messages, OPENED))
    list(advance(state, [tick(state)], OPENED))
    return {
        (one.trial, one.episode): (
            *(one.entry, one.entry_at, one.anchor_at, one.status),
            *(told.truth for told in one.criteria),
        )
        for one in state.screenings.values()
        if one.entry_stands
    }


@cache
def screened_in_the_end(which):
    return screened(patients()[which])


def test_every_kind_of_entry_opens_a_screening_of_these_patients():
    opened = {trial for which in range(3) for trial, _ in screened_in_the_end(which)}
    kinds = TypeAdapter(Entry).json_schema()["discriminator"]["mapping"]
    assert opened == {one["kind"] for one in ENTRIES} == {*kinds}


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(range(3)), st.randoms(use_true_random=False))
def test_the_final_screenings_know_no_order_whatever_opens_them(which, dice):
    messages = patients()[which]
    shuffled = [*messages, *dice.sample(messages, 20)]
    dice.shuffle(shuffled)
    assert screened(list(in_arrival_order(shuffled))) == screened_in_the_end(which)


@settings(max_examples=4, deadline=None)
@given(st.sampled_from(range(3)), st.integers(1, 50))
def test_flags_of_every_definition_know_no_batches(which, size):
    messages = patients()[which]
    one, many = (PatientState(messages[0].site, messages[0].patient) for _ in "12")
    together = list(advance(one, messages, EVERYTHING))
    cut = [messages[n : n + size] for n in range(0, len(messages), size)]
    assert [m for part in cut for m in advance(many, part, EVERYTHING)] == together


FOLLOWED = (
    *NAMED,
    SofaChange(id="sofa_3", day=3),
    TreatmentReceived(id="pressors", drugs=("vasopressor",), within=7),
    Mortality(id="calendar", within=28, days="calendar"),
)
"""Every kind of outcome."""


@cache
def following():
    """Rules by which every kind of outcome is followed."""
    (demo,) = (p for p in shipped_protocols() if p.id == "ember-demo")
    followed = demo.model_copy(update={"outcomes": FOLLOWED})
    return replace(RULES, protocols=(followed,), zone=ZONE)


def enrolled(messages):
    """The messages, and an enrolment after the first third of them."""
    at = messages[len(messages) // 3]
    entry = RosterEntry(
        message_id="entry",
        site=at.site,
        patient=at.patient,
        happened_at=at.known_at,
        known_at=at.known_at,
        source="registry",
        provenance="simulated",
        trial="ember-demo",
        domain="corticosteroid",
        episode=next(e.encounter for m in messages for e in m.events if e.encounter),
        participant="p",
    )
    place = messages.index(at) + 1
    return [*messages[:place], entry, *messages[place:]]


def outcomes_of(messages):
    """What stands of each outcome in the end, without what tells of the way there."""
    state = PatientState(site=messages[0].site, patient=messages[0].patient)
    list(advance(state, messages, following()))
    list(advance(state, [tick(state)], following()))
    told = sorted(state.outcomes.values(), key=lambda o: o.outcome)
    return [
        replace(o, message_id="", revision=0, known_at=o.happened_at, amends=None)
        for o in told
    ]


@settings(max_examples=6, deadline=None)
@given(st.sampled_from(range(3)), st.randoms(use_true_random=False))
def test_outcomes_know_no_order(which, dice):
    entry, *_ = (m for m in enrolled(patients()[which]) if m.message_id == "entry")
    shuffled = [*patients()[which], *dice.sample(patients()[which], 20)]
    dice.shuffle(shuffled)
    late = list(in_arrival_order([*shuffled, entry]))
    straight = outcomes_of(enrolled(patients()[which]))
    assert len(straight) == len(FOLLOWED)
    assert outcomes_of(late) == straight


@settings(max_examples=4, deadline=None)
@given(st.sampled_from(range(3)), st.integers(1, 50))
def test_outcomes_know_no_batches(which, size):
    messages = enrolled(patients()[which])
    messages = [*messages, tick(PatientState(messages[0].site, messages[0].patient))]
    one, many = (PatientState(messages[0].site, messages[0].patient) for _ in "12")
    together = list(advance(one, messages, following()))
    cut = [messages[n : n + size] for n in range(0, len(messages), size)]
    assert [m for part in cut for m in advance(many, part, following())] == together


def test_no_outcome_is_left_unsaid_between_two_messages():
    """Whoever takes part: asking always says no more than was said when it stirred."""
    for messages in patients():
        state = PatientState(site=messages[0].site, patient=messages[0].patient)
        for message in (*enrolled(messages), *ticks(state)):
            list(advance(state, [message], following()))
            asked = following().outcomes
            step = follow_up(
                state, state.clock, t0_of_flags=False, asked=asked, zone=ZONE
            )
            assert step.messages == (), message
        assert len(state.outcomes) == len(FOLLOWED)
        assert all(o.status != "pending" for o in state.outcomes.values())


def ticks(state):
    """The end, and moments before it at which nothing is due."""
    end = tick(state)
    for days in (300, 200, 100, 50, 0):
        moment = END - timedelta(days=days)
        yield replace(end, message_id=str(days), happened_at=moment, known_at=moment)


def test_nothing_is_left_unsaid_between_two_messages():
    """Outcomes are asked only when something stirred; asking always says no more."""
    rules = replace(RULES, outcomes_of_flags=True)
    for messages in patients():
        state = PatientState(site=messages[0].site, patient=messages[0].patient)
        for message in (*messages, tick(state)):
            list(advance(state, [message], rules))
            step = follow_up(state, state.clock, t0_of_flags=True)
            assert step.messages == ()
        assert state.outcomes
