"""Immunosuppression, and other drugs that change the course of sepsis."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from streams.clinical.comorbidity.code_lists import can_be_read
from streams.clinical.criteria.intervals import compare
from streams.clinical.heterogeneity.covariate import Covariate, truth_of
from streams.clinical.heterogeneity.lists import drug_lists, has_code, has_drug
from streams.clinical.heterogeneity.scope import Scope
from streams.clinical.markers.readings import readings
from streams.clinical.scores.chart import back
from streams.vocabulary.clock import DAY
from streams.vocabulary.truth import TRUE


_WEEK = timedelta(days=7)
_ELSEWHERE = frozenset({"diabetes"})
"""Lists that speak of a disease."""


def immunosuppression(scope: Scope) -> Iterator[Covariate]:
    """By a diagnosis, a drug, or hardly any neutrophils."""
    codes = [
        fact.event_id
        for fact in scope.conditions()
        if fact.present and has_code("immunosuppression", fact)
    ]
    drugs = _taken(scope, "immunosuppression")
    coded = scope.policy.uncoded == "absent" or (
        scope.policy.uncoded == "absent_if_coded"
        and any(can_be_read(fact.code) for fact in scope.conditions())
    )
    yield truth_of(
        "immunosuppressed",
        "immunosuppression",
        shown=[*codes, *drugs, *_neutropenia(scope)],
        denied=coded and _is_listed(scope),
        missing="coded diagnoses and drugs taken at home",
    )


def medication(scope: Scope) -> Iterator[Covariate]:
    """Each list of drugs that is not of a disease."""
    for name in drug_lists():
        if name not in _ELSEWHERE:
            yield truth_of(
                name if name != "immunosuppression" else "immunosuppressant",
                "medication",
                shown=_taken(scope, name),
                denied=_is_listed(scope),
                missing="drugs taken at home",
            )


def _taken(scope: Scope, name: str) -> list[str]:
    """At home, or in the time before the episode."""
    reach = scope.policy.exposure / DAY
    in_hospital = (
        fact
        for fact in scope.medications()
        if fact.stage in {"ordered", "dispensed", "given"}
        and scope.is_before(fact.happened_at, reach)
    )
    return [
        fact.event_id
        for fact in (*scope.home_list(), *in_hospital)
        if has_drug(name, fact)
    ]


def _is_listed(scope: Scope) -> bool:
    """Whether there is a list of drugs taken at home that says what is not taken."""
    if scope.policy.home_list == "never_complete":
        return False
    return bool(scope.home_list())


def _neutropenia(scope: Scope) -> list[str]:
    found = readings(
        scope.timeline,
        "neutrophils_abs",
        back(scope.at - _WEEK),
        scope.at,
        implausible=scope.policy.implausible,
    )
    return [
        one.event_id
        for one in found
        if one.range is not None
        and compare(one.range, "<", scope.policy.neutropenia) is TRUE
    ]
