"""One simulated month, shared by the tests that read it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import pytest

from streams.simulate.config import HospitalConfig
from streams.simulate.ground_truth import GroundTruth
from streams.simulate.hospital import ground_truth, hospital
from streams.vocabulary.events import Event
from streams.vocabulary.messages import EhrMessage


@dataclass(frozen=True)
class Month:
    """What the hospital sent, and what was true."""

    messages: list[EhrMessage]
    truth: dict[str, GroundTruth]
    events: dict[str, list[Event]]
    """By patient; of events delivered twice, the first delivery."""


@pytest.fixture(scope="session")
def month() -> Month:
    config = HospitalConfig(seed=7, ward_beds=200, icu_beds=60, sepsis_share=0.35)
    messages = list(hospital(config))
    by_patient: dict[str, dict[str, Event]] = defaultdict(dict)
    for message in messages:
        for event in message.events:
            by_patient[message.patient].setdefault(event.event_id, event)
    return Month(
        messages=messages,
        truth={truth.patient: truth for truth in ground_truth(config)},
        events={name: list(events.values()) for name, events in by_patient.items()},
    )
