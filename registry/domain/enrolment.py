"""The gate before randomisation: everything checked again, every obstacle named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from registry.domain.consent import Standing
from registry.domain.delegation import Signing
from registry.domain.mode import Mode, suppression
from registry.domain.permits import PERMITS
from registry.domain.protocol import LEAST_ARMS, DomainDesign
from registry.domain.stratum import (
    UNKNOWN_LEVEL,
    FactorState,
    factor_state,
    pending_factors,
)
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.messages import (
    CriterionVerdict,
    ScreeningStatus,
    TrialScreening,
    Truth,
)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One thing that stands in the way, and what it is about."""

    code: ErrorCode
    name: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Gate:
    """Open where nothing stands in the way."""

    obstacles: tuple[Obstacle, ...] = ()

    @property
    def open(self) -> bool:
        """Whether the participant may be randomised now."""
        return not self.obstacles


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that the gate looks at, read inside the lock."""

    at: datetime
    mode: Mode
    screening: TrialScreening | None
    """The latest revision of this patient's screening for the domain."""
    answers: Mapping[str, Truth]
    """The latest signed answer by criterion, given for this protocol version."""
    consent: Standing
    """What stands at that moment."""
    design: DomainDesign | None
    """As it stands now; None where no active protocol has the domain."""
    protocol_hash: str | None
    """Of the active protocol version."""
    can_seal: bool
    """Whether the store keeps allocations from whoever may read the rest."""
    survivor: str | None = None
    """Whom the patient was merged into; None for who is nobody else."""
    also_takes_part: tuple[str, ...] = ()
    """Other participants of the trial who are the same person since a merge."""
    declined: str | None = None
    """How this person, by whatever name, said no; None where nobody did."""
    site_closed: bool = False
    """The protocol names its sites, and this one is not among the open ones."""
    site_paused: bool = False
    """Somebody paused the trial at this site."""
    excluding_arms: tuple[tuple[str, str], ...] = ()
    """Domain and arm that the participant was drawn to, and that leave no room here."""
    barred_arms: frozenset[str] = frozenset()
    """Arms of this domain that leave no room for one the participant was drawn in."""
    excluded_by: tuple[str, ...] = ()
    """Trials this person takes part in, and that leave no room for this one."""
    renew: str | None = None
    """The document on which consent is to be sought again."""
    green_light: bool = True
    """Whether the site was given the word to recruit for this trial."""
    signature: Signing = Signing.NOT_ASKED_FOR
    """How the signature under the eligibility stands."""
    waited_until: Mapping[str, datetime] = field(default_factory=dict)
    """By factor of the stratum, the last moment at which its level is waited for."""


def gate(case: Case) -> Gate:
    """The gate for this case."""
    return Gate(
        (
            *_person_obstacles(case),
            *_domain_obstacles(case),
            *_consent_obstacles(case),
            *_screening_obstacles(case),
            *_signature_obstacles(case),
        )
    )


def status_with_answers(
    screening: TrialScreening, answers: Mapping[str, Truth]
) -> ScreeningStatus:
    """The verdict once signed answers are counted in.

    A `needs_human` that names nothing to ask stays what it is.
    An answer against one intervention takes that one away; with fewer than two left
    there is nothing to be drawn.
    """
    if screening.status in ("ineligible", "needs_data"):
        return screening.status
    asked = to_be_asked(screening)
    against = [c for c in asked if _speaks_against(c, answers.get(c.criterion_id))]
    if any(c.level != "intervention" for c in against):
        return "ineligible"
    left = eligible_arms(screening, answers)
    if screening.interventions and len(left) < LEAST_ARMS:
        return "ineligible"
    nameless = screening.status == "needs_human" and not asked
    return (
        "needs_human" if nameless or missing_answers(screening, answers) else "eligible"
    )


