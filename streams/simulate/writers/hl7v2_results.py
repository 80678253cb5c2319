"""ORU^R01: results of the laboratory and the bedside, cultures, and what became of them.

Source: HL7 v2.5.1, chapter 7; result status by table 0085, report status by 0123.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from streams.simulate.writers.codebook import (
    SYSTEM,
    Local,
    codebook,
    local,
    of_fluid,
)
from streams.simulate.writers.hl7v2_segments import (
    components,
    number,
    segment,
    stamp,
    text,
)
from streams.simulate.writers.written import LeftOut, Spoken
from streams.vocabulary.events import (
    Assessment,
    Cancellation,
    Correction,
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
"""What an OBX of its own tells."""

_STATUS = {"preliminary": "P", "final": "F", "corrected": "C"}
_PREGNANT = {
    True: components("77386006", "Pregnant", "SCT"),
    False: components("60001007", "Not pregnant", "SCT"),
    None: components("261665006", "Unknown", "SCT"),
}
_INTERPRETED = {"S": "Susceptible", "I": "Intermediate", "R": "Resistant"}


@dataclass(frozen=True, slots=True)
class Line:
    """What one OBX says, but for its number and its time."""

    kind: str
    code: str
    sub_id: str
    value: str
    unit: str = ""


def report(message: EhrMessage, events: Sequence[Event]) -> Iterator[str]:
    """One report: OBR, and one OBX a result."""
    moment = events[0].happened_at
    yield _obr(
        message.message_id,
        components("REPORT", "Report", SYSTEM),
        moment,
        issued=message.issued_at,
        status="F",
    )
    for at, (line, event) in enumerate(_lines(events), start=1):
        yield _obx(at, line, event.happened_at, "F")
    yield from _tube(events)


def unwritten(event: Event) -> LeftOut | None:
    """What no result of its own tells."""
    if isinstance(event, RespiratorySupport) and event.phase != "observed":
        return LeftOut(event, "an OBX tells what was seen, not that it began or ended")
    return None


def revision(
    message: EhrMessage, events: Sequence[Correction | Cancellation], spoken: Spoken
) -> Iterator[str]:
    """The report again, with what is corrected (C) or withdrawn as wrong (W)."""
    original = spoken.message_of(_named(events[0]))
    corrects = isinstance(events[0], Correction)
    yield _obr(
        original.message_id,
        components("REPORT", "Report", SYSTEM),
        original.happened_at,
        issued=message.issued_at,
        status="C" if corrects else "X",
    )
    for at, event in enumerate(events, start=1):
        first = spoken.event(_named(event))
        now = event.event if isinstance(event, Correction) else first
        status = "C" if isinstance(event, Correction) else "W"
        yield _obx(at, _line(now), first.happened_at, status)
    yield from _tube([spoken.event(_named(event)) for event in events])


def specimen_taken(
    event: CultureCollected, *, cancelled: bool = False
) -> Iterator[str]:
    """An order whose specimen is on its way, or was lost (table 0123: I, X)."""
    yield _obr(
        event.culture_id,
        _coded(local("CULTURE")),
        event.happened_at,
        issued=None,
        status="X" if cancelled else "I",
        specimen=event.specimen,
    )
    yield _spm(event.culture_id, event.specimen, event.happened_at)


def culture(
    message: EhrMessage, event: CultureResult, taken: CultureCollected
) -> Iterator[str]:
    """What grew; susceptibilities as a child report of the organism's OBX."""
    status = _STATUS[event.status]
    order, specimen = event.culture_id, taken.specimen
    code = local("GRAM" if event.test == "GRAM STAIN" else "CULTURE")
    issued = message.issued_at
    moment = taken.happened_at
    yield _obr(
        order, _coded(code), moment, issued=issued, status=status, specimen=specimen
    )
    found = _found(event)
    yield _obx(1, Line("CWE", _coded(code), "1", found), event.happened_at, status)
    yield _spm(order, specimen, moment)
    if event.susceptibilities:
        parent = {
            26: f"{_coded(code).replace('^', '&')}^1^{text(event.organism or '')}",
            29: f"^{text(order)}&{SYSTEM}",
        }
        yield _obr(
            f"{order}-AST",
            components("AST", "Susceptibility", SYSTEM),
            moment,
            issued=issued,
            status=status,
            more=parent,
        )
        for at, one in enumerate(event.susceptibilities, start=1):
            yield _obx(at, _susceptible(one), event.happened_at, status)


