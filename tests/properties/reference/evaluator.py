"""Any rule of any patient, from scratch: one function for each kind of criterion."""

from properties.reference import (
    catalogued,
    cultures,
    infusions,
    person,
    procedures,
    standing,
    treatment,
    values,
)
from properties.reference.record import Told, told

from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN


def evaluate(rule, patient):
    """What it says at `patient.now`."""
    return KINDS[rule.kind](rule, patient)


def at_least(n, said):
    """So many of so many; those of the truth that comes out decided it."""
    truths = [one.truth for one in said]
    possible = len(truths) - truths.count(FALSE)
    truth = TRUE if truths.count(TRUE) >= n else UNKNOWN if possible >= n else FALSE
    deciding = [one for one in said if one.truth is truth]
    evidence = [event for one in deciding for event in one.evidence]
    return told(truth, evidence, *(need for one in deciding for need in one.would_need))


def all_of(rule, patient):
    said = [evaluate(part, patient) for part in rule.of]
    return at_least(len(said), said)


def any_of(rule, patient):
    return at_least(1, [evaluate(part, patient) for part in rule.of])


def so_many_of(rule, patient):
    return at_least(rule.n, [evaluate(part, patient) for part in rule.of])


def negated(rule, patient):
    said = evaluate(rule.rule, patient)
    return Told(~said.truth, said.evidence, said.would_need)


KINDS = {
    "value": values.value,
    "trend": values.trend,
    "score": catalogued.score,
    "norepinephrine_equivalent": infusions.equivalent,
    "fluid": treatment.fluid,
    "urine_output": treatment.urine_output,
    "phenotype": catalogued.phenotype,
    "marker": catalogued.marker,
    "culture": cultures.culture,
    "susceptibility": cultures.susceptibility,
    "infusion": infusions.infusion,
    "medication": treatment.medication,
    "respiratory_support": procedures.respiratory_support,
    "procedure": procedures.procedure,
    "age": person.age,
    "sex": person.sex,
    "pregnant": person.pregnant,
    "allergy": person.allergy,
    "code_status": person.code_status,
    "condition": person.condition,
    "in_hospital": person.in_hospital,
    "location": person.location,
    "died": person.died,
    "prior_stay": person.prior_stay,
    "transferred": person.transferred,
    "onset": standing.onset,
    "elapsed": standing.elapsed,
    "enrolled": standing.enrolled,
    "refused": standing.refused,
    "confirm": standing.confirm,
    "all": all_of,
    "any": any_of,
    "at_least": so_many_of,
    "not": negated,
}
