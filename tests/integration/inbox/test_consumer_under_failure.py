"""The command itself, killed, robbed of its database, and in two copies."""

from __future__ import annotations

import json
import socket
import urllib.request

import pytest
from integration.inbox.house import ehr, onset, screening, until

from streams.vocabulary.topics import EVENTS, ONSETS, OUTCOMES, SCREENINGS


pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

VERDICTS = (ONSETS, SCREENINGS, OUTCOMES)


def health(port):
    try:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{port}/health", timeout=5
        ) as got:
            return json.loads(got.read())
    except OSError:
        return None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_killed_between_the_transaction_and_the_offset_it_doubles_nothing(
    house, broker
):
    with house.process("consume", "all") as first:
        house.send(onset("p0"))
        until(lambda: house.count("onset_revision") == 1)
        until(lambda: house.lag("ember.verdicts", *VERDICTS) == 0)
        with house.connected() as holding:
            holding.execute("LOCK TABLE inbox IN SHARE ROW EXCLUSIVE MODE")
            house.send(onset("p1"), screening("p1"))
            waits = "SELECT 1 FROM pg_locks WHERE NOT granted"
            until(lambda: house.rows(waits))
            broker.pause()
            holding.commit()
        try:
            until(lambda: house.count("onset_revision") == 2)
            first.kill()
            first.wait(10)
        finally:
            broker.resume()
    assert house.lag("ember.verdicts", *VERDICTS) > 0

    with house.process("consume", "all") as second:
        until(lambda: house.lag("ember.verdicts", *VERDICTS) == 0)
        house.send(onset("p2"))
        until(lambda: house.count("onset_revision") == 3)
        house.stop(second)

    assert house.count("screening_revision") == 1
    assert house.letters() == []


def test_a_database_that_is_gone_for_a_while_is_waited_for(house, postgres):
    port = free_port()
    environ = {"EMBER_HTTP": f"127.0.0.1:{port}"}
    with house.process("consume", "all", **environ) as process:
        house.send(*(ehr(f"a{n}", patient=f"p{n}") for n in range(20)))
        until(lambda: house.count("clinical_event") == 20)
        until(lambda: health(port))
        house.close_database(postgres)
        house.send(*(ehr(f"b{n}", patient=f"p{n}") for n in range(300)), onset())
        until(lambda: health(port) is None)  # 503: not well
        until(lambda: b"waiting for registry" in process.log.read_bytes())
        house.open_database(postgres)
        until(lambda: house.count("clinical_event") == 320)
        until(lambda: house.count("onset_revision") == 1)
        until(lambda: health(port))
        assert process.poll() is None
        house.stop(process)

    assert house.lag("ember.archive", EVENTS) == 0
    assert house.letters() == []


def test_two_share_the_work_and_one_takes_over_when_the_other_is_killed(house):
    told = [ehr(f"m{n}", patient=f"p{n % 50}") for n in range(600)]
    with (
        house.process("consume", "archive") as first,
        house.process("consume", "archive") as second,
    ):
        house.send(*told[:400])
        until(lambda: house.count("clinical_event") >= 200)
        first.kill()
        house.send(*told[300:])
        until(lambda: house.count("clinical_event") == 600)
        until(lambda: house.lag("ember.archive", EVENTS) == 0)
        house.stop(second)

    ((heard,),) = house.rows("SELECT events FROM feed WHERE kind = 'source'")
    assert heard == 600
    assert house.letters() == []


def test_what_nobody_foresaw_ends_the_process_and_skips_nothing(house):
    with house.process("consume", "all") as process:
        house.send(ehr("m1"))
        until(lambda: house.count("clinical_event") == 1)
        until(lambda: house.lag("ember.archive", EVENTS) == 0)
        house.run("ALTER TABLE feed RENAME TO lost")
        house.send(ehr("m2"), onset())
        assert process.wait(20) == 1

    assert house.lag("ember.archive", EVENTS) == 1
    assert house.letters() == []
