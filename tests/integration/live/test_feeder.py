"""The feeder as its users run it, on a real broker: killed, stopped, cut off."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest
from typer.testing import CliRunner

from registry.app.cli import app
from streams.app.kafka.feeder import Feeder, Outgoing, Pace, producer_for
from streams.app.kafka.feeding import Source, outgoing
from streams.app.kafka.progress import Progress
from streams.app.kafka.reading import consumer_for, records_in, span_of
from streams.app.kafka.topics import ensure_topics
from streams.app.observe.tracing import parse
from streams.simulate.config import HospitalConfig
from streams.simulate.hospital import Simulation, json_lines
from streams.vocabulary.messages import EHR_MESSAGE, LOGGED, decode, encode
from streams.vocabulary.topics import (
    BACKFILL,
    CANONICAL,
    EVENTS,
    FORMAT_HEADER,
    RAW,
    TRACE_HEADER,
    patient_key,
)


pytestmark = pytest.mark.kafka

EMBER = Path(sys.executable).with_name("ember")
CONFIG = HospitalConfig(seed=3, duration=timedelta(days=2))
PATIENCE = 180


@pytest.fixture(scope="module")
def hospital():
    """Its first week; the months in which little happens are left out."""
    return tuple(islice(Simulation(CONFIG).messages(), 1_500))


@pytest.fixture(scope="module")
def ndjson(hospital, tmp_path_factory):
    file = tmp_path_factory.mktemp("source") / "hospital.ndjson"
    file.write_bytes(b"".join(json_lines(iter(hospital))))
    return file


@pytest.fixture
def house(broker):
    """The broker with our topics, and nothing in them."""
    broker.clear()
    ensure_topics(replace(broker.settings, partitions=3))
    return broker


def started(house, *arguments, **pipes):
    return subprocess.Popen(
        [EMBER, "feed", *map(str, arguments)],
        env=house.environ(),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        **pipes,
    )


def finished(process, given=None):
    """Its exit status and what it told on standard error."""
    try:
        _, told = process.communicate(given, timeout=PATIENCE)
    finally:
        process.kill()
        process.wait()
    return process.returncode, told.decode()


def feed(house, *arguments):
    """The same in this process, to its end: its exit status and what it told."""
    return ask(house, "feed", *arguments)


def ask(house, *arguments):
    done = CliRunner().invoke(
        app, [str(one) for one in arguments], env={"EMBER_KAFKA": house.servers}
    )
    fault = "" if isinstance(done.exception, SystemExit | None) else done.exception
    return done.exit_code, f"{done.stderr}{fault}"


def lying_in(house, topic):
    with consumer_for(house.settings) as consumer:
        return list(records_in(consumer, span_of(consumer, topic)))


def by_key(records):
    """What is told of each patient, in order, each thing once."""
    found = defaultdict(dict)
    for record in records:
        found[record.key].setdefault(record.value)
    return {key: list(values) for key, values in found.items()}


def acknowledged(progress):
    if not progress.exists():
        return 0
    return json.loads(progress.read_bytes())["acknowledged"].get("source", 0)


def reaches(progress, count):
    """Wait until so many records are acknowledged."""
    until = time.monotonic() + PATIENCE
    while acknowledged(progress) < count:
        assert time.monotonic() < until
        time.sleep(0.02)


def test_killed_again_and_again_it_loses_nothing_and_keeps_the_order(
    house, hospital, ndjson, tmp_path
):
    expected = by_key(Source(hospital, ends=True).records())
    total = sum(map(len, expected.values()))
    progress = tmp_path / "progress"
    asked = ("--file", ndjson, "--speed", 150_000, "--progress", progress)
    for how in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
        process = started(house, *asked)
        reaches(progress, acknowledged(progress) + total // 8)
        process.send_signal(how)
        status, told = finished(process)
        assert status == (0 if how == signal.SIGTERM else -signal.SIGKILL), told
        assert acknowledged(progress) < total - 1
    status, told = feed(house, *asked[:2], *asked[4:])
    assert status == 0, told
    records = lying_in(house, RAW)
    assert by_key(records) == expected
    assert len(records) < total * 2
    assert acknowledged(progress) == total - 1
    status, told = feed(house, *asked)
    assert status == 0
    assert f"{total} were by an earlier run" in told
    assert len(lying_in(house, RAW)) == len(records)
    status, told = feed(house, "--simulate", 1, "--progress", progress)
    assert status == 1
    assert "EMB-404" in told


def test_a_broker_that_dies_under_it_is_waited_for(house, hospital, ndjson, tmp_path):
    expected = by_key(Source(hospital, ends=True).records())
    progress = tmp_path / "progress"
    process = started(
        house, "--file", ndjson, "--speed", 300_000, "--progress", progress
    )
    reaches(progress, 500)
    house.kill()
    time.sleep(1)
    house.start()
    status, told = finished(process)
    assert status == 0, told
    assert by_key(lying_in(house, RAW)) == expected


def test_records_say_whose_they_are_how_to_read_them_and_which_trace_they_begin(
    house, ndjson
):
    status, told = feed(house, "--file", ndjson, "--topic", "backfill")
    assert status == 0, told
    records = lying_in(house, BACKFILL)
    for record in islice(records, 50):
        message = decode(LOGGED, record.value)
        assert record.key == patient_key(message.site, message.patient)
        headers = dict(record.headers)
        assert headers[FORMAT_HEADER] == CANONICAL.encode()
        assert parse(headers[TRACE_HEADER])
    last = [decode(LOGGED, values[-1]) for values in by_key(records).values()]
    assert {message.type for message in last} == {"tick"}
    assert {message.provenance for message in last} == {"simulated"}
    assert len({message.known_at for message in last}) == 1


def test_a_simulation_is_fed_message_by_message(house):
    status, told = feed(house, "--simulate", 1, "--seed", 3, "--no-end")
    assert status == 0, told
    config = replace(CONFIG, duration=timedelta(days=1))
    expected = by_key(Source(Simulation(config).messages(), ends=False).records())
    assert by_key(lying_in(house, RAW)) == expected


def test_a_faulty_line_is_named_and_nothing_of_its_file_is_sent(
    house, ndjson, tmp_path
):
    lines = ndjson.read_bytes().splitlines(keepends=True)
    faulty = tmp_path / "faulty.ndjson"
    faulty.write_bytes(b"".join(lines[:40]) + b'{"type": "ehr"}\n')
    status, told = feed(house, "--file", faulty)
    assert status == 1
    assert "EMB-110: Line 41: " in told
    assert not lying_in(house, RAW)


def test_raw_lines_are_sent_as_they_are_for_others_to_reject(house, hospital):
    good = encode(EHR_MESSAGE, hospital[0])
    bad = b'\xff{"site":"s"'
    process = started(house, "--file", "-", "--raw", stdin=subprocess.PIPE)
    status, told = finished(process, b"\n".join([good, bad]))
    assert status == 0, told
    records = lying_in(house, RAW)
    assert {r.value for r in records} == {good, bad}
    assert {r.key for r in records} == {
        None,
        patient_key(hospital[0].site, hospital[0].patient),
    }


def test_a_line_on_the_standard_input_goes_out_when_it_comes(house, hospital):
    live = replace(hospital[0], provenance="live")
    process = started(house, "--file", "-", stdin=subprocess.PIPE)
    try:
        os.write(process.stdin.fileno(), encode(EHR_MESSAGE, live) + b"\n")
        until = time.monotonic() + PATIENCE
        while not (records := lying_in(house, RAW)):
            assert time.monotonic() < until
    finally:
        process.send_signal(signal.SIGTERM)
    assert finished(process)[0] == 0
    assert [decode(LOGGED, r.value) for r in records] == [live]
    assert len(lying_in(house, RAW)) == 1


def test_what_lies_in_a_topic_is_fed_again_as_history(house, hospital, tmp_path):
    send(
        house, RAW, [replace(message, provenance="live") for message in hospital[:300]]
    )
    received = {record.timestamp for record in lying_in(house, RAW)}
    progress = tmp_path / "progress"
    again = ("--from-topic", RAW, "--progress", progress)
    status, told = feed(house, *again)
    assert status == 0, told
    back = [decode(LOGGED, r.value) for r in lying_in(house, BACKFILL)]
    assert len(back) == 300
    assert {message.provenance for message in back} == {"history"}
    assert {round(m.known_at.timestamp() * 1000) for m in back} <= received
    assert all(e.known_at == m.known_at for m in back for e in m.events)
    status, told = feed(house, *again)
    assert len(lying_in(house, BACKFILL)) == 300


def test_a_part_of_a_topic_is_named_by_offsets_or_moments(house, hospital):
    send(house, EVENTS, hospital[:200])
    some = lying_in(house, EVENTS)[0].partition
    there = [r for r in lying_in(house, EVENTS) if r.partition == some]
    offsets = ",".join(f"{p}:{5 if p == some else 10**9}" for p in range(3))
    until = ",".join(f"{p}:{9 if p == some else 0}" for p in range(3))
    status, told = feed(house, "--from-topic", EVENTS, "--from", offsets, "--to", until)
    assert status == 0, told
    assert [r.value for r in lying_in(house, BACKFILL)] == [r.value for r in there[5:9]]
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    status, told = feed(house, "--from-topic", EVENTS, "--from", tomorrow)
    assert status == 0, told
    assert len(lying_in(house, BACKFILL)) == 4


def test_only_who_was_heard_live_is_judged_anew(house, hospital):
    known = {m.patient: m for m in hospital}
    living, *others = known.values()
    since = datetime.now(UTC)
    send(house, EVENTS, [*others, replace(living, provenance="live"), living])
    status, told = ask(house, "rejudge")
    assert status == 0, told
    said = [decode(LOGGED, r.value) for r in lying_in(house, EVENTS)]
    ticks = [message for message in said if message.type == "tick"]
    assert [(t.patient, t.provenance) for t in ticks] == [(living.patient, "live")]
    assert since <= ticks[0].known_at <= datetime.now(UTC)


def send(house, topic, messages):
    """Straight into a topic, without the command."""
    records = (outgoing(m, position=n) for n, m in enumerate(messages))
    fed = fed_in_process(house, topic, records)
    assert fed.acknowledged == len(messages)


def fed_in_process(house, topic, records):
    class Never:
        is_set = wait = staticmethod(lambda *_: False)

    with producer_for(house.settings, topic) as producer:
        feeder = Feeder(
            producer,
            topic,
            progress=Progress(None, ""),
            pace=Pace(None),
            stopping=Never(),
        )
        return feeder.feed(records)


def test_a_feeder_holds_no_more_than_it_may(house):
    many = (
        Outgoing(key=b"s/p", value=b"x" * 200_000, headers=(), position=n)
        for n in range(400)
    )
    assert fed_in_process(house, RAW, many).acknowledged == 400
