"""The table of `ember detect` for any definition: one row an episode.

Columns: `subject_id, hadm_id, stay_id, onset, status, final_at, met`, then the
definition's own, then `evidence`: event ids as a JSON array, since ids hold blanks.
Times as `YYYY-MM-DD HH:MM:SS`, days as `YYYY-MM-DD`, nothing for what is not known.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TextIO

from streams.app.history.cells import text_of
from streams.clinical.catalogue.answer import Answer, Cell, Episode
from streams.clinical.catalogue.rule import Rule
from streams.clinical.scores.hours import EPOCH
from streams.clinical.timeline import Timeline
from streams.vocabulary.truth import TRUE


BEFORE = ("subject_id", "hadm_id", "stay_id", "onset", "status", "final_at", "met")
"""What every definition has, before its own columns."""

AFTER = ("evidence",)

_OVER = timedelta(days=400)
"""So long after the last fact all that waits for time has come (no window is longer
than a stay and a month)."""


@dataclass(slots=True)
class Detected:
    """How much was read and written."""

    patients: int = 0
    episodes: int = 0
    met: int = 0
    """Episodes for which the definition certainly holds."""
    left_out: int = 0
    """Episodes of patients the definition was not made for, which have no row."""


def columns_of(rule: Rule) -> tuple[str, ...]:
    """The header of the table."""
    return (*BEFORE, *rule.columns, *AFTER)


def write_episodes_csv(
    patients: Iterable[tuple[str, Timeline]],
    *,
    rule: Rule,
    policy: str,
    zone: str | None,
    out: TextIO,
) -> Detected:
    """Write every episode of every patient; `patients` are pairs of name and timeline.

    All of the record counts, and all time has passed.
    """
    detected = Detected()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(columns_of(rule))
    for patient, timeline in patients:
        detected.patients += 1
        told = rule.evaluate(timeline, end_of_time(timeline), policy, zone=zone)
        for row in episode_rows(patient, told):
            detected.episodes += 1
            lines.writerow(map(_text, row))
        detected.met += sum(one.met is TRUE for one in told.episodes)
        detected.left_out += sum(not one.made_for for one in told.episodes)
    return detected


def episode_rows(patient: str, answer: Answer) -> Iterator[tuple[Cell, ...]]:
    """The episodes of one patient, as the rule tells them, that it was made for."""
    for one in answer.episodes:
        if one.made_for:
            yield _row(patient, one)


def end_of_time(timeline: Timeline) -> datetime:
    """A moment after all that is on record, and all that waits for time."""
    return max((fact.happened_at for fact in timeline.facts()), default=EPOCH) + _OVER


def _row(patient: str, one: Episode) -> tuple[Cell, ...]:
    return (
        *(patient, one.encounter, one.stay, one.onset, one.status, one.final_at),
        one.met.value,
        *one.values,
        json.dumps(one.evidence),
    )


def _text(cell: Cell) -> str:
    if isinstance(cell, date) and not isinstance(cell, datetime):
        return cell.isoformat()
    return text_of(cell)
