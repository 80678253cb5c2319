"""Judges drugs by their stage, and breathing support by its kind."""

from __future__ import annotations

from datetime import datetime

from streams.clinical.criteria.judgement import (
    INSTANT,
    Judgement,
    PatientView,
    absent,
    ahead,
    since,
    soonest,
)
from streams.vocabulary.events import Medication, RespiratorySupport
from streams.vocabulary.quantities import write_duration
from streams.vocabulary.rules import OnMedication, OnRespiratorySupport, ingredients
from streams.vocabulary.truth import FALSE, TRUE


def judge_medication(rule: OnMedication, view: PatientView, now: datetime) -> Judgement:
    """A stage of the drug's life in the window; the latest decides how long."""
    coming = ahead(view.timeline, "medication", now)
    said = view.timeline.between(Medication, "medication", since(now, rule.within), now)
    for fact in reversed(said):
        if fact.stage in rule.stages and _is_drug(rule, fact):
            lapse = fact.happened_at + rule.within + INSTANT
            return Judgement(
                TRUE, (fact.event_id,), changes_at=soonest(now, coming, lapse)
            )
    names = " or ".join((*rule.drugs, *rule.named))
    window = write_duration(rule.within)
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
    lapse = last.happened_at + rule.within + INSTANT
    return Judgement(
        TRUE if given else FALSE,
        (last.event_id,),
        changes_at=soonest(now, coming, lapse),
    )


def _is_drug(rule: OnMedication, fact: Medication) -> bool:
    return _is_named(rule, fact) and (
        not rule.routes
        or fact.route is None
        or fact.route.casefold() in {route.casefold() for route in rule.routes}
    )


def _is_named(rule: OnMedication, fact: Medication) -> bool:
    if fact.drug is not None and fact.drug in ingredients(rule.drugs).union(rule.drugs):
        return True
    sent = fact.sent_drug.casefold()
    return any(word.casefold() in sent for word in rule.named)
