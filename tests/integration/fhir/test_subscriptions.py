"""Notifications of a real HTTP server that drops, repeats and re-orders them.

The process of `ember subscribe` runs in a thread, on a store in memory that can be
made to fail; the last test runs the command itself on Kafka.
"""

from __future__ import annotations

import asyncio
import io
import ipaddress
import json
import random
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import orjson
import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from kafka import KafkaConsumer, TopicPartition
from servers.fhir_house import FhirHouse, fhir_house
from servers.notifier import Notifier

from streams.adapters.identity.pseudonyms import Pseudonyms
from streams.adapters.site.configuration import SiteConfiguration
from streams.app.fhir import reception
from streams.app.fhir.connection import FhirSettings, connected
from streams.app.fhir.endpoint import LARGEST, PATH, tls_context
from streams.app.fhir.ledger import Ledger
from streams.app.fhir.subscriber import Subscriber, SubscriberPlan
from streams.app.kafka.broker import free_port
from streams.app.kafka.connection import kafka_python_options
from streams.app.kafka.topics import ensure_topics
from streams.app.observe.process import Process
from streams.app.remembering import FhirReader, FhirSite
from streams.app.settings import ProcessSettings
from streams.clinical.timeline import Timeline
from streams.pipeline.ingest import Received
from streams.vocabulary.topics import FHIR, FORMAT_HEADER, RAW, server_key


SECRET = b"a long and random text"
BEARER = {"Authorization": f"Bearer {SECRET.decode()}"}


@dataclass
class Store:
    """A sink in memory: what it has is durable; it can be out of order."""

    kept: list[tuple[bytes | None, bytes]] = field(default_factory=list)
    broken: bool = False

    async def put(
        self,
        payload: bytes,
        *,
        form: str,
        key: bytes | None,
        headers: Mapping[str, bytes],
    ) -> None:
        assert form == FHIR
        assert not headers
        if self.broken:
            raise OSError("the disk of Zebediah Planted is full")
        self.kept.append((key, payload))

    def observations(self) -> list[str]:
        """The observations it has, by id, each as often as it came."""
        return [name for _, payload in self.kept for name in named(payload)]


def named(payload: bytes) -> list[str]:
    said = orjson.loads(payload)
    if said["resourceType"] != "Bundle":
        return [said["id"]]
    resources = [e["resource"] for e in said["entry"] if "resource" in e]
    deleted = [
        f"-{e['request']['url'].rpartition('/')[2]}"
        for e in said["entry"]
        if "resource" not in e and e.get("request", {}).get("method") == "DELETE"
    ]
    return [r["id"] for r in resources if r["resourceType"] == "Observation"] + deleted


@dataclass
class Running:
    """A subscriber at work."""

    url: str
    store: Store
    process: Process
    path: Path
    log: io.StringIO

    def owed(self) -> float:
        return self.process.metrics.registry.get_sample_value(
            "ember_subscriber_owed_events"
        )

    def outcome(self, name: str) -> float:
        return (
            self.process.metrics.registry.get_sample_value(
                "ember_subscriber_notifications_total", {"outcome": name}
            )
            or 0.0
        )

    def well(self) -> dict[str, bool]:
        return {check.name: check.ok for check in self.process.checks().checks}


@contextmanager
def running(
    house, folder, *, store=None, silence=300.0, grace=0.3, tls=None, secret=SECRET
):
    """`ember subscribe`, but for its command line and its store."""
    kept = store or Store()

    @asynccontextmanager
    async def open_sink():
        yield kept

    plan = SubscriberPlan(
        host="127.0.0.1",
        port=free_port(),
        ledger=folder / "ledger.sqlite",
        silence=silence,
        grace=grace,
        secret=secret,
        tls=tls,
        server=FhirSettings(base=house.base),
        site="st-elsewhere",
        open_sink=open_sink,
    )
    log = io.StringIO()
    settings = ProcessSettings(
        batch=1,
        http_host="127.0.0.1",
        http_port=0,
        log_level="info",
        worker_dir=folder,
        standby_replicas=0,
    )
    process = Process("subscriber", settings, signals=False, stream=log)
    failed: list[BaseException] = []

    def work() -> None:
        try:
            with (
                process,
                closing(Ledger(plan.ledger)) as ledger,
                connected(plan.server, process.wait) as server,
            ):
                asyncio.run(Subscriber(plan, process, ledger, server).run())
        except BaseException as fault:  # noqa: BLE001 - told by the test's own thread
            failed.append(fault)

    thread = threading.Thread(target=work)
    thread.start()
    scheme = "http" if tls is None else "https"
    try:
        until(lambda: failed or process.checks().ok)
        url = f"{scheme}://127.0.0.1:{plan.port}{PATH}"
        yield Running(url, kept, process, plan.ledger, log)
    finally:
        process.stop()
        thread.join(30)
    assert not failed, failed


