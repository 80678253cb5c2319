"""Detect: from a patient's facts to revisions of Sepsis-3 flags.

A flag is named by site, patient, definition, policy and hospital stay, so that a
second look, another worker or another order of arrival speaks of the same flag.
While its window is open it is `provisional`, once the window has closed `confirmed`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from streams.clinical.criteria.loading import ANCHORING
from streams.clinical.definitions.policies import Sepsis3Policy
from streams.clinical.definitions.sepsis3 import Sepsis3Episode, Sepsis3Result
from streams.clinical.definitions.tracker import Sepsis3Tracker
from streams.pipeline.joining import known_before
from streams.pipeline.revisions import revisions
from streams.pipeline.state import PatientState, Step
from streams.vocabulary.ids import flag_identity
from streams.vocabulary.messages import SepsisOnset


VERSION = "1.0"
"""Of our reading of Singer et al., JAMA 2016; a change of meaning raises it."""


def detect(state: PatientState, now: datetime, *, policy: Sepsis3Policy) -> Step:
    """The revisions of the patient's flags by what is known at `now`; files none."""
    result = tracker_of(state, policy).evaluate(state.timeline, now)
    if result is state.judged and not _to_confirm(state, policy, result, now):
        return Step(due=result.due)
    state.judged = result
    found = [_flag(state, episode, now, policy) for episode in result.episodes]
    if state.kin is not None:
        found = [_as_known_before(state, flag) for flag in found]
    said = tuple(revisions(state, found, _own(state, policy), now))
    return Step(messages=said, due=result.due)


def _as_known_before(state: PatientState, flag: SepsisOnset) -> SepsisOnset:
    """A flag that a merge or unmerge lets stand here, known since its facts were."""
    held = state.flags.get(flag.flag_id)
    if held is not None and held.status != "withdrawn":
        return flag
    known = known_before(state, flag.evidence)
    return flag if known is None else replace(flag, known_at=min(known, flag.known_at))


def tracker_of(state: PatientState, policy: Sepsis3Policy) -> Sepsis3Tracker:
    """The patient's tracker; a fresh one reads the timeline that is there."""
    if state.tracker is None:
        state.tracker = Sepsis3Tracker(policy)
    return state.tracker


def _own(state: PatientState, policy: Sepsis3Policy) -> list[SepsisOnset]:
    """What was said by this policy; by another, Sepsis-3 is flagged beside it."""
    return [flag for flag in state.anchors if flag.policy == policy.name]


def _to_confirm(
    state: PatientState, policy: Sepsis3Policy, result: Sepsis3Result, now: datetime
) -> bool:
    """Whether a window has closed over a flag that is still provisional."""
    return any(f.status == "provisional" for f in _own(state, policy)) and any(
        now >= episode.window_closes_at for episode in result.episodes
    )


def _flag(
    state: PatientState, episode: Sepsis3Episode, now: datetime, policy: Sepsis3Policy
) -> SepsisOnset:
    flag_id = flag_identity(
        site=state.site,
        patient=state.patient,
        definition=ANCHORING,
        policy=policy.name,
        episode=episode.encounter,
    )
    return SepsisOnset(
        message_id="",
        site=state.site,
        patient=state.patient,
        happened_at=episode.onset_at,
        known_at=now,
        source="detect",
        provenance=state.provenance,
        flag_id=flag_id,
        revision=0,
        status="confirmed" if now >= episode.window_closes_at else "provisional",
        definition=ANCHORING,
        definition_version=VERSION,
        policy=policy.name,
        episode=episode.encounter,
        stay=episode.stay,
        suspicion_at=episode.suspicion_at,
        dysfunction_at=episode.dysfunction_at,
        antimicrobial_at=episode.antimicrobial_at,
        culture_at=episode.culture_at,
        score=episode.score,
        score_lower=episode.lower,
        score_upper=episode.upper,
        baseline=episode.baseline,
        components=episode.components,
        evidence=episode.evidence,
        missing=episode.missing,
    )
