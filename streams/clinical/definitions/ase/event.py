"""One culture's event: what it is, since when, and from when on it is final.

    provisional   an infection may yet be presumed, and an organ fails
    confirmed     both are certain
    withdrawn     it was provisional, and turned out to be none

The antimicrobial days and the baselines of a whole stay lie in the future.
A withdrawn event is told as it stood when it was withdrawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from streams.clinical.definitions.ase.cultures import Culture
from streams.clinical.definitions.ase.days import HospitalDays, later
from streams.clinical.definitions.ase.doses import NEW_AFTER, doses
from streams.clinical.definitions.ase.dysfunction import Dysfunction, OnsetType
from streams.clinical.definitions.ase.labs import laboratory
from streams.clinical.definitions.ase.policy import AsePolicy
from streams.clinical.definitions.ase.qad import (
    Antimicrobials,
    Reason,
    presumed_infection,
)
from streams.clinical.definitions.ase.renal_disease import coded_by, end_stage
from streams.clinical.definitions.ase.stays import FOREVER, EndName, Stay
from streams.clinical.definitions.ase.support import support_begun
from streams.clinical.scores.chart import back
from streams.clinical.timeline import Timeline, part
from streams.vocabulary.events import Condition
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN


Status = Literal["provisional", "confirmed", "withdrawn"]

StatusReason = (
    Reason
    | EndName
    | Literal["admission", "age", "coding", "not_admitted", "end_stage_renal_disease"]
)
"""What presumes the infection, what is waited for, or why it was withdrawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdultSepsisEvent:
    """Presumed infection with organ dysfunction, on facts that have happened."""

    encounter: str
    """The hospital stay; `none` where the source names none."""
    culture_id: str
    culture_day: date
    onset_day: date
    """The earliest day of culture, first antimicrobial day and dysfunction."""
    hospital_day: int
    """Of the onset; 1 is the day of admission."""
    onset: OnsetType
    antimicrobial_days: tuple[date, ...]
    """The qualifying days so far, a bridged one among them."""
    antimicrobials: tuple[str, ...]
    dysfunctions: tuple[Dysfunction, ...]
    """Each criterion that holds, by day."""
    status: Status
    reason: StatusReason
    provisional_at: datetime
    """When it first looked like one."""
    confirmed_at: datetime | None
    withdrawn_at: datetime | None
    final_at: datetime | None
    """From then on nothing that happens later changes it (an earlier moment if more
    happens before); None while only the end of the stay can tell."""
    known_at: datetime
    """When all of the evidence was known to somebody."""
    evidence: tuple[str, ...]
    """Event ids: culture, antimicrobials, dysfunctions."""


@dataclass(frozen=True, slots=True)
class Case:
    """One culture in one stay, and all that judging it needs."""

    timeline: Timeline
    culture: Culture
    stay: Stay
    days: HospitalDays
    policy: AsePolicy
    now: datetime | None

    @property
    def until(self) -> datetime:
        """The last moment whose facts count."""
        return min(self.now or FOREVER, self.stay.left_at or FOREVER)

    @property
    def window_closes(self) -> datetime:
        """The first instant after the window."""
        return self.days.end(self.culture.last)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What was made of a culture."""

    event: AdultSepsisEvent | None
    decided_at: datetime | None
    """From when nothing later changes it; None while only the end of the stay can."""
    turns_at: tuple[datetime, ...] = ()
    """Moments at which time alone may change it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Picture:
    """An event's content at one moment."""

    onset: OnsetType
    onset_day: date
    dysfunctions: tuple[Dysfunction, ...]
    kidney: Dysfunction | None
    """Left out, because the disease is an old one."""
    disease: Condition | None


@part
def judge(
    timeline: Timeline,
    culture: Culture,
    stay: Stay,
    days: HospitalDays,
    policy: AsePolicy,
    now: datetime | None,
) -> Judged:
    """Judge one culture by what has happened."""
    case = Case(timeline, culture, stay, days, policy, now)
    drugs = _antimicrobials(case, case.until, case.now)
    failed_at, why = _failure(case, drugs)
    if case.stay.adult is FALSE:
        return Judged(event=None, decided_at=case.culture.at)
    if failed_at is not None:
        return _failed(case, failed_at, why)
    return _standing(case, drugs)


def _antimicrobials(
    case: Case, until: datetime, now: datetime | None
) -> Antimicrobials:
    """What was given from just before the window on."""
    after = back(case.days.start(later(case.culture.first, 1 - NEW_AFTER)))
    given = doses(case.timeline, case.days, case.policy, after, until)
    return presumed_infection(
        case.culture, case.stay, given, case.days, case.policy, now
    )


