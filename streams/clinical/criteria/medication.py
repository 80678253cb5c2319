"""Judges drugs by their stage: in a window back from now, which nearly every rule has.

`doses` has what else can be said of drugs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache

from streams.clinical.criteria.judgement import (
    INSTANT,
    Judgement,
    PatientView,
    absent,
    ahead,
    since,
    soonest,
)
from streams.clinical.criteria.windows import in_words
from streams.vocabulary.clock import DAY
from streams.vocabulary.events import Medication
from streams.vocabulary.facts import Flag
from streams.vocabulary.kinds.fitting import ingredients
from streams.vocabulary.kinds.treatment import OnMedication
from streams.vocabulary.truth import FALSE, TRUE, Truth3, truth


OPEN_ORDER = 30 * DAY
"""For how long an order is taken for running where nothing tells of its end.

Longer than the usual courses of an acute illness, and short enough that a forgotten
order of an earlier stay does not follow the patient for ever.
"""


def judge_exposure(
    rule: OnMedication, within: timedelta, view: PatientView, now: datetime
) -> Judgement:
    """A stage of the drug's life in the window; the last to lapse decides how long.

    Where orders count, so does one that was placed before the window and ran into it:
    until its stop or, without one, its planned stop; until `OPEN_ORDER` at the latest.
    """
    coming = ahead(view.timeline, "medication", now)
    until, proof = max(_exposures(rule, within, view, now), default=(None, ""))
    if until is not None:
        lapse = until + within + INSTANT
        return Judgement(TRUE, (proof,), changes_at=soonest(now, coming, lapse))
    return absent(rule, drug_need(rule), coming)


def drug_need(rule: OnMedication) -> str:
    """What is missing, as it is read aloud."""
    any_one = ("an antimicrobial",) if rule.antimicrobial else ()
    names = " or ".join((*rule.drugs, *rule.named, *any_one))
    return f"{names}{in_words(rule)}"


def is_odd(fact: Medication) -> bool:
    """A stop before its start tells neither that the drug ran nor that it ended."""
    return fact.stage == "stopped" and Flag.STOP_BEFORE_START in fact.flags


def runs_until(order: Medication, stops: Mapping[str, list[datetime]]) -> datetime:
    """Its stop, whatever was planned; for want of one its planned stop."""
    begun = order.happened_at
    believed = begun + OPEN_ORDER
    stop = next(
        (at for at in stops.get(_order(order), ()) if at >= begun), order.planned_stop
    )
    return believed if stop is None or stop < begun else min(stop, believed)


def stops_of(told: Iterable[Medication]) -> Mapping[str, list[datetime]]:
    """When each order was stopped, in order."""
    stops: defaultdict[str, list[datetime]] = defaultdict(list)
    for fact in told:
        if fact.stage == "stopped":
            stops[_order(fact)].append(fact.happened_at)
    return stops


def is_drug(rule: OnMedication, fact: Medication) -> Truth3:
    """Whether it is a drug that the rule names, by a route that counts.

    Any antimicrobial will do where one is asked for; what nobody could classify may be
    one.
    """
    routes = {route.casefold() for route in rule.routes}
    if routes and fact.route is not None and fact.route.casefold() not in routes:
        return FALSE
    named = _is_named(rule.drugs, rule.named, fact.drug, fact.sent_drug)
    if named or not rule.antimicrobial:
        return truth(named)
    return truth(fact.antimicrobial)


def _exposures(
    rule: OnMedication, within: timedelta, view: PatientView, now: datetime
) -> Iterator[tuple[datetime, str]]:
    """The last moment in the window of which a fact tells of the drug, and the fact."""
    reach, stages = within, set[str](rule.stages)
    if "ordered" in stages:
        reach, stages = reach + OPEN_ORDER, {*stages, "stopped"}
    begin = since(now, within)
    told = view.timeline.between(Medication, "medication", since(now, reach), now)
    told = [fact for fact in told if fact.stage in stages and not is_odd(fact)]
    stops = stops_of(told)
    for fact in told:
        until = runs_until(fact, stops) if fact.stage == "ordered" else fact.happened_at
        if until > begin and is_drug(rule, fact) is TRUE:
            yield until, fact.event_id


def _order(fact: Medication) -> str:
    """What ties an order to its stop; where the source names no order, the drug."""
    return fact.sent_drug.casefold() if fact.order_id is None else fact.order_id


@lru_cache(maxsize=4096)
def _is_named(
    names: tuple[str, ...], words: tuple[str, ...], drug: str | None, sent_drug: str
) -> bool:
    if drug is not None and drug in ingredients(names).union(names):
        return True
    sent = sent_drug.casefold()
    return any(word.casefold() in sent for word in words)
