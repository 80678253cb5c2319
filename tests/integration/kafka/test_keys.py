"""One key, one partition: whoever produces, a patient's records stay in one order."""

import asyncio
from contextlib import closing

import pytest
from aiokafka import AIOKafkaProducer
from kafka import KafkaProducer

from streams.app.kafka.connection import aiokafka_options, kafka_python_options
from streams.vocabulary.topics import patient_key


pytestmark = pytest.mark.kafka
TOPIC = "tried.keys"
KEYS = [patient_key(site, f"p-{n}") for site in ("st-é", "b") for n in range(150)]


@pytest.fixture
def topic(broker):
    with broker.admin() as admin:
        admin.create_topics({TOPIC: {"num_partitions": 12, "replication_factor": 1}})
        admin.wait_for_topics([TOPIC])
    yield
    with broker.admin() as admin:
        admin.delete_topics([TOPIC])


def placed_by_kafka_python(settings):
    with closing(KafkaProducer(**kafka_python_options(settings))) as producer:
        sent = [producer.send(TOPIC, b"x", key=key) for key in KEYS]
        return [record.get(timeout=20).partition for record in sent]


def placed_by_aiokafka(settings):
    async def place():
        async with AIOKafkaProducer(**aiokafka_options(settings)) as producer:
            sent = [await producer.send(TOPIC, b"x", key=key) for key in KEYS]
            return [record.partition for record in await asyncio.gather(*sent)]

    return asyncio.run(asyncio.wait_for(place(), 30))


@pytest.mark.usefixtures("topic")
def test_every_client_puts_a_key_on_the_same_partition(broker):
    placed = placed_by_kafka_python(broker.settings)
    assert placed_by_aiokafka(broker.settings) == placed
    assert set(placed) == set(range(12))
