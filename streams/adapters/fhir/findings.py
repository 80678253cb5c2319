"""Condition and AllergyIntolerance: diagnoses and allergies, standing or ruled out."""

from __future__ import annotations

from streams.adapters.fhir.elements import Concept, Meta
from streams.adapters.fhir.known import KnownEncounter
from streams.adapters.fhir.resources import AllergyIntolerance, Condition
from streams.adapters.fhir.telling import Telling
from streams.adapters.fhir.times import When, read_time
from streams.adapters.site.codes import Coding
from streams.vocabulary import events
from streams.vocabulary.codes import SYSTEMS, Snomed
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.facts import Flag


_DENIED = {"refuted", "entered-in-error"}
_NO_ALLERGIES = {
    (Snomed.system, "716186003"),
    (Snomed.system, "409137002"),
}
"""No known allergy; no known drug allergy."""
_SEVERITIES = ("severe", "moderate", "mild")


def is_void(status: Concept | None) -> bool:
    """Whether a verification status says that it never was."""
    return any(
        one.code == "entered-in-error" for one in (status.coding if status else [])
    )


def read_condition(telling: Telling, resource: Condition) -> None:
    """A diagnosis, from the moment it was on record."""
    if not telling.whose(resource.subject, resource.encounter):
        return
    codings = telling.desk.codings(resource.code)
    if not codings:
        telling.fault("code", ErrorCode.MISSING_VALUE, "No code says what it is.")
        return
    when = (
        telling.first_time(
            (resource.recorded_date, "recordedDate"),
            (resource.onset_date_time, "onsetDateTime"),
        )
        or _end_of_stay(telling, resource)
        or _stored(telling, resource.meta)
    )
    if when is None:
        telling.needs_time()
        return
    telling.tell(
        events.Condition(
            **telling.common(when),
            code=_code(telling, codings),
            present=not _is_denied(resource.verification_status),
        )
    )


def read_allergy(telling: Telling, resource: AllergyIntolerance) -> None:
    """An allergy, or that there is none."""
    if not telling.whose(resource.patient, resource.encounter):
        return
    codings = telling.desk.codings(resource.code)
    when = telling.first_time(
        (resource.recorded_date, "recordedDate"),
        (resource.onset_date_time, "onsetDateTime"),
    ) or _stored(telling, resource.meta)
    if not codings or when is None:
        if codings:
            telling.needs_time()
        else:
            telling.fault("code", ErrorCode.MISSING_VALUE, "No code says to what.")
        return
    none = any((one.system, one.code) in _NO_ALLERGIES for one in codings)
    told = {one.severity for one in resource.reaction}
    telling.tell(
        events.Allergy(
            **telling.common(when),
            substance=codings[0].label or str(codings[0]),
            present=not none and not _is_denied(resource.verification_status),
            severity=next((one for one in _SEVERITIES if one in told), None),
        )
    )


def _is_denied(status: Concept | None) -> bool:
    return any(one.code in _DENIED for one in (status.coding if status else []))


def _end_of_stay(telling: Telling, resource: Condition) -> When | None:
    """Codes without a date were assigned when the stay was over, or later."""
    key = telling.key(resource.encounter)
    known = telling.find(key, KnownEncounter) if key else None
    if known is None or known.end is None:
        return None
    return When(known.end, (Flag.LAG_UNMEASURABLE,))


def _stored(telling: Telling, meta: Meta | None) -> When | None:
    stored = meta and meta.last_updated
    return read_time(stored, telling.desk.site.time_zone) if stored else None


def _code(telling: Telling, codings: tuple[Coding, ...]) -> str:
    """The first code of a system Ember knows, else the first, as `system|code`."""
    for one in codings:
        system = SYSTEMS.get(one.system)
        if system is None:
            continue
        try:
            return str(system(one.code))
        except InputError as error:
            telling.fault_of("code", error)
    return str(codings[0])
