"""Quick SOFA: three signs at the bedside, one point each.

Singer M et al., JAMA 2016;315:801-810; Seymour CW et al., JAMA 2016;315:762-774.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from streams.clinical.scores.bedside import (
    BedsidePolicy,
    Limit,
    Said,
    Window,
    criterion,
    decisive,
    judged,
    recent,
)
from streams.clinical.scores.bedside_choices import QSOFA_CHOICES
from streams.clinical.scores.consciousness import Sources, altered
from streams.clinical.scores.gcs_sedation import SedationPolicy
from streams.clinical.scores.score import Score
from streams.clinical.specification import Grade, Specification
from streams.clinical.timeline import Timeline


BREATHS = Limit("resp_rate", ">=", 22.0)
"""Per minute."""

SYSTOLIC = Limit("sbp", "<=", 100.0)
"""mmHg."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QsofaPolicy(BedsidePolicy):
    """One reading of qSOFA."""

    gcs_below: float = 15.0
    """Mentation is altered below it: 15 (Singer 2016), 14 (ricu: 13 and less)."""

    mentation: Sources = "gcs_or_acvpu"
    """Where mentation is read: the later of both scales, or one of them alone."""

    sedation: SedationPolicy = field(default_factory=SedationPolicy)
    """What a total under sedation or a tube is worth."""


QSOFA = QsofaPolicy(name="ember")
RICU_QSOFA = QsofaPolicy(
    name="ricu",
    pick="worst",
    missing="normal",
    gcs_below=14.0,
    mentation="gcs",
    sedation=SedationPolicy(gcs_sedation="assume_normal"),
)
"""Its threshold of the coma scale and its filling of gaps; not its hourly grid."""

POLICIES = {policy.name: policy for policy in (QSOFA, RICU_QSOFA)}

SPEC = Specification(
    name="qsofa",
    title="Quick Sequential Organ Failure Assessment",
    version="2016",
    grade=Grade.VERIFIED,
    grade_reason=(
        "The three thresholds are those of the Sepsis-3 paper; none of them is open to "
        "interpretation but how altered mentation is read."
    ),
    rule=(
        "One point each: respiratory rate 22 a minute or more; systolic pressure "
        "100 mmHg or less; altered mentation (Glasgow coma scale below 15, or anything "
        "but alert on ACVPU). Positive from 2 points.\n\n"
        "Of each sign the latest value counts, if it is not older than 12 hours."
    ),
    sources=(
        "Singer M et al., JAMA 2016;315:801-810, doi 10.1001/jama.2016.0287",
        "Seymour CW et al., JAMA 2016;315:762-774, doi 10.1001/jama.2016.0288",
    ),
    inputs=(
        "measurement:resp_rate",
        "measurement:sbp",
        "assessment:gcs_total",
        "assessment:gcs_eye",
        "assessment:gcs_verbal",
        "assessment:gcs_motor",
        "assessment:acvpu",
        "infusion:propofol",
        "infusion:midazolam",
        "infusion:dexmedetomidine",
    ),
    choices=QSOFA_CHOICES,
    traps=(
        "A ventilated patient's rate is the machine's, and the coma scale the drug's.",
        "A total of 14 is altered mentation here, but not for ricu.",
    ),
)


def qsofa(timeline: Timeline, at: datetime, *, policy: QsofaPolicy = QSOFA) -> Score:
    """The score at a moment, of what had happened by then."""
    window = recent(at, policy.vitals_within)
    breaths = _sign(timeline, BREATHS, window, policy)
    systolic = _sign(timeline, SYSTOLIC, window, policy)
    mentation = altered(
        timeline,
        window,
        policy,
        sources=policy.mentation,
        gcs_below=policy.gcs_below,
        sedation=policy.sedation,
    )
    components = (
        criterion("respiratory_rate", [breaths]),
        criterion("systolic_pressure", [systolic]),
        criterion("mentation", [mentation]),
    )
    return Score(
        name=SPEC.name,
        at=at,
        components=components,
        missing=tuple(
            name
            for name, part in zip(INPUTS, components, strict=True)
            if part.points is None
        ),
    )


INPUTS = ("resp_rate", "sbp", "consciousness")
"""What `missing` calls the three signs."""


def _sign(
    timeline: Timeline, limit: Limit, window: Window, policy: QsofaPolicy
) -> Said:
    values = decisive(timeline, limit.concept, window, policy)
    return judged(values, [limit], policy)
