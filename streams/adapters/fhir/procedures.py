"""Procedure, and a Device at work: dialysis, intubation, ventilation, surgery."""

from __future__ import annotations

from typing import Literal

from streams.adapters.fhir.elements import CodeableReference, Reference
from streams.adapters.fhir.known import KnownCodes
from streams.adapters.fhir.telling import Telling
from streams.adapters.fhir.times import When
from streams.adapters.fhir.treatments import DeviceUse, Procedure
from streams.adapters.site.codes import Coding
from streams.adapters.site.configuration import CodeEntry
from streams.vocabulary import events
from streams.vocabulary.codes import Snomed
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.facts import Flag


Phase = Literal["done", "started", "stopped"]

_NOT_DONE = frozenset({"preparation", "not-done", "intended"})
_SHIPPED = {
    "302497006": "rrt",
    "714749008": "rrt",
    "112798008": "intubation",
    "271280005": "extubation",
    "233573008": "ecmo",
}
"""By SNOMED CT code: haemodialysis, continuous renal replacement, and so on."""
ONCE = "once"
"""A site's word, as `method` of a procedure: it is done, whatever its period."""


def read_procedure(telling: Telling, resource: Procedure) -> None:
    """Something done, or its start and its end."""
    if not telling.whose(resource.subject, resource.encounter):
        return
    if (resource.status or "") in _NOT_DONE:
        return
    codings = telling.desk.codings(resource.code)
    if not codings:
        telling.fault("code", ErrorCode.MISSING_VALUE, "No code says what was done.")
        return
    period = resource.performed_period or resource.occurrence_period
    start = telling.first_time(
        (resource.performed_date_time, "performedDateTime"),
        (resource.occurrence_date_time, "occurrenceDateTime"),
        (period.start if period else None, "performedPeriod.start"),
    )
    if start is None:
        telling.needs_time()
        return
    end = telling.end(period, "performedPeriod")
    _tell(telling, codings, start, end, lasts=period is not None)


def read_device_use(telling: Telling, resource: DeviceUse) -> None:
    """A machine at work, where the site's map says what it supports."""
    if not telling.whose(resource.subject or resource.patient, None):
        return
    codings = _device(telling, resource)
    start = telling.start(resource.timing_period, "timingPeriod") or telling.time(
        resource.timing_date_time, "timingDateTime"
    )
    if not codings or start is None:
        if not telling.waits_for:
            telling.needs_time()
        return
    end = telling.end(resource.timing_period, "timingPeriod")
    _tell(telling, codings, start, end, lasts=True)


def _device(telling: Telling, resource: DeviceUse) -> tuple[Coding, ...]:
    told = resource.device
    reference: Reference | None
    if isinstance(told, CodeableReference):
        if told.concept is not None:
            return telling.desk.codings(told.concept)
        reference = told.reference
    else:
        reference = told
    key = telling.key(reference)
    known = telling.find(key, KnownCodes) if key is not None else None
    return known.codings if known else ()


def _tell(
    telling: Telling,
    codings: tuple[Coding, ...],
    start: When,
    end: When | None,
    *,
    lasts: bool,
) -> None:
    entry = telling.meaning(codings)
    if entry is not None and entry.kind == "ignored":
        return
    if entry is not None and entry.kind == "support":
        _support(telling, entry, start, end)
        return
    name = _name(codings, entry)
    if name is None:
        telling.leave_unmapped(codings)
    early = (Flag.STOP_BEFORE_START,) if end and end.at < start.at else ()
    unmapped = (Flag.UNMAPPED,) if name is None else ()

    def tell(phase: Phase, when: When) -> None:
        telling.tell(
            events.Procedure(
                **telling.common(when, f":{phase}", (*early, *unmapped)),
                phase=phase,
                procedure_id=telling.event_id,
                name=name or codings[0].label or codings[0].code,
                code=str(codings[0]),
            )
        )

    once = entry is not None and entry.method == ONCE
    if not lasts or once or name is None:
        tell("done", start)
        return
    tell("started", start)
    if end is not None:
        tell("stopped", end)


def _support(telling: Telling, entry: CodeEntry, start: When, end: When | None) -> None:
    early = (Flag.STOP_BEFORE_START,) if end and end.at < start.at else ()

    def tell(phase: Literal["started", "stopped"], when: When) -> None:
        telling.tell(
            events.RespiratorySupport(
                **telling.common(when, f":{phase}", early),
                phase=phase,
                category=telling.desk.codes.support(Coding(entry.system, entry.code)),
            )
        )

    tell("started", start)
    if end is not None:
        tell("stopped", end)


def _name(codings: tuple[Coding, ...], entry: CodeEntry | None) -> str | None:
    if entry is not None:
        return entry.concept
    for one in codings:
        if one.system == Snomed.system and one.code in _SHIPPED:
            return _SHIPPED[one.code]
    return None
