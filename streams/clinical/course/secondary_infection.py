"""Secondary infection: what comes after the infection that made the sepsis.

A new positive culture or a new antimicrobial course 48 hours or more after onset; death
is the competing event, and leaving the hospital ends what can be seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from streams.clinical.course.growth import (
    Grown,
    Growth,
    grown,
    organisms_of,
    taken_for,
)
from streams.clinical.course.secondary_policy import DEFAULT, SecondaryPolicy
from streams.clinical.course.specimens import is_reactivating
from streams.clinical.course.treatment import Course, courses, courses_by_drug
from streams.clinical.hospital_stay import hospital_stay
from streams.clinical.specification import Choice, Grade, Specification
from streams.clinical.timeline import Timeline
from streams.clinical.vital_status import death_on_record


Ending = Literal["infection", "death", "discharged", "none", "at_risk"]
"""What came first.

`infection`; `death` before one; `discharged` alive, after which nobody looks; `none`
until the horizon; `at_risk`: none so far.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Infection:
    """One new infection, or a virus that woke up."""

    at: datetime
    """When the specimen was taken or the course begun."""
    told_at: datetime
    """When the record said so."""
    kind: Literal["infection", "viral_reactivation"]
    basis: Literal["culture", "antimicrobial_course"]
    what: str
    """The organisms or the drugs."""
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondaryCourse:
    """What became of one septic episode, as far as infections go."""

    ending: Ending
    ended_at: datetime | None
    """None while at risk."""
    status: Literal["provisional", "confirmed"]
    """Provisional while the time is not over, or something taken or begun before the
    end may still turn out to be an infection."""
    final_at: datetime
    """From then on time alone changes nothing."""
    infections: tuple[Infection, ...]
    viral: tuple[Infection, ...]
    undecided: tuple[Growth, ...]
    """What may have been an infection: growth by the end that was never identified, or
    of which only the day is known, and only a part of it counts."""
    growths: tuple[Growth, ...]
    """Every specimen from `after` on, and what it was taken for."""
    evidence: tuple[str, ...]


def secondary_infection(
    timeline: Timeline,
    onset: datetime,
    at: datetime,
    policy: SecondaryPolicy = DEFAULT,
    *,
    encounter: str = "none",
) -> SecondaryCourse:
    """What came after `onset`, of the facts that have happened by `at`.

    `encounter`: the hospital stay of the episode, whose end ends what can be seen.
    """
    closes = onset + policy.until
    window = (onset + policy.after, min(at, closes))
    growths = tuple(_growths(timeline, window, at, policy))
    begun = _courses(timeline, window, at, policy)
    found = sorted(
        [*_by_culture(growths), *_by_course(begun, policy)],
        key=lambda one: (one.at, one.basis, one.evidence),
    )
    infections = tuple(one for one in found if one.kind == "infection")
    ends = _ends(timeline, onset, at, policy, encounter, infections)
    ending, ended_at, events = min(ends, key=lambda end: (end[1], _ORDER[end[0]]))
    over = ending != "at_risk"
    waits = [one for one in _waits(growths, begun, ended_at, policy) if one > at]
    return SecondaryCourse(
        ending=ending,
        ended_at=ended_at if over else None,
        status="confirmed" if over and not waits else "provisional",
        final_at=max(waits, default=ended_at) if over else max([*waits, closes]),
        infections=infections,
        viral=tuple(one for one in found if one.kind == "viral_reactivation"),
        undecided=tuple(
            one
            for one in growths
            if one.kind == "unidentified" and one.grown.collected_at <= ended_at
        ),
        growths=growths,
        evidence=events,
    )


_ORDER: dict[Ending, int] = {
    "infection": 0,
    "death": 1,
    "discharged": 2,
    "none": 3,
    "at_risk": 4,
}

_End = tuple[Ending, datetime, tuple[str, ...]]


