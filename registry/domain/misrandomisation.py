"""Randomisations in error: for each kind what is kept, corrected and analysed.

Nothing that was drawn is ever taken away, and nothing is drawn in its place.

Reference: Yelland et al., Trials 2015; 16: 309 (intention to treat as the guide).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, TypeAlias

from registry.domain.conduct import DeviationKind
from registry.domain.stratum import UNKNOWN_LEVEL


class Kind(StrEnum):
    """What went wrong."""

    INELIGIBLE = "ineligible"
    """A criterion spoke against the patient."""
    BEFORE_ELIGIBILITY = "before_eligibility"
    """Drawn before somebody had confirmed that the patient was eligible."""
    WITHOUT_CONSENT = "without_consent"
    """Drawn without the consent, or what stands in its place, that was wanted."""
    WRONG_STRATUM = "wrong_stratum"
    """A factor of the stratum had another level than was told."""
    WRONG_BASELINE = "wrong_baseline"
    """A baseline covariate had another value than was frozen."""
    WRONG_TREATMENT = "wrong_treatment"
    """Another kit or treatment was given than the one assigned."""
    TWICE_IN_ONE_RECORD = "twice_in_one_record"
    """One person was drawn for twice, and there is one set of data."""
    TWICE_IN_TWO_RECORDS = "twice_in_two_records"
    """One person was drawn for twice, in two episodes with data of their own."""


Want: TypeAlias = Literal["nothing", "factors", "covariates", "received", "first"]
"""What has to be told beside what happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """One row of the table."""

    deviation: DeviationKind
    important: bool
    """Whether it may affect rights, safety or the reliability of the result."""
    wants: Want
    in_error: bool
    """Whether the allocation counts no more where counts steer later draws."""
    kept: str
    corrected: str
    analysed: str


RULINGS: Mapping[Kind, Ruling] = {
    Kind.INELIGIBLE: Ruling(
        deviation="eligibility",
        important=True,
        wants="nothing",
        in_error=False,
        kept="the allocation, and all data from then on",
        corrected="nothing; who treats decides on the treatment",
        analysed="in the arm assigned; out only by an objective rule set beforehand",
    ),
    Kind.BEFORE_ELIGIBILITY: Ruling(
        deviation="eligibility",
        important=True,
        wants="nothing",
        in_error=False,
        kept="the allocation, and all data from then on",
        corrected="nothing; eligibility is answered now, as of then",
        analysed="in the arm assigned; out only by an objective rule set beforehand",
    ),
    Kind.WITHOUT_CONSENT: Ruling(
        deviation="consent",
        important=True,
        wants="nothing",
        in_error=False,
        kept="the allocation; further acts wait for consent",
        corrected="nothing; consent is sought, and recorded as it was decided",
        analysed="in the arm assigned, unless the law or a refusal forbids the data",
    ),
    Kind.WRONG_STRATUM: Ruling(
        deviation="allocation",
        important=False,
        wants="factors",
        in_error=False,
        kept="the allocation, its number and the stratum as randomised",
        corrected="the true levels, beside those randomised by",
        analysed="the true levels as covariates; as randomised for balance",
    ),
    Kind.WRONG_BASELINE: Ruling(
        deviation="assessment",
        important=False,
        wants="covariates",
        in_error=False,
        kept="the allocation and the covariates as frozen",
        corrected="the true values, beside the frozen ones",
        analysed="the true values as covariates",
    ),
    Kind.WRONG_TREATMENT: Ruling(
        deviation="treatment",
        important=True,
        wants="received",
        in_error=False,
        kept="the arm assigned",
        corrected="what was received, beside it",
        analysed="in the arm assigned; what was received for adherence",
    ),
    Kind.TWICE_IN_ONE_RECORD: Ruling(
        deviation="allocation",
        important=True,
        wants="first",
        in_error=True,
        kept="both allocations; the first is the person's",
        corrected="the second is in error, counts no more, and is not replaced",
        analysed="once, in the arm of the first",
    ),
    Kind.TWICE_IN_TWO_RECORDS: Ruling(
        deviation="allocation",
        important=True,
        wants="first",
        in_error=False,
        kept="both allocations, each with its data",
        corrected="the two are linked",
        analysed="both, as one person's; or as a rule set beforehand says",
    ),
}
"""Yelland's table, and the rows that embedding a trial in care adds to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Misrandomisation:
    """One randomisation in error, as it was recorded; appended, never changed."""

    misrandomisation_id: str
    site: str
    trial: str
    domain: str
    participant: str
    number: int
    """Of those of this randomisation, from 1."""
    kind: Kind
    randomisation_id: str
    deviation_id: str
    in_error: bool
    true_values: tuple[tuple[str, str], ...]
    """Name and value of each factor or covariate that was wrong."""
    received: str | None
    """What was given instead: in a blinded domain a kit, never an arm."""
    first: str | None
    """The participant whose allocation came first."""
    actor: str
    recorded_at: datetime


def corrected(
    as_randomised: Mapping[str, str], kind: Kind, records: Iterable[Misrandomisation]
) -> dict[str, str]:
    """What was true: as randomised, but for what was recorded; the latest word counts.

    `kind` is `WRONG_STRATUM` for the levels of factors, `WRONG_BASELINE` for covariates.
    """
    found = dict(as_randomised)
    for one in sorted(records, key=lambda each: each.number):
        if one.kind is kind:
            found.update(one.true_values)
    return found


def fault_of_values(
    true_values: Collection[tuple[str, str]], as_randomised: Mapping[str, str]
) -> str | None:
    """Why these can be no corrections of what was randomised by; None where they can."""
    if not true_values:
        return "no_true_value"
    if any(name not in as_randomised for name, _ in true_values):
        return "no_such_name"
    if len({name for name, _ in true_values}) < len(true_values):
        return "told_twice"
    if not all(_is_alike(as_randomised[name], value) for name, value in true_values):
        return "no_such_value"
    return None


def _is_alike(frozen: str, value: str) -> bool:
    """Whether a value is written as the one it corrects: it is exported as that was.

    A number for a number, a moment for a moment, a level for a level; never words.
    """
    shape = next((one for one in _SHAPES if one.fullmatch(frozen)), _NO_SPACE)
    return value == UNKNOWN_LEVEL or shape.fullmatch(value) is not None


_SHAPES = (
    re.compile(r"[+-]?\d{1,12}(?:\.\d{1,12})?"),
    re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?Z"),
    re.compile(r"[a-z][a-z0-9_-]{0,39}"),
)
_NO_SPACE = re.compile(r"\S{1,40}")


def names_an_arm(text: str, arms: Iterable[str]) -> bool:
    """Whether a text tells the name of an arm, as a word, in whatever case."""
    return any(
        re.search(rf"(?<!\w){re.escape(arm)}(?!\w)", text, re.IGNORECASE)
        for arm in arms
    )
