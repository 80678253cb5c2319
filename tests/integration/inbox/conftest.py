"""A broker with our topics, a registry, and the processes of a test."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest
from integration.inbox.house import PARTITIONS, House
from kafka import KafkaProducer

from registry.store.unit_of_work import open_registry
from streams.app.kafka.topics import ensure_topics


@pytest.fixture
def house(broker, postgres, tmp_path):
    broker.clear()
    ensure_topics(replace(broker.settings, partitions=PARTITIONS))
    with postgres.database() as url:
        made = House(broker, url, tmp_path)
        with closing(KafkaProducer(bootstrap_servers=broker.servers)) as producer:
            made.producer = producer
            yield made


@pytest.fixture
def registry(house):
    with closing(open_registry(house.url)) as opened:
        yield opened