def _ends(
    timeline: Timeline,
    onset: datetime,
    at: datetime,
    policy: SecondaryPolicy,
    encounter: str,
    infections: Sequence[Infection],
) -> Iterator[_End]:
    """All that may have ended it; the first does."""
    for one in infections[:1]:
        yield "infection", one.at, one.evidence
    dying = death_on_record(timeline, at)
    if dying is not None and dying.latest >= onset:
        yield "death", dying.latest, dying.evidence
    stay = hospital_stay(timeline, encounter, at)
    left = None if stay is None or stay.disposition == "died" else stay.left_at
    if stay is not None and left is not None and left >= onset:
        yield "discharged", left, stay.evidence
    closes = onset + policy.until
    yield ("none", closes, ()) if closes <= at else ("at_risk", at, ())


_Window = tuple[datetime, datetime]


def _growths(
    timeline: Timeline, window: _Window, at: datetime, policy: SecondaryPolicy
) -> Iterator[Growth]:
    opens, closes = window
    everything = grown(timeline, at)
    begun = courses_by_drug(timeline, policy, at)
    since = opens - policy.after - policy.first_since
    earlier = [
        one for one in everything if since <= one.collected_at and one.taken_by < opens
    ]
    before = organisms_of(one for one in earlier if _is_first(one, everything, policy))
    for one in everything:
        if opens <= one.taken_by and one.collected_at <= closes:
            treated_at = _treated_at(one, begun, policy)
            told = taken_for(one, everything, before, policy, treated_at=treated_at)
            yield told if opens <= one.collected_at else _of_unknown_hour(told)


def _of_unknown_hour(told: Growth) -> Growth:
    """On the day that the time begins nobody can say whether it was before or after."""
    if told.kind not in {"infection", "viral_reactivation"}:
        return told
    reason = f"{told.reason}, on a day of which only a part counts"
    return replace(told, kind="unidentified", reason=reason)


def _is_first(one: Grown, everything: Sequence[Grown], policy: SecondaryPolicy) -> bool:
    """Whether what grew then may be the first infection.

    Carriage and a contaminant are none: who carries MRSA and has it in the blood on
    day 6 has a new infection.
    """
    if one.site == "screen":
        return False
    told = taken_for(one, everything, frozenset(), policy, treated_at=None)
    return told.kind != "contaminant"


def _treated_at(
    one: Grown, begun: Sequence[Course], policy: SecondaryPolicy
) -> datetime | None:
    """When a drug was begun for it: aciclovir is begun for no bacterium."""
    viral = any(is_reactivating(grew.name) for grew in one.organisms)
    first = one.collected_at - policy.treated_before
    last = one.collected_at + policy.treated_after
    starts = (c.starts for c in begun if viral or not c.is_antiherpetic)
    return next((start for start in starts if first <= start <= last), None)


def _courses(
    timeline: Timeline, window: _Window, at: datetime, policy: SecondaryPolicy
) -> list[Course]:
    if policy.antimicrobials == "ignored":
        return []
    opens, closes = window
    told = courses if policy.antimicrobials == "after_pause" else courses_by_drug
    return [one for one in told(timeline, policy, at) if opens <= one.starts <= closes]


def _by_culture(growths: Sequence[Growth]) -> Iterator[Infection]:
    for one in growths:
        if one.kind in {"infection", "viral_reactivation"}:
            yield Infection(
                at=one.grown.collected_at,
                told_at=one.told_at,
                kind="infection" if one.kind == "infection" else "viral_reactivation",
                basis="culture",
                what=", ".join(grew.name for grew in one.grown.organisms),
                evidence=one.grown.evidence,
            )


def _by_course(begun: Sequence[Course], policy: SecondaryPolicy) -> Iterator[Infection]:
    for one in begun:
        if one.days >= policy.course_days:
            apart = one.is_antiherpetic and policy.viral == "apart"
            yield Infection(
                at=one.starts,
                told_at=one.given[policy.course_days - 1],
                kind="viral_reactivation" if apart else "infection",
                basis="antimicrobial_course",
                what=", ".join(one.drugs),
                evidence=one.evidence,
            )


