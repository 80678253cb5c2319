"""Judges drugs by their stage, and breathing support by its kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache

from streams.clinical.criteria.judgement import (
    INSTANT,
    LIFETIME,
    Judgement,
    PatientView,
    absent,
    ahead,
    since,
    soonest,
)
from streams.vocabulary.clock import DAY
from streams.vocabulary.events import Medication, RespiratorySupport
from streams.vocabulary.facts import Flag
from streams.vocabulary.kinds.fitting import ingredients
from streams.vocabulary.kinds.treatment import OnMedication, OnRespiratorySupport
from streams.vocabulary.quantities import write_duration
from streams.vocabulary.truth import FALSE, TRUE


OPEN_ORDER = 30 * DAY
"""For how long an order is taken for running where nothing tells of its end.

Longer than the usual courses of an acute illness, and short enough that a forgotten
order of an earlier stay does not follow the patient for ever.
"""


def judge_medication(rule: OnMedication, view: PatientView, now: datetime) -> Judgement:
    """A stage of the drug's life in the window; the last to lapse decides how long.

    Where orders count, so does one that was placed before the window and ran into it:
    until its stop or, without one, its planned stop; until `OPEN_ORDER` at the latest.
    """
    coming = ahead(view.timeline, "medication", now)
    until, proof = max(_exposures(rule, view, now), default=(None, ""))
    if until is not None:
        lapse = until + (rule.within or LIFETIME) + INSTANT
        return Judgement(TRUE, (proof,), changes_at=soonest(now, coming, lapse))
    names = " or ".join((*rule.drugs, *rule.named))
    window = write_duration(rule.within or LIFETIME)
    return absent(rule, f"{names} within {window}", coming)


def judge_respiratory_support(
    rule: OnRespiratorySupport, view: PatientView, now: datetime
) -> Judgement:
    """Support of one of these kinds charted in the window."""
    lane = "respiratory_support"
    coming = ahead(view.timeline, lane, now)
    said = [
        fact
        for fact in view.timeline.between(
            RespiratorySupport, lane, since(now, rule.within), now
        )
        if fact.category is not None
    ]
    if not said:
        return absent(rule, f"{' or '.join(rule.any_of)} charted", coming)
    given = [fact for fact in said if fact.category in rule.any_of]
    last = (given or said)[-1]
    lapse = last.happened_at + (rule.within or LIFETIME) + INSTANT
    return Judgement(
        TRUE if given else FALSE,
        (last.event_id,),
        changes_at=soonest(now, coming, lapse),
    )


def _exposures(
    rule: OnMedication, view: PatientView, now: datetime
) -> Iterator[tuple[datetime, str]]:
    """The last moment in the window of which a fact tells of the drug, and the fact."""
    reach, stages = rule.within or LIFETIME, set[str](rule.stages)
    if "ordered" in stages:
        reach, stages = reach + OPEN_ORDER, {*stages, "stopped"}
    begin = since(now, rule.within)
    told = view.timeline.between(Medication, "medication", since(now, reach), now)
    told = [fact for fact in told if fact.stage in stages and not _is_odd(fact)]
    stops = _stops(told)
    for fact in told:
        until = (
            _runs_until(fact, stops) if fact.stage == "ordered" else fact.happened_at
        )
        if until > begin and _is_drug(rule, fact):
            yield until, fact.event_id


def _runs_until(order: Medication, stops: Mapping[str, list[datetime]]) -> datetime:
    """Its stop, whatever was planned; for want of one its planned stop."""
    begun = order.happened_at
    believed = begun + OPEN_ORDER
    stop = next(
        (at for at in stops.get(_order(order), ()) if at >= begun), order.planned_stop
    )
    return believed if stop is None or stop < begun else min(stop, believed)


def _stops(told: Iterable[Medication]) -> Mapping[str, list[datetime]]:
    """When each order was stopped, in order."""
    stops: defaultdict[str, list[datetime]] = defaultdict(list)
    for fact in told:
        if fact.stage == "stopped":
            stops[_order(fact)].append(fact.happened_at)
    return stops


def _order(fact: Medication) -> str:
    """What ties an order to its stop; where the source names no order, the drug."""
    return fact.sent_drug.casefold() if fact.order_id is None else fact.order_id


def _is_odd(fact: Medication) -> bool:
    """A stop before its start tells neither that the drug ran nor that it ended."""
    return fact.stage == "stopped" and Flag.STOP_BEFORE_START in fact.flags


def _is_drug(rule: OnMedication, fact: Medication) -> bool:
    return _is_named(rule.drugs, rule.named, fact.drug, fact.sent_drug) and (
        not rule.routes
        or fact.route is None
        or fact.route.casefold() in {route.casefold() for route in rule.routes}
    )


@lru_cache(maxsize=4096)
def _is_named(
    names: tuple[str, ...], words: tuple[str, ...], drug: str | None, sent_drug: str
) -> bool:
    if drug is not None and drug in ingredients(names).union(names):
        return True
    sent = sent_drug.casefold()
    return any(word.casefold() in sent for word in words)
