"""Detect: from a patient's facts to revisions of sepsis flags.

A flag is named by site, patient, definition, policy and hospital stay, so that a
second look, another worker or another order of arrival speaks of the same flag.
While its window is open it is `provisional`; once the window has closed it is
`confirmed`; what changes after that is `amended`; what no longer holds is
`withdrawn`. Nothing is overwritten: each change is a revision.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from streams.clinical.definitions.policies import Sepsis3Policy
from streams.clinical.definitions.sepsis3 import Sepsis3Episode, Sepsis3Result
from streams.clinical.definitions.tracker import Sepsis3Tracker
from streams.pipeline.state import PatientState, Step
from streams.vocabulary.ids import flag_identity, revision_identity
from streams.vocabulary.messages import FlagStatus, SepsisOnset


DEFINITION = "sepsis3"
VERSION = "1.0"
"""Of our reading of Singer et al., JAMA 2016; a change of meaning raises it."""


def detect(state: PatientState, now: datetime, *, policy: Sepsis3Policy) -> Step:
    """The revisions of the patient's flags by what is known at `now`; files none."""
    result = tracker_of(state, policy).evaluate(state.timeline, now)
    if result is state.judged and not _to_confirm(state, result, now):
        return Step(due=result.due)
    state.judged = result
    found = [_flag(state, episode, now, policy) for episode in result.episodes]
    standing = {flag.flag_id for flag in found}
    revised = [r for flag in found if (r := _revision(state, flag)) is not None]
    revised += [
        _withdrawn(flag, state, now)
        for flag in state.flags.values()
        if flag.flag_id not in standing and flag.status != "withdrawn"
    ]
    return Step(messages=tuple(revised), due=result.due)


def tracker_of(state: PatientState, policy: Sepsis3Policy) -> Sepsis3Tracker:
    """The patient's tracker; a fresh one reads the timeline that is there."""
    if state.tracker is None:
        state.tracker = Sepsis3Tracker(policy)
    return state.tracker


def _to_confirm(state: PatientState, result: Sepsis3Result, now: datetime) -> bool:
    """Whether a window has closed over a flag that is still provisional."""
    return any(f.status == "provisional" for f in state.flags.values()) and any(
        now >= episode.window_closes_at for episode in result.episodes
    )


def _flag(
    state: PatientState, episode: Sepsis3Episode, now: datetime, policy: Sepsis3Policy
) -> SepsisOnset:
    flag_id = flag_identity(
        site=state.site,
        patient=state.patient,
        definition=DEFINITION,
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
        definition=DEFINITION,
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


def _revision(state: PatientState, found: SepsisOnset) -> SepsisOnset | None:
    """The next revision of a flag; None where nothing but time has passed."""
    held = state.flags.get(found.flag_id)
    if held is None:
        return _numbered(found, 0, found.status)
    same = _content(held) == _content(found)
    status = _status(held.status, found.status, same=same)
    if same and status == held.status:
        return None
    return _numbered(found, held.revision + 1, status)


def _status(held: FlagStatus, found: FlagStatus, *, same: bool) -> FlagStatus:
    """What a flag that was `held` is now that it is found again."""
    if held in ("confirmed", "amended"):
        return held if same else "amended"
    return found


def _withdrawn(flag: SepsisOnset, state: PatientState, now: datetime) -> SepsisOnset:
    gone = replace(flag, known_at=now, provenance=state.provenance)
    return _numbered(gone, flag.revision + 1, "withdrawn")


def _numbered(flag: SepsisOnset, revision: int, status: FlagStatus) -> SepsisOnset:
    return replace(
        flag,
        message_id=revision_identity(flag.flag_id, revision),
        revision=revision,
        status=status,
    )


def _content(flag: SepsisOnset) -> SepsisOnset:
    """The flag without what every revision changes by itself."""
    return replace(
        flag,
        message_id="",
        revision=0,
        status="provisional",
        known_at=flag.happened_at,
        provenance="history",
    )
