"""The follow-up step over the weeks after randomisation, or after a flag."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from streams.pipeline.follow_up import follow_up
from streams.pipeline.state import PatientState
from streams.vocabulary.events import (
    Death,
    Encounter,
    Infusion,
    Medication,
    VitalStatusContact,
)
from streams.vocabulary.messages import RosterEntry, SepsisOnset
from streams.vocabulary.outcomes import NAMED, Mortality, TreatmentReceived


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


def ask(state, moment, *, flags=False, **named):
    step = follow_up(state, moment, t0_of_flags=flags, **named)
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


def no(refusal, revision=1, **changed):
    said = {"domain": "", "collect": False} | changed
    return replace(entry(refusal), refusal=refusal, revision=revision, **said)


def died(state, on):
    death = Death(event_id="d", happened_at=on, known_at=on, place="hospital")
    state.timeline.apply(death, "m1")


def test_who_takes_data_back_is_followed_no_further(enrolled):
    ask(enrolled, T0)
    enrolled.roster["no"] = no("withdrawn")
    died(enrolled, day(3))

    step = ask(enrolled, day(3))
    unread = ("missing", None, "data_withdrawn")
    assert told(step) == dict.fromkeys(
        ("mortality_28d", "in_hospital_mortality"), unread
    )
    assert step.due is None
    assert ask(enrolled, day(90)).messages == ()


def test_what_was_recorded_before_data_was_taken_back_stays(enrolled):
    died(enrolled, day(3))
    ask(enrolled, day(3))
    enrolled.roster["no"] = no("withdrawn")

    assert ask(enrolled, day(30)).messages == ()


@pytest.mark.parametrize(
    "unheard",
    [
        no("withdrawn", collect=True),
        no("opted_out", trial="another", participant=""),
        no("withdrawn", participant="somebody"),
    ],
    ids=["treatment alone", "another trial", "another participant"],
)
def test_who_takes_back_something_else_is_followed(enrolled, unheard):
    ask(enrolled, T0)
    enrolled.roster["no"] = unheard
    died(enrolled, day(3))

    assert told(ask(enrolled, day(3)))["mortality_28d"] == ("final", 1, None)


def test_an_opt_out_of_all_research_that_ends_lets_the_record_be_read_again(enrolled):
    ask(enrolled, T0)
    enrolled.roster["no"] = no("opted_out", trial="", participant="")
    ask(enrolled, day(2))
    lifted = no("lifted", 2, trial="", participant="", collect=True)
    enrolled.roster["yes"] = lifted
    died(enrolled, day(3))

    assert told(ask(enrolled, day(3)))["mortality_28d"] == ("final", 1, None)


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


# -- what the protocol names ---------------------------------------------------


def asked(*rules):
    return {"t": {rule.id: rule for rule in rules}}


def test_what_the_protocol_names_is_followed_and_nothing_else(enrolled):
    step = ask(enrolled, T0, asked=asked(NAMED["organ_support_free_days"]))
    assert told(step) == {"organ_support_free_days": ("pending", None, None)}
    assert step.due == day(21)
    (said,) = step.messages
    assert said.definition.startswith("support_free_days {")


def test_another_trials_protocol_changes_nothing(enrolled):
    other = {"another": {"make_30": NAMED["make_30"]}}
    assert set(told(ask(enrolled, T0, asked=other))) == {
        "mortality_28d",
        "in_hospital_mortality",
    }


def test_a_final_value_that_changes_amends_its_first_final_revision(enrolled):
    rules = asked(NAMED["mortality_28d"])
    ask(enrolled, T0, asked=rules)
    call = VitalStatusContact(
        event_id="call", happened_at=day(28), known_at=day(28), alive=True, basis="call"
    )
    enrolled.timeline.apply(call, "m1")
    (final,) = ask(enrolled, day(29), asked=rules).messages
    assert (final.status, final.value, final.amends) == ("final", 0, None)
    death = Death(event_id="d", happened_at=day(3), known_at=day(30), place="hospital")
    enrolled.timeline.apply(death, "m2")
    (amended,) = ask(enrolled, day(30), asked=rules).messages
    assert (amended.status, amended.value) == ("final", 1)
    assert amended.amends == final.revision
    enrolled.timeline.apply(replace(death, happened_at=day(40), version=1), "m3")
    (again,) = ask(enrolled, day(41), asked=rules).messages
    assert (again.value, again.amends) == (0, final.revision)


def test_another_choice_in_the_protocol_is_another_definition_and_a_revision(enrolled):
    ask(enrolled, T0, asked=asked(Mortality(id="died", within=28)))
    (said,) = ask(enrolled, T0, asked=asked(Mortality(id="died", within=60))).messages
    assert (said.revision, said.definition) == (1, 'mortality {"within":60}')


def test_calendar_days_end_at_the_hospitals_midnight(enrolled):
    rule = Mortality(id="died", within=28, days="calendar")
    step = ask(enrolled, T0, asked=asked(rule), zone="America/New_York")
    assert step.due == datetime(2026, 3, 30, 4, tzinfo=UTC) - timedelta.resolution
    (unzoned,) = ask(enrolled, T0, asked=asked(rule)).messages
    assert unzoned.reason == "time_zone_unknown"


def test_what_was_received_counts_days_and_names_no_arm(enrolled):
    rule = TreatmentReceived(id="steroid", drugs=("hydrocortisone",), within=7)
    for number, moment in enumerate((0.5, 0.7, 2.5, 9)):
        dose = Medication(
            event_id=f"dose-{number}",
            happened_at=day(moment),
            known_at=day(moment),
            stage="given",
            drug="hydrocortisone",
            sent_drug="Hydrocortisone",
        )
        enrolled.timeline.apply(dose, f"dose-{number}")
    (said,) = ask(enrolled, day(7), asked=asked(rule)).messages
    assert (said.status, said.value) == ("final", 2)
    assert dict(said.parts) == {"doses": 3, "infusions": 0, "first_after_h": 12}


def test_where_nothing_is_recorded_as_given_nobody_knows_what_was(enrolled):
    rule = TreatmentReceived(id="steroid", drugs=("hydrocortisone",), within=7)
    (said,) = ask(enrolled, day(7), asked=asked(rule)).messages
    reason = "no_administrations_on_record"
    assert (said.status, said.value, said.reason) == ("missing", None, reason)


def test_an_infusion_counts_on_each_day_it_ran(enrolled):
    rule = TreatmentReceived(id="pressor", drugs=("vasopressor",), within=7)
    for phase, moment in (("started", 0.5), ("stopped", 3)):
        drip = Infusion(
            event_id=phase,
            happened_at=day(moment),
            known_at=day(moment),
            phase=phase,
            infusion_id="i",
            drug="vasopressin",
            rate=0.03,
        )
        enrolled.timeline.apply(drip, phase)
    (said,) = ask(enrolled, day(7), asked=asked(rule)).messages
    assert (said.status, said.value) == ("final", 3)
