"""Fresh before history; a worker without its disk; a worker that comes back."""

import json
import shutil
import subprocess
from dataclasses import replace
from datetime import timedelta

import pytest
from integration.live.house import (
    EMBER,
    RULES,
    house,
    put_in_force,
    running,
    settled,
    wait_until,
)
from servers.groups import unread
from sqlalchemy import create_engine, text

from registry.store.engine import database_url
from streams.app.kafka.feeder import producer_for
from streams.app.kafka.topics import ensure_topics
from streams.pipeline.instants import by_instant
from streams.pipeline.patient import advance
from streams.pipeline.state import PatientState
from streams.simulate.config import HospitalConfig
from streams.simulate.hospital import Simulation
from streams.vocabulary.messages import EHR_MESSAGE, encode
from streams.vocabulary.topics import (
    BACKFILL,
    CANONICAL,
    FORMAT_HEADER,
    ONSETS,
    OUTCOMES,
    RAW,
    SCREENINGS,
    patient_key,
)


pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

HEADERS = [(FORMAT_HEADER, CANONICAL.encode())]
CONFIG = HospitalConfig(seed=4, duration=timedelta(hours=36))


def simulated(config=CONFIG):
    return [
        message
        for told in by_instant(Simulation(config).messages())
        for message in told
    ]


def send(broker, topic, messages):
    with producer_for(broker.settings, topic) as producer:
        for message in messages:
            producer.send(
                topic,
                key=patient_key(message.site, message.patient),
                value=encode(EHR_MESSAGE, message),
                headers=HEADERS,
            )
        producer.flush(60)


def waiting(broker, topic):
    """Records of a topic that the workers have not committed."""
    group = "ember.backfill" if topic == BACKFILL else "ember"
    return unread(broker.settings, group, (topic,))


def said(url):
    """The ids of all that the registry was told."""
    engine = create_engine(database_url(url))
    with engine.connect() as connection:
        topics = (ONSETS, SCREENINGS, OUTCOMES)
        query = text("SELECT message_id FROM inbox WHERE topic = ANY(:topics)")
        found = sorted(connection.scalars(query, {"topics": list(topics)}))
    engine.dispose()
    return found


def expected(messages):
    """The ids of all there is to say, by the pure step alone."""
    states = {}
    ids = []
    for message in messages:
        key = (message.site, message.patient)
        state = states.setdefault(key, PatientState(site=key[0], patient=key[1]))
        ids += [told.message_id for told in advance(state, (message,), RULES)]
    return sorted(ids)


def test_fresh_events_do_not_wait_for_history(broker, postgres, tmp_path):
    history = [replace(m, site="past") for m in simulated()] * 4
    fresh = [replace(m, site="now") for m in simulated()[:60]]
    with (
        postgres.database() as url,
        house(broker, url, tmp_path / "house", workers=1, batch=200, covered=True),
    ):
        send(broker, BACKFILL, history)
        send(broker, RAW, fresh)
        wait_until(lambda: waiting(broker, RAW) == 0)
        assert waiting(broker, BACKFILL) > len(history) // 4
        wait_until(lambda: settled(broker))


def test_a_worker_without_its_disk_goes_on_from_the_changelog(
    broker, postgres, tmp_path
):
    messages = simulated()
    half = len(messages) // 2
    with (
        postgres.database() as url,
        house(
            broker, url, tmp_path / "house", workers=0, batch=100, covered=True
        ) as environ,
    ):
        state, log = tmp_path / "state", tmp_path / "worker.log"
        worker = ("worker", "--datadir", str(state))
        with running(environ, log, *worker) as process:
            put_in_force(broker)
            send(broker, RAW, messages[:half])
            wait_until(lambda: waiting(broker, RAW) == 0)
            process.kill()
        shutil.rmtree(state)
        with running(environ, log, *worker):
            send(broker, RAW, messages[half:])
            wait_until(lambda: waiting(broker, RAW) == 0 and settled(broker))
            assert said(url) == expected(messages)


def test_a_worker_that_comes_back_goes_on_from_its_disk(broker, postgres, tmp_path):
    messages = simulated()
    third = len(messages) // 3
    with (
        postgres.database() as url,
        house(
            broker, url, tmp_path / "house", workers=0, batch=100, covered=True
        ) as environ,
    ):
        worker = ("worker", "--datadir", str(tmp_path / "state"))
        for turn in range(3):
            part = messages[turn * third : (turn + 1) * third]
            if turn == 2:
                part = messages[turn * third :]
            with running(environ, tmp_path / f"worker-{turn}.log", *worker):
                if turn == 0:
                    put_in_force(broker)
                send(broker, RAW, part)
                wait_until(lambda: waiting(broker, RAW) == 0 and settled(broker))
        assert said(url) == expected(messages)


def test_a_standby_takes_the_partitions_of_a_worker_that_was_killed(
    broker, postgres, tmp_path
):
    messages = simulated()
    half = len(messages) // 2
    with (
        postgres.database() as url,
        house(broker, url, tmp_path / "house", workers=0, batch=100) as environ,
    ):
        environ |= {"EMBER_STANDBY_REPLICAS": "1"}
        logs = [tmp_path / f"worker-{n}.log" for n in range(2)]
        workers = [
            ("worker", "--datadir", str(tmp_path / f"state-{n}")) for n in range(2)
        ]
        with (
            running(environ, logs[0], *workers[0]),
            running(environ, logs[1], *workers[1]) as second,
        ):
            put_in_force(broker)
            send(broker, RAW, messages[:half])
            wait_until(lambda: waiting(broker, RAW) == 0 and settled(broker))
            second.kill()
            send(broker, RAW, messages[half:])
            wait_until(lambda: waiting(broker, RAW) == 0 and settled(broker))
            assert said(url) == expected(messages)


def test_a_shadow_judges_beside_the_live_worker_and_tells_only_itself(
    broker, postgres, tmp_path
):
    messages = simulated()
    with (
        postgres.database() as url,
        house(
            broker, url, tmp_path / "house", workers=1, batch=200, covered=True
        ) as environ,
    ):
        send(broker, RAW, messages)
        wait_until(lambda: settled(broker))
        ensure_topics(broker.settings, shadow="next")
        beside = ("worker", "--shadow", "next", "--datadir", str(tmp_path / "beside"))
        with running(environ, tmp_path / "shadow.log", *beside):
            wait_until(lambda: compared(environ).returncode == 0)
            told = json.loads(compared(environ, "--json").stdout)
        assert settled(broker)
        assert said(url) == expected(messages)
    assert told


def compared(environ, *options):
    return subprocess.run(
        [EMBER, "compare", "next", *options],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
