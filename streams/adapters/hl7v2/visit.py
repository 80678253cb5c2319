"""ADT: who the patient is, and their coming, going and dying.

Source: HL7 v2.8.2 chapter 3; patient class by table 0004, disposition by table 0112
with the UB-04 discharge status that it stands for.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from streams.adapters.hl7v2.deaths import recorded, tell_death
from streams.adapters.hl7v2.reading import Reading
from streams.adapters.hl7v2.splitter import Segment
from streams.adapters.hl7v2.times import Moment
from streams.adapters.identity.pseudonyms import Identifier
from streams.adapters.translation import Fault, UnmappedCode
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.events import (
    Encounter,
    Location,
    VitalStatusContact,
)
from streams.vocabulary.facts import Flag


EncounterClass = Literal["emergency", "inpatient", "outpatient", "other"]
Disposition = Literal["home", "hospice", "acute_hospital", "facility", "died", "other"]

_CLASSES: MappingProxyType[str, EncounterClass] = MappingProxyType(
    {
        **dict.fromkeys(("E", "ED", "ER", "EMER", "EMERGENCY"), "emergency"),
        **dict.fromkeys(("I", "B", "IP", "IMP", "INP", "INPATIENT"), "inpatient"),
        **dict.fromkeys(("O", "R", "OP", "AMB", "OUTPATIENT"), "outpatient"),
    }
)
"""Table 0004, and what stands for the same elsewhere."""
_DISPOSITIONS: MappingProxyType[str, Disposition] = MappingProxyType(
    {
        **dict.fromkeys(("1", "6", "8", "81", "86", "HOME", "H"), "home"),
        **dict.fromkeys(("2", "43", "66", "82", "88", "94"), "acute_hospital"),
        **dict.fromkeys(("3", "4", "61", "62", "63", "64", "65", "83"), "facility"),
        **dict.fromkeys(("20", "40", "41", "42", "DIED", "EXPIRED"), "died"),
        **dict.fromkeys(("DECEASED", "EXP", "DEAD"), "died"),
        **dict.fromkeys(("50", "51", "HOSPICE"), "hospice"),
    }
)


@dataclass(frozen=True, slots=True)
class Visit:
    """EVN and PV1 of one message."""

    reading: Reading
    event: Segment | None
    pv1: Segment
    key: str
    """What single out the stay among those of the patient."""

    def occurred(self) -> Moment | None:
        """When it came to pass: EVN-6, else when it was entered."""
        told = self.reading.when(self.event, 6) if self.event else None
        return told or recorded(self.reading, self.event)

    @property
    def encounter_class(self) -> EncounterClass:
        """By PV1-2."""
        return _CLASSES.get(self.pv1.text(2).upper(), "other")


_NO_VISIT = Fault(
    place="PV1",
    code=ErrorCode.MISSING_VALUE,
    reason="The message tells of a visit and has no segment for it.",
    cure="Send PV1.",
)


def encounter_of(reading: Reading, pid: Segment, pv1: Segment | None) -> str | None:
    """The hospital stay: the visit number PV1-19, else the account PID-18.

    By its number alone: one sender of a site names who assigned it, another does not,
    and it is singled out by the patient already.
    """
    number = (pv1.text(19) if pv1 else "") or pid.text(18)
    return reading.site.name("encounter", Identifier("", number)) if number else None


def read_visit(
    reading: Reading, trigger: str, event: Segment | None, pv1: Segment | None
) -> None:
    """What the trigger tells of the stay."""
    act = _ACTS.get(trigger)
    if act is None:
        return
    if pv1 is None:
        reading.account.faults.append(_NO_VISIT)
        return
    key = reading.encounter
    if key is None:
        admitted = reading.admitted
        key = f"from:{admitted.second}" if admitted else "unnamed"
    act(Visit(reading, event, pv1, key))


def _arrived(visit: Visit, phase: Literal["registered", "admitted"]) -> None:
    at = visit.reading.admitted or visit.occurred()
    if at is None:
        _untimed(visit, 44)
        return
    _encounter(visit, phase, at)
    _alive(visit, "admission" if phase == "admitted" else "registration", at)
    _location(visit, "entered", visit.pv1, 3, at, f"entered:{phase}")


def _admit(visit: Visit) -> None:
    _arrived(visit, "admitted")


def _register(visit: Visit) -> None:
    _arrived(visit, "registered")


def _transfer(visit: Visit) -> None:
    at = visit.occurred()
    if at is None:
        _untimed(visit, 0)
        return
    second = at.second
    if _ward(visit.pv1, 6):
        _location(visit, "left", visit.pv1, 6, at, f"left:{second}")
    _location(visit, "entered", visit.pv1, 3, at, f"entered:{second}")
    if not _ward(visit.pv1, 3):
        visit.reading.fault(
            visit.pv1,
            3,
            ErrorCode.MISSING_VALUE,
            "The patient was moved, and no ward is named.",
            "Send the point of care in PV1-3.1.",
        )


def _discharge(visit: Visit) -> None:
    at = visit.reading.when(visit.pv1, 45) or visit.occurred()
    if at is None:
        _untimed(visit, 45)
        return
    disposition = _disposition(visit.pv1)
    _encounter(visit, "discharged", at, disposition)
    _location(visit, "left", visit.pv1, 3, at, "left:discharge")
    if disposition == "died":
        fact = f"visit:{visit.key}:death"
        tell_death(visit.reading, at, place="hospital", basis="PV1-36", fact=fact)
    else:
        _alive(visit, "discharge", at)


def _change_class(visit: Visit) -> None:
    """A06, A07: the stay goes on as one of another class."""
    _arrived(visit, "admitted")


def _update(visit: Visit) -> None:
    """A08: the stay as it stands now, where its times are told."""
    reading = visit.reading
    admitted = reading.admitted
    if admitted is not None and visit.encounter_class in ("emergency", "inpatient"):
        inside = visit.encounter_class == "inpatient"
        _encounter(visit, "admitted" if inside else "registered", admitted)
    discharged = reading.when(visit.pv1, 45)
    if discharged is not None:
        _encounter(visit, "discharged", discharged, _disposition(visit.pv1))


def _cancel_admit(visit: Visit) -> None:
    """A11: of an outpatient also the registration, which A11 cancels alike."""
    phases = ["admitted"]
    if visit.encounter_class == "outpatient":
        phases.append("registered")
    for phase in phases:
        alive = "admission" if phase == "admitted" else "registration"
        for fact in (phase, f"alive:{alive}", f"entered:{phase}"):
            _take_back(visit.reading, f"visit:{visit.key}:{fact}")


def _cancel_transfer(visit: Visit) -> None:
    """A12: the patient is where PV1-3 says, and was not moved at EVN-6."""
    if visit.event is not None and visit.event.text(6):
        moved = visit.occurred()
        if moved is not None:
            for fact in ("entered", "left"):
                second = moved.second
                _take_back(visit.reading, f"visit:{visit.key}:{fact}:{second}")
    else:
        visit.reading.fault(
            visit.event or visit.pv1,
            6 if visit.event else 0,
            ErrorCode.MISSING_VALUE,
            "It is not told when the cancelled transfer was.",
            "Send its time in EVN-6.",
        )
    back = recorded(visit.reading, visit.event)
    if back is not None:
        second = back.second
        _location(visit, "entered", visit.pv1, 3, back, f"entered:{second}")


def _cancel_discharge(visit: Visit) -> None:
    for fact in ("discharged", "left:discharge", "alive:discharge", "death"):
        _take_back(visit.reading, f"visit:{visit.key}:{fact}")


_ACTS = {
    "A01": _admit,
    "A02": _transfer,
    "A03": _discharge,
    "A04": _register,
    "A06": _change_class,
    "A07": _change_class,
    "A08": _update,
    "A11": _cancel_admit,
    "A12": _cancel_transfer,
    "A13": _cancel_discharge,
    "A17": _transfer,
}
"""A05, A09, A10, A28 and A31 tell of the person alone: a plan, or a way through the
house that changes no bed."""


def _encounter(
    visit: Visit,
    phase: Literal["registered", "admitted", "discharged"],
    at: Moment,
    disposition: Disposition | None = None,
) -> None:
    reading = visit.reading
    reading.events.append(
        Encounter(
            event_id=f"visit:{visit.key}:{phase}",
            happened_at=at.at,
            known_at=reading.received_at,
            version=reading.version(),
            encounter=reading.encounter,
            flags=reading.flags(at),
            phase=phase,
            encounter_class=visit.encounter_class,
            disposition=disposition,
        )
    )


def _location(
    visit: Visit,
    phase: Literal["entered", "left"],
    pv1: Segment,
    number: int,
    at: Moment,
    fact: str,
) -> None:
    ward = _ward(pv1, number)
    if not ward:
        return
    reading = visit.reading
    known = reading.site.configuration.wards.get(ward)
    if known is None:
        reading.leave_unmapped(UnmappedCode(system="PV1-3", code=ward))
    reading.events.append(
        Location(
            event_id=f"visit:{visit.key}:{fact}",
            happened_at=at.at,
            known_at=reading.received_at,
            version=reading.version(),
            encounter=reading.encounter,
            flags=reading.flags(at, *(() if known else (Flag.UNMAPPED,))),
            phase=phase,
            ward=ward,
            level=known.level if known else "other",
        )
    )


def _ward(pv1: Segment, number: int) -> str:
    """The point of care of a PL; a bed's or a floor's number names no ward."""
    return pv1.text(number)


def _alive(visit: Visit, basis: str, at: Moment) -> None:
    reading = visit.reading
    reading.events.append(
        VitalStatusContact(
            event_id=f"visit:{visit.key}:alive:{basis}",
            happened_at=at.at,
            known_at=reading.received_at,
            version=reading.version(),
            encounter=reading.encounter,
            flags=reading.flags(at),
            alive=True,
            basis=basis,
        )
    )


def _disposition(pv1: Segment) -> Disposition | None:
    told = pv1.text(36).upper()
    if not told:
        return None
    return _DISPOSITIONS.get(told.lstrip("0"), "other")


def _take_back(reading: Reading, event_id: str) -> None:
    at = reading.header.issued_at or reading.received_at
    reading.cancel(event_id, at, rank=1)


def _untimed(visit: Visit, number: int) -> None:
    visit.reading.fault(
        visit.pv1,
        number,
        ErrorCode.MISSING_VALUE,
        "Nothing tells when this happened.",
        "Send its time in EVN-6, or in PV1-44 and PV1-45.",
    )
