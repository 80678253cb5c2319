"""Medication: requested, stopped, given, not given, running, taken at home.

Source: HL7 FHIR R4 (4.0.1), MedicationRequest, MedicationAdministration,
MedicationStatement.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from streams.simulate.writers.codebook import drug_code
from streams.simulate.writers.fhir_parts import (
    LOCAL,
    TERMINOLOGY,
    Element,
    Resource,
    coding,
    concept,
    encounter,
    period,
    quantity,
    reference,
    resource,
    subject,
)
from streams.vocabulary.clock import iso
from streams.vocabulary.drugs import drugs
from streams.vocabulary.events import Infusion, Medication
from streams.vocabulary.messages import EhrMessage


def medication(
    told: EhrMessage, event: Medication, ordered: Medication | None
) -> Resource:
    """The resource of its stage; `ordered` is the order that a stop ends."""
    match event.stage:
        case "ordered" | "stopped":
            return _request(told, event, ordered)
        case "home":
            return _statement(told, event)
    return _administration(told, event)


def infusion(
    told: EhrMessage, event: Infusion, known: Sequence[Infusion]
) -> Iterator[Resource]:
    """The rate that ends at this moment, and the one that begins.

    `known` are the moments of this infusion that are on record by now, in order: each
    rate is an administration of its own, from one of them to the next.
    """
    at = [one.event_id for one in known].index(event.event_id)
    if at > 0:
        yield _rate(told, known[at - 1], event)
    if event.phase != "stopped":
        yield _rate(told, event, known[at + 1] if at + 1 < len(known) else None)


def _rate(told: EhrMessage, event: Infusion, ends: Infusion | None) -> Resource:
    amount, unit = event.rate, drugs()[event.drug].unit
    if amount is None:
        amount, unit = event.sent_rate, event.sent_unit or ""
    rate = None if amount is None else quantity(amount, unit)
    return resource(
        "MedicationAdministration",
        event.event_id,
        told,
        status="completed" if ends else "in-progress",
        medicationCodeableConcept=_drug(event.drug.capitalize()),
        subject=subject(told),
        context=encounter(event),
        effectivePeriod=period(event.happened_at, ends.happened_at if ends else None),
        dosage={"rateQuantity": rate} if rate else None,
    )


def _request(
    told: EhrMessage, event: Medication, ordered: Medication | None
) -> Resource:
    first = ordered or event
    stopped = event.stage == "stopped"
    ends = event.happened_at if stopped else first.planned_stop
    return resource(
        "MedicationRequest",
        event.order_id or event.event_id,
        told,
        identifier=[{"system": LOCAL, "value": event.order_id}],
        status="stopped" if stopped else "active",
        intent="order",
        medicationCodeableConcept=_drug(event.sent_drug),
        subject=subject(told),
        encounter=encounter(event),
        authoredOn=iso(first.happened_at),
        dosageInstruction=[
            {
                "route": _route(first.route),
                "timing": {
                    "repeat": {"boundsPeriod": period(first.planned_start, ends)}
                },
            }
            | _dose(first)
        ],
    )


def _dose(event: Medication) -> Element:
    if event.dose is None:
        return {}
    return {"doseAndRate": [{"doseQuantity": quantity(event.dose, event.unit)}]}


def _administration(told: EhrMessage, event: Medication) -> Resource:
    dose = None if event.dose is None else quantity(event.dose, event.unit)
    dosage = {"route": _route(event.route), "dose": dose}
    return resource(
        "MedicationAdministration",
        event.event_id,
        told,
        status="completed" if event.stage == "given" else "not-done",
        medicationCodeableConcept=_drug(event.sent_drug),
        subject=subject(told),
        context=encounter(event),
        effectiveDateTime=iso(event.happened_at),
        request=reference("MedicationRequest", event.order_id),
        dosage={name: part for name, part in dosage.items() if part},
    )


def _statement(told: EhrMessage, event: Medication) -> Resource:
    system = f"{TERMINOLOGY}/medication-statement-category"
    return resource(
        "MedicationStatement",
        event.event_id,
        told,
        status="active",
        category=concept(coding(system, "community")),
        medicationCodeableConcept=_drug(event.sent_drug),
        subject=subject(told),
        context=encounter(event),
        dateAsserted=iso(event.happened_at),
    )


def _drug(name: str) -> Element:
    return concept(coding(LOCAL, drug_code(name), name))


def _route(route: str | None) -> Element | None:
    return concept(coding(LOCAL, route, route)) if route else None
