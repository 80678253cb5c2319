"""What retention took before the registry read it is told, and what is left is taken."""

from __future__ import annotations

import json
import socket
import time
import urllib.error
import urllib.request
from contextlib import closing

import pytest
from integration.inbox.house import PARTITIONS, ehr, onset, until
from kafka import KafkaConsumer
from kafka.structs import TopicPartition

from registry.app.kafka import join
from registry.inbox.group import Group, Limits
from registry.inbox.reading import Archive, Verdicts
from streams.vocabulary.topics import EVENTS, ONSETS, OUTCOMES, SCREENINGS


pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

VERDICTS = (ONSETS, SCREENINGS, OUTCOMES)


def trim(house, topic):
    """Take all that the topic holds now, as retention does; by partition, its end."""
    places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    with closing(KafkaConsumer(bootstrap_servers=house.broker.servers)) as asking:
        ends = asking.end_offsets(places)
    with house.broker.admin() as admin:
        admin.delete_records({place: end for place, end in ends.items() if end})
    return {place.partition: end for place, end in ends.items()}


def asked(port, what):
    try:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{port}/{what}", timeout=5
        ) as got:
            return got.status, got.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()
    except OSError:
        return 0, ""


def failing(port):
    """The checks that do not hold; None where nobody answers yet."""
    status, answer = asked(port, "health")
    if not status:
        return None
    found = [check["name"] for check in json.loads(answer)["checks"] if not check["ok"]]
    assert (status == 200) == (not found)
    return found


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def told(process):
    lines = map(json.loads, process.log.read_text().splitlines())
    return [line for line in lines if line["event"] == "records gone unread"]


def gone(process):
    return sum(line["next_offset"] - line["offset"] for line in told(process))


def test_what_is_gone_at_the_start_is_told_counted_and_unhealthy_until_the_next(house):
    with house.process("consume", "all") as first:
        house.send(onset("p0"), *(ehr(f"a{n}", patient=f"p{n}") for n in range(9)))
        until(lambda: house.count("onset_revision") == 1)
        until(lambda: house.count("clinical_event") == 9)
        house.stop(first)

    house.send(*(ehr(f"b{n}", patient=f"p{n}") for n in range(9)), onset("p1"))
    trim(house, EVENTS)
    trim(house, ONSETS)
    house.send(*(ehr(f"c{n}", patient=f"p{n}") for n in range(9)))

    port = free_port()
    environ = {"EMBER_HTTP": f"127.0.0.1:{port}"}
    with house.process("consume", "all", **environ) as second:
        until(lambda: house.count("clinical_event") == 18)
        until(lambda: gone(second) == 10)
        until(lambda: failing(port) == ["nothing skipped"])
        _, metrics = asked(port, "metrics")
        house.stop(second)
    assert 'ember_inbox_skipped_total{topic="ehr.events"} 9.0' in metrics
    assert 'ember_inbox_skipped_total{topic="sepsis.onsets"} 1.0' in metrics
    for line in told(second):
        assert line["level"] == "error"
        assert {"topic", "partition"} <= line.keys()

    with house.process("consume", "all", **environ) as third:
        until(lambda: failing(port) == [])
        house.send(onset("p2"))
        until(lambda: house.count("onset_revision") == 2)
        house.stop(third)
    assert told(third) == []
    assert house.count("clinical_event") == 18
    assert house.lag("ember.archive", EVENTS) == 0
    assert house.lag("ember.verdicts", *VERDICTS) == 0
    assert house.letters() == []


def test_a_group_that_is_new_to_a_trimmed_topic_has_lost_nothing(house):
    house.send(onset("p0"), *(ehr(f"a{n}", patient=f"p{n}") for n in range(9)))
    trim(house, EVENTS)
    trim(house, ONSETS)
    house.send(*(ehr(f"b{n}", patient=f"p{n}") for n in range(9)))

    with house.consuming(Verdicts(), Archive()) as heard:
        until(lambda: house.count("clinical_event") == 9)
        house.send(onset("p1"))
        until(lambda: house.count("onset_revision") == 1)
        until(lambda: heard.records[EVENTS, "applied"] == 9)

    assert heard.skipped == []


def test_a_partition_that_was_empty_when_it_was_begun_can_lose_its_first_record(house):
    with house.consuming(Verdicts()):
        until(lambda: house.lag("ember.verdicts", *VERDICTS) == 0)
        until(lambda: committed(house) == PARTITIONS * len(VERDICTS))
    house.send(onset("p0"))
    trim(house, ONSETS)

    with house.consuming(Verdicts()) as heard:
        until(lambda: heard.skipped)

    (skipped,) = heard.skipped
    assert (skipped.topic, skipped.first, skipped.next) == (ONSETS, 0, 1)


def committed(house):
    with house.broker.admin() as admin:
        return len(admin.list_group_offsets("ember.verdicts").get("ember.verdicts", {}))


@pytest.fixture
def member(house):
    """One that reads and settles in this thread, and tells what is gone."""
    skipped = []
    kafka = house.broker.settings
    log = join(kafka, ONSETS, name="verdicts", records=100, gather=False)
    group = Group(log, (ONSETS,), Limits(), skipped.append)
    group.skipped = skipped
    yield group
    group.leave()


def taken(group):
    """The records that come now, settled."""
    found = []
    for portion in group.read():
        group.settle(portion)
        found += portion
    return found


@pytest.mark.parametrize("left", [0, 5])
def test_what_goes_in_the_middle_of_a_run_is_told_and_the_rest_is_taken(
    house, member, left
):
    house.send(*(onset(f"p{n}") for n in range(9)))
    found = []
    until(lambda: found.extend(taken(member)) or len(found) == 9)
    until(lambda: not taken(member))
    time.sleep(2)  # what was being fetched has come, and was nothing
    house.send(*(onset(f"q{n}") for n in range(9)))
    trim(house, ONSETS)
    house.send(*(onset(f"r{n}") for n in range(left)))

    until(lambda: found.extend(taken(member)) or len(found) == 9 + left)
    until(lambda: not taken(member))
    lag = member.lag()

    assert sum(skipped.records for skipped in member.skipped) == 9
    assert lag == {ONSETS: 0}
    assert len({(r.partition, r.offset) for r in found}) == len(found) == 9 + left
    for _ in range(3):
        taken(member)
        member.lag()
        member.settle([])
    assert sum(skipped.records for skipped in member.skipped) == 9
    assert house.lag("ember.verdicts", ONSETS) == 0
