"""What the catalogue answers from scratch, and what an outside laboratory said."""

from math import inf

from properties.reference.intervals import Range, compared
from properties.reference.record import has_word, told, unrecorded
from properties.reference.values import NUMBERS, range_of
from properties.reference.windows import anchored

from streams.clinical.catalogue.rules import rules
from streams.clinical.markers.evaluation import evaluate
from streams.clinical.markers.external import classifiers
from streams.clinical.markers.policy import MarkerPolicy
from streams.clinical.markers.table import markers
from streams.clinical.timeline import Timeline
from streams.vocabulary.concepts import concept
from streams.vocabulary.quantities import write_duration
from streams.vocabulary.truth import UNKNOWN, truth


def timeline(patient):
    made = Timeline()
    for fact in patient.facts:
        made.apply(fact, fact.event_id)
    return made


# -- scores ----------------------------------------------------------------------------


def score(rule, patient):
    of, record = rules()[rule.score], timeline(patient)
    need = f"{rule.score} ({rule.component})" if rule.component else rule.score
    answer = of.evaluate(record, patient.now, rule.policy, zone=patient.zone)
    if answer is None:
        return told(UNKNOWN, (), f"a {rule.score} made for this patient")
    found, evidence = bounds(rule, answer)
    missing = answer.missing
    if not evidence:
        return unrecorded(rule, need)
    if rule.change_since is not None:
        anchor = anchored(rule.change_since, patient)
        if anchor is None or anchor.at != anchor.latest or anchor.at > patient.now:
            return unrecorded(rule, rule.change_since)
        before = of.evaluate(record, anchor.at, rule.policy, zone=patient.zone)
        was, seen = bounds(rule, before)
        if not seen:
            return unrecorded(rule, f"{need} at {rule.change_since}")
        found = Range(found.low - was.high, found.high - was.low)
        evidence = (*seen, *evidence, *anchor.evidence)
        missing = (*missing, *before.missing)
    said = compared(found, rule.is_.operator, rule.is_.value)
    return told(said, evidence, *(missing or (need,)))


def bounds(rule, answer):
    """The least and the most it can be, and what was seen of it."""
    if rule.component is None:
        low = -inf if answer.lower is None else answer.lower
        high = inf if answer.upper is None else answer.upper
        return Range(low, high), answer.evidence
    for part in answer.components:
        if part.name == rule.component:
            return Range(part.lower, part.upper), part.evidence
    return Range(-inf, inf), ()


# -- markers ---------------------------------------------------------------------------


def marker(rule, patient):
    by = f" by {rule.assay}" if rule.assay else ""
    within = f" within {write_duration(rule.within)}" if rule.within else ""
    need = f"{rule.marker}{by}{within}"
    if rule.is_ is None:
        of, policy = markers()[rule.marker], MarkerPolicy(stale_after=rule.within)
        found = evaluate(of, timeline(patient), patient.now, policy)
        if not found.evidence:
            return unrecorded(rule, need)
        return told(found.truth, found.evidence, need)
    results = [
        fact
        for fact in patient.all(*NUMBERS, concept=rule.marker)
        if patient.now - rule.within <= taken_at(fact) <= patient.now
        and (rule.assay is None or has_word(assay_of(fact), (rule.assay,)))
    ]
    if not results:
        return unrecorded(rule, need)
    last = max(results, key=lambda fact: (taken_at(fact), fact.event_id))
    found, said = None if last.value is None else range_of(last), UNKNOWN
    if found is not None:
        than = concept(rule.marker).in_canonical_unit(rule.is_.value, rule.is_.unit)
        said = compared(found, rule.is_.operator, than)
    return told(said, (last.event_id,), need)


def taken_at(fact):
    return getattr(fact, "collected_at", None) or fact.happened_at


def assay_of(fact):
    return fact.method if fact.kind == "measurement" else getattr(fact, "assay", None)


# -- phenotypes ------------------------------------------------------------------------


def phenotype(rule, patient):
    name = rule.classifier.removesuffix("_external")
    if name in classifiers():
        return outside(rule, classifiers()[name], patient)
    return computed(rule, patient)


def computed(rule, patient):
    """By the catalogue: settled, and as probable as asked."""
    named = {"hyperinflammatory": "inflammatory_subphenotype"}
    of = rules()[named.get(rule.classifier, rule.classifier)]
    answer = of.evaluate(timeline(patient), patient.now, None, zone=patient.zone)
    if answer is None or not answer.evidence:
        return unrecorded(rule, f"the label of {rule.classifier}")
    left = [str(f.value).split() for f in answer.features if f.name == "possible"]
    fits = {label in rule.any_of for labels in left for label in labels}
    if len(fits) == 1:
        return told(truth(fits.pop()), answer.evidence)
    unsure = rule.min_probability is not None and not is_sure(rule, answer)
    if answer.label is None or answer.status == "provisional" or unsure:
        need = f"a settled label of {rule.classifier}"
        return told(UNKNOWN, answer.evidence, *(answer.missing or (need,)))
    return told(truth(answer.label in rule.any_of), answer.evidence)


def is_sure(rule, answer):
    if answer.lower is None or answer.upper is None:
        return False
    hyper = answer.label == "hyper_inflammatory"
    return (answer.lower if hyper else 1 - answer.upper) >= rule.min_probability


def outside(rule, classifier, patient):
    """The last result with a version, an assay where one is needed, and a label it has."""
    need = f"a label of {rule.classifier}"
    came = patient.all("classification", classifier=classifier.name)
    usable = [one for one in came if is_usable(one, classifier)]
    if not came:
        return unrecorded(rule, need)
    if not usable:
        return told(UNKNOWN, (), need)
    last = [one for one in usable if one.happened_at == usable[-1].happened_at]
    allowed = classifier.stale_after if rule.within is None else rule.within
    stale = allowed is not None and patient.now > last[0].happened_at + allowed
    labels = {one.label for one in last}
    if stale or len(labels) > 1:
        return told(UNKNOWN, [one.event_id for one in last], need)
    return told(truth(labels.pop() in rule.any_of), [one.event_id for one in last])


def is_usable(one, classifier):
    has_assay = one.assay or not classifier.assay_needed
    return one.classifier_version and has_assay and one.label in classifier.labels