def _failure(case: Case, drugs: Antimicrobials) -> tuple[datetime | None, StatusReason]:
    """From when on it can be no event any more."""
    failures: list[tuple[datetime, StatusReason]] = []
    if drugs.presumed is FALSE:
        failures.append((drugs.fails_at, drugs.reason))
    if case.stay.in_scope is FALSE and case.stay.in_scope_at is not None:
        failures.append((case.stay.in_scope_at, "not_admitted"))
    return min(failures, default=(None, drugs.reason))


def _failed(case: Case, at: datetime, why: StatusReason) -> Judged:
    """The event as it stood just before it failed."""
    last = min(back(at), case.until)
    drugs = _antimicrobials(case, last, last)
    picture = _picture(case, drugs, last, last)
    if drugs.run is None or picture is None or not picture.dysfunctions:
        return Judged(event=None, decided_at=at)
    event = _event(case, drugs, picture, "withdrawn", why, at)
    return Judged(event=event, decided_at=at)


def _standing(case: Case, drugs: Antimicrobials) -> Judged:
    """An event that stands, or that may yet be one."""
    picture = _picture(case, drugs, case.until, case.now or FOREVER)
    decided = _decided_at(case, drugs, picture)
    turns = _turns_at(case, drugs, decided)
    event: AdultSepsisEvent | None = None
    if picture is not None and picture.dysfunctions:
        status, reason = _status(case, drugs, picture)
        event = _event(case, drugs, picture, status, reason, None)
    elif picture is not None and picture.disease and picture.kidney:
        event = _of_old_kidneys(case, drugs, picture, picture.kidney, picture.disease)
    return Judged(event=event, decided_at=decided, turns_at=turns)


def _of_old_kidneys(
    case: Case,
    drugs: Antimicrobials,
    picture: _Picture,
    kidney: Dysfunction,
    disease: Condition,
) -> AdultSepsisEvent | None:
    """What looked like an event until the kidney was known to have failed before."""
    first = min(picture.onset_day, kidney.day)
    seen = replace(
        picture, onset=_onset(case, first), onset_day=first, dysfunctions=(kidney,)
    )
    since = disease.happened_at
    if _provisional_at(case, drugs, seen) >= since:
        return None
    return _event(case, drugs, seen, "withdrawn", "end_stage_renal_disease", since)


def _picture(
    case: Case, drugs: Antimicrobials, until: datetime, coded: datetime
) -> _Picture | None:
    """Type of onset, baselines and dysfunctions in agreement; None without a drug.

    By the baselines of a whole stay all holds that holds by those of a window, and no
    later: so a second look settles it, and it cannot go to and fro.
    """
    if drugs.run is None:
        return None
    disease = end_stage(case.timeline, case.stay, case.policy, coded)
    days = (case.culture.day, drugs.run.first)
    seen = _seen(case, _onset(case, case.culture.day), days, disease, until)
    early = seen.onset != _onset(case, case.culture.day)
    if early and case.policy.baseline == "fixed_point":
        return _seen(case, seen.onset, days, disease, until)
    return seen


def _seen(
    case: Case,
    baselines: OnsetType,
    days: tuple[date, date],
    disease: Condition | None,
    until: datetime,
) -> _Picture:
    """What the baselines of that type of onset show."""
    found = _dysfunctions(case, baselines, until)
    old = [d for d in found if d.name == "renal"] if disease is not None else []
    kept = tuple(d for d in found if d not in old)
    first = min([*days, *(d.day for d in kept)])
    return _Picture(
        onset=_onset(case, first),
        onset_day=first,
        dysfunctions=kept,
        kidney=old[0] if old else None,
        disease=disease,
    )


def _onset(case: Case, day: date) -> OnsetType:
    early = case.stay.hospital_day(day) <= case.policy.community_days
    return "community" if early else "hospital"


def _dysfunctions(
    case: Case, baselines: OnsetType, until: datetime
) -> tuple[Dysfunction, ...]:
    told = (case.timeline, case.culture, case.stay)
    labs = _measured(*told, baselines, case.days, case.policy, until)
    found = list(support_begun(*told, case.days, case.policy, until))
    found += [d for d in labs if d.name != "renal"]
    found += _one_kidney([d for d in labs if d.name == "renal"])
    return tuple(sorted(found, key=lambda d: (d.day, d.at, d.name)))


@part
def _measured(
    timeline: Timeline,
    culture: Culture,
    stay: Stay,
    baselines: OnsetType,
    days: HospitalDays,
    policy: AsePolicy,
    until: datetime,
) -> tuple[Dysfunction, ...]:
    """The laboratory's criteria that hold."""
    return tuple(laboratory(timeline, culture, stay, baselines, days, policy, until))


