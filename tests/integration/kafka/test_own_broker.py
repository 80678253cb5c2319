"""The broker of development and tests: it keeps what it acknowledged, come what may."""

import time
from contextlib import closing

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError

from streams.app.kafka.connection import kafka_python_options
from streams.app.kafka.reach import answers, require_kafka


pytestmark = pytest.mark.kafka
TOPIC = "tried.own-broker"


def produce(broker, value):
    options = kafka_python_options(broker.settings)
    with closing(KafkaProducer(**options, max_block_ms=10_000)) as producer:
        producer.send(TOPIC, value, partition=0).get(timeout=10)


def consume(broker):
    options = kafka_python_options(broker.settings)
    with closing(KafkaConsumer(**options, enable_auto_commit=False)) as consumer:
        place = TopicPartition(TOPIC, 0)
        consumer.assign([place])
        consumer.seek_to_beginning(place)
        end = consumer.end_offsets([place])[place]
        told = []
        deadline = time.monotonic() + 20
        while len(told) < end:
            assert time.monotonic() < deadline
            for records in consumer.poll(500).values():
                told += [record.value for record in records]
    return told


@pytest.fixture
def topic(broker):
    with broker.admin() as admin:
        admin.create_topics({TOPIC: {"num_partitions": 1, "replication_factor": 1}})
        admin.wait_for_topics([TOPIC])
    yield
    with broker.admin() as admin:
        admin.delete_topics([TOPIC])


@pytest.mark.usefixtures("topic")
@pytest.mark.parametrize("ending", ["restart", "kill"])
def test_what_was_acknowledged_survives_the_broker(broker, ending):
    produce(broker, b"before")
    if ending == "restart":
        broker.restart()
    else:
        broker.kill()
        assert not answers(broker.settings)
        broker.start()
    produce(broker, b"after")
    assert consume(broker) == [b"before", b"after"]


@pytest.mark.usefixtures("topic")
def test_a_paused_broker_is_silent_and_then_goes_on(broker):
    broker.pause()
    try:
        assert not answers(broker.settings)
    finally:
        broker.resume()
    require_kafka(broker.settings)


def test_a_topic_nobody_made_is_not_made_by_speaking_of_it(broker):
    options = kafka_python_options(broker.settings)
    with (
        closing(KafkaProducer(**options, max_block_ms=300)) as producer,
        pytest.raises(KafkaError),
    ):
        producer.send("tried.never-made", b"x").get(timeout=2)


@pytest.mark.usefixtures("topic")
def test_an_emptied_house_is_empty(broker):
    produce(broker, b"x")
    broker.clear()
    with broker.admin() as admin:
        assert not [name for name in admin.list_topics() if name[:2] != "__"]
        admin.create_topics({TOPIC: {"num_partitions": 1, "replication_factor": 1}})
        admin.wait_for_topics([TOPIC])
    assert consume(broker) == []
