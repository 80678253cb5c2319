"""`ember listen --embedded`: a spool in place of Kafka, and one registry behind it."""

import asyncio
import random
import signal
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from integration.faults.processes import Process, Supervisor, ember
from integration.listen.commanded import Engine, free_port, site_files, wait_until
from integration.listen.house import message
from integration.listen.story import WORDS, septic

from streams.app.listen.spool import Read, Spool
from streams.app.listen.store import RawMessage
from streams.vocabulary.errors import ErrorCode, SettingsError


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def listener(tmp_path):
    """The process under a supervisor, its port, its spool and its registry."""
    port = free_port()
    environ = {
        "PATH": "",
        "EMBER_MLLP": f"127.0.0.1:{port}",
        "EMBER_LISTENER_DIR": str(tmp_path / "listener"),
        "EMBER_REGISTRY": f"sqlite:///{tmp_path}/r.sqlite",
        **site_files(tmp_path),
    }
    with closing(Supervisor()) as supervisor:
        process = supervisor.add(
            Process(
                "listen",
                [ember(), "listen", "--embedded"],
                environ,
                tmp_path / "listen.log",
            )
        )
        yield port, process, tmp_path


def rows(file, statement):
    with closing(sqlite3.connect(file, timeout=30)) as opened:
        return opened.execute(statement).fetchall()


def spooled(folder):
    return rows(
        folder / "listener" / "spool.sqlite", "SELECT digest, read, code FROM spooled"
    )


def onsets(folder):
    try:
        return rows(folder / "r.sqlite", "SELECT status FROM onset_revision")
    except sqlite3.OperationalError:  # before it is migrated
        return []


@pytest.mark.unmeasured
def test_a_patient_told_by_mllp_is_flagged_without_kafka(listener):
    port, process, folder = listener
    broken = b"MSH|^~\\&|LAB|G|||20260301120000||ORU^R01|7|P|2.5.1\r"
    engine = Engine(port, [*septic(datetime.now(UTC)), broken]).start()
    wait_until(lambda: len(engine.accepted) == 6)
    engine.stop()
    wait_until(lambda: onsets(folder))
    wait_until(lambda: all(read for _, read, _ in spooled(folder)))
    assert [code for *_, code in spooled(folder) if code] == ["EMB-123"]
    assert process.end(signal.SIGTERM) == 0
    said = process.said() + str(
        rows(folder / "r.sqlite", "SELECT * FROM clinical_event")
    )
    assert [word for word in WORDS if word in said] == []
    raw = (folder / "listener" / "spool.sqlite").read_bytes()
    assert [word for word in WORDS if word.encode() in raw] == []  # it is sealed


@pytest.mark.unmeasured
def test_killed_again_and_again_it_has_what_it_accepted_once(listener):
    port, process, folder = listener
    engine = Engine(port, [message(n, patient=f"{n % 5}-1") for n in range(1 << 14)])
    engine.start()
    chance = random.Random(7)
    for number in range(2):
        before = len(engine.accepted)
        wait_until(lambda before=before: len(engine.accepted) > before + 20)
        time.sleep(chance.uniform(0.0, 0.5))
        assert process.signal(signal.SIGKILL)
        wait_until(lambda number=number: process.starts > number + 1)
    before = len(engine.accepted)
    wait_until(lambda: len(engine.accepted) > before + 20)
    engine.stop()
    wait_until(lambda: all(read for _, read, _ in spooled(folder)))
    there = [digest for digest, *_ in spooled(folder)]
    accepted = {sha256(one).digest() for one in engine.accepted}
    assert accepted <= set(there)
    assert len(there) == len(set(there)) <= len(accepted) + 1
    archived = rows(
        folder / "r.sqlite",
        "SELECT count(DISTINCT message_id), count(*) FROM clinical_event "
        "WHERE kind = 'measurement'",
    )
    assert archived == [(len(there), len(there))]


# -- the spool itself ------------------------------------------------------------------


def raw(payload, at=NOON):
    return RawMessage(
        payload=payload,
        key=b"k",
        sender="LAB|GENERAL",
        control_id="1",
        received_at=at,
        digest=sha256(payload).digest(),
    )


async def kept(spool, *messages):
    for done in [await spool.keep(one) for one in messages]:
        await done


def test_a_spool_keeps_order_and_each_message_once_and_time_never_runs_backwards(
    tmp_path,
):
    earlier = NOON - timedelta(hours=1)
    spool = Spool(tmp_path / "spool.sqlite")
    spool.open()
    asyncio.run(kept(spool, raw(b"a"), raw(b"b", earlier), raw(b"a", earlier)))
    again = Spool(tmp_path / "spool.sqlite")
    again.open()
    asyncio.run(kept(again, raw(b"c", earlier), raw(b"b")))
    found = again.unread(10)
    assert [(one.payload, one.received_at) for one in found] == [
        (b"a", NOON),
        (b"b", NOON),
        (b"c", NOON),
    ]
    again.mark([Read(found[0].number), Read(found[1].number, "EMB-107", "a unit")])
    assert [one.payload for one in again.unread(10)] == [b"c"]
    spooled_still = "SELECT payload, code FROM spooled ORDER BY number"
    again.forget(NOON + timedelta(days=8))
    kept_still = rows(tmp_path / "spool.sqlite", spooled_still)
    assert kept_still == [(b"b", "EMB-107"), (b"c", None)]
    again.forget(NOON + timedelta(days=31))  # when its letter goes as well
    assert rows(tmp_path / "spool.sqlite", spooled_still) == [(b"c", None)]


def test_a_spool_that_cannot_write_accepts_nothing(tmp_path):
    spool = Spool(tmp_path / "spool.sqlite")
    spool.open()
    spool.path = tmp_path / "gone" / "spool.sqlite"
    with pytest.raises(sqlite3.OperationalError):
        asyncio.run(kept(spool, raw(b"a")))


def test_a_spool_whose_place_is_no_folder_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError) as fault:
        Spool(tmp_path / "file" / "spool.sqlite").open()
    assert fault.value.code is ErrorCode.PATH_NOT_FOUND
