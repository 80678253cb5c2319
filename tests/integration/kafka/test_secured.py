"""TLS, SCRAM and ACLs on a real broker that takes nothing else."""

import asyncio
import subprocess
import time
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import faust
import kafka.errors
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ResourcePattern,
    ResourceType,
)

from streams.app.kafka.acls import acls
from streams.app.kafka.broker import free_port
from streams.app.kafka.connection import (
    MECHANISM,
    aiokafka_options,
    faust_options,
    kafka_python_options,
)
from streams.app.kafka.reach import require_kafka
from streams.app.kafka.topics import ensure_topics
from streams.app.settings import KafkaSettings
from streams.vocabulary.errors import SettingsError
from streams.vocabulary.topics import EVENTS, RAW, ROSTER


pytestmark = pytest.mark.kafka
ADMIN = "administrator"
USERS = (ADMIN, *sorted({acl.component for acl in acls()} - {ADMIN}))
OPERATIONS = {
    "Read": ACLOperation.READ,
    "Write": ACLOperation.WRITE,
    "Create": ACLOperation.CREATE,
    "Describe": ACLOperation.DESCRIBE,
    "DescribeConfigs": ACLOperation.DESCRIBE_CONFIGS,
}


@dataclass(frozen=True)
class House:
    """A secured broker and what its clients hold."""

    servers: tuple[str, ...]
    folder: Path

    def client(self, user: str) -> KafkaSettings:
        return KafkaSettings(
            servers=self.servers,
            security="sasl_ssl",
            ca_file=self.folder / "house.pem",
            user=user,
            password_file=self.folder / f"{user}.password",
            partitions=2,
        )


def keytool(*arguments):
    subprocess.run(["keytool", *arguments], check=True, capture_output=True, timeout=60)


def certificate(folder, name):
    """A key in PKCS12, and the certificate that vouches for it in PEM."""
    store = ("-keystore", str(folder / f"{name}.p12"), "-storepass", "changeit")
    keytool(
        *("-genkeypair", "-alias", name, "-keyalg", "EC", "-groupname", "secp256r1"),
        *("-dname", f"CN={name}", "-ext", "san=ip:127.0.0.1", "-ext", "bc=ca:true"),
        *("-storetype", "PKCS12", "-validity", "2", *store),
    )
    keytool(
        *("-exportcert", "-rfc", "-alias", name, *store),
        *("-file", str(folder / f"{name}.pem")),
    )


def secured(folder, port):
    """server.properties: clients only by TLS and SCRAM, and only what is allowed."""
    login = "org.apache.kafka.common.security.scram.ScramLoginModule required"
    return {
        "listeners": f"SASL_SSL://127.0.0.1:{port},CONTROLLER://{{controller}}",
        "advertised.listeners": f"SASL_SSL://127.0.0.1:{port}",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL",
        "inter.broker.listener.name": "SASL_SSL",
        "sasl.enabled.mechanisms": MECHANISM,
        "sasl.mechanism.inter.broker.protocol": MECHANISM,
        f"listener.name.sasl_ssl.{MECHANISM.lower()}.sasl.jaas.config": (
            f'{login} username="{ADMIN}" password="{ADMIN}-secret";'
        ),
        "ssl.keystore.type": "PKCS12",
        "ssl.keystore.location": str(folder / "house.p12"),
        "ssl.keystore.password": "changeit",
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(folder / "house.pem"),
        "authorizer.class.name": (
            "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
        ),
        "super.users": f"User:{ADMIN};User:ANONYMOUS",
    }


def scram(user):
    return ("--add-scram", f"{MECHANISM}=[name={user},password={user}-secret]")


@pytest.fixture(scope="module")
def house(fresh_broker, tmp_path_factory):
    folder = tmp_path_factory.mktemp("secrets")
    certificate(folder, "house")
    certificate(folder, "stranger")
    for user in USERS:
        (folder / f"{user}.password").write_text(f"{user}-secret\n")
    port = free_port()
    made = House((f"127.0.0.1:{port}",), folder)
    broker = fresh_broker(
        port=port,
        properties=secured(folder, port),
        format_options=tuple(word for user in USERS for word in scram(user)),
        client=made.client(ADMIN),
    )
    ensure_topics(made.client(ADMIN))
    with broker.admin() as admin:
        admin.create_acls([acl for row in acls() for acl in granted(row)])
    return made


def granted(acl):
    return [
        ACL(
            f"User:{acl.component}",
            "*",
            OPERATIONS[operation],
            ACLPermissionType.ALLOW,
            ResourcePattern(ResourceType[acl.resource.upper()], acl.name),
        )
        for operation in acl.operations
    ]


def produced_by_kafka_python(settings, value):
    with closing(KafkaProducer(**kafka_python_options(settings))) as producer:
        producer.send(RAW, value, key=b"s/p").get(timeout=20)


