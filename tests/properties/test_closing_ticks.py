"""A history's closing ticks let pass the time that the embedded runner lets pass."""

from datetime import timedelta
from itertools import takewhile

import pytest
from sqlalchemy import create_engine, text

from registry.app.embedded import EmbeddedRunner
from registry.store.migrate import migrate
from registry.store.unit_of_work import open_registry
from streams.app.kafka.feeding import Source
from streams.app.protocols import shipped_protocols
from streams.pipeline.ingest import Received, ingest
from streams.pipeline.patient import Rules, advance
from streams.pipeline.state import PatientState
from streams.simulate.config import HospitalConfig
from streams.simulate.hospital import Simulation
from streams.vocabulary.messages import (
    SEPSIS_ONSET,
    TRIAL_OUTCOME,
    TRIAL_SCREENING,
    ClockTick,
    SepsisOnset,
    TrialScreening,
    encode,
)
from streams.vocabulary.topics import CANONICAL, RAW


pytestmark = pytest.mark.unmeasured


RULES = Rules(
    protocols=shipped_protocols(), software_version="test", outcomes_of_flags=True
)


def simulated(seed):
    """A hospital that closes while patients are in house: much is still due."""
    config = HospitalConfig(seed=seed, duration=timedelta(days=5))
    closes = config.start + config.duration
    return takewhile(lambda m: m.known_at < closes, Simulation(config).messages())


def as_json(said):
    if isinstance(said, SepsisOnset):
        return encode(SEPSIS_ONSET, said).decode()
    if isinstance(said, TrialScreening):
        return encode(TRIAL_SCREENING, said).decode()
    return encode(TRIAL_OUTCOME, said).decode()


def fed(seed, *, ends=True):
    """What the chain says to the feeder's records, one by one; and what is left due."""
    states, said = {}, []
    for record in Source(simulated(seed), ends=ends).records():
        received = Received(
            topic=RAW, value=record.value, form=CANONICAL, received_at=None
        )
        arrival = ingest(received).message
        key = (arrival.site, arrival.patient)
        state = states.setdefault(key, PatientState(*key))
        told = list(advance(state, (arrival,), RULES))
        if isinstance(arrival, ClockTick):
            assert all(message.known_at < arrival.known_at for message in told)
        said += map(as_json, told)
    return said, [state.due for state in states.values() if state.due]


def embedded(seed, folder):
    url = f"sqlite:///{folder}/ember.sqlite"
    migrate(url)
    registry = open_registry(url)
    EmbeddedRunner(registry, RULES, source="test", fingerprint="f").run(simulated(seed))
    registry.close()
    engine = create_engine(url)
    tables = ("onset_revision", "screening_revision", "outcome_revision")
    with engine.connect() as connection:
        said = [
            row[0]
            for table in tables
            for row in connection.execute(text(f"SELECT document FROM {table}"))
        ]
    engine.dispose()
    return said


@pytest.mark.parametrize("seed", [3, 8])
def test_the_ticks_give_exactly_what_the_runners_agenda_gives(seed, tmp_path):
    said, still_due = fed(seed)
    expected = embedded(seed, tmp_path)
    assert len(expected) > 50
    assert sorted(said) == sorted(expected)
    assert not still_due


def test_without_them_checks_would_be_left_undone():
    said, still_due = fed(3, ends=False)
    assert still_due
    assert len(said) < len(fed(3)[0])
