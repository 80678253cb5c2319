"""Judges continuous infusions: whether one runs, at which rate, for how long.

An infusion charted with the rate 0 does not run.
A rate that cannot be said is unknown: it runs, but no threshold can be judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, pairwise

from streams.clinical.criteria.foresight import foreseen
from streams.clinical.criteria.intervals import compare, interval
from streams.clinical.criteria.judgement import (
    INSTANT,
    Judgement,
    PatientView,
    absent,
    ahead,
    once,
    soonest,
)
from streams.clinical.criteria.windows import (
    Window,
    anchorless,
    in_words,
    window_of,
    window_reads,
)
from streams.vocabulary.events import Infusion
from streams.vocabulary.facts import Flag
from streams.vocabulary.kinds.fitting import ingredients
from streams.vocabulary.kinds.treatment import OnInfusion
from streams.vocabulary.quantities import write_duration
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, Truth3, any_of, truth


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of one infusion at one rate: from `start` until before `end`."""

    start: datetime
    end: datetime | None
    """None while nothing says that it ended."""
    believed_until: datetime
    """Its end or, without one, the last moment at which it is taken for running."""
    wanted: Truth3
    """Whether drug and rate are what the rule asks for."""
    evidence: str

    def runs_after(self, moment: datetime) -> bool:
        """Whether it had not ended by then."""
        return self.end is None or self.end > moment

    def wanted_after(self, moment: datetime) -> Truth3:
        """Whether it was what is asked for, at some time from then on."""
        gone_quiet = self.end is None and self.believed_until < moment
        return self.wanted & UNKNOWN if gone_quiet else self.wanted


def judge_infusion(rule: OnInfusion, view: PatientView, now: datetime) -> Judgement:
    """Whether it runs now, ran in the window, or has run for long enough."""
    if rule.since is None and rule.around is None:
        return _judge_back_from_now(rule, view, now)
    told: Judgement = judge_in_window(rule, view, now)
    return told


@foreseen
def judge_in_window(rule: OnInfusion, view: PatientView, now: datetime) -> Judgement:
    """Whether it ran at some time in a window that counts from an anchor."""
    window = window_of(rule, view, now)
    if window is None:
        return anchorless(rule)
    begin = window.begin - rule.stale_after - INSTANT
    drugs = sorted(ingredients(rule.drugs))
    told = [fact for drug in drugs for fact in _told(drug, view, begin, now)]
    inside = [
        (run, _shares(run, window) & run.wanted_after(window.latest_begin))
        for run in _runs(rule, told, begin)
        if run.start <= window.latest_end and run.runs_after(window.begin)
    ]
    if not inside or window.begun is FALSE:
        return absent(rule, _need(rule))
    said = any_of(ran for _, ran in inside)
    return Judgement(
        said,
        once((*(r.evidence for r, ran in inside if ran is said), *window.evidence)),
        would_need=(_need(rule),) if said is UNKNOWN else (),
    )


def infusion_reads(rule: OnInfusion) -> Iterable[str]:
    """The drugs' infusions, and what tells the window's anchor."""
    lanes = (f"infusion:{drug}" for drug in sorted(ingredients(rule.drugs)))
    return (*lanes, *window_reads(rule))


def _judge_back_from_now(
    rule: OnInfusion, view: PatientView, now: datetime
) -> Judgement:
    drugs = sorted(ingredients(rule.drugs))
    coming = soonest(now, *(ahead(view.timeline, f"infusion:{d}", now) for d in drugs))
    begin = now - _reach(rule) - INSTANT
    told = [fact for drug in drugs for fact in _told(drug, view, begin, now)]
    runs = list(_runs(rule, told, begin))
    if not runs:
        return absent(rule, _need(rule), coming)
    judged = _at_some_time if rule.lasting is None else _lasting
    said, deciding, edges = judged(rule, runs, now)
    out_of_sight = (fact.happened_at + _reach(rule) + INSTANT for fact in told)
    return Judgement(
        said,
        once(run.evidence for run in deciding or runs[-1:]),
        would_need=(_need(rule),) if said is UNKNOWN else (),
        changes_at=soonest(now, coming, *edges, *out_of_sight),
    )


_Said = tuple[Truth3, list[Run], list[datetime]]
"""The truth, the runs that decided it, and the moments at which it may change."""


def _at_some_time(rule: OnInfusion, runs: Sequence[Run], now: datetime) -> _Said:
    """Now or, with a window, at some time in it."""
    length = rule.within or timedelta(0)
    inside = [run for run in runs if run.runs_after(now - length)]
    said = any_of(run.wanted_after(now - length) for run in inside)
    deciding = [run for run in inside if run.wanted_after(now - length) is said]
    edges = [
        run.believed_until + length + (INSTANT if run.end is None else timedelta(0))
        for run in inside
    ]
    return said, deciding, edges


