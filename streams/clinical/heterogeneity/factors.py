"""The factors by which patients with sepsis differ, derived and, on request, frozen.

What a trial stratifies or adjusts by is fixed at randomisation: a frozen set never
changes, and what the record says of that moment later is told beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from streams.clinical.heterogeneity.covariate import Covariate
from streams.clinical.heterogeneity.exposure import microbial_exposure
from streams.clinical.heterogeneity.medication import immunosuppression, medication
from streams.clinical.heterogeneity.metabolism import metabolism
from streams.clinical.heterogeneity.person import comorbidity, genetics, person
from streams.clinical.heterogeneity.policy import DEFAULT, FactorPolicy
from streams.clinical.heterogeneity.scope import Scope
from streams.clinical.specification import Choice, Grade, Specification
from streams.clinical.timeline import Timeline, part


_GROUPS = (
    person,
    comorbidity,
    genetics,
    metabolism,
    microbial_exposure,
    immunosuppression,
    medication,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """The covariates as they were known when they were frozen."""

    at: datetime
    index: datetime
    encounter: str | None
    policy: FactorPolicy
    covariates: tuple[Covariate, ...]

    @property
    def levels(self) -> tuple[tuple[str, str], ...]:
        """Pairs of factor and level, as a trial's messages carry them."""
        return tuple((one.name, one.level) for one in self.covariates)


@dataclass(frozen=True, slots=True)
class Drift:
    """One covariate of which the record now says something else of that moment."""

    frozen: Covariate
    now: Covariate


def covariates(
    timeline: Timeline,
    at: datetime,
    policy: FactorPolicy = DEFAULT,
    *,
    index: datetime | None = None,
    encounter: str | None = None,
) -> tuple[Covariate, ...]:
    """Every factor at `at`, in the order of the groups.

    `index`: when the septic episode began; exposures count before it (None: `at`).
    `encounter`: its hospital stay, which is no earlier admission.
    """
    return tuple(
        one
        for number in range(len(_GROUPS))
        for one in _group(timeline, number, at, index or at, encounter, policy)
    )


def freeze(
    timeline: Timeline,
    at: datetime,
    policy: FactorPolicy = DEFAULT,
    *,
    index: datetime | None = None,
    encounter: str | None = None,
) -> Frozen:
    """The same, kept, of what was known at that moment.

    Facts that became known later are left out, whatever the timeline holds: what was
    corrected since is unknown then, unless the timeline is handed over as it was known.
    """
    known = _known_by(timeline, at)
    return Frozen(
        at=at,
        index=index or at,
        encounter=encounter,
        policy=policy,
        covariates=covariates(known, at, policy, index=index, encounter=encounter),
    )


def drift(frozen: Frozen, timeline: Timeline) -> tuple[Drift, ...]:
    """What the record as it stands now says differently of the frozen moment.

    A covariate that there was not (a genetic result) is told too.
    """
    now = covariates(
        timeline,
        frozen.at,
        frozen.policy,
        index=frozen.index,
        encounter=frozen.encounter,
    )
    held = {one.name: one for one in frozen.covariates}
    return tuple(
        Drift(held.get(one.name, _nothing(one)), one)
        for one in now
        if held.get(one.name, _nothing(one)).value != one.value
    )


@part
def _group(
    timeline: Timeline,
    number: int,
    at: datetime,
    index: datetime,
    encounter: str | None,
    policy: FactorPolicy,
) -> tuple[Covariate, ...]:
    """One group; what the others read does not touch it."""
    return tuple(_GROUPS[number](Scope(timeline, at, index, encounter, policy)))


def _known_by(timeline: Timeline, at: datetime) -> Timeline:
    known = Timeline()
    for delivery in timeline.deliveries():
        if delivery.event.known_at <= at:
            known.apply(delivery.event, delivery.message_id)
    return known


def _nothing(one: Covariate) -> Covariate:
    return Covariate(name=one.name, group=one.group, value=None)


SPEC = Specification(
    name="heterogeneity",
    title="Factors by which patients differ",
    version="1",
    grade=Grade.UNVERIFIED,
    grade_reason=(
        "Charlson and Elixhauser have grades of their own; which factors, how far back "
        "and by which codes and drugs is ours."
    ),
    rule=(
        "Age and sex; Charlson's index (without age) and the count of Elixhauser's "
        "comorbidities; genetic results from outside; diabetes, HbA1c, body mass index "
        "and lipids; carriage, antimicrobials and admissions before the episode; "
        "immunosuppression by diagnosis, drug or neutrophils; and drugs taken before "
        "it.\n\n"
        "Each is known or unknown: silence denies nothing, unless the policy says that "
        "the record is complete.  Frozen at a moment, they stay as they were known."
    ),
    sources=(
        "streams/clinical/heterogeneity/lists.csv (codes and drugs: ours)",
        "streams/clinical/comorbidity (Charlson, Elixhauser)",
    ),
    inputs=(
        *("demographics", "condition", "classification", "medication", "encounter"),
        *("culture_collected", "culture_result", "measurement:"),
    ),
    choices=(
        Choice(
            argument="exposure",
            default="90 d",
            readings="Antimicrobials and admissions before: ours; REMAP-CAP 30 d.",
        ),
        Choice(argument="colonisation", default="365 d", readings="Ours."),
        Choice(
            argument="laboratory",
            default="365 d",
            readings="Lipids, HbA1c and weight: ours.",
        ),
        Choice(
            argument="unrecorded",
            default="unknown",
            readings=(
                "No exposure on record: `unknown`, since other hospitals are not in "
                "it (ours), or `absent`, where one record holds all care."
            ),
        ),
        Choice(
            argument="uncoded",
            default="absent_if_coded",
            readings="See `charlson`.",
        ),
        Choice(
            argument="home_list",
            default="complete_if_any",
            readings=(
                "A list of drugs taken at home is complete where there is one (ours), "
                "or never is."
            ),
        ),
        Choice(
            argument="neutropenia",
            default="0.5",
            readings="10*3/uL: AdrenOSS-2, HYVITS; ImmunoSep 1.5.",
        ),
        Choice(
            argument="genotypes",
            default="genotype",
            readings="How classifiers of genetic results begin: ours.",
        ),
        Choice(
            argument="lipids_in",
            default="any_time",
            readings=(
                "Measured at `any_time` (ours), or `before_episode` only, since "
                "lipids fall in sepsis."
            ),
        ),
        Choice(
            argument="implausible",
            default="counts",
            readings="`counts` (ours: the sickest have such values), or `left_out`.",
        ),
    ),
    traps=(
        "Diagnoses are coded after discharge: live, comorbidity is mostly unknown.",
        "Lipids fall in sepsis: a low value need not be the patient's own.",
        "Drugs taken elsewhere and earlier hospitals are not in this record.",
        "A list of drugs taken at home from years ago says nothing of today.",
        "A negative screen denies carriage of what it looked for, and of nothing else.",
    ),
)
