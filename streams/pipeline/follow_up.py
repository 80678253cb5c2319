"""Follow up: from facts to revisions of the outcomes of who takes part.

In a silent registry nobody is randomised, so outcomes can also be derived for flagged
patients: the trial `cohort`, with t0 the moment at which the first of the episode's
standing flags of the anchoring definition became known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import groupby

from streams.clinical.outcomes.derived import Derived
from streams.clinical.outcomes.deriving import VERSIONS, derive
from streams.clinical.outcomes.stretches import DOUBTS
from streams.clinical.timeline import Change
from streams.pipeline.state import PatientState, Step, earliest
from streams.vocabulary.events import Death, Encounter, Location, VitalStatusContact
from streams.vocabulary.ids import outcome_identity, revision_identity
from streams.vocabulary.messages import SepsisOnset, TrialOutcome
from streams.vocabulary.outcomes import NAMED, OutcomeRule, definition_of


COHORT = "cohort"
"""The trial named in outcomes of flagged patients whom nobody randomised."""


Asked = Mapping[str, Mapping[str, OutcomeRule]]
"""By trial: the outcomes its protocol names, each with its rule."""

USUAL: Mapping[str, OutcomeRule] = {
    name: NAMED[name] for name in ("mortality_28d", "in_hospital_mortality")
}
"""What is followed of flagged patients, and of who takes part in a trial whose protocol
is not in force here."""


def follow_up(
    state: PatientState,
    now: datetime,
    *,
    t0_of_flags: bool,
    asked: Asked | None = None,
    zone: str | None = None,
) -> Step:
    """The outcomes that changed by what is known at `now`; files none.

    Of who took data back, what was pending is missing and the rest stays as it was.

    `asked`: what the protocols in force name; `zone`: the hospital's time zone.
    """
    subjects = [*_participants(state), *(_flagged(state) if t0_of_flags else ())]
    if state.kin is not None:
        subjects += _gone(state, subjects)
    named = asked or {}
    derived = [
        (subject, name, rule, _derive(subject, rule, state, now, zone))
        for subject in subjects
        for name, rule in _rules(subject, named, state).items()
    ]
    messages = (_revision(state, now, *told) for told in derived)
    return Step(
        messages=tuple(message for message in messages if message is not None),
        due=earliest(*(found.due for *_, found in derived)),
    )


def stirs(state: PatientState, change: Change) -> bool:
    """Whether a change of the record can move an outcome before its next due moment.

    Outcomes are asked at every message, and hardly ever move: until it matures only a
    death, a discharge or a contact counts, and afterwards what happened before, or what
    settles a doubt.
    """
    if change.removed is not None:
        return True
    fact = change.added
    if fact is None or not (state.flags or state.roster):
        return False
    if isinstance(fact, _OF_THE_STAY):
        return True
    return any(_may_move(o, fact.happened_at) for o in state.outcomes.values())


def _may_move(outcome: TrialOutcome, happened_at: datetime) -> bool:
    """Whether a fact of that moment can move what was said."""
    if outcome.status == "pending":
        return False
    if outcome.status == "provisional":
        return True
    reason = outcome.reason or ""
    if outcome.status == "missing" and (
        reason in DOUBTS or reason.startswith("no_contact")
    ):
        return True
    until = outcome.determinable_from
    if until is None:
        return outcome.status == "final"
    return happened_at <= until


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose outcome, in which trial, counted from when."""

    trial: str
    episode: str
    t0: datetime
    stands: bool = True
    """Whether the flag that made the patient a subject still stands."""
    moved: bool = False
    """Whether the participant is another patient's since a merge or unmerge."""
    unread: bool = False
    """Whether the participant took back that the record is read for the trial."""


def _participants(state: PatientState) -> Iterator[Subject]:
    """One subject a trial and episode: the first domain's randomisation is t0."""
    entries = sorted(
        state.taking_part, key=lambda e: (e.trial, e.episode, e.happened_at)
    )
    for (trial, episode), group in groupby(entries, lambda e: (e.trial, e.episode)):
        first = next(group)
        unread = state.leaves_unread(first)
        yield Subject(trial, episode, first.happened_at, unread=unread)


def _flagged(state: PatientState) -> Iterator[Subject]:
    flags = sorted(state.anchors, key=lambda flag: flag.episode)
    for episode, group in groupby(flags, key=lambda flag: flag.episode):
        subject = _of_flags(state, episode, list(group))
        if subject is not None:
            yield subject


