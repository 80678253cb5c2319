"""The follow-up step over the weeks after randomisation, or after a flag."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from streams.pipeline.follow_up import follow_up
from streams.pipeline.state import PatientState
from streams.vocabulary.events import Death, Encounter, VitalStatusContact
from streams.vocabulary.messages import RosterEntry, SepsisOnset


T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
COMMON = {"site": "s", "patient": "p", "source": "x", "provenance": "simulated"}


def day(number):
    return T0 + timedelta(days=number)


def onset(flag_id="flag", known_at=T0, **fields):
    return SepsisOnset(
        **COMMON,
        message_id=flag_id,
        happened_at=day(-1),
        known_at=known_at,
        flag_id=flag_id,
        revision=0,
        definition="sepsis3",
        definition_version="1.0",
        policy="ember",
        episode="e1",
        **{"status": "provisional", **fields},
    )


def entry(message_id="r", moment=T0, domain="corticosteroid"):
    return RosterEntry(
        **COMMON,
        message_id=message_id,
        happened_at=moment,
        known_at=moment,
        trial="t",
        domain=domain,
        episode="e1",
        participant="x",
    )


def ask(state, moment, *, flags=False):
    step = follow_up(state, moment, t0_of_flags=flags)
    for message in step.messages:
        state.outcomes[message.outcome_id] = message
    return step


def told(step):
    return {m.outcome: (m.status, m.value, m.reason) for m in step.messages}


@pytest.fixture
def enrolled():
    state = PatientState("s", "p", roster={"r": entry()}, provenance="simulated")
    came = Encounter(
        event_id="came",
        happened_at=day(-1),
        known_at=day(-1),
        encounter="e1",
        phase="admitted",
    )
    state.timeline.apply(came, "came")
    return state


def test_outcomes_are_pending_first_and_then_silent(enrolled):
    first = ask(enrolled, T0)
    assert told(first) == {
        "mortality_28d": ("pending", None, None),
        "in_hospital_mortality": ("pending", None, None),
    }
    assert first.due == day(28)
    assert ask(enrolled, day(1)).messages == ()


def test_a_death_is_a_revision_and_its_correction_another(enrolled):
    ask(enrolled, T0)
    death = Death(event_id="d", happened_at=day(3), known_at=day(3), place="hospital")
    enrolled.timeline.apply(death, "m1")
    assert told(ask(enrolled, day(3)))["mortality_28d"] == ("final", 1, None)
    late = replace(death, happened_at=day(29), version=1)
    enrolled.timeline.apply(late, "m2")
    assert told(ask(enrolled, day(30)))["mortality_28d"] == ("final", 0, None)
    assert max(o.revision for o in enrolled.outcomes.values()) == 2


def test_time_alone_brings_day_28_and_day_90(enrolled):
    ask(enrolled, T0)
    at_28 = ask(enrolled, day(28))
    assert told(at_28) == {"mortality_28d": ("missing", None, "no_contact_at_day_28")}
    assert at_28.due == day(90)
    at_90 = ask(enrolled, day(90))
    assert told(at_90) == {
        "in_hospital_mortality": ("missing", None, "no_contact_at_day_90")
    }
    assert at_90.due is None


def test_a_late_contact_mends_what_was_missing(enrolled):
    ask(enrolled, day(90))
    call = VitalStatusContact(
        event_id="call", happened_at=day(95), known_at=day(95), alive=True, basis="call"
    )
    enrolled.timeline.apply(call, "m1")
    assert told(ask(enrolled, day(95)))["mortality_28d"] == ("final", 0, None)


def test_two_domains_of_one_trial_share_one_outcome_from_the_first_randomisation():
    roster = {"b": entry("b", day(1), "second"), "a": entry("a", T0)}
    state = PatientState("s", "p", roster=roster)
    step = ask(state, day(2))
    assert {m.happened_at for m in step.messages} == {T0}
    assert len(step.messages) == 2


def test_flags_make_a_cohort_only_where_asked():
    state = PatientState("s", "p", flags={"flag": onset()})
    assert ask(state, T0).messages == ()
    step = ask(state, T0, flags=True)
    assert {m.trial for m in step.messages} == {"cohort"}


def test_the_first_flag_of_an_episode_is_t0_and_its_revisions_do_not_move_it():
    flags = {"b": onset("b", day(1)), "a": onset("a", T0)}
    state = PatientState("s", "p", flags=flags)
    ask(state, day(1), flags=True)
    state.flags["a"] = onset("a", day(2), status="amended")
    assert ask(state, day(2), flags=True).messages == ()
    assert {o.happened_at for o in state.outcomes.values()} == {T0}


def test_a_withdrawn_flag_withdraws_its_outcomes_and_a_new_one_starts_anew():
    state = PatientState("s", "p", flags={"flag": onset()})
    ask(state, T0, flags=True)
    state.flags["flag"] = onset(known_at=day(1), status="withdrawn")
    gone = ask(state, day(1), flags=True)
    assert set(told(gone).values()) == {("missing", None, "onset_withdrawn")}
    assert ask(state, day(2), flags=True).messages == ()
    state.flags["flag"] = onset(known_at=day(3))
    again = ask(state, day(3), flags=True)
    assert {m.happened_at for m in again.messages} == {day(3)}
    assert ask(state, day(4), flags=True).messages == ()
