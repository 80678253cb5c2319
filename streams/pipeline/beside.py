"""Flags by further definitions, beside Sepsis-3's, over the same record.

Each episode of a definition that is asked for is a flag of its own, revised by the same
rules.  They are there to be seen side by side, and for protocols that name them: none
alerts anybody by itself, or anchors an outcome.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any

from streams.clinical.catalogue.answer import Answer, Cell, Episode
from streams.clinical.definitions.ase.days import hospital_days
from streams.clinical.tracking.applicability import applies
from streams.clinical.tracking.patient import Entry, PatientTracker
from streams.pipeline.flaggable import FLAGGED, Flagging
from streams.pipeline.revisions import revisions
from streams.pipeline.state import PatientState, Step
from streams.vocabulary.clock import DAY, HOUR
from streams.vocabulary.events import CultureCollected
from streams.vocabulary.ids import flag_identity
from streams.vocabulary.messages import SepsisOnset
from streams.vocabulary.truth import TRUE


NO_STAY = "none"
"""The hospital stay of what the source files under none."""

LONGEST = 31 * DAY
"""How long after the last change of the record time alone may still change a flag.

The longest wait of any definition is for the diagnoses of a stay, two weeks after it is
over (ASE).  Without an end, an order that nobody stopped would be looked at for ever.
"""

SOONEST = timedelta(seconds=1)
"""What cannot say when it changes is looked at with the next full hour, and not with
every tick of the clock."""


def detect_beside(
    state: PatientState,
    now: datetime,
    *,
    definitions: Sequence[Entry],
    zone: str | None,
) -> Step:
    """The revisions of the further flags by what is known at `now`; files none.

    A flag of a definition that is not asked for any more stays as it was last said.
    """
    if not definitions:
        return Step()
    tracker = _tracker(state, now, definitions, zone)
    said: list[SepsisOnset] = []
    if tracker.advance(now):
        for entry in definitions:
            answer = tracker.answer(entry)
            if not _is_as_before(state, entry, answer):
                said += _revised(state, entry, answer, now, zone)
    return Step(messages=tuple(said), due=_due(state, tracker, now))


def _tracker(
    state: PatientState, now: datetime, definitions: Sequence[Entry], zone: str | None
) -> PatientTracker:
    """The patient's tracker; a fresh one reads the timeline that is there."""
    held = state.further
    if held is not None and held.entries is definitions:
        return held
    state.episodes.clear()
    fresh = PatientTracker(state.timeline, now, entries=definitions, zone=zone)
    state.further = fresh
    return fresh


def _due(
    state: PatientState, tracker: PatientTracker, now: datetime
) -> datetime | None:
    """When time alone may change a flag; None for a patient at rest."""
    due = tracker.next_check_at
    if due - now < SOONEST:
        due = now.replace(minute=0, second=0, microsecond=0) + HOUR
    return due if due <= (state.heard or now) + LONGEST else None


def _said(state: PatientState, entry: Entry) -> list[SepsisOnset]:
    """What was said of this definition by this policy."""
    return [
        flag
        for flag in state.flags.values()
        if (flag.definition, flag.policy) == entry.name
    ]


def _is_as_before(state: PatientState, entry: Entry, answer: Answer | None) -> bool:
    """Whether its flags were last revised by these very episodes.

    Where evidence gathers, what was said may rest on a fact that is gone although the
    episode does not any more: then the flags are looked at each time.
    """
    before = state.episodes.pop(entry.name, None)
    if answer is None or FLAGGED[entry.rule.name].gathers:
        return False
    state.episodes[entry.name] = answer.episodes
    return before == answer.episodes


def _revised(
    state: PatientState,
    entry: Entry,
    answer: Answer | None,
    now: datetime,
    zone: str | None,
) -> Iterator[SepsisOnset]:
    """What is to be said of this definition's flags."""
    found = list(_found(state, entry, answer, now, zone))
    gathers = FLAGGED[entry.rule.name].gathers
    yield from revisions(state, found, _said(state, entry), now, gathers=gathers)


