"""Drugs in doses and orders, volumes, urine."""

from datetime import timedelta
from itertools import groupby
from math import inf

from properties.reference.intervals import Range, compared
from properties.reference.record import (
    DAY,
    by_absence,
    has_word,
    is_dated,
    latest_of,
    told,
    unrecorded,
)
from properties.reference.windows import anchorless, in_words, window_of

from streams.vocabulary.drugs import drugs
from streams.vocabulary.facts import Flag
from streams.vocabulary.quantities import write_duration
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, any_of, truth


OPEN = 30 * DAY
"""For how long an order or a procedure is taken for running that nobody ended."""


def ids(facts):
    return [fact.event_id for fact in facts]


def is_odd(fact):
    """A stop before its start tells nothing."""
    stops = fact.kind == "procedure" or fact.stage == "stopped"
    return stops and Flag.STOP_BEFORE_START in fact.flags


# -- drugs -----------------------------------------------------------------------------


def medication(rule, patient):
    anyone = ("an antimicrobial",) if rule.antimicrobial else ()
    need = " or ".join((*rule.drugs, *rule.named, *anyone)) + in_words(rule)
    window = window_of(rule, patient)
    if window is None:
        return anchorless(rule)
    told_of = [f for f in patient.all("medication") if not is_odd(f)]
    found = []
    for fact in told_of:
        until, counts = exposure(rule, fact, told_of, window)
        counts &= is_drug(rule, fact)
        if counts is not FALSE:
            found.append((fact, until, counts))
    if not found:
        return unrecorded(rule, need)
    sure = [one for one in found if one[2] is TRUE]
    if rule.doses:
        number = Range(len(sure), len(found))
        said = compared(number, rule.doses.operator, rule.doses.value)
    elif rule.lasting:
        said = lasted(rule.lasting, found, sure)
    else:
        said = any_of(counts for _, _, counts in found)
    if not sure and said is not by_absence(rule):
        said = UNKNOWN
    if not (rule.doses or rule.lasting):
        alike = [one for one in found if one[2] is said] or found
        found = [max(alike, key=lambda one: (lapse(one, told_of), one[0].event_id))]
    evidence = [*ids(fact for fact, _, _ in found), *window.evidence]
    return told(said, evidence, need)


def lapse(one, told_of):
    """The last moment at which a fact tells of the drug as surely as it does."""
    fact, until, counts = one
    only_begun = (
        counts is TRUE and fact.stage == "ordered" and is_unended(fact, told_of)
    )
    return fact.happened_at if only_begun else until


def exposure(rule, fact, told_of, window):
    """Until when a fact tells of the drug, and whether that lies in the window."""
    if fact.stage == "ordered" and "ordered" in rule.stages:
        until = runs_until(fact, told_of)
        begin, end = fact.happened_at, window.latest_end
        if begin > end or until < window.begin or window.lies_ahead is TRUE:
            return until, FALSE
        ran = fact.happened_at if is_unended(fact, told_of) else until
        sure = latest_of(fact) <= window.end and ran >= window.latest_begin
        return until, TRUE if sure and window.lies_ahead is FALSE else UNKNOWN
    ends = fact.stage == "stopped" and "ordered" in rule.stages
    until = latest_of(fact)
    return until, window.has(fact) if fact.stage in rule.stages or ends else FALSE


def runs_until(order, told_of):
    """Its stop, whatever was planned; else its planned stop; for thirty days at most."""
    stops = stops_of(order, told_of)
    believed = order.happened_at + OPEN
    stop = min(stops) if stops else order.planned_stop
    return believed if stop is None or stop < order.happened_at else min(stop, believed)


def is_unended(order, told_of):
    """Whether its only stop lies before its start: nobody knows whether it ran."""
    return Flag.STOP_BEFORE_START in order.flags and not stops_of(order, told_of)


def stops_of(order, told_of):
    return [
        fact.happened_at
        for fact in told_of
        if fact.stage == "stopped"
        and name_of(fact) == name_of(order)
        and fact.happened_at >= order.happened_at
    ]


def name_of(fact):
    """What ties an order to its stop."""
    return fact.sent_drug.casefold() if fact.order_id is None else fact.order_id


def is_drug(rule, fact):
    routes = [route.casefold() for route in rule.routes]
    if routes and fact.route is not None and fact.route.casefold() not in routes:
        return FALSE
    classes = {d.name for d in drugs().values() if d.drug_class in rule.drugs}
    known = fact.drug is not None and fact.drug in classes.union(rule.drugs)
    if known or has_word(fact.sent_drug, rule.named):
        return TRUE
    return truth(fact.antimicrobial) if rule.antimicrobial else FALSE


