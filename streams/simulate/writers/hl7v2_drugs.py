"""RDE and RAS: what is ordered, stopped, given or not given, and what is running.

Source: HL7 v2.5.1, chapter 4; order control by table 0119, completion by 0322.
"""

from __future__ import annotations

from collections.abc import Iterator

from streams.simulate.writers.codebook import SYSTEM, drug_code
from streams.simulate.writers.hl7v2_segments import (
    components,
    number,
    segment,
    stamp,
)
from streams.simulate.writers.written import LeftOut
from streams.vocabulary.drugs import drugs
from streams.vocabulary.events import Event, Infusion, Medication
from streams.vocabulary.messages import EhrMessage


DRUGS = (Medication, Infusion)
"""What a pharmacy message tells; one message each."""

_PHASE = {"started": "started", "changed": "rate changed", "stopped": "stopped"}


def unwritten(event: Medication | Infusion) -> LeftOut | None:
    """What no pharmacy message of this version tells."""
    if isinstance(event, Medication) and event.stage == "home":
        return LeftOut(event, "there is no message for what is taken at home")
    return None


def pharmacy(
    message: EhrMessage, event: Medication | Infusion
) -> tuple[str, tuple[str, ...]]:
    """Its type, and its segments after the visit."""
    if isinstance(event, Infusion):
        return "RAS^O17^RAS_O17", tuple(_running(message, event))
    if event.stage in {"ordered", "stopped"}:
        return "RDE^O11^RDE_O11", tuple(_ordered(message, event))
    return "RAS^O17^RAS_O17", tuple(_given(message, event))


def _ordered(message: EhrMessage, event: Medication) -> Iterator[str]:
    control = "NW" if event.stage == "ordered" else "DC"
    yield _orc(control, event.order_id, event, message)
    start = event.planned_start
    stop = event.planned_stop
    if start or stop:
        begins = stamp(start) if start else ""
        ends = stamp(stop) if stop else ""
        yield segment("TQ1", {1: "1", 7: begins, 8: ends})
    dose = "" if event.dose is None else number(event.dose)
    yield segment("RXE", {2: _drug(event.sent_drug), 3: dose, 5: _unit(event.unit)})
    yield from _route(event)


def _given(message: EhrMessage, event: Medication) -> Iterator[str]:
    yield _orc("RE", event.order_id, event, message)
    dose = "" if event.dose is None else number(event.dose)
    fields = {
        1: "0",
        2: "1",
        3: stamp(event.happened_at),
        4: stamp(event.happened_at),
        5: _drug(event.sent_drug),
        6: dose,
        7: _unit(event.unit),
        20: "CP" if event.stage == "given" else "NA",
    }
    yield segment("RXA", fields)
    yield from _route(event)


def _running(message: EhrMessage, event: Infusion) -> Iterator[str]:
    """A rate in RXA-6, -7 and -12, by weight where the patient was weighed."""
    yield _orc("RE", event.infusion_id, event, message)
    ended = event.phase == "stopped"
    rate, unit = event.rate, drugs()[event.drug].unit
    if rate is None:
        rate, unit = event.sent_rate, event.sent_unit or ""
    amount, _, time = unit.rpartition("/")
    fields = {
        1: "0",
        2: "1",
        3: stamp(event.happened_at),
        4: stamp(event.happened_at) if ended else "",
        5: _drug(event.drug.capitalize()),
        6: "" if rate is None else number(rate),
        7: components(amount, "", "UCUM"),
        9: components("", _PHASE[event.phase]),
        12: time,
        20: "CP" if ended else "PA",
    }
    yield segment("RXA", fields)
    yield segment("RXR", {1: components("IV")})


def _orc(control: str, order: str | None, event: Event, message: EhrMessage) -> str:
    fields = {
        1: control,
        2: components(order or "", SYSTEM),
        9: stamp(event.happened_at),
        15: stamp(message.issued_at or message.known_at),
    }
    return segment("ORC", fields)


def _drug(name: str) -> str:
    return components(drug_code(name), name, SYSTEM)


def _unit(unit: str | None) -> str:
    return components(unit, "", "UCUM") if unit else ""


def _route(event: Medication) -> Iterator[str]:
    if event.route:
        yield segment("RXR", {1: components(event.route)})
