"""Vasopressor treatment as stretches without a break, whatever the drug."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from streams.clinical.scores.chart import Chart
from streams.clinical.scores.drips import Drip, drips
from streams.clinical.scores.policy import SofaPolicy
from streams.clinical.timeline import Timeline
from streams.vocabulary.drugs import drugs_of_class
from streams.vocabulary.events import Infusion


_FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Treatment from `start` to `end`; None while it goes on."""

    start: datetime
    end: datetime | None
    evidence: tuple[str, ...]

    @property
    def until(self) -> datetime:
        """Its end, or the end of time."""
        return self.end or _FOREVER

    def after(self, length: timedelta) -> Stretch | None:
        """What is left of it once it has lasted so long; None where it has not."""
        if length > self.until - self.start:
            return None
        return Stretch(self.start + length, self.end, self.evidence)


def stretches(
    timeline: Timeline, classes: Iterable[str], now: datetime | None = None
) -> list[Stretch]:
    """The treatment with drugs of these classes begun by `now`, in order.

    A rate charted as 0 does not run; one that cannot be said does.
    A stretch that another follows at once goes on with it.
    """
    chart = Chart(timeline, SofaPolicy(), now=now)
    names = sorted({name for one in classes for name in drugs_of_class(one)})
    running = [
        drip for name in names for drip in drips(chart, name) if _runs(timeline, drip)
    ]
    return _joined(sorted(running, key=lambda drip: (drip.start, drip.evidence)))


def is_charted(
    timeline: Timeline,
    classes: Iterable[str],
    encounter: str,
    *,
    since: datetime,
    now: datetime | None = None,
) -> bool:
    """Whether any infusion of these classes is on record, at whatever rate.

    Of this hospital stay, or since that moment.
    """
    until = now or _FOREVER
    return any(
        fact.encounter == encounter or fact.happened_at >= since
        for one in classes
        for name in drugs_of_class(one)
        for fact in timeline.all(Infusion, f"infusion:{name}")
        if fact.happened_at <= until
    )


def _runs(timeline: Timeline, drip: Drip) -> bool:
    if drip.end is not None and drip.end <= drip.start:
        return False
    if drip.rate is not None:
        return drip.rate > 0
    fact = timeline.fact(drip.evidence)
    return not (isinstance(fact, Infusion) and fact.sent_rate == 0)


def _joined(running: list[Drip]) -> list[Stretch]:
    found: list[Stretch] = []
    for drip in running:
        last = found[-1] if found else None
        if last is None or drip.start > last.until:
            found.append(Stretch(drip.start, drip.end, (drip.evidence,)))
            continue
        end = max(last.until, drip.end or _FOREVER)
        evidence = (*last.evidence, drip.evidence)
        found[-1] = Stretch(last.start, None if end == _FOREVER else end, evidence)
    return found