def _waits(
    growths: Sequence[Growth],
    begun: Sequence[Course],
    ended_at: datetime,
    policy: SecondaryPolicy,
) -> Iterator[datetime]:
    """Until when what was taken or begun before the end may still come first."""
    for one in growths:
        if one.changes_until is not None and one.grown.collected_at <= ended_at:
            yield one.changes_until
    for course in begun:
        if course.days < policy.course_days and course.starts <= ended_at:
            yield course.last + policy.pause


SPEC = Specification(
    name="secondary_infection",
    title="Secondary infection",
    version="1",
    grade=Grade.UNVERIFIED,
    grade_reason=(
        "No published definition was read: the rules and lists are ours, written so "
        "that each can be changed."
    ),
    rule=(
        "From 48 hours after the onset of sepsis until day 28: a specimen that grows an "
        "organism which did not grow in the first infection, or a course of antimicrobials on two days "
        "or more after 48 hours without any.\n\n"
        "From blood and other sterile sites a skin commensal counts if two specimens "
        "grew it, otherwise it is a contaminant.  From airway, urine, wounds and stool "
        "growth counts if an antimicrobial was begun within 24 hours before or 72 hours "
        "after, otherwise it is colonisation, and yeast always is.  What a screening "
        "swab grows is colonisation.  Herpesviruses are told apart as reactivation.\n\n"
        "The first infection is what grew from 14 days before onset until then; what "
        "only a screening swab grew, or a contaminant, is not of it.  A final report "
        "takes the place of the preliminary ones of its test.\n\n"
        "Death before an infection is the competing event; leaving the hospital ends "
        "what can be seen."
    ),
    sources=(
        "NHSN: commensals need two blood cultures (from memory)",
        "Seymour CW et al., JAMA 2016;315:762-774 (windows of treatment)",
    ),
    inputs=("culture_collected", "culture_result", "medication", "death", "encounter"),
    choices=(
        Choice(
            argument="after",
            default="48 h",
            readings=(
                "48 h: the usual bound of hospital-acquired infection (general "
                "knowledge)."
            ),
        ),
        Choice(argument="until", default="28 d", readings="How long: ours."),
        Choice(
            argument="same_organism",
            default="not_new",
            readings=(
                "What grew before: `not_new`, the first infection going on (ours), or "
                "`new`."
            ),
        ),
        Choice(
            argument="first_since",
            default="14 d",
            readings="How long before onset what grew counts as the first infection: "
            "ours, as long as the toolkit's time between two events.",
        ),
        Choice(
            argument="commensals",
            default="two_cultures",
            readings="`two_cultures`: NHSN; `contaminant` or `infection` always.",
        ),
        Choice(
            argument="pair_within",
            default="48 h",
            readings="NHSN: the same or the next calendar day.",
        ),
        Choice(
            argument="open_sites",
            default="if_treated",
            readings="`if_treated`, `infection` always, `colonisation` always: ours.",
        ),
        Choice(argument="treated_before", default="24 h", readings="Seymour 2016."),
        Choice(argument="treated_after", default="72 h", readings="Seymour 2016."),
        Choice(
            argument="candida",
            default="sterile_sites_only",
            readings="Yeast from airway or urine: colonisation (ours), or `as_others`.",
        ),
        Choice(
            argument="viral",
            default="apart",
            readings=(
                "Reactivation of herpesviruses `apart` (ours), or an `infection` like "
                "others."
            ),
        ),
        Choice(
            argument="antimicrobials",
            default="after_pause",
            readings=(
                "`after_pause` (ours), `new_drug` (de-escalation counts too), "
                "`ignored`."
            ),
        ),
        Choice(argument="pause", default="48 h", readings="Without any: ours."),
        Choice(argument="course_days", default="2", readings="Days given: ours."),
        Choice(
            argument="stages",
            default="given, ordered",
            readings="Seymour 2016: order or administration.",
        ),
        Choice(
            argument="pending",
            default="7 d",
            readings="After so long a specimen is not waited for: ours.",
        ),
    ),
    traps=(
        "A changed antimicrobial is often a narrower one, not a new infection.",
        "The first infection going on under treatment grows the same organism.",
        "Who dies early cannot have a late infection: death is no censoring.",
    ),
)
