"""`ember kafka`: a broker of one's own, its topics made, checked, and usable at once."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from kafka import KafkaProducer
from typer.testing import CliRunner

from streams.app.kafka import commands
from streams.app.kafka.broker import BrokerPlan, free_port, running, start
from streams.app.kafka.connection import kafka_python_options
from streams.app.kafka.reach import answers, require_kafka
from streams.app.kafka.topics import ensure_topics, shadow_topic, wanted_topics
from streams.app.settings import KafkaSettings
from streams.vocabulary.errors import SettingsError
from streams.vocabulary.topics import EVENTS, RAW, REJECTED, TOPICS


EMBER = Path(sys.executable).with_name("ember")
NOWHERE = KafkaSettings(servers=("127.0.0.1:9",))
HOUSE = len(TOPICS) + 5


def ember(*arguments):
    return subprocess.run(
        [EMBER, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def kafka(*arguments, broker=None, **environ):
    """`ember kafka` in this process."""
    named = {} if broker is None else broker.environ()
    return CliRunner().invoke(commands.app, arguments, env={**named, **environ})


@pytest.fixture
def empty(broker):
    """The session's broker, without a topic before and after."""
    broker.clear()
    yield broker
    broker.clear()


@pytest.mark.kafka
def test_topics_are_made_once_and_take_records_at_once(empty):
    first = ensure_topics(empty.settings)
    assert len(first.created) == HOUSE
    assert (first.present, first.differences) == ((), ())
    with closing(KafkaProducer(**kafka_python_options(empty.settings))) as producer:
        for name in first.created:
            producer.send(name, b"x", key=b"k").get(timeout=10)
    again = ensure_topics(empty.settings)
    assert (again.created, again.differences) == ((), ())
    assert set(again.present) == set(first.created)


@pytest.mark.kafka
def test_processes_that_make_the_topics_at_once_do_not_disturb_each_other(empty):
    with ThreadPoolExecutor(3) as pool:
        reports = list(pool.map(ensure_topics, [empty.settings] * 3))
    assert {name for r in reports for name in r.created + r.present} == {
        topic.name for topic in wanted_topics(empty.settings, brokers=1)
    }
    assert not ensure_topics(empty.settings, check_only=True).differences


@pytest.mark.kafka
def test_the_broker_stamps_what_arrives_raw_and_nothing_else(empty):
    ensure_topics(empty.settings)
    long_ago = 1_000
    with closing(KafkaProducer(**kafka_python_options(empty.settings))) as producer:
        stamped = {
            name: producer.send(name, b"x", timestamp_ms=long_ago).get(10).timestamp
            for name in (RAW, EVENTS)
        }
    assert stamped[EVENTS] == long_ago < stamped[RAW]


@pytest.mark.kafka
def test_a_topic_made_otherwise_is_told_with_its_cure_and_left_alone(empty):
    with empty.admin() as admin:
        admin.create_topics({EVENTS: {"num_partitions": 3, "replication_factor": 1}})
    made = kafka("topics", broker=empty)
    assert made.exit_code == 1
    assert f"{HOUSE - 1} made, 1 were there" in made.stdout
    told = made.stderr.splitlines()
    assert (
        f"{EVENTS}: partitions is 3, wanted 4. This cannot be mended: patients would "
        "change their partition. Set EMBER_PARTITIONS to 3, or move to an empty "
        "cluster." in told
    )
    assert any("retention.ms is 604800000, wanted 2592000000" in line for line in told)
    checked = kafka("topics", "--check", "--json", broker=empty)
    assert checked.exit_code == 1
    report = json.loads(checked.stdout)
    assert {d["topic"] for d in report["differences"]} == {EVENTS}


@pytest.mark.kafka
def test_a_check_makes_nothing(empty):
    report = ensure_topics(empty.settings, check_only=True)
    assert {(d.what, d.found) for d in report.differences} == {("the topic", "missing")}
    assert report.created == ()
    with empty.admin() as admin:
        assert EVENTS not in admin.list_topics()


@pytest.mark.kafka
def test_more_copies_than_brokers_are_refused(broker):
    with pytest.raises(SettingsError, match="EMBER_REPLICAS is 3, and there are 1"):
        ensure_topics(replace(broker.settings, replicas=3))


