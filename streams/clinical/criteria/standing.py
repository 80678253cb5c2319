"""Judges what Ember itself knows: flags, enrolments, and what humans answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from streams.clinical.criteria.judgement import (
    ASKED,
    Judgement,
    PatientView,
    absent,
    once,
)
from streams.vocabulary.kinds.standing import Confirm, Enrolled, HasOnset
from streams.vocabulary.messages import SepsisOnset
from streams.vocabulary.truth import TRUE, UNKNOWN, any_of, truth


def judge_onset(rule: HasOnset, view: PatientView, _now: datetime) -> Judgement:
    """Whether a flag stands; a withdrawn one says FALSE."""
    flags = _flags(rule, view)
    if not flags:
        return absent(rule, f"sepsis onset ({rule.definition or 'anchor'})")
    stands = {flag.flag_id: truth(flag.status in rule.statuses) for flag in flags}
    said = any_of(stands.values())
    deciding = [flag for flag in flags if stands[flag.flag_id] is said]
    return Judgement(said, once(e for flag in deciding for e in flag.evidence))


def judge_enrolled(rule: Enrolled, view: PatientView, _now: datetime) -> Judgement:
    """Whether the roster names the patient in one of the trials."""
    entries = [entry for entry in view.roster if entry.trial in rule.trials]
    if entries:
        return Judgement(TRUE, once(entry.message_id for entry in entries))
    return absent(rule, f"enrolment in {' or '.join(rule.trials)}")


def judge_confirm(rule: Confirm, view: PatientView, _now: datetime) -> Judgement:
    """The human's answer; without one, the question."""
    answer = view.answers.get(rule.name, UNKNOWN)
    need = (f"{ASKED}{rule.name}",) if answer is UNKNOWN else ()
    return Judgement(answer, would_need=need)


def _flags(rule: HasOnset, view: PatientView) -> Sequence[SepsisOnset]:
    if rule.definition is None:
        return () if view.onset is None else (view.onset,)
    return [
        flag
        for flag in view.flags
        if flag.definition == rule.definition
        and flag.episode == view.episode
        and rule.policy in (None, flag.policy)
    ]
