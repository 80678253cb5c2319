"""Events a second: a bare reader, the chain without Kafka, and the worker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from aiokafka import AIOKafkaConsumer, TopicPartition
from live.house import House, Process
from live.load import Packet, again, counted

from streams.app.kafka.connection import aiokafka_options
from streams.app.protocols import shipped_protocols
from streams.pipeline.patient import Rules, advance
from streams.pipeline.state import PatientState
from streams.vocabulary.messages import LOGGED, EhrMessage, ProtocolInForce
from streams.vocabulary.topics import EVENTS, RAW


Figures = dict[str, float]
RULES = Rules(
    protocols=shipped_protocols(), software_version="bench", outcomes_of_flags=True
)
READ_AT_MOST = 60_000
"""Messages a bare reader takes: enough to measure, and no more than there are."""


@dataclass(slots=True)
class Tally:
    """Rounds of one subject: events, seconds of CPU, of the broker's, of the wall."""

    events: int
    messages: int
    cpu: list[float]
    wall: list[float]
    broker: list[float]

    def figures(self) -> Figures:
        """The median round."""
        cpu, wall = median(self.cpu), median(self.wall)
        return {
            "events": self.events,
            "messages": self.messages,
            "cpu_seconds": round(cpu, 3),
            "wall_seconds": round(wall, 3),
            "broker_cpu_seconds": round(median(self.broker), 3) if self.broker else 0,
            "events_per_cpu_second": round(self.events / cpu),
            "events_per_second": round(self.events / wall),
            "cpu_us_per_message": round(1e6 * cpu / self.messages),
        }


# -- (a) -------------------------------------------------------------------------------


def bare(house: House, rounds: int) -> Figures:
    """aiokafka's getmany and our decoding, over what lies on ehr.events."""
    tally = Tally(0, 0, [], [], [])
    for _ in range(rounds):
        broker, cpu, wall = house.broker_cpu(), time.process_time(), time.monotonic()
        tally.events, tally.messages = asyncio.run(_read(house))
        tally.cpu.append(time.process_time() - cpu)
        tally.wall.append(time.monotonic() - wall)
        tally.broker.append(house.broker_cpu() - broker)
    return tally.figures()


async def _read(house: House) -> tuple[int, int]:
    partitions = house.broker.settings.partitions
    ends = sum(house.ends(EVENTS).values()) - partitions * len(RULES.protocols)
    wanted, events, messages = min(ends, READ_AT_MOST), 0, 0
    consumer = AIOKafkaConsumer(
        **aiokafka_options(house.broker.settings),
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    async with consumer:
        consumer.assign([TopicPartition(EVENTS, n) for n in range(partitions)])
        while messages < wanted:
            for records in (await consumer.getmany(timeout_ms=1000)).values():
                for record in records:
                    message = LOGGED.validate_json(record.value)
                    if isinstance(message, EhrMessage):
                        events += len(message.events)
                        messages += 1
    return events, messages


# -- (c) -------------------------------------------------------------------------------


def in_process(load: Sequence[Packet], rounds: int) -> Figures:
    """Decode, detect, screen and follow-up, without Kafka and without state on disk."""
    tally = Tally(counted(load), len(load), [], [], [])
    for _ in range(rounds):
        cpu, wall = time.process_time(), time.monotonic()
        _judge(load)
        tally.cpu.append(time.process_time() - cpu)
        tally.wall.append(time.monotonic() - wall)
    return tally.figures()


def _judge(load: Sequence[Packet]) -> None:
    states: dict[bytes, PatientState] = {}
    for packet in load:
        message = LOGGED.validate_json(packet.value)
        if isinstance(message, ProtocolInForce):
            continue
        state = states.get(packet.key)
        if state is None:
            state = PatientState(site=message.site, patient=message.patient)
            states[packet.key] = state
        for _ in advance(state, (message,), RULES):
            pass


# -- (b) -------------------------------------------------------------------------------


def through_workers(
    house: House, load: Sequence[Packet], rounds: int, *, workers: int
) -> dict[str, Figures]:
    """The whole chain, from the patients' logs and from the raw topic.

    The workers are ready and stand still while a topic is filled; then they go on.
    Each round has patients of its own.
    """
    house.empty()
    found: dict[str, Figures] = {}
    with house.workers(workers) as begun:
        for number, topic in enumerate((EVENTS, RAW)):
            tally = Tally(counted(load), len(load), [], [], [])
            for turn in range(rounds):
                epoch = number * rounds + turn
                _round(house, begun, topic, list(again(load, epoch)), tally)
            found[f"from_{topic}"] = tally.figures()
        found["memory"] = {
            "rss_mb_of_each": round(max(p.rss() for p in begun) / 1e6),
        }
    return found


def _round(
    house: House,
    begun: Sequence[Process],
    topic: str,
    load: Sequence[Packet],
    tally: Tally,
) -> None:
    for process in begun:
        process.pause()
    house.fill(topic, load)
    cpu, broker = sum(p.cpu() for p in begun), house.broker_cpu()
    wall = time.monotonic()
    for process in begun:
        process.resume()
    house.settled([topic, EVENTS])
    tally.wall.append(time.monotonic() - wall)
    tally.cpu.append(sum(p.cpu() for p in begun) - cpu)
    tally.broker.append(house.broker_cpu() - broker)
