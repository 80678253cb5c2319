"""The screen step over a patient's days: what it says, when, and when it is silent."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import pytest

from streams.clinical.criteria.loading import load_protocol
from streams.pipeline.plan import plan
from streams.pipeline.screen import screen
from streams.pipeline.state import PatientState
from streams.vocabulary.events import (
    Demographics,
    Encounter,
    Infusion,
    Location,
    Measurement,
)
from streams.vocabulary.messages import RosterEntry, SepsisOnset


TEXT = files("streams.protocols").joinpath("ember_demo.yaml").read_text("utf-8")
PROTOCOL = load_protocol(TEXT)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
INSTANT = timedelta.resolution


def after(hours):
    return NOON + timedelta(hours=hours)


def onset(known_at=NOON, **fields):
    told = {
        "message_id": "m",
        "site": "s",
        "patient": "p",
        "happened_at": NOON - timedelta(hours=6),
        "source": "detect",
        "provenance": "simulated",
        "flag_id": "flag",
        "revision": 0,
        "status": "provisional",
        "definition": "sepsis3",
        "definition_version": "1.0",
        "policy": "ember",
        "episode": "e1",
        "score": 4,
        "evidence": ("o",),
    }
    return SepsisOnset(known_at=known_at, **{**told, **fields})


def fact(kind, moment, event_id, **fields):
    return kind(
        event_id=event_id,
        happened_at=moment,
        known_at=moment,
        encounter="e1",
        **fields,
    )


def lactate(moment, value, event_id="lactate"):
    return fact(Measurement, moment, event_id, concept="lactate", value=value)


@pytest.fixture
def state():
    state = PatientState("s", "p", flags={"flag": onset()}, provenance="simulated")
    for one in (
        fact(Demographics, after(-9), "who", sex="male", birth_year=1950),
        fact(Encounter, after(-9), "came", phase="admitted"),
        fact(Location, after(-8), "icu", phase="entered", ward="MICU", level="icu"),
        fact(
            Infusion,
            after(-2),
            "pump",
            phase="started",
            infusion_id="n",
            drug="norepinephrine",
            rate=0.1,
        ),
    ):
        state.timeline.apply(one, one.event_id)
    return state


def ask(state, moment, *, protocol=PROTOCOL, software="1"):
    step = screen(state, moment, plan((protocol,)), software_version=software)
    for message in step.messages:
        state.screenings[message.screening_id] = message
    return step


def told(step):
    (message,) = step.messages
    return message


def test_a_flag_is_screened_as_soon_as_it_is_known(state):
    said = told(ask(state, NOON))
    assert said.status == "needs_data"
    assert dict(said.stratum) == {"shock": "UNKNOWN"}
    assert said.anchor == "onset.known_at"
    assert said.deadline == after(24)
    assert said.protocol_hash == PROTOCOL.digest
    assert dict(said.covariates)["age"] == "76"
    assert dict(said.covariates)["sofa"] == "4"


def test_the_same_question_gets_no_second_answer(state):
    first = ask(state, NOON)
    again = ask(state, NOON)
    assert again.messages == ()
    assert again.due == first.due


def test_a_result_that_decides_the_stratum_makes_a_revision(state):
    ask(state, NOON)
    state.timeline.apply(lactate(after(1), 3.0), "m1")
    said = told(ask(state, after(1)))
    assert (said.status, said.revision) == ("needs_human", 1)
    assert dict(said.stratum) == {"shock": "shock"}


def test_a_result_that_changes_no_truth_makes_none(state):
    state.timeline.apply(lactate(after(-1), 3.0), "m1")
    ask(state, NOON)
    state.timeline.apply(lactate(after(1), 3.5, "second"), "m2")
    assert ask(state, after(1)).messages == ()


def test_the_window_is_open_at_its_deadline_and_closed_an_instant_later(state):
    state.timeline.apply(lactate(after(1), 3.0), "m1")
    ask(state, after(1))
    assert ask(state, after(24)).due == after(24) + INSTANT
    closed = told(ask(state, after(24) + INSTANT))
    assert (closed.status, closed.window_open) == ("ineligible", False)
    assert ask(state, after(40)).messages == ()
    assert ask(state, after(40)).due is None


def test_every_due_moment_lies_ahead_and_leads_to_the_close(state):
    state.timeline.apply(lactate(after(-20), 3.0), "m1")
    moment, ticks = NOON, 0
    while (due := ask(state, moment).due) is not None:
        assert due > moment
        moment, ticks = due, ticks + 1
    assert moment == after(24) + INSTANT
    assert ticks < 10


def test_no_standing_verdict_is_ever_past_its_time(state):
    """The gate trusts none; so one that has run out is said anew, changed or not."""
    state.timeline.apply(lactate(after(-20), 3.0), "m1")
    state.timeline.apply(lactate(after(1), 3.5, "second"), "m2")
    moment = NOON
    while (due := ask(state, moment).due) is not None:
        (standing,) = state.screenings.values()
        assert standing.valid_until is not None
        assert moment < standing.valid_until
        assert due <= standing.valid_until
        moment = due


def test_a_lactate_that_goes_stale_takes_the_stratum_with_it(state):
    state.timeline.apply(lactate(after(-20), 3.0), "m1")
    first = ask(state, NOON)
    assert dict(told(first).stratum) == {"shock": "shock"}
    assert first.due == after(4) + INSTANT
    assert dict(told(ask(state, first.due)).stratum) == {"shock": "UNKNOWN"}


def test_a_revised_flag_does_not_move_the_moment_of_knowledge(state):
    ask(state, NOON)
    state.flags["flag"] = onset(after(5), status="amended", revision=1, score=7)
    ask(state, after(5))
    (said,) = state.screenings.values()
    assert said.anchor_at == NOON


def test_a_withdrawn_flag_makes_the_patient_ineligible_once(state):
    ask(state, NOON)
    state.flags["flag"] = onset(after(2), status="withdrawn", revision=1)
    said = told(ask(state, after(2)))
    assert said.status == "ineligible"
    assert {c.criterion_id for c in said.criteria if c.truth == "FALSE"} >= {"I2"}
    assert ask(state, after(3)).messages == ()
    assert ask(state, after(3)).due is None


def test_a_flag_that_stands_again_is_known_anew(state):
    ask(state, NOON)
    state.flags["flag"] = onset(after(2), status="withdrawn", revision=1)
    ask(state, after(2))
    state.flags["flag"] = onset(after(3), revision=2)
    assert told(ask(state, after(3))).anchor_at == after(3)
    assert ask(state, after(4)).messages == ()


def test_a_flag_withdrawn_before_anybody_asked_says_nothing(state):
    state.flags["flag"] = onset(after(2), status="withdrawn")
    assert ask(state, after(2)).messages == ()


def test_a_flag_of_another_policy_anchors_nothing(state):
    state.flags["flag"] = onset(policy="mimic")
    assert ask(state, NOON).messages == ()


def test_enrolment_freezes_the_last_revision(state):
    ask(state, NOON)
    entry = RosterEntry(
        message_id="r",
        site="s",
        patient="p",
        happened_at=after(1),
        known_at=after(1),
        source="registry",
        provenance="simulated",
        trial="ember-demo",
        domain="corticosteroid",
        episode="e1",
        participant="x",
    )
    state.roster["r"] = entry
    state.timeline.apply(lactate(after(1), 3.0), "m1")
    assert ask(state, after(2)) == ask(state, after(30))
    assert ask(state, after(2)).messages == ()


def test_a_new_protocol_version_re_screens_who_is_in_the_window(state):
    ask(state, NOON)
    amended = load_protocol(TEXT.replace('version: "1.0"', 'version: "1.1"'))
    said = told(ask(state, after(1), protocol=amended))
    assert (said.protocol_version, said.revision) == ("1.1", 1)


def test_an_anchor_that_happened_earlier_leaves_less_of_the_window(state):
    by_event = load_protocol(TEXT.replace("onset.known_at", "onset.happened_at", 1))
    said = told(ask(state, NOON, protocol=by_event))
    assert said.deadline == after(18)
    state.flags["flag"] = replace(onset(), happened_at=after(-30))
    moved = told(ask(state, after(1), protocol=by_event))
    assert (moved.status, moved.window_open) == ("ineligible", False)


def test_a_paused_domain_screens_nobody(state):
    paused = load_protocol(TEXT.replace("status: open", "status: paused"))
    assert ask(state, NOON, protocol=paused).messages == ()
