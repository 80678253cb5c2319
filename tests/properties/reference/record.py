"""One patient at one moment, as plain lists: nothing indexed, remembered or looked up.

This is half of the reference: a second reading of deploy/docs/criteria.md, as simple as
it can be written, that the product's judges are held against.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from streams.vocabulary.events import Cancellation, Correction
from streams.vocabulary.facts import Flag
from streams.vocabulary.truth import FALSE, UNKNOWN, Truth3


INSTANT = timedelta.resolution
DAY = timedelta(days=1)


@dataclass
class Patient:
    """All that is known, and the moment at which it is looked at."""

    now: datetime
    facts: list
    """What stands and had happened, in order of `happened_at`, then of id."""
    episode: str = "none"
    onset: object = None
    anchors: dict = field(default_factory=dict)
    flags: tuple = ()
    roster: tuple = ()
    declined: tuple = ()
    answers: dict = field(default_factory=dict)
    answered_at: dict = field(default_factory=dict)
    zone: str | None = None

    def all(self, *kinds, **wanted):
        """The facts of these kinds whose fields are so."""
        return [
            fact
            for fact in self.facts
            if fact.kind in kinds
            and all(getattr(fact, name) == value for name, value in wanted.items())
        ]


@dataclass
class Told:
    """What a rule says of a patient."""

    truth: Truth3
    evidence: tuple = ()
    would_need: tuple = ()


def told(truth, evidence, *needs):
    """The truth with its evidence, each event once; what is missing where it is UNKNOWN."""
    asked = tuple(sorted(set(needs))) if truth is UNKNOWN else ()
    return Told(truth, tuple(sorted(set(evidence))), asked)


def unrecorded(rule, need, evidence=()):
    """Nobody recorded it: UNKNOWN, unless the rule says what absence means."""
    return told(by_absence(rule), evidence, need)


def by_absence(rule):
    return FALSE if rule.absent_means is False else UNKNOWN


def standing(deliveries, now):
    """Of each fact the highest version, as it stands; those that had happened by now."""
    by_fact = {}
    for one in deliveries:
        by_fact.setdefault(named(one), []).append(one)
    stands = [max(said, key=lambda one: one.version) for said in by_fact.values()]
    facts = [fact_of(one) for one in stands if not isinstance(one, Cancellation)]
    return sorted((f for f in facts if f.happened_at <= now), key=moment)


def named(event):
    if isinstance(event, Correction):
        return event.corrects
    return event.cancels if isinstance(event, Cancellation) else event.event_id


def fact_of(event):
    if not isinstance(event, Correction):
        return event
    known = max(event.known_at, event.event.known_at)
    return replace(event.event, event_id=event.corrects, known_at=known)


def moment(fact):
    return fact.happened_at, fact.event_id


def is_dated(fact):
    """Whether the source gives a date alone."""
    return Flag.DATE_ONLY in fact.flags


def latest_of(fact):
    """The latest that it can have happened: what was known later had happened by then."""
    if not is_dated(fact):
        return fact.happened_at
    end = fact.happened_at + DAY - INSTANT
    return end if fact.known_at <= fact.happened_at else min(end, fact.known_at)


def has_word(text, words):
    """Whether one of the words is in the text, in any case."""
    return any(word.casefold() in (text or "").casefold() for word in words)
