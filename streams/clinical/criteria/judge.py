"""Judges any rule; compounds follow Kleene's tables and keep what decided them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from streams.clinical.criteria.infusion import judge_infusion
from streams.clinical.criteria.judgement import (
    Judge,
    Judgement,
    PatientView,
    once,
    soonest,
)
from streams.clinical.criteria.medication import (
    judge_medication,
    judge_respiratory_support,
)
from streams.clinical.criteria.person import (
    judge_age,
    judge_allergy,
    judge_code_status,
    judge_condition,
    judge_pregnant,
    judge_sex,
)
from streams.clinical.criteria.readings import judge_value
from streams.clinical.criteria.standing import (
    judge_confirm,
    judge_enrolled,
    judge_onset,
)
from streams.clinical.criteria.whereabouts import (
    judge_died,
    judge_in_hospital,
    judge_location,
)
from streams.vocabulary.kinds.person import (
    Age,
    HasAllergy,
    HasCodeStatus,
    HasCondition,
    Pregnant,
    Sex,
)
from streams.vocabulary.kinds.standing import Confirm, Enrolled, HasOnset
from streams.vocabulary.kinds.treatment import (
    OnInfusion,
    OnMedication,
    OnRespiratorySupport,
)
from streams.vocabulary.kinds.values import Value
from streams.vocabulary.kinds.whereabouts import AtLocation, Died, InHospital
from streams.vocabulary.rules import AllOf, AnyOf, AtLeast, Not, Rule
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, Truth3


def judge(rule: Rule, view: PatientView, now: datetime) -> Judgement:
    """The rule's truth for this patient at `now`.

    Only facts with `happened_at <= now` count; that they are known by then is the
    view's affair.
    """
    return _JUDGES[type(rule)](rule, view, now)


def _judge_all(rule: AllOf, view: PatientView, now: datetime) -> Judgement:
    return _at_least(len(rule.of), rule.of, view, now)


def _judge_any(rule: AnyOf, view: PatientView, now: datetime) -> Judgement:
    return _at_least(1, rule.of, view, now)


def _judge_at_least(rule: AtLeast, view: PatientView, now: datetime) -> Judgement:
    return _at_least(rule.n, rule.of, view, now)


def _judge_not(rule: Not, view: PatientView, now: datetime) -> Judgement:
    inner = judge(rule.rule, view, now)
    return Judgement(~inner.truth, inner.evidence, inner.would_need, inner.changes_at)


def _at_least(
    n: int, rules: Sequence[Rule], view: PatientView, now: datetime
) -> Judgement:
    """All, any and at least n are one rule: so many of so many."""
    parts = [judge(rule, view, now) for rule in rules]
    said = _count(n, [part.truth for part in parts])
    deciding = [part for part in parts if part.truth is said]
    return Judgement(
        said,
        once(event for part in deciding for event in part.evidence),
        once(n for p in deciding for n in p.would_need) if said is UNKNOWN else (),
        soonest(now, *(part.changes_at for part in parts)),
    )


def _count(n: int, truths: Sequence[Truth3]) -> Truth3:
    if truths.count(TRUE) >= n:
        return TRUE
    return FALSE if truths.count(FALSE) > len(truths) - n else UNKNOWN


_JUDGES: dict[type, Judge] = {
    Value: judge_value,
    Age: judge_age,
    Sex: judge_sex,
    Pregnant: judge_pregnant,
    HasAllergy: judge_allergy,
    HasCodeStatus: judge_code_status,
    HasCondition: judge_condition,
    InHospital: judge_in_hospital,
    AtLocation: judge_location,
    Died: judge_died,
    OnInfusion: judge_infusion,
    OnMedication: judge_medication,
    OnRespiratorySupport: judge_respiratory_support,
    HasOnset: judge_onset,
    Enrolled: judge_enrolled,
    Confirm: judge_confirm,
    AllOf: _judge_all,
    AnyOf: _judge_any,
    AtLeast: _judge_at_least,
    Not: _judge_not,
}
