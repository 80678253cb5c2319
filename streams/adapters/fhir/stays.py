"""Encounter and Location: stays in the hospital and in its units."""

from __future__ import annotations

from typing import Literal

from streams.adapters.fhir.elements import Concept, Period
from streams.adapters.fhir.known import KnownEncounter, KnownLocation
from streams.adapters.fhir.naming import any_identifier, visit
from streams.adapters.fhir.resources import Encounter, EncounterLocation, Location
from streams.adapters.fhir.telling import Telling
from streams.adapters.fhir.times import When, at
from streams.adapters.identity.pseudonyms import Identifier
from streams.adapters.site.configuration import Level, VisitKind
from streams.vocabulary import events
from streams.vocabulary.facts import Flag


EncounterClass = Literal["emergency", "inpatient", "outpatient", "other"]
Disposition = Literal["home", "hospice", "acute_hospital", "facility", "died", "other"]

VOID = frozenset({"entered-in-error", "cancelled", "discontinued"})
_TO_COME = frozenset({"planned"})
_ARRIVED = frozenset({"arrived", "triaged"})
_OVER = frozenset({"finished", "completed", "discharged"})
_CLASSES: dict[str, EncounterClass] = {
    "EMER": "emergency",
    "IMP": "inpatient",
    "ACUTE": "inpatient",
    "NONAC": "inpatient",
    "SS": "inpatient",
    "OBSENC": "outpatient",
    "AMB": "outpatient",
    "HH": "other",
    "VR": "other",
}
"""By code of HL7's ActCode."""
_DISPOSITIONS: dict[str, Disposition] = {
    "home": "home",
    "alt-home": "home",
    "hosp": "hospice",
    "other-hcf": "acute_hospital",
    "long": "facility",
    "psy": "facility",
    "rehab": "facility",
    "snf": "facility",
    "exp": "died",
}
"""By code of FHIR's discharge dispositions."""
_LEVELS: dict[str, Level] = {
    "ICU": "icu",
    "CCU": "icu",
    "PEDICU": "icu",
    "PEDNICU": "icu",
    "ER": "emergency",
    "ETU": "emergency",
    "HU": "ward",
}
"""By code of HL7's ServiceDeliveryLocationRoleType."""
_PLACES = frozenset({"bd", "ro"})
"""A bed or a room is no ward."""
_DEPTH = 8


def learn_encounter(telling: Telling, resource: Encounter) -> None:
    """Make a stay known."""
    told = visit(resource.identifier, telling.desk.site)
    kind = told[1] if told else None
    period = _period(resource)
    start, end = telling.start(period, "period"), telling.end(period, "period")
    known = KnownEncounter(
        version=telling.version,
        name=_name(telling, told[0] if told else None),
        unit=kind == "icu" if kind else _in_unit(resource),
        part_of=telling.key(resource.part_of),
        start=at(start),
        end=at(end),
    )
    telling.desk.directory.learn(telling.scope.key, known)


def read_encounter(telling: Telling, resource: Encounter) -> None:
    """Coming, going, and the units between."""
    learn_encounter(telling, resource)
    if not telling.whose(resource.subject, None):
        return
    telling.join(telling.scope.key)
    if (resource.status or "") not in _TO_COME:
        if resource.part_of is None:
            _stay(telling, resource)
        else:
            _part(telling, resource)
        for number, one in enumerate(resource.location):
            _place(telling, one, number)


def learn_location(telling: Telling, resource: Location) -> None:
    """Make a ward, a room or a bed known."""
    wards, level = telling.desk.site.wards, None
    number = any_identifier(resource.identifier, telling.desk.site)
    names = [resource.name or "", number.value if number else ""]
    ward = next((one for one in names if one in wards), None)
    for concept in resource.type:
        level = level or next(
            (_LEVELS[c.code] for c in concept.coding if c.code in _LEVELS), None
        )
    form = _codes(resource.physical_type) | _codes(resource.form)
    telling.desk.directory.learn(
        telling.scope.key,
        KnownLocation(
            version=telling.version,
            ward=ward or names[0] or telling.event_id,
            level=wards[ward].level if ward else level,
            part_of=telling.key(resource.part_of) if form & _PLACES else None,
        ),
    )


def _name(telling: Telling, number: Identifier | None) -> str:
    kind, _, own = telling.scope.key.partition("/")
    chosen = number or Identifier("Encounter", own or kind)
    return telling.desk.identities.name("encounter", chosen)


def _codes(concept: Concept | None) -> set[str]:
    return {one.code or "" for one in (concept.coding if concept else [])}


