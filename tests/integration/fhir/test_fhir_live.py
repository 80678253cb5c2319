"""FHIR to its end: an export and live resources, a killed worker, the registry.

Made-up septic patients of the synthetic hospital, exported with everything before what
it speaks of: results first, and whose they are last.
"""

import shutil
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice

import orjson
import pytest
import yaml
from integration.fhir.test_bulk_feed import feed
from integration.live.house import (
    RULES,
    house,
    put_in_force,
    running,
    settled,
    wait_until,
)
from kafka import KafkaConsumer
from servers.fhir_house import FhirHouse, fhir_house
from servers.groups import unread
from sqlalchemy import create_engine, text

from registry.store.engine import database_url
from registry.store.schema import schema
from streams.app.kafka.connection import kafka_python_options
from streams.app.kafka.feeder import producer_for
from streams.app.remembering import FhirReader, fhir_site
from streams.pipeline.ingest import Received
from streams.pipeline.patient import advance
from streams.pipeline.state import PatientState
from streams.simulate.config import HospitalConfig
from streams.simulate.hospital import patients, record
from streams.simulate.writers.codebook import site_document
from streams.simulate.writers.fhir import FhirWriter
from streams.simulate.writers.people import identity_of
from streams.simulate.writers.written import Spoken
from streams.vocabulary.messages import DEAD_LETTER, SepsisOnset, decode
from streams.vocabulary.topics import BACKFILL, FORMAT_HEADER, RAW, REJECTED, server_key


pytestmark = [
    pytest.mark.kafka,
    pytest.mark.postgres,
    pytest.mark.unmeasured,
]

CONFIG = HospitalConfig(seed=3, sepsis_share=0.6, duration=timedelta(days=2))
PEOPLE = 2
SPOKEN_OF = ("Location", "Specimen", "Encounter", "Patient")
"""What others speak of, whose it is last."""


@cache
def written():
    """All resources of the patients, results first; and who they are."""
    found, names = [], []
    for admitted in islice(patients(CONFIG), PEOPLE):
        messages = list(record(CONFIG, admitted))
        writer = FhirWriter(Spoken(messages))
        names.append(admitted.name)
        found += [line for one in messages for line in writer.write(one).payloads]
    return sorted(found, key=_place), names


def _place(payload):
    kind = orjson.loads(payload)["resourceType"]
    return SPOKEN_OF.index(kind) if kind in SPOKEN_OF else -1


@pytest.fixture
def site(tmp_path):
    """The settings of the simulated hospital's site, with keys of its own."""
    named = {"EMBER_SITE": str(tmp_path / "site.yaml"), "EMBER_FHIR_PATIENCE": "3"}
    document = {**site_document("demo-hospital"), "identity": "pseudonymous"}
    (tmp_path / "site.yaml").write_text(yaml.safe_dump(document))
    for name in ("IDENTITY", "PAYLOAD"):
        file = tmp_path / name.lower()
        file.write_bytes(b64encode(name.encode() * 5))
        file.chmod(0o600)
        named[f"EMBER_{name}_KEYS"] = f"1:{file}"
    return named


def understood(site, payloads):
    """What one reader that nothing disturbs tells of an export."""
    reader = FhirReader(fhir_site(site))
    told = []
    for payload in payloads:
        at = datetime.now(UTC)
        received = Received(
            topic=BACKFILL,
            value=payload,
            form="fhir",
            received_at=at,
            dates_itself=True,
        )
        told += reader(received).messages
    assert reader.holds == 0
    return told


def flagged(messages, rules):
    """By patient and definition, the last word of the pure steps."""
    states, said = {}, {}
    for message in messages:
        key = (message.site, message.patient)
        state = states.setdefault(key, PatientState(site=key[0], patient=key[1]))
        for told in advance(state, (message,), rules):
            if isinstance(told, SepsisOnset):
                said[told.flag_id] = (told.patient, told.definition, told.status)
    return sorted(said.values())


def rows(url, statement, **values):
    engine = create_engine(database_url(url))
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(statement), values)]
    engine.dispose()
    return found


