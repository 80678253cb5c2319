"""Stretches of support: from when, for certain until when, and at most until when.

What a record leaves open is kept open: an infusion that nobody stopped, a charting
followed by silence, a stay that goes on in another hospital.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args


Doubt = Literal[
    "after_transfer",
    "unit_not_told",
    "left_on_support",
    "charting_fell_silent",
    "flow_not_charted",
    "end_not_charted",
    "time_of_death_uncertain",
]
"""Why nobody can say when support ended, or whether it was.

`after_transfer`: another hospital's record would tell.
`unit_not_told`: support counts in intensive care only, and no unit is on record.
`left_on_support`: the patient went home on it.
`charting_fell_silent`: nothing was charted for too long after it.
`flow_not_charted`: high-flow oxygen without its flow or inspired fraction.
`end_not_charted`: nothing says that it was stopped.
`time_of_death_uncertain`: of the death only the day is known.
"""

DOUBTS: frozenset[str] = frozenset(get_args(Doubt))

FAR = datetime.max.replace(tzinfo=UTC)
"""Later than anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Support from `start`, both ends excluded from what is lost after them."""

    start: datetime
    sure_end: datetime
    """Until then for certain; `start` itself where it is only possible."""
    latest_end: datetime
    """Until then at most."""
    evidence: tuple[str, ...]
    doubt: Doubt | None = None
    """Why the two ends differ."""

    @property
    def is_open(self) -> bool:
        """Whether nobody can say when it ended."""
        return self.sure_end < self.latest_end


def sure(start: datetime, end: datetime, *evidence: str) -> Stretch:
    """A stretch whose end is known."""
    return Stretch(start=start, sure_end=end, latest_end=end, evidence=evidence)


def perhaps(start: datetime, until: datetime, doubt: Doubt, *evidence: str) -> Stretch:
    """A stretch that may have been, or not."""
    return Stretch(
        start=start, sure_end=start, latest_end=until, evidence=evidence, doubt=doubt
    )


def together(ones: Iterable[Stretch], others: Sequence[Stretch]) -> list[Stretch]:
    """The stretches in which there was both."""
    found = (_both(one, other) for one in ones for other in others)
    return sorted(
        (both for both in found if both is not None),
        key=lambda both: (both.start, both.latest_end, both.evidence),
    )


def _both(one: Stretch, other: Stretch) -> Stretch | None:
    start = max(one.start, other.start)
    latest = min(one.latest_end, other.latest_end)
    if latest <= start:
        return None
    certain = max(start, min(one.sure_end, other.sure_end))
    doubts = (s.doubt for s in (one, other) if s.is_open)
    return Stretch(
        start=start,
        sure_end=certain,
        latest_end=latest,
        evidence=tuple(dict.fromkeys((*one.evidence, *other.evidence))),
        doubt=next(doubts, None) if certain < latest else None,
    )


Span = tuple[datetime, datetime]


def spans(
    stretches: Iterable[Stretch], *, possible: bool, gap: timedelta = timedelta(0)
) -> list[Span]:
    """Without overlaps, by start; those less than `gap` apart are one.

    `possible`: all that may have been; otherwise what was for certain.
    """
    ends = ((s.start, s.latest_end if possible else s.sure_end) for s in stretches)
    found: list[Span] = []
    for start, end in sorted(span for span in ends if span[0] < span[1]):
        if found and (start <= found[-1][1] or start - found[-1][1] < gap):
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def cut(stretch: Stretch, at: datetime) -> Stretch:
    """The stretch as far as it goes before `at`."""
    return replace(
        stretch,
        sure_end=max(stretch.start, min(stretch.sure_end, at)),
        latest_end=max(stretch.start, min(stretch.latest_end, at)),
    )