def test_three_brokers_hold_three_copies_of_which_two_must_answer():
    for brokers, copies, in_sync in (
        (1, 1, "1"),
        (2, 1, "1"),
        (3, 3, "2"),
        (5, 3, "2"),
    ):
        for topic in wanted_topics(NOWHERE, brokers=brokers):
            assert topic.replicas == copies, topic.name
            assert topic.config["min.insync.replicas"] == in_sync, topic.name


def test_a_patients_topics_and_the_state_have_the_same_partitions():
    wanted = {
        topic.name: topic
        for topic in wanted_topics(replace(NOWHERE, partitions=7), brokers=1)
    }
    assert wanted["ember-facts-changelog"].config["cleanup.policy"] == "compact"
    assert wanted["trial.protocols"].config["cleanup.policy"] == "compact"
    single = {name for name, topic in wanted.items() if topic.partitions == 1}
    assert single == {"trial.protocols", REJECTED, "ember-__assignor-__leader"}
    assert {t.partitions for t in wanted.values()} == {1, 7}


def test_a_shadow_worker_writes_where_nobody_acts():
    wanted = wanted_topics(NOWHERE, brokers=1, shadow="sofa2")
    more = {t.name for t in wanted} - {
        t.name for t in wanted_topics(NOWHERE, brokers=1)
    }
    assert more == {
        "shadow.sofa2.sepsis.onsets",
        "shadow.sofa2.trial.screenings",
        "shadow.sofa2.trial.outcomes",
        "ember-sofa2-facts-changelog",
        "ember-sofa2-heads-changelog",
        "ember-sofa2-rules-changelog",
        "ember-sofa2-memory-changelog",
        "ember-sofa2-__assignor-__leader",
    }


@pytest.mark.parametrize("name", ["", "A", "a.b", "../x", "a" * 32])
def test_a_shadow_has_a_plain_name(name):
    with pytest.raises(SettingsError, match="cannot name a shadow worker"):
        shadow_topic(name, EVENTS)


def test_where_no_kafka_is_it_is_said_in_a_sentence():
    with pytest.raises(
        SettingsError, match=r"EMB-405: No Kafka answers plaintext at 1"
    ):
        require_kafka(NOWHERE, patience=0.2)


@pytest.mark.kafka
def test_a_broker_is_not_started_on_a_port_that_is_taken(broker, tmp_path):
    port = int(broker.servers.rpartition(":")[2])
    with pytest.raises(SettingsError, match=f"Port {port} is taken"):
        start(BrokerPlan(folder=tmp_path / "k", port=port))


@pytest.mark.kafka
def test_up_and_down_start_and_stop_one_broker(broker, tmp_path):  # noqa: ARG001
    plan = BrokerPlan(folder=tmp_path / "k", port=free_port())
    named = ("--dir", plan.folder)
    try:
        up = ember("kafka", "up", *named, "--port", plan.port)
        assert up.returncode == 0, up.stderr
        assert f"Kafka answers at {plan.servers}" in up.stdout
        assert answers(plan.asked_as, within=10)
        with pytest.raises(SettingsError, match="runs in"):
            start(plan)
    finally:
        down = ember("kafka", "down", *named)
    assert down.returncode == 0
    assert not answers(plan.asked_as)
    assert running(plan.folder) is None
    assert "No broker of ours runs" in kafka("down", *map(str, named)).stderr


def test_permissions_are_listed_for_people_and_for_scripts():
    listed = kafka("acls").stdout.splitlines()
    assert "relay\ttopic\ttrial.roster\tWrite, Describe" in listed
    rows = json.loads(kafka("acls", "--json", "--shadow", "sofa2").stdout)
    assert len(rows) > len(listed)


def test_without_java_and_maven_it_is_said_what_to_use_instead(tmp_path):
    told = kafka("up", "--dir", str(tmp_path / "k"), PATH=str(tmp_path)).exception
    assert isinstance(told, SettingsError)
    assert told.problem == "There is no Java (17 or newer) on the path."
    assert "EMBER_KAFKA" in told.cure
    assert "docker compose up" in told.cure