def _one_kidney(told: Sequence[Dysfunction]) -> list[Dysfunction]:
    """Creatinine and eGFR are one criterion: its first day, and when it was evident."""
    if not told:
        return []
    first = min(told, key=lambda d: (d.day, d.at, d.detail))
    return [replace(first, evident_at=min(d.evident_at for d in told))]


def _status(
    case: Case, drugs: Antimicrobials, picture: _Picture
) -> tuple[Status, StatusReason]:
    if drugs.presumed is UNKNOWN:
        return "provisional", drugs.reason
    if case.stay.in_scope is UNKNOWN:
        return "provisional", "admission"
    if case.stay.adult is UNKNOWN:
        return "provisional", "age"
    if not _sure(case, picture):
        return "provisional", "coding"
    return "confirmed", drugs.reason


def _sure(case: Case, picture: _Picture) -> list[Dysfunction]:
    """The dysfunctions that no diagnosis filed later can take away."""
    complete = coded_by(case.stay, case.policy)
    known = case.now is None or (complete is not None and complete <= case.now)
    return [d for d in picture.dysfunctions if known or d.name != "renal"]


def _event(
    case: Case,
    drugs: Antimicrobials,
    picture: _Picture,
    status: Status,
    reason: StatusReason,
    withdrawn_at: datetime | None,
) -> AdultSepsisEvent:
    evidence = _evidence(case, drugs, picture)
    confirmed = _confirmed_at(case, drugs, picture) if status == "confirmed" else None
    return AdultSepsisEvent(
        encounter=case.stay.encounter,
        culture_id=case.culture.culture_id,
        culture_day=case.culture.day,
        onset_day=picture.onset_day,
        hospital_day=case.stay.hospital_day(picture.onset_day),
        onset=picture.onset,
        antimicrobial_days=drugs.run.days if drugs.run else (),
        antimicrobials=drugs.run.drugs if drugs.run else (),
        dysfunctions=picture.dysfunctions,
        status=status,
        reason=reason,
        provisional_at=_provisional_at(case, drugs, picture),
        confirmed_at=confirmed,
        withdrawn_at=withdrawn_at,
        final_at=None,
        known_at=_known_at(case, evidence),
        evidence=evidence,
    )


def _provisional_at(case: Case, drugs: Antimicrobials, picture: _Picture) -> datetime:
    """When culture, first dose and first dysfunction were all there."""
    evident = min(d.evident_at for d in picture.dysfunctions)
    return max(case.culture.at, drugs.begun_at or evident, evident)


def _confirmed_at(case: Case, drugs: Antimicrobials, picture: _Picture) -> datetime:
    """When nothing of it hung on the future any more."""
    lasting = [d.evident_at for d in picture.dysfunctions if d.name != "renal"]
    complete = coded_by(case.stay, case.policy)
    kidney = [d.evident_at for d in picture.dysfunctions if d.name == "renal"]
    coded = [max(k, complete) if complete else k for k in kidney]
    told = [min([*lasting, *coded]), drugs.met_at, case.stay.in_scope_at]
    provisional = _provisional_at(case, drugs, picture)
    return max([provisional, *(moment for moment in told if moment is not None)])


def _evidence(case: Case, drugs: Antimicrobials, picture: _Picture) -> tuple[str, ...]:
    doses_given = drugs.run.evidence if drugs.run else ()
    signs = [e for d in picture.dysfunctions for e in d.evidence]
    return tuple(dict.fromkeys((case.culture.event_id, *doses_given, *signs)))


def _known_at(case: Case, evidence: Sequence[str]) -> datetime:
    facts = (case.timeline.fact(event_id) for event_id in evidence)
    return max(fact.known_at for fact in facts if fact is not None)


def _decided_at(
    case: Case, drugs: Antimicrobials, picture: _Picture | None
) -> datetime | None:
    """When nothing later can change what is made of it, if nothing more happens."""
    settled = case.stay.settled_at
    if case.stay.adult is UNKNOWN:
        return None
    if picture is not None and any(d.name == "renal" for d in picture.dysfunctions):
        return coded_by(case.stay, case.policy)
    whole = picture is not None and picture.onset == "community"
    if whole or case.stay.in_scope is UNKNOWN:
        return settled
    course = drugs.over_at if drugs.presumed is TRUE else drugs.fails_at
    decided = course if picture is None else max(course, case.window_closes)
    return decided if settled is None else min(decided, settled)


def _turns_at(
    case: Case, drugs: Antimicrobials, decided: datetime | None
) -> tuple[datetime, ...]:
    """When time alone may change it."""
    if case.now is None:
        return ()
    told = [drugs.fails_at, case.stay.settled_at, decided, case.window_closes]
    told.append(coded_by(case.stay, case.policy))
    if case.policy.doses == "ordered":
        told.append(case.days.end(case.days.of(case.now)))
    return tuple(moment for moment in told if moment and moment > case.now)
