"""What a notebook remembers changes no verdict: each is as if all were judged anew.

Made-up protocols of rules of every kind, over made-up records that come in any order
with corrections, cancellations, flags that come and go, and enrolments.
"""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from properties.drawn.happenings import BEGIN, streams
from properties.drawn.protocols import COUNTED_FROM, ENTRIES, RULES, SIMPLE, protocols
from properties.reference.screening import Reference
from pydantic import TypeAdapter

from streams.clinical.criteria.judge import KINDS
from streams.clinical.criteria.judgement import INSTANT
from streams.clinical.criteria.naming import parts_of
from streams.pipeline.plan import plan
from streams.pipeline.screen import screen
from streams.pipeline.state import PatientState
from streams.vocabulary.entry import Entry
from streams.vocabulary.events import Correction
from streams.vocabulary.messages import RosterEntry, SepsisOnset


pytestmark = pytest.mark.unmeasured


class Patient:
    """A state that is asked; `forgetful`: nothing is remembered between two looks."""

    def __init__(self, plan, *, forgetful):
        self.state = PatientState("s", "p", provenance="simulated")
        self.plan, self.forgetful, self.due = plan, forgetful, None

    def hear(self, moment, happening):
        if isinstance(happening, SepsisOnset):
            told = replace(happening, known_at=moment)
            self.state.flags[happening.flag_id] = told
        elif isinstance(happening, RosterEntry):
            told = happening
            self.state.roster[happening.message_id] = happening
        else:
            told = replace(happening, known_at=moment)
            if isinstance(told, Correction):
                told = replace(told, event=replace(told.event, known_at=moment))
            self.state.timeline.apply(told, told.event_id)
        return told

    def look(self, moment):
        if self.forgetful:
            self.state.notebook = None
        step = screen(self.state, moment, self.plan, software_version="t")
        self.due = step.due
        for message in step.messages:
            self.state.screenings[message.screening_id] = message
        return {m.screening_id: m for m in step.messages}


def told_alike(plan, happenings):
    """Every verdict of both, in step; how many there were."""
    keen, slow = (Patient(plan, forgetful=no) for no in (False, True))
    moment, told = BEGIN, 0
    for wait, happening in [*happenings, (timedelta(hours=8), None)]:
        moment += wait
        dues = sorted({d for d in (keen.due, slow.due) if d is not None})
        while dues and dues[0] < moment:
            told += alike(keen, slow, dues[0])
            dues = sorted({d for d in (keen.due, slow.due) if d is not None})
        for patient in (keen, slow) if happening is not None else ():
            patient.hear(moment, happening)
        told += alike(keen, slow, moment)
    return told


def alike(keen, slow, moment):
    said = keen.look(moment)
    assert said == slow.look(moment)
    return len(said)


@settings(deadline=None, max_examples=10)
@given(protocols(), streams())
def test_what_is_remembered_changes_no_verdict_and_no_evidence(documents, happenings):
    told_alike(plan(documents), happenings)


@settings(deadline=None, max_examples=10)
@given(protocols(), streams(), st.lists(st.floats(0, 1), min_size=1, max_size=2))
def test_nothing_changes_before_the_moment_that_is_named(documents, happenings, parts):
    """Neither a verdict before its `valid_until`, nor anything before the patient is due.

    Judged at any moment before by who remembers nothing, nothing new is said.
    """
    asked = plan(documents)
    patient = Patient(asked, forgetful=False)
    moment = BEGIN
    for wait, happening in happenings:
        moment += wait
        patient.hear(moment, happening)
        said = patient.look(moment)
        for later in before(patient.due, moment, parts):
            assert revised(patient, asked, later) == set()
        for name, one in said.items():
            for later in before(one.valid_until, moment, parts):
                assert name not in revised(patient, asked, later)


def before(end, moment, parts):
    """Some moments from one moment on, and the very last before another."""
    end = end or moment + timedelta(hours=8)
    for part in (*parts, 1.0):
        yield min(moment + part * (end - moment), end - INSTANT)


def revised(patient, asked, later):
    """The screenings of which something new would be said then."""
    state = replace(patient.state, notebook=None)
    step = screen(state, later, asked, software_version="t")
    return {message.screening_id for message in step.messages}


@settings(deadline=None, max_examples=10)
@given(protocols(COUNTED_FROM), streams())
def test_the_step_says_what_the_simplest_of_steps_says(documents, happenings):
    """Verdict, statuses, clocks and evidence; anchors that the screening itself tells."""
    keen = Patient(plan(documents), forgetful=False)
    simple = Reference(documents)
    moment = BEGIN
    for wait, happening in [*happenings, (timedelta(hours=8), None)]:
        moment += wait
        while keen.due is not None and keen.due < moment:
            compared(keen, simple, keen.due)
        if happening is not None:
            simple.hear(keen.hear(moment, happening))
        compared(keen, simple, moment)


def compared(keen, simple, moment):
    new = keen.look(moment)
    simple.look(moment)
    said = {(s.trial, s.episode): s for s in keen.state.screenings.values()}
    assert said.keys() == simple.said.keys()
    for name, one in said.items():
        expected = simple.said[name]
        assert standing(one) == expecting(expected)
        if one.screening_id in new:
            evidence = [
                (c.criterion_id, c.truth, c.evidence, c.would_need)
                for c in one.criteria
            ]
            assert evidence == expected.criteria
            assert one.entry == expected.entry
            # Of an entry that is gone, what was last told of it stays.
            assert one.entry_at == expected.entry_at or not expected.stands


def standing(one):
    return (
        one.status,
        one.platform_status,
        {i.intervention: i.status for i in one.interventions},
        [(c.criterion_id, c.truth) for c in one.criteria],
        list(one.stratum),
        (one.entry_stands, one.window_open, one.anchor_at, one.deadline),
        one.entry_known_at,
    )


def expecting(one):
    return (
        one.domain,
        one.platform,
        one.interventions,
        [told[:2] for told in one.criteria],
        one.stratum,
        (one.stands, one.window_open, one.anchor_at, one.deadline),
        one.known_at,
    )


def test_every_kind_of_rule_and_of_entry_is_among_what_is_made_up():
    """So that a kind which is added later is tried, too."""
    rules = {type(part) for rule in drawn(RULES, 2000) for part in parts_of(rule)}
    assert set(KINDS) <= rules
    entries = {part.kind for entry in drawn(ENTRIES, 200) for part in parts_of(entry)}
    kinds = {"first_of", "all_of", *(one["kind"] for one in SIMPLE)}
    assert entries == kinds == {*get_kinds(Entry)}


def get_kinds(union):
    return TypeAdapter(union).json_schema()["discriminator"]["mapping"]


def drawn(strategy, number):
    """So many examples."""
    found = []

    @settings(max_examples=number, database=None, derandomize=True, deadline=None)
    @given(strategy)
    def draw(one):
        found.append(one)

    draw()
    return found
