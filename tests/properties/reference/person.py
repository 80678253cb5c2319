"""The person and the stay: who it is, where, and where before."""

from properties.reference.intervals import Range, compared
from properties.reference.record import (
    DAY,
    is_dated,
    latest_of,
    moment,
    told,
    unrecorded,
)
from properties.reference.windows import (
    anchorless,
    arrival,
    in_words,
    window_of,
)

from streams.vocabulary.quantities import write_duration
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, truth


def ids(facts):
    return [fact.event_id for fact in facts]


# -- the person ------------------------------------------------------------------------


def age(rule, patient):
    known = [f for f in patient.all("demographics") if f.birth_year is not None]
    if not known:
        return unrecorded(rule, "year of birth")
    last = known[-1]
    years = patient.now.year - last.birth_year
    least = years if last.age_precision == "stated" else years - 1
    said = compared(Range(least, years), rule.is_.operator, rule.is_.value)
    return told(said, (last.event_id,), "date of birth")


def sex(rule, patient):
    known = [f for f in patient.all("demographics") if f.sex is not None]
    if not known:
        return unrecorded(rule, "sex")
    return told(truth(known[-1].sex == rule.is_), (known[-1].event_id,))


def pregnant(rule, patient):
    oldest = None if rule.within is None else patient.now - rule.within
    said = patient.all("pregnancy")
    said = [f for f in said if oldest is None or f.happened_at >= oldest]
    if not said:
        return unrecorded(rule, "pregnancy test")
    return told(truth(said[-1].pregnant), (said[-1].event_id,), "pregnancy test")


def allergy(rule, patient):
    """Each substance for itself; "none known" rules out what was not named since."""
    last, denied = {}, {}
    for fact in patient.all("allergy"):
        sent = fact.substance.casefold()
        for word in (to.casefold() for to in rule.to):
            none_known = sent == "any" and not fact.present
            if none_known:
                last = {key: one for key, one in last.items() if key[0] != word}
            elif word in sent:
                last[word, sent] = fact
            if none_known or word == sent:
                denied[word] = fact
    present = [fact for fact in last.values() if fact.present]
    if present:
        return told(TRUE, ids(present))
    against = ids(fact for fact in denied.values() if not fact.present)
    if len(against) < len({to.casefold() for to in rule.to}):
        return unrecorded(rule, f"allergy to {' or '.join(rule.to)}", against)
    return told(FALSE, against)


def code_status(rule, patient):
    said = patient.all("code_status")
    if not said:
        return unrecorded(rule, "code status")
    return told(truth(said[-1].status in rule.any_of), (said[-1].event_id,))


def condition(rule, patient):
    """A diagnosis stands until the same code is denied."""
    window, need = (
        window_of(rule, patient),
        f"diagnosis {' or '.join(rule.codes)}{in_words(rule)}",
    )
    if window is None:
        return anchorless(rule)
    said = [f for f in patient.all("condition") if starts(f.code, rule.codes)]
    said = [f for f in said if window.has(f) is not FALSE]
    denied = [f for f in said if not f.present]
    present = [f for f in said if f.present]
    present = [f for f in present if not any(over(f, d, window) for d in denied)]
    sure = [
        fact
        for fact in present
        if window.has(fact) is TRUE and not any(may_be_over(fact, d) for d in denied)
    ]
    if sure:
        return told(TRUE, (*ids(sure), *window.evidence))
    if present:
        return told(UNKNOWN, (*ids(present), *window.evidence), need)
    evidence = (*ids(denied), *window.evidence) if denied else ()
    return unrecorded(rule, need, evidence)


def over(fact, denial, window):
    same = fact.code == denial.code and window.has(denial) is TRUE
    return same and moment(denial) > (latest_of(fact), fact.event_id)


def may_be_over(fact, denial):
    later = (latest_of(denial), denial.event_id) > moment(fact)
    return fact.code == denial.code and later


def starts(code, prefixes):
    plain = code.replace(".", "").casefold()
    return plain.startswith(tuple(p.replace(".", "").casefold() for p in prefixes))


# -- the stay --------------------------------------------------------------------------


def in_hospital(rule, patient):
    said = patient.all("encounter")
    said = [f for f in said if patient.episode in ("none", f.encounter)]
    if not said:
        return unrecorded(rule, "hospital stay")
    there = said[-1].phase in ("registered", "admitted")
    return told(truth(there), (said[-1].event_id,))


def location(rule, patient):
    """The unit entered last, or those entered with it, unless left since."""
    entered = patient.all("location", phase="entered")
    if not entered:
        return unrecorded(rule, "location")
    here = [f for f in entered if f.happened_at == entered[-1].happened_at]
    left = patient.all("location", phase="left")
    left = [f for f in left if f.happened_at > here[0].happened_at]
    kept = [f for f in here if not any(same_place(f, gone) for gone in left)]
    there = [f for f in kept if f.level in rule.any_of]
    return told(truth(bool(there)), ids(there or kept or [*here, *left]))


def same_place(one, other):
    if one.stay is None or other.stay is None:
        return one.ward == other.ward
    return one.stay == other.stay


def died(rule, patient):
    deaths = patient.all("death")
    if not deaths:
        return unrecorded(rule, "vital status")
    return told(TRUE, (deaths[0].event_id,))


def prior_stay(rule, patient):
    need = f"stays in the {write_duration(rule.within)} before this one"
    if dates_alone(patient):
        return told(UNKNOWN, dates_alone(patient), need)
    here = arrival(patient)
    if here is None:
        return unrecorded(rule, "hospital stay")
    ended = [
        gone
        for gone in ended_before(here, patient)
        if gone.happened_at >= here.happened_at - rule.within
        and (was_inpatient(gone, patient) or (rule.facility and went_on(gone)))
    ]
    return told(TRUE, ids(ended)) if ended else unrecorded(rule, need)


def transferred(rule, patient):
    need = "where the patient came from"
    if dates_alone(patient):
        return told(UNKNOWN, dates_alone(patient), need)
    here = arrival(patient)
    if here is None:
        return unrecorded(rule, "hospital stay")
    sent = [
        gone
        for gone in ended_before(here, patient)
        if gone.disposition == "acute_hospital"
        and gone.happened_at >= here.happened_at - DAY
    ]
    if sent:
        return told(TRUE, (*ids(sent), here.event_id))
    return unrecorded(rule, need)


def ended_before(here, patient):
    for gone in patient.all("encounter", phase="discharged"):
        if gone.encounter != here.encounter and gone.happened_at <= here.happened_at:
            yield gone


def was_inpatient(gone, patient):
    said = patient.all("encounter", encounter=gone.encounter)
    said = [f for f in said if f.encounter_class != "outpatient"]
    return any(f.phase == "admitted" or f.encounter_class == "inpatient" for f in said)


def went_on(gone):
    return gone.disposition in ("acute_hospital", "facility", "hospice")


def dates_alone(patient):
    """Which of several stays came first a date does not tell."""
    said = patient.all("encounter")
    several = len({fact.encounter for fact in said}) > 1
    return ids(f for f in said if is_dated(f)) if several else []
