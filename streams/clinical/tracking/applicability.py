"""Whom a rule was not made for: a child's score says nothing of a grown patient.

Only what the record rules out is left unevaluated; as long as the age is not known,
every rule is evaluated.
"""

from __future__ import annotations

from datetime import datetime

from streams.clinical.criteria.judgement import PatientView
from streams.clinical.criteria.person import judge_age
from streams.clinical.timeline import Timeline, part
from streams.vocabulary.kinds.person import Age
from streams.vocabulary.truth import TRUE


CHILDREN = frozenset({"phoenix", "phoenix8", "phoenix_sepsis"})
"""Rules for patients under 18 (Schlapbach LJ et al., JAMA 2024;331:665-674)."""

_GROWN = Age.model_validate({"kind": "age", "is": ">= 18 years"})


def applies(rule: str, timeline: Timeline, at: datetime) -> bool:
    """Whether the rule of that name may say something of this patient."""
    return rule not in CHILDREN or not grown(timeline, at)


@part
def grown(timeline: Timeline, at: datetime) -> bool:
    """Whether the record says that the patient is 18 or older."""
    return judge_age(_GROWN, PatientView(timeline=timeline), at).truth is TRUE