def _found(event: CultureResult) -> str:
    if event.organism is not None:
        code = "".join(word[:4] for word in event.organism.replace(",", "").split())
        return components(code, event.organism, SYSTEM)
    if event.positive:
        return components("POS", "Positive", SYSTEM)
    return components("NEG", "Negative", SYSTEM)


def _susceptible(one: Susceptibility) -> Line:
    said = one.interpretation or ""
    value = components(said, _INTERPRETED.get(said, said), "HL70078")
    code = _coded(codebook()[one.antimicrobial, None, None])
    return Line("CWE", code, "1", value)


def _named(event: Correction | Cancellation) -> str:
    return event.corrects if isinstance(event, Correction) else event.cancels


def _line(event: Event) -> Line:
    sub_id = event.event_id.rpartition(":")[2]
    match event:
        case Measurement():
            return _measured(event, sub_id)
        case Assessment():
            code = _coded(codebook()[event.concept, None, None])
            return Line("NM", code, sub_id, number(event.value or 0), "{score}")
        case Fluid():
            code = _coded(of_fluid(event))
            return Line("NM", code, sub_id, number(event.volume_ml or 0), "mL")
        case Pregnancy():
            code = components("82810-3", "Pregnancy status", "LN")
            return Line("CWE", code, sub_id, _PREGNANT[event.pregnant])
        case RespiratorySupport():
            return _supported(event, sub_id)
    raise TypeError(event.kind)


def _measured(event: Measurement, sub_id: str) -> Line:
    meant = codebook()[event.concept, event.method, event.specimen]
    code, unit = _coded(meant), meant.unit or ""
    if event.value is None:
        word = event.text or ""
        return Line("CWE", code, sub_id, components(word, word, SYSTEM))
    if event.comparator is not None:
        value = components(event.comparator, number(event.value))
        return Line("SN", code, sub_id, value, unit)
    return Line("NM", code, sub_id, number(event.value), unit)


def _lines(events: Sequence[Event]) -> Iterator[tuple[Line, Event]]:
    """One line an event; of a ventilator its mode as well."""
    for event in events:
        yield _line(event), event
        if isinstance(event, RespiratorySupport) and event.mode:
            mode = components(event.mode, event.mode, SYSTEM)
            sub_id = event.event_id.rpartition(":")[2]
            yield Line("CWE", _coded(local("RESP-MODE")), sub_id, mode), event


def _supported(event: RespiratorySupport, sub_id: str) -> Line:
    code = _coded(codebook()[event.category or "", None, None])
    device = event.device or ""
    return Line("CWE", code, sub_id, components(device, device, SYSTEM))


def _tube(events: Sequence[Event]) -> Iterator[str]:
    """The specimen of a report, by its number; what it is of, each code says."""
    for event in events:
        if isinstance(event, Measurement) and event.specimen_id:
            yield _spm(event.specimen_id, "", event.happened_at)
            return


def _coded(meant: Local) -> str:
    """LOINC's code first where it has one, the hospital's own beside it."""
    own = (meant.code, meant.label, SYSTEM)
    if meant.loinc is None:
        return components(*own)
    return components(meant.loinc, meant.label, "LN", *own)


def _obr(
    order: str,
    code: str,
    moment: datetime,
    *,
    issued: datetime | None,
    status: str,
    specimen: str = "",
    more: dict[int, str] | None = None,
) -> str:
    fields = {
        1: "1",
        3: components(order, SYSTEM),
        4: code,
        7: stamp(moment),
        15: components(*_sort(specimen)).replace("^", "&") if specimen else "",
        22: "" if issued is None else stamp(issued),
        25: status,
    }
    return segment("OBR", fields | (more or {}))


def _obx(at: int, line: Line, moment: datetime, status: str) -> str:
    fields = {
        1: str(at),
        2: line.kind,
        3: line.code,
        4: line.sub_id,
        5: line.value,
        6: components(line.unit, "", "UCUM") if line.unit else "",
        11: status,
        14: stamp(moment),
    }
    return segment("OBX", fields)


def _spm(specimen_id: str, name: str, moment: datetime) -> str:
    fields = {
        1: "1",
        2: f"^{text(specimen_id)}&{SYSTEM}",
        4: components(*_sort(name)) if name else "",
        17: stamp(moment),
    }
    return segment("SPM", fields)


def _sort(specimen: str) -> tuple[str, str, str]:
    """A sort of specimen as the laboratory codes it."""
    return specimen.upper().replace(" ", "-"), specimen, SYSTEM
