"""HL7 v2 to canonical events: which types are read, and how a message is taken apart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from streams.adapters.hl7v2.charset import decoded
from streams.adapters.hl7v2.cultures import (
    Cultures,
    is_culture,
    meanings_of,
    read_culture,
    tell_cultures,
)
from streams.adapters.hl7v2.deaths import read_death
from streams.adapters.hl7v2.groups import OrderGroup, PatientGroup, by_order, by_patient
from streams.adapters.hl7v2.header import Hl7Header, header_of, with_event
from streams.adapters.hl7v2.identifiers import pid_identifier
from streams.adapters.hl7v2.meanings import Meanings
from streams.adapters.hl7v2.medications import Prescription, read_prescription
from streams.adapters.hl7v2.merges import (
    OF_ACCOUNTS,
    OF_PATIENTS,
    UNLINKS,
    read_merge,
    read_unlink,
)
from streams.adapters.hl7v2.orders import (
    NO_ORDER,
    Order,
    of_the_patient,
    order_of,
    with_specimen,
)
from streams.adapters.hl7v2.person import read_person
from streams.adapters.hl7v2.problems import (
    read_adverse_reaction,
    read_allergy,
    read_diagnosis,
    read_procedure,
)
from streams.adapters.hl7v2.reading import Account, Reading, Site, site_of
from streams.adapters.hl7v2.results import read_result
from streams.adapters.hl7v2.splitter import Hl7Message, Segment, messages, split
from streams.adapters.hl7v2.states import read_states
from streams.adapters.hl7v2.times import moment
from streams.adapters.hl7v2.visit import encounter_of, read_visit
from streams.adapters.identity.pseudonyms import Identifier, Identities, Sighting
from streams.adapters.site.codes import CodeMap
from streams.adapters.site.configuration import SiteConfiguration
from streams.adapters.translation import Fault, Outcome, Told, Translation
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.events import Event, Measurement


_ADT = {
    *("A01", "A02", "A03", "A04", "A05", "A06", "A07", "A08", "A09", "A10", "A11"),
    *("A12", "A13", "A17", "A28", "A31", "A60"),
}
_READ = {
    "ADT": _ADT | OF_PATIENTS | OF_ACCOUNTS.keys() | UNLINKS,
    "ORU": {"", "R01", "R30", "R31", "R32"},
    "OUL": {"", "R21", "R22", "R23", "R24"},
    "ORM": {"", "O01"},
    "OML": {"", "O21", "O33", "O35", "O39"},
    "OMG": {"", "O19"},
    "OMP": {"", "O09"},
    "RDE": {"", "O01", "O11", "O25", "O49"},
    "RDS": {"", "O01", "O13"},
    "RAS": {"", "O01", "O17"},
}
"""The types that are read; all others are filed unread."""

_ENTERED = (("EVN", 2), ("OBR", 22), ("ORC", 9))
"""When an event was recorded, a report made, an order entered."""
_REPEATED = (
    ("AL1", read_allergy),
    ("IAM", read_adverse_reaction),
    ("DG1", read_diagnosis),
    ("PR1", read_procedure),
)


class Hl7Translator:
    """Reads the HL7 v2 of one site."""

    def __init__(
        self, site: SiteConfiguration, codes: CodeMap, identities: Identities
    ) -> None:
        self._site = site_of(site, codes, identities)
        self._meanings = Meanings(codes)

    def translate(self, payload: bytes, *, received_at: datetime) -> Translation:
        """What the message means, or all messages of a batch; never raises."""
        read = decoded(payload)
        try:
            texts = messages(read.text)
        except InputError as error:
            return _rejected("", None, (_fault("MSH", error),))
        told = [self._one(text, read.codec, read.fault, received_at) for text in texts]
        return told[0] if len(told) == 1 else _joined(told)

    def _one(
        self, text: str, codec: str, odd: Fault | None, received_at: datetime
    ) -> Translation:
        try:
            message = split(text, codec, (odd,) if odd else ())
        except InputError as error:
            return _rejected("", None, (_fault("MSH", error),))
        header = header_of(message.msh, codec, self._site.zone)
        if not header.trigger and (event := message.first("EVN")) is not None:
            header = with_event(header, event.text(1))
        read = _READ.get(header.message_type)
        if read is None or header.trigger not in read:
            return _unread(header, message)
        return _Message(self._site, self._meanings, message, header, received_at).read()


class _Message:
    """One message of a type that is read."""

    def __init__(
        self,
        site: Site,
        meanings: Meanings,
        message: Hl7Message,
        header: Hl7Header,
        received_at: datetime,
    ) -> None:
        self._site = site
        self._meanings = meanings
        self._message = message
        self._header = header
        self._received_at = received_at
        self._account = Account(faults=list(message.faults))
        self._sightings: list[Sighting] = []

    def read(self) -> Translation:
        """All patients of the message."""
        header = self._header
        groups = by_patient(self._message.segments)
        told: dict[str, list[Event]] = {}
        adt = header.message_type == "ADT"
        event = self._message.first("EVN") if adt else None
        patients = []
        for group in groups:
            reading = self._patient(group)
            if reading is not None:
                patients.append(reading)
                self._read(reading, group, event)
                told.setdefault(reading.patient, []).extend(reading.events)
        if not patients:
            nobody = () if groups else (_nobody(),)
            faults = (*nobody, *self._account.faults)
            return _rejected(header.kind, header, _reason_first(faults))
        if header.issued is None and self._message.msh.text(7):
            self._account.faults.append(_NO_TIME)
        if header.trigger in UNLINKS and len(patients) > 1:
            first, other = patients[0], patients[1]
            first.events = []
            read_unlink(first, other.patient)
            told[first.patient] += first.events
        return Translation(
            kind=header.kind,
            outcome="mapped",
            name=header.control_id,
            issued_at=header.issued_at,
            told=tuple(Told(who, tuple(events)) for who, events in told.items()),
            sightings=tuple(self._sightings),
            unmapped=tuple(self._account.unmapped),
            units=tuple(self._account.units),
            faults=tuple(self._account.faults),
        )

    def _patient(self, group: PatientGroup) -> Reading | None:
        pid = group.pid
        identifier = pid_identifier(pid, self._site.configuration)
        if identifier is None:
            self._account.faults.append(_nobody(pid))
            return None
        patient = self._see(identifier)
        issued = self._header.issued_at or self._entered()
        return Reading(
            site=self._site,
            header=self._header,
            received_at=self._received_at,
            issued=max(int(issued.timestamp()), 0) if issued else 0,
            patient=patient,
            account=self._account,
        )

    def _entered(self) -> datetime | None:
        """What orders the versions of a message without MSH-7."""
        for name, number in _ENTERED:
            segment = self._message.first(name)
            told = segment.text(number) if segment is not None else ""
            if told and (found := moment(told, self._header.zone)) is not None:
                return found.at
        return None

    def _see(self, identifier: Identifier) -> str:
        patient = self._site.name("patient", identifier)
        self._sightings.append(Sighting(patient, self._site.key_version, identifier))
        return patient

    def _read(
        self, reading: Reading, group: PatientGroup, event: Segment | None
    ) -> None:
        pid, pv1 = group.pid, group.first("PV1")
        reading.encounter = encounter_of(reading, pid, pv1)
        reading.admitted = reading.when(pv1, 44) if pv1 is not None else None
        if self._header.message_type == "ADT":
            self._administration(reading, group, event, pid, pv1)
        for name, reader in _REPEATED:
            for segment in group.all(name):
                reader(reading, segment)
        self._orders(reading, group)
        read_person(reading, pid)

    def _administration(
        self,
        reading: Reading,
        group: PatientGroup,
        event: Segment | None,
        pid: Segment,
        pv1: Segment | None,
    ) -> None:
        trigger = self._header.trigger
        if trigger in OF_PATIENTS or trigger in OF_ACCOUNTS:
            retired = [
                one
                for mrg in group.all("MRG")
                if (one := read_merge(reading, trigger, mrg)) is not None
            ]
            self._sightings += retired
            if not group.all("MRG"):
                reading.fault(
                    pid,
                    0,
                    ErrorCode.UNUSABLE_MERGE,
                    "A merge without MRG names one patient only.",
                    "Send MRG after PID.",
                )
        read_visit(reading, trigger, event, pv1)
        read_states(reading, group)
        read_death(reading, trigger, event, pid)

    def _orders(self, reading: Reading, group: PatientGroup) -> None:
        first = self._header.message_type == "OUL"
        orders = by_order(group.segments, specimen_first=first)
        if not orders:
            return
        cultures = Cultures()
        for one in orders:
            self._order(reading, one, cultures)
        tell_cultures(reading, cultures)

    def _order(
        self,
        reading: Reading,
        one: OrderGroup,
        cultures: Cultures,
    ) -> None:
        if one.spm is not None and not of_the_patient(one.spm):
            reading.fault(
                one.spm,
                11,
                ErrorCode.NOT_THE_PATIENTS,
                "The specimen is a control or a calibrator; its results were left out.",
            )
            return
        order = self._told_order(reading, one)
        observed = meanings_of(self._meanings, one.results)
        if one.obr is not None and is_culture(order, observed):
            observed = read_culture(reading, cultures, order, observed)
        at = len(reading.events)
        for obx, meaning in observed:
            read_result(reading, obx, meaning, order)
        if one.drugs:
            told = Prescription(
                orc=one.orc,
                drugs=one.drugs,
                parts=one.parts,
                timing=one.timing,
                route=one.route,
                weight_kg=_weight(reading.events[at:]),
            )
            read_prescription(reading, told)

    def _told_order(self, reading: Reading, one: OrderGroup) -> Order:
        if one.obr is not None:
            order = order_of(reading, self._meanings, one.obr, one.orc)
        else:
            order = NO_ORDER
        return with_specimen(reading, order, one.spm) if one.spm else order


def _weight(events: Sequence[Event]) -> float | None:
    """The weight told beside an administration."""
    told = [
        event.value
        for event in events
        if isinstance(event, Measurement) and event.concept == "weight"
    ]
    return told[-1] if told else None


def _unread(header: Hl7Header, message: Hl7Message) -> Translation:
    """A type that is not read; one that is not named at all is rejected."""
    if not header.message_type:
        fault = Fault(
            place="MSH-9",
            code=ErrorCode.NO_MESSAGE_TYPE,
            reason="The message does not say what it is.",
            cure="Send type and trigger in MSH-9.",
        )
        return _rejected("", header, (fault, *message.faults))
    return Translation(
        kind=header.kind,
        outcome="filed",
        name=header.control_id,
        issued_at=header.issued_at,
        faults=message.faults,
    )


def _rejected(
    kind: str, header: Hl7Header | None, faults: tuple[Fault, ...]
) -> Translation:
    return Translation(
        kind=kind,
        outcome="rejected",
        name=header.control_id if header else "",
        issued_at=header.issued_at if header else None,
        faults=faults,
    )


def _joined(told: Sequence[Translation]) -> Translation:
    """The messages of a batch as one: mapped where any of them is."""
    events: dict[str, list[Event]] = {}
    for one in told:
        for person in one.told:
            events.setdefault(person.patient, []).extend(person.events)
    outcomes = {one.outcome for one in told}
    return Translation(
        kind=told[0].kind,
        outcome=next(one for one in _BY_WEIGHT if one in outcomes),
        name=told[0].name,
        issued_at=told[0].issued_at,
        told=tuple(Told(who, tuple(facts)) for who, facts in events.items()),
        sightings=tuple(s for one in told for s in one.sightings),
        unmapped=tuple(u for one in told for u in one.unmapped),
        units=tuple(u for one in told for u in one.units),
        faults=tuple(
            Fault(
                place=f"message {at}: {fault.place}",
                code=fault.code,
                reason=fault.reason,
                cure=fault.cure,
            )
            for at, one in enumerate(told, start=1)
            for fault in one.faults
        ),
    )


def _reason_first(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """Why nobody's message was rejected, before what else is odd about it."""
    return tuple(sorted(faults, key=lambda one: one.code is not ErrorCode.NO_PATIENT))


_BY_WEIGHT: tuple[Outcome, ...] = ("mapped", "rejected", "filed")


_NO_TIME = Fault(
    place="MSH-7",
    code=ErrorCode.MALFORMED_TIME,
    reason="This is no time.",
    cure="Write YYYYMMDDHHMMSS, from 1900 to 2200.",
)


def _nobody(pid: Segment | None = None) -> Fault:
    return Fault(
        place=pid.place(3) if pid else "PID",
        code=ErrorCode.NO_PATIENT,
        reason="No identifier of a patient can be used."
        if pid
        else "No segment PID tells whose message this is.",
        cure="Send the record number in PID-3.",
    )


def _fault(place: str, error: InputError) -> Fault:
    return Fault(place=place, code=error.code, reason=error.problem, cure=error.cure)
