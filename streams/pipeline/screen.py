"""Screen: from what opens a screening, and facts, to revisions of eligibility verdicts.

A screening is named by site, patient, trial, domain and hospital stay.
A revision is written only when something a coordinator would act on has changed: the
status, the truth of a criterion, the stratum, the window, the anchor, whether what
opened it stands, or the protocol;
or when the last one has run out, because the gate trusts no verdict past its time.
Enrolment freezes the last revision, and a closed window ends the screening, unless
what opened it is taken back or its anchor moves.

Whether there is anything to say is decided by what the patient's notebook remembers;
what is said is what would be judged anew, all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from streams.clinical.criteria.judgement import INSTANT, Judgement, soonest
from streams.clinical.criteria.opening import VERSION
from streams.clinical.criteria.verdict import Verdict, verdict
from streams.clinical.timeline import Timeline
from streams.pipeline.case import (
    KNOWN_AT,
    Case,
    Sight,
    anchor_turns_at,
    sight,
    stood,
)
from streams.pipeline.notebook import Notebook, notebook_of
from streams.pipeline.plan import Plan
from streams.pipeline.state import PatientState, Step
from streams.vocabulary.clock import iso
from streams.vocabulary.events import Demographics
from streams.vocabulary.ids import revision_identity
from streams.vocabulary.messages import TrialScreening
from streams.vocabulary.truth import UNKNOWN


def screen(
    state: PatientState, now: datetime, plan: Plan, *, software_version: str
) -> Step:
    """The verdicts that changed by what is known at `now`; files none."""
    if not plan.domains:
        return Step()
    book = notebook_of(state, plan, now)
    said = [
        _looked_at(case, book, state, software_version)
        for case in book.stir(state, now)
    ]
    return Step(
        messages=tuple(message for message in said if message is not None),
        due=book.due,
    )


def _looked_at(
    case: Case, book: Notebook, state: PatientState, software_version: str
) -> TrialScreening | None:
    """The case's next revision, if there is anything to say; when it is due again."""
    seen = sight(case, state, book.plan, book.now)
    turns_at = anchor_turns_at(case, state, book.now)
    if seen is None or seen.settled or _enrolled(case, state):
        case.over = seen is not None
        book.wait(case, turns_at)
        return None
    case.over = False
    held, judged = seen.held, book.judgements(seen)
    if held is not None and _still_says(held, seen, judged):
        due = _due(seen, (one.changes_at for one in judged), turns_at)
        book.wait(case, soonest(seen.now, due, held.valid_until))
        return None
    told = _verdict(seen, book.judgements(seen, anew=True))
    due = _due(seen, (told.changes_at,), turns_at)
    book.wait(case, due)
    return _message(seen, told, due, state, software_version)


def _verdict(seen: Sight, judged: Sequence[Judgement]) -> Verdict:
    return verdict(
        seen.case.planned.question,
        judged,
        seen.now,
        window_open=seen.window_open,
        stands=seen.stands,
    )


def _due(
    seen: Sight, changes: Iterable[datetime | None], turns_at: datetime | None
) -> datetime | None:
    """When time alone may change the verdict; once the window is over, the anchor."""
    if not seen.window_open or not seen.stands:
        return turns_at
    closed = seen.deadline + INSTANT
    return soonest(seen.now, *changes, closed, turns_at)


def _enrolled(case: Case, state: PatientState) -> bool:
    wanted = (*case.planned.name, case.episode)
    return any((e.trial, e.domain, e.episode) == wanted for e in state.taking_part)


