"""From MLLP to the registry: a made-up patient's messages, and what is made of them."""

import subprocess
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from integration.listen.commanded import Engine, free_port, site_files, wait_until
from integration.listen.house import message
from integration.listen.story import WORDS, septic, written
from integration.live.house import EMBER, house, running, settled
from sqlalchemy import create_engine, text

from registry.store.engine import database_url
from registry.store.schema import schema
from streams.adapters.identity.pseudonyms import Identifier, Pseudonyms


pytestmark = [
    pytest.mark.kafka,
    pytest.mark.postgres,
    pytest.mark.unmeasured,
]

FRESH, STALE = "MRN88142", "MRN99001"


def name_of(number):
    pseudonyms = Pseudonyms("ward", {1: b"IDENTITY" * 5})
    return pseudonyms.name("patient", Identifier("GENERAL", number))


def rows(url, statement, **values):
    engine = create_engine(database_url(url))
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(statement), values)]
    engine.dispose()
    return found


def everything(url):
    """All tables of the registry, as text."""
    return "\n".join(
        repr(row)
        for table in schema("postgresql").tables.values()
        for row in rows(url, f"SELECT * FROM {table.fullname}")
    )


@pytest.fixture(scope="module")
def told(broker, postgres, tmp_path_factory):
    """A registry that is live, after one patient of now and one of a downtime ago."""
    folder = tmp_path_factory.mktemp("site")
    port, now = free_port(), datetime.now(UTC)
    named = site_files(folder)
    with (
        postgres.database() as url,
        house(
            broker, url, folder / "house", workers=1, batch=1_000, **named
        ) as environ,
    ):
        subprocess.run(
            [EMBER, "mode", "live", "--reason", "tried out"], env=environ, check=True
        )
        log = folder / "listen.log"
        environ |= {"EMBER_LISTENER_DIR": str(folder / "heard")}
        with running(environ, log, "listen", "--at", f"127.0.0.1:{port}"):
            stale = septic(now - timedelta(days=4), STALE)
            timely = message(9, patient="MRN77", msh={7: written(now)})
            engine = Engine(port, [*stale, *septic(now, FRESH), timely]).start()
            wait_until(lambda: len(engine.accepted) == 11)
            engine.stop()
            wait_until(lambda: onsets(url, FRESH) and onsets(url, STALE))
            wait_until(lambda: settled(broker))
        yield url, folder, environ


def onsets(url, number):
    return rows(
        url,
        "SELECT status, known_at FROM onset_revision WHERE patient = :patient "
        "ORDER BY revision",
        patient=name_of(number),
    )


def test_a_patient_told_by_mllp_is_flagged_in_the_registry(told):
    url, *_ = told
    assert [status for status, _ in onsets(url, FRESH)][-1] in {
        "provisional",
        "confirmed",
    }


def test_after_a_downtime_all_is_recorded_and_nobody_is_paged_for_a_closed_window(told):
    url, folder, _ = told
    assert onsets(url, STALE)
    alerted = {patient for (patient,) in rows(url, "SELECT patient FROM alert")}
    assert alerted == {name_of(FRESH)}
    said = (folder / "listen.log").read_text().splitlines()
    caught_up = [orjson.loads(s) for s in said if "a sender caught up" in s]
    (laboratory,) = caught_up
    assert laboratory["records"] == 6
    assert laboratory["late_seconds"] > 4 * 86_400


def test_nothing_that_names_the_patient_is_in_the_registry_or_in_a_log(told):
    url, folder, _ = told
    said = everything(url)
    assert name_of(FRESH) in said
    logs = [*(folder / "house").glob("*.log"), folder / "listen.log"]
    assert len(logs) == 4
    said += "".join(log.read_text() for log in logs)
    assert [word for word in WORDS if word in said] == []


def test_what_lies_on_the_raw_topic_is_fed_again_and_changes_nothing(told, broker):
    url, _, environ = told
    before = sorted(map(repr, recorded(url)))
    done = subprocess.run(
        [EMBER, "feed", "--from-topic", "ehr.raw", "--topic", "backfill"],
        env=environ,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "11 messages" in done.stdout + done.stderr
    assert " 0 unreadable" in done.stdout + done.stderr
    wait_until(lambda: settled(broker))
    assert sorted(map(repr, recorded(url))) == before


def recorded(url):
    """Facts, flags and alerts; not when a row was written."""
    return [
        *rows(url, "SELECT message_id, event_id, known_at FROM clinical_event"),
        *rows(url, "SELECT flag_id, revision, status, known_at FROM onset_revision"),
        *rows(url, "SELECT alert_id FROM alert"),
    ]
