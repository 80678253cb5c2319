"""Drugs that flow: whether one runs, for how long, and all vasopressors as one dose."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from properties.reference.catalogued import timeline
from properties.reference.intervals import Range, compared
from properties.reference.record import INSTANT, by_absence, told, unrecorded
from properties.reference.windows import Window, anchorless, in_words, window_of

from streams.clinical.scores.norepinephrine_equivalent import (
    POLICIES,
    VASOPRESSORS,
    norepinephrine_equivalent,
)
from streams.vocabulary.drugs import drugs
from streams.vocabulary.facts import Flag
from streams.vocabulary.quantities import write_duration
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, any_of


@dataclass
class Run:
    """A stretch at one rate, from `start` until before `end`."""

    start: datetime
    end: datetime | None
    believed: datetime
    """Until when it is taken for running."""
    wanted: object
    event_id: str


def infusion(rule, patient):
    rate = f" {rule.rate}" if rule.rate else ""
    lasting = f" for {write_duration(rule.lasting)}" if rule.lasting else ""
    within = "" if rule.within is not None else in_words(rule)
    need = f"infusion of {' or '.join(rule.drugs)}{rate}{lasting}{within}"
    now = patient.now
    window = window_of(rule, patient)
    if window is None:
        return anchorless(rule)
    if not rule.has_window:
        begin = now - (rule.lasting or timedelta(0))
        window = Window(begin, begin, now, now, now)
    runs = stretches(rule, patient, window.begin - rule.stale_after)
    if rule.lasting is not None:
        said, deciding = lasted(rule, runs, now)
    else:
        said, deciding = ran(runs, window)
    counted = rule.since is None and rule.around is None
    if not runs or not (deciding or counted):
        return unrecorded(rule, need)
    found = [run.event_id for run in deciding or runs[-1:]]
    return told(said, (*found, *window.evidence), need)


def ran(runs, window):
    """At some time in the window; one gone quiet before it may have ended."""
    said = []
    for run in runs:
        over = run.end is not None and run.end <= window.begin
        if over or run.start > window.latest_end or window.lies_ahead is TRUE:
            continue
        maybe_over = run.end is not None and run.end <= window.latest_begin
        quiet = run.end is None and run.believed < window.latest_begin
        doubtful = maybe_over or quiet or run.start > window.end
        doubtful = doubtful or window.lies_ahead is UNKNOWN
        said.append((run.wanted & UNKNOWN if doubtful else run.wanted, run))
    truth = any_of(one for one, _ in said)
    return truth, [run for one, run in said if one is truth]


def lasted(rule, runs, now):
    """Without a longer pause up to now; of one that nobody stopped only perhaps."""
    sure = reaching_back([r for r in runs if r.wanted is TRUE], rule.gap, now)
    if sure and now - sure[-1].start >= rule.lasting:
        return TRUE, sure
    hoped = [
        replace(run, believed=max(now, run.believed)) if run.end is None else run
        for run in runs
        if run.wanted is not FALSE
    ]
    may = reaching_back(hoped, rule.gap, now)
    enough = may and now - may[-1].start >= rule.lasting
    return (UNKNOWN if enough else FALSE), may


def reaching_back(runs, gap, now):
    """The runs that lead back from now, each begun before the one after it."""
    chain, reached = [], now
    for run in sorted(runs, key=lambda r: (r.believed, r.start), reverse=True):
        if run.believed < reached - gap:
            break
        if not chain or run.start < reached:
            chain.append(run)
            reached = min(reached, run.start)
    return chain


def stretches(rule, patient, begin):
    """Of every infusion in turn; what was charted before `begin` is out of sight."""
    named = sorted(
        d.name for d in drugs().values() if {d.name, d.drug_class} & {*rule.drugs}
    )
    found = [f for f in patient.all("infusion") if f.happened_at >= begin]
    runs = []
    for drug in named:
        own = [f for f in found if f.drug == drug]
        for name in sorted({f.infusion_id for f in own}):
            life = [f for f in own if f.infusion_id == name]
            runs += of_one(rule, life, begin)
    return runs


def of_one(rule, life, begin):
    odd = [f for f in life if Flag.STOP_BEFORE_START in f.flags]
    life = [f for f in life if f not in odd]
    for before, fact in zip([None, *life], [*life, None], strict=True):
        if before is None and fact is not None and fact.phase == "stopped":
            ran = UNKNOWN if rule.rate or rule.lasting else TRUE
            at = fact.happened_at
            yield Run(begin - INSTANT, at, at, ran, fact.event_id)
        if before is None or before.phase == "stopped":
            continue
        start, wanted = before.happened_at, is_wanted(rule, before)
        if fact is not None:
            end = fact.happened_at
            yield Run(start, end, end, wanted, before.event_id)
            continue
        sure = wanted & UNKNOWN if odd else wanted
        yield Run(start, None, start + rule.stale_after, sure, before.event_id)


def is_wanted(rule, fact):
    if (fact.sent_rate if fact.rate is None else fact.rate) == 0:
        return FALSE
    if rule.rate is None:
        return TRUE
    if fact.rate is None:
        return UNKNOWN
    found = Range(fact.rate, fact.rate)
    return compared(found, rule.rate.operator, rule.rate.value)


# -- all vasopressors as one dose ------------------------------------------------------


@dataclass
class Dosed:
    """A time at one dose, and whether it is the dose asked for."""

    start: datetime
    end: datetime
    says: object
    evidence: tuple


def equivalent(rule, patient):
    lasting = f" for {write_duration(rule.lasting)}" if rule.lasting else ""
    need = f"vasopressors and their rates{lasting}{in_words(rule)}"
    now = patient.now
    window = window_of(rule, patient)
    if window is None:
        return anchorless(rule)
    if not rule.has_window:
        begin = now if rule.lasting is None else now - rule.lasting - rule.gap
        window = Window(begin, begin, now, now, now)
    policy = POLICIES[rule.policy or next(iter(POLICIES))]
    oldest = window.begin - policy.stale_after
    charted = [
        fact.happened_at
        for fact in patient.all("infusion")
        if fact.drug in VASOPRESSORS and oldest <= fact.happened_at <= window.latest_end
    ]
    if not charted or window.lies_ahead is TRUE:
        return unrecorded(rule, need)
    turns = {at + policy.stale_after + INSTANT for at in charted}.union(charted)
    if rule.has_window and window.latest_begin <= window.end:
        turns |= {window.latest_begin, window.end + INSTANT}
    turns = sorted(at for at in turns if window.begin < at <= window.latest_end)
    record, found = timeline(patient), []
    starts = [window.begin, *turns]
    for start, end in zip(starts, [*turns, window.latest_end], strict=True):
        dose = norepinephrine_equivalent(record, start, policy=policy)
        says = compared(
            Range(dose.lower, dose.upper), rule.is_.operator, rule.is_.value
        )
        found.append(Dosed(start, end, says, dose.evidence))
    if rule.lasting is not None:
        said, deciding = dosed_for(rule, found)
    else:
        said, deciding = dosed(window, found)
    sure = [at for at in charted if at <= window.end]
    sure = [at for at in sure if at >= window.latest_begin - policy.stale_after]
    if said is FALSE and not sure and by_absence(rule) is UNKNOWN:
        said = UNKNOWN
    evidence = [event for one in deciding for event in one.evidence]
    return told(said, (*evidence, *window.evidence), need)


def dosed(window, found):
    """At some time that surely lies in the window.

    Where no moment surely does, in a stretch that wherever it lies reaches into it.
    """
    for one in found:
        if window.latest_begin <= window.end:
            sure = window.latest_begin <= one.start <= window.end
        elif one is found[-1]:
            sure = one.start <= window.end and window.lies_ahead is FALSE
        else:
            sure = one.start <= window.end and window.latest_begin < one.end
        if not sure:
            one.says &= UNKNOWN
    said = any_of(one.says for one in found)
    return said, [one for one in found if one.says is said]


def dosed_for(rule, found):
    """Since that long ago, and never otherwise for longer than the gap."""
    begin = found[-1].end - rule.lasting
    early = [one for one in found if one.start <= begin]
    sure = [i for i, one in enumerate(early) if one.says is TRUE]
    if sure and not is_longer(rule.gap, found[sure[0] :], (FALSE, UNKNOWN)):
        return TRUE, [one for one in found if one.says is TRUE]
    lately = [one for one in found if one.end > begin]
    never = all(one.says is FALSE for one in early)
    if never or is_longer(rule.gap, lately, (FALSE,)):
        return FALSE, [one for one in found if one.says is FALSE]
    return UNKNOWN, found


def is_longer(gap, found, truths):
    """Whether it said one of these for longer than the gap, without a break."""
    length = timedelta(0)
    for one in found:
        length = length + one.end - one.start if one.says in truths else timedelta(0)
        if length > gap:
            return True
    return False
