"""What septic shock belongs to: sepsis, or a suspected infection alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from streams.clinical.definitions.sepsis3 import NO_ENCOUNTER, Sepsis3Episode
from streams.clinical.definitions.shock_policies import ShockPolicy
from streams.clinical.definitions.suspicion import suspicions
from streams.clinical.definitions.tracker import sepsis3
from streams.clinical.hospital_stay import hospital_stay
from streams.clinical.timeline import Timeline


FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Septic:
    """One septic episode, and the time in which shock counts."""

    encounter: str
    stay: str | None
    at: datetime
    suspected_at: datetime
    opens: datetime
    closes: datetime
    over: bool
    """Whether the patient has left the hospital."""
    evidence: tuple[str, ...]


def septic(
    timeline: Timeline,
    policy: ShockPolicy,
    now: datetime | None,
    episodes: Sequence[Sepsis3Episode] | None,
) -> Iterator[Septic]:
    """The episodes by `now`, each open until the patient leaves the hospital."""
    told = _sepsis if policy.basis == "sepsis3" else _suspected
    for encounter, stay, at, suspected_at, evidence in told(
        timeline, policy, now, episodes
    ):
        whole = hospital_stay(timeline, encounter, now or FOREVER)
        left = None if whole is None else whole.left_at
        yield Septic(
            encounter=encounter,
            stay=stay,
            at=at,
            suspected_at=suspected_at,
            opens=suspected_at - policy.sepsis.before,
            closes=min(left or FOREVER, now or FOREVER),
            over=left is not None,
            evidence=evidence,
        )


_Told = tuple[str, str | None, datetime, datetime, tuple[str, ...]]
"""Encounter, stay, since when, suspicion, evidence."""


def _sepsis(
    timeline: Timeline,
    policy: ShockPolicy,
    now: datetime | None,
    episodes: Sequence[Sepsis3Episode] | None,
) -> Iterator[_Told]:
    if episodes is None:
        episodes = sepsis3(timeline, policy=policy.sepsis, now=now)
    for one in episodes:
        yield one.encounter, one.stay, one.onset_at, one.suspicion_at, one.evidence


def _suspected(
    timeline: Timeline,
    policy: ShockPolicy,
    now: datetime | None,
    episodes: Sequence[Sepsis3Episode] | None,  # noqa: ARG001 - as its twin
) -> Iterator[_Told]:
    """The first suspicion of each hospital stay."""
    seen: set[str] = set()
    for one in suspicions(timeline, policy=policy.sepsis.suspicion, now=now):
        name = one.encounter or NO_ENCOUNTER
        if name not in seen:
            seen.add(name)
            yield name, one.stay, one.suspected_at, one.suspected_at, one.signs
