"""Judges any rule; compounds follow Kleene's tables and keep what decided them.

A kind of rule is here with its judge and with what it reads, or it is nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from streams.clinical.criteria import (
    breathing,
    catalogued,
    culture,
    doses,
    elapsed,
    equivalent,
    infusion,
    marker,
    person,
    procedure,
    standing,
    stays,
    trend,
    values,
    volumes,
    whereabouts,
)
from streams.clinical.criteria.judgement import (
    Judgement,
    Kind,
    PatientView,
    once,
    soonest,
)
from streams.vocabulary.kinds.enrichment import Marker, Phenotype
from streams.vocabulary.kinds.microbiology import Culture, Susceptible
from streams.vocabulary.kinds.person import (
    Age,
    HasAllergy,
    HasCodeStatus,
    HasCondition,
    Pregnant,
    Sex,
)
from streams.vocabulary.kinds.standing import (
    Confirm,
    Elapsed,
    Enrolled,
    HasOnset,
    Refused,
)
from streams.vocabulary.kinds.treatment import (
    OnInfusion,
    OnMedication,
    OnRespiratorySupport,
    UnderProcedure,
)
from streams.vocabulary.kinds.values import (
    FluidTotal,
    NorepinephrineEquivalent,
    Score,
    Trend,
    UrineOutput,
    Value,
)
from streams.vocabulary.kinds.whereabouts import (
    AtLocation,
    Died,
    InHospital,
    PriorStay,
    Transferred,
)
from streams.vocabulary.rules import AllOf, AnyOf, AtLeast, Not, Rule
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, Truth3


def judge(rule: Rule, view: PatientView, now: datetime) -> Judgement:
    """The rule's truth for this patient at `now`.

    Only facts with `happened_at <= now` count; that they are known by then is the
    view's affair.
    """
    return KINDS[type(rule)].judge(rule, view, now)


def lanes(rule: Rule) -> frozenset[str]:
    """All that the rule's truth can rest on, whoever the patient is.

    Lanes of the timeline (one that ends in `:` stands for all of its sort), and what is
    no lane by the names of `judgement`.
    """
    return frozenset(KINDS[type(rule)].reads(rule))


def parts(rule: Rule) -> tuple[Rule, ...]:
    """The rules that a compound is made of; none of any other rule."""
    if isinstance(rule, Not):
        return (rule.rule,)
    return rule.of if isinstance(rule, AllOf | AnyOf | AtLeast) else ()


def combined(
    rule: AllOf | AnyOf | AtLeast | Not, judged: Sequence[Judgement], now: datetime
) -> Judgement:
    """What a compound says at `now`, by what each of its parts does."""
    if isinstance(rule, Not):
        (inner,) = judged
        return replace(inner, truth=~inner.truth, foresight=None)
    if isinstance(rule, AtLeast):
        return _at_least(rule.n, judged, now)
    return _at_least(len(judged) if isinstance(rule, AllOf) else 1, judged, now)


def _judge_compound(
    rule: AllOf | AnyOf | AtLeast | Not, view: PatientView, now: datetime
) -> Judgement:
    return combined(rule, [judge(part, view, now) for part in parts(rule)], now)


def _at_least(n: int, judged: Sequence[Judgement], now: datetime) -> Judgement:
    """All, any and at least n are one rule: so many of so many."""
    said = _count(n, [part.truth for part in judged])
    deciding = [part for part in judged if part.truth is said]
    return Judgement(
        said,
        once(event for part in deciding for event in part.evidence),
        once(n for p in deciding for n in p.would_need) if said is UNKNOWN else (),
        soonest(now, *(part.changes_at for part in judged)),
    )


def _count(n: int, truths: Sequence[Truth3]) -> Truth3:
    if truths.count(TRUE) >= n:
        return TRUE
    return FALSE if truths.count(FALSE) > len(truths) - n else UNKNOWN


def _parts_read(rule: AllOf | AnyOf | AtLeast | Not) -> Iterable[str]:
    return (lane for part in parts(rule) for lane in lanes(part))


KINDS: Mapping[type, Kind] = MappingProxyType(
    {
        Value: Kind(values.judge_value, values.value_reads),
        Trend: Kind(trend.judge_trend, trend.trend_reads),
        Score: Kind(catalogued.judge_score, catalogued.score_reads),
        NorepinephrineEquivalent: Kind(
            equivalent.judge_equivalent, equivalent.equivalent_reads
        ),
        FluidTotal: Kind(volumes.judge_fluid, volumes.fluid_reads),
        UrineOutput: Kind(volumes.judge_urine_output, volumes.urine_reads),
        Phenotype: Kind(catalogued.judge_phenotype, catalogued.phenotype_reads),
        Marker: Kind(marker.judge_marker, marker.marker_reads),
        Culture: Kind(culture.judge_culture, culture.culture_reads),
        Susceptible: Kind(culture.judge_susceptibility, culture.culture_reads),
        OnInfusion: Kind(infusion.judge_infusion, infusion.infusion_reads),
        OnMedication: Kind(doses.judge_medication, doses.medication_reads),
        OnRespiratorySupport: Kind(
            breathing.judge_respiratory_support, breathing.breathing_reads
        ),
        UnderProcedure: Kind(procedure.judge_procedure, procedure.procedure_reads),
        Age: Kind(person.judge_age, person.person_reads),
        Sex: Kind(person.judge_sex, person.person_reads),
        Pregnant: Kind(person.judge_pregnant, person.pregnancy_reads),
        HasAllergy: Kind(person.judge_allergy, person.allergy_reads),
        HasCodeStatus: Kind(person.judge_code_status, person.code_status_reads),
        HasCondition: Kind(person.judge_condition, person.condition_reads),
        InHospital: Kind(whereabouts.judge_in_hospital, whereabouts.stay_reads),
        AtLocation: Kind(whereabouts.judge_location, whereabouts.location_reads),
        Died: Kind(whereabouts.judge_died, whereabouts.death_reads),
        PriorStay: Kind(stays.judge_prior_stay, stays.stays_read),
        Transferred: Kind(stays.judge_transferred, stays.stays_read),
        HasOnset: Kind(standing.judge_onset, standing.onset_reads),
        Elapsed: Kind(elapsed.judge_elapsed, elapsed.elapsed_reads),
        Enrolled: Kind(standing.judge_enrolled, standing.roster_reads),
        Refused: Kind(standing.judge_refused, standing.refusal_reads),
        Confirm: Kind(standing.judge_confirm, standing.confirm_reads),
        AllOf: Kind(_judge_compound, _parts_read),
        AnyOf: Kind(_judge_compound, _parts_read),
        AtLeast: Kind(_judge_compound, _parts_read),
        Not: Kind(_judge_compound, _parts_read),
    }
)
