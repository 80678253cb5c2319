"""Immunosuppression, and other drugs that change the course of sepsis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from streams.clinical.comorbidity.code_lists import can_be_read
from streams.clinical.criteria.intervals import compare
from streams.clinical.heterogeneity.covariate import Covariate, truth_of
from streams.clinical.heterogeneity.lists import (
    drug_lists,
    has_code,
    has_drug,
    is_listed,
)
from streams.clinical.heterogeneity.scope import Scope
from streams.clinical.markers.readings import readings
from streams.clinical.scores.chart import back
from streams.vocabulary.events import Medication
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
    drugs = _of_list("immunosuppression", _taken(scope))
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
    taken, listed = _taken(scope), _is_listed(scope)
    for name in drug_lists():
        if name not in _ELSEWHERE:
            yield truth_of(
                name if name != "immunosuppression" else "immunosuppressant",
                "medication",
                shown=_of_list(name, taken),
                denied=listed,
                missing="drugs taken at home",
            )


def _taken(scope: Scope) -> list[Medication]:
    """At home, or in the time before the episode."""
    return [*scope.home_list(), *scope.exposures(_in_hospital)]


def _in_hospital(fact: Medication) -> bool:
    """A drug of some list, not only taken at home."""
    return fact.stage in {"ordered", "dispensed", "given"} and is_listed(fact)


def _of_list(name: str, taken: Sequence[Medication]) -> list[str]:
    return [fact.event_id for fact in taken if has_drug(name, fact)]


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
