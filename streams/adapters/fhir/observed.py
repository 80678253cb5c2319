"""What all Observations share: when, how certain, and in which specimen."""

from __future__ import annotations

from typing import Literal

from streams.adapters.fhir.known import KnownSpecimen
from streams.adapters.fhir.resources import Observation
from streams.adapters.fhir.telling import Telling
from streams.adapters.fhir.times import When, read_time


Status = Literal["preliminary", "final", "corrected"]

VOID = frozenset({"entered-in-error", "cancelled"})
UNTOLD = frozenset({"registered", "specimen-in-process"})
_STATUSES: dict[str, Status] = {
    "preliminary": "preliminary",
    "unknown": "preliminary",
    "amended": "corrected",
    "corrected": "corrected",
}
_SPECIMENS = {
    "122552005": "arterial",
    "122555007": "venous",
    "122554006": "capillary",
    "119297000": "blood",
    "122575003": "urine",
    "BLDA": "arterial",
    "BLDV": "venous",
    "BLDC": "capillary",
    "BLD": "blood",
    "UR": "urine",
}
"""By SNOMED CT code, or code of HL7 table 0487."""


def effective(telling: Telling, resource: Observation) -> When | None:
    """When it was so; the start of a period; failing that, when it was issued."""
    period = resource.effective_period
    when = telling.first_time(
        (resource.effective_date_time, "effectiveDateTime"),
        (resource.effective_instant, "effectiveInstant"),
        (period.start if period else None, "effectivePeriod.start"),
        (period.end if period else None, "effectivePeriod.end"),
        (resource.issued, "issued"),
    )
    if when is None:
        telling.needs_time()
    return when


def gathered(
    telling: Telling, resource: Observation
) -> tuple[When | None, When] | None:
    """Since when and until when something was gathered; None where it is no period."""
    period = resource.effective_period
    if resource.effective_date_time or resource.effective_instant or period is None:
        return None
    end = telling.end(period, "effectivePeriod")
    if end is None:
        return None
    zone = telling.desk.site.time_zone  # a start that is none was told of already
    return read_time(period.start, zone) if period.start else None, end


def status_of(written: str | None) -> Status:
    """Preliminary, final or corrected."""
    return _STATUSES.get(written or "", "final")


def specimen_of(
    telling: Telling, resource: Observation
) -> tuple[str | None, str | None]:
    """The specimen's name, and what sort it is in Ember's words or its own."""
    key = telling.key(resource.specimen)
    known = telling.find(key, KnownSpecimen) if key else None
    if known is None:
        return None, None
    for one in known.types:
        if one.code in _SPECIMENS:
            return known.name, _SPECIMENS[one.code]
    first = known.types[0] if known.types else None
    return known.name, (first.label or first.code).lower() if first else None
