"""The JSON Schemas Ember publishes, by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from registry.app.acts import ANSWER, CONSENT, OPT_OUT, RANDOMISE, RANDOMISE_DOMAINS
from registry.app.commands.fallback import PAGES
from registry.app.commands.query import ANSWERS
from registry.app.commands.rehearse import REHEARSED
from registry.app.commands.role import GRANTS
from registry.app.explanation import EXPLANATIONS
from registry.app.exporting.manifest import Manifest
from registry.app.feeds import FEEDS
from registry.app.protocol_answers import ACTIVATED, CHANGES, PASSAGES
from registry.app.protocol_check import FINDINGS, TRIED
from registry.app.signed import SIGNATURES
from registry.app.unblinding import UNBLIND
from registry.domain.audit import Break
from registry.domain.mode import Mode
from streams.adapters.tabular.mapping.document import MappingDocument
from streams.app.concepts import CONCEPTS
from streams.app.kafka.commands import ACL_ROWS, TOPIC_REPORT
from streams.clinical.feasibility.report import BACKTEST
from streams.vocabulary.clock import Instant
from streams.vocabulary.messages import (
    BLIND_BROKEN,
    DEAD_LETTER,
    IDENTITY_SIGHTING,
    LOGGED,
    PROTOCOL_IN_FORCE,
    ROSTER_ENTRY,
    SEPSIS_ONSET,
    TRIAL_OUTCOME,
    TRIAL_SCREENING,
    Provenance,
    ScreeningStatus,
)
from streams.vocabulary.protocol import Protocol


_DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTold:
    """What an alert tells: ids and what is still to be done; no name, no arm."""

    alert_id: str
    site: str
    patient: str
    trial: str
    domain: str
    episode: str
    status: ScreeningStatus
    deadline: Instant
    known_at: Instant
    screening_id: str
    revision: int
    missing: tuple[str, ...]
    """Criteria that only a human can judge, and nobody has yet."""
    protocol_hash: str
    provenance: Provenance
    mode: Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertNotice:
    """`trial.alerts`: an alert was raised, changed or closed; also a webhook's body."""

    type: Literal[
        "alert.raised",
        "alert.updated",
        "alert.acted",
        "alert.expired",
        "alert.retracted",
    ]
    timestamp: Instant
    data: AlertTold


ALERT_NOTICE = TypeAdapter(AlertNotice)

MESSAGES: dict[str, TypeAdapter[Any]] = {
    "ehr.events": LOGGED,
    "ehr.rejected": DEAD_LETTER,
    "sepsis.onsets": SEPSIS_ONSET,
    "trial.screenings": TRIAL_SCREENING,
    "trial.outcomes": TRIAL_OUTCOME,
    "trial.roster": ROSTER_ENTRY,
    "trial.protocols": PROTOCOL_IN_FORCE,
    "trial.alerts": ALERT_NOTICE,
    "trial.unblindings": BLIND_BROKEN,
    "identity.sightings": IDENTITY_SIGHTING,
}
"""By topic, what its records hold; `ehr.raw` holds what came, or `ehr.events`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedChain:
    """One chain as `ember audit verify --json` tells it."""

    site: str
    trial: str
    rows: int
    head_hash: str
    arms_read: bool
    break_: Annotated[Break | None, Field(serialization_alias="break")]


_OTHER_ANSWERS: dict[str, TypeAdapter[Any]] = {
    "explain": EXPLANATIONS,
    "audit.verify": TypeAdapter(tuple[AuditedChain, ...]),
    "role.list": GRANTS,
    "signature.show": SIGNATURES,
    "consent.record": CONSENT,
    "screening.answer": ANSWER,
    "opt-out": OPT_OUT,
    "randomise": RANDOMISE,
    "randomise.domains": RANDOMISE_DOMAINS,
    "unblind": UNBLIND,
    "fallback.backfill": PAGES,
    "rehearse": REHEARSED,
    "protocol.lint": FINDINGS,
    "protocol.vignettes": TRIED,
    "protocol.explain": PASSAGES,
    "protocol.diff": CHANGES,
    "protocol.activate": ACTIVATED,
    "concepts": CONCEPTS,
    "feeds": FEEDS,
    "protocol.backtest": BACKTEST,
    "kafka.topics": TOPIC_REPORT,
    "kafka.acls": ACL_ROWS,
    "export.manifest": TypeAdapter(Manifest),
}


def published_schemas() -> dict[str, dict[str, Any]]:
    """Messages by topic, the protocol document, and every `--json` answer of rows."""
    named = {name: message_schema(adapter) for name, adapter in MESSAGES.items()}
    named["protocol"] = Protocol.model_json_schema(mode="validation")
    named["mapping"] = MappingDocument.model_json_schema(mode="validation")
    for name, adapter in ANSWERS.items():
        named[f"query.{name}"] = adapter.json_schema(mode="serialization")
    for name, adapter in _OTHER_ANSWERS.items():
        named[name] = adapter.json_schema(mode="serialization")
    return {name: _headed(name, schema) for name, schema in named.items()}


def message_schema(adapter: TypeAdapter[Any]) -> dict[str, Any]:
    """The schema of what is written: the tag that tells messages apart is there."""
    schema = tags_required(adapter.json_schema(mode="serialization"))
    if "$defs" in schema:
        schema["$defs"] = {n: tags_required(s) for n, s in schema["$defs"].items()}
    return schema


def tags_required(schema: dict[str, Any]) -> dict[str, Any]:
    """Pydantic calls a tag with a default optional; readers go by it."""
    told = schema.get("properties", {})
    tags = [tag for tag in ("type", "kind") if "const" in told.get(tag, {})]
    required = dict.fromkeys([*tags, *schema.get("required", ())])
    return {**schema, "required": [*required]} if tags else schema


def _headed(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"$schema": _DIALECT, "$id": f"urn:ember:schema:{name}:1.0", **schema}
