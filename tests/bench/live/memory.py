"""A worker's memory while millions of events pass through it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from kafka import KafkaAdminClient
from live.house import House
from live.load import Packet, again, counted

from streams.app.kafka.connection import kafka_python_options
from streams.vocabulary.topics import EVENTS


ROWS = 40
"""Samples told of; one a portion is taken."""
AHEAD = 6_000
"""Records that may wait unread: the feeder does not run away."""


def soak(house: House, base: Sequence[Packet], events: int) -> dict[str, object]:
    """Feed so many events, patients coming and going; resident memory as it went."""
    house.empty()
    sent, epoch, samples = 0, 0, []
    began = time.monotonic()
    with house.workers(1) as (worker,):
        cpu = worker.cpu()
        while sent < events:
            for portion in _portions(list(again(base, epoch)), AHEAD // 2):
                house.fill(EVENTS, portion)
                sent += counted(portion)
                _wait_for(house, AHEAD // 2)
                samples.append((sent, time.monotonic() - began, worker.rss()))
                if sent >= events:
                    break
            epoch += 1
        house.settled([EVENTS])
        time.sleep(5)  # heads are written after a rest
        samples.append((sent, time.monotonic() - began, worker.rss()))
        return {
            "events": sent,
            "patients": epoch * len({p.key for p in base}),
            "seconds": round(samples[-1][1]),
            "cpu_seconds": round(worker.cpu() - cpu),
            "rss_mb_start": round(samples[0][2] / 1e6),
            "rss_mb_end": round(samples[-1][2] / 1e6),
            "rss_mb_highest": round(max(rss for *_, rss in samples) / 1e6),
            "mb_per_million_events_in_the_second_half": _slope(
                samples[len(samples) // 2 :]
            ),
            "state_on_disk_mb": round(disk_of(*house.folder.glob("state-*")) / 1e6),
            "changelog_mb": round(house.bytes_of("ember-") / 1e6),
            "events_mb": round(house.bytes_of(EVENTS) / 1e6),
            "samples (events, seconds, rss MB)": _thinned(samples),
        }


def _portions(load: list[Packet], size: int) -> list[list[Packet]]:
    return [load[at : at + size] for at in range(0, len(load), size)]


def _wait_for(house: House, ahead: int) -> None:
    """Until no more than so many records are unread."""
    options = kafka_python_options(house.broker.settings)
    with closing(KafkaAdminClient(**options)) as admin:
        ends = house.ends(EVENTS)
        while True:
            house.hold()
            committed = admin.list_group_offsets("ember")["ember"]
            read = sum(committed[at].offset for at in ends if at in committed)
            if sum(ends.values()) - read <= ahead:
                return
            time.sleep(0.1)


def _slope(samples: Sequence[tuple[int, float, int]]) -> float:
    """Of a straight line through the samples, in megabytes a million events."""
    if len(samples) < 2:
        return 0.0
    xs = [sent / 1e6 for sent, _, _ in samples]
    ys = [rss / 1e6 for _, _, rss in samples]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((a - x) ** 2 for a in xs)
    return round(
        sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / spread, 1
    )


def _thinned(samples: Sequence[tuple[int, float, int]]) -> list[tuple[int, int, int]]:
    step = max(1, len(samples) // ROWS)
    kept = [*samples[::step], samples[-1]]
    return [(sent, round(at), round(rss / 1e6)) for sent, at, rss in kept]


def disk_of(*folders: Path) -> int:
    """Bytes of all files below them; one that goes away meanwhile counts nothing."""
    total = 0
    for folder in folders:
        for file in folder.rglob("*"):
            with contextlib.suppress(FileNotFoundError):
                total += file.stat().st_size if file.is_file() else 0
    return total
