"""Batch equals stream: the registry holds what the pure pass says, on each database."""

from collections import defaultdict
from datetime import timedelta

from registry.app.embedded import EmbeddedRunner
from registry.store.unit_of_work import open_registry
from streams.app.protocols import shipped_protocols
from streams.pipeline.flaggable import FLAGGABLE, further
from streams.pipeline.instants import by_instant
from streams.pipeline.patient import Rules, advance
from streams.pipeline.state import PatientState
from streams.simulate.config import HospitalConfig
from streams.simulate.hospital import Simulation
from streams.vocabulary.messages import (
    ClockTick,
    SepsisOnset,
    TrialOutcome,
    TrialScreening,
)


CONFIG = HospitalConfig(seed=9, duration=timedelta(days=2))
ZONE = "America/New_York"
RULES = Rules(
    protocols=shipped_protocols(),
    definitions=further(FLAGGABLE, zone=ZONE),
    zone=ZONE,
    software_version="test",
    outcomes_of_flags=True,
)
"""With all that can be flagged, beside Sepsis-3."""


def said_by_the_pure_pass():
    """Everything said of every patient, each by itself, from first message to last due."""
    by_patient = defaultdict(list)
    for message in Simulation(CONFIG).messages():
        by_patient[message.patient].append(message)
    for patient, own in by_patient.items():
        state = PatientState(site=CONFIG.site, patient=patient)
        marked = [message for told in by_instant(own) for message in told]
        yield from advance(state, marked, RULES)
        while state.due is not None:
            yield from advance(state, [tick(state)], RULES)


def tick(state):
    return ClockTick(
        message_id="tick",
        site=state.site,
        patient=state.patient,
        happened_at=state.due,
        known_at=state.due,
        source="clock",
        provenance="simulated",
    )


def test_the_registry_holds_every_revision_of_the_pure_pass(registry_url):
    said = list(said_by_the_pure_pass())
    registry = open_registry(registry_url)
    EmbeddedRunner(registry, RULES, source="test", fingerprint="f", batch_size=300).run(
        Simulation(CONFIG).messages()
    )
    with registry.reading() as views:
        onsets, screenings, outcomes = (
            views.onsets(),
            views.screenings(),
            views.outcomes(),
        )
        history = [
            revision
            for patient in {o.patient for o in onsets}
            for revision in views.onset_history(CONFIG.site, patient)
        ]
        judged = [
            revision
            for patient in {s.patient for s in screenings}
            for revision in views.screening_history(CONFIG.site, patient)
        ]
    registry.close()
    assert len({h.definition for h in history}) > 3
    assert outcomes
    assert {(h.flag_id, h.revision, h.status, h.known_at) for h in history} == {
        (m.flag_id, m.revision, m.status, m.known_at)
        for m in said
        if isinstance(m, SepsisOnset)
    }
    assert {(v.screening_id, v.revision, v.status, v.known_at) for v in judged} == {
        (m.screening_id, m.revision, m.status, m.known_at)
        for m in said
        if isinstance(m, TrialScreening)
    }
    latest = {m.outcome_id: m for m in said if isinstance(m, TrialOutcome)}
    assert {(o.outcome_id, o.status, o.value) for o in outcomes} == {
        (m.outcome_id, m.status, m.value) for m in latest.values()
    }
