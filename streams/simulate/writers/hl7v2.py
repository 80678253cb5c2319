"""The synthetic hospital's messages as HL7 v2.5.1: ADT, ORU, RDE and RAS.

Each canonical message becomes one message or several, one of each type it tells of.
A second delivery has the bytes of the first.
Names, addresses and numbers in them are made up (`people`), and MSH-11 says T: a
training hospital's, never to be taken for a patient's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from streams.simulate.writers.codebook import AUTHORITY
from streams.simulate.writers.hl7v2_desk import DESK, adt
from streams.simulate.writers.hl7v2_desk import unwritten as unwritten_at_the_desk
from streams.simulate.writers.hl7v2_drugs import DRUGS, pharmacy
from streams.simulate.writers.hl7v2_drugs import unwritten as unwritten_drug
from streams.simulate.writers.hl7v2_results import (
    RESULTS,
    culture,
    report,
    revision,
    specimen_taken,
)
from streams.simulate.writers.hl7v2_results import unwritten as unwritten_result
from streams.simulate.writers.hl7v2_segments import (
    components,
    message,
    segment,
    stamp,
    text,
)
from streams.simulate.writers.people import identity_of
from streams.simulate.writers.written import LeftOut, Spoken, Written
from streams.vocabulary.events import (
    Cancellation,
    Correction,
    CultureCollected,
    CultureResult,
    Event,
)
from streams.vocabulary.messages import EhrMessage


_NO_PLACE = {
    "code_status": "senders agree on no code for it",
    "vital_status": "no message tells only that somebody is alive",
}


@dataclass(slots=True)
class Hl7Writer:
    """Writes the messages of one patient."""

    spoken: Spoken
    _left_out: list[LeftOut] = field(default_factory=list)

    def write(self, told: EhrMessage) -> Written:
        """The messages, and the facts that HL7 v2 has no place for."""
        self._left_out = []
        payloads = [
            _whole(told, kind, at, segments)
            for at, (kind, segments) in enumerate(self._messages(told))
        ]
        return Written(tuple(payloads), tuple(self._left_out))

    def _messages(self, told: EhrMessage) -> Iterator[tuple[str, list[str]]]:
        yield from self._desk(told)
        yield from self._reports(told)
        yield from self._cultures(told)
        yield from self._drugs(told)
        self._left_out += [
            LeftOut(event, _NO_PLACE[event.kind])
            for event in told.events
            if event.kind in _NO_PLACE
        ]

    def _desk(self, told: EhrMessage) -> Iterator[tuple[str, list[str]]]:
        events = [event for event in told.events if isinstance(event, DESK)]
        without = list(unwritten_at_the_desk(events))
        self._left_out += without
        lost = [one.event for one in without]
        events = [event for event in events if event not in lost]
        if not events:
            return
        made = adt(told, events)
        evn, *rest = made.segments
        visit = _visit(events[0], made.visit)
        heading = [evn, _pid(told, made.person), *visit, *rest]
        yield f"ADT^{made.trigger}", heading

    def _reports(self, told: EhrMessage) -> Iterator[tuple[str, list[str]]]:
        results = [event for event in told.events if isinstance(event, RESULTS)]
        without = [one for e in results if (one := unwritten_result(e)) is not None]
        self._left_out += without
        lost = [one.event for one in without]
        results = [event for event in results if event not in lost]
        if results:
            yield "ORU^R01^ORU_R01", _about(told, results[0], *report(told, results))
        revised = [e for e in told.events if self._revises_a_result(e)]
        if revised:
            told_of = self.spoken.event(_speaks_of(revised[0]))
            segments = revision(told, revised, self.spoken)  # type: ignore[arg-type]  # chosen above
            yield "ORU^R01^ORU_R01", _about(told, told_of, *segments)

    def _cultures(self, told: EhrMessage) -> Iterator[tuple[str, list[str]]]:
        for event in told.events:
            match event:
                case CultureCollected():
                    segments = specimen_taken(event)
                case CultureResult():
                    taken = self.spoken.collected(event.culture_id)
                    segments = culture(told, event, taken)
                case Cancellation() if not self._revises_a_result(event):
                    lost = self.spoken.event(event.cancels)
                    if not isinstance(lost, CultureCollected):
                        raise TypeError(lost.kind)
                    segments = specimen_taken(lost, cancelled=True)
                case _:
                    continue
            yield "ORU^R01^ORU_R01", _about(told, event, *segments)

    def _drugs(self, told: EhrMessage) -> Iterator[tuple[str, list[str]]]:
        for event in told.events:
            if not isinstance(event, DRUGS):
                continue
            without = unwritten_drug(event)
            if without is not None:
                self._left_out.append(without)
                continue
            kind, segments = pharmacy(told, event)
            yield kind, _about(told, event, *segments)

    def _revises_a_result(self, event: Event) -> bool:
        if not isinstance(event, Correction | Cancellation):
            return False
        return isinstance(self.spoken.event(_speaks_of(event)), RESULTS)


def _speaks_of(event: Event) -> str:
    if isinstance(event, Correction):
        return event.corrects
    return event.cancels if isinstance(event, Cancellation) else event.event_id


def _about(told: EhrMessage, event: Event, *segments: str) -> list[str]:
    return [_pid(told, {}), *_visit(event, {}), *segments]


def _whole(told: EhrMessage, kind: str, at: int, segments: list[str]) -> bytes:
    control = f"{told.message_id.replace('-', '')[:17]}{at:03d}"
    fields = {
        2: "^~\\&",
        3: "EMBER-SIM",
        4: AUTHORITY,
        5: "EMBER",
        7: stamp(told.issued_at or told.known_at),
        9: kind,
        10: control,
        11: "T",
        12: "2.5.1",
        18: "UNICODE UTF-8",
    }
    return message(segment("MSH", fields), *segments)


def _pid(told: EhrMessage, more: dict[int, str]) -> str:
    who = identity_of(told.patient)
    fields = {
        1: "1",
        3: f"{text(told.patient)}^^^{AUTHORITY}^MR~{who.insurance}^^^MADEUP^XX",
        5: components(who.family, who.given),
        11: components(who.street, "", who.town),
        13: text(who.phone),
    }
    return segment("PID", fields | more)


def _visit(event: Event, more: dict[int, str]) -> list[str]:
    if event.encounter is None:
        return []
    fields = {
        1: "1",
        2: "I",
        7: components("", identity_of(event.encounter).physician),
        19: components(event.encounter, "", "", AUTHORITY),
    }
    return [segment("PV1", fields | more)]
