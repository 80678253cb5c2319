"""Vasoactive infusions as stretches of one rate each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from streams.clinical.scores.chart import Chart
from streams.clinical.timeline import Timeline, part
from streams.vocabulary.events import Infusion


_EVER = datetime.min.replace(tzinfo=UTC)
_FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Drip:
    """One drug at one rate; `end` is None while it runs, `rate` where unsaid."""

    drug: str
    start: datetime
    end: datetime | None
    rate: float | None
    evidence: str

    def runs_at(self, moment: datetime) -> bool:
        """Whether `start < moment <= end`: a drip counts until its last instant."""
        return self.start < moment and (self.end is None or moment <= self.end)

    def overlaps(self, after: datetime, until: datetime) -> bool:
        """Whether it ran for any time in `(after, until]`.

        A drip started at this very instant is running as far as anybody knows.
        """
        if self.start > until:
            return False
        return self.end is None or (self.end > after and self.end > self.start)


def drips(chart: Chart, drug: str) -> list[Drip]:
    """The stretches of one drug in this stay begun by now, by start."""
    if not chart.timeline.all(Infusion, f"infusion:{drug}"):
        return []
    return list(_drips(chart.timeline, drug, chart.scope.stay, chart.now))


def has_run(
    drip: Drip, of_drug: Sequence[Drip], until: datetime, least: timedelta
) -> bool:
    """Whether by `until` the drug had run for `least` without a pause around this.

    A change of rate is no pause; a rate of 0 is one.
    """
    if not least:
        return True
    flowing = [d for d in of_drug if d.rate != 0 and d.start <= until]
    first, last = drip.start, min(drip.end or until, until)
    for other in sorted(flowing, key=lambda d: d.start, reverse=True):
        if other.start <= first <= (other.end or until):
            first = other.start
    for other in flowing:
        if other.start <= last <= (other.end or until):
            last = min(other.end or until, until)
    return last - first >= least


@part
def _drips(
    timeline: Timeline, drug: str, stay: str | None, now: datetime | None
) -> tuple[Drip, ...]:
    by_infusion: dict[str, list[Infusion]] = {}
    until = _FOREVER if now is None else now
    for fact in timeline.between(Infusion, f"infusion:{drug}", _EVER, until):
        if stay is None or fact.stay == stay:
            by_infusion.setdefault(fact.infusion_id, []).append(fact)
    found = [drip for one in by_infusion.values() for drip in _stretches(one)]
    return tuple(sorted(found, key=lambda drip: (drip.start, drip.evidence)))


def _stretches(facts: list[Infusion]) -> Iterator[Drip]:
    """From each start or change to what ended it.

    A stop with no start before it ends a drip that, as charted, never ran.
    """
    stops = [f.happened_at for f in facts if f.phase == "stopped"]
    rates = [f for f in facts if f.phase != "stopped"]
    for index, fact in enumerate(rates):
        ends = [moment for moment in stops if moment >= fact.happened_at]
        if stops and not ends and index == 0:
            continue
        ends += [rates[index + 1].happened_at] if index + 1 < len(rates) else []
        end = min(ends, default=None)
        yield Drip(fact.drug, fact.happened_at, end, fact.rate, fact.event_id)