def _gone(state: PatientState, subjects: list[Subject]) -> Iterator[Subject]:
    """Of whom something was said who is another patient's since a merge or unmerge."""
    still = {(subject.trial, subject.episode) for subject in subjects}
    for held in [*state.outcomes.values()]:
        if (held.trial, held.episode) not in still and held.trial != COHORT:
            still.add((held.trial, held.episode))
            yield Subject(
                held.trial, held.episode, held.happened_at, stands=False, moved=True
            )


def _of_flags(
    state: PatientState, episode: str, flags: list[SepsisOnset]
) -> Subject | None:
    """The episode's subject; t0 stays what it was while a flag stands."""
    known = [flag.known_at for flag in flags if flag.status != "withdrawn"]
    held = state.outcomes.get(_outcome_id(state, COHORT, episode, next(iter(USUAL))))
    if held is None:
        return Subject(COHORT, episode, min(known)) if known else None
    anew = bool(known) and held.reason == _WITHDRAWN.reason
    t0 = min(known) if anew else held.happened_at
    return Subject(COHORT, episode, t0, stands=bool(known))


def _rules(
    subject: Subject, asked: Asked, state: PatientState
) -> Mapping[str, OutcomeRule]:
    """What is followed of this subject; of who is gone, what was said."""
    rules = asked.get(subject.trial, USUAL)
    if not subject.moved:
        return rules
    said = {
        held.outcome
        for held in state.outcomes.values()
        if (held.trial, held.episode) == (subject.trial, subject.episode)
    }
    return {name: rule for name, rule in {**USUAL, **rules}.items() if name in said}


def _derive(
    subject: Subject,
    rule: OutcomeRule,
    state: PatientState,
    now: datetime,
    zone: str | None,
) -> Derived:
    if subject.moved:
        return _MOVED
    if not subject.stands:
        return _WITHDRAWN
    if subject.unread:
        return _UNREAD
    return derive(
        rule, state.timeline, subject.t0, now, episode=subject.episode, zone=zone
    )


def _revision(
    state: PatientState,
    now: datetime,
    subject: Subject,
    name: str,
    rule: OutcomeRule,
    found: Derived,
) -> TrialOutcome | None:
    """The next revision of an outcome; None where it says what it said."""
    outcome_id = _outcome_id(state, subject.trial, subject.episode, name)
    held = state.outcomes.get(outcome_id)
    definition = definition_of(rule)
    if held is not None and _says(held, subject, definition, found):
        return None
    if subject.unread and held is not None and held.status != "pending":
        return None  # what was recorded before stays
    revision = 0 if held is None else held.revision + 1
    return TrialOutcome(
        message_id=revision_identity(outcome_id, revision),
        site=state.site,
        patient=state.patient,
        happened_at=subject.t0,
        known_at=now,
        source="follow_up",
        provenance=state.provenance,
        outcome_id=outcome_id,
        revision=revision,
        trial=subject.trial,
        episode=subject.episode,
        outcome=name,
        definition_version=VERSIONS[rule.kind],
        status=found.status,
        value=found.value,
        determinable_from=found.determinable_from,
        reason=found.reason,
        evidence=found.evidence,
        definition=definition,
        lower=found.lower,
        upper=found.upper,
        parts=found.parts,
        amends=_amends(held, found),
    )


def _says(
    held: TrialOutcome, subject: Subject, definition: str, found: Derived
) -> bool:
    """Whether what was said last says this; of old, no definition was told."""
    if held.definition not in (None, definition):
        return False
    return _material(held) == (subject.t0, *_material(found))


def _amends(held: TrialOutcome | None, found: Derived) -> int | None:
    """The first revision that was final and said otherwise, if there is one."""
    if held is None or held.amends is not None or held.status != "final":
        return None if held is None else held.amends
    changed = (held.status, held.value) != (found.status, found.value)
    return held.revision if changed else None


def _outcome_id(state: PatientState, trial: str, episode: str, outcome: str) -> str:
    return _identity(
        site=state.site,
        patient=state.patient,
        trial=trial,
        outcome=outcome,
        episode=episode,
    )


def _material(told: Derived | TrialOutcome) -> tuple[object, ...]:
    """What makes a revision worth writing."""
    said = (
        *(told.status, told.value, told.reason, told.determinable_from),
        *(told.lower, told.upper),
    )
    return (told.happened_at, *said) if isinstance(told, TrialOutcome) else said


_identity = lru_cache(maxsize=4096)(outcome_identity)
"""The same few names are asked for at every message."""

_OF_THE_STAY = (Death, Encounter, Location, VitalStatusContact)

_MOVED = Derived(status="missing", reason="patient_merged")
_UNREAD = Derived(status="missing", reason="data_withdrawn")
_WITHDRAWN = Derived(status="missing", reason="onset_withdrawn")
