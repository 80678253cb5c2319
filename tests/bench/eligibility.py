"""Verdicts and events a second with many protocols in force; what an event costs.

usage: python tests/bench/eligibility.py [--json] [--days N]

One process, one core, no database; CPU seconds.
`chain`: the messages of a synthetic hospital through detect, screen and follow-up, with
0, 10 and 100 open protocols: the shipped ones over and over, each time with other
thresholds, so that few rules are written alike.
`event`: microseconds of the screen step for one event of a patient whose screenings are
all open, by the number of protocols: where no rule reads the event, which must stay
flat; and where one rule of each protocol does.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from statistics import median
from typing import Any

from streams.app.protocols import shipped_protocols
from streams.pipeline.patient import Rules, advance
from streams.pipeline.plan import Plan, plan
from streams.pipeline.screen import screen
from streams.pipeline.state import PatientState
from streams.simulate.config import HospitalConfig
from streams.simulate.hospital import Simulation
from streams.vocabulary.events import Clinical, Demographics, Encounter, Measurement
from streams.vocabulary.messages import EhrMessage, SepsisOnset, TrialScreening
from streams.vocabulary.protocol import Protocol


OPEN = (0, 10, 100)
TOUCHED = (1, 10, 100)
EVENTS = 100
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def main() -> None:
    """Measure, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", action="store_true")
    options.add_argument("--days", type=int, default=7)
    given = options.parse_args()
    simulation = Simulation(HospitalConfig(seed=1, duration=timedelta(days=given.days)))
    messages = list(simulation.messages())
    figures = {
        "chain": {str(n): through_the_chain(messages, n) for n in OPEN},
        "event": {str(n): of_one_event(n) for n in TOUCHED},
    }
    print(json.dumps(figures, indent=2) if given.json else told(figures))


def many(number: int) -> tuple[Protocol, ...]:
    """So many open protocols: the shipped ones, each round with other thresholds."""
    return tuple(islice(_shifted(), number))


def _shifted() -> Iterator[Protocol]:
    for turn in count():
        for protocol in shipped_protocols():
            document = _moved(protocol.model_dump(mode="json"), turn)
            name = f"{protocol.id}-{turn}"
            yield Protocol.model_validate({**document, "id": name})


def _moved(part: Any, turn: int) -> Any:
    """The same with each compared value a little higher, and its window longer."""
    if isinstance(part, list):
        return [_moved(one, turn) for one in part]
    if not isinstance(part, dict):
        return part
    moved = {name: _moved(one, turn) for name, one in part.items()}
    if part.get("kind") == "value":
        sign, number, unit = part["is"].split(" ", 2)
        moved["is"] = f"{sign} {float(number) + turn / 100:.2f} {unit}"
    return moved


def through_the_chain(messages: list[EhrMessage], number: int) -> dict[str, float]:
    """All messages in the order in which they became known."""
    rules = Rules(protocols=many(number), software_version="bench")
    states: dict[str, PatientState] = {}
    verdicts, begun = 0, time.process_time()
    for message in messages:
        name = message.patient
        if name not in states:
            states[name] = PatientState(site=message.site, patient=name)
        said = advance(states[name], (message,), rules)
        verdicts += sum(isinstance(one, TrialScreening) for one in said)
    seconds = time.process_time() - begun
    events = sum(len(message.events) for message in messages)
    return {
        "events": events,
        "verdicts": verdicts,
        "rules": len(rules.plan.rules),
        "seconds": round(seconds, 2),
        "events_per_second": round(events / seconds),
        "verdicts_per_second": round(verdicts / seconds),
    }


def of_one_event(number: int) -> dict[str, float]:
    """Microseconds of the screen step, where the event touches nothing, and all."""
    asked = plan(many(number))
    untouched = _costs(asked, "glucose")
    touching = _costs(asked, "lactate")
    return {
        "untouched_us": round(median(untouched) * 1e6, 1),
        "touching_us": round(median(touching) * 1e6, 1),
    }


def _costs(asked: Plan, concept: str) -> list[float]:
    """Seconds for each of many events of one patient whose screenings are open."""
    state = _patient()
    _look(state, NOON, asked)
    costs = []
    for number in range(EVENTS):
        moment = NOON + timedelta(seconds=10 * number)
        value = Measurement(
            event_id=f"{concept} {number}",
            happened_at=moment,
            known_at=moment,
            encounter="e1",
            concept=concept,
            value=0.5,
        )
        state.timeline.apply(value, value.event_id)
        costs.append(_look(state, moment, asked))
    return costs


def _look(state: PatientState, now: datetime, asked: Plan) -> float:
    begun = time.process_time()
    step = screen(state, now, asked, software_version="bench")
    seconds = time.process_time() - begun
    for said in step.messages:
        if isinstance(said, TrialScreening):
            state.screenings[said.screening_id] = said
    return seconds


def _patient() -> PatientState:
    flag = SepsisOnset(
        message_id="m",
        site="s",
        patient="p",
        happened_at=NOON,
        known_at=NOON,
        source="detect",
        provenance="simulated",
        flag_id="f",
        revision=0,
        status="provisional",
        definition="sepsis3",
        definition_version="1.0",
        policy="ember",
        episode="e1",
    )
    state = PatientState("s", "p", flags={"f": flag}, provenance="simulated")
    told = {"happened_at": NOON, "known_at": NOON, "encounter": "e1"}
    facts: Iterable[Clinical] = (
        Demographics(event_id="who", sex="male", birth_year=1950, **told),
        Encounter(event_id="came", phase="admitted", **told),
    )
    for fact in facts:
        state.timeline.apply(replace(fact), fact.event_id)
    return state


def told(figures: dict[str, dict[str, dict[str, float]]]) -> str:
    """As lines."""
    lines = [f"{'protocols':>10} {'events/s':>9} {'verdicts/s':>11} {'verdicts':>9}"]
    for name, one in figures["chain"].items():
        lines.append(
            f"{name:>10} {one['events_per_second']:>9,.0f} "
            f"{one['verdicts_per_second']:>11,.0f} {one['verdicts']:>9,.0f}"
        )
    lines.append(f"{'protocols':>10} {'untouched':>9} {'touching':>11}  (µs an event)")
    for name, one in figures["event"].items():
        cost = f"{one['untouched_us']:>9,.1f} {one['touching_us']:>11,.1f}"
        lines.append(f"{name:>10} {cost}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
