"""What is sent: made-up patients, their events in messages of one shape or another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from streams.simulate.config import HospitalConfig
from streams.simulate.hospital import Simulation
from streams.vocabulary.events import Event
from streams.vocabulary.ids import identity
from streams.vocabulary.messages import LOGGED, EhrMessage, encode
from streams.vocabulary.topics import patient_key


SHAPES = {"oru": 8, "single": 1}
"""Events a message: like a laboratory report with its values, and one by one."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One record: key, bytes, and how many events are in it."""

    key: bytes
    value: bytes
    events: int


EARLY = 150
"""Events of each patient in a load that shall have many flags."""


def admitted(days: float, *, seed: int = 1) -> list[EhrMessage]:
    """All messages of the patients of some days, as the hospital sends them."""
    config = HospitalConfig(seed=seed, duration=timedelta(days=days))
    return list(Simulation(config).messages())


def septic(days: float, *, seed: int = 1) -> list[EhrMessage]:
    """The first events of a house where most are septic: a flag in about 100 events.

    The usual house has one in about 1,000, too few for the tail of a latency.
    """
    config = HospitalConfig(
        seed=seed, duration=timedelta(days=days), sepsis_share=0.8, infection_share=0.1
    )
    heard: dict[str, int] = {}
    kept: list[EhrMessage] = []
    for message in Simulation(config).messages():
        heard[message.patient] = heard.get(message.patient, 0) + len(message.events)
        if heard[message.patient] <= EARLY:
            kept.append(message)
    return kept


def shaped(messages: Iterable[EhrMessage], size: int) -> list[EhrMessage]:
    """The same events of the same patients, `size` of them in each message.

    A message is known when its last event is; each is judged by itself.
    """
    waiting: dict[str, list[Event]] = {}
    last: dict[str, EhrMessage] = {}
    made: list[EhrMessage] = []
    for message in messages:
        last[message.patient] = message
        events = waiting.setdefault(message.patient, [])
        for event in message.events:
            events.append(event)
            if len(events) == size:
                made.append(_holding(message, events, len(made)))
                events.clear()
    made += [
        _holding(last[patient], events, len(made) + number)
        for number, (patient, events) in enumerate(waiting.items())
        if events
    ]
    made.sort(key=lambda message: message.known_at)
    return made


def _holding(message: EhrMessage, events: Sequence[Event], number: int) -> EhrMessage:
    return replace(
        message,
        message_id=identity("bench", message.patient, str(number)),
        events=tuple(events),
        continues=None,
    )


def packets(messages: Iterable[EhrMessage]) -> list[Packet]:
    """As records of the log."""
    return [
        Packet(patient_key(m.site, m.patient), encode(LOGGED, m), len(m.events))
        for m in messages
    ]


def again(base: Sequence[Packet], epoch: int) -> Iterator[Packet]:
    """The same records of other patients, for loads too long to be made one by one."""
    old, new = b"/sim-", b"/e%d-" % epoch
    old_field, new_field = b'"patient":"sim-', b'"patient":"e%d-' % epoch
    for packet in base:
        yield Packet(
            packet.key.replace(old, new, 1),
            packet.value.replace(old_field, new_field, 1),
            packet.events,
        )


def counted(load: Iterable[Packet]) -> int:
    """Events in all records."""
    return sum(packet.events for packet in load)