def lasted(length, found, sure):
    """From the first dose to the last."""
    if sure:
        first = min(latest_of(fact) for fact, _, _ in sure)
        if max(fact.happened_at for fact, _, _ in sure) - first >= length:
            return TRUE
    last = max(until for _, until, _ in found)
    longest = last - min(fact.happened_at for fact, _, _ in found)
    return UNKNOWN if longest >= length else FALSE


# -- volumes ---------------------------------------------------------------------------


def fluid(rule, patient):
    window, need = window_of(rule, patient), f"volumes {rule.direction}{in_words(rule)}"
    if window is None:
        return anchorless(rule)
    low, high, found, touches = 0.0, 0.0, [], False
    for fact in patient.all("fluid", direction=rule.direction):
        begun = min(fact.started_at or fact.happened_at, fact.happened_at)
        inside = window.holds(begun, latest_of(fact))
        counts = not rule.substances or fact.substance in rule.substances
        if inside is FALSE or not counts:
            continue
        volume = fact.volume_ml
        low += volume if volume is not None and inside is TRUE else 0.0
        high += inf if volume is None else volume
        found.append(fact)
        started = fact.started_at and window.holds(fact.started_at, fact.started_at)
        touches = touches or TRUE in (window.has(fact), started)
    if not found:
        return unrecorded(rule, need)
    evidence = [*ids(found), *window.evidence]
    if rule.total.unit == "mL/kg":
        weight = last_weight(patient, patient.now)
        if weight is None:
            return told(UNKNOWN, evidence, "weight")
        low, high = low / weight.value, high / weight.value
        evidence.append(weight.event_id)
    said = compared(Range(low, high), rule.total.operator, rule.total.value)
    if not touches and said is not by_absence(rule):
        said = UNKNOWN
    return told(said, evidence, need)


def last_weight(patient, moment):
    """Of the last thirty days; one that is implausible is none, of an adult."""
    weights = [
        fact
        for fact in patient.all("measurement", concept="weight")
        if moment - OPEN < fact.happened_at <= moment
        and fact.value
        and Flag.IMPLAUSIBLE not in fact.flags
    ]
    return weights[-1] if weights else None


def urine_output(rule, patient):
    """Of the last chartings that make up the hours, each collected since the one before."""
    need, now = f"urine over {write_duration(rule.lasting)}", patient.now
    begin = now - 2 * rule.lasting - 2 * DAY
    charted = [
        fact
        for fact in patient.all("fluid")
        if fact.substance in ("urine", "gu_irrigant") and fact.happened_at > begin
    ]
    told_of = [f for f in charted if f.volume_ml is not None]
    told_of = [f for f in told_of if Flag.IMPLAUSIBLE not in f.flags]
    voids = [list(same) for _, same in groupby(told_of, lambda f: f.happened_at)]
    recent = bool(voids) and voids[-1][0].happened_at >= now - rule.lasting
    dated = any(is_dated(f) for f in charted if f.substance == "urine")
    hours = last_hours(rule.lasting, voids) if recent and not dated else None
    begun = hours[0][0].happened_at if hours else now - rule.lasting
    unsaid = [f for f in charted if f.volume_ml is None and f.happened_at >= begun]
    if not (recent or dated or unsaid):
        return unrecorded(rule, need)
    if hours is None or unsaid:
        return told(UNKNOWN, ids(voids[-1] if voids else unsaid), need)
    volume = sum(signed(fact) for void in hours for fact in void)
    first = voids[voids.index(hours[0]) - 1][0]
    collected = hours[-1][0].happened_at - first.happened_at
    evidence = [event for void in hours for event in ids(void)]
    weight = last_weight(patient, hours[-1][0].happened_at)
    if volume < 0 or (volume > 0 and weight is None):
        return told(UNKNOWN, evidence, "weight" if volume > 0 else need)
    rate = volume / (weight.value if weight else 1.0) / (collected / timedelta(hours=1))
    said = compared(
        Range(round(rate, 9), round(rate, 9)), rule.is_.operator, rule.is_.value
    )
    return told(said, (*evidence, *(ids([weight]) if weight else ())))


def last_hours(length, voids):
    """The fewest of the last ones; None where a pause of twelve hours broke them."""
    for i in range(len(voids) - 1, 0, -1):
        before, this = voids[i - 1][0].happened_at, voids[i][0].happened_at
        if this - before >= timedelta(hours=12):
            return None
        if voids[-1][0].happened_at - before >= length:
            return voids[i:]
    return None


def signed(fact):
    """What was instilled is taken off."""
    return -fact.volume_ml if fact.direction == "in" else fact.volume_ml
