"""What the timelines of SOFA-2 tell beside the others.

at      | what           | value           | unit
1 10:00 | propofol       | 20              |        stop ends it
1 10:00 | given          | haloperidol     |        a dose
1 10:00 | procedure      | iabp            |        done at this moment
1 10:00 | procedure on   | rrt             |        it runs from here
1 12:00 | procedure off  | rrt             |        to here
1 10:00 | code status    | dni             |
1 10:00 | creatinine     | 108             | umol/L
"""

from dataclasses import replace

import pytest

from streams.clinical.scores.sofa2.policy import SOFA2
from streams.clinical.scores.sofa2.sofa2 import sofa2, sofa2_days
from streams.vocabulary.concepts import concept
from streams.vocabulary.events import (
    CodeStatus,
    Infusion,
    Measurement,
    Medication,
    Procedure,
)


SEDATIVES = {"propofol", "midazolam", "fentanyl", "dexmedetomidine"}
PHASES = {"procedure": "done", "procedure on": "started", "procedure off": "stopped"}


@pytest.fixture(scope="session")
def told(timeline_of, at):
    """A timeline of a table, with what only these tables tell."""

    def make(table):
        head, *lines = [line for line in table.strip().splitlines() if line.strip()]
        names = [cell.strip() for cell in head.split("|")]
        own, others = [], [head]
        for line in lines:
            cells = [cell.strip() for cell in line.split("|")]
            row = dict(zip(names, cells, strict=False))
            its = own if _is_ours(row) else others
            its.append(row if its is own else line)
        timeline = timeline_of("\n".join(others))
        running = {}
        for number, row in enumerate(own):
            event = _event(f"s{number}", row, at(row["at"]), running)
            timeline.apply(event, event.event_id)
        return timeline

    return make


@pytest.fixture(scope="session")
def organ(told, at):
    """One organ in the 24 hours that end at a moment, by default or by some choices."""

    def ask(name, table, moment, **changed):
        policy = replace(SOFA2, **changed)
        score = sofa2(told(table), at(moment), policy=policy)
        return next(c for c in score.components if c.name == name)

    return ask


@pytest.fixture(scope="session")
def days(told, at):
    """One organ day by day from a moment on: its points."""

    def ask(name, table, start, until, **changed):
        policy = replace(SOFA2, **changed)
        rows = sofa2_days(told(table), at(start), at(until), policy=policy)
        return [
            next(c for c in row.score.components if c.name == name).points
            for row in rows
        ]

    return ask


def _is_ours(row):
    what = row["what"]
    sent = bool(row.get("unit"))
    return what in SEDATIVES | PHASES.keys() | {"given", "code status"} or sent


def _event(name, row, moment, running):
    what, value = row["what"], row["value"]
    common = {"event_id": name, "happened_at": moment, "known_at": moment}
    if what in SEDATIVES:
        infusion = running.setdefault(what, name)
        if value == "stop":
            del running[what]
            return Infusion(**common, phase="stopped", infusion_id=infusion, drug=what)
        return Infusion(
            **common,
            phase="started" if infusion == name else "changed",
            infusion_id=infusion,
            drug=what,
            rate=float(value),
        )
    if what in PHASES:
        once = name if what == "procedure" else value
        return Procedure(**common, phase=PHASES[what], procedure_id=once, name=value)
    if what == "given":
        return Medication(**common, stage="given", drug=value, sent_drug=value)
    if what == "code status":
        return CodeStatus(**common, status=value)
    return Measurement(
        **common,
        concept=what,
        value=concept(what).in_canonical_unit(float(value), row["unit"]),
        sent_value=value,
        sent_unit=row["unit"],
    )
