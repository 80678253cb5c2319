"""A few patients from their first message to the end of time, by themselves.

What concerns one patient concerns no other, but for merges; so history can be judged
patient by patient with the same steps, in the memory of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from streams.pipeline.instants import by_instant
from streams.pipeline.joining import Posted
from streams.pipeline.patient import Rules, advance
from streams.pipeline.state import PatientState
from streams.vocabulary.ids import identity
from streams.vocabulary.messages import ClockTick, EhrMessage, Message


Key = tuple[str, str]


class Alone:
    """These patients and whom merges tie to them; `states` is what they end with."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.states: dict[Key, PatientState] = {}
        """By site and patient."""

    def run(self, messages: Iterable[EhrMessage]) -> Iterator[Message]:
        """What there is to say, in order; the messages are sorted by `known_at`.

        Each instant is judged once, checks fire at their own moments, and at the end
        time passes until nothing waits for it.
        """
        for told in by_instant(messages):
            yield from self._let_pass(told[0].known_at)
            yield from self._advance((told[0].site, told[0].patient), told)
        yield from self._let_pass(None)

    def _let_pass(self, until: datetime | None) -> Iterator[Message]:
        """Fire what falls due before a moment; None for everything that ever will."""
        while (due := self._next_due()) and (until is None or due[0] < until):
            moment, key = due
            yield from self._advance(key, (_tick(key, moment, self.states[key]),))

    def _next_due(self) -> tuple[datetime, Key] | None:
        waiting = ((s.due, key) for key, s in self.states.items())
        return min(((due, key) for due, key in waiting if due), default=None)

    def _advance(
        self, key: Key, arrivals: Iterable[EhrMessage | ClockTick | Posted]
    ) -> Iterator[Message]:
        state = self.states.setdefault(key, PatientState(*key))
        for_others: dict[Key, list[Posted]] = {}
        for message in advance(state, arrivals, self._rules):
            if isinstance(message, Posted):
                other = (message.site, message.patient)
                for_others.setdefault(other, []).append(message)
            else:
                yield message
        for other, told in for_others.items():
            yield from self._advance(other, told)


def _tick(key: Key, due: datetime, state: PatientState) -> ClockTick:
    site, patient = key
    return ClockTick(
        message_id=identity("tick", site, patient, due.isoformat()),
        site=site,
        patient=patient,
        happened_at=due,
        known_at=due,
        source="clock",
        provenance=state.provenance,
    )
