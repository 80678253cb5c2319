"""ADT: arrival, admission, transfer, discharge, death, diagnoses, allergies, surgery.

Source: HL7 v2.5.1, chapter 3; disposition by the UB-04 patient discharge status.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from streams.simulate.writers.codebook import SYSTEM, codebook
from streams.simulate.writers.hl7v2_segments import components, segment, stamp
from streams.simulate.writers.written import LeftOut
from streams.vocabulary.events import (
    Allergy,
    Condition,
    Death,
    Demographics,
    Encounter,
    Event,
    Location,
    Procedure,
)
from streams.vocabulary.messages import EhrMessage


DESK = (Encounter, Location, Demographics, Death, Condition, Allergy, Procedure)
"""What an ADT message tells."""

_CLASS = {"emergency": "E", "inpatient": "I", "outpatient": "O", "other": "U"}
_TRIGGER = {"registered": "A04", "admitted": "A01", "discharged": "A03"}
_DISPOSITION = {
    "home": "01",
    "acute_hospital": "02",
    "facility": "03",
    "died": "20",
    "hospice": "50",
    "other": "70",
}
_DIAGNOSIS_SYSTEM = {"http://hl7.org/fhir/sid/icd-10-cm": "I10C"}
_SEX = {"female": "F", "male": "M", "other": "O", None: "U"}


@dataclass(frozen=True, slots=True)
class Adt:
    """One ADT message: its trigger, what it adds to PID and PV1, and what follows."""

    trigger: str
    person: dict[int, str]
    visit: dict[int, str]
    segments: tuple[str, ...]


def adt(message: EhrMessage, events: Sequence[Event]) -> Adt:
    """The message that tells these events of the desk."""
    person: dict[int, str] = {}
    visit: dict[int, str] = {}
    for event in events:
        person |= _person(event)
        visit |= _visit(event)
    trigger = _trigger(events, inside=any(event.encounter for event in events))
    if trigger == "A03" and 6 in visit:
        visit[3] = visit.pop(6)
    return Adt(
        trigger,
        person,
        visit,
        (*_evn(message, events), *_listed(events)),
    )


def unwritten(events: Sequence[Event]) -> Iterator[LeftOut]:
    """What of the desk's events ADT has no place for."""
    for event in events:
        if isinstance(event, Procedure) and event.phase == "stopped":
            yield LeftOut(event, "PR1 tells that something was done, not that it ended")


def _trigger(events: Sequence[Event], *, inside: bool) -> str:
    for event in events:
        if isinstance(event, Encounter) and event.phase in _TRIGGER:
            return _TRIGGER[event.phase]
    if any(isinstance(event, Location) for event in events):
        return "A02"
    return "A08" if inside else "A31"


def _person(event: Event) -> dict[int, str]:
    match event:
        case Demographics():
            year = str(event.birth_year) if event.birth_year else ""
            return {7: year, 8: _SEX[event.sex]}
        case Death():
            return {29: stamp(event.happened_at), 30: "Y"}
    return {}


def _visit(event: Event) -> dict[int, str]:
    match event:
        case Encounter(phase="discharged"):
            left = _DISPOSITION[event.disposition] if event.disposition else ""
            return {
                2: _CLASS[event.encounter_class],
                36: left,
                45: stamp(event.happened_at),
            }
        case Encounter():
            moment = stamp(event.happened_at)
            return {2: _CLASS[event.encounter_class], 44: moment}
        case Location(phase="entered"):
            return {3: components(event.ward)}
        case Location(phase="left"):
            return {6: components(event.ward)}
    return {}


def _evn(message: EhrMessage, events: Sequence[Event]) -> Iterator[str]:
    recorded = message.issued_at or message.known_at
    moment = stamp(events[0].happened_at)
    yield segment("EVN", {2: stamp(recorded), 6: moment})


def _listed(events: Sequence[Event]) -> Iterator[str]:
    """Allergies, diagnoses and procedures, each kind numbered from 1."""
    kinds: dict[str, int] = {}
    for event in events:
        made = _line(event)
        if made is not None:
            name, fields = made
            kinds[name] = kinds.get(name, 0) + 1
            yield segment(name, {1: str(kinds[name]), **fields})


def _line(event: Event) -> tuple[str, dict[int, str]] | None:
    match event:
        case Allergy():
            severity = "U" if event.severity else ""
            code, name = event.substance.upper().replace(" ", "-"), event.substance
            if not event.present:
                code, name = "NKA", "No known allergy"
            return "AL1", {2: "DA", 3: components(code, name, SYSTEM), 4: severity}
        case Condition():
            system, _, code = event.code.partition("|")
            named = components(code, "", _DIAGNOSIS_SYSTEM.get(system, system))
            kind = "F" if event.rank is not None else "W"
            rank = "" if event.rank is None else str(event.rank)
            moment = stamp(event.happened_at)
            return "DG1", {3: named, 5: moment, 6: kind, 15: rank}
        case Procedure(phase="done" | "started"):
            moment = stamp(event.happened_at)
            meant = codebook()[event.name, None, None]
            named = components(meant.code, event.name, SYSTEM)
            number = components(event.procedure_id, SYSTEM)
            return "PR1", {3: named, 5: moment, 19: number}
    return None
