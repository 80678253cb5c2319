"""How fast the synthetic hospital emits canonical events, on one core.

    python tests/bench/simulate.py [--json] [--days N]

Counted are events, not messages; what is timed is the whole of it, from the seed to
`EhrMessage` objects in order, and once more with each message written as JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from time import process_time


sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from streams.simulate.config import HospitalConfig
from streams.simulate.hospital import hospital
from streams.vocabulary.messages import EHR_MESSAGE, EhrMessage, encode


TARGET = 50_000
"""Events a second."""


def main() -> int:
    """Measure twice and print; 1 where the target is missed."""
    given = _arguments()
    config = HospitalConfig(duration=timedelta(days=given.days))
    _measure(HospitalConfig(duration=timedelta(days=2)), _keep)
    objects = _measure(config, _keep)
    written = _measure(config, _write)
    found = {
        "events": objects[1],
        "messages": objects[0],
        "seconds": round(objects[2], 3),
        "events_per_second": round(objects[1] / objects[2]),
        "events_per_second_with_json": round(written[1] / written[2]),
        "target_events_per_second": TARGET,
    }
    if given.json:
        print(json.dumps(found))
    else:
        print("\n".join(f"{name:30} {value:>12,}" for name, value in found.items()))
    return 0 if found["events_per_second"] >= TARGET else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--days", type=float, default=30)
    return parser.parse_args()


def _measure(
    config: HospitalConfig, take: Callable[[EhrMessage], object]
) -> tuple[int, int, float]:
    """Messages, events, and the seconds of this process: others may share the core."""
    messages = events = 0
    began = process_time()
    for message in hospital(config):
        take(message)
        messages += 1
        events += len(message.events)
    return messages, events, process_time() - began


def _keep(message: EhrMessage) -> EhrMessage:
    return message


def _write(message: EhrMessage) -> bytes:
    return encode(EHR_MESSAGE, message)


if __name__ == "__main__":
    sys.exit(main())
