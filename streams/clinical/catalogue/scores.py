"""The scores of the catalogue, each asked the same way."""

from __future__ import annotations

from dataclasses import replace

from streams.clinical.catalogue.anchors import last_unit_stay
from streams.clinical.catalogue.answer import Answer, Feature, Status
from streams.clinical.catalogue.rule import Question, answer
from streams.clinical.comorbidity.charlson import CharlsonPolicy, charlson
from streams.clinical.comorbidity.elixhauser import ElixhauserPolicy, elixhauser
from streams.clinical.scores.chart import Scope
from streams.clinical.scores.coagulation import (
    DicPolicy,
    SicPolicy,
    has_overt_dic,
    has_sic,
    overt_dic,
    sic,
)
from streams.clinical.scores.first_day_sofa import FirstDayPolicy, first_day_sofa
from streams.clinical.scores.hours import end_of, hour_of
from streams.clinical.scores.kdigo import kdigo
from streams.clinical.scores.kdigo_policy import KdigoPolicy
from streams.clinical.scores.news2 import News2Policy, news2, news2_applies, response
from streams.clinical.scores.phoenix.policy import PhoenixPolicy
from streams.clinical.scores.phoenix.score import phoenix, phoenix8
from streams.clinical.scores.policy import SofaPolicy
from streams.clinical.scores.qsofa import QsofaPolicy, qsofa
from streams.clinical.scores.score import Score
from streams.clinical.scores.sheet import Day, Sheet
from streams.clinical.scores.sirs import SirsPolicy, sirs
from streams.clinical.scores.sofa2.policy import Sofa2Policy
from streams.clinical.scores.sofa2.sofa2 import sofa2
from streams.clinical.scores.sofa_day import day_at
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, Truth3


_MOST_SOFA = 24
"""The most points six organs can have."""


def scored(
    question: Question,
    score: Score,
    *,
    truth: Truth3 | None = None,
    features: tuple[Feature, ...] = (),
    status: Status | None = None,
) -> Answer:
    """A score; its total is None where no component of it is known."""
    known = any(part.points is not None for part in score.components)
    return Answer(
        rule="",
        policy="",
        at=question.at,
        truth=truth,
        features=features,
        status=status,
        total=float(score.total) if known else None,
        lower=float(score.lower),
        upper=float(score.upper),
        components=score.components,
        evidence=score.evidence,
        missing=score.missing,
    )


def at_least(score: Score, points: int) -> Truth3:
    """Whether the score reaches so many points, given what is missing."""
    if score.lower >= points:
        return TRUE
    return FALSE if score.upper < points else UNKNOWN


def ask_sofa(question: Question, policy: SofaPolicy) -> Answer:
    """SOFA (1996): the worst of each organ in the 24 hours up to `at`.

    By ICU stay the last row that is over, as `hourly_sofa` has it.
    """
    if policy.hours == "icu_stay":
        return _sofa_of_stay(question, policy)
    day = day_at(question.timeline, policy, question.at)
    return scored(question, _sofa(question, day))


def ask_first_day_sofa(question: Question, policy: FirstDayPolicy) -> Answer:
    """Of the ICU stay that was entered last."""
    stay = last_unit_stay(question.timeline, question.at)
    if stay is None:
        return _without(question, "icu_stay", _MOST_SOFA)
    score = first_day_sofa(question.timeline, stay, policy=policy, now=question.at)
    final = stay.entered + policy.after
    return replace(
        scored(question, score),
        status="confirmed" if question.at >= final else "provisional",
        final_at=final,
    )


def ask_sofa2(question: Question, policy: Sofa2Policy) -> Answer:
    """SOFA-2 of the 24 hours that end at `at`; nothing is carried from before."""
    return scored(question, sofa2(question.timeline, question.at, policy=policy))


def ask_qsofa(question: Question, policy: QsofaPolicy) -> Answer:
    """TRUE from 2 points on."""
    score = qsofa(question.timeline, question.at, policy=policy)
    return scored(question, score, truth=at_least(score, 2))


def ask_sirs(question: Question, policy: SirsPolicy) -> Answer:
    """TRUE from 2 points on."""
    score = sirs(question.timeline, question.at, policy=policy)
    return scored(question, score, truth=at_least(score, 2))


def ask_news2(question: Question, policy: News2Policy) -> Answer:
    """With the response it calls for, and whether the score is for this patient."""
    score = news2(question.timeline, question.at, policy=policy)
    least, most = response(score)
    applies = news2_applies(question.timeline, question.at)
    return scored(
        question,
        score,
        features=(
            Feature(name="applies", value=applies.value),
            Feature(name="response_at_least", value=least.value),
            Feature(name="response_at_most", value=most.value),
        ),
    )


def ask_phoenix(question: Question, policy: PhoenixPolicy) -> Answer:
    """The score of four organs."""
    return scored(question, phoenix(question.timeline, question.at, policy=policy))


def ask_phoenix8(question: Question, policy: PhoenixPolicy) -> Answer:
    """The score of eight organs."""
    return scored(question, phoenix8(question.timeline, question.at, policy=policy))


def ask_kdigo(question: Question, policy: KdigoPolicy) -> Answer:
    """The stage; TRUE (acute kidney injury) from stage 1 on.

    What is unknown is never confirmed: a late result may tell.
    """
    stage = kdigo(question.timeline, question.at, policy=policy)
    injured = at_least(stage, 1)
    is_open = stage.provisional or injured is UNKNOWN
    return scored(
        question,
        stage,
        truth=injured,
        status="provisional" if is_open else "confirmed",
    )


def ask_sic(question: Question, policy: SicPolicy) -> Answer:
    """TRUE where SIC is there."""
    score = sic(question.timeline, question.at, policy=policy)
    return scored(question, score, truth=has_sic(score))


def ask_overt_dic(question: Question, policy: DicPolicy) -> Answer:
    """TRUE where DIC is overt, in who has a disorder that brings it about."""
    score = overt_dic(question.timeline, question.at, policy=policy)
    return scored(question, score, truth=has_overt_dic(score))


def ask_charlson(question: Question, policy: CharlsonPolicy) -> Answer:
    """By all of the patient's codes on record."""
    return scored(question, charlson(question.timeline, question.at, policy=policy))


def ask_elixhauser(question: Question, policy: ElixhauserPolicy) -> Answer:
    """By all of the patient's codes on record."""
    return scored(question, elixhauser(question.timeline, question.at, policy=policy))


def _sofa_of_stay(question: Question, policy: SofaPolicy) -> Answer:
    stay = last_unit_stay(question.timeline, question.at)
    if stay is None or not stay.holds(question.at):
        return _without(question, "icu_stay", _MOST_SOFA)
    scope = Scope(stay.stay, stay.encounter)
    sheet = Sheet(question.timeline, policy, scope=scope, now=question.at)
    hour = hour_of(question.at)
    hour -= end_of(hour) > question.at
    if hour not in sheet.grid:
        return _without(question, "heart_rate", _MOST_SOFA)
    return scored(question, _sofa(question, sheet.day(hour)))


def _sofa(question: Question, day: Day) -> Score:
    return Score(
        name="sofa", at=question.at, components=day.components, missing=day.missing
    )


def _without(question: Question, what: str, most: int) -> Answer:
    """There is nothing to score for want of a stay: anything is possible."""
    return replace(answer(question), lower=0.0, upper=float(most), missing=(what,))