def _lasting(rule: OnInfusion, runs: Sequence[Run], now: datetime) -> _Said:
    """Long enough for certain, possibly, or not."""
    length = rule.lasting or timedelta(0)
    certain = _unbroken([r for r in runs if r.wanted is TRUE], rule.gap, now)
    hoped = [run for run in runs if run.wanted is not FALSE]
    possible = _unbroken([_running_on(r, now) for r in hoped], rule.gap, now)
    edges = [run.believed_until + rule.gap + INSTANT for run in runs]
    edges += [chain[-1].start + length for chain in (certain, possible) if chain]
    if certain and now - certain[-1].start >= length:
        return TRUE, certain, edges
    long_enough = bool(possible) and now - possible[-1].start >= length
    return (UNKNOWN if long_enough else FALSE), possible, edges


def _unbroken(runs: Sequence[Run], gap: timedelta, now: datetime) -> list[Run]:
    """The runs that reach back from now without a longer gap, the earliest last."""
    chain: list[Run] = []
    reached = now
    for run in sorted(runs, key=lambda r: (r.believed_until, r.start), reverse=True):
        if run.believed_until < reached - gap:
            break
        if not chain or run.start < reached:
            chain.append(run)
            reached = min(reached, run.start)
    return chain


def _running_on(run: Run, now: datetime) -> Run:
    """The same run, if nobody forgot to chart its end."""
    if run.end is not None:
        return run
    until = max(now, run.believed_until)
    return Run(run.start, None, until, run.wanted, run.evidence)


def _shares(run: Run, window: Window) -> Truth3:
    """Whether it ran at a moment of the window, whose edges may be in doubt."""
    sure = run.start <= window.end and run.runs_after(window.latest_begin)
    return window.begun if sure else UNKNOWN


def _told(
    drug: str, view: PatientView, begin: datetime, now: datetime
) -> Iterator[Infusion]:
    """What is in sight of a drug's infusions."""
    yield from view.timeline.between(Infusion, f"infusion:{drug}", begin, now)


def _runs(rule: OnInfusion, told: Sequence[Infusion], begin: datetime) -> Iterator[Run]:
    """The stretches of all infusions, each in the order of its life."""
    by_infusion = sorted(told, key=_infusion)
    for _, of_one in groupby(by_infusion, key=_infusion):
        whole = list(of_one)
        life = [fact for fact in whole if Flag.STOP_BEFORE_START not in fact.flags]
        if life:
            yield from _stretches(rule, life, begin, ended=len(life) < len(whole))


def _infusion(fact: Infusion) -> tuple[str, str]:
    return (fact.drug, fact.infusion_id)


def _stretches(
    rule: OnInfusion, life: list[Infusion], begin: datetime, *, ended: bool
) -> Iterator[Run]:
    """One infusion's stretches.

    A stop whose start is out of sight proves that it ran until then, but not at which
    rate, nor for how long.
    A stop before the start tells no moment, but that it was `ended`: whether what was
    charted last still runs is not known.
    """
    if life[0].phase == "stopped":
        ran = truth(None if rule.rate or rule.lasting else True)
        end = life[0].happened_at
        yield Run(begin, end, end, ran, life[0].event_id)
    for fact, after in pairwise(life):
        if fact.phase != "stopped":
            end = after.happened_at
            yield Run(fact.happened_at, end, end, _wanted(rule, fact), fact.event_id)
    last = life[-1]
    if last.phase != "stopped":
        believed = last.happened_at + rule.stale_after
        wanted = _wanted(rule, last)
        sure = wanted & UNKNOWN if ended else wanted
        yield Run(last.happened_at, None, believed, sure, last.event_id)


def _wanted(rule: OnInfusion, fact: Infusion) -> Truth3:
    if fact.rate == 0 or (fact.rate is None and fact.sent_rate == 0):
        return FALSE
    if rule.rate is None:
        return TRUE
    if fact.rate is None:
        return UNKNOWN
    return compare(interval(fact.rate), rule.rate.operator, rule.rate.value)


def _reach(rule: OnInfusion) -> timedelta:
    """How far back facts can matter."""
    return (rule.within or rule.lasting or timedelta(0)) + rule.stale_after


def _need(rule: OnInfusion) -> str:
    rate = f" {rule.rate}" if rule.rate else ""
    lasting = f" for {write_duration(rule.lasting)}" if rule.lasting else ""
    window = "" if rule.within is not None else in_words(rule)
    return f"infusion of {' or '.join(rule.drugs)}{rate}{lasting}{window}"
