"""What a notebook remembers changes no verdict: each is as if all were judged anew.

Made-up protocols of rules of every kind, over made-up records that come in any order
with corrections, cancellations, flags that come and go, and enrolments.
"""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from properties.reference_screening import Reference
from properties.test_criteria_hold import (
    DATA,
    FACTS,
    NAMES,
    NOW,
    SINCE,
    leaf,
    silent,
    trees,
)
from pydantic import TypeAdapter

from streams.app.protocols import shipped_protocol
from streams.clinical.criteria.judge import KINDS
from streams.clinical.criteria.judgement import INSTANT
from streams.clinical.criteria.naming import parts_of
from streams.pipeline.plan import plan
from streams.pipeline.screen import screen
from streams.pipeline.state import PatientState
from streams.vocabulary.entry import Entry
from streams.vocabulary.events import (
    Cancellation,
    Correction,
    CultureCollected,
    CultureResult,
    Encounter,
    Infusion,
    Location,
    Medication,
    RespiratorySupport,
)
from streams.vocabulary.messages import RosterEntry, SepsisOnset
from streams.vocabulary.protocol import Arm, Criterion, Factor


pytestmark = pytest.mark.unmeasured

SHIPPED = shipped_protocol("ember_demo")
BEGIN = NOW - timedelta(hours=6)
STAY = "e"
QUESTIONS = leaf("confirm", name=NAMES, question=st.just("Is it so?"))
FLAGS = leaf("onset", definition=st.sampled_from(("septic_shock", "sepsis3")))
RULES = trees(DATA.flatmap(silent) | QUESTIONS | FLAGS)

SIMPLE = (
    {"kind": "onset", "definition": "sepsis3", "policy": "ember"},
    {"kind": "onset", "definition": "septic_shock", "policy": "sepsis3"},
    {"kind": "admission"},
    {"kind": "unit", "any_of": ["icu"]},
    {"kind": "infusion", "drugs": ["vasopressor"]},
    {"kind": "respiratory_support", "any_of": ["invasive"]},
    {"kind": "culture", "organisms": ["aureus"]},
    {"kind": "medication", "named": ["cortison"]},
)
ENTRIES = st.one_of(
    st.sampled_from(SIMPLE),
    st.builds(
        lambda kind, of, within: (
            {"kind": kind, "of": of} | ({"within": within} if kind == "all_of" else {})
        ),
        st.sampled_from(("first_of", "all_of")),
        st.lists(st.sampled_from(SIMPLE), min_size=2, max_size=2),
        st.sampled_from(("1 h", "2 h")),
    ),
).map(TypeAdapter(Entry).validate_python)
ANCHORS = st.sampled_from(("entry.known_at", "entry.happened_at", *SINCE))


def criterion(number, rule):
    return Criterion.model_construct(
        id=f"C{number}", text="x", rule=rule, if_unknown="wait", question=None
    )


COUNTED_FROM = st.sampled_from(
    ("entry.known_at", "entry.happened_at", "onset.known_at", "onset.happened_at")
)


@st.composite
def protocols(draw, anchors=ANCHORS):
    """One or two protocols of one or two domains, whose criteria share rules."""
    pool = draw(st.lists(RULES, min_size=2, max_size=4))
    told = []
    for name in range(draw(st.integers(1, 2))):
        picked = [draw(st.lists(st.sampled_from(pool), max_size=2)) for _ in range(4)]
        asked = [
            tuple(criterion(f"{place}{n}", rule) for n, rule in enumerate(rules))
            for place, rules in enumerate(picked)
        ]
        (domain,) = SHIPPED.domains
        recruitment = domain.recruitment.model_copy(
            update={
                "entry": draw(ENTRIES),
                "anchor": draw(anchors),
                "window": timedelta(hours=draw(st.integers(1, 5))),
            }
        )
        arms = (
            Arm(id="a", title="a").model_copy(update={"exclusion": asked[0]}),
            Arm(id="b", title="b"),
            Arm(id="c", title="c"),
        )
        factor = Factor(
            id="f", text="f", rule=draw(RULES), if_true="yes", if_false="no"
        )
        changed = domain.model_copy(
            update={
                "recruitment": recruitment,
                "arms": arms,
                "strata": (factor,) * draw(st.integers(0, 1)),
                "inclusion": asked[1],
                "exclusion": asked[2],
            }
        )
        told.append(
            SHIPPED.model_copy(
                update={
                    "id": f"trial-{name}",
                    "inclusion": asked[3],
                    "domains": (changed,),
                }
            )
        )
    return tuple(told)


