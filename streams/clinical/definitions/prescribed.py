"""Every antimicrobial of a patient, and the culture it was paired with, if any.

As mimic-code's `suspicion_of_infection.sql` (MIT) lists them: by patient, numbered in
the order of start, planned end and name.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from streams.clinical.definitions.policies import SuspicionPolicy
from streams.clinical.definitions.suspicion import (
    Suspicion,
    is_antimicrobial,
    is_culture,
    suspicions,
)
from streams.clinical.scores.chart import back
from streams.clinical.scores.stays import UnitStay, unit_stays
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import CultureCollected, CultureResult, Medication
from streams.vocabulary.facts import Flag


@dataclass(frozen=True, slots=True, kw_only=True)
class Prescribed:
    """One antimicrobial; `suspicion` and `culture` are None where none was paired."""

    number: int
    """Counted from 1, for this patient."""
    drug: Medication
    stay: str | None
    """The ICU stay in which it began."""
    suspicion: Suspicion | None
    culture: CultureCollected | None
    positive: bool
    """Whether anything is known to have grown in that culture."""


def prescribed(
    timeline: Timeline, *, policy: SuspicionPolicy
) -> tuple[Prescribed, ...]:
    """All antimicrobials of the patient, in their order."""
    record = _Record(timeline, policy)
    drugs = enumerate(record.antimicrobials(), start=1)
    return tuple(record.prescribed(number, drug) for number, drug in drugs)


class _Record:
    """What is asked of the timeline for every antimicrobial anew."""

    def __init__(self, timeline: Timeline, policy: SuspicionPolicy) -> None:
        self.timeline, self.policy = timeline, policy
        self.stays = unit_stays(timeline)
        self.paired = {
            found.antimicrobial_id: found
            for found in suspicions(timeline, policy=policy)
        }
        results = timeline.all(CultureResult, "culture_result")
        self.grown = frozenset(r.culture_id for r in results if r.positive)

    def antimicrobials(self) -> list[Medication]:
        """By start, end, name; an order without an end comes after those with one."""
        facts = self.timeline.all(Medication, "medication")
        ends = {
            fact.order_id: fact.happened_at
            for fact in facts
            if fact.stage == "stopped" and fact.order_id is not None
        }

        def place(drug: Medication) -> tuple[datetime, bool, datetime, str, str]:
            start = drug.happened_at
            end = None if drug.order_id is None else ends.get(drug.order_id)
            return (start, end is None, end or start, drug.sent_drug, drug.event_id)

        return sorted((f for f in facts if is_antimicrobial(f, self.policy)), key=place)

    def prescribed(self, number: int, drug: Medication) -> Prescribed:
        suspicion = self.paired.get(drug.event_id)
        culture = None if suspicion is None else self._culture(suspicion)
        return Prescribed(
            number=number,
            drug=drug,
            stay=next((s.stay for s in self.stays if _began_in(s, drug)), None),
            suspicion=suspicion,
            culture=culture,
            positive=culture is not None and culture.culture_id in self.grown,
        )

    def _culture(self, suspicion: Suspicion) -> CultureCollected | None:
        """Of the specimens taken at one moment the first in which something grew.

        The suspicion names one of them by its number alone, as it must not depend on
        results, which come days later.
        """
        named = self.timeline.fact(suspicion.culture_id or "")
        if not isinstance(named, CultureCollected):
            return None
        at = named.happened_at
        together = self.timeline.between(
            CultureCollected, "culture_collected", back(at), at
        )
        return min(
            (c for c in together if self._is_alike(c, named)), key=self._preference
        )

    def _is_alike(self, culture: CultureCollected, named: CultureCollected) -> bool:
        """Whether it would have been paired as well."""
        return (
            is_culture(culture, self.policy)
            and (Flag.DATE_ONLY in culture.flags) == (Flag.DATE_ONLY in named.flags)
            and (self.policy.match == "patient" or culture.encounter == named.encounter)
        )

    def _preference(self, culture: CultureCollected) -> tuple[bool, int, str]:
        """Numbers of specimens as numbers: of two lengths the shorter is the lower."""
        name = culture.culture_id
        return (name not in self.grown, len(name), name)


def _began_in(stay: UnitStay, drug: Medication) -> bool:
    return stay.encounter == drug.encounter and stay.holds(drug.happened_at)
