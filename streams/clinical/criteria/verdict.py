"""From criteria to a verdict: who may come into the platform, a domain, an arm.

- **Platform**: its own criteria.
- **Intervention**: those of the platform, of the domain, and its own.
- **Domain**: those of the platform and its own, a known stratum, and at least two
  interventions that are not ruled out.  It is `eligible` only when every intervention
  is decided, so that nobody is randomised between fewer arms than there may be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from streams.clinical.criteria.judge import judge
from streams.clinical.criteria.judgement import Judgement, PatientView, soonest
from streams.vocabulary.messages import (
    CriterionVerdict,
    InterventionVerdict,
    ScreeningStatus,
    TrialScreening,
)
from streams.vocabulary.protocol import Arm, Criterion, Domain, Factor, Protocol
from streams.vocabulary.rules import Rule
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN


UNDECIDED = "UNKNOWN"
"""The level of a stratum that is not yet known."""

Role = Literal["inclusion", "exclusion"]
Level = Literal["platform", "domain", "intervention"]

_WORST_FIRST: tuple[ScreeningStatus, ...] = (
    "ineligible",
    "needs_data",
    "needs_human",
    "eligible",
)
_AT_LEAST = 2
"""Interventions that a patient must be fit for: between fewer there is no question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statuses:
    """What a set of truths amounts to, level by level."""

    platform: ScreeningStatus
    domain: ScreeningStatus
    interventions: tuple[InterventionVerdict, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the record says of one patient for one domain at one moment."""

    statuses: Statuses
    criteria: tuple[CriterionVerdict, ...]
    stratum: tuple[tuple[str, str], ...]
    window_open: bool
    changes_at: datetime | None
    """The first moment at which time alone may change a truth or a stratum."""

    @property
    def status(self) -> ScreeningStatus:
        """Of the domain."""
        return self.statuses.domain


@dataclass(frozen=True, slots=True)
class Asked:
    """One criterion of a domain, with whom it keeps out."""

    criterion: Criterion
    role: Role
    level: Level
    intervention: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """One domain of a protocol, with everything that is asked of a patient for it."""

    protocol: Protocol
    domain: Domain
    asked: tuple[Asked, ...]
    """Of the platform, the domain and its arms, in the order of the document."""

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Those of the criteria, then those of the strata."""
        return (
            *(one.criterion.rule for one in self.asked),
            *(factor.rule for factor in self.domain.strata),
        )


def question(protocol: Protocol, domain: Domain) -> Question:
    """What a patient is asked for this domain."""
    of_arms = (a for arm in domain.arms for a in _asked(arm, "intervention", arm.id))
    own = (*_asked(protocol, "platform"), *_asked(domain, "domain"), *of_arms)
    return Question(protocol, domain, own)


def judge_question(
    question: Question, view: PatientView, now: datetime
) -> tuple[Judgement, ...]:
    """What each of its rules says, from scratch."""
    return tuple(judge(rule, view, now) for rule in question.rules)


def verdict(
    question: Question,
    judged: Sequence[Judgement],
    now: datetime,
    *,
    window_open: bool,
    stands: bool = True,
) -> Verdict:
    """The verdict by what each of the question's rules says at `now`.

    Every criterion and every stratum is told, whatever the others say.
    `stands`: whether what opened the screening is still on record.
    """
    domain, of_criteria = question.domain, len(question.asked)
    criteria = tuple(map(_told, question.asked, judged))
    stratum = tuple(
        (factor.id, _level(factor, said))
        for factor, said in zip(domain.strata, judged[of_criteria:], strict=True)
    )
    return Verdict(
        statuses=statuses(
            criteria,
            stratum,
            interventions=[arm.id for arm in domain.arms],
            may_enter=window_open and stands,
        ),
        criteria=criteria,
        stratum=stratum,
        window_open=window_open,
        changes_at=soonest(now, *(said.changes_at for said in judged)),
    )


def statuses(
    criteria: Sequence[CriterionVerdict],
    stratum: Iterable[tuple[str, str]],
    *,
    interventions: Sequence[str],
    may_enter: bool,
) -> Statuses:
    """The statuses these truths amount to; `may_enter`: open window, standing entry.

    What speaks against the patient decides; then what data may still tell (the
    stratum too: without it nobody can be randomised), then what only a human can.
    """
    base = _of(c for c in criteria if c.level != "intervention")
    base = base if may_enter else "ineligible"
    own = {
        name: _of(c for c in criteria if c.intervention == name)
        for name in interventions
    }
    return Statuses(
        platform=_of(c for c in criteria if c.level == "platform"),
        domain=_of_domain(base, tuple(own.values()), dict(stratum)),
        interventions=tuple(
            InterventionVerdict(intervention=name, status=_worst((base, status)))
            for name, status in own.items()
        ),
    )


def joined_statuses(screening: TrialScreening, answers: Mapping[str, bool]) -> Statuses:
    """The statuses with human answers (by criterion id) beside the machine's verdict.

    An answer counts only where the machine said UNKNOWN and asked a human: it never
    overrules a decided criterion.  One about an intervention decides that one alone.
    """
    return statuses(
        [_with_answer(c, answers) for c in screening.criteria],
        screening.stratum,
        interventions=[one.intervention for one in screening.interventions],
        may_enter=screening.window_open and screening.entry_stands,
    )


def speaks_against(criterion: CriterionVerdict) -> bool:
    """An inclusion that is FALSE, or an exclusion that is TRUE."""
    return criterion.truth == ("FALSE" if criterion.role == "inclusion" else "TRUE")


def _of(criteria: Iterable[CriterionVerdict]) -> ScreeningStatus:
    """What these criteria alone amount to; of none, nothing stands in the way."""
    return _worst(_of_one(criterion) for criterion in criteria)


def _of_one(criterion: CriterionVerdict) -> ScreeningStatus:
    if criterion.truth == "UNKNOWN":
        return "needs_human" if criterion.human else "needs_data"
    return "ineligible" if speaks_against(criterion) else "eligible"


def _of_domain(
    base: ScreeningStatus,
    interventions: Sequence[ScreeningStatus],
    stratum: Mapping[str, str],
) -> ScreeningStatus:
    left = [status for status in interventions if status != "ineligible"]
    if interventions and len(left) < _AT_LEAST:
        return "ineligible"
    pending: ScreeningStatus = (
        "needs_data" if UNDECIDED in stratum.values() else "eligible"
    )
    return _worst((base, pending, *left))


def _worst(statuses: Iterable[ScreeningStatus]) -> ScreeningStatus:
    return min(statuses, key=_WORST_FIRST.index, default="eligible")


def _asked(
    of: Protocol | Domain | Arm, level: Level, intervention: str | None = None
) -> Iterator[Asked]:
    for criterion in of.inclusion:
        yield Asked(criterion, "inclusion", level, intervention)
    for criterion in of.exclusion:
        yield Asked(criterion, "exclusion", level, intervention)


def _with_answer(
    criterion: CriterionVerdict, answers: Mapping[str, bool]
) -> CriterionVerdict:
    asked = criterion.truth == "UNKNOWN" and criterion.human
    if not asked or criterion.criterion_id not in answers:
        return criterion
    answer = answers[criterion.criterion_id]
    return replace(criterion, truth="TRUE" if answer else "FALSE")


def _told(asked: Asked, said: Judgement) -> CriterionVerdict:
    criterion, unknown = asked.criterion, said.truth is UNKNOWN
    return CriterionVerdict(
        criterion_id=criterion.id,
        role=asked.role,
        truth=said.truth.value,
        evidence=said.evidence,
        would_need=said.would_need,
        human=unknown and (said.human or criterion.if_unknown == "ask"),
        level=asked.level,
        intervention=asked.intervention,
    )


def _level(factor: Factor, said: Judgement) -> str:
    return {TRUE: factor.if_true, FALSE: factor.if_false, UNKNOWN: UNDECIDED}[
        said.truth
    ]
