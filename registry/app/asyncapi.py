"""The AsyncAPI 3 document: every topic, its messages, and who sends and receives them.

Derived from the topics table, the messages and the permissions; nothing is said twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter

from registry.alerts.topic import ID_HEADER
from registry.app.published import ALERT_NOTICE, tags_required
from streams.app.kafka.acls import GROUPS
from streams.app.kafka.topics import WantedTopic, wanted_topics
from streams.app.settings import KafkaSettings
from streams.vocabulary.messages import (
    BLIND_BROKEN,
    CLOCK_TICK,
    DEAD_LETTER,
    EHR_MESSAGE,
    IDENTITY_SIGHTING,
    PROTOCOL_IN_FORCE,
    ROSTER_ENTRY,
    SEPSIS_ONSET,
    TRIAL_OUTCOME,
    TRIAL_SCREENING,
)
from streams.vocabulary.topics import (
    ALERTS,
    BACKFILL,
    CANONICAL,
    EVENTS,
    FORMAT_HEADER,
    IDENTITIES,
    ONSETS,
    OUTCOMES,
    PROTOCOLS,
    RAW,
    REJECTED,
    ROSTER,
    SCREENINGS,
    TOPICS,
    TRACE_HEADER,
    UNBLINDINGS,
    Topic,
)


_CARRIED: Mapping[str, Mapping[str, TypeAdapter[Any]]] = {
    RAW: {"EhrMessage": EHR_MESSAGE, "ClockTick": CLOCK_TICK},
    BACKFILL: {"EhrMessage": EHR_MESSAGE, "ClockTick": CLOCK_TICK},
    EVENTS: {
        "EhrMessage": EHR_MESSAGE,
        "RosterEntry": ROSTER_ENTRY,
        "ClockTick": CLOCK_TICK,
        "ProtocolInForce": PROTOCOL_IN_FORCE,
    },
    REJECTED: {"DeadLetter": DEAD_LETTER},
    ONSETS: {"SepsisOnset": SEPSIS_ONSET},
    SCREENINGS: {"TrialScreening": TRIAL_SCREENING},
    OUTCOMES: {"TrialOutcome": TRIAL_OUTCOME},
    PROTOCOLS: {"ProtocolInForce": PROTOCOL_IN_FORCE},
    ROSTER: {"RosterEntry": ROSTER_ENTRY},
    ALERTS: {"AlertNotice": ALERT_NOTICE},
    UNBLINDINGS: {"BlindBroken": BLIND_BROKEN},
    IDENTITIES: {"IdentitySighting": IDENTITY_SIGHTING},
}
"""What may be on each topic; the record's `type` tells them apart where several may."""

_BINDING = {"bindingVersion": "0.5.0"}
_AS_RECEIVED = "AsReceived"


def asyncapi() -> dict[str, Any]:
    """The document, as JSON; a cluster of three brokers is described."""
    shapes = {
        topic.name: topic
        for topic in wanted_topics(KafkaSettings(servers=("broker",)), brokers=3)
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Ember",
            "version": "1.0.0",
            "description": "From a hospital's live record to a randomised trial: "
            "every message has a deterministic id; a reader ignores fields it does not "
            "know, and stops at a major version it does not know.",
        },
        "defaultContentType": "application/json",
        "servers": _SERVERS,
        "channels": {
            topic.name: _channel(topic, shapes[topic.name]) for topic in TOPICS
        },
        "operations": dict(_operations()),
        "components": {
            "messages": _messages(),
            "schemas": _schemas(),
            "securitySchemes": _SECURITY,
        },
    }


_SERVERS = {
    "secured": {
        "host": "{broker}:9093",
        "protocol": "kafka-secure",
        "description": "TLS and SASL: every site with patients.",
        "variables": {"broker": {"description": "A broker's name, as certified."}},
        "security": [{"$ref": "#/components/securitySchemes/scram"}],
    },
    "development": {
        "host": "127.0.0.1:9092",
        "protocol": "kafka",
        "description": "`ember kafka up`: plain text, on this machine alone.",
    },
}
_SECURITY = {
    "scram": {
        "type": "scramSha512",
        "description": "A user for each component; what each may do: `ember kafka acls`.",
    },
    "certificate": {
        "type": "X509",
        "description": "A client's certificate, where a site wants one besides.",
    },
}


