"""A worker with thousands of patients in its state: how long until it is live again.

usage: python tests/bench/recovery.py [--json] [--patients N] [--days D]

- graceful  SIGTERM, then started on the folder it had
- killed    kill -9 in the middle of records, then started on the folder it had
- cold      started on an empty folder: all state comes from the changelogs

Times are from the start of the process: `ready_seconds` until /health is good (it has
its partitions and their state), `first_flag_seconds` until a flag lies on
sepsis.onsets that a record decides which was sent with the start, of a patient whose
earlier record is in the state.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path


HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]  # tests/bench/live, tests/servers

from kafka import KafkaConsumer  # noqa: E402
from live.house import House, Process, opened_house, places, wait_until  # noqa: E402
from live.load import SHAPES, Packet, admitted, again, counted, packets, shaped  # noqa: E402  # noqa: E402
from live.memory import disk_of  # noqa: E402
from live.rates import RULES  # noqa: E402
from live.table import note, tell  # noqa: E402

from streams.app.kafka.connection import kafka_python_options  # noqa: E402
from streams.pipeline.patient import advance  # noqa: E402
from streams.pipeline.state import PatientState  # noqa: E402
from streams.vocabulary.messages import (  # noqa: E402
    LOGGED,
    SEPSIS_ONSET,
    EhrMessage,
    ProtocolInForce,
    SepsisOnset,
    decode,
)
from streams.vocabulary.topics import EVENTS, ONSETS  # noqa: E402


KILLED_AFTER = 1.5
"""Seconds into a load of records."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A patient of the load, and the record that first leads to a flag."""

    key: bytes
    at: int
    """Its place in the load."""


def main() -> None:
    """Load, restart in three ways, print."""
    given = _arguments()
    base = packets(shaped(admitted(given.days), SHAPES["oru"]))
    with opened_house() as house:
        tell(_measured(house, base, given.patients), as_json=given.json)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--patients", type=int, default=5_000)
    parser.add_argument("--days", type=float, default=20, help="of admissions")
    return parser.parse_args()