def until(so, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < deadline, "it never came to be so"
        time.sleep(0.02)


@pytest.fixture
def house():
    with fhir_house(FhirHouse()) as one:
        yield one


def notifier(house, running, **more) -> Notifier:
    return Notifier(house, running.url, headers=BEARER, **more)


# -- versions and contents ---------------------------------------------------------


@pytest.mark.parametrize("version", ["R4", "R4B", "R5"])
@pytest.mark.parametrize("content", ["empty", "id-only", "full-resource"])
def test_every_event_comes_into_the_log(house, tmp_path, version, content):
    with running(house, tmp_path) as one:
        told = notifier(house, one, version=version, content=content)
        assert told.handshake() == 200
        assert told.tell(told.happen("1")) == 200
        assert told.tell(told.happen("2"), told.happen("2")) == 200
        assert told.heartbeat() == 200
        until(lambda: one.owed() == 0 and len(set(one.store.observations())) == 3)
    assert sorted(set(one.store.observations())) == ["o1", "o2", "o3"]
    if content == "full-resource":
        assert one.store.observations() == ["o1", "o2", "o3"]
        assert not house.asked  # nothing had to be asked for


def test_a_notification_is_kept_as_received(house, tmp_path):
    with running(house, tmp_path) as one:
        told = notifier(house, one)
        told.handshake()
        numbers = [told.happen("1"), told.happen("2")]
        told.tell(*numbers)
    ((key, payload),) = one.store.kept
    assert key == server_key("st-elsewhere")
    assert payload == json.dumps(told.bundle("event-notification", numbers)).encode()


def test_what_is_too_large_for_a_record_goes_resource_by_resource(
    house, tmp_path, monkeypatch
):
    monkeypatch.setattr(reception, "WHOLE_BYTES", 100)
    with running(house, tmp_path) as one:
        told = notifier(house, one)
        told.handshake()
        told.tell(told.happen("1"), told.happen("2"))
    assert [key for key, _ in one.store.kept] == [server_key("st-elsewhere")] * 2
    assert one.store.observations() == ["o1", "o2"]


@pytest.mark.parametrize("content", ["id-only", "full-resource"])
def test_what_was_deleted_is_told_as_deleted(house, tmp_path, content):
    with running(house, tmp_path) as one:
        told = notifier(house, one, content=content)
        told.handshake()
        told.tell(told.happen(deleted=True))
        until(lambda: one.store.observations() == ["-o1"])


# -- dropped, repeated, overtaken ----------------------------------------------------


def test_a_dropped_notification_is_asked_for_by_its_number(house, tmp_path):
    with running(house, tmp_path) as one:
        told = notifier(house, one)
        told.handshake()
        numbers = [told.happen() for _ in range(6)]
        told.tell(numbers[0])
        told.tell(numbers[5])
        until(lambda: one.owed() == 4)
        until(lambda: one.owed() == 0)
    assert sorted(one.store.observations()) == [f"o{n}" for n in numbers]
    asked = [a for a in house.asked if a.path.endswith("$events")]
    assert asked[0].query["eventsSinceNumber"] == ["2"]
    assert asked[0].query["eventsUntilNumber"] == ["5"]


def test_what_is_dropped_at_the_end_shows_in_the_heartbeat(house, tmp_path):
    with running(house, tmp_path) as one:
        told = notifier(house, one)
        told.handshake()
        told.happen()
        told.happen()
        told.heartbeat()
        until(lambda: sorted(one.store.observations()) == ["o1", "o2"])


def test_a_long_span_is_asked_for_in_parts(house, tmp_path):
    with running(house, tmp_path) as one:
        told = notifier(house, one)
        told.handshake()
        for _ in range(250):
            told.happen()
        told.heartbeat()
        until(lambda: len(one.store.observations()) == 250)
        until(lambda: one.owed() == 0)
    asked = [a for a in house.asked if a.path.endswith("$events")]
    assert [a.query["eventsSinceNumber"] for a in asked] == [["1"], ["101"], ["201"]]


def test_what_the_server_no_longer_knows_stays_owed(house, tmp_path):
    with running(house, tmp_path) as one:
        told = notifier(house, one)
        told.handshake()
        told.happen()
        told.happen()
        house.events["icu"].clear()
        told.heartbeat()
        until(lambda: [a for a in house.asked if a.path.endswith("$events")])
        assert one.owed() == 2
    with closing(Ledger(one.path)) as ledger:
        assert ledger.hardest() == 1


def test_a_repeated_notification_is_taken_once(house, tmp_path):
    with running(house, tmp_path) as one:
        told = notifier(house, one)
        told.handshake()
        number = told.happen()
        assert [told.tell(number) for _ in range(3)] == [200, 200, 200]
        assert one.outcome("repeated") == 2
    assert one.store.observations() == ["o1"]


def test_what_was_overtaken_is_not_asked_for(house, tmp_path):
    with running(house, tmp_path, grace=10.0) as one:
        told = notifier(house, one)
        told.handshake()
        numbers = [told.happen() for _ in range(5)]
        for number in reversed(numbers):
            told.tell(number)
        until(lambda: one.owed() == 0)
    assert sorted(one.store.observations()) == [f"o{n}" for n in numbers]
    assert not [a for a in house.asked if a.path.endswith("$events")]


def test_a_server_set_up_again_counts_from_the_beginning(house, tmp_path):
    with running(house, tmp_path) as one:
        told = notifier(house, one)
        told.handshake()
        told.tell(told.happen())
        house.events.clear()
        told.count = 0
        told.handshake()
        told.tell(told.happen("new"))
    assert one.store.observations() == ["o1", "o1"]


# -- when something fails ------------------------------------------------------------


def test_nothing_is_answered_for_that_is_not_durable(house, tmp_path):
    with running(house, tmp_path) as one:
        told = notifier(house, one)
        told.handshake()
        number = told.happen()
        one.store.broken = True
        assert told.tell(number) == 503
        one.store.broken = False
        assert told.tell(number) == 200
    assert one.store.observations() == ["o1"]
    assert "Planted" not in one.log.getvalue()


def test_another_run_knows_what_came_and_what_is_owed(house, tmp_path):
    house.refuses = {"/Observation/o2": 500}
    with running(house, tmp_path) as one:
        told = notifier(house, one, content="id-only")
        told.handshake()
        told.tell(told.happen())
        told.tell(told.happen())
        until(lambda: one.store.observations() == ["o1"])
        until(lambda: "/Observation/o2" in house.paths())
    house.refuses = {}
    with running(house, tmp_path, store=one.store) as again:
        repeated = notifier(house, again, content="id-only", count=2)
        assert repeated.tell(1) == 200
        until(lambda: sorted(again.store.observations()) == ["o1", "o2"], 40)
        assert again.outcome("repeated") == 1


def test_a_second_process_cannot_have_the_ledger(house, tmp_path):
    with (
        running(house, tmp_path),
        pytest.raises(AssertionError, match="cannot be used"),
        running(house, tmp_path),
    ):
        pass


def test_silence_and_errors_are_told_by_the_health(house, tmp_path):
    with running(house, tmp_path, silence=1.0) as one:
        told = notifier(house, one)
        told.handshake()
        until(lambda: not one.well()["subscriptions heard"])
        assert "/Subscription/icu/$status" in house.paths()
        told.heartbeat()
        until(lambda: one.well()["subscriptions heard"])
        told.tell(told.happen(), status="error")
        until(lambda: not one.well()["subscriptions active"])


# -- who may tell, and what is none ----------------------------------------------------


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer no"}])
def test_nobody_else_may_tell(house, tmp_path, headers):
    with running(house, tmp_path) as one:
        stranger = Notifier(house, one.url, headers=headers)
        assert stranger.tell(stranger.happen()) == 401
    assert not one.store.kept


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"Zebediah Planted", "application/fhir+json", 400),
        (b'{"resourceType":"Bundle","entry":[]}', "application/json", 400),
        (b"[1]", "application/json", 400),
        (b"{}", "text/plain", 415),
        (b" " * (LARGEST + 1), "application/json", 413),
    ],
    ids=["text", "empty", "list", "type", "size"],
)
def test_what_is_no_notification_is_refused(house, tmp_path, content, kind, status):
    with running(house, tmp_path) as one:
        answer = httpx2.post(
            one.url, content=content, headers={"Content-Type": kind, **BEARER}
        )
        assert answer.status_code == status
        assert "Planted" not in answer.text
    assert "Planted" not in one.log.getvalue()


