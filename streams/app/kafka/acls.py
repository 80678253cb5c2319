"""What each component may do on Kafka, derived from the topics table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from streams.app.kafka.topics import (
    APP_ID,
    SHADOWED,
    leader_topic,
    shadow_app,
    shadow_topic,
)
from streams.vocabulary.topics import (
    BACKFILL,
    EVENTS,
    PROTOCOLS,
    RAW,
    REJECTED,
    STATE_TABLES,
    TOPICS,
    Topic,
    changelog,
)


Operation = Literal["Read", "Write", "Create", "Describe", "DescribeConfigs"]

GROUPS = {
    "worker": (APP_ID, f"{APP_ID}.backfill"),
    "consumer": ("ember.verdicts", "ember.archive", "ember.letters"),
    "vault": ("ember.identities",),
}
"""The consumer groups of each component that has any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acl:
    """One component (a Kafka user) may do this on that; all else is denied."""

    component: str
    resource: Literal["topic", "group", "cluster"]
    name: str
    operations: tuple[Operation, ...]

    def cells(self) -> tuple[str, str, str, str]:
        """As the columns of a table."""
        does = ", ".join(self.operations)
        return self.component, self.resource, self.name, does


def acls(shadow: str | None = None) -> tuple[Acl, ...]:
    """Every permission, by component and resource.

    `external` is whoever hears alerts; with `shadow`, also the worker of that name.
    """
    rows = [
        *(row for topic in TOPICS for row in _of_topic(topic)),
        *_of_the_state("worker", APP_ID),
        *_of_groups(),
    ]
    if shadow is not None:
        rows += _of_the_shadow(shadow)
    return (*sorted(rows, key=lambda row: row.cells()[:3]), *_OF_THE_ADMINISTRATOR)


def _of_topic(topic: Topic) -> Iterator[Acl]:
    """Who writes it and who reads it; an operator also replays and asks anew."""
    readers, writers = set(topic.read_by), set(topic.written_by)
    if topic.name == EVENTS:
        readers.add("operator")
        writers.add("operator")
    if topic.name in (RAW, BACKFILL):
        writers.add("operator")
    for component in readers | writers:
        does: list[Operation] = []
        if component in readers:
            does.append("Read")
        if component in writers:
            does.append("Write")
        yield _topic(component, topic.name, *does)


def _of_the_state(component: str, app_id: str) -> list[Acl]:
    """A worker writes its changelogs, reads them to recover, and makes none."""
    named = [*(changelog(app_id, t) for t in STATE_TABLES), leader_topic(app_id)]
    return [_topic(component, name, "Read", "Write") for name in named]


def _of_the_shadow(shadow: str) -> list[Acl]:
    """It reads the patients' logs; what it writes, only an operator reads."""
    app_id = shadow_app(shadow)
    writes = [shadow_topic(shadow, name) for name in SHADOWED]
    return [
        *(_topic("shadow", name, "Read") for name in (EVENTS, PROTOCOLS)),
        *_of_the_state("shadow", app_id),
        *(_topic("shadow", name, "Write") for name in (*writes, REJECTED)),
        Acl(component="shadow", resource="group", name=app_id, operations=("Read",)),
        *(_topic("operator", name, "Read") for name in (*SHADOWED, *writes)),
        Acl(
            component="operator",
            resource="group",
            name=app_id,
            operations=("Describe",),
        ),
    ]


def _of_groups() -> list[Acl]:
    return [
        Acl(component=component, resource="group", name=name, operations=("Read",))
        for component, names in GROUPS.items()
        for name in names
    ]


def _topic(component: str, name: str, *operations: Operation) -> Acl:
    does = (*operations, "Describe")
    return Acl(component=component, resource="topic", name=name, operations=does)


_OF_THE_ADMINISTRATOR = (
    Acl(
        component="administrator",
        resource="cluster",
        name="kafka-cluster",
        operations=("Create", "Describe"),
    ),
    Acl(
        component="administrator",
        resource="topic",
        name="*",
        operations=("Create", "Describe", "DescribeConfigs"),
    ),
)
"""Who runs `ember kafka topics`: sees and makes topics, reads none of them."""
