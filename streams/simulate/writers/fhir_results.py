"""Observations and specimens: measured, assessed, charted, grown.

Source: HL7 FHIR R4 (4.0.1), Observation, Specimen; HL7 US Core for susceptibility.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from streams.simulate.writers.codebook import codebook, local, of_fluid
from streams.simulate.writers.fhir_parts import (
    LOCAL,
    TERMINOLOGY,
    Element,
    Resource,
    coded,
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
from streams.vocabulary.codes import Loinc, Snomed
from streams.vocabulary.events import (
    Assessment,
    CultureCollected,
    CultureResult,
    Event,
    Fluid,
    Measurement,
    Pregnancy,
    RespiratorySupport,
    Susceptibility,
)
from streams.vocabulary.messages import EhrMessage


RESULTS = (Measurement, Assessment, Fluid, Pregnancy, RespiratorySupport)
"""What an Observation of its own tells."""

_PREGNANT = {
    True: coding(Snomed.system, "77386006", "Pregnant"),
    False: coding(Snomed.system, "60001007", "Not pregnant"),
    None: coding(Snomed.system, "261665006", "Unknown"),
}
_INTERPRETATION = f"{TERMINOLOGY}/v3-ObservationInterpretation"


def observation(told: EhrMessage, event: Event, *, status: str = "final") -> Resource:
    """One result; its id is the event's, so that a later version takes its place."""
    specimen = None
    match event:
        case Measurement():
            meant = codebook()[event.concept, event.method, event.specimen]
            code, category, value = coded(meant), meant.category, _measured(event)
            if event.specimen:
                specimen = reference("Specimen", event.specimen_id, event.specimen)
        case Assessment():
            meant = codebook()[event.concept, None, None]
            code, category = coded(meant), meant.category
            value = {"valueQuantity": quantity(event.value or 0, meant.unit)}
        case Fluid():
            meant = of_fluid(event)
            code, category = coded(meant), meant.category
            value = {"valueQuantity": quantity(event.volume_ml or 0, "mL")}
        case Pregnancy():
            code = concept(coding(Loinc.system, "82810-3", "Pregnancy status"))
            category = "survey"
            value = {"valueCodeableConcept": concept(_PREGNANT[event.pregnant])}
        case RespiratorySupport():
            code, category = _breathing(event), "vital-signs"
            device = event.device or ""
            value = {"valueCodeableConcept": concept(coding(LOCAL, device, device))}
        case _:
            raise TypeError(event.kind)
    return resource(
        "Observation",
        event.event_id,
        told,
        status=status,
        category=[concept(coding(f"{TERMINOLOGY}/observation-category", category))],
        code=code,
        subject=subject(told),
        encounter=encounter(event),
        issued=iso(told.issued_at or told.known_at),
        specimen=specimen,
        **_effective(event),
        **value,
    )


def _effective(event: Event) -> Resource:
    """A moment; of what was gathered, since when."""
    if isinstance(event, Fluid) and event.started_at is not None:
        return {"effectivePeriod": period(event.started_at, event.happened_at)}
    return {"effectiveDateTime": iso(event.happened_at)}


def tube(told: EhrMessage, event: Measurement) -> Resource:
    """The specimen a result was measured in."""
    return _specimen(
        told, event.specimen_id or "", event.specimen or "blood", event.happened_at
    )


def specimen_taken(
    told: EhrMessage, event: CultureCollected, *, cancelled: bool = False
) -> Iterator[Resource]:
    """The specimen, and the test that was asked of it; `cancelled`: it was lost."""
    yield _specimen(
        told,
        event.culture_id,
        event.specimen,
        event.happened_at,
        status="unavailable" if cancelled else "available",
    )
    yield _test(told, event, "culture", "cancelled" if cancelled else "registered", {})


def culture(
    told: EhrMessage, event: CultureResult, taken: CultureCollected
) -> Iterator[Resource]:
    """What grew: the test, the organism in it, and what the organism yields to."""
    test = "gram" if event.test == "GRAM STAIN" else "culture"
    tried = [
        f"{event.culture_id}-{test}-{at}"
        for at in range(1, len(event.susceptibilities) + 1)
    ]
    members = [reference("Observation", name) for name in tried]
    said: Element = {"valueCodeableConcept": concept(_found(event))}
    if members:
        said["hasMember"] = members
    yield _test(told, taken, test, event.status, said, known=event)
    for name, one in zip(tried, event.susceptibilities, strict=True):
        yield _susceptible(told, event, name, one, taken)


def _found(event: CultureResult) -> Element:
    if event.organism is not None:
        return coding(LOCAL, _short(event.organism), event.organism)
    if event.positive:
        return coding(Snomed.system, "10828004", "Positive")
    return coding(Snomed.system, "264868006", "No growth")


def _susceptible(
    told: EhrMessage,
    event: CultureResult,
    name: str,
    one: Susceptibility,
    taken: CultureCollected,
) -> Resource:
    said = concept(coding(_INTERPRETATION, one.interpretation or ""))
    return resource(
        "Observation",
        name,
        told,
        status=event.status,
        category=[_LABORATORY],
        code=coded(codebook()[one.antimicrobial, None, None]),
        subject=subject(told),
        encounter=encounter(event),
        effectiveDateTime=iso(taken.happened_at),
        issued=iso(event.happened_at),
        specimen=reference("Specimen", event.culture_id, taken.specimen),
        derivedFrom=[reference("Observation", f"{event.culture_id}-culture")],
        valueCodeableConcept=said,
        interpretation=[said],
    )


_LABORATORY = concept(coding(f"{TERMINOLOGY}/observation-category", "laboratory"))


def _test(
    told: EhrMessage,
    taken: CultureCollected,
    test: str,
    status: str,
    said: Element,
    *,
    known: CultureResult | None = None,
) -> Resource:
    return resource(
        "Observation",
        f"{taken.culture_id}-{test}",
        told,
        status=status,
        category=[_LABORATORY],
        code=coded(local(test.upper())),
        subject=subject(told),
        encounter=encounter(taken),
        effectiveDateTime=iso(taken.happened_at),
        issued=iso(known.happened_at) if known else None,
        specimen=reference("Specimen", taken.culture_id, taken.specimen),
        **said,
    )


def _specimen(
    told: EhrMessage,
    name: str,
    kind: str,
    moment: datetime,
    *,
    status: str = "available",
) -> Resource:
    return resource(
        "Specimen",
        name,
        told,
        identifier=[{"system": LOCAL, "value": name}],
        status=status,
        type=concept(coding(LOCAL, _short(kind), kind)),
        subject=subject(told),
        collection={"collectedDateTime": iso(moment)},
    )


def _measured(event: Measurement) -> Element:
    meant = codebook()[event.concept, event.method, event.specimen]
    if event.value is None:
        word = event.text or ""
        return {"valueCodeableConcept": concept(coding(LOCAL, word, word))}
    told = quantity(event.value, meant.unit)
    return {
        "valueQuantity": told
        | ({"comparator": event.comparator} if event.comparator else {})
    }


def _breathing(event: RespiratorySupport) -> Element:
    return coded(codebook()[event.category or "", None, None])


def _short(name: str) -> str:
    return name.upper().replace(",", "").replace("/", "-").replace(" ", "-")