def eligible_arms(
    screening: TrialScreening, answers: Mapping[str, Truth]
) -> frozenset[str]:
    """The interventions nothing speaks against, by the record and the answers.

    Empty where the verdict tells none: then it is of the domain as a whole.
    """
    out = {
        c.intervention
        for c in to_be_asked(screening)
        if c.level == "intervention" and _speaks_against(c, answers.get(c.criterion_id))
    }
    return frozenset(
        told.intervention
        for told in screening.interventions
        if told.status != "ineligible" and told.intervention not in out
    )


def missing_answers(
    screening: TrialScreening, answers: Mapping[str, Truth]
) -> tuple[str, ...]:
    """The criteria somebody has still to answer."""
    return _unanswered(_worth_asking(screening, answers), answers)


def to_be_asked(screening: TrialScreening) -> tuple[CriterionVerdict, ...]:
    """The criteria a human has to sign: those only a human can say, or still open."""
    return tuple(c for c in screening.criteria if c.human or c.truth == "UNKNOWN")


def fulfilled(criterion: CriterionVerdict, truth: Truth) -> bool:
    """Whether this truth lets the patient in: inclusion TRUE, exclusion FALSE."""
    return truth == ("TRUE" if criterion.role == "inclusion" else "FALSE")


def _worth_asking(
    screening: TrialScreening, answers: Mapping[str, Truth]
) -> tuple[CriterionVerdict, ...]:
    """What is to be asked, but nothing of an intervention that is out already."""
    left = eligible_arms(screening, answers)
    return tuple(
        c
        for c in to_be_asked(screening)
        if c.level != "intervention" or c.intervention in left
    )


def _domain_obstacles(case: Case) -> Iterator[Obstacle]:
    design = case.design
    if case.site_closed:
        yield Obstacle(ErrorCode.SITE_CLOSED, "site_closed")
    if not case.green_light:
        yield Obstacle(ErrorCode.NO_GREEN_LIGHT, "no_green_light")
    if case.site_paused:
        yield Obstacle(ErrorCode.SITE_PAUSED, "site_paused")
    if design is None or not design.open:
        yield Obstacle(ErrorCode.DOMAIN_CLOSED, "domain_closed")
    elif design.blinded and case.mode is Mode.LIVE and not case.can_seal:
        yield Obstacle(ErrorCode.SEAL_REQUIRED, "blinded_needs_postgresql")
    for domain, arm in case.excluding_arms:
        yield Obstacle(ErrorCode.ARM_EXCLUDES, "arm_excludes", f"{arm} of {domain}")


def _person_obstacles(case: Case) -> Iterator[Obstacle]:
    if case.survivor is not None:
        yield Obstacle(ErrorCode.PATIENT_MERGED, "patient_retired", case.survivor)
    for participant in case.also_takes_part:
        yield Obstacle(ErrorCode.PATIENT_MERGED, "takes_part_already", participant)
    if case.declined is not None:
        yield Obstacle(ErrorCode.DECLINED, "declined_before", case.declined)
    for trial in case.excluded_by:
        yield Obstacle(ErrorCode.CO_ENROLMENT, "takes_part_elsewhere", trial)


def _consent_obstacles(case: Case) -> Iterator[Obstacle]:
    if PERMITS[case.consent].randomise:
        return
    if case.consent is Standing.OPTED_OUT:
        yield Obstacle(ErrorCode.DECLINED, "declined_before", case.consent.value)
    elif case.consent is Standing.RECONSENT_DUE:
        yield Obstacle(ErrorCode.RECONSENT_DUE, "reconsent_due", case.renew or "")
    else:
        told = case.consent.value.replace("_", " ")
        yield Obstacle(ErrorCode.NO_CONSENT, "no_consent", told)


def _signature_obstacles(case: Case) -> Iterator[Obstacle]:
    if _is_deferred(case):
        return
    if case.signature is Signing.NOT_DELEGATED:
        yield Obstacle(ErrorCode.NOT_DELEGATED, case.signature.value)
    elif case.signature in (Signing.MISSING, Signing.OUTDATED):
        yield Obstacle(ErrorCode.NOT_SIGNED, case.signature.value)


