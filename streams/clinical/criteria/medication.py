"""Judges drugs by their stage: in a window back from now, which nearly every rule has.

`doses` has what else can be said of drugs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache

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
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, Truth3, truth


LANE = "medication"

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
    Whether one ran whose only stop lies before its start is UNKNOWN.
    """
    coming = ahead(view.timeline, LANE, now)
    found = list(_exposures(rule, within, view, now))
    for said in (TRUE, UNKNOWN):
        alike = [one for one in found if one[0] is said]
        if alike:
            _, until, proof = max(alike, key=lambda one: one[1:])
            return Judgement(
                said,
                (proof,),
                would_need=(drug_need(rule),) if said is UNKNOWN else (),
                changes_at=soonest(now, coming, until + within + INSTANT),
            )
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


def surely_until(order: Medication, stops: Mapping[str, list[datetime]]) -> datetime:
    """Until when it ran for certain: its start, where its only stop lies before it."""
    begun = order.happened_at
    odd = Flag.STOP_BEFORE_START in order.flags
    settled = any(at >= begun for at in stops.get(_order(order), ()))
    return begun if odd and not settled else runs_until(order, stops)


def stops_of(told: Iterable[Medication]) -> Mapping[str, list[datetime]]:
    """When each order was stopped, in order."""
    stops: defaultdict[str, list[datetime]] = defaultdict(list)
    for fact in told:
        if fact.stage == "stopped":
            stops[_order(fact)].append(fact.happened_at)
    return stops


def drug_of(rule: OnMedication) -> Callable[[Medication], Truth3]:
    """Whether a fact is of a drug that the rule names, by a route that counts.

    Any antimicrobial will do where one is asked for; what nobody could classify may be
    one.
    """
    return _wanted(rule.drugs, rule.named, rule.routes, rule.antimicrobial is True).said


def may_tell_of(rule: OnMedication) -> Callable[[Medication], bool]:
    """A sieve: what is in one of the rule's stages and may be a drug that it names."""
    wanted = _wanted(rule.drugs, rule.named, rule.routes, rule.antimicrobial is True)
    return wanted.in_stages(rule.stages)


def ends_an_order(fact: Medication) -> bool:
    """A sieve: the stops that say when an order ended."""
    return fact.stage == "stopped" and not is_odd(fact)


def stops_since(
    view: PatientView, orders: Iterable[Medication], now: datetime
) -> Mapping[str, list[datetime]]:
    """When each order was stopped, of what was stopped since the first of these."""
    first = next((o.happened_at for o in orders if o.stage == "ordered"), None)
    if first is None:
        return {}
    told = view.timeline.sifted(Medication, LANE, ends_an_order, first - INSTANT, now)
    return stops_of(told)


def _exposures(
    rule: OnMedication, within: timedelta, view: PatientView, now: datetime
) -> Iterator[tuple[Truth3, datetime, str]]:
    """Whether a fact tells of the drug in the window, until when, and the fact."""
    ordered = "ordered" in rule.stages
    begin = since(now, within)
    reach = since(now, within + OPEN_ORDER) if ordered else begin
    told = view.timeline.sifted(Medication, LANE, may_tell_of(rule), reach, now)
    stops, is_drug = stops_since(view, told, now), drug_of(rule)
    for fact in told:
        if is_drug(fact) is not TRUE:
            continue
        until = sure = fact.happened_at
        if fact.stage == "ordered":
            until = runs_until(fact, stops)
            sure = surely_until(fact, stops)
        if sure > begin:
            yield TRUE, sure, fact.event_id
        elif until > begin:
            yield UNKNOWN, until, fact.event_id


def _order(fact: Medication) -> str:
    """What ties an order to its stop; where the source names no order, the drug."""
    return fact.sent_drug.casefold() if fact.order_id is None else fact.order_id


class _Wanted:
    """Drugs and routes as they are compared, and the sieves made of them."""

    def __init__(
        self,
        drugs: tuple[str, ...],
        named: tuple[str, ...],
        routes: tuple[str, ...],
        *,
        antimicrobial: bool,
    ) -> None:
        self._drugs = ingredients(drugs).union(drugs)
        self._words = tuple(word.casefold() for word in named)
        self._routes = frozenset(route.casefold() for route in routes)
        self._antimicrobial = antimicrobial
        self._sieves: dict[frozenset[str], Callable[[Medication], bool]] = {}

    def said(self, fact: Medication) -> Truth3:
        """Whether the fact is of such a drug."""
        by_route = bool(self._routes) and fact.route is not None
        if by_route and (fact.route or "").casefold() not in self._routes:
            return FALSE
        if fact.drug is not None and fact.drug in self._drugs:
            return TRUE
        if self._words:
            sent = fact.sent_drug.casefold()
            if any(word in sent for word in self._words):
                return TRUE
        return truth(fact.antimicrobial) if self._antimicrobial else FALSE

    def in_stages(self, stages: tuple[str, ...]) -> Callable[[Medication], bool]:
        """The sieve of these stages: the same one each time, or nothing is kept.

        A stop tells of the drug as well as the order that it ends.
        """
        stops = ("stopped",) if "ordered" in stages else ()
        wanted = frozenset((*stages, *stops))
        known = self._sieves.get(wanted)
        if known is None:

            def known(fact: Medication) -> bool:
                if fact.stage not in wanted or is_odd(fact):
                    return False
                return self.said(fact) is not FALSE

            self._sieves[wanted] = known
        return known


@cache
def _wanted(
    drugs: tuple[str, ...],
    named: tuple[str, ...],
    routes: tuple[str, ...],
    antimicrobial: bool,
) -> _Wanted:
    return _Wanted(drugs, named, routes, antimicrobial=antimicrobial)