def _measured(house: House, base: Sequence[Packet], patients: int) -> dict[str, object]:
    probe = _probe(base)
    each = len({packet.key for packet in base})
    epochs = max(3, -(-patients // each))
    house.empty()
    folder = house.folder / "state-kept"
    worker = house.begin_worker(folder)
    try:
        house.ready(worker)
        house.put_in_force()
        began, events = time.monotonic(), 0
        for epoch in range(epochs):
            load = list(_told_before(base, probe, epoch, held=epoch < 3))
            events += counted(load)
            house.fill(EVENTS, load)
            house.settled([EVENTS])
            note(f"{epoch + 1} of {epochs} loads, {events:,} events")
        loaded = time.monotonic() - began
        time.sleep(5)  # the heads of who rests are written
        found: dict[str, object] = {
            "patients": epochs * each,
            "events": events,
            "loading_seconds": round(loaded),
            "rss_mb": round(worker.rss() / 1e6),
            "state": _sizes(house, folder, epochs * each, events),
        }
        note("stopping, starting again")
        found["graceful"], worker = _again(house, base, probe, 0, worker, folder)
        note("killing, starting again")
        found["killed"], worker = _again(
            house, base, probe, 1, worker, folder, kill=epochs
        )
        note("starting on an empty folder")
        cold = house.folder / "state-cold"
        found["cold"], worker = _again(house, base, probe, 2, worker, cold)
        found["cold_disk_mb"] = round(disk_of(cold) / 1e6)
    finally:
        worker.kill()
    return found


# -- the patient who tells that the worker is live ---------------------------------------


def _probe(base: Sequence[Packet]) -> Probe:
    """The first flag of somebody who had many records before."""
    states: dict[bytes, PatientState] = {}
    heard: dict[bytes, int] = {}
    for place, packet in enumerate(base):
        message = LOGGED.validate_json(packet.value)
        if isinstance(message, ProtocolInForce):
            continue
        fresh = PatientState(site=message.site, patient=message.patient)
        state = states.setdefault(packet.key, fresh)
        said = list(advance(state, (message,), RULES))
        heard[packet.key] = heard.get(packet.key, 0) + 1
        first = any(isinstance(m, SepsisOnset) and m.revision == 1 for m in said)
        if first and heard[packet.key] >= 4 and isinstance(message, EhrMessage):
            return Probe(packet.key, place)
    raise SystemExit("nobody in this load becomes septic; admit for more --days")


def _told_before(
    base: Sequence[Packet], probe: Probe, epoch: int, *, held: bool
) -> Iterator[Packet]:
    """The load of one epoch; of a held probe only what lies before its flag."""
    for place, packet in enumerate(again(base, epoch)):
        if held and base[place].key == probe.key and place >= probe.at:
            continue
        yield packet


# -- a restart ---------------------------------------------------------------------------


def _again(
    house: House,
    base: Sequence[Packet],
    probe: Probe,
    epoch: int,
    worker: Process,
    folder: Path,
    *,
    kill: int | None = None,
) -> tuple[dict[str, object], Process]:
    """End the worker, start it on the folder; `kill` is the epoch it dies in."""
    before = sum(house.ends(EVENTS).values())
    if kill is None:
        worker.stop()
    else:
        house.fill(EVENTS, list(again(base, kill)))
        time.sleep(KILLED_AFTER)
        worker.kill()
    left = sum(house.ends(EVENTS).values()) - before
    deciding = next(p for n, p in enumerate(again(base, epoch)) if n == probe.at)
    options = kafka_python_options(house.broker.settings)
    with closing(KafkaConsumer(**options)) as consumer:
        consumer.assign(places(consumer, [ONSETS]))
        consumer.seek_to_end()
        for place in consumer.assignment():
            consumer.position(place)
        began = time.monotonic()
        started = house.begin_worker(folder)
        house.fill(EVENTS, [deciding])
        note("started, and sent what decides a flag")
        ready, flagged = _both(house, started, consumer, deciding, began)
        house.settled([EVENTS])
    return {
        "ready_seconds": round(ready, 1),
        "first_flag_seconds": round(flagged, 1),
        "nothing_unread_seconds": round(time.monotonic() - began, 1),
        "records_sent_while_it_was_killed": left,
        "cpu_seconds": round(started.cpu(), 1),
        "rss_mb": round(started.rss() / 1e6),
    }, started


def _both(
    house: House,
    worker: Process,
    consumer: KafkaConsumer,
    deciding: Packet,
    began: float,
) -> tuple[float, float]:
    """Seconds until it is healthy, and until the flag is there."""
    ready: list[float] = []
    flagged: list[float] = []

    def holds() -> bool:
        house.hold()
        if not ready and worker.healthy():
            ready.append(time.monotonic() - began)
        for records in consumer.poll(timeout_ms=50).values():
            for record in records:
                flag = decode(SEPSIS_ONSET, record.value)
                if record.key == deciding.key and flag.revision == 1:
                    flagged.append(time.monotonic() - began)
        return bool(ready and flagged)

    wait_until(holds, "the first flag after a restart", every=0.0)
    return ready[0], flagged[0]


# -- sizes -------------------------------------------------------------------------------


def _sizes(house: House, folder: Path, patients: int, events: int) -> dict[str, object]:
    disk = disk_of(folder)
    log = {name: house.bytes_of(f"ember-{name}-") for name in ("facts", "heads")}
    changelog = sum(log.values())
    return {
        "on_disk_mb": round(disk / 1e6),
        "on_disk_bytes_a_patient": round(disk / patients),
        "on_disk_bytes_an_event": round(disk / events),
        "changelog_facts_mb": round(log["facts"] / 1e6),
        "changelog_heads_mb": round(log["heads"] / 1e6),
        "changelog_bytes_a_patient": round(changelog / patients),
        "changelog_bytes_an_event": round(changelog / events),
        "events_topic_bytes_an_event": round(house.bytes_of(EVENTS) / events),
    }


if __name__ == "__main__":
    main()
