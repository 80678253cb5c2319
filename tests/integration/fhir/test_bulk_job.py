"""The export as a feed's job, short of Kafka: what it sends, and when it clears up."""

from __future__ import annotations

import io

import orjson
import pytest
import yaml
from servers.fhir_house import FhirHouse, fhir_house

from streams.adapters.fhir.export import ExportRequest
from streams.app.fhir.bulk_job import bulk_job, request_of
from streams.app.fhir.endpoint import read_secret, tls_context
from streams.app.kafka.progress import Progress
from streams.app.observe.process import Process
from streams.app.settings import (
    KafkaSettings,
    ProcessSettings,
    subscribe_settings,
)
from streams.vocabulary.errors import ErrorCode, InputError, SettingsError
from streams.vocabulary.topics import BACKFILL, FORMAT_HEADER, server_key


KAFKA = KafkaSettings(servers=("127.0.0.1:9",))


def resources(count: int) -> list[bytes]:
    return [
        orjson.dumps(
            {
                "resourceType": "Observation",
                "id": str(at),
                "subject": {"reference": "Patient/7"},
            }
        )
        for at in range(count)
    ]


@pytest.fixture
def house():
    files = {"output": {"a": resources(5)}, "error": {"e": [b"{}"]}}
    with fhir_house(FhirHouse(files=files)) as one:
        yield one


@pytest.fixture
def process(tmp_path):
    settings = ProcessSettings(
        batch=1,
        http_host="127.0.0.1",
        http_port=0,
        log_level="error",
        worker_dir=tmp_path,
        standby_replicas=0,
    )
    with Process("feeder", settings, signals=False, stream=io.StringIO()) as one:
        yield one


@pytest.fixture
def environ(tmp_path):
    (tmp_path / "site.yaml").write_text(
        yaml.safe_dump({"site": "s", "zone": "UTC", "identity": "public"})
    )
    return {"EMBER_SITE": str(tmp_path / "site.yaml")}


def job_of(house, environ, progress=None):
    return bulk_job(
        house.base, ExportRequest(), topic=BACKFILL, progress=progress, environ=environ
    )


def told_by(job) -> str:
    out = io.StringIO()
    job.account(out)
    return out.getvalue()


def test_the_server_keeps_its_files_until_the_broker_has_all(
    house, process, environ, tmp_path
):
    progress = tmp_path / "progress"
    kept = Progress(None, "")
    first = job_of(house, environ, progress)
    sent = list(first.records(KAFKA, kept, process))
    assert [one.value for one in sent] == resources(5)
    assert {one.key for one in sent} == {server_key("s")}
    assert dict(sent[0].headers)[FORMAT_HEADER] == b"fhir"
    for one in sent[:4]:
        kept.acknowledge(one.stream, one.position)
    assert "5 resources" in told_by(first)
    assert not house.deleted_export
    second = job_of(house, environ, progress)
    assert second.fingerprint() == first.fingerprint()
    (last,) = second.records(KAFKA, kept, process)
    assert last.value == resources(5)[4]
    kept.acknowledge(last.stream, last.position)
    assert "unreadable" in told_by(second)
    assert house.deleted_export
    assert not list(tmp_path.glob("*.export"))


def test_a_server_that_hears_nothing_of_it_is_no_failure(house, process, environ):
    kept = Progress(None, "")
    job = job_of(house, environ)
    for one in job.records(KAFKA, kept, process):
        kept.acknowledge(one.stream, one.position)
    house.refuses = {"/jobs/1": 503}
    process.stop()
    assert "could not be told" in told_by(job)


def test_who_is_stopped_while_waiting_sends_nothing_more(house, process, environ):
    house.busy = [(202, "60")]
    process.stop()
    job = job_of(house, environ)
    assert not list(job.records(KAFKA, Progress(None, ""), process))
    assert "no export" in told_by(job)


def test_living_patients_clocks_are_not_put_ahead(house, environ):
    with pytest.raises(SettingsError) as refused:
        bulk_job(
            house.base,
            ExportRequest(),
            topic=BACKFILL,
            progress=None,
            end=True,
            environ=environ,
        )
    assert refused.value.code is ErrorCode.BAD_SETTING


def test_words_of_the_command_become_a_request():
    asked = request_of(
        "", types="Patient,Device", since="2026-01-01T00:00Z", filters=[]
    )
    assert asked.url("https://ehr.test") == (
        "https://ehr.test/$export?_type=Patient%2CDevice&_since=2026-01-01T00%3A00%3A00Z"
    )
    with pytest.raises(SettingsError):
        request_of("", types="", since="0:12", filters=[])


def test_an_address_without_tls_is_refused(environ):
    with pytest.raises(InputError):
        bulk_job(
            "http://ehr.test",
            ExportRequest(),
            topic=BACKFILL,
            progress=None,
            environ=environ,
        )


# -- settings of `ember subscribe` -------------------------------------------------


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"EMBER_SUBSCRIBE": "here"},
        {"EMBER_SUBSCRIBE_SECRET_FILE": "/nowhere"},
        {"EMBER_SUBSCRIBE_CLIENT_CA_FILE": __file__},
        {"EMBER_SUBSCRIBE_SECRET_FILE": __file__, "EMBER_SUBSCRIBE_SILENCE": "0"},
    ],
    ids=["nobody", "address", "no secret", "no certificate", "no silence"],
)
def test_a_door_that_is_not_locked_is_not_opened(environ):
    with pytest.raises(SettingsError) as refused:
        subscribe_settings(environ)
    assert refused.value.code is ErrorCode.BAD_SETTING


def test_a_secret_has_sixteen_characters(tmp_path):
    file = tmp_path / "secret"
    for content in (None, b"short\n"):
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(SettingsError) as refused:
            read_secret(file)
        assert refused.value.code is ErrorCode.SECRET_MISSING
    file.write_bytes(b"0123456789abcdef\n")
    assert read_secret(file) == b"0123456789abcdef"


def test_what_is_no_certificate_is_refused(tmp_path):
    (tmp_path / "a.pem").write_text("no certificate")
    with pytest.raises(SettingsError) as refused:
        tls_context(tmp_path / "a.pem", None, None)
    assert refused.value.code is ErrorCode.BAD_SETTING
