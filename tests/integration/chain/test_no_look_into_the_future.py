"""What was said at a moment rests on what was known at that moment, and on no more.

Each flag and each verdict of a replay is asked again of a timeline from which every
fact with a later `known_at` was deleted.
"""

from collections import defaultdict
from dataclasses import replace

import pytest

from streams.adapters.intake import IntakeReport
from streams.app.history.sources import open_history
from streams.app.protocols import shipped_protocols
from streams.clinical.definitions.tracker import sepsis3
from streams.clinical.outcomes.deriving import derive
from streams.clinical.timeline import Timeline
from streams.pipeline.beside import detect_beside
from streams.pipeline.flaggable import FLAGGABLE, further
from streams.pipeline.instants import by_instant
from streams.pipeline.patient import Rules, advance
from streams.pipeline.screen import screen
from streams.pipeline.state import PatientState
from streams.vocabulary.messages import SepsisOnset, TrialOutcome, TrialScreening
from streams.vocabulary.outcomes import NAMED


pytestmark = [pytest.mark.shared, pytest.mark.unmeasured]

RULES = Rules(
    protocols=shipped_protocols(), software_version="test", outcomes_of_flags=True
)


@pytest.fixture(scope="module")
def messages(mimic_demo):
    """The demo's messages by patient, in the order in which they became known."""
    by_patient = defaultdict(list)
    for message in open_history("mimic-iv", mimic_demo, None).messages(IntakeReport()):
        by_patient[message.patient].append(message)
    return by_patient


@pytest.fixture(scope="module")
def said(messages):
    """What the replay said of each patient."""
    return {
        patient: list(advance(new_state(patient), marked(own), RULES))
        for patient, own in messages.items()
    }


def marked(messages):
    """With a word in each that more of its instant follows, as a feeder sends them."""
    return [message for told in by_instant(messages) for message in told]


def new_state(patient):
    return PatientState(site="mimic-iv", patient=patient)


def known_by(messages, moment):
    """A timeline of exactly the facts known by a moment."""
    timeline = Timeline()
    for message in messages:
        for event in message.events:
            if event.known_at <= moment:
                timeline.apply(event, message.message_id)
    return timeline


def standing_at(said, moment):
    """The flags as they stood at a moment."""
    flags = {}
    for message in said:
        if isinstance(message, SepsisOnset) and message.known_at <= moment:
            flags[message.flag_id] = message
    return flags


def test_no_message_carries_a_fact_that_is_known_later_than_the_message(messages):
    for own in messages.values():
        for message in own:
            assert all(event.known_at <= message.known_at for event in message.events)
            assert all(event.happened_at <= event.known_at for event in message.events)


def test_each_flag_is_found_again_without_the_facts_of_later(messages, said):
    asked = 0
    for patient, own in said.items():
        flags = [m for m in own if isinstance(m, SepsisOnset)]
        for moment in sorted({flag.known_at for flag in flags}):
            timeline = known_by(messages[patient], moment)
            found = {
                (e.encounter, e.onset_at, e.score, e.components)
                for e in sepsis3(timeline, policy=RULES.policy, now=moment)
            }
            stood = {
                (f.episode, f.happened_at, f.score, f.components)
                for f in standing_at(own, moment).values()
                if f.status != "withdrawn"
            }
            assert found == stood, f"{patient} at {moment}"
            asked += 1
    assert asked > 100


def test_each_flag_beside_is_found_again_without_the_facts_of_later(messages):
    """By a state that was told nothing before; of every fifth patient."""
    beside = {"definitions": further(FLAGGABLE, zone="UTC"), "zone": "UTC"}
    rules = replace(RULES, protocols=(), outcomes_of_flags=False, **beside)
    asked = set()
    for patient in sorted(messages)[::5]:
        own = list(advance(new_state(patient), marked(messages[patient]), rules))
        flags = [m for m in own if m.definition in FLAGGABLE]
        for moment in sorted({flag.known_at for flag in flags}):
            state = new_state(patient)
            state.timeline = known_by(messages[patient], moment)
            found = detect_beside(state, moment, **beside).messages
            stood = [
                flag
                for flag in standing_at(own, moment).values()
                if flag.status != "withdrawn" and flag.definition in FLAGGABLE
            ]
            assert {*map(onset, found)} == {*map(onset, stood)}, f"{patient} {moment}"
            asked |= {flag.definition for flag in stood}
    assert len(asked) > 3


def onset(flag):
    return (flag.flag_id, flag.happened_at, flag.episode, flag.score)


def test_each_verdict_is_given_again_without_the_facts_of_later(messages, said):
    asked = 0
    for patient, own in said.items():
        verdicts = [m for m in own if isinstance(m, TrialScreening)]
        for verdict in verdicts:
            again = asked_again(messages[patient], own, verdict)
            assert content(again) == content(verdict), f"{patient} {verdict.known_at}"
            asked += 1
    assert asked > 200


def test_each_outcome_is_derived_again_without_the_facts_of_later(messages, said):
    """Of every third patient."""
    asked = 0
    for patient in sorted(said)[::3]:
        told = [m for m in said[patient] if isinstance(m, TrialOutcome)]
        for moment in sorted({m.known_at for m in told}):
            timeline = known_by(messages[patient], moment)
            for outcome in (m for m in told if m.known_at == moment):
                if outcome.reason == "onset_withdrawn":
                    continue
                found = derive(
                    NAMED[outcome.outcome],
                    timeline,
                    outcome.happened_at,
                    moment,
                    episode=outcome.episode,
                )
                assert (found.status, found.value, found.reason) == (
                    outcome.status,
                    outcome.value,
                    outcome.reason,
                ), f"{patient} at {moment}"
                asked += 1
    assert asked > 100


def asked_again(messages, said, verdict):
    """The verdict by a state that knows only what was known, and what was said before."""
    state = new_state(verdict.patient)
    state.timeline = known_by(messages, verdict.known_at)
    state.flags = standing_at(said, verdict.known_at)
    before = [
        m
        for m in said
        if isinstance(m, TrialScreening)
        and m.screening_id == verdict.screening_id
        and m.revision == verdict.revision - 1
    ]
    state.screenings = {m.screening_id: m for m in before}
    step = screen(state, verdict.known_at, RULES.plan, software_version="test")
    (found,) = (m for m in step.messages if m.screening_id == verdict.screening_id)
    return found


def content(verdict):
    return replace(verdict, provenance="history")
