"""Moments that a rule counts from: the hospital stay, the ICU stay, the onset.

Where the record does not tell them the rule says nothing: a guessed anchor would make
the worst values of the wrong hours.
"""

from __future__ import annotations

from datetime import datetime

from streams.clinical.definitions.policies import EMBER
from streams.clinical.definitions.sepsis3 import Sepsis3Episode
from streams.clinical.definitions.tracker import sepsis3
from streams.clinical.scores.reach import sofa_rules
from streams.clinical.scores.stays import UnitStay, unit_stays
from streams.clinical.timeline import Timeline
from streams.clinical.vital_status import ALWAYS
from streams.vocabulary.events import Encounter


STAY = ("encounter",)
"""Lanes that tell of the hospital stay."""

UNIT = ("location",)
"""Lanes that tell of ICU stays."""

ONSET = (
    *("medication", "culture_collected", "encounter", "location", "condition"),
    *sofa_rules(EMBER.sofa),
)
"""Lanes that tell of the onset of sepsis, under our default."""


def presented_at(timeline: Timeline, at: datetime) -> datetime | None:
    """When the patient came for the hospital stay that has begun last by `at`."""
    came: dict[str | None, datetime] = {}
    for fact in timeline.between(Encounter, "encounter", ALWAYS, at):
        if fact.encounter_class != "outpatient" and fact.phase != "cancelled":
            came.setdefault(fact.encounter, fact.happened_at)
    return max(came.values(), default=None)


def last_unit_stay(timeline: Timeline, at: datetime) -> UnitStay | None:
    """The ICU stay entered last by `at`."""
    stays = unit_stays(timeline, at)
    return stays[-1] if stays else None


def last_onset(timeline: Timeline, at: datetime) -> Sepsis3Episode | None:
    """The onset of Sepsis-3 (policy `ember`) that came last by `at`."""
    found = sepsis3(timeline, policy=EMBER, now=at)
    return max(found, key=lambda one: (one.onset_at, one.encounter), default=None)