def _class_codes(resource: Encounter) -> list[str]:
    told = resource.class_
    if isinstance(told, tuple):
        return [one.code or "" for concept in told for one in concept.coding]
    return [told.code or ""] if told else []


def _in_unit(resource: Encounter) -> bool:
    """A part of a stay, for acute care."""
    return resource.part_of is not None and "ACUTE" in _class_codes(resource)


def _class(resource: Encounter, kind: VisitKind | None) -> EncounterClass:
    told = [_CLASSES[code] for code in _class_codes(resource) if code in _CLASSES]
    found: EncounterClass = told[0] if told else "other"
    if kind == "hospital" and found == "emergency":
        return "inpatient"
    return "emergency" if kind == "emergency" else found


def _stay(telling: Telling, resource: Encounter) -> None:
    """A stay of its own: registered or admitted, and discharged."""
    told = visit(resource.identifier, telling.desk.site)
    of = _class(resource, told[1] if told else None)
    start = _began(telling, resource)
    if start is None:
        telling.needs_time()
        return
    arrived = of == "emergency" or (resource.status or "") in _ARRIVED
    telling.tell(
        _encounter(telling, start, of, "registered" if arrived else "admitted")
    )
    _discharge(telling, resource, start, of)


def _discharge(
    telling: Telling, resource: Encounter, start: When, of: EncounterClass
) -> None:
    period = _period(resource)
    end = telling.end(period, "period")
    if end is None or (resource.status or "") not in _OVER:
        return
    early = (Flag.STOP_BEFORE_START,) if end.at < start.at else ()
    telling.tell(
        events.Encounter(
            **telling.common(end, ":discharged", early),
            phase="discharged",
            encounter_class=of,
            disposition=_disposition(telling, resource),
        )
    )


def _encounter(
    telling: Telling,
    when: When,
    of: EncounterClass,
    phase: Literal["registered", "admitted"],
) -> events.Encounter:
    return events.Encounter(
        **telling.common(when, f":{phase}"), phase=phase, encounter_class=of
    )


def _part(telling: Telling, resource: Encounter) -> None:
    """A part of a stay: of an emergency department, the registration."""
    told = visit(resource.identifier, telling.desk.site)
    of = _class(resource, told[1] if told else None)
    start = _began(telling, resource)
    if of == "emergency" and start is not None:
        telling.tell(_encounter(telling, start, of, "registered"))


def _began(telling: Telling, resource: Encounter) -> When | None:
    period = _period(resource)
    earlier = [one.period for one in resource.status_history]
    return telling.start(period, "period") or next(
        (w for p in earlier if (w := telling.start(p, "statusHistory.period"))), None
    )


def _disposition(telling: Telling, resource: Encounter) -> Disposition | None:
    ended = resource.hospitalization or resource.admission
    for one in telling.desk.codings(ended.discharge_disposition if ended else None):
        entry = telling.meaning((one,))
        word = entry.concept if entry is not None else one.code
        return _DISPOSITIONS.get(word, "other")
    return None


def _place(telling: Telling, one: EncounterLocation, number: int) -> None:
    """Coming to a place and leaving it."""
    ward = _ward(telling, telling.key(one.location))
    start = telling.start(one.period, f"location[{number}].period")
    if ward is None or start is None or one.status in ("planned", "reserved"):
        return
    end = telling.end(one.period, f"location[{number}].period")
    early = (Flag.STOP_BEFORE_START,) if end and end.at < start.at else ()
    suffix = f":{ward.ward}:{start.at.isoformat()}"
    telling.tell(_location(telling, ward, "entered", start, suffix, early))
    if end is not None:
        telling.tell(_location(telling, ward, "left", end, suffix, early))


def _location(
    telling: Telling,
    ward: KnownLocation,
    phase: Literal["entered", "left"],
    when: When,
    suffix: str,
    flags: tuple[Flag, ...],
) -> events.Location:
    level: Level = ward.level or "other"
    if telling.stay is not None and level == "other":
        level = "icu"
    return events.Location(
        **telling.common(when, f"{suffix}:{phase}", flags),
        phase=phase,
        ward=ward.ward,
        level=level,
    )


def _ward(telling: Telling, key: str | None) -> KnownLocation | None:
    """The ward that a place is, or lies in."""
    found: KnownLocation | None = None
    for _ in range(_DEPTH):
        if key is None:
            return found
        known = telling.find(key, KnownLocation)
        if known is None:
            return found
        found, key = known, known.part_of
    return found


def _period(resource: Encounter) -> Period | None:
    """R4's period, or R5's."""
    return resource.period or resource.actual_period
