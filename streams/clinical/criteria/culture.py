"""Judges cultures: whether they grew, what grew, and what it answers to.

A culture that still grows may turn out positive, and a stain may turn out to be the
organism that is asked for: both are unknown.
Which of a specimen's reports stand is told by `course.growth`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from streams.clinical.course.growth import Grown, grown
from streams.clinical.course.specimens import is_contaminated, site_of
from streams.clinical.criteria.foresight import foreseen
from streams.clinical.criteria.judgement import Judgement, PatientView, absent, once
from streams.clinical.criteria.numbers import word_in
from streams.clinical.criteria.windows import (
    Window,
    anchorless,
    in_words,
    seen,
    window_of,
    window_reads,
)
from streams.clinical.definitions.ase.organisms import organism
from streams.vocabulary.events import CultureResult
from streams.vocabulary.kinds.microbiology import Culture, Susceptible
from streams.vocabulary.truth import (
    FALSE,
    TRUE,
    UNKNOWN,
    Truth3,
    all_of,
    any_of,
    truth,
)


LANES = ("culture_collected", "culture_result")


@foreseen
def judge_culture(rule: Culture, view: PatientView, now: datetime) -> Judgement:
    """Whether one of the cultures in the window is as the rule asks."""
    window = window_of(rule, view, now)
    if window is None:
        return anchorless(rule)
    looked = [
        _Looked(one, inside, _is_so(rule, one))
        for one in grown(view.timeline, now)
        if _is_specimen(rule, one)
        and (inside := _inside(rule, one, window)) is not FALSE
    ]
    said = any_of(one.truth & one.inside for one in looked)
    if not looked or (said is FALSE and all(o.inside is UNKNOWN for o in looked)):
        return absent(rule, _need(rule))
    deciding = [one for one in looked if one.truth & one.inside is said]
    return Judgement(
        said,
        once((*_evidence(deciding), *window.evidence)),
        would_need=_lacking(rule, deciding) if said is UNKNOWN else (),
    )


def culture_reads(rule: Culture | Susceptible) -> Iterable[str]:
    """Cultures and their reports, and what tells the window's anchor."""
    return (*LANES, *window_reads(rule))


@foreseen
def judge_susceptibility(
    rule: Susceptible, view: PatientView, now: datetime
) -> Judgement:
    """The last word of each culture about the organism and the antimicrobial."""
    window = window_of(rule, view, now)
    need = f"{rule.antimicrobial} tested{in_words(rule)}"
    if window is None:
        return anchorless(rule)
    told: dict[tuple[str, str], tuple[Truth3, str]] = {}
    sure = False
    for one in seen(CultureResult, ("culture_result",), view, window):
        fact = one.fact
        counts = one.inside & _is_of(rule, fact.organism)
        if counts is FALSE:
            continue
        for tested in fact.susceptibilities:
            if word_in(tested.antimicrobial, (rule.antimicrobial,)):
                answered = _answers(rule, tested.interpretation) & counts
                sure = sure or counts is TRUE
                told[fact.culture_id, fact.organism or ""] = answered, fact.event_id
    if not told:
        return absent(rule, need)
    said = any_of(answered for answered, _ in told.values())
    if not sure and not (said is FALSE and rule.absent_means is False):
        said = UNKNOWN
    return Judgement(
        said,
        once((*(event for _, event in told.values()), *window.evidence)),
        would_need=(need,) if said is UNKNOWN else (),
    )


@dataclass(frozen=True, slots=True)
class _Looked:
    """A culture, whether it lies in the window, and whether it is as asked."""

    culture: Grown
    inside: Truth3
    truth: Truth3


def _is_specimen(rule: Culture, one: Grown) -> bool:
    """Whether its specimen is named; fluid in a bottle for blood is no blood."""
    if not rule.specimens:
        return True
    of_blood = site_of(one.specimen) == "blood"
    return any(
        of_blood if word.casefold() == "blood" else word_in(one.specimen, (word,))
        for word in rule.specimens
    )


def _inside(rule: Culture, one: Grown, window: Window) -> Truth3:
    if rule.clock == "collected":
        return window.holds(one.collected_at, one.taken_by)
    return FALSE if one.told_at is None else window.holds(one.told_at, one.told_at)


def _is_so(rule: Culture, one: Grown) -> Truth3:
    pending = one.told_at is None
    match rule.result:
        case "any":
            return TRUE
        case "pending":
            return truth(pending)
        case "positive":
            return UNKNOWN if pending else _grew(rule, one)
        case "negative":
            return UNKNOWN if pending else ~_grew(rule, one)


def _grew(rule: Culture, one: Grown) -> Truth3:
    """Whether an organism that is asked for grew in it, among as many as asked."""
    if one.negative:
        return FALSE
    counted = [_counts(rule, found.name) for found in one.organisms] or [
        truth(None if _is_choosy(rule) else True)
    ]
    wanted = [
        counts & _is_wanted(rule, found.name)
        for counts, found in zip(counted, one.organisms, strict=False)
    ] or counted
    return all_of((any_of(wanted), _as_many(rule, counted)))


def _is_choosy(rule: Culture) -> bool:
    """Whether it matters what grew."""
    return bool(rule.organisms or rule.not_organisms or rule.contaminants == "ignore")


def _counts(rule: Culture, name: str) -> Truth3:
    """Whether the organism counts at all; of a stain nobody can say."""
    if word_in(name, rule.not_organisms):
        return FALSE
    told = organism(name)
    if rule.contaminants == "ignore" and (told == "commensal" or is_contaminated(name)):
        return FALSE
    choosy = rule.not_organisms or rule.contaminants == "ignore"
    return UNKNOWN if told == "unidentified" and choosy else TRUE


def _is_wanted(rule: Culture, name: str) -> Truth3:
    if not rule.organisms or word_in(name, rule.organisms):
        return TRUE
    return UNKNOWN if organism(name) == "unidentified" else FALSE


def _as_many(rule: Culture, counted: Sequence[Truth3]) -> Truth3:
    """Whether more than one grew that counts, or (asked so) no more than one."""
    if rule.polymicrobial is None:
        return TRUE
    sure, hoped = counted.count(TRUE), len(counted) - counted.count(FALSE)
    several = TRUE if sure > 1 else FALSE if hoped <= 1 else UNKNOWN
    return several if rule.polymicrobial else ~several


def _is_of(rule: Susceptible, name: str | None) -> Truth3:
    """Whether it is an organism that is asked for; a stain may be."""
    if not rule.organisms or word_in(name, rule.organisms):
        return TRUE
    return UNKNOWN if organism(name) == "unidentified" else FALSE


def _answers(rule: Susceptible, interpretation: str | None) -> Truth3:
    if not interpretation:
        return UNKNOWN
    return truth(interpretation.strip().upper()[:1] in rule.any_of)


def _evidence(looked: Iterable[_Looked]) -> Iterable[str]:
    return (event for one in looked for event in one.culture.evidence)


def _lacking(rule: Culture, looked: Sequence[_Looked]) -> tuple[str, ...]:
    """The report that is awaited, or what the culture's own does not tell."""
    told = (
        f"result of the {one.culture.specimen.casefold()}"
        if one.culture.told_at is None
        else _need(rule)
        for one in looked
    )
    return once(told)


def _need(rule: Culture) -> str:
    result = "" if rule.result == "any" else f"{rule.result} "
    specimen = f"{' or '.join(rule.specimens)} " if rule.specimens else ""
    of = f" of {' or '.join(rule.organisms)}" if rule.organisms else ""
    return f"{result}{specimen}culture{of}{in_words(rule)}"
