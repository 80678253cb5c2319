"""One covariate: a number, a category or a truth, each of which may be unknown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import Literal

from streams.clinical.criteria.intervals import Interval
from streams.vocabulary.truth import UNKNOWN, Truth3


Group = Literal[
    "person",
    "comorbidity",
    "genetics",
    "metabolism",
    "microbial_exposure",
    "immunosuppression",
    "medication",
]

Value = Interval | Truth3 | str | None
"""None: a number or a category of which nothing is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Covariate:
    """What one factor was at one moment."""

    name: str
    group: Group
    value: Value
    unit: str | None = None
    """UCUM; of a number."""
    at: datetime | None = None
    """When it was observed, where that is one moment."""
    evidence: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    """What would have to be on record for it to be known."""

    @property
    def known(self) -> bool:
        """Whether anything is known; an interval with both ends is."""
        if isinstance(self.value, Interval):
            return self.value.low > -inf and self.value.high < inf
        return self.value is not None and self.value is not UNKNOWN

    @property
    def level(self) -> str:
        """As a trial's message writes it; `UNKNOWN` where it is not known."""
        match self.value:
            case Interval(low=low, high=high) if self.known:
                return f"{low:g}" if low == high else f"{low:g} to {high:g}"
            case Truth3():
                return self.value.value
            case str():
                return self.value
            case _:
                return "UNKNOWN"


def truth_of(
    name: str,
    group: Group,
    *,
    shown: Iterable[str],
    denied: bool,
    missing: str,
) -> Covariate:
    """TRUE by the events that show it; FALSE where the record denies it."""
    events = tuple(dict.fromkeys(shown))
    if events:
        return Covariate(name=name, group=group, value=Truth3.TRUE, evidence=events)
    if denied:
        return Covariate(name=name, group=group, value=Truth3.FALSE)
    return Covariate(name=name, group=group, value=UNKNOWN, missing=(missing,))
