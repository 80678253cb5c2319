"""How much of a recruitment window is left when a flag first becomes known.

usage: python tests/bench/window_left.py [--json] [--mimic DIR] [--hours 24]

Counted over a whole source (the MIMIC-IV demo) in the order in which it became known:
for each flag that stands in the end, the moment of its first revision against its
onset, its suspicion of infection, and a window of so many hours after the onset.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from statistics import quantiles

from streams.adapters.intake import IntakeReport
from streams.app.history.sources import open_history
from streams.pipeline.instants import by_instant
from streams.pipeline.patient import Rules, advance
from streams.pipeline.state import PatientState
from streams.vocabulary.clock import HOUR
from streams.vocabulary.messages import EhrMessage, SepsisOnset


BESIDE = Path(__file__).resolve().parents[3] / "shared/data/mimic-iv-demo"


def main() -> None:
    """Run history, print the figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", action="store_true")
    options.add_argument("--mimic", type=Path, default=BESIDE)
    options.add_argument("--hours", type=float, default=24)
    given = options.parse_args()
    history = open_history("mimic-iv", given.mimic, None)
    flags = list(first_and_last(history.messages(IntakeReport())))
    window = timedelta(hours=given.hours)
    waits = [(first.known_at - first.happened_at) / HOUR for first in flags]
    left = [max(0.0, window / HOUR - wait) for wait in waits]
    after_suspicion = [
        (first.known_at - first.suspicion_at) / HOUR
        for first in flags
        if first.suspicion_at is not None
    ]
    figures = {
        "flags": len(flags),
        "hours_from_onset_to_knowledge": spread(waits),
        "hours_from_suspicion_to_knowledge": spread(after_suspicion),
        "hours_left_of_window_after_onset": spread(left),
        "known_after_the_window": sum(one == 0 for one in left),
    }
    told = figures.items()
    print(
        json.dumps(figures) if given.json else "\n".join(f"{k}: {v}" for k, v in told)
    )


def first_and_last(messages: Iterator[EhrMessage]) -> Iterator[SepsisOnset]:
    """The first revision of each flag that stands in the end."""
    by_patient: dict[str, list[EhrMessage]] = defaultdict(list)
    for message in messages:
        by_patient[message.patient].append(message)
    rules = Rules(software_version="bench")
    for patient, own in by_patient.items():
        state = PatientState(site=own[0].site, patient=patient)
        marked = [message for told in by_instant(own) for message in told]
        said = [m for m in advance(state, marked, rules) if isinstance(m, SepsisOnset)]
        standing = {k for k, flag in state.flags.items() if flag.status != "withdrawn"}
        yield from (m for m in said if m.revision == 0 and m.flag_id in standing)


def spread(values: list[float]) -> dict[str, float]:
    """Quartiles."""
    low, middle, high = quantiles(values, n=4)
    return {"q1": round(low, 1), "median": round(middle, 1), "q3": round(high, 1)}


if __name__ == "__main__":
    main()
