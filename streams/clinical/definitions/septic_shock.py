"""Septic shock: sepsis with a vasopressor and raised lactate despite fluid.

Singer M et al., JAMA 2016;315:801-810: vasopressors needed for a mean arterial
pressure of 65 mmHg or more, and serum lactate above 2 mmol/L, despite adequate volume
resuscitation.
The readings of trials are in `shock_policies.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from streams.clinical.definitions.pressors import Stretch, is_charted
from streams.clinical.definitions.resuscitation import Resuscitation
from streams.clinical.definitions.sepsis3 import Sepsis3Episode
from streams.clinical.definitions.septic_basis import Septic, septic
from streams.clinical.definitions.shock_moments import (
    Moment,
    is_high,
    lactates_of,
    moments_of,
    treatments_of,
)
from streams.clinical.definitions.shock_policies import (
    SEPSIS3_SHOCK,
    SHOCK_POLICIES,
    ShockPolicy,
)
from streams.clinical.markers.readings import Reading
from streams.clinical.specification import Choice, Grade, Specification
from streams.clinical.timeline import Timeline
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, Truth3, all_of, any_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SepticShock:
    """Whether one septic episode came to shock, and since when."""

    policy: str
    encounter: str
    stay: str | None
    met: Truth3
    status: Literal["provisional", "confirmed", "withdrawn"]
    """`confirmed` once met; `withdrawn` where the stay is over without.  What is still
    unknown then stays provisional: a late result may tell."""
    final_at: datetime | None
    """From then on time alone changes nothing; None while the stay is open."""
    sepsis_at: datetime
    onset_at: datetime | None
    """When vasopressor and lactate (and what else is required) came together."""
    vasopressor_at: datetime | None
    """Since when it ran and, where the policy asks, had lasted."""
    lactate_at: datetime | None
    vasopressor: Truth3
    lactate: Truth3
    pressure: Truth3
    resuscitation: Resuscitation | None
    """The fluid given before onset; None without an onset."""
    evidence: tuple[str, ...]
    missing: tuple[str, ...]


def septic_shock(
    timeline: Timeline,
    *,
    policy: ShockPolicy = SEPSIS3_SHOCK,
    now: datetime | None = None,
    episodes: Sequence[Sepsis3Episode] | None = None,
) -> tuple[SepticShock, ...]:
    """One answer for each septic episode, of the facts that have happened by `now`.

    `episodes`: those of `policy.sepsis`, where they are at hand already.
    """
    found = septic(timeline, policy, now, episodes)
    return tuple(_answer(timeline, policy, one, now) for one in found)


def _answer(
    timeline: Timeline, policy: ShockPolicy, sepsis: Septic, now: datetime | None
) -> SepticShock:
    treatments = treatments_of(timeline, policy, sepsis, now)
    lactates = lactates_of(timeline, policy, sepsis)
    moments = sorted(
        moments_of(timeline, policy, sepsis, treatments, lactates),
        key=lambda moment: moment.order,
    )
    best = _best(moments)
    treated = _treated(timeline, policy, sepsis, treatments, now)
    high = _lactate(policy, treatments, lactates, moments)
    met = all_of((treated, any_of(m.met for m in moments) if moments else high))
    pressure = TRUE if policy.pressure == "taken_for_granted" else UNKNOWN
    shown = best is not None and best.high is TRUE
    return SepticShock(
        policy=policy.name,
        encounter=sepsis.encounter,
        stay=sepsis.stay,
        met=met,
        status=_status(met, over=sepsis.over),
        final_at=_final(met, sepsis, best),
        sepsis_at=sepsis.at,
        onset_at=best.at if best is not None and shown else None,
        vasopressor_at=_started(best, treatments),
        lactate_at=best.lactate.at if best is not None and shown else None,
        vasopressor=treated,
        lactate=high,
        pressure=pressure if best is None else best.pressure,
        resuscitation=best.fluid if best is not None and shown else None,
        evidence=_evidence(sepsis, best),
        missing=_missing(policy, treated, high, best),
    )


def _best(moments: Sequence[Moment]) -> Moment | None:
    """The first that is met; else the first with a raised lactate, or any."""
    for wanted in (
        [m for m in moments if m.met is TRUE],
        [m for m in moments if m.high is TRUE],
        moments,
    ):
        if wanted:
            return wanted[0]
    return None


def _treated(
    timeline: Timeline,
    policy: ShockPolicy,
    sepsis: Septic,
    treatments: Sequence[Stretch],
    now: datetime | None,
) -> Truth3:
    if treatments:
        return TRUE
    charted = is_charted(
        timeline, policy.classes, sepsis.encounter, since=sepsis.opens, now=now
    )
    return FALSE if charted or policy.uncharted == "not_running" else UNKNOWN


def _lactate(
    policy: ShockPolicy,
    treatments: Sequence[Stretch],
    lactates: Sequence[Reading],
    moments: Sequence[Moment],
) -> Truth3:
    """Whether it was raised while treated; without treatment, at any time."""
    said = (
        [m.high for m in moments]
        if treatments
        else [is_high(policy, one) for one in lactates]
    )
    return any_of(said) if said else UNKNOWN


def _status(
    met: Truth3, *, over: bool
) -> Literal["provisional", "confirmed", "withdrawn"]:
    if met is TRUE:
        return "confirmed"
    return "withdrawn" if over and met is FALSE else "provisional"


def _final(met: Truth3, sepsis: Septic, best: Moment | None) -> datetime | None:
    if met is TRUE and best is not None:
        return best.at
    return sepsis.closes if sepsis.over else None


def _started(best: Moment | None, treatments: Sequence[Stretch]) -> datetime | None:
    if best is not None:
        return best.treatment.start
    return treatments[0].start if treatments else None


def _evidence(sepsis: Septic, best: Moment | None) -> tuple[str, ...]:
    names = list(sepsis.evidence)
    if best is not None:
        names += [best.treatment.evidence[0], best.lactate.event_id, *best.pressures]
        names += best.fluid.evidence
    return tuple(dict.fromkeys(names))


def _missing(
    policy: ShockPolicy, treated: Truth3, high: Truth3, best: Moment | None
) -> tuple[str, ...]:
    lacking = []
    if treated is UNKNOWN:
        lacking.append("vasopressor")
    if high is UNKNOWN:
        lacking.append("lactate")
    if policy.pressure == "seen_low" and (best is None or best.pressure is UNKNOWN):
        lacking.append("map")
    return (*lacking, *(() if best is None else best.fluid.missing))


SPEC = Specification(
    name="septic_shock",
    title="Septic shock",
    version="2016",
    grade=Grade.PARTIAL,
    grade_reason=(
        "The definition was read as quoted in trial texts and in mimic-code issue 576; "
        "windows and the amount of fluid are ours, and there is no published table to "
        "compare with."
    ),
    rule=(
        "Sepsis, a vasopressor running (rate above 0), and serum lactate above "
        "2 mmol/L no more than 24 hours before or after it.  Onset is the later of the "
        "two.\n\n"
        "Adequate fluid is told beside it: TRUE from 30 mL/kg of crystalloid in the 24 "
        "hours before onset, UNKNOWN where no intake or no weight is on record.\n\n"
        "Counted from 48 hours before suspicion until the patient leaves the hospital."
    ),
    sources=(
        "Singer M et al., JAMA 2016;315:801-810, doi 10.1001/jama.2016.0287",
        "Shankar-Hari M et al., JAMA 2016;315:775-787, doi 10.1001/jama.2016.0289",
        *(f"{p.name}: {p.source}" for p in SHOCK_POLICIES.values()),
    ),
    inputs=(
        *("measurement:lactate", "measurement:map", "measurement:weight"),
        *("infusion:", "fluid:", "encounter"),
        *("medication", "culture_collected"),
    ),
    choices=(
        Choice(
            argument="lactate_operator",
            default=">",
            readings="`>` 2 mmol/L: Singer 2016; `>=`: CLASSIC, REDUCE, Rhee.",
        ),
        Choice(
            argument="lactate",
            default="2",
            readings="mmol/L; 2: Singer 2016, CLASSIC, REDUCE, Rhee.",
        ),
        Choice(
            argument="lactate_before",
            default="24 h",
            readings="24 h: ours; 3 h: CLASSIC; 6 h: REDUCE.",
        ),
        Choice(
            argument="lactate_after",
            default="24 h",
            readings="24 h after the vasopressor stopped: ours; none: the trials, which "
            "ask for one that runs.",
        ),
        Choice(
            argument="classes",
            default="vasopressor",
            readings="`vasopressor`; CLASSIC counts `inotrope` too.",
        ),
        Choice(
            argument="basis",
            default="sepsis3",
            readings="`sepsis3`: Singer 2016; `suspected_infection`: CLASSIC, REDUCE.",
        ),
        Choice(
            argument="sepsis",
            default="as `sepsis3`",
            readings="How sepsis, or suspicion alone, is told: see `sepsis3`.",
        ),
        Choice(
            argument="fluid",
            default=">= 30 mL/kg in 24 h",
            readings="30 mL/kg: ours, TIGRIS; 1 L in 24 h: CLASSIC; > 1 L in 12 h: "
            "REDUSE; any: HYVITS, VITAMINS.",
        ),
        Choice(
            argument="fluid_is",
            default="reported",
            readings="`reported` beside the verdict; `required`: Singer 2016 to the "
            "letter, and the trials that name fluid.",
        ),
        Choice(
            argument="lasting",
            default="0 h",
            readings="0 h: any; 2 h: VITAMINS.",
        ),
        Choice(
            argument="pressure",
            default="taken_for_granted",
            readings=(
                "As the giver judged, for a vasopressor is given for pressure (ours); "
                "`seen_low`: a mean pressure below 65 mmHg was charted (ours)."
            ),
        ),
        Choice(
            argument="uncharted",
            default="unknown",
            readings=(
                "A record without vasopressors: `unknown` (ours), or `not_running` "
                "where the site charts all infusions (ours)."
            ),
        ),
        Choice(
            argument="implausible",
            default="counts",
            readings=(
                "Values flagged as implausible: `counts` (ours: the sickest have "
                "them), or `left_out`."
            ),
        ),
        Choice(
            argument="onset",
            default="later_of_two",
            readings=(
                "Of lactate and vasopressor (ours); or `not_before_sepsis` either "
                "(ours): Singer 2016 names no moment."
            ),
        ),
    ),
    traps=(
        "A lactate of exactly 2.0 mmol/L: no shock by Singer 2016, shock by CLASSIC.",
        "Fluid given before arrival is rarely charted, so little on record proves little.",
        "An infusion charted with the rate 0 does not run.",
    ),
)
