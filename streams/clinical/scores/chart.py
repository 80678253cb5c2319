"""The facts one row of SOFA may see: one ICU stay's, or all of the patient's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from streams.clinical.scores.hours import TICK
from streams.clinical.scores.policy import SofaPolicy
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import (
    Assessment,
    Fluid,
    Measurement,
)
from streams.vocabulary.facts import Fact


FactT = TypeVar("FactT", bound=Fact)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows: an ICU stay's, a hospital stay's, or (both None) the patient's."""

    stay: str | None = None
    encounter: str | None = None


PATIENT = Scope()


@dataclass(slots=True)
class Chart:
    """A timeline, seen through a policy, one stay's way, at one moment."""

    timeline: Timeline
    policy: SofaPolicy
    scope: Scope = PATIENT
    now: datetime | None = None
    """What happens later does not count; None: everything counts."""

    def numbers(
        self, concept: str, after: datetime, until: datetime
    ) -> Sequence[Measurement]:
        """Values of that concept that count, with `after < happened_at <= until`."""
        lane = f"measurement:{concept}"
        found = self.timeline.between(Measurement, lane, after, until)
        return [f for f in found if f.value is not None and self.counts(f.code)]

    def charted_numbers(
        self, concept: str, after: datetime, until: datetime
    ) -> Sequence[Measurement]:
        """The same, of this stay only."""
        return self.of_stay(self.numbers(concept, after, until))

    def laboratory_numbers(
        self, concept: str, after: datetime, until: datetime
    ) -> Sequence[Measurement]:
        """The same, of this hospital stay only."""
        found = self.numbers(concept, after, until)
        if self.scope.stay is None:
            return found
        encounter = self.scope.encounter
        return [f for f in found if encounter and f.encounter == encounter]

    def assessments(
        self, concept: str, after: datetime, until: datetime
    ) -> Sequence[Assessment]:
        """Assessments of this stay, with or without a number."""
        lane = f"assessment:{concept}"
        found = self.timeline.between(Assessment, lane, after, until)
        return [f for f in self.of_stay(found) if self.counts(f.code)]

    def volumes(
        self, substance: str, after: datetime, until: datetime
    ) -> Sequence[Fluid]:
        """Volumes of this stay."""
        lane = f"fluid:{substance}"
        found = self.timeline.between(Fluid, lane, after, until)
        return [
            f
            for f in self.of_stay(found)
            if f.volume_ml is not None and self.counts(f.code)
        ]

    def of_stay(self, facts: Sequence[FactT]) -> Sequence[FactT]:
        """Those that were filed under this stay; all, where the scope is a patient."""
        if self.scope.stay is None:
            return facts
        return [fact for fact in facts if fact.stay == self.scope.stay]

    def counts(self, code: str | None) -> bool:
        """Whether the policy takes facts of that source code."""
        return self.policy.codes is None or code in self.policy.codes

    def has_happened(self, fact: Fact) -> bool:
        """Whether it counts already."""
        return self.now is None or fact.happened_at <= self.now


def back(moment: datetime) -> datetime:
    """Just before `moment`, so that `after < t` takes it in."""
    return moment - TICK
