"""Whose factors, and as of when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from streams.clinical.heterogeneity.policy import FactorPolicy
from streams.clinical.scores.chart import back
from streams.clinical.timeline import Timeline
from streams.clinical.vital_status import ALWAYS
from streams.vocabulary.events import Condition, Medication


_NOW = timedelta()


@dataclass(frozen=True, slots=True)
class Scope:
    """One patient at one moment, of one septic episode."""

    timeline: Timeline
    at: datetime
    """What happens later does not count."""
    index: datetime
    """When the episode began: exposures count before it."""
    encounter: str | None
    """The hospital stay of the episode; it is no earlier admission."""
    policy: FactorPolicy

    @property
    def begins(self) -> datetime:
        """The end of the time before the episode."""
        return min(self.index, self.at)

    def conditions(self) -> list[Condition]:
        """The diagnoses on record; the last word on each code."""
        said = self.timeline.between(Condition, "condition", ALWAYS, self.at)
        last = {fact.code: fact for fact in said}
        return list(last.values())

    def home_list(self) -> list[Medication]:
        """Drugs taken at home, as listed since the exposures that count began."""
        since = back(self.begins - self.policy.exposure)
        told = self.timeline.sifted(Medication, "medication", _at_home, since, self.at)
        return list(told)

    def exposures(self, keeps: Callable[[Medication], bool]) -> Sequence[Medication]:
        """What is on record of such drugs in the time before the episode."""
        since = back(self.begins - self.policy.exposure)
        until = back(self.begins)
        return self.timeline.sifted(Medication, "medication", keeps, since, until)

    def is_before(self, moment: datetime, reach: float) -> bool:
        """Whether it lies in the days (`reach`) before the episode."""
        return _NOW < self.begins - moment <= timedelta(days=reach)


def _at_home(fact: Medication) -> bool:
    return fact.stage == "home"
