"""Diabetes, body mass and lipids."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from streams.clinical.comorbidity.diagnoses import comorbidities
from streams.clinical.criteria.intervals import Interval
from streams.clinical.heterogeneity.covariate import Covariate, truth_of
from streams.clinical.heterogeneity.lists import has_drug
from streams.clinical.heterogeneity.scope import Scope
from streams.clinical.markers.readings import Reading, readings
from streams.clinical.vital_status import ALWAYS


LIPIDS = ("cholesterol_total", "cholesterol_hdl", "cholesterol_ldl", "triglycerides")
"""mg/dL."""

_DIABETES = ("diabetes_with_cc", "diabetes_without_cc")


def metabolism(scope: Scope) -> Iterator[Covariate]:
    """In this order: diabetes, HbA1c, body mass index, lipids."""
    yield _diabetes(scope)
    yield _measured(scope, "hba1c", "%", scope.at)
    yield _body_mass(scope)
    sick = scope.policy.lipids_in == "before_episode"
    for name in LIPIDS:
        yield _measured(scope, name, "mg/dL", scope.begins if sick else scope.at)


def _diabetes(scope: Scope) -> Covariate:
    """By a code, or by a drug for it taken at home."""
    coded = comorbidities(
        scope.timeline, scope.at, index="charlson", uncoded=scope.policy.uncoded
    )
    shown = [event for name in _DIABETES for event in coded.shown.get(name, ())]
    shown += [fact.event_id for fact in scope.home_list() if has_drug("diabetes", fact)]
    return truth_of(
        "diabetes",
        "metabolism",
        shown=shown,
        denied=coded.rest_absent,
        missing="coded diagnoses",
    )


def _body_mass(scope: Scope) -> Covariate:
    """The last weight that is not too old over the last height squared; kg/m2."""
    weight, height = _last(scope, "weight", scope.at), _last(scope, "height", scope.at)
    if weight is not None and scope.at - weight.at > scope.policy.laboratory:
        weight = None
    named = (("weight", weight), ("height", height))
    return Covariate(
        name="body_mass_index",
        group="metabolism",
        value=_over(weight, height),
        unit="kg/m2",
        at=None if weight is None else weight.at,
        evidence=tuple(one.event_id for _, one in named if one is not None),
        missing=tuple(name for name, one in named if one is None),
    )


def _over(weight: Reading | None, height: Reading | None) -> Interval | None:
    if weight is None or height is None:
        return None
    kg, cm = weight.range, height.range
    if kg is None or cm is None or cm.low <= 0:
        return None
    return Interval(kg.low / (cm.high / 100) ** 2, kg.high / (cm.low / 100) ** 2)


def _measured(scope: Scope, concept: str, unit: str, until: datetime) -> Covariate:
    """The last value that is not too old."""
    last = _last(scope, concept, until)
    old = last is not None and scope.at - last.at > scope.policy.laboratory
    found = None if old else last
    return Covariate(
        name=concept,
        group="metabolism",
        value=None if found is None else found.range,
        unit=unit,
        at=None if found is None else found.at,
        evidence=() if found is None else (found.event_id,),
        missing=(concept,) if found is None else (),
    )


def _last(scope: Scope, concept: str, until: datetime) -> Reading | None:
    found = readings(
        scope.timeline,
        concept,
        ALWAYS,
        until,
        implausible=scope.policy.implausible,
    )
    known = [one for one in found if one.range is not None and one.at <= until]
    return known[-1] if known else None
