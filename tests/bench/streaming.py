"""The live chain: events a second and where they go, latency, memory.

usage: python tests/bench/streaming.py [--json] [--only rates|workers|latency|soak ...]

One broker, started here (or EMBER_KAFKA), shared by all parts; CPU is that of the
measured process, so a core's worth is events a CPU second.

- rates    (a) aiokafka getmany + decode, (b) `ember worker` with the whole chain, from
           the patients' logs and from the raw topic, (c) the chain in one process
           without Kafka, (d) quixstreams doing only the decode; messages of 8 events
           and of one
- workers  (b) with one and with two workers
- latency  from the producing call to the committed row, at several rates
- soak     --soak N events through one worker, its memory as it went (by name only)
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path


HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]  # tests/bench/live, tests/servers

from live import latency, memory, quix, rates  # noqa: E402
from live.house import House, opened_house  # noqa: E402
from live.load import SHAPES, Packet, admitted, packets, septic, shaped  # noqa: E402
from live.table import tell  # noqa: E402


PARTS = ("rates", "workers", "latency")
SINGLES = 40_000
"""Messages of one event each in a round, at most: workers stand still meanwhile."""
TARGETS = {"events_per_cpu_second": 10_000, "p99_ms_at_2000": 500}


def main() -> None:
    """Measure, print each part when it is there."""
    given = _arguments()
    with opened_house() as house:
        for part in given.only:
            tell({part: _PARTS[part](house, given)}, as_json=given.json)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="a line of JSON a part")
    parser.add_argument(
        "--only", nargs="+", choices=(*PARTS, "soak"), default=list(PARTS)
    )
    parser.add_argument("--days", type=float, default=30, help="of admissions")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rates", default="500,2000,5000", help="events a second")
    parser.add_argument("--seconds", type=float, default=30, help="of each rate")
    parser.add_argument("--shape", choices=SHAPES, default="oru", help="for latency")
    parser.add_argument("--soak", type=int, metavar="N", help="events, with soak")
    given = parser.parse_args()
    if given.soak and "soak" not in given.only:
        given.only = ["soak"]
    return given


def _load(days: float, shape: str) -> list[Packet]:
    made = packets(shaped(admitted(days), SHAPES[shape]))
    return made if shape == "oru" else made[:SINGLES]


def _rates(house: House, given: argparse.Namespace) -> dict[str, object]:
    found: dict[str, object] = {}
    for shape in SHAPES:
        load = _load(given.days, shape)
        worker = rates.through_workers(house, load, given.rounds, workers=1)
        bare = rates.bare(house, given.rounds)
        chain = rates.in_process(load, given.rounds)
        quixed = quix.decode_only(house)
        if isinstance(quixed, str):
            print(f"QUIXSTREAMS IS LEFT OUT: {quixed}", file=sys.stderr)
        logs = worker["from_ehr.events"]
        found[shape] = {
            "a_getmany_decode": bare,
            "b_worker": worker,
            "c_in_process": chain,
            "d_quixstreams_decode": quixed,
            "ratios_by_cpu": {
                "b/a": _ratio(logs, bare),
                "b/c": _ratio(logs, chain),
                "b_from_raw/c": _ratio(worker["from_ehr.raw"], chain),
                **({} if isinstance(quixed, str) else {"d/a": _ratio(quixed, bare)}),
            },
        }
    found["target_events_per_cpu_second"] = TARGETS["events_per_cpu_second"]
    return found


def _ratio(one: rates.Figures, other: rates.Figures) -> float:
    key = "events_per_cpu_second"
    return round(one[key] / other[key], 3)


def _workers(house: House, given: argparse.Namespace) -> dict[str, object]:
    load = _load(given.days, "oru")
    return {
        str(count): rates.through_workers(house, load, given.rounds, workers=count)
        for count in (1, 2)
    }


def _latency(house: House, given: argparse.Namespace) -> dict[str, object]:
    load = packets(shaped(septic(given.days), SHAPES[given.shape]))
    asked: Sequence[int] = [int(rate) for rate in given.rates.split(",")]
    found = latency.latencies(house, load, rates=asked, seconds=given.seconds)
    return {**found, "target_p99_ms_at_2000": TARGETS["p99_ms_at_2000"]}


def _soak(house: House, given: argparse.Namespace) -> dict[str, object]:
    return memory.soak(house, _load(given.days, "oru"), given.soak or 10_000_000)


_PARTS = {"rates": _rates, "workers": _workers, "latency": _latency, "soak": _soak}


if __name__ == "__main__":
    main()
