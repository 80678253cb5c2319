"""Events a second through decode, detect, screen and follow-up; the Sepsis-3 backtest.

usage: python tests/bench/chain.py [--json] [--mimic DIR]

One process, one core, no database.
`simulated` decodes the JSON of a synthetic month; with --mimic (default: the shared
demo beside the project, where it is) the same is done for the MIMIC-IV demo, and the
backtest of Sepsis-3 over all its stays is timed, from canonical events and from CSV.
"""

from __future__ import annotations

import argparse
import io
import json
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import TypeVar

from streams.adapters.intake import IntakeReport
from streams.app.history.detect import write_detect_csv
from streams.app.history.sources import open_history
from streams.app.protocols import shipped_protocols
from streams.clinical.definitions.policies import POLICIES
from streams.pipeline.patient import Rules, advance
from streams.pipeline.state import PatientState
from streams.simulate.config import HospitalConfig
from streams.simulate.hospital import Simulation
from streams.vocabulary.messages import EHR_MESSAGE, EhrMessage, decode, encode


ResultT = TypeVar("ResultT")

TARGET = 25_000
"""Canonical events a second."""

BESIDE = Path(__file__).resolve().parents[3] / "shared/data/mimic-iv-demo"

ROUNDS = 3

RULES = Rules(
    protocols=shipped_protocols(), software_version="bench", outcomes_of_flags=True
)


def main() -> None:
    """Measure, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", action="store_true")
    options.add_argument("--mimic", type=Path, default=BESIDE)
    given = options.parse_args()
    simulation = Simulation(HospitalConfig(seed=1, duration=timedelta(days=30)))
    figures = {"simulated": through_the_chain(simulation.messages())}
    if given.mimic.is_dir():
        history = open_history("mimic-iv", given.mimic, None)
        figures["mimic_iv_demo"] = through_the_chain(history.messages(IntakeReport()))
        figures["sepsis3_backtest"] = backtest(given.mimic)
    tell(figures, as_json=given.json)


def through_the_chain(messages: Iterable[EhrMessage]) -> dict[str, float]:
    """The median of some rounds: seconds to decode, and to detect, screen, follow up."""
    payloads = [encode(EHR_MESSAGE, message) for message in messages]
    decoding, judging = [], []
    for _ in range(ROUNDS):
        decoded, seconds = timed(
            lambda: [decode(EHR_MESSAGE, payload) for payload in payloads]
        )
        decoding.append(seconds)
        judging.append(timed(lambda decoded=decoded: judge(decoded))[1])
    events = sum(len(message.events) for message in decoded)
    total = median(decoding) + median(judging)
    return {
        "events": events,
        "messages": len(payloads),
        "decode_seconds": round(median(decoding), 3),
        "judge_seconds": round(median(judging), 3),
        "events_per_second": round(events / total),
        "target_events_per_second": TARGET,
    }


def judge(messages: Iterable[EhrMessage]) -> None:
    """Detect, screen and follow up in the order in which things became known."""
    states: dict[str, PatientState] = {}
    for message in messages:
        state = states.setdefault(
            message.patient, PatientState(site=message.site, patient=message.patient)
        )
        for _ in advance(state, (message,), RULES):
            pass


def backtest(path: Path) -> dict[str, float]:
    """Sepsis-3 over all stays, by policy: from canonical events, and all from CSV."""
    history = open_history("mimic-iv", path, None)
    timelines, reading = timed(lambda: list(history.timelines(IntakeReport())))
    figures: dict[str, float] = {"patients": len(timelines)}
    for name, policy in POLICIES.items():
        seconds = [
            timed(
                lambda policy=policy: write_detect_csv(
                    timelines, policy=policy, out=io.StringIO()
                )
            )[1]
            for _ in range(ROUNDS)
        ]
        figures[f"{name}_seconds_from_events"] = round(median(seconds), 3)
    figures["seconds_from_csv_to_timelines"] = round(reading, 3)
    return figures


def timed(act: Callable[[], ResultT]) -> tuple[ResultT, float]:
    """What it gives, and the CPU seconds it took."""
    start = time.process_time()
    return act(), time.process_time() - start


def tell(figures: dict[str, dict[str, float]], *, as_json: bool) -> None:
    """As one line of JSON, or as a table."""
    if as_json:
        print(json.dumps(figures))
        return
    for part, values in figures.items():
        print(part)
        for name, value in values.items():
            print(f"  {name:<32} {value:>12,}")


if __name__ == "__main__":
    main()
