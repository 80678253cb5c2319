"""Each kind of rule as a sentence; compounds as a list below one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from streams.clinical.aloud.times import ANCHORS, compared, joined, lasting, window
from streams.vocabulary.document import Recorded
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


def lines(rule: Rule, depth: int = 0) -> Iterator[str]:
    """The rule in sentences, one a line; what a compound is made of is set in."""
    margin = "  " * depth
    match rule:
        case AllOf():
            yield f"{margin}all of these:"
        case AnyOf():
            yield f"{margin}at least one of these:"
        case AtLeast():
            yield f"{margin}at least {rule.n} of these:"
        case Not():
            yield f"{margin}not this:"
            yield from lines(rule.rule, depth + 1)
            return
        case _:
            yield f"{margin}{sentence(rule)}"
            return
    for part in rule.of:
        yield from lines(part, depth + 1)


def asks(rule: Rule) -> bool:
    """Whether a human's answer is a part of the rule."""
    match rule:
        case Not():
            return asks(rule.rule)
        case AllOf() | AnyOf() | AtLeast():
            return any(asks(part) for part in rule.of)
        case _:
            return isinstance(rule, Confirm)


def sentence(rule: Rule) -> str:
    """A rule that is no compound, and what it makes of an empty record."""
    told = " ".join(SENTENCES[type(rule)](rule).split())
    silent = isinstance(rule, Recorded) and rule.absent_means is False
    return f"{told} (where nothing is recorded: no)" if silent else told


def _value(rule: Value) -> str:
    of = f" in {joined(rule.specimens)}" if rule.specimens else ""
    by = f" measured by {joined(rule.methods)}" if rule.methods else ""
    name = f"{joined([rule.concept])}{of}{by}"
    doubtful = ", doubtful values set aside" if rule.implausible == "unknown" else ""
    if rule.sustained is not None:
        return (
            f"every {name} has been {compared(rule.is_)} for {lasting(rule.sustained)}, "
            f"without a gap of more than {lasting(rule.gap)}, {window(rule)}{doubtful}"
        )
    if rule.n is not None:
        apart = f", {lasting(rule.apart)} apart" if rule.apart else ""
        return (
            f"at least {rule.n} readings of {name}{apart} are {compared(rule.is_)}, "
            f"{window(rule)}{doubtful}"
        )
    which = "any" if rule.which == "any" else f"the {rule.which}"
    return f"{which} {name} {window(rule)} is {compared(rule.is_)}{doubtful}"


def _trend(rule: Trend) -> str:
    share = " of it" if rule.relative else ""
    return (
        f"from the {_before(rule.from_)} {joined([rule.concept])} to the {rule.to} "
        f"{window(rule)}, the change is {compared(rule.change)}{share}"
    )


def _before(which: str) -> str:
    return "one before" if which == "latest" else which


def _score(rule: Score) -> str:
    part = f", component {joined([rule.component])}" if rule.component else ""
    policy = f" (policy {rule.policy})" if rule.policy else ""
    if rule.change_since is None:
        return f"the score {rule.score}{part}{policy} is {compared(rule.is_)}"
    return (
        f"the score {rule.score}{part}{policy} has changed since "
        f"{ANCHORS[rule.change_since]} by {compared(rule.is_)}"
    )


def _equivalent(rule: NorepinephrineEquivalent) -> str:
    policy = f" (by {rule.policy})" if rule.policy else ""
    so_long = _so_long(rule.lasting, rule.gap)
    when = window(rule) or "now"
    return (
        f"all vasopressors together are {compared(rule.is_)} of norepinephrine"
        f"{policy} {so_long or when}"
    )


def _so_long(length: Any, gap: Any) -> str:  # noqa: ANN401 - a timedelta or None
    if length is None:
        return ""
    return f"for at least {lasting(length)} up to now, gaps up to {lasting(gap)} aside"


def _fluid(rule: FluidTotal) -> str:
    what = joined(rule.substances) if rule.substances else "all fluids"
    way = "given" if rule.direction == "in" else "lost"
    return f"{what} {way} {window(rule)} add up to {compared(rule.total)}"


def _urine(rule: UrineOutput) -> str:
    return f"urine of the last {lasting(rule.lasting)} is {compared(rule.is_)}"


def _phenotype(rule: Phenotype) -> str:
    sure = (
        f" with a probability of at least {rule.min_probability:g}"
        if rule.min_probability
        else ""
    )
    old = f" in the last {lasting(rule.within)}" if rule.within else ""
    return f"the classifier {rule.classifier} says {joined(rule.any_of)}{sure}{old}"


def _marker(rule: Marker) -> str:
    assay = f" by the assay {rule.assay}" if rule.assay else ""
    old = f" in the last {lasting(rule.within)}" if rule.within else ""
    if rule.is_ is None:
        return f"the marker {joined([rule.marker])}{assay}{old} is positive"
    return f"the latest {joined([rule.marker])}{assay}{old} is {compared(rule.is_)}"


def _culture(rule: Culture) -> str:
    result = "" if rule.result == "any" else f"{rule.result} "
    of = f" of {joined(rule.specimens)}" if rule.specimens else ""
    grew = f" that grew {joined(rule.organisms)}" if rule.organisms else ""
    but = f", {joined(rule.not_organisms)} not counted" if rule.not_organisms else ""
    skin = ", skin contaminants ignored" if rule.contaminants == "ignore" else ""
    several = {True: ", of several organisms", False: ", of one organism", None: ""}
    return (
        f"there is a {result}culture{of}{grew}{but}{skin}{several[rule.polymicrobial]}, "
        f"{rule.clock} {window(rule)}"
    )