def exported(environ, payloads):
    """`ember feed --bulk` of a server that has these."""
    with fhir_house(FhirHouse(files={"output": {"all": list(payloads)}})) as server:
        done = feed(server, environ)
    assert done.returncode == 0, done.stderr


def on_topic(broker, topic):
    consumer = KafkaConsumer(
        topic,
        auto_offset_reset="earliest",
        consumer_timeout_ms=1_500,
        **kafka_python_options(broker.settings),
    )
    with consumer:
        return list(consumer)


def test_an_export_is_flagged_though_its_worker_is_killed_and_loses_its_disk(
    broker, postgres, tmp_path, site
):
    payloads, names = written()
    last = [one for one in payloads if _place(one) == SPOKEN_OF.index("Patient")]
    first = payloads[: -len(last)]
    with (
        postgres.database() as url,
        house(broker, url, tmp_path / "house", workers=0, batch=200, **site) as environ,
    ):
        state = tmp_path / "state"
        words = ("worker", "--datadir", str(state))
        with running(environ, tmp_path / "one.log", *words) as worker:
            put_in_force(broker)
            exported(environ, first)
            wait_until(lambda: left(broker) < len(first) // 2)
            worker.kill()  # in the middle of a turn
        shutil.rmtree(state)
        with running(environ, tmp_path / "two.log", *words):
            exported(environ, last)
            wait_until(lambda: settled(broker))
            told = understood(site, payloads)
            archived = rows(
                url, "SELECT patient, event_id, provenance FROM clinical_event"
            )
            assert {(p, e) for p, e, _ in archived} == {
                (message.patient, event.event_id)
                for message in told
                for event in message.events
            }
            assert {provenance for *_, provenance in archived} == {"history"}
            assert last_words(url) == flagged(told, RULES)
            assert last_words(url)
            _live(broker, url, site)
        logs = [*tmp_path.glob("*.log"), *(tmp_path / "house").glob("*.log")]
        said = everything(url) + "".join(log.read_text() for log in logs)
        raw = b"".join(
            (one.key or b"") + (one.value or b"")
            for topic in (BACKFILL, RAW, REJECTED, "ember-memory-changelog")
            for one in on_topic(broker, topic)
        )
    planted = {word for name in names for word in identity_of(name).planted} | {*names}
    assert [word for word in planted if word in said] == []
    assert [word for word in planted if word.encode() in raw] == []


def _live(broker, url, site):
    """What comes live meets who was exported; what nobody knows is told and kept."""
    ours = next(p for p in written()[0] if b'"Observation"' in p)
    known = {**orjson.loads(ours), "id": "fresh"}
    nobody = {**known, "id": "lost", "subject": {"reference": "Patient/never-comes"}}
    sealer = fhir_site(site).sealer
    with producer_for(broker.settings, RAW) as producer:
        for one in (known, nobody):
            producer.send(
                RAW,
                key=server_key("demo-hospital"),
                value=sealer.seal(orjson.dumps(one), f"demo-hospital/{RAW}"),
                headers=[(FORMAT_HEADER, b"fhir+aes")],
            )
        producer.flush(60)
    live = "SELECT event_id FROM clinical_event WHERE provenance = 'live'"
    wait_until(lambda: len(rows(url, live)) > 0)
    letters = []
    wait_until(lambda: letters.extend(on_topic(broker, REJECTED)) or letters)
    (letter,) = (decode(DEAD_LETTER, one.value) for one in letters)
    assert letter.code == "EMB-130"
    opened = sealer.open(letter.value, f"demo-hospital/{RAW}")
    assert orjson.loads(opened) == nobody


def left(broker):
    """Records of history that no worker has carried out."""
    return unread(broker.settings, "ember.backfill", (BACKFILL,))


def last_words(url):
    found = rows(
        url,
        "SELECT DISTINCT ON (flag_id) patient, definition, status "
        "FROM onset_revision ORDER BY flag_id, revision DESC",
    )
    return sorted(found)


def everything(url):
    """All tables of the registry, as text."""
    return "\n".join(
        repr(row)
        for table in schema("postgresql").tables.values()
        for row in rows(url, f"SELECT * FROM {table.fullname}")
    )
