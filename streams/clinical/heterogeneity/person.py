"""Age, sex, comorbidity and genetic results."""

from __future__ import annotations

from collections.abc import Iterator

from streams.clinical.age import age_at, sex_by
from streams.clinical.comorbidity.charlson import CharlsonPolicy, charlson
from streams.clinical.comorbidity.diagnoses import comorbidities
from streams.clinical.criteria.intervals import Interval
from streams.clinical.heterogeneity.covariate import Covariate
from streams.clinical.heterogeneity.scope import Scope
from streams.clinical.vital_status import ALWAYS
from streams.vocabulary.events import Classification


def person(scope: Scope) -> Iterator[Covariate]:
    """Age in whole years (a year of birth leaves two) and sex."""
    age = age_at(scope.timeline, scope.at)
    yield Covariate(
        name="age",
        group="person",
        value=None if age is None else age[0],
        unit="a",
        evidence=() if age is None else (age[1],),
        missing=("year of birth",) if age is None else (),
    )
    sex = sex_by(scope.timeline, scope.at)
    yield Covariate(
        name="sex",
        group="person",
        value=None if sex is None else sex[0],
        evidence=() if sex is None else (sex[1],),
        missing=("sex",) if sex is None else (),
    )


def comorbidity(scope: Scope) -> Iterator[Covariate]:
    """Charlson's index without its points for age, and how many of Elixhauser's."""
    policy = CharlsonPolicy(
        name="heterogeneity", uncoded=scope.policy.uncoded, age="none"
    )
    score = charlson(scope.timeline, scope.at, policy=policy)
    coded = comorbidities(
        scope.timeline,
        scope.at,
        index="elixhauser",
        uncoded=scope.policy.uncoded,
    )
    least = float(len(coded.shown))
    most = least if coded.rest_absent else float(len(coded.conditions))
    missing = () if coded.rest_absent else ("coded diagnoses",)
    yield Covariate(
        name="charlson",
        group="comorbidity",
        value=Interval(score.lower, score.upper) if coded.rest_absent else None,
        unit="{score}",
        evidence=score.evidence,
        missing=missing,
    )
    yield Covariate(
        name="elixhauser_count",
        group="comorbidity",
        value=Interval(least, most) if coded.rest_absent else None,
        unit="{count}",
        evidence=tuple(dict.fromkeys(e for one in coded.shown.values() for e in one)),
        missing=missing,
    )


def genetics(scope: Scope) -> Iterator[Covariate]:
    """Each genetic result from outside, by its classifier; the last stands."""
    found = scope.timeline.between(Classification, "classification", ALWAYS, scope.at)
    last = {
        fact.classifier: fact
        for fact in found
        if fact.classifier.startswith(scope.policy.genotypes)
    }
    if not last:
        yield Covariate(
            name="genotype", group="genetics", value=None, missing=("genetic result",)
        )
    for name, fact in sorted(last.items()):
        yield Covariate(
            name=name,
            group="genetics",
            value=fact.label,
            at=fact.happened_at,
            evidence=(fact.event_id,),
            missing=() if fact.label else ("label",),
        )