def _found(
    state: PatientState,
    entry: Entry,
    answer: Answer | None,
    now: datetime,
    zone: str | None,
) -> Iterator[SepsisOnset]:
    """The flags that stand by this definition."""
    if answer is None:
        yield from _of_the_child(state, entry)
        return
    for subject, episode in _episodes(state, entry, answer).items():
        yield _flag(state, entry, subject, episode, now, zone)


def _of_the_child(state: PatientState, entry: Entry) -> Iterator[SepsisOnset]:
    """What was said of a patient who has come of age since: it stands.

    What was said of somebody who was of age then already does not: the record has been
    put right.
    """
    for flag in _said(state, entry):
        was_meant = applies(entry.rule.name, state.timeline, flag.happened_at)
        if was_meant and flag.status != "withdrawn":
            yield flag


def _episodes(state: PatientState, entry: Entry, answer: Answer) -> dict[str, Episode]:
    """What is flagged, by what it is a flag of; of several the first."""
    how = FLAGGED[entry.rule.name]
    told: dict[str, Episode] = {}
    for episode in answer.episodes:
        if _stands(episode, how) and not _own(entry, episode).get("repeat"):
            told.setdefault(_subject(state, how, episode), episode)
    return told


def _stands(episode: Episode, how: Flagging) -> bool:
    """Whether it is met; or, where the definition waits, may yet turn out to be."""
    may_be = how.waits and episode.status == "provisional"
    return episode.onset is not None and (episode.met is TRUE or may_be)


def _subject(state: PatientState, how: Flagging, episode: Episode) -> str:
    """What the flag is one of: the stay; or the specimen, by the event that took it."""
    if how.by == "stay":
        return episode.encounter or NO_STAY
    facts = map(state.timeline.fact, episode.evidence)
    taken = (f.event_id for f in facts if isinstance(f, CultureCollected))
    return f"specimen {next(taken, episode.evidence[0])}"


def _flag(
    state: PatientState,
    entry: Entry,
    subject: str,
    episode: Episode,
    now: datetime,
    zone: str | None,
) -> SepsisOnset:
    name, policy = entry.name
    return SepsisOnset(
        message_id="",
        site=state.site,
        patient=state.patient,
        happened_at=_instant(episode.onset, zone),
        known_at=now,
        source="detect",
        provenance=state.provenance,
        flag_id=flag_identity(
            site=state.site,
            patient=state.patient,
            definition=name,
            policy=policy,
            episode=subject,
        ),
        revision=0,
        status=episode.status,
        definition=name,
        definition_version=entry.rule.specification.version,
        policy=policy,
        episode=episode.encounter or NO_STAY,
        stay=episode.stay,
        components=episode.components,
        evidence=episode.evidence,
        missing=episode.missing,
        **_fields(entry, episode),
    )


def _instant(onset: datetime | date | None, zone: str | None) -> datetime:
    """The onset; of a calendar day its first instant in the hospital's time zone."""
    if isinstance(onset, datetime):
        return onset.astimezone(UTC)
    if onset is None or zone is None:
        raise ValueError("an onset in calendar days needs the hospital's time zone")
    return hospital_days(zone).start(onset)


_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "suspicion_at": "suspicion_at",
        "infection_at": "suspicion_at",
        "dysfunction_at": "dysfunction_at",
        "antimicrobial_at": "antimicrobial_at",
        "culture_at": "culture_at",
        "score": "score",
        "score_lower": "score_lower",
        "score_upper": "score_upper",
    }
)
"""By a definition's own column, the field of the flag that means the same."""


def _fields(entry: Entry, episode: Episode) -> dict[str, Any]:
    own = _own(entry, episode)
    return {field: own[name] for name, field in _FIELDS.items() if name in own}


def _own(entry: Entry, episode: Episode) -> dict[str, Cell]:
    """The definition's own columns by name."""
    return dict(zip(entry.rule.columns, episode.values, strict=True))
