"""Infusions that run without a break, and what of them lies in a window."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from streams.clinical.scores.chart import Chart
from streams.clinical.scores.drips import Drip, drips
from streams.clinical.scores.policy import SofaPolicy
from streams.clinical.scores.sofa2.window import Window
from streams.clinical.timeline import Timeline, part
from streams.vocabulary.events import Infusion


FOREVER = datetime.max.replace(tzinfo=UTC)

_READ = SofaPolicy()
"""Infusions are read by no policy of SOFA's: any will do."""


@dataclass(frozen=True, slots=True)
class Run:
    """One drug, or several, without a longer break; `end` may be the end of time."""

    start: datetime
    end: datetime
    pieces: tuple[Drip, ...]


def runs(
    window: Window, drugs: Iterable[str], gap: timedelta = timedelta()
) -> list[Run]:
    """The treatment with these drugs begun by now; a rate charted as 0 is none."""
    timeline = window.timeline
    charted = [d for d in sorted(drugs) if timeline.all(Infusion, f"infusion:{d}")]
    return _treated(timeline, tuple(charted), gap, window.now) if charted else []


@part
def _treated(
    timeline: Timeline, drugs: tuple[str, ...], gap: timedelta, now: datetime
) -> list[Run]:
    chart = Chart(timeline, _READ, now=now)
    found = [
        drip for drug in drugs for drip in drips(chart, drug) if _runs(timeline, drip)
    ]
    return list(_joined(sorted(found, key=lambda d: (d.start, d.evidence)), gap))


def ends(drip: Drip) -> datetime:
    """When it ended, or the end of time."""
    return drip.end or FOREVER


def _runs(timeline: Timeline, drip: Drip) -> bool:
    if ends(drip) <= drip.start:
        return False
    if drip.rate is not None:
        return drip.rate > 0
    fact = timeline.fact(drip.evidence)
    return not (isinstance(fact, Infusion) and fact.sent_rate == 0)


def _joined(pieces: Sequence[Drip], gap: timedelta) -> Iterator[Run]:
    held: list[Drip] = []
    until = FOREVER
    for piece in pieces:
        if held and piece.start - until > gap:
            yield Run(held[0].start, until, tuple(held))
            held = []
        until = max(until, ends(piece)) if held else ends(piece)
        held.append(piece)
    if held:
        yield Run(held[0].start, until, tuple(held))
