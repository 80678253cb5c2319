"""The relay on a real broker: in order for each key, at least once, under one id."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from integration.inbox.house import now, screening, until
from kafka.errors import KafkaTimeoutError

from registry.alerts.relay import Fate, relay_once
from registry.alerts.schedule import WAITS
from registry.alerts.topic import TopicSender
from registry.app.clocks import SystemClock
from registry.app.kafka import producer, traced
from registry.domain.mode import Mode
from registry.inbox.relay import Relay, turns
from registry.usecases.outbox import ALERTS, PROTOCOLS, ROSTER, OutboxItem
from registry.usecases.record_batch import RecordBatch, record_batch
from registry.usecases.set_green_light import SetGreenLight, set_green_light
from registry.usecases.set_mode import SetMode, set_mode
from streams.vocabulary.topics import TRACE_HEADER


pytestmark = [pytest.mark.kafka, pytest.mark.postgres]


def item(number, key="north/p1", topic=ROSTER, payload=None):
    at = now() - timedelta(
        hours=number
    )  # the clock of an act says nothing of its order
    return OutboxItem(
        outbox_id=f"00000000-0000-5000-8000-{number:012}",
        topic=topic,
        key=key,
        payload=payload or json.dumps({"number": number}),
        created_at=at,
        next_attempt_at=at,
    )


class Heard:
    """What the relay told."""

    def __init__(self):
        self.rounds = []
        self.troubles = []

    def on_relayed(self, relayed, waiting):
        self.rounds.append((relayed, waiting))

    def on_trouble(self, trouble):
        self.troubles.append(trouble)


class Clock:
    """A clock that is moved."""

    def __init__(self, moment):
        self.moment = moment

    def now(self):
        return self.moment


class Dying:
    """Sends in earnest, and dies before anybody learns of it."""

    def __init__(self, made, after):
        self._made = made
        self._left = after

    def send(self, *args):
        return self._made.send(*args)

    def flush(self, timeout=None):
        self._made.flush(timeout)
        self._left -= 1
        if self._left < 0:
            self._made.close(timeout=5)
            raise Crash

    def close(self, timeout=None):
        self._made.close(timeout=timeout)


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
def make(house):
    return partial(producer, house.broker.settings, "relay")


@pytest.fixture
def relay_of(registry, make):
    made = []

    def another(build=make, watch=None):
        watch = watch or Heard()
        relay = Relay(
            registry, producer=build, headers=traced, clock=SystemClock(), watch=watch
        )
        made.append(relay)
        return relay, watch

    yield another
    for relay in made:
        relay.close()


def write(registry, *items):
    with registry.transaction() as uow:
        uow.outbox.add(items)


def numbers(house, topic, key=b"north/p1"):
    return [
        json.loads(record.value)["number"]
        for record in house.records(topic)
        if record.key == key
    ]


def test_what_was_written_is_told_in_order_and_then_no_more(house, registry, relay_of):
    write(registry, *(item(n) for n in range(5)))
    write(registry, item(5), item(6, key="TIDE", topic=PROTOCOLS))
    relay, watch = relay_of()

    relay.step()
    relay.step()

    assert numbers(house, ROSTER) == [0, 1, 2, 3, 4, 5]
    assert numbers(house, PROTOCOLS, b"TIDE") == [6]
    assert [len(relayed.sent) for relayed, _ in watch.rounds] == [7, 0]
    assert watch.rounds[-1][1].items == 0
    headers = dict(house.records(ROSTER)[0].headers)
    assert headers[TRACE_HEADER].startswith(b"00-")


def test_a_crash_before_the_commit_tells_the_same_again_in_order(
    house, registry, relay_of, make
):
    write(registry, *(item(n) for n in range(3)))
    dying, _ = relay_of(lambda: Dying(make(), after=1))
    with pytest.raises(Crash):
        dying.step()
    relay, _ = relay_of()
    relay.step()

    assert numbers(house, ROSTER) == [0, 1, 0, 1, 2]


def test_one_relays_at_a_time_and_another_takes_over(house, registry, relay_of):
    write(registry, item(0))
    relay, watch = relay_of()
    with registry.transaction() as uow:
        assert uow.outbox.lead()
        relay.step()
        assert not watch.rounds[0][0].leading
    relay.step()

    assert numbers(house, ROSTER) == [0]


def test_a_message_too_large_is_given_up_and_holds_up_nobody(house, registry, relay_of):
    huge = item(0, payload=json.dumps({"number": 0, "fat": "x" * 2_000_000}))
    write(registry, huge, item(1))
    relay, watch = relay_of()
    relay.step()

    assert numbers(house, ROSTER) == [1]
    assert [i.outbox_id for i in watch.rounds[0][0].given_up] == [huge.outbox_id]
    assert house.rows("SELECT error FROM outbox WHERE error IS NOT NULL") == [
        ("the broker takes no message of this size",)
    ]


def test_a_broker_that_is_gone_is_waited_for_with_the_registry_free(
    house, registry, relay_of
):
    relay, watch = relay_of()
    relay.step()

    def gone():
        raise KafkaTimeoutError

    write(registry, item(0))
    away, told = relay_of(gone)
    assert away.step() > 0
    assert away.step() > 0.3
    assert [t.around for t in told.troubles] == ["broker", "broker"]
    assert not away.well
    relay.step()
    assert numbers(house, ROSTER) == [0]
    assert watch.rounds[-1][0].fault is None


def test_the_command_relays_what_acts_wrote_and_stops_when_asked(house, registry):
    with house.process("relay") as process:
        write(registry, item(0), item(1, key="TIDE", topic=PROTOCOLS))
        until(lambda: house.rows("SELECT 1 FROM outbox WHERE delivered_at IS NOT NULL"))
        with house.process("relay") as other:
            write(registry, item(2))
            until(lambda: numbers(house, ROSTER) == [0, 2])
            process.kill()  # perhaps before it noted that 2 arrived: told again, then
            write(registry, item(3))
            until(lambda: numbers(house, ROSTER)[-1:] == [3])
            assert numbers(house, ROSTER) in ([0, 2, 3], [0, 2, 2, 3])
            house.stop(other)


def test_alerts_to_the_topic_pass_the_same_door_as_to_the_webhook(
    house, registry, make
):
    switch(registry, Mode.LIVE)
    with registry.transaction() as uow:
        command = RecordBatch(
            messages=(screening(status="eligible"),), recorded_at=now()
        )
        record_batch(command, uow)
    simulated = body_of(registry).replace(
        '"provenance":"live"', '"provenance":"history"'
    )
    write(registry, item(7, topic=ALERTS, payload=simulated))
    sender = TopicSender(make, traced)
    try:
        report = relay_once(registry, sender, SystemClock(), limit=10)
    finally:
        sender.close()

    assert report.count(Fate.DELIVERED) == 1
    assert report.count(Fate.WITHHELD) == 1
    (told,) = house.records(ALERTS)
    assert told.key == b"north/p1"
    assert json.loads(told.value)["type"] == "alert.raised"
    assert dict(told.headers)["webhook-id"] == report.relayed[0].outbox_id.encode() or (
        dict(told.headers)["webhook-id"] == report.relayed[1].outbox_id.encode()
    )


def test_an_alert_waits_no_longer_than_the_broker_is_away(house, registry, make):
    switch(registry, Mode.LIVE)
    with registry.transaction() as uow:
        command = RecordBatch(
            messages=(screening(status="eligible"),), recorded_at=now()
        )
        record_batch(command, uow)
    clock = Clock(now())
    nowhere = replace(house.broker.settings, servers=(f"127.0.0.1:{closed_port()}",))
    away = TopicSender(partial(producer, nowhere, "relay"), traced)
    back = TopicSender(make, traced)
    for _ in range(len(WAITS) + 1):
        report = relay_once(registry, away, clock, limit=10)
        assert report.count(Fate.TO_RETRY) == 1
        clock.moment += timedelta(seconds=5)
    try:
        report = relay_once(registry, back, clock, limit=10)
    finally:
        back.close()
    assert report.count(Fate.DELIVERED) == 1


def test_a_turn_has_no_key_twice():
    told = [item(0), item(1, key="b"), item(2), item(3, topic=PROTOCOLS), item(4)]

    assert [[i.outbox_id[-1] for i in turn] for turn in turns(told)] == [
        ["0", "1", "3"],
        ["2"],
        ["4"],
    ]
    assert list(turns([])) == []
    assert [len(turn) for turn in turns([replace(told[0])])] == [1]


def closed_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def switch(registry, mode):
    """To this mode, with the word to recruit."""
    light = SetGreenLight(
        trial="TIDE", site="north", given=True, reason="test", actor="t", at=now()
    )
    with registry.transaction() as uow:
        set_green_light(light, uow)
        set_mode(SetMode(mode=mode, reason="test", actor="t", at=now()), uow)


def body_of(registry):
    with registry.transaction() as uow:
        (found,) = uow.outbox.waiting([ALERTS], 10)
    return found.payload