def test_a_sender_may_have_to_show_a_certificate(house, tmp_path):
    authority, own, client = certificates(tmp_path)
    tls = tls_context(own, None, authority)
    with running(house, tmp_path, tls=tls, secret=None) as one:
        trust = ssl.create_default_context(cafile=authority)
        with httpx2.Client(verify=trust) as stranger, pytest.raises(httpx2.HTTPError):
            stranger.get(one.url)
        trust.load_cert_chain(client)
        with httpx2.Client(verify=trust) as known:
            told = Notifier(house, one.url, client=known)
            assert told.tell(told.happen()) == 200
    assert one.store.observations() == ["o1"]


def certificates(folder: Path) -> tuple[Path, Path, Path]:
    """An authority, and a server and a client it signed, key and certificate in one."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
    authority = _signed(name, key, name, key, authority=True)
    path = folder / "authority.pem"
    path.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    made = []
    for who in ("server", "client"):
        own = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, who)])
        signed = _signed(subject, own, name, key, authority=False)
        file = folder / f"{who}.pem"
        file.write_bytes(
            own.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + signed.public_bytes(serialization.Encoding.PEM)
        )
        made.append(file)
    return path, made[0], made[1]


def _signed(subject, key, issuer, signing, *, authority):
    now = datetime.now(UTC)
    local = x509.SubjectAlternativeName(
        [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(local, critical=False)
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()),
            critical=False,
        )
        .sign(signing, hashes.SHA256())
    )


# -- the command itself ------------------------------------------------------------------


ROUNDS = 2
SENDERS = 3


class Sender(threading.Thread):
    """A server that tells one thing after another, each again until it is answered."""

    def __init__(self, told: Notifier) -> None:
        super().__init__(daemon=True)
        self.told = told
        self.answered: list[str] = []
        self.stopped = False

    def run(self) -> None:
        while not self.stopped:
            number = self.told.happen(f"planted-{self.told.name}")
            while not self.stopped and not self._is_answered(number):
                time.sleep(0.02)

    def _is_answered(self, number: int) -> bool:
        try:
            if self.told.tell(number) != 200:
                return False
        except httpx2.TransportError:
            return False
        self.answered.append(f"{self.told.prefix}{number}")
        return True


@pytest.mark.kafka
def test_what_was_answered_is_there_once_by_effect_however_often_it_is_killed(
    broker, house, tmp_path
):
    ensure_topics(broker.settings)
    since = ends(broker)
    port = free_port()
    (tmp_path / "secret").write_bytes(SECRET)
    (tmp_path / "site.yaml").write_text(
        yaml.safe_dump({"site": "st-elsewhere", "zone": "UTC"})
    )
    environ = broker.environ(
        EMBER_SITE=tmp_path / "site.yaml",
        EMBER_FHIR=house.base,
        EMBER_SUBSCRIBE=f"127.0.0.1:{port}",
        EMBER_SUBSCRIBE_SECRET_FILE=tmp_path / "secret",
        EMBER_SUBSCRIBE_LEDGER=tmp_path / "ledger.sqlite",
    )
    command = [str(Path(sys.executable).with_name("ember")), "subscribe"]
    url = f"http://127.0.0.1:{port}{PATH}"
    senders = [
        Sender(Notifier(house, url, headers=BEARER, name=name, prefix=f"{name}-"))
        for name in ("icu", "ward", "clinic")
    ]
    chance = random.Random(6)
    for number in range(ROUNDS + 1):
        before = sum(len(one.answered) for one in senders)
        with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE) as process:
            try:
                if number == 0:
                    for one in senders:
                        one.start()
                until(
                    lambda b=before: sum(len(one.answered) for one in senders) > b + 20,
                    60,
                )
                time.sleep(chance.uniform(0.0, 0.3))
                if number == ROUNDS:
                    for one in senders:
                        one.stopped = True
                        one.join(30)
            finally:
                (process.terminate if number == ROUNDS else process.kill)()
                errors = process.communicate(timeout=60)[1]
        assert b"planted" not in errors
    answered = {name for one in senders for name in one.answered}
    assert len(answered) > 20 * (ROUNDS + 1)
    found = records(broker, since)
    assert {dict(one.headers)[FORMAT_HEADER] for one in found} == {b"fhir"}
    assert {one.key for one in found} == {server_key("st-elsewhere")}
    there = [n for one in found for n in named(one.value)]
    assert answered <= set(there)
    assert len(set(there) - answered) <= SENDERS  # those under way at a kill or the end
    facts = effects(found)
    assert len(facts) == len(set(facts)) == len(set(there))


def effects(found) -> list[str]:
    """The facts that stand once a reader has read all records."""
    site = SiteConfiguration.model_validate({"site": "st-elsewhere", "zone": "UTC"})
    reader = FhirReader(
        FhirSite(
            site=site,
            identities=Pseudonyms(site.site, {1: b"k" * 32}),
            patience=timedelta(minutes=15),
        )
    )
    lines: dict[str, Timeline] = {}
    for one in found:
        at = datetime.fromtimestamp(one.timestamp / 1000, UTC)
        received = Received(topic=RAW, value=one.value, form=FHIR, received_at=at)
        for message in reader(received).messages:
            line = lines.setdefault(message.patient, Timeline())
            for event in message.events:
                line.apply(event, message.message_id)
    return [fact.event_id for line in lines.values() for fact in line.facts()]


def ends(broker) -> dict[TopicPartition, int]:
    with closing(KafkaConsumer(**kafka_python_options(broker.settings))) as reader:
        parts = [TopicPartition(RAW, p) for p in reader.partitions_for_topic(RAW)]
        return dict(reader.end_offsets(parts))


def records(broker, since):
    with closing(KafkaConsumer(**kafka_python_options(broker.settings))) as reader:
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