def _screening_obstacles(case: Case) -> Iterator[Obstacle]:
    verdict = case.screening
    if verdict is None:
        yield Obstacle(ErrorCode.UNKNOWN_SCREENING, "not_screened")
        return
    why_not = suppression(case.mode, verdict.provenance)
    if why_not is not None:
        yield Obstacle(ErrorCode.PROVENANCE, "mode_forbids", why_not.value)
    if verdict.protocol_hash != case.protocol_hash:
        yield Obstacle(ErrorCode.PROTOCOL_OUTDATED, "screened_by_another_protocol")
    if not verdict.window_open or case.at > verdict.deadline:
        yield Obstacle(ErrorCode.WINDOW_CLOSED, "window_closed")
    if verdict.valid_until is not None and case.at > verdict.valid_until:
        yield Obstacle(ErrorCode.VERDICT_OUT_OF_DATE, "verdict_out_of_date")
    if case.at < verdict.known_at:
        yield Obstacle(ErrorCode.NOT_ELIGIBLE, "before_the_verdict")
    yield from _stratum_obstacles(case, verdict)
    yield from _verdict_obstacles(case, verdict)
    yield from _arm_obstacles(case, verdict)


def _stratum_obstacles(case: Case, verdict: TrialScreening) -> Iterator[Obstacle]:
    for factor in pending_factors(verdict.stratum):
        until = case.waited_until.get(factor, verdict.deadline)
        state = factor_state(UNKNOWN_LEVEL, until=until, at=case.at)
        if state is FactorState.TIMED_OUT:
            yield Obstacle(ErrorCode.STRATUM_TIMED_OUT, "stratum_timed_out", factor)
        else:
            yield Obstacle(ErrorCode.STRATUM_UNKNOWN, "stratum_unknown", factor)
    for factor in _untold(case, verdict):
        yield Obstacle(ErrorCode.STRATUM_UNKNOWN, "stratum_unknown", factor)


def _untold(case: Case, verdict: TrialScreening) -> tuple[str, ...]:
    """The factors the draw cannot do without and the verdict says nothing of."""
    told = {factor for factor, _ in verdict.stratum}
    needed = () if case.design is None else case.design.factors
    return tuple(factor for factor in needed if factor not in told)


def _is_deferred(case: Case) -> bool:
    """Whether the draw may leave open what the reveal wants settled."""
    return case.design is not None and case.design.deferred


def _verdict_obstacles(case: Case, verdict: TrialScreening) -> Iterator[Obstacle]:
    answers = case.answers
    status = status_with_answers(verdict, answers)
    if status in ("needs_human", "needs_data") and _is_deferred(case):
        return
    if status == "needs_human":
        for criterion_id in missing_answers(verdict, answers) or ("",):
            yield Obstacle(
                ErrorCode.HUMAN_ANSWER_MISSING, "human_answer_missing", criterion_id
            )
    elif status != "eligible":
        yield Obstacle(ErrorCode.NOT_ELIGIBLE, "not_eligible", status)


def _arm_obstacles(case: Case, verdict: TrialScreening) -> Iterator[Obstacle]:
    design = case.design
    if design is None:
        return
    every = frozenset(design.ratio)
    left = eligible_arms(verdict, case.answers) if verdict.interventions else every
    if not design.among(left):
        yield Obstacle(ErrorCode.TOO_FEW_ARMS, "too_few_arms")
    elif not design.among(left - case.barred_arms):
        barred = ", ".join(sorted(case.barred_arms))
        yield Obstacle(ErrorCode.ARM_EXCLUDES, "drawn_elsewhere", barred)


def _unanswered(
    asked: tuple[CriterionVerdict, ...], answers: Mapping[str, Truth]
) -> tuple[str, ...]:
    ids = (c.criterion_id for c in asked)
    return tuple(i for i in ids if answers.get(i, "UNKNOWN") == "UNKNOWN")


def _speaks_against(criterion: CriterionVerdict, truth: Truth | None) -> bool:
    return truth in ("TRUE", "FALSE") and not fulfilled(criterion, truth)
