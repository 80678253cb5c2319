"""A verdict rests on what was known at its moment: of every kind of criterion.

Each verdict of a replay is asked again, of the reference, over a record from which every
fact with a later `known_at` was deleted.
"""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from properties.drawn.histories import STAY, entry, histories
from properties.drawn.parts import NOW, RULE, silent
from properties.drawn.protocols import ENTRY, criterion, protocol
from properties.drawn.rules import NO_FACTS, PAIRS, QUESTIONS
from properties.reference.evaluator import evaluate
from properties.reference.record import Patient, standing

from streams.clinical.criteria.judge import KINDS
from streams.clinical.criteria.naming import parts_of
from streams.pipeline.instants import by_instant
from streams.pipeline.patient import Rules, advance
from streams.pipeline.state import PatientState
from streams.vocabulary.events import Death, Encounter
from streams.vocabulary.messages import (
    ClockTick,
    EhrMessage,
    SepsisOnset,
    TrialScreening,
)


BEGIN = NOW - timedelta(hours=6)
COME = Encounter(
    event_id="come",
    happened_at=BEGIN,
    known_at=BEGIN,
    encounter=STAY,
    phase="admitted",
    encounter_class="inpatient",
)
ENROLLED = replace(entry("t", "x", 1), known_at=NOW + timedelta(minutes=1))
OF_EMBER = st.one_of(*NO_FACTS, QUESTIONS)
EVERY_KIND = {**PAIRS, "what Ember knows": (OF_EMBER, PAIRS["died"][1])}


def asking(rule):
    """One trial, which asks this of whoever was admitted, for a day and a half."""
    asked = protocol(
        "trial",
        entry=ENTRY.validate_python({"kind": "admission"}),
        window=timedelta(hours=36),
        inclusion=(criterion("1", rule),),
    )
    return Rules(protocols=(asked,), software_version="test")


def message(sort, number, at, **fields):
    return sort(
        message_id=f"m{number}",
        site="s",
        patient="p",
        happened_at=at,
        known_at=at,
        source="test",
        provenance="simulated",
        **fields,
    )


def replayed(events, rules):
    """All that is said, while all is told at once, each word in the order of `known_at`."""
    told = [
        message(EhrMessage, n, one.known_at, events=(one,))
        for n, one in enumerate(sorted(events, key=lambda one: one.known_at))
    ]
    together = [one for instant in by_instant(told) for one in instant]
    end = message(ClockTick, "end", NOW + timedelta(hours=12))
    arrivals = sorted([*together, ENROLLED, end], key=lambda one: one.known_at)
    state = PatientState("s", "p", provenance="simulated")
    return list(advance(state, arrivals, rules))


def verdicts(said):
    return [one for one in said if isinstance(one, TrialScreening)]


def known_at(moment, events, said, verdict):
    """The patient as known by then, and as Ember itself had it."""
    known = [one for one in events if one.known_at <= moment]
    flags = {
        flag.flag_id: flag
        for flag in said
        if isinstance(flag, SepsisOnset) and flag.known_at <= moment
    }
    anchors = {
        "entry.happened_at": verdict.entry_at,
        "entry.known_at": verdict.entry_known_at,
    }
    return Patient(
        moment,
        standing(known, moment),
        episode=verdict.episode,
        onset=next(iter(flags.values()), None),
        anchors=anchors,
        flags=tuple(flags.values()),
        roster=(ENROLLED,) if ENROLLED.known_at <= moment else (),
    )


@pytest.mark.parametrize("pair", EVERY_KIND.values(), ids=EVERY_KIND)
@settings(max_examples=20)
@given(st.data())
def test_each_verdict_is_given_again_without_the_facts_of_later(pair, data):
    rules, facts = pair
    rule = RULE.validate_python(data.draw(silent(rules)))
    events = [COME, *data.draw(histories(facts))]
    said = replayed(events, asking(rule))
    assert verdicts(said)
    for verdict in verdicts(said):
        (told,) = verdict.criteria
        again = evaluate(rule, known_at(verdict.known_at, events, said, verdict))
        assert told.truth == again.truth.value
        assert told.evidence == again.evidence
        assert told.would_need == again.would_need


def test_a_new_observation_may_reverse_what_was_decided():
    """From when it is known on; the verdict that was given stays as it was."""
    rule = RULE.validate_python({"kind": "died", "absent_means": False})
    at = BEGIN + timedelta(hours=1)
    death = Death(event_id="d", happened_at=at, known_at=at + timedelta(hours=2))
    said = replayed([COME, death], asking(rule))
    told = [(v.known_at, v.criteria[0].truth) for v in verdicts(said)]
    assert told == [(BEGIN, "FALSE"), (death.known_at, "TRUE")]


def test_every_kind_of_criterion_is_among_them():
    leaves = {
        kind for kind in KINDS if not {"of", "rule"}.intersection(kind.model_fields)
    }
    tried = set()

    @settings(max_examples=400, database=None, derandomize=True)
    @given(st.one_of(*(rules for rules, _ in EVERY_KIND.values())))
    def draw(one):
        tried.update(type(part) for part in parts_of(RULE.validate_python(one)))

    draw()
    assert tried == leaves
