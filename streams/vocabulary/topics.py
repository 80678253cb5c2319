"""The topics table: who writes, who reads, what for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic; all are keyed by site and patient unless `key` says otherwise."""

    name: str
    written_by: str
    read_by: str
    carries: str
    key: str = "site and patient"
    compacted: bool = False


TOPICS: tuple[Topic, ...] = (
    Topic("ehr.events", "ingest", "detect, screen, follow-up", "canonical events"),
    Topic("ehr.backfill", "loaders", "detect, screen, follow-up", "history"),
    Topic("ehr.rejected", "ingest", "operators", "dead letters with place and code"),
    Topic("sepsis.onsets", "detect", "registry", "flag revisions with evidence"),
    Topic("trial.screenings", "screen", "registry", "verdict revisions with evidence"),
    Topic("trial.outcomes", "follow-up", "registry", "outcome revisions"),
    Topic(
        "trial.protocols",
        "registry",
        "screen",
        "active protocol versions",
        key="protocol hash",
        compacted=True,
    ),
    Topic("trial.roster", "registry", "follow-up, screen", "who takes part, no arm"),
    Topic("trial.alerts", "registry", "external systems", "what was sent, and why"),
)