def _channel(topic: Topic, shape: WantedTopic) -> dict[str, Any]:
    return {
        "address": topic.name,
        "description": f"{topic.carries}; key: {topic.key}",
        "messages": {
            name: {"$ref": f"#/components/messages/{_message_name(topic.name, name)}"}
            for name in _carried_by(topic.name)
        },
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": shape.partitions,
                "replicas": shape.replicas,
                "topicConfiguration": {
                    "cleanup.policy": [shape.config["cleanup.policy"]],
                    "retention.ms": int(shape.config["retention.ms"]),
                    "max.message.bytes": int(shape.config["max.message.bytes"]),
                },
                **_BINDING,
            }
        },
    }


def _operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for topic in TOPICS:
        for component in topic.written_by:
            yield (
                f"{component}.sends.{topic.name}",
                _operation(component, topic, "send"),
            )
        for component in topic.read_by:
            told = _operation(component, topic, "receive")
            if groups := GROUPS.get(component):
                named = {"type": "string", "enum": [*groups]}
                told["bindings"] = {"kafka": {"groupId": named, **_BINDING}}
            yield f"{component}.receives.{topic.name}", told


def _operation(component: str, topic: Topic, action: str) -> dict[str, Any]:
    channel = f"#/channels/{topic.name}"
    return {
        "action": action,
        "channel": {"$ref": channel},
        "messages": [
            {"$ref": f"{channel}/messages/{name}"} for name in _carried_by(topic.name)
        ],
        "tags": [{"name": component}],
    }


def _messages() -> dict[str, Any]:
    """One for each payload and set of headers."""
    named = {}
    for topic in TOPICS:
        key = {"type": "string", "description": topic.key}
        for payload in _carried_by(topic.name):
            named[_message_name(topic.name, payload)] = {
                "name": payload,
                "contentType": (
                    "application/octet-stream"
                    if payload == _AS_RECEIVED
                    else "application/json"
                ),
                "headers": _headers(topic.name, payload),
                "payload": {"$ref": f"#/components/schemas/{payload}"},
                "bindings": {"kafka": {"key": key, **_BINDING}},
            }
    return named


def _carried_by(topic: str) -> tuple[str, ...]:
    more = (_AS_RECEIVED,) if topic in {RAW, BACKFILL} else ()
    return (*_CARRIED[topic], *more)


def _message_name(topic: str, payload: str) -> str:
    return f"{topic}.{payload}"


def _headers(topic: str, payload: str) -> dict[str, Any]:
    trace = {"type": "string", "description": "W3C trace context."}
    told: dict[str, Any] = {TRACE_HEADER: trace}
    required = []
    if topic in {RAW, BACKFILL}:
        form = {"type": "string", "description": "How the bytes are to be read."}
        canonical = payload != _AS_RECEIVED
        told[FORMAT_HEADER] = form | ({"const": CANONICAL} if canonical else {})
        required = [FORMAT_HEADER]
    if topic == ALERTS:
        told[ID_HEADER] = {
            "type": "string",
            "description": "The same over all retries.",
        }
        required = [ID_HEADER]
    return {"type": "object", "properties": told, "required": required}


def _schemas() -> dict[str, Any]:
    adapters = {
        name: adapter
        for carried in _CARRIED.values()
        for name, adapter in carried.items()
    }
    _, shared = TypeAdapter.json_schemas(
        [(name, "serialization", adapter) for name, adapter in adapters.items()],
        ref_template="#/components/schemas/{model}",
    )
    received = {"type": "string", "format": "binary", "description": "As it came."}
    told = {name: tags_required(schema) for name, schema in shared["$defs"].items()}
    return {**_without_discriminators(told), _AS_RECEIVED: received}


def _without_discriminators(schema: Any) -> Any:  # noqa: ANN401 - any JSON
    """AsyncAPI's `discriminator` is another than JSON Schema's; `oneOf` says enough."""
    if isinstance(schema, dict):
        return {
            key: _without_discriminators(part)
            for key, part in schema.items()
            if key != "discriminator"
            or not isinstance(part, dict)
            or "mapping" not in part
        }
    if isinstance(schema, list):
        return [_without_discriminators(part) for part in schema]
    return schema
