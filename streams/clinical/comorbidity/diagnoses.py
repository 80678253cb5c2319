"""Which listed conditions a patient's coded diagnoses show, and by which events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from streams.clinical.comorbidity.code_lists import (
    can_be_read,
    code_lists,
    conditions_of,
)
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import Condition
from streams.vocabulary.messages import Component


Uncoded = Literal["absent_if_coded", "absent", "unknown"]
"""A condition no code stands for.

`absent_if_coded`: absent where the stay (the patient) has any code of a system that the
lists are of, otherwise unknown.  `absent` (mimic-code).  `unknown`.
"""

Principal = Literal["count", "leave_out"]
"""The code of rank 1: like any other (Quan 2005; mimic-code `charlson.sql`), or no
comorbidity, as it is why the patient came (mimic-code `elixhauser_quan.sql`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comorbidities:
    """What the codes on record by one moment show."""

    shown: Mapping[str, tuple[str, ...]]
    """By condition, in the order of the list: the events whose codes show it."""
    conditions: tuple[str, ...]
    """All conditions of the list."""
    rest_absent: bool
    """Whether the conditions not shown are taken for absent."""

    def has(self, condition: str) -> bool | None:
        """Whether the patient has it; None where nobody knows."""
        if condition in self.shown:
            return True
        return False if self.rest_absent else None


def comorbidities(
    timeline: Timeline,
    at: datetime,
    *,
    index: Literal["charlson", "elixhauser"],
    encounter: str | None = None,
    uncoded: Uncoded = "absent_if_coded",
    principal: Principal = "count",
) -> Comorbidities:
    """By the codes of one hospital stay, or (None) of all of the patient's, by `at`.

    Of several statements of one code in one stay the last counts.
    """
    coded = list(_recorded(timeline, at, encounter))
    shown: dict[str, list[str]] = {}
    for fact in coded:
        if fact.present and not (principal == "leave_out" and fact.rank == 1):
            for condition in conditions_of(index, fact.code):
                shown.setdefault(condition, []).append(fact.event_id)
    names = tuple(code_lists(index))
    return Comorbidities(
        shown={name: tuple(shown[name]) for name in names if name in shown},
        conditions=names,
        rest_absent=uncoded == "absent"
        or (
            uncoded == "absent_if_coded"
            and any(can_be_read(fact.code) for fact in coded)
        ),
    )


def worth(
    found: Comorbidities, name: str, graver_first: Sequence[tuple[str, int]]
) -> Component:
    """What a group of conditions is worth, of which only the gravest counts.

    `graver_first`: condition and weight; a condition on its own is a group of one.
    """
    possible: set[int] = {0}
    for condition, weight in reversed(graver_first):
        known = found.has(condition)
        if known:
            possible = {weight}
        elif known is None:
            possible.add(weight)
    seen = [pair for pair in graver_first if found.has(pair[0])]
    unknown = not seen and any(found.has(c) is None for c, _ in graver_first)
    return Component(
        name=name,
        points=None if unknown else (seen[0][1] if seen else 0),
        lower=min(possible),
        upper=max(possible),
        evidence=found.shown[seen[0][0]] if seen else (),
    )


def _recorded(
    timeline: Timeline, at: datetime, encounter: str | None
) -> Iterator[Condition]:
    last: dict[tuple[str | None, str], Condition] = {}
    for fact in timeline.all(Condition, "condition"):
        if fact.happened_at <= at and encounter in {None, fact.encounter}:
            last[fact.encounter, fact.code] = fact
    yield from last.values()