def produced_by_aiokafka(settings, value):
    async def produce():
        async with AIOKafkaProducer(**aiokafka_options(settings)) as producer:
            await producer.send_and_wait(RAW, value, key=b"s/p")

    asyncio.run(asyncio.wait_for(produce(), 30))


def produced_by_faust(settings, value):
    async def produce():
        app = faust.App("ember", **faust_options(settings), topic_allow_declare=False)
        producer = await app.maybe_start_producer()
        try:
            await producer.send_and_wait(RAW, b"s/p", value, None, None, {})
        finally:
            await producer.stop()

    asyncio.run(asyncio.wait_for(produce(), 30))


@pytest.mark.parametrize(
    "produced", [produced_by_kafka_python, produced_by_aiokafka, produced_by_faust]
)
def test_every_client_produces_through_tls_as_its_user(house, produced):
    value = produced.__name__.encode()
    produced(house.client("feeder"), value)
    assert value in read_by_kafka_python(house.client("worker"), RAW, "ember")
    assert value in read_by_aiokafka(house.client("worker"), RAW, "ember")


def read_by_kafka_python(settings, topic, group, patience=15):
    """All values of the topic, read as a member of the group that commits nothing."""
    consumer = KafkaConsumer(
        topic,
        **kafka_python_options(settings),
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    told, deadline = [], time.monotonic() + patience
    with closing(consumer):
        # A group joined before the topic is known gets no partition of it, for good.
        assert consumer.partitions_for_topic(topic)
        while time.monotonic() < deadline:
            records = consumer.poll(200)
            told += [record.value for batch in records.values() for record in batch]
            if told and not records:
                return told
    raise AssertionError("nothing came")


def read_by_aiokafka(settings, topic, group):
    async def read():
        consumer = AIOKafkaConsumer(
            topic,
            **aiokafka_options(settings),
            group_id=group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        told = []
        try:
            await consumer.start()
            while True:
                records = await consumer.getmany(timeout_ms=200)
                told += [r.value for batch in records.values() for r in batch]
                if told and not records:
                    return told
        finally:
            await consumer.stop()

    return asyncio.run(asyncio.wait_for(read(), 30))


def read_by_faust(settings, topic, expected):
    """Until an agent of a real app has been given what is expected."""
    app = faust.App(
        "ember",
        **faust_options(settings),
        store="memory://",
        topic_allow_declare=False,
        web_enabled=False,
        consumer_auto_offset_reset="earliest",
    )
    told = asyncio.Event()

    @app.agent(app.topic(topic, value_serializer="raw", key_serializer="raw"))
    async def read(stream):
        async for value in stream:
            if value == expected:
                told.set()

    async def run():
        await app.start()
        try:
            await told.wait()
        finally:
            await app.stop()

    asyncio.run(asyncio.wait_for(run(), 60))


def test_a_faust_app_reads_through_tls_as_its_user(house):
    produced_by_aiokafka(house.client("feeder"), b"for faust")
    read_by_faust(house.client("worker"), RAW, b"for faust")


def test_a_wrong_password_is_refused_in_a_sentence(house, tmp_path):
    wrong = tmp_path / "password"
    wrong.write_text("guessed")
    settings = replace(house.client("worker"), password_file=wrong)
    with pytest.raises(SettingsError, match="refuses the user worker or its password"):
        require_kafka(settings)


def test_a_broker_that_the_authority_does_not_vouch_for_is_refused(house):
    settings = replace(house.client("worker"), ca_file=house.folder / "stranger.pem")
    with pytest.raises(SettingsError, match="do not trust each other") as told:
        require_kafka(settings)
    assert "EMBER_KAFKA_CA_FILE" in told.value.cure


def test_a_client_without_tls_gets_no_answer(house):
    with pytest.raises(SettingsError, match="No Kafka answers plaintext"):
        require_kafka(KafkaSettings(servers=house.servers), patience=0)


def test_a_component_reads_its_topics_and_writes_no_other(house):
    with closing(
        KafkaProducer(**kafka_python_options(house.client("worker")))
    ) as worker:
        worker.send(EVENTS, b"event").get(timeout=20)
    consumer = house.client("consumer")
    assert read_by_kafka_python(consumer, EVENTS, "ember.archive") == [b"event"]
    with closing(KafkaProducer(**kafka_python_options(consumer))) as producer:
        for forbidden in (EVENTS, ROSTER):
            with pytest.raises(kafka.errors.TopicAuthorizationFailedError):
                producer.send(forbidden, b"forged").get(timeout=20)
    with pytest.raises(TopicAuthorizationFailedError):
        read_by_aiokafka(consumer, RAW, "ember.archive")
    with pytest.raises(GroupAuthorizationFailedError):
        read_by_aiokafka(consumer, EVENTS, "ember")