def flag(definition, policy, hours, status):
    return SepsisOnset(
        message_id="m",
        site="s",
        patient="p",
        happened_at=NOW - timedelta(hours=hours),
        known_at=NOW,
        source="detect",
        provenance="simulated",
        flag_id=definition,
        revision=0,
        status=status,
        definition=definition,
        definition_version="1",
        policy=policy,
        episode=STAY,
        evidence=(definition,),
    )


FLAGGED = st.builds(
    lambda of, hours, status: flag(*of, hours, status),
    st.sampled_from((("sepsis3", "ember"), ("septic_shock", "sepsis3"))),
    st.integers(0, 3),
    st.sampled_from(("provisional", "confirmed", "withdrawn")),
)
ENROLLED = st.builds(
    lambda trial, stay: RosterEntry(
        message_id=f"r {trial} {stay}",
        site="s",
        patient="p",
        happened_at=NOW,
        known_at=NOW,
        source="registry",
        provenance="simulated",
        trial=trial,
        domain="corticosteroid",
        episode=stay,
        participant="x",
    ),
    st.sampled_from(("trial-0", "trial-1", "t")),
    st.sampled_from((STAY, "another")),
)


def opener(kind, **fields):
    """A fact that opens a screening by one of the entries."""
    told = {"happened_at": BEGIN, "known_at": BEGIN, "encounter": STAY}
    return kind(event_id=f"opens {kind.__name__}", **{**told, **fields})


OPENERS = (
    flag("sepsis3", "ember", 3, "provisional"),
    flag("septic_shock", "sepsis3", 2, "provisional"),
    opener(Encounter, phase="admitted"),
    opener(Location, phase="entered", ward="w", level="icu"),
    opener(Infusion, phase="started", infusion_id="o", drug="norepinephrine", rate=1.0),
    opener(RespiratorySupport, category="invasive"),
    opener(CultureCollected, culture_id="o", specimen="BLOOD CULTURE"),
    opener(
        CultureResult,
        culture_id="o",
        status="final",
        positive=True,
        organism="STAPHYLOCOCCUS AUREUS",
    ),
    opener(Medication, stage="given", sent_drug="hydrocortisone"),
)


@st.composite
def streams(draw):
    """What happens, in the order in which it becomes known, and how long after."""
    facts = draw(FACTS)
    happenings = [replace(one, encounter=draw(STAYS)) for one in facts]
    happenings += draw(st.lists(st.sampled_from(OPENERS), min_size=2, unique=True))
    happenings += draw(st.lists(FLAGGED, max_size=3))
    happenings += draw(st.lists(ENROLLED, max_size=1))
    for number, one in enumerate(facts):
        told = {"happened_at": NOW, "known_at": NOW, "version": 1}
        if draw(st.integers(0, 4)) == 0:
            gone = {"event_id": f"gone {number}", "cancels": one.event_id}
            happenings.append(Cancellation(**gone, **told))
        elif draw(st.integers(0, 4)) == 0:
            moved = replace(one, happened_at=one.happened_at - timedelta(hours=1))
            mended = {"event_id": f"mended {number}", "corrects": one.event_id}
            happenings.append(Correction(**mended, event=moved, **told))
    order = draw(st.permutations(happenings))
    waits = st.sampled_from((timedelta(0), timedelta(minutes=30), timedelta(hours=1)))
    return [(draw(waits), one) for one in order]


STAYS = st.sampled_from((STAY, STAY, STAY, "f", None))


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
    rules = {type(part) for rule in drawn(RULES, 800) for part in parts_of(rule)}
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