def _message(
    seen: Sight,
    found: Verdict,
    due: datetime | None,
    state: PatientState,
    software_version: str,
) -> TrialScreening:
    case, held = seen.case, seen.held
    asked = case.planned.question
    revision = 0 if held is None else held.revision + 1
    return TrialScreening(
        message_id=revision_identity(case.screening_id, revision),
        site=state.site,
        patient=state.patient,
        happened_at=seen.anchor_at,
        known_at=seen.now,
        source="screen",
        provenance=state.provenance,
        screening_id=case.screening_id,
        revision=revision,
        status=found.status,
        trial=asked.protocol.id,
        domain=asked.domain.id,
        episode=case.episode,
        protocol_version=asked.protocol.version,
        protocol_hash=asked.protocol.digest,
        software_version=software_version,
        definition_version=_version(seen),
        definitions=case.planned.definitions,
        flag_id=None if seen.flag is None else seen.flag.flag_id,
        anchor=case.recruitment.anchor,
        anchor_at=seen.anchor_at,
        deadline=seen.deadline,
        valid_until=due,
        window_open=found.window_open,
        stratum=found.stratum,
        covariates=_covariates(seen, state.timeline),
        criteria=found.criteria,
        platform_status=found.statuses.platform,
        interventions=found.statuses.interventions,
        entry=case.recruitment.entry.kind,
        entry_at=seen.happened_at,
        entry_known_at=seen.known_at,
        entry_evidence=seen.evidence,
        entry_stands=seen.stands,
    )


def _still_says(held: TrialScreening, seen: Sight, judged: Sequence[Judgement]) -> bool:
    """Whether there is no news, and the gate still trusts what was last said.

    Of what comes out as when this was last asked, no verdict is made to compare.
    """
    if held.valid_until is not None and held.valid_until <= seen.now:
        return False
    case, gist = seen.case, _gist(seen, judged)
    if case.said is held and case.gist == gist:
        return True
    if _material(held) != _of_now(seen, _verdict(seen, judged)):
        return False
    case.said, case.gist = held, gist
    return True


def _gist(seen: Sight, judged: Sequence[Judgement]) -> tuple[object, ...]:
    """All that `_of_now` is made of and that may change without a change of the plan."""
    return (
        seen.window_open,
        seen.anchor_at,
        seen.stands,
        None if seen.flag is None else seen.flag.flag_id,
        [(said.truth, said.truth is UNKNOWN and said.human) for said in judged],
    )


def _material(said: TrialScreening) -> tuple[object, ...]:
    """What makes a revision worth writing."""
    return (
        said.status,
        [(c.criterion_id, c.truth) for c in said.criteria],
        said.stratum,
        said.window_open,
        said.anchor_at,
        stood(said),
        said.flag_id,
        said.protocol_hash,
    )


def _of_now(seen: Sight, found: Verdict) -> tuple[object, ...]:
    """The same, of what would be said now."""
    return (
        found.status,
        [(c.criterion_id, c.truth) for c in found.criteria],
        found.stratum,
        found.window_open,
        seen.anchor_at,
        seen.stands,
        None if seen.flag is None else seen.flag.flag_id,
        seen.case.planned.question.protocol.digest,
    )


def _version(seen: Sight) -> str:
    """Of what opened the screening: the flag's definition, or how entries are read."""
    if seen.flag is not None:
        return seen.flag.definition_version
    return f"{seen.case.recruitment.entry.kind} {VERSION}"


def _covariates(seen: Sight, timeline: Timeline) -> tuple[tuple[str, str], ...]:
    """The baseline that is frozen with the last revision before an enrolment."""
    known = {**_opened(seen), **_person(timeline, seen.now)}
    return tuple((name, level) for name, level in known.items() if level is not None)


def _opened(seen: Sight) -> dict[str, str | None]:
    """When it was opened, and by how ill a patient, where a flag did."""
    if seen.flag is None:
        return {"entry_known_at": iso(seen.known_at)}
    score = seen.flag.score
    return {
        KNOWN_AT: iso(seen.known_at),
        "onset": "stands" if seen.stands else "withdrawn",
        "sofa": None if score is None else str(score),
    }


def _person(timeline: Timeline, now: datetime) -> dict[str, str | None]:
    said = timeline.all(Demographics, "demographics")
    years = [d.birth_year for d in said if d.birth_year and d.happened_at <= now]
    sexes = [d.sex for d in said if d.sex and d.happened_at <= now]
    return {
        "age": str(now.year - years[-1]) if years else None,
        "sex": sexes[-1] if sexes else None,
    }
