"""From criteria to a verdict: the status, the stratum, and where answers join in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from streams.clinical.criteria.judge import judge
from streams.clinical.criteria.judgement import Judgement, PatientView, soonest
from streams.vocabulary.messages import CriterionVerdict, ScreeningStatus
from streams.vocabulary.protocol import Criterion, Domain, Factor
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN


UNDECIDED = "UNKNOWN"
"""The level of a stratum that is not yet known."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the record says of one patient for one domain at one moment."""

    status: ScreeningStatus
    criteria: tuple[CriterionVerdict, ...]
    stratum: tuple[tuple[str, str], ...]
    window_open: bool
    changes_at: datetime | None


def judge_domain(
    domain: Domain, view: PatientView, now: datetime, *, window_open: bool
) -> Verdict:
    """Every criterion and every stratum, whatever the others say."""
    included = [(c, judge(c.rule, view, now)) for c in domain.inclusion]
    excluded = [(c, judge(c.rule, view, now)) for c in domain.exclusion]
    strata = [(f, judge(f.rule, view, now)) for f in domain.strata]
    criteria = (
        *(_told(c, said, role="inclusion") for c, said in included),
        *(_told(c, said, role="exclusion") for c, said in excluded),
    )
    stratum = tuple((factor.id, _level(factor, said)) for factor, said in strata)
    judged = (said for _, said in (*included, *excluded, *strata))
    return Verdict(
        status=status(criteria, stratum, window_open=window_open),
        criteria=criteria,
        stratum=stratum,
        window_open=window_open,
        changes_at=soonest(now, *(said.changes_at for said in judged)),
    )


def status(
    criteria: Sequence[CriterionVerdict],
    stratum: Iterable[tuple[str, str]],
    *,
    window_open: bool,
) -> ScreeningStatus:
    """The status these truths amount to.

    What speaks against the patient decides; then what data may still tell (the
    stratum too: without it nobody can be randomised), then what only a human can.
    """
    if not window_open or any(map(speaks_against, criteria)):
        return "ineligible"
    open_ = [c for c in criteria if c.truth == "UNKNOWN"]
    levels = [level for _, level in stratum]
    if UNDECIDED in levels or any(not c.human for c in open_):
        return "needs_data"
    return "needs_human" if open_ else "eligible"


def speaks_against(criterion: CriterionVerdict) -> bool:
    """An inclusion that is FALSE, or an exclusion that is TRUE."""
    return criterion.truth == ("FALSE" if criterion.role == "inclusion" else "TRUE")


def joined_status(
    criteria: Sequence[CriterionVerdict],
    answers: Mapping[str, bool],
    *,
    stratum: Iterable[tuple[str, str]],
    window_open: bool,
) -> ScreeningStatus:
    """The status with human answers (by criterion id) beside the machine's verdict.

    An answer counts only where the machine said UNKNOWN and asked a human: it never
    overrules a decided criterion.
    """
    return status(
        [_with_answer(c, answers) for c in criteria], stratum, window_open=window_open
    )


def _with_answer(
    criterion: CriterionVerdict, answers: Mapping[str, bool]
) -> CriterionVerdict:
    asked = criterion.truth == "UNKNOWN" and criterion.human
    if not asked or criterion.criterion_id not in answers:
        return criterion
    answer = answers[criterion.criterion_id]
    return replace(criterion, truth="TRUE" if answer else "FALSE")


def _told(criterion: Criterion, said: Judgement, *, role: str) -> CriterionVerdict:
    unknown = said.truth is UNKNOWN
    return CriterionVerdict(
        criterion_id=criterion.id,
        role="inclusion" if role == "inclusion" else "exclusion",
        truth=said.truth.value,
        evidence=said.evidence,
        would_need=said.would_need,
        human=unknown and (said.human or criterion.if_unknown == "ask"),
    )


def _level(factor: Factor, said: Judgement) -> str:
    return {TRUE: factor.if_true, FALSE: factor.if_false, UNKNOWN: UNDECIDED}[
        said.truth
    ]
