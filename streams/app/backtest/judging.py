"""Judges history by a protocol and by what it is varied to, patient by patient."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from streams.clinical.criteria.loading import ANCHORING
from streams.clinical.feasibility.counting import DomainCounts, Tally
from streams.clinical.feasibility.course import Course, course
from streams.clinical.feasibility.probe import RECRUITMENT, Plan, Variant
from streams.clinical.feasibility.shape import Shape, shape_of
from streams.clinical.hospital_stay import own_stays
from streams.pipeline.alone import Alone
from streams.pipeline.patient import Rules
from streams.pipeline.state import PatientState
from streams.vocabulary.messages import (
    EhrMessage,
    Message,
    SepsisOnset,
    TrialScreening,
)
from streams.vocabulary.protocol import Domain


Key = tuple[str, str]
"""Site and patient."""


@dataclass(slots=True)
class Judged:
    """All that history came to."""

    plan: Plan
    domains: dict[str, DomainCounts]
    patients: int = 0
    in_hospital: Tally = field(default_factory=Tally)
    stays: Counter[str] = field(default_factory=Counter)
    """Hospital stays by site."""
    first: datetime | None = None
    """The first admission."""
    last: datetime | None = None
    definitions: set[tuple[str, str, str]] = field(default_factory=set)
    """Name, policy and version of what was flagged."""
    possible: Counter[Variant] = field(default_factory=Counter)
    gained: Counter[Variant] = field(default_factory=Counter)
    lost: Counter[Variant] = field(default_factory=Counter)


def judge_history(
    plan: Plan,
    history: Iterable[Iterable[EhrMessage]],
    rules: Rules,
    *,
    on_patients: Callable[[int], None] = lambda _: None,
) -> Judged:
    """Judge each patient of `history` from the first message to the end of time.

    `history`: the messages of one patient, or of a few whom merges tie, in the order
    in which they became known.
    """
    (judged,) = judge_together((plan,), history, rules, on_patients=on_patients)
    return judged


def judge_together(
    plans: Sequence[Plan],
    history: Iterable[Iterable[EhrMessage]],
    rules: Rules,
    *,
    on_patients: Callable[[int], None] = lambda _: None,
) -> tuple[Judged, ...]:
    """The same of several protocols, for each of which a patient is judged in one pass.

    None of them knows of another: nobody is enrolled.
    """
    together = tuple(
        Judged(
            plan,
            {d.id: DomainCounts(shape_of(plan.written, d)) for d in _domains(plan)},
        )
        for plan in plans
    )
    everything = tuple(one for plan in plans for one in plan.protocols)
    by = replace(rules, protocols=everything)
    flags = [_flagged(replace(rules, protocols=plan.protocols)) for plan in plans]
    for messages in history:
        alone = Alone(by)
        courses, raised = _courses(alone.run(messages))
        for judged, own in zip(together, flags, strict=True):
            judged.definitions |= {told for told in raised if told[:2] in own}
            for key, state in alone.states.items():
                if not _retired(state):
                    _count_stays(judged, state)
                    _count_courses(judged, courses.get(key, {}))
        on_patients(together[0].patients)
    return together


def _flagged(rules: Rules) -> set[tuple[str, str]]:
    """The flags that are raised by these, as definition and policy."""
    return {(ANCHORING, rules.policy.name), *(one.name for one in rules.flagged)}


def _domains(plan: Plan) -> tuple[Domain, ...]:
    return plan.written.open_domains()


_Courses = dict[tuple[str, str], list[Course]]
"""Of one patient, by the protocol's id and domain."""


def _courses(
    said: Iterable[Message],
) -> tuple[dict[Key, _Courses], set[tuple[str, str, str]]]:
    """Every screening as a course, by patient; and what was flagged, with version."""
    revisions: dict[str, list[TrialScreening]] = {}
    flags: dict[str, SepsisOnset] = {}
    entered: dict[str, datetime] = {}
    for message in said:
        if isinstance(message, SepsisOnset):
            flags[message.flag_id] = message
        elif isinstance(message, TrialScreening):
            revisions.setdefault(message.screening_id, []).append(message)
            if message.flag_id is not None:
                happened = flags[message.flag_id].happened_at
                entered.setdefault(message.screening_id, happened)
    found: dict[Key, _Courses] = {}
    for name, own in revisions.items():
        first = own[0]
        of = found.setdefault((first.site, first.patient), {})
        one = course(own, onset_at=entered.get(name))
        of.setdefault((first.trial, first.domain), []).append(one)
    return found, {
        (f.definition, f.policy, f.definition_version) for f in flags.values()
    }


def _retired(state: PatientState) -> bool:
    """Whether a merge made it another name of somebody who is counted anyway."""
    return state.kin is not None and state.kin.survivor != state.patient


def _count_stays(judged: Judged, state: PatientState) -> None:
    """The patient and the hospital stays."""
    judged.patients += 1
    stays = own_stays(state.timeline, _END)
    judged.in_hospital.add(len(stays))
    judged.stays[state.site] += len(stays)
    came = [stay.came_at for stay in stays.values()]
    judged.first = min([*came, *_known(judged.first)], default=None)
    judged.last = max([*came, *_known(judged.last)], default=None)


def _known(moment: datetime | None) -> list[datetime]:
    return [] if moment is None else [moment]


def _count_courses(judged: Judged, courses: _Courses) -> None:
    """One patient's courses, as written and with each number moved."""
    written = judged.plan.written.id
    for name, counts in judged.domains.items():
        own = courses.get((written, name), [])
        counts.add_patient(own)
    for variant in judged.plan.variants:
        shape = judged.domains[variant.domain].shape
        before = _possible(courses.get((written, variant.domain), ()), shape)
        after = _possible_by(
            courses.get((variant.trial, variant.domain), ()), shape, variant
        )
        judged.possible[variant] += len(after)
        judged.gained[variant] += len(after - before)
        judged.lost[variant] += len(before - after)


def _possible(courses: Iterable[Course], shape: Shape) -> set[str]:
    """The hospital stays in which the patient ever was."""
    return {one.episode for one in courses if one.possible(shape) is not None}


def _possible_by(courses: Iterable[Course], shape: Shape, variant: Variant) -> set[str]:
    if variant.line == RECRUITMENT:
        return _possible(courses, shape)
    instead = (variant.line, variant.judged_as)
    return {one.episode for one in courses if one.possible_with(shape, instead=instead)}


_END = datetime.max.replace(tzinfo=UTC)
