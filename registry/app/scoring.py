"""What the rules say of one patient at one moment, with the events that decided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import TypeAdapter

from registry.app.wording import in_words, moment
from registry.store.listings import OnsetView
from streams.clinical.catalogue.answer import Answer
from streams.clinical.catalogue.rule import Rule
from streams.clinical.timeline import Timeline
from streams.clinical.tracking.applicability import applies
from streams.pipeline.joining import timeline_of
from streams.vocabulary.events import Event


Delivered = tuple[Event, str]
"""An event, and the message that brought it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event that decided, in words."""

    event_id: str
    happened_at: datetime
    known_at: datetime
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One rule's answer about one patient."""

    patient: str
    as_known_at: datetime | None
    """Only what was known by then counts; None: all that is on record."""
    version: str
    evidence_grade: str
    answer: Answer
    columns: tuple[str, ...]
    """What the values of the answer's episodes are called."""
    events: tuple[Told, ...]


SCORED: TypeAdapter[tuple[Scored, ...]] = TypeAdapter(tuple[Scored, ...])
"""What `ember score --json` prints."""


def timeline_known_at(
    deliveries: Iterable[Delivered], known_at: datetime | None, patient: str = ""
) -> Timeline:
    """The patient's timeline of what was known by that moment; None: of everything.

    Of a patient who was merged into another nothing is left but in the survivor's.

    A correction that came later is not in it, so that the fact stands as it was told
    first.
    """
    known = (
        (event, message_id)
        for event, message_id in deliveries
        if known_at is None or event.known_at <= known_at
    )
    return timeline_of(patient, known)


_NOT_FOR_ADULTS = "Made for patients under 18 years; by the record this one is not."


def scored(
    timeline: Timeline,
    *,
    patient: str,
    asked: Sequence[tuple[Rule, str]],
    at: datetime,
    as_known_at: datetime | None = None,
    zone: str | None = None,
) -> Iterator[Scored]:
    """Every rule's answer, each under its policy."""
    for rule, policy in asked:
        answer = rule.evaluate(timeline, at, policy, zone=zone)
        if not applies(rule.name, timeline, at):
            answer = replace(answer, said=(*answer.said, _NOT_FOR_ADULTS))
        yield Scored(
            patient=patient,
            as_known_at=as_known_at,
            version=rule.specification.version,
            evidence_grade=rule.specification.grade.value,
            answer=answer,
            columns=rule.columns,
            events=tuple(_told(timeline, answer)),
        )


def with_withdrawn(
    told: Iterable[Scored], flags: Iterable[OnsetView]
) -> Iterator[Scored]:
    """The same, each saying which of its flags no longer stand.

    What a correction took away is no episode any more, and without a word it would
    seem that nothing ever was.  `flags` are revisions of the patient's flags.
    """
    gone = tuple(flag for flag in flags if flag.status == "withdrawn")
    for one in told:
        words = tuple(_gone(flag) for flag in gone if _is_of(flag, one))
        yield replace(one, answer=replace(one.answer, said=(*one.answer.said, *words)))


def _is_of(flag: OnsetView, one: Scored) -> bool:
    """Whether the flag is by this rule and policy, and was withdrawn by then."""
    named = (flag.definition, flag.policy) == (one.answer.rule, one.answer.policy)
    return named and (one.as_known_at is None or flag.known_at <= one.as_known_at)


def _gone(flag: OnsetView) -> str:
    return (
        f"A flag with the onset {moment(flag.happened_at)} was withdrawn at "
        f"{moment(flag.known_at)}: what it rested on no longer stands."
    )


def _told(timeline: Timeline, answer: Answer) -> Iterator[Told]:
    for event_id in answer.evidence:
        fact = timeline.fact(event_id)
        if fact is not None:
            yield Told(
                event_id=event_id,
                happened_at=fact.happened_at,
                known_at=fact.known_at,
                what=in_words(fact),
            )
