"""The topics a house of Ember needs: made where they miss, checked where they are.

What is there is never changed: a difference is told with its cure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource
from kafka.errors import KafkaError, TopicAlreadyExistsError

from streams.app.kafka.connection import kafka_python_options
from streams.app.kafka.reach import require_kafka
from streams.app.settings import KafkaSettings
from streams.vocabulary.errors import ErrorCode, SettingsError
from streams.vocabulary.topics import (
    EVENTS,
    ONSETS,
    OUTCOMES,
    PROTOCOLS,
    REJECTED,
    SCREENINGS,
    STATE_TABLES,
    TOPICS,
    Topic,
    changelog,
)


APP_ID = "ember"
SHADOWED = (ONSETS, SCREENINGS, OUTCOMES)
"""What a shadow worker writes to topics of its own."""
SINGLE = frozenset({PROTOCOLS, REJECTED})
"""Topics of a few records, in one order: one partition is enough."""

RECORD_BYTES = 1_048_588
"""A batch of records at most: a message has 256 KB, a changelog's chunk up to 1 MB."""
_COMPACTED_SEGMENT_BYTES = 64 << 20
_DAY_MS = 86_400_000
_READY_MS = 30_000


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedTopic:
    """One topic as it must be on this cluster."""

    name: str
    partitions: int
    replicas: int
    config: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where a topic is not as it must be, and what mends it."""

    topic: str
    what: str
    wanted: str
    found: str
    cure: str

    def __str__(self) -> str:
        """One line."""
        return (
            f"{self.topic}: {self.what} is {self.found}, wanted {self.wanted}. "
            f"{self.cure}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicReport:
    """What was made, what was there, what differs."""

    created: tuple[str, ...]
    present: tuple[str, ...]
    differences: tuple[Difference, ...]


def ensure_topics(
    settings: KafkaSettings,
    *,
    app_id: str = APP_ID,
    shadow: str | None = None,
    check_only: bool = False,
) -> TopicReport:
    """Make what is missing and wait until it takes records; check what is there.

    Calling it again, or from several processes at once, changes nothing.
    Raises `SettingsError`: EMB-405 where Kafka cannot be reached or forbids it, EMB-402
    for replicas or a shadow's name that cannot be.
    """
    with opened_admin(settings) as admin:
        brokers = len(admin.describe_cluster()["brokers"])
        wanted = wanted_topics(settings, brokers=brokers, app_id=app_id, shadow=shadow)
        created = () if check_only else _create(admin, wanted)
        found = _found(admin, wanted)
        return TopicReport(
            created=created,
            present=tuple(sorted(set(found) - set(created))),
            differences=(
                *(_absent(topic) for topic in wanted if topic.name not in found),
                *_differences(wanted, found),
            ),
        )


def wanted_topics(
    settings: KafkaSettings,
    *,
    brokers: int,
    app_id: str = APP_ID,
    shadow: str | None = None,
) -> tuple[WantedTopic, ...]:
    """Every topic of a house; with `shadow`, also those of the worker of that name."""
    replicas = _replicas(settings, brokers)
    shape = _Shape(settings.partitions, replicas, 2 if replicas >= 3 else 1)
    names = {topic.name: topic for topic in TOPICS}
    wanted = [shape.of(topic) for topic in TOPICS] + shape.worker(app_id)
    if shadow is not None:
        wanted += [shape.of(names[n], shadow_topic(shadow, n)) for n in SHADOWED]
        wanted += shape.worker(shadow_app(shadow, app_id))
    return tuple(wanted)


def shadow_topic(shadow: str, topic: str) -> str:
    """Where the shadow worker of that name writes what others write to `topic`."""
    return f"shadow.{_checked(shadow)}.{topic}"


def shadow_app(shadow: str, app_id: str = APP_ID) -> str:
    """The application id of a shadow worker: its group and its changelogs."""
    return f"{app_id}-{_checked(shadow)}"


def leader_topic(app_id: str) -> str:
    """Faust's own topic by which the workers of one application choose a leader."""
    return f"{app_id}-__assignor-__leader"


def require_partitions(settings: KafkaSettings) -> None:
    """See that the log has the partitions that the settings say.

    What concerns all patients goes into each partition: with too few of them half the
    patients would be judged by no protocol.
    Raises `SettingsError` EMB-402, and EMB-405 where no broker can be asked.
    """
    with opened_admin(settings) as admin:
        if EVENTS not in admin.list_topics():
            return
        (found,) = admin.describe_topics([EVENTS])
    there = len(found["partitions"])
    if there != settings.partitions:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"{EVENTS} has {there} partitions, and EMBER_PARTITIONS is "
            f"{settings.partitions}.",
            f"Set EMBER_PARTITIONS to {there} for every process.",
        )


@contextmanager
def opened_admin(settings: KafkaSettings) -> Iterator[KafkaAdminClient]:
    """A client that may look after topics; its refusals are told as EMB-405."""
    require_kafka(settings)
    try:
        with closing(KafkaAdminClient(**kafka_python_options(settings))) as admin:
            yield admin
    except KafkaError as fault:
        raise SettingsError(
            ErrorCode.KAFKA_UNREACHABLE,
            f"Kafka refused or broke off ({type(fault).__name__}).",
            "Check that the user may create and describe topics, and try again.",
        ) from None


