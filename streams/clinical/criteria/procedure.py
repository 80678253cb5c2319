"""Judges procedures: what was done in a window, and what still runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from streams.clinical.criteria.anchors import latest_of
from streams.clinical.criteria.foresight import foreseen
from streams.clinical.criteria.judgement import (
    Judgement,
    PatientView,
    absent,
    once,
)
from streams.clinical.criteria.numbers import word_in
from streams.clinical.criteria.windows import (
    Window,
    anchorless,
    in_words,
    seen,
    window_of,
    window_reads,
)
from streams.clinical.vital_status import ALWAYS
from streams.vocabulary.clock import DAY
from streams.vocabulary.events import Encounter, Procedure
from streams.vocabulary.facts import Flag
from streams.vocabulary.kinds.treatment import UnderProcedure
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, Truth3, any_of


LANE = "procedure"
OPEN_PROCEDURE = 30 * DAY
"""For how long what was begun is taken for running where nothing tells of its end, nor
of the end of the stay (ours, as for orders); then nobody knows."""


@foreseen
def judge_procedure(
    rule: UnderProcedure, view: PatientView, now: datetime
) -> Judgement:
    """Something of these names was done in the window, or runs."""
    window = Window(now, now, now, now, now)
    if rule.has_window:
        given = window_of(rule, view, now)
        if given is None:
            return anchorless(rule)
        window = given
    return _runs(rule, view, window, now) if rule.running else _done(rule, view, window)


def procedure_reads(rule: UnderProcedure) -> Iterable[str]:
    """Procedures, the end of the stay where something runs, and the window's anchor."""
    stay = ("encounter",) if rule.running else ()
    return (LANE, *stay, *window_reads(rule))


def _done(rule: UnderProcedure, view: PatientView, window: Window) -> Judgement:
    """Each word of it, its end among them, tells that it was done then."""
    found = [
        one
        for one in seen(Procedure, (LANE,), view, window)
        if _is_named(rule, one.fact) and not _is_odd(one.fact)
    ]
    sure = [one for one in found if one.inside is TRUE]
    if sure:
        return Judgement(TRUE, once((sure[-1].fact.event_id, *window.evidence)))
    if found:
        evidence = once((*(one.fact.event_id for one in found), *window.evidence))
        return Judgement(UNKNOWN, evidence, would_need=(_need(rule),))
    return absent(rule, _need(rule))


def _runs(
    rule: UnderProcedure, view: PatientView, window: Window, now: datetime
) -> Judgement:
    """Begun by the window's end and not ended before it began."""
    lives: dict[str, list[Procedure]] = {}
    for fact in view.timeline.between(Procedure, LANE, ALWAYS, now):
        if _is_named(rule, fact) and not _is_odd(fact):
            lives.setdefault(fact.procedure_id, []).append(fact)
    told = [(_ran(life, view, window, now), life[-1]) for life in lives.values()]
    if not told:
        return absent(rule, _need(rule))
    said = any_of(ran for ran, _ in told)
    deciding = (last.event_id for ran, last in told if ran is said)
    evidence = once((*deciding, *window.evidence))
    if said is UNKNOWN:
        return Judgement(UNKNOWN, evidence, would_need=(_need(rule),))
    return Judgement(said, evidence)


def _ran(
    life: Sequence[Procedure], view: PatientView, window: Window, now: datetime
) -> Truth3:
    """Whether one procedure ran at some time in the window."""
    begun = next((fact for fact in life if fact.phase == "started"), None)
    ended = next((fact for fact in life if fact.phase == "stopped"), None)
    if begun is None:
        return (
            FALSE
            if ended is None
            else window.holds(ended.happened_at, latest_of(ended))
        )
    if begun.happened_at > window.latest_end or window.begun is FALSE:
        return FALSE
    end = _end(begun, ended, view, now)
    if end is not None and min(latest_of(end), now) <= window.begin:
        return FALSE
    if end is None and begun.happened_at + OPEN_PROCEDURE < window.begin:
        return UNKNOWN
    ran_on = end is None or end.happened_at > window.latest_begin
    return window.begun if ran_on and latest_of(begun) <= window.end else UNKNOWN


def _end(
    begun: Procedure, ended: Procedure | None, view: PatientView, now: datetime
) -> Procedure | Encounter | None:
    """Its stop or, without a word of that, the end of the stay it was begun in."""
    if ended is not None:
        return ended
    left = view.timeline.between(Encounter, "encounter", begun.happened_at, now)
    return next(
        (
            fact
            for fact in left
            if fact.phase == "discharged" and fact.encounter == begun.encounter
        ),
        None,
    )


def _is_named(rule: UnderProcedure, fact: Procedure) -> bool:
    return word_in(fact.name, rule.any_of)


def _is_odd(fact: Procedure) -> bool:
    """A stop before its start tells nothing."""
    return Flag.STOP_BEFORE_START in fact.flags


def _need(rule: UnderProcedure) -> str:
    running = " running" if rule.running else ""
    return f"{' or '.join(rule.any_of)}{running}{in_words(rule)}"