def _susceptible(rule: Susceptible) -> str:
    named = {"S": "susceptible", "I": "intermediate", "R": "resistant"}
    grown = joined(rule.organisms) if rule.organisms else "an organism that grew"
    said = joined(named[one] for one in rule.any_of)
    return f"{grown} is {said} to {rule.antimicrobial}, {window(rule)}"


def _infusion(rule: OnInfusion) -> str:
    rate = f" at {compared(rule.rate)}" if rule.rate else " at a rate above zero"
    so_long = _so_long(rule.lasting, rule.gap)
    when = window(rule)
    runs = f"has run {so_long}" if so_long else f"ran {when}" if when else "runs now"
    return f"an infusion of {joined(rule.drugs)} {runs}{rate}"


def _medication(rule: OnMedication) -> str:
    words = [*rule.drugs, *rule.named]
    what = joined(words) if words else ""
    if rule.antimicrobial:
        what = f"{what} or any antimicrobial" if what else "an antimicrobial"
    stages = {"home": "taken at home"}
    how = joined(stages.get(stage, stage) for stage in rule.stages)
    route = f" by {joined(rule.routes)}" if rule.routes else ""
    doses = f", {compared(rule.doses)}" if rule.doses else ""
    long_ = f", for at least {lasting(rule.lasting)}" if rule.lasting else ""
    return f"{what} was {how}{route} {window(rule)}{doses}{long_}"


def _support(rule: OnRespiratorySupport) -> str:
    return f"breathing support ({joined(rule.any_of)}) was charted {window(rule)}"


def _procedure(rule: UnderProcedure) -> str:
    when = "is running" if rule.running else "was done"
    return f"{joined(rule.any_of)} {when} {window(rule)}"


def _condition(rule: HasCondition) -> str:
    codes = joined(code.rpartition("|")[2] for code in rule.codes)
    return f"a diagnosis coded {codes} is on record {window(rule)}"


def _onset(rule: HasOnset) -> str:
    by = f"of {rule.definition}" if rule.definition else "that anchors the screening"
    policy = f" (policy {rule.policy})" if rule.policy else ""
    some = "" if len(rule.statuses) == 3 else f" and is {joined(rule.statuses)}"
    when = window(rule)
    held = f", {rule.clock} {when}" if when else ""
    return f"a sepsis flag {by}{policy} stands{some}{held}"


def _elapsed(rule: Elapsed) -> str:
    until = "now" if rule.until is None else f"when {ANCHORS[rule.until]}"
    return f"from when {ANCHORS[rule.since]} to {until} it is {compared(rule.is_)}"


def _enrolled(rule: Enrolled) -> str:
    part = f" in {joined(rule.domains)}" if rule.domains else ""
    old = f" in the last {lasting(rule.within)}" if rule.within else ""
    return f"enrolled in {joined(rule.trials)}{part}{old}"


def _refused(rule: Refused) -> str:
    old = f" in the last {lasting(rule.within)}" if rule.within else ""
    return f"refused or opted out of {joined(rule.trials)}{old}"


def _confirm(rule: Confirm) -> str:
    holds = f" (holds for {lasting(rule.holds_for)})" if rule.holds_for else ""
    return f"the {joined([rule.by])} says yes to: {rule.question}{holds}"


def _prior_stay(rule: PriorStay) -> str:
    where = "hospital or another care facility" if rule.facility else "hospital"
    return (
        f"an earlier stay in {where} ended at most {lasting(rule.within)} "
        "before this one began"
    )


SENTENCES: dict[type, Callable[[Any], str]] = {
    Value: _value,
    Trend: _trend,
    Score: _score,
    NorepinephrineEquivalent: _equivalent,
    FluidTotal: _fluid,
    UrineOutput: _urine,
    Phenotype: _phenotype,
    Marker: _marker,
    Culture: _culture,
    Susceptible: _susceptible,
    OnInfusion: _infusion,
    OnMedication: _medication,
    OnRespiratorySupport: _support,
    UnderProcedure: _procedure,
    Age: lambda r: f"the age is {compared(r.is_)}",
    Sex: lambda r: f"the sex on record is {r.is_}",
    Pregnant: lambda r: (
        "the last word is that the patient is pregnant"
        + (f", in the last {lasting(r.within)}" if r.within else "")
    ),
    HasAllergy: lambda r: f"an allergy or intolerance to {joined(r.to)} is on record",
    HasCodeStatus: lambda r: f"the goals of care are {joined(r.any_of)}",
    HasCondition: _condition,
    InHospital: lambda _: "the patient is in hospital",
    AtLocation: lambda r: f"the patient is in: {joined(r.any_of)}",
    Died: lambda _: "a death is on record",
    PriorStay: _prior_stay,
    Transferred: lambda _: "the patient came from another acute hospital",
    HasOnset: _onset,
    Elapsed: _elapsed,
    Enrolled: _enrolled,
    Refused: _refused,
    Confirm: _confirm,
}
"""By kind; a compound has none, it is a list."""
