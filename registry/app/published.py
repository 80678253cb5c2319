"""The JSON Schemas Ember publishes, by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from registry.app.commands.query import ANSWERS
from registry.app.explanation import EXPLANATIONS
from registry.domain.audit import Break
from streams.app.commands import CONCEPTS
from streams.vocabulary.messages import (
    EHR_MESSAGE,
    ROSTER_ENTRY,
    SEPSIS_ONSET,
    TRIAL_OUTCOME,
    TRIAL_SCREENING,
)
from streams.vocabulary.protocol import Protocol


_DIALECT = "https://json-schema.org/draft/2020-12/schema"

_MESSAGES: dict[str, TypeAdapter[Any]] = {
    "ehr.events": EHR_MESSAGE,
    "sepsis.onsets": SEPSIS_ONSET,
    "trial.screenings": TRIAL_SCREENING,
    "trial.outcomes": TRIAL_OUTCOME,
    "trial.roster": ROSTER_ENTRY,
}


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
    "concepts": CONCEPTS,
}


def published_schemas() -> dict[str, dict[str, Any]]:
    """Messages by topic, the protocol document, and every `--json` answer of rows."""
    named = {
        name: adapter.json_schema(mode="serialization")
        for name, adapter in _MESSAGES.items()
    }
    named["protocol"] = Protocol.model_json_schema(mode="validation")
    for name, adapter in ANSWERS.items():
        named[f"query.{name}"] = adapter.json_schema(mode="serialization")
    for name, adapter in _OTHER_ANSWERS.items():
        named[name] = adapter.json_schema(mode="serialization")
    return {name: _headed(name, schema) for name, schema in named.items()}


def _headed(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"$schema": _DIALECT, "$id": f"urn:ember:schema:{name}:1.0", **schema}
