"""`ember feed --bulk`: an export of a real HTTP server, with a real token, into Kafka."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64encode
from contextlib import closing
from pathlib import Path

import orjson
import pytest
import yaml
from kafka import KafkaConsumer, TopicPartition
from servers.fhir_house import FhirHouse, fhir_house
from servers.oauth import CLIENT, oauth_server

from streams.adapters.identity.keys import read_keys
from streams.adapters.identity.sealing import Sealer, place_of
from streams.app.kafka.connection import kafka_python_options
from streams.app.kafka.topics import ensure_topics
from streams.vocabulary.topics import BACKFILL, FORMAT_HEADER, server_key


pytestmark = pytest.mark.kafka

EMBER = Path(sys.executable).with_name("ember")


def resources() -> list[bytes]:
    return [
        orjson.dumps({
            "resourceType": "Observation",
            "id": f"o{at}",
            "subject": {"reference": f"Patient/planted-{at % 3}"},
        })
        for at in range(40)
    ]  # fmt: skip


@pytest.fixture
def secrets(tmp_path):
    for name in ("identity", "payload"):
        file = tmp_path / f"{name}.key"
        file.write_bytes(b64encode(name.encode() * 8))
        file.chmod(0o600)
    (tmp_path / "site.yaml").write_text(
        yaml.safe_dump({"site": "st-elsewhere", "zone": "Europe/Berlin"})
    )
    return tmp_path


def environ_of(broker, secrets, **more):
    return broker.environ(
        EMBER_SITE=secrets / "site.yaml",
        EMBER_IDENTITY_KEYS=f"1:{secrets / 'identity.key'}",
        EMBER_PAYLOAD_KEYS=f"1:{secrets / 'payload.key'}",
        **more,
    )


def feed(house, environ, *options):
    return subprocess.run(
        [str(EMBER), "feed", "--bulk", house.base, *options],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def ends(broker) -> dict[TopicPartition, int]:
    with closing(consumer(broker)) as reader:
        parts = [
            TopicPartition(BACKFILL, p) for p in reader.partitions_for_topic(BACKFILL)
        ]
        return dict(reader.end_offsets(parts))


def consumer(broker) -> KafkaConsumer:
    return KafkaConsumer(**kafka_python_options(broker.settings))


def records(broker, since):
    with closing(consumer(broker)) as reader:
        now = reader.end_offsets(list(since))
        reader.assign(list(since))
        for place, offset in since.items():
            reader.seek(place, offset)
        left = sum(now.values()) - sum(since.values())
        found = []
        while len(found) < left:
            for some in reader.poll(timeout_ms=500).values():
                found += some
        return found


def test_every_resource_is_durable_sealed_and_in_order_for_each_patient(
    broker, secrets, oauth_packages
):
    ensure_topics(broker.settings)
    since = ends(broker)
    house = FhirHouse(files={"output": {"a": resources()[:25], "b": resources()[25:]}})
    progress = secrets / "progress"
    with (
        fhir_house(house),
        oauth_server(oauth_packages, audience=house.base) as oauth,
    ):
        house.issuer, house.token_endpoint = oauth.issuer, oauth.token_endpoint
        key = secrets / "fhir.jwk"
        key.write_text(json.dumps(oauth.key.as_dict(private=True)))
        key.chmod(0o600)
        environ = environ_of(
            broker, secrets, EMBER_FHIR_CLIENT_ID=CLIENT, EMBER_FHIR_KEY_FILE=key
        )
        house.refuses = {"/files/b": 410}
        broken = feed(house, environ, "--progress", str(progress))
        assert broken.returncode == 1
        assert "EMB-137" in broken.stderr
        assert not house.deleted_export
        house.refuses = {}
        told = feed(house, environ, "--progress", str(progress))
        assert told.returncode == 0, told.stderr
        assert "40 resources" in told.stderr
        assert house.deleted_export
        assert not progress.with_name("progress.export").exists()
        assert "planted" not in broken.stderr + told.stderr
    found = records(broker, since)
    assert len(found) == 40  # and none of the first file's twice
    sealer = Sealer(read_keys({1: secrets / "payload.key"}))
    place = place_of("st-elsewhere", BACKFILL)
    opened = [sealer.open(one.value, place) for one in found]
    assert {dict(one.headers)[FORMAT_HEADER] for one in found} == {b"fhir+aes"}
    assert all(b"planted" not in one.value + one.key for one in found)
    assert opened == resources()  # in one order, whomever they are about
    assert {one.key for one in found} == {server_key("st-elsewhere")}


def test_another_export_under_the_same_progress_is_taken_as_a_whole(broker, secrets):
    ensure_topics(broker.settings)
    house = FhirHouse(files={"output": {"a": resources()}})
    environ = environ_of(broker, secrets)
    progress = str(secrets / "progress")
    with fhir_house(house):
        since = ends(broker)
        assert feed(house, environ, "--progress", progress).returncode == 0
        house.job = "2"
        assert feed(house, environ, "--progress", progress).returncode == 0
        assert len(records(broker, since)) == 80
