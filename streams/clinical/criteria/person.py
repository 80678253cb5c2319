"""Judges what is known of the person: age, sex, pregnancy, allergies, diagnoses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from streams.clinical.criteria.anchors import latest_of
from streams.clinical.criteria.foresight import foreseen
from streams.clinical.criteria.intervals import Interval, compare, interval
from streams.clinical.criteria.judgement import (
    INSTANT,
    Judgement,
    PatientView,
    absent,
    ahead,
    once,
    since,
    soonest,
)
from streams.clinical.criteria.windows import (
    Seen,
    anchorless,
    in_words,
    seen,
    window_of,
    window_reads,
)
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import (
    Allergy,
    CodeStatus,
    Condition,
    Demographics,
    Pregnancy,
)
from streams.vocabulary.kinds.person import (
    Age,
    HasAllergy,
    HasCodeStatus,
    HasCondition,
    Pregnant,
    Sex,
)
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, truth


def judge_age(rule: Age, view: PatientView, now: datetime) -> Judgement:
    """The age by the year of birth, which leaves two ages unless one was stated."""
    coming = ahead(view.timeline, "demographics", now)
    for known in _last_words(view.timeline, now):
        if known.birth_year is not None:
            today, later = (
                compare(_age(known, year), rule.is_.operator, rule.is_.value)
                for year in (now.year, now.year + 1)
            )
            new_year = (
                None if today is later else datetime(now.year + 1, 1, 1, tzinfo=UTC)
            )
            return Judgement(
                today,
                (known.event_id,),
                would_need=("date of birth",) if today is UNKNOWN else (),
                changes_at=soonest(now, coming, new_year),
            )
    return absent(rule, "year of birth", coming)


def judge_sex(rule: Sex, view: PatientView, now: datetime) -> Judgement:
    """The sex on record."""
    coming = ahead(view.timeline, "demographics", now)
    for known in _last_words(view.timeline, now):
        if known.sex is not None:
            return Judgement(
                truth(known.sex == rule.is_), (known.event_id,), changes_at=coming
            )
    return absent(rule, "sex", coming)


def judge_pregnant(rule: Pregnant, view: PatientView, now: datetime) -> Judgement:
    """The last word; asked without an answer is UNKNOWN, not absent."""
    coming = ahead(view.timeline, "pregnancy", now)
    said = view.timeline.between(Pregnancy, "pregnancy", since(now, rule.within), now)
    if not said:
        return absent(rule, "pregnancy test", coming)
    last = said[-1]
    lapse = last.happened_at + rule.within + INSTANT if rule.within else None
    return Judgement(
        truth(last.pregnant),
        (last.event_id,),
        would_need=("pregnancy test",) if last.pregnant is None else (),
        changes_at=soonest(now, coming, lapse),
    )


def judge_allergy(rule: HasAllergy, view: PatientView, now: datetime) -> Judgement:
    """An allergy stands until it is ruled out; each substance for itself.

    A substance is asked for by a word of its name, and ruled out by that name alone:
    that a cream of it is tolerated says nothing of the infusion.
    "No known allergies" (`any`, not present) rules out what was not named since.
    """
    coming = ahead(view.timeline, "allergy", now)
    wanted = {substance.casefold() for substance in rule.to}
    said = view.timeline.between(Allergy, "allergy", since(now, None), now)
    last: dict[str, Allergy] = {}
    for fact in said:
        sent = fact.substance.casefold()
        if sent == _ANY and not fact.present:
            last = dict.fromkeys(wanted, fact)
        elif any(word in sent for word in wanted):
            last[sent] = fact
    present = [fact.event_id for fact in last.values() if fact.present]
    if present:
        return Judgement(TRUE, once(present), changes_at=coming)
    denied = once(fact.event_id for name, fact in last.items() if name in wanted)
    if not wanted <= last.keys():
        need = f"allergy to {' or '.join(rule.to)}"
        return replace(absent(rule, need, coming), evidence=denied)
    return Judgement(FALSE, denied, changes_at=coming)


def judge_code_status(
    rule: HasCodeStatus, view: PatientView, now: datetime
) -> Judgement:
    """The last word about the goals of care."""
    coming = ahead(view.timeline, "code_status", now)
    last = view.timeline.latest(CodeStatus, "code_status", now)
    if last is None:
        return absent(rule, "code status", coming)
    return Judgement(
        truth(last.status in rule.any_of), (last.event_id,), changes_at=coming
    )


@foreseen
def judge_condition(rule: HasCondition, view: PatientView, now: datetime) -> Judgement:
    """A diagnosis stands until a later entry of the same code denies it.

    Denying one code of a list says nothing of the others, so without `absent_means`
    there is no FALSE.
    """
    window = window_of(rule, view, now)
    if window is None:
        return anchorless(rule)
    need = f"diagnosis {' or '.join(rule.codes)}{in_words(rule)}"
    said = seen(Condition, ("condition",), view, window)
    said = [one for one in said if _starts(one.fact.code, rule.codes)]
    denied = [one for one in said if not one.fact.present]
    present = [one for one in said if one.fact.present and not _over(one, denied)]
    sure = [
        one.fact.event_id
        for one in present
        if one.inside is TRUE and not _perhaps_over(one, denied)
    ]
    if sure:
        return Judgement(TRUE, once((*sure, *window.evidence)))
    deciding = [one.fact.event_id for one in present or denied]
    evidence = once((*deciding, *window.evidence)) if deciding else ()
    if present:
        return Judgement(UNKNOWN, evidence, would_need=(need,))
    return replace(absent(rule, need), evidence=evidence)


def _over(one: Seen[Condition], denied: Iterable[Seen[Condition]]) -> bool:
    """Whether the same code was denied since, for certain."""
    end = (latest_of(one.fact), one.fact.event_id)
    return any(
        other.inside is TRUE and (other.fact.happened_at, other.fact.event_id) > end
        for other in denied
        if other.fact.code == one.fact.code
    )


def _perhaps_over(one: Seen[Condition], denied: Iterable[Seen[Condition]]) -> bool:
    """Whether the same code was denied since, or may have been on the same day."""
    begin = (one.fact.happened_at, one.fact.event_id)
    return any(
        (latest_of(other.fact), other.fact.event_id) > begin
        for other in denied
        if other.fact.code == one.fact.code
    )


_ANY = "any"
"""The substance of "no known allergies"."""


def person_reads(_: Age | Sex) -> Iterable[str]:
    """What was said of the person."""
    return ("demographics",)


def pregnancy_reads(_: Pregnant) -> Iterable[str]:
    """What was said of a pregnancy."""
    return ("pregnancy",)


def allergy_reads(_: HasAllergy) -> Iterable[str]:
    """Allergies."""
    return ("allergy",)


def code_status_reads(_: HasCodeStatus) -> Iterable[str]:
    """What was agreed about the goals of care."""
    return ("code_status",)


def condition_reads(rule: HasCondition) -> Iterable[str]:
    """Diagnoses, and what tells the window's anchor."""
    return ("condition", *window_reads(rule))


def _last_words(timeline: Timeline, now: datetime) -> Iterable[Demographics]:
    """What was said of the person, the latest first."""
    said: Sequence[Demographics] = timeline.between(
        Demographics, "demographics", since(now, None), now
    )
    return reversed(said)


def _age(known: Demographics, year: int) -> Interval:
    """In years, in that year: before the birthday one less than after it."""
    years = year - (known.birth_year or year)
    stated = known.age_precision == "stated"
    return interval(years if stated else years - 1, upper=years)


def _starts(code: str, prefixes: tuple[str, ...]) -> bool:
    plain = code.replace(".", "").casefold()
    return any(plain.startswith(p.replace(".", "").casefold()) for p in prefixes)
