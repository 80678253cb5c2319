"""Judges what Ember itself knows: flags, enrolments, and what humans answered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from streams.clinical.criteria.foresight import foreseen
from streams.clinical.criteria.judgement import (
    ANSWER,
    ASKED,
    DECLINED,
    FLAG,
    INSTANT,
    ONSET,
    ROSTER,
    Judgement,
    PatientView,
    absent,
    once,
)
from streams.clinical.criteria.windows import (
    Window,
    anchorless,
    window_of,
    window_reads,
)
from streams.vocabulary.kinds.standing import Confirm, Enrolled, HasOnset, Refused
from streams.vocabulary.messages import RosterEntry, SepsisOnset
from streams.vocabulary.quantities import write_duration
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, Truth3, any_of


ALL_RESEARCH = ""
"""The trial of an entry of who declined all research."""


@foreseen
def judge_onset(rule: HasOnset, view: PatientView, now: datetime) -> Judgement:
    """Whether a flag stands, and lies in the window; a withdrawn one says FALSE."""
    need = f"sepsis onset ({rule.definition or 'anchor'})"
    flags = _flags(rule, view, now)
    if not flags:
        return absent(rule, need)
    window = window_of(rule, view, now)
    if window is None:
        return anchorless(rule)
    stands = {flag.flag_id: _stands(rule, flag, window) for flag in flags}
    said = any_of(stands.values())
    deciding = [flag for flag in flags if stands[flag.flag_id] is said]
    return Judgement(
        said,
        once((*(e for flag in deciding for e in flag.evidence), *window.evidence)),
        would_need=(need,) if said is UNKNOWN else (),
    )


def onset_reads(rule: HasOnset) -> Iterable[str]:
    """The flags of the definition, or the anchoring one, and the window's anchor."""
    flag = ONSET if rule.definition is None else f"{FLAG}{rule.definition}"
    return (flag, *window_reads(rule))


@foreseen
def judge_enrolled(rule: Enrolled, view: PatientView, now: datetime) -> Judgement:
    """Whether the roster names the patient in one of the trials."""
    entries = [
        entry
        for entry in _recent(view.roster, rule.trials, rule.within, now)
        if not rule.domains or entry.domain in rule.domains
    ]
    if entries:
        return Judgement(TRUE, once(entry.message_id for entry in entries))
    return absent(rule, f"enrolment in {' or '.join(rule.trials)}{_since(rule)}")


@foreseen
def judge_refused(rule: Refused, view: PatientView, now: datetime) -> Judgement:
    """Whether one of the trials was declined, or all research."""
    trials = (*rule.trials, ALL_RESEARCH)
    declined = _recent(view.declined, trials, rule.within, now)
    if declined:
        return Judgement(TRUE, once(entry.message_id for entry in declined))
    return absent(rule, f"refusal of {' or '.join(rule.trials)}{_since(rule)}")


def judge_confirm(rule: Confirm, view: PatientView, now: datetime) -> Judgement:
    """The human's answer while it holds; without one, the question.

    Where an answer holds for a time only, one that nobody dated is none.
    """
    answer = view.answers.get(rule.name, UNKNOWN)
    lapses = None
    if rule.holds_for is not None and answer is not UNKNOWN:
        answered = view.answered_at.get(rule.name)
        if answered is None or answered + rule.holds_for < now:
            answer = UNKNOWN
        else:
            lapses = answered + rule.holds_for + INSTANT
    need = (f"{ASKED}{rule.name}",) if answer is UNKNOWN else ()
    return Judgement(answer, would_need=need, changes_at=lapses)


def roster_reads(_: Enrolled) -> Iterable[str]:
    """The roster."""
    return (ROSTER,)


def refusal_reads(_: Refused) -> Iterable[str]:
    """What was declined."""
    return (DECLINED,)


def confirm_reads(rule: Confirm) -> Iterable[str]:
    """The answer of that name."""
    return (f"{ANSWER}{rule.name}",)


def _flags(rule: HasOnset, view: PatientView, now: datetime) -> Sequence[SepsisOnset]:
    if rule.definition is None:
        return () if view.onset is None else (view.onset,)
    return [
        flag
        for flag in view.flags
        if flag.definition == rule.definition
        and flag.episode == view.episode
        and rule.policy in (None, flag.policy)
        and flag.happened_at <= now
    ]


def _stands(rule: HasOnset, flag: SepsisOnset, window: Window) -> Truth3:
    if flag.status not in rule.statuses:
        return FALSE
    if not rule.has_window:
        return TRUE
    at = flag.known_at if rule.clock == "known" else flag.happened_at
    return window.holds(at, at)


def _recent(
    entries: Iterable[RosterEntry],
    trials: Sequence[str],
    within: timedelta | None,
    now: datetime,
) -> list[RosterEntry]:
    """Those of the trials that had happened by now, and are not too old."""
    return [
        entry
        for entry in entries
        if entry.trial in trials
        and entry.happened_at <= now
        and (within is None or entry.happened_at >= now - within)
    ]


def _since(rule: Enrolled | Refused) -> str:
    return "" if rule.within is None else f" within {write_duration(rule.within)}"