@dataclass(frozen=True, slots=True)
class _Shape:
    """What all topics of one cluster have in common."""

    partitions: int
    replicas: int
    in_sync: int

    def of(self, topic: Topic, name: str | None = None) -> WantedTopic:
        stamp = "LogAppendTime" if topic.stamped_on_arrival else "CreateTime"
        kept = self._kept(topic.retention, compacted=topic.compacted)
        return self._topic(
            name or topic.name,
            1 if topic.name in SINGLE else self.partitions,
            {**kept, "message.timestamp.type": stamp},
        )

    def worker(self, app_id: str) -> list[WantedTopic]:
        """The changelogs of its tables, and the topic its workers choose a leader by."""
        latest = self._kept(None, compacted=True)
        return [
            *(
                self._topic(changelog(app_id, table), self.partitions, latest)
                for table in STATE_TABLES
            ),
            self._topic(leader_topic(app_id), 1, {}),
        ]

    def _topic(
        self, name: str, partitions: int, config: Mapping[str, str]
    ) -> WantedTopic:
        common = {
            "max.message.bytes": str(RECORD_BYTES),
            "min.insync.replicas": str(self.in_sync),
        }
        return WantedTopic(
            name=name,
            partitions=partitions,
            replicas=self.replicas,
            config={**common, **config},
        )

    @staticmethod
    def _kept(retention: timedelta | None, *, compacted: bool) -> dict[str, str]:
        """Compacted soon enough that a new worker reads little more than the state."""
        milliseconds = -1 if retention is None else int(retention.total_seconds() * 1e3)
        kept = {"retention.ms": str(milliseconds), "cleanup.policy": "delete"}
        if not compacted:
            return kept
        return kept | {
            "cleanup.policy": "compact",
            "segment.bytes": str(_COMPACTED_SEGMENT_BYTES),
            "segment.ms": str(_DAY_MS),
            "min.cleanable.dirty.ratio": "0.2",
        }


def _replicas(settings: KafkaSettings, brokers: int) -> int:
    asked = settings.replicas or (3 if brokers >= 3 else 1)
    if asked > brokers:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"EMBER_REPLICAS is {asked}, and there are {brokers} brokers.",
            "Start more brokers, or ask for fewer copies.",
        )
    return asked


def _checked(shadow: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,30}", shadow):
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"{shadow!r} cannot name a shadow worker.",
            "Use up to 31 of a-z, 0-9 and -.",
        )
    return shadow


def _found(
    admin: KafkaAdminClient, wanted: Iterable[WantedTopic]
) -> dict[str, dict[str, Any]]:
    """By name: `partitions` as Kafka describes them, and the `config` we care for."""
    there = set(admin.list_topics())
    asked = [topic for topic in wanted if topic.name in there]
    if not asked:
        return {}
    told = admin.describe_configs(
        [ConfigResource("TOPIC", t.name, dict.fromkeys(t.config)) for t in asked],
        config_filter="all",
    )["topic"]
    return {
        topic["name"]: {
            "partitions": topic["partitions"],
            "config": {k: v["value"] for k, v in told[topic["name"]].items()},
        }
        for topic in admin.describe_topics([t.name for t in asked])
    }


def _create(admin: KafkaAdminClient, wanted: Iterable[WantedTopic]) -> tuple[str, ...]:
    """What was made; one by one, for another process may be making the same ones."""
    there = set(admin.list_topics())
    missing = [topic for topic in wanted if topic.name not in there]
    created = []
    for topic in missing:
        with suppress(TopicAlreadyExistsError):
            admin.create_topics(
                {
                    topic.name: {
                        "num_partitions": topic.partitions,
                        "replication_factor": topic.replicas,
                        "configs": dict(topic.config),
                    }
                }
            )
            created.append(topic.name)
    admin.wait_for_topics([topic.name for topic in missing], timeout_ms=_READY_MS)
    return tuple(created)


def _absent(topic: WantedTopic) -> Difference:
    return Difference(
        topic=topic.name,
        what="the topic",
        wanted="there",
        found="missing",
        cure="Run `ember kafka topics`.",
    )


def _differences(
    wanted: Iterable[WantedTopic], found: Mapping[str, dict[str, Any]]
) -> Iterator[Difference]:
    for topic in wanted:
        if topic.name in found:
            yield from _placed(topic, found[topic.name]["partitions"])
            yield from _configured(topic, found[topic.name]["config"])


def _placed(
    topic: WantedTopic, partitions: list[dict[str, Any]]
) -> Iterator[Difference]:
    if len(partitions) != topic.partitions:
        yield Difference(
            topic=topic.name,
            what="partitions",
            wanted=str(topic.partitions),
            found=str(len(partitions)),
            cure="This cannot be mended: patients would change their partition. "
            f"Set EMBER_PARTITIONS to {len(partitions)}, or move to an empty cluster.",
        )
    copies = min((len(p["replica_nodes"]) for p in partitions), default=0)
    if copies != topic.replicas:
        yield Difference(
            topic=topic.name,
            what="replicas",
            wanted=str(topic.replicas),
            found=str(copies),
            cure="Give the partitions other brokers with kafka-reassign-partitions, "
            "or set EMBER_REPLICAS.",
        )


def _configured(topic: WantedTopic, config: Mapping[str, str]) -> Iterator[Difference]:
    for name, text in topic.config.items():
        if config.get(name) != text:
            yield Difference(
                topic=topic.name,
                what=name,
                wanted=text,
                found=config.get(name, "unknown"),
                cure="Run kafka-configs --alter --entity-type topics --entity-name "
                f"{topic.name} --add-config {name}={text}.",
            )
