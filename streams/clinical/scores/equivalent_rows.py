"""Norepinephrine equivalents as mimic-code tables them: one row a stretch of time.

`vasoactive_agent.sql` cuts each ICU stay at every start and end of seven vasoactive
drugs; a row holds the rates of the drips that run through all of it, and where two
drips of one drug do, there is a row for each (MIT, github.com/MIT-LCP/mimic-code,
commit 8bcbd190).
Rows without a rate it reads as 0: this is its table, not a dose to treat by.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise, product

from streams.clinical.scores.chart import Chart, Scope
from streams.clinical.scores.drips import Drip, drips
from streams.clinical.scores.norepinephrine_equivalent import (
    MIMIC_FORMULA,
    Formula,
)
from streams.clinical.scores.policy import SofaPolicy
from streams.clinical.scores.rounding import round_half_up
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import Infusion


VASOACTIVES = (
    "dopamine",
    "epinephrine",
    "norepinephrine",
    "phenylephrine",
    "vasopressin",
    "dobutamine",
    "milrinone",
)
"""The drugs whose starts and ends cut a stay; the last two have no equivalent."""


@dataclass(frozen=True, slots=True)
class EquivalentRow:
    """One row of `norepinephrine_equivalent_dose`."""

    stay: str
    start: datetime
    end: datetime
    dose: float
    """ug/kg/min of norepinephrine, to four decimal places."""


def equivalent_rows(
    timeline: Timeline, *, formula: Formula = MIMIC_FORMULA, now: datetime | None = None
) -> Iterator[EquivalentRow]:
    """The rows of every ICU stay, by stay and start; of what happened by `now`.

    A drip that has no end yet makes no row, as in the published table.
    """
    for stay, cuts in sorted(_cuts(timeline, now).items()):
        chart = Chart(timeline, SofaPolicy(), Scope(stay), now)
        running = {drug: drips(chart, drug) for drug in formula.factors}
        for start, end in pairwise(sorted(cuts)):
            for dose in _doses(running, start, end, formula):
                yield EquivalentRow(stay, start, end, dose)


def _cuts(timeline: Timeline, now: datetime | None) -> dict[str, set[datetime]]:
    """By ICU stay: every moment at which a vasoactive drug began, changed or ended."""
    found: dict[str, set[datetime]] = {}
    for drug in VASOACTIVES:
        for fact in timeline.all(Infusion, f"infusion:{drug}"):
            if fact.stay is not None and (now is None or fact.happened_at <= now):
                found.setdefault(fact.stay, set()).add(fact.happened_at)
    return found


def _doses(
    running: dict[str, list[Drip]], start: datetime, end: datetime, formula: Formula
) -> Iterator[float]:
    """One dose for each way to take one drip of each drug that runs all through."""
    through = [
        [drip for drip in found if _holds(drip, start, end)]
        for found in running.values()
    ]
    for taken in product(*filter(None, through)):
        shares = [formula.factors[d.drug] * d.rate for d in taken if d.rate is not None]
        if shares:
            yield round_half_up(round_half_up(sum(shares), 9), 4)


def _holds(drip: Drip, start: datetime, end: datetime) -> bool:
    return drip.start <= start and drip.end is not None and end <= drip.end
