"""The synthetic hospital's messages as FHIR R4 resources.

What one canonical message tells becomes some resources, or new versions of them; a
second delivery has the bytes of the first.
Names and addresses in them are made up (`people`), and each resource is marked as test
data (`HTEST`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from streams.simulate.writers.codebook import codebook
from streams.simulate.writers.fhir_drugs import infusion, medication
from streams.simulate.writers.fhir_parts import (
    LOCAL,
    TERMINOLOGY,
    Resource,
    coded,
    coding,
    concept,
    encounter,
    period,
    resource,
    subject,
)
from streams.simulate.writers.fhir_results import (
    RESULTS,
    culture,
    observation,
    specimen_taken,
    tube,
)
from streams.simulate.writers.fhir_stay import STAY, Stay
from streams.simulate.writers.written import LeftOut, Spoken, Written
from streams.vocabulary.clock import iso
from streams.vocabulary.codes import Snomed
from streams.vocabulary.events import (
    Allergy,
    Cancellation,
    Condition,
    Correction,
    CultureCollected,
    CultureResult,
    Event,
    Infusion,
    Measurement,
    Medication,
    Procedure,
    RespiratorySupport,
)
from streams.vocabulary.messages import EhrMessage


_NO_PLACE = {
    "code_status": "senders agree on no resource for it",
    "vital_status": "no resource tells only that somebody is alive",
}


@dataclass(slots=True)
class FhirWriter:
    """Writes the resources of one patient, messages in the order of receipt."""

    spoken: Spoken
    _stay: Stay = field(default_factory=Stay)
    _again: dict[str, Written] = field(default_factory=dict)

    def write(self, told: EhrMessage) -> Written:
        """The resources, one a payload, and the facts FHIR has no place for."""
        before = self._again.get(told.message_id)
        if before is None:
            left_out = [
                LeftOut(event, _NO_PLACE[event.kind])
                for event in told.events
                if event.kind in _NO_PLACE
            ]
            payloads = [orjson.dumps(made) for made in self._resources(told)]
            before = Written(tuple(payloads), tuple(left_out))
            self._again[told.message_id] = before
        return before

    def _resources(self, told: EhrMessage) -> Iterator[Resource]:
        yield from self._stay.tell(told, [e for e in told.events if _of_stay(e)])
        yield from _tubes(told)
        for event in told.events:
            yield from self._of(told, event)

    def _of(self, told: EhrMessage, event: Event) -> Iterator[Resource]:
        match event:
            case Correction():
                yield observation(told, event.event, status="corrected")
            case Cancellation():
                yield from self._withdrawn(told, event)
            case CultureCollected():
                yield from specimen_taken(told, event)
            case CultureResult():
                taken = self.spoken.collected(event.culture_id)
                yield from culture(told, event, taken)
            case RespiratorySupport(phase="started" | "stopped"):
                yield self._ventilation(told, event)
            case _ if isinstance(event, RESULTS):
                yield observation(told, event)
            case _:
                yield from self._done(told, event)

    def _done(self, told: EhrMessage, event: Event) -> Iterator[Resource]:
        match event:
            case Medication():
                yield medication(told, event, self._order(event))
            case Infusion():
                yield from infusion(told, event, self._running(told, event))
            case Condition():
                yield _condition(told, event)
            case Allergy():
                yield _allergy(told, event)
            case Procedure():
                yield self._procedure(told, event)

    def _withdrawn(self, told: EhrMessage, event: Cancellation) -> Iterator[Resource]:
        was = self.spoken.event(event.cancels)
        if isinstance(was, CultureCollected):
            yield from specimen_taken(told, was, cancelled=True)
        else:
            yield observation(told, was, status="entered-in-error")

    def _running(self, told: EhrMessage, event: Infusion) -> list[Infusion]:
        """The moments of one infusion that the server has by now, in order."""
        by_now = [
            one
            for one in self.spoken.of(Infusion)
            if one.infusion_id == event.infusion_id
            and _issued(self.spoken.message_of(one.event_id)) <= _issued(told)
        ]
        return sorted(by_now, key=lambda one: one.happened_at)

    def _order(self, event: Medication) -> Medication | None:
        if event.stage != "stopped":
            return None
        return next(
            one
            for one in self.spoken.of(Medication)
            if one.stage == "ordered" and one.order_id == event.order_id
        )

    def _procedure(self, told: EhrMessage, event: Procedure) -> Resource:
        begun = event
        if event.phase == "stopped":
            begun = next(
                one
                for one in self.spoken.of(Procedure)
                if one.procedure_id == event.procedure_id and one.phase == "started"
            )
        return resource(
            "Procedure",
            event.procedure_id,
            told,
            status="in-progress" if event.phase == "started" else "completed",
            code=coded(codebook()[event.name, None, None]),
            subject=subject(told),
            encounter=encounter(event),
            **_performed(event, begun),
        )

    def _ventilation(self, told: EhrMessage, event: RespiratorySupport) -> Resource:
        begun = event
        if event.phase == "stopped":
            begun = next(
                e for e in self.spoken.of(RespiratorySupport) if e.phase == "started"
            )
        artificial = coding(Snomed.system, "40617009", "Artificial respiration")
        own = coding(LOCAL, "RESP-INVASIVE", "Invasive ventilation")
        return resource(
            "Procedure",
            f"{told.patient}-ventilation",
            told,
            status="completed" if event.phase == "stopped" else "in-progress",
            code=concept(artificial, own),
            subject=subject(told),
            encounter=encounter(event),
            **_performed(event, begun),
        )


def bundle(payloads: tuple[bytes, ...]) -> bytes:
    """Resources as one Bundle of type collection."""
    entries = [{"resource": orjson.loads(one)} for one in payloads]
    made = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return orjson.dumps(made)


def _issued(told: EhrMessage) -> datetime:
    return told.issued_at or told.known_at


def _of_stay(event: Event) -> bool:
    return isinstance(event, STAY)


def _tubes(told: EhrMessage) -> Iterator[Resource]:
    drawn = {
        event.specimen_id: event
        for event in told.events
        if isinstance(event, Measurement) and event.specimen_id and event.specimen
    }
    for event in drawn.values():
        yield tube(told, event)


def _performed(event: Procedure | RespiratorySupport, begun: Event) -> Resource:
    if event.phase in {"started", "stopped"}:
        end = event.happened_at if event.phase == "stopped" else None
        return {"performedPeriod": period(begun.happened_at, end)}
    return {"performedDateTime": iso(event.happened_at)}


def _condition(told: EhrMessage, event: Condition) -> Resource:
    system, _, code = event.code.partition("|")
    kind = "problem-list-item" if event.rank is None else "encounter-diagnosis"
    return resource(
        "Condition",
        event.event_id,
        told,
        clinicalStatus=concept(coding(f"{TERMINOLOGY}/condition-clinical", "active")),
        category=[concept(coding(f"{TERMINOLOGY}/condition-category", kind))],
        code=concept(coding(system, code)),
        subject=subject(told),
        encounter=encounter(event),
        recordedDate=iso(event.happened_at),
    )


def _allergy(told: EhrMessage, event: Allergy) -> Resource:
    none = coding(Snomed.system, "716186003", "No known allergy")
    substance = coding(LOCAL, event.substance, event.substance)
    status = coding(f"{TERMINOLOGY}/allergyintolerance-clinical", "active")
    return resource(
        "AllergyIntolerance",
        event.event_id,
        told,
        clinicalStatus=concept(status),
        code=concept(substance if event.present else none),
        patient=subject(told),
        encounter=encounter(event),
        recordedDate=iso(event.happened_at),
    )
