"""Whatever is broken under load: nothing is lost, and nothing has effect twice.

One house for all of it; each test breaks one thing, several times, while made-up
patients come and a made-up team randomises some of them, and then compares all that
the broker ever acknowledged with all that the registry holds.
"""

import sys
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from random import Random
from signal import SIGKILL, SIGTERM

import pytest
from integration.faults.house import strike
from integration.faults.ledger import Line
from integration.faults.load import send_poison
from integration.faults.people import story

from streams.vocabulary.messages import EHR_MESSAGE, encode
from streams.vocabulary.topics import (
    BACKFILL,
    EVENTS,
    ONSETS,
    OUTCOMES,
    PROTOCOLS,
    RAW,
    ROSTER,
    SCREENINGS,
)


pytestmark = [
    pytest.mark.kafka,
    pytest.mark.postgres,
    pytest.mark.unmeasured,
    pytest.mark.xdist_group("faults"),
]

SLOWLY = 20.0
"""Messages a second, while a dead worker's session is waited for again and again."""
STAGES = ("judged", "sent", "acknowledged", "stored")
CRASHING = Path(__file__).with_name("crashing_worker.py")


OTHER_HOUSE = pytest.mark.xdist_group("faults-of-the-broker")
"""Those that may be tried at the same time, on a house of their own."""


@pytest.fixture
def luck(request):
    """Draws that are the same each time this test runs."""
    return Random(request.node.name)


def some_rounds_of(rounds, luck, house, name, act, *, seconds=3.0):
    """Load, and the act at a random moment of it; again and again."""
    for number in range(rounds):
        with house.load(f"{name}-{number}"):
            moment = luck.uniform(0.3, seconds - 0.5)
            time.sleep(moment)
            act()
            time.sleep(seconds - moment)


def test_a_worker_killed_loses_nothing(house, breaking, rounds, luck):
    with breaking(house, "worker killed"):
        some_rounds_of(
            rounds, luck, house, "kill-worker", lambda: strike(house.workers[0])
        )


def test_a_consumer_killed_loses_nothing(house, breaking, rounds, luck):
    """The one of the verdicts, then the one of the archive."""
    with breaking(house, "consumers killed", times=2 * rounds):
        for consumer in house.consumers:
            some_rounds_of(
                rounds,
                luck,
                house,
                f"kill-{consumer.name}",
                partial(strike, consumer),
            )


def test_a_relay_killed_tells_everything_at_least_once(house, breaking, rounds, luck):
    with breaking(house, "relay killed"):
        some_rounds_of(rounds, luck, house, "kill-relay", lambda: strike(house.relay))


def test_a_feeder_killed_sends_everything(house, breaking, rounds, luck, tmp_path):
    told = [story(f"fed-{number:04d}", seed=5) for number in range(45)]
    messages = sorted(
        (m for one in told for m in one.before), key=lambda m: (m.known_at, m.patient)
    )
    file = tmp_path / "fed.ndjson"
    file.write_bytes(b"".join(encode(EHR_MESSAGE, m) + b"\n" for m in messages))
    span = (messages[-1].known_at - messages[0].known_at).total_seconds()
    with breaking(house, "feeder killed"):
        feeder = house.run(
            "feeder",
            *("feed", "--file", file, "--topic", "raw"),
            *(
                "--speed",
                int(span / (2.0 + 4.0 * rounds)),
                "--progress",
                tmp_path / "progress",
            ),
            once=True,
        )
        for _ in range(rounds):
            time.sleep(luck.uniform(1.5, 4.0))
            if not feeder.done:
                feeder.signal(SIGKILL)
        house.wait_for(lambda: feeder.done, "the end of the feed")
        assert feeder.ends.count(-SIGKILL) >= 1, "it fed before it could be killed"
        house.supervisor.remove(feeder)
        house.ledger.acknowledge(
            Line(m.patient, m.message_id, "fed", 0, n, encode(EHR_MESSAGE, m))
            for n, m in enumerate(messages)
        )


