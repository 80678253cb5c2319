"""What is held of a patient who was merged with others: whose each fact is.

Each patient keeps the facts of their own log, retired or not, and what the logs of
others brought, apart by the patient it was first filed under.
Which of these count follows from the statements alone, so an unmerge takes nothing
apart that it could not put together again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from streams.clinical.merges import Said, Statement, statement, survivors
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import Cancellation


@dataclass(slots=True)
class Kin:
    """One patient's own facts, those of others, and who is one person with whom."""

    patient: str
    own: Timeline
    """Of this patient's own log."""
    received: dict[str, Timeline] = field(default_factory=dict)
    """By the patient it was first filed under."""
    statements: dict[str, Statement] = field(default_factory=dict)
    """By event id."""
    cancelled: dict[str, Cancellation] = field(default_factory=dict)
    """By the event id of a statement, that it never was."""
    _survivors: dict[str, str] = field(default_factory=dict)

    @property
    def survivor(self) -> str:
        """Who has this patient's facts: somebody else where this one is retired."""
        return self._survivors.get(self.patient, self.patient)

    def hear(self, said: Said) -> bool:
        """Take a statement in; tell whether it was new."""
        told = statement(said, self.patient)
        held = self.statements.get(said.event_id)
        if told.survivor == said.retired or (held and held.rank >= told.rank):
            return False
        self.statements[said.event_id] = told
        self.leave_out(said.event_id)
        self._settle()
        return True

    def leave_out(self, event_id: str) -> bool:
        """Look for a cancellation of a statement; tell whether there is a new one.

        It lies among the facts of the log in which the statement was made.
        """
        told = self.statements.get(event_id)
        if told is None:
            return False
        found = self.facts_of(told.survivor).cancellation(event_id)
        if found is None or found.version < told.said.version:
            return False
        plain = replace(found, known_at=found.happened_at, origin=None)
        if self.cancelled.get(event_id) == plain:
            return False
        self.cancelled[event_id] = plain
        self._settle()
        return True

    def _settle(self) -> None:
        cancelled = {name: told.version for name, told in self.cancelled.items()}
        self._survivors = survivors(self.statements.values(), cancelled)

    def names(self) -> set[str]:
        """Everybody that any statement is about."""
        told = self.statements.values()
        return {name for s in told for name in (s.survivor, s.said.retired)}

    def counts(self, origin: str) -> bool:
        """Whether what was filed under `origin` is this patient's now."""
        return self._survivors.get(origin, origin) == self.patient

    def facts_of(self, origin: str) -> Timeline:
        """What was filed under `origin`; a new timeline where nothing was."""
        if origin == self.patient:
            return self.own
        return self.received.setdefault(origin, Timeline())

    def counting(self) -> frozenset[str]:
        """Whose facts are this patient's now."""
        return frozenset(n for n in (self.patient, *self.received) if self.counts(n))

    def joined(self) -> Timeline:
        """One timeline of all facts that are this patient's now."""
        whole = Timeline()
        for told in self._timelines():
            for delivery in told.deliveries():
                whole.apply(delivery.event, delivery.message_id)
        return whole

    def _timelines(self) -> Iterator[Timeline]:
        for origin in sorted(self.counting()):
            yield self.facts_of(origin)
