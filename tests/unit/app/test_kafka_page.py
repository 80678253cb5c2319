"""The page on Kafka and the AsyncAPI document say what the tables say."""

import json
import re
from pathlib import Path

import pytest

from registry.app.asyncapi import asyncapi
from streams.app.kafka.acls import acls
from streams.app.kafka.topics import wanted_topics
from streams.app.settings import KafkaSettings
from streams.vocabulary.topics import EVENTS, TOPICS


ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "deploy/docs/kafka.md").read_text()
DOCUMENT = asyncapi()


def row(*cells):
    return "| " + " | ".join(cells) + " |"


def rows_of(section):
    text = PAGE.partition(f"## {section}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| .*\|$", text, re.MULTILINE)[2:]


def test_the_page_lists_the_topics_as_they_are_made():
    made = {
        topic.name: topic
        for topic in wanted_topics(KafkaSettings(servers=("x",)), brokers=3)
    }
    assert rows_of("Topics") == [
        row(
            f"`{topic.name}`",
            ", ".join(topic.written_by),
            ", ".join(topic.read_by),
            topic.key,
            str(made[topic.name].partitions),
            "the latest of each key"
            if topic.retention is None
            else f"{topic.retention.days} days",
        )
        for topic in TOPICS
    ]


def test_the_page_lists_every_permission_and_no_other():
    told = [acl.cells() for acl in acls(shadow="name")]
    assert rows_of("Permissions") == [
        row(who, on, f"`{name}`", may) for who, on, name, may in told
    ]


def test_only_the_worker_and_the_operator_may_write_a_patients_log():
    writers = {
        acl.component
        for acl in acls(shadow="name")
        if acl.name == EVENTS and "Write" in acl.operations
    }
    assert writers == {"worker", "operator"}


def test_the_relay_reads_nothing_and_the_feeder_neither():
    readers = {a.component for a in acls() if "Read" in a.operations}
    assert readers.isdisjoint({"relay", "feeder", "administrator"})


def test_every_reference_of_the_asyncapi_document_leads_somewhere():
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(DOCUMENT)):
        found = DOCUMENT
        for step in reference.split("/"):
            found = found[step]
        assert found


def test_the_asyncapi_document_has_every_topic_with_its_senders_and_receivers():
    assert list(DOCUMENT["channels"]) == [topic.name for topic in TOPICS]
    told = {
        (operation["tags"][0]["name"], operation["action"], channel)
        for operation in DOCUMENT["operations"].values()
        for channel in [operation["channel"]["$ref"].removeprefix("#/channels/")]
    }
    assert told == {
        (component, action, topic.name)
        for topic in TOPICS
        for action, components in (
            ("send", topic.written_by),
            ("receive", topic.read_by),
        )
        for component in components
    }


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_every_channel_says_what_its_records_carry(topic):
    carried = DOCUMENT["channels"][topic.name]["messages"]
    assert carried
    for name in carried:
        message = DOCUMENT["components"]["messages"][f"{topic.name}.{name}"]
        assert "traceparent" in message["headers"]["properties"]
        assert message["bindings"]["kafka"]["key"]["description"] == topic.key