@OTHER_HOUSE
def test_a_broker_restarted_loses_nothing(house, breaking, rounds, luck):
    with breaking(house, "broker restarted"):
        some_rounds_of(
            rounds, luck, house, "restart-broker", house.broker.restart, seconds=6.0
        )


@OTHER_HOUSE
def test_a_broker_killed_loses_nothing(house, breaking, rounds, luck):
    def kill():
        house.broker.kill()
        time.sleep(1)
        house.broker.start()

    with breaking(house, "broker killed"):
        some_rounds_of(rounds, luck, house, "kill-broker", kill, seconds=6.0)


@OTHER_HOUSE
def test_workers_that_join_and_leave_lose_nothing(house, breaking, rounds, luck):
    with breaking(house, "two workers join and leave"), ExitStack() as leaving:
        for number in range(rounds):
            with house.load(f"join-{number}"):
                time.sleep(1)
                joined = [house.worker(10 * number + n) for n in (1, 2)]
                for worker in joined:
                    leaving.callback(house.supervisor.remove, worker)
                house.wait_for(lambda: house.members() == 3, "three workers")
                time.sleep(luck.uniform(1, 4))
                assert house.supervisor.remove(joined[0]) == 0
                time.sleep(luck.uniform(1, 3))
                how = SIGTERM if number % 2 else SIGKILL
                left = house.supervisor.remove(joined[1], how)
                assert left == (0 if number % 2 else -SIGKILL)
                time.sleep(2)


def test_a_worker_that_dies_between_output_state_and_offset_loses_nothing(
    house, breaking, rounds, luck, tmp_path
):
    """At each stage in turn; the house is looked at once, when it has settled."""
    house.supervisor.remove(house.workers.pop())
    fragile = house.supervise(
        "fragile",
        [sys.executable, str(CRASHING), str(house.folder / "state-0"), str(tmp_path)],
    )
    deaths = 0
    try:
        times = len(STAGES) * rounds
        with breaking(house, "worker dies between its effects", times=times):
            for stage in STAGES * rounds:
                with house.load(f"die-{stage}-{deaths}", rate=SLOWLY):
                    order = tmp_path / "new"
                    order.write_text(f"{stage} {luck.randrange(2, 12)}", "ascii")
                    order.rename(tmp_path / "die")
                    deaths += 1
                    house.wait_for(
                        lambda: not (tmp_path / "die").exists(), "the ordered death"
                    )
                house.wait_for(
                    lambda wanted=deaths: fragile.ends.count(70) == wanted, "its end"
                )
    finally:
        house.supervisor.remove(fragile)
        house.workers.append(house.worker(0))


POISON = {
    RAW: [
        b"",
        b"\xff\xfe",
        b"{",
        b"[]",
        b'{"type": "roster"}',
        b'{"schema_version": "9.0"}',
    ],
    BACKFILL: [b"{", b'{"type": "ehr"}'],
    EVENTS: [b"{", b'{"type": "ehr"}', b'{"type": "unheard of"}'],
    ROSTER: [b"{", b'{"type": "roster", "trial": 7}'],
    PROTOCOLS: [b"{", b'{"type": "protocol"}'],
    ONSETS: [b"{", b'{"flag_id": "made up"}'],
    SCREENINGS: [b"{", b'{"screening_id": "made up"}'],
    OUTCOMES: [b"{", b'{"outcome_id": "made up"}'],
}


def test_poison_in_every_topic_is_put_aside_and_the_chain_goes_on(
    house, breaking, rounds
):
    with breaking(house, "poison in every topic"):
        for number in range(rounds):
            with house.load(f"poison-{number}"):
                for topic, values in POISON.items():
                    send_poison(house.broker.settings, house.ledger, topic, values)
                time.sleep(1)
    heard = house.listener.heard
    assert {topic for topic, _, _ in heard.letters} == set(POISON)
