"""ORC with RXO, RXE, RXD and RXA: drugs ordered, stopped, dispensed, given; infusions.

Source: HL7 v2.8.2 chapter 4A; order control by table 0119, order status by 0038.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from streams.adapters.hl7v2.completion import Phase, done_with, phase_told
from streams.adapters.hl7v2.products import Product, product, systemic
from streams.adapters.hl7v2.reading import Reading
from streams.adapters.hl7v2.splitter import Segment
from streams.adapters.hl7v2.times import Moment, moment
from streams.adapters.rates import canonical_rate, of_the_base
from streams.adapters.translation import UnmappedCode
from streams.adapters.values import read_result
from streams.vocabulary.antimicrobials import route_of
from streams.vocabulary.drugs import Drug, drugs
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.events import Infusion, Medication
from streams.vocabulary.facts import Flag
from streams.vocabulary.units import UNITS, canonical_unit


Stage = Literal["ordered", "stopped", "dispensed", "given", "not_given", "home"]

_STOPS = {"DC", "OD", "CA", "OC", "CR", "RP", "DR", "UD"}
"""Order control: discontinued, cancelled or replaced, asked for or told."""
_NO_ORDER = {"HD", "OH", "HR", "UA", "UC", "UH", "UR", "UX", "DE", "NA", "SR", "SS"}
"""Order control that orders nothing: holds, refusals, questions."""
_STOPPED_STATUS = {"DC", "CA", "RP"}
_RATES = {"dose_rate", "dose_rate_per_mass", "unit_rate", "volume_rate"}
_NOT_MEASURED = 999
"""RXA-6 where the amount is not known."""
_TIMES = {"h": "h", "hr": "h", "hour": "h", "min": "min", "m": "min", "h1": "h"}


@dataclass(slots=True)
class Prescription:
    """One order and the segments that tell of its drug."""

    orc: Segment | None
    drugs: list[Segment] = field(default_factory=list)
    """RXO, RXE, RXD, RXA."""
    parts: list[Segment] = field(default_factory=list)
    """RXC: what a mixture is made of."""
    timing: Segment | None = None
    """TQ1."""
    route: Segment | None = None
    """RXR."""
    weight_kg: float | None = None


DRUG_SEGMENTS = {"RXO": 1, "RXE": 2, "RXD": 2, "RXA": 5}
"""The field in which each names its drug."""


def amount_of(text: str) -> float | None:
    """One amount; None where it is none, a range (`2-5`) or a bound."""
    told = read_result(text)
    one = told.upper is None and told.comparator is None and not told.titre
    return told.value if one else None


def read_prescription(reading: Reading, told: Prescription) -> None:
    """The facts of one order; of RXO and RXE in one order the encoded one."""
    names = {segment.name for segment in told.drugs}
    for segment in told.drugs:
        if segment.name == "RXO" and "RXE" in names:
            continue
        if segment.name != "RXA" and names & {"RXA"}:
            continue  # of an administration the order is told again
        if segment.name == "RXE" and "RXD" in names:
            continue
        _Telling(reading, told, segment).tell()


class _Telling:
    """One drug segment with its order."""

    def __init__(self, reading: Reading, told: Prescription, segment: Segment) -> None:
        self.reading = reading
        self.told = told
        self.segment = segment
        orc = told.orc
        number = (orc.text(2) or orc.text(3)) if orc is not None else ""
        self.order = reading.reference(number) if number else None
        self.route = _route(told.route)

    def tell(self) -> None:
        """The fact, where the segment names a drug, and those of a mixture's parts."""
        before = len(self.reading.events)
        self._tell()
        for event in self.reading.events[before:]:
            if isinstance(event, Medication):
                self._parts(event)

    def _parts(self, mixture: Medication) -> None:
        """The additives that are known; the fluid they are in is no drug."""
        for rxc in self.told.parts:
            what = product(self.reading.site.codes, rxc, 2)
            if rxc.text(1).upper() == "B" or what is None:
                continue
            antimicrobial = systemic(what, self.route)
            if what.drug is None and antimicrobial is False:
                continue
            amount = amount_of(rxc.text(3))
            self.reading.events.append(
                replace(
                    mixture,
                    event_id=self.reading.distinct(
                        f"{mixture.event_id}:{what.coding.code}"
                    ),
                    flags=tuple(f for f in mixture.flags if f is not Flag.UNMAPPED),
                    drug=what.drug,
                    sent_drug=what.name,
                    dose=amount if amount is None or amount >= 0 else None,
                    unit=rxc.text(4) or None,
                    antimicrobial=antimicrobial,
                )
            )

    def _tell(self) -> None:
        place = DRUG_SEGMENTS[self.segment.name]
        if _is_number_of_its_own(self.segment):
            what = None
        else:
            what = product(self.reading.site.codes, self.segment, place)
        if what is None:
            self.reading.fault(
                self.segment,
                place,
                ErrorCode.MISSING_VALUE,
                "The drug has no code; a name alone may be anything.",
                "Send the drug's code and its name.",
            )
            return
        if what.ignored:
            return
        match self.segment.name:
            case "RXA":
                self._given(what)
            case "RXD":
                self._stage(what, "dispensed", self._at(self.segment, 3), 4, 5)
            case "RXE":
                self._ordered(what, 3, 5)
            case _:
                self._ordered(what, 2, 4)

    def _ordered(self, what: Product, dose: int, unit: int) -> None:
        orc = self.told.orc
        control = orc.text(1).upper() if orc is not None else ""
        if control in _NO_ORDER:
            return
        ended = orc is not None and orc.text(5).upper() in _STOPPED_STATUS
        stops = control in _STOPS or (control in ("SC", "XX", "OK", "") and ended)
        if self.segment.name == "RXE" and self.segment.text(23):
            dose, unit = 23, 24
        at = self._at(self.segment, 0)
        self._stage(what, "stopped" if stops else "ordered", at, dose, unit)

    def _at(self, segment: Segment, place: int) -> Moment | None:
        """The time told beside the drug, else of the order, else of the message."""
        if place and (found := self.reading.when(segment, place)):
            return found
        orc = self.told.orc
        for number in (9, 15) if orc is not None else ():
            if orc is not None and (found := self.reading.when(orc, number)):
                return found
        return self.reading.header.issued

    def _given(self, what: Product) -> None:
        rxa, reading = self.segment, self.reading
        at = self._at(rxa, 3)
        if at is None:
            self._untimed(3)
            return
        done = done_with(rxa)
        if done is None:
            reading.fault(
                rxa,
                20,
                ErrorCode.UNKNOWN_STATUS,
                "It is not told in known words whether this was given.",
                "Send CP, PA, NA or RE in RXA-20.",
            )
            return
        if done == "not_given":
            self._stage(what, "not_given", at, 6, 7)
            return
        drug = drugs().get(what.drug or "")
        unit = self._rate_unit()
        if drug is None or route_of(self.route) == "local" or not self._runs(unit):
            self._stage(what, "given", at, 6, 7)
            return
        if rxa.text(21).upper() == "D":
            self.reading.cancel(
                f"infusion:{self._infusion_id(drug)}:{at.second}", at.at, rank=3
            )
            return
        rate = amount_of(rxa.text(6))
        if rate is not None and rate < 0:
            reading.fault(
                rxa, 6, ErrorCode.IMPOSSIBLE_VALUE, "A rate cannot be negative."
            )
            return
        self._infusion(drug, rate, unit, at)

    def _runs(self, unit: str) -> bool:
        """Whether the amount is a rate."""
        ucum = canonical_unit(self._alias(unit))
        rated = ucum is not None and UNITS[ucum].dimension in _RATES
        return (
            bool(self.segment.text(12)) or rated or phase_told(self.segment) is not None
        )

    def _rate_unit(self) -> str:
        """RXA-7, with the time of RXA-12 where it is told apart."""
        unit, time = self.segment.text(7), self.segment.text(12)
        if not time:
            return unit
        return f"{unit}/{_TIMES.get(time.lower(), time)}"

    def _infusion(self, drug: Drug, rate: float | None, unit: str, at: Moment) -> None:
        rxa = self.segment
        told = phase_told(rxa)
        first = rxa.text(2) == "1" and told is None
        phase: Phase = told or ("started" if first else "changed")
        if rate == 0:
            phase = "stopped"
        self._one(drug, phase, rate, unit, at)
        ended = self.reading.when(rxa, 4)
        if phase != "stopped" and ended is not None and ended.at > at.at:
            self._one(drug, "stopped", rate, unit, ended)

    def _one(
        self, drug: Drug, phase: Phase, rate: float | None, unit: str, at: Moment
    ) -> None:
        reading, key = self.reading, self._infusion_id(drug)
        canonical = self._canonical(drug, rate, unit)
        high = drug.plausible_high
        odd = canonical is not None and high is not None and canonical > high
        reading.events.append(
            Infusion(
                event_id=self.reading.distinct(f"infusion:{key}:{at.second}"),
                happened_at=at.at,
                known_at=reading.received_at,
                version=reading.version(),
                encounter=reading.encounter,
                flags=reading.flags(at, *((Flag.IMPLAUSIBLE,) if odd else ())),
                phase=phase,
                infusion_id=key,
                drug=drug.name,
                rate=canonical,
                sent_rate=rate,
                sent_unit=unit or None,
                weight_kg=self.told.weight_kg,
            )
        )

    def _canonical(self, drug: Drug, rate: float | None, unit: str) -> float | None:
        if rate is None:
            return None
        charted_as = self.reading.site.configuration.vasoactives
        try:
            base = of_the_base(drug, rate, charted_as)
            if base is None:
                return None
            return canonical_rate(drug, base, self._alias(unit), self.told.weight_kg)
        except InputError as error:
            self.reading.fault_of(self.segment, 7, error)
            return None

    def _alias(self, unit: str) -> str:
        return self.reading.site.configuration.units.get(unit, unit)

    def _infusion_id(self, drug: Drug) -> str:
        return self.order or f"{self.reading.encounter or ''}:{drug.name}"

    def _stage(
        self, what: Product, stage: Stage, at: Moment | None, dose: int, unit: int
    ) -> None:
        reading, segment = self.reading, self.segment
        if at is None:
            self._untimed(0)
            return
        of_order = stage in ("ordered", "stopped") and self.order is not None
        when = "" if of_order else f":{at.second}"
        told = "given" if stage == "not_given" else stage
        what_told = "" if of_order else f":{what.coding.code}"
        fact = f"drug:{self.order or ''}{what_told}:{told}{when}"
        if segment.name == "RXA" and segment.text(21).upper() == "D":
            self.reading.cancel(fact, at.at, rank=3)
            return
        antimicrobial = systemic(what, self.route)
        if antimicrobial is None:
            reading.fault(
                segment,
                0,
                ErrorCode.MISSING_VALUE,
                "An antimicrobial without a route may be a systemic one, or none.",
                "Send RXR-1.",
            )
        known = what.drug is not None or antimicrobial is not False
        if not known:
            reading.leave_unmapped(
                UnmappedCode(
                    system=what.coding.system,
                    code=what.coding.code,
                    label=what.coding.label,
                    unit=segment.text(unit),
                )
            )
        local = route_of(self.route) == "local"
        amount = amount_of(segment.text(dose))
        told_in = segment.text(unit) if amount is not None else ""
        if segment.name == "RXA" and amount == _NOT_MEASURED and not segment.text(unit):
            amount = None
        reading.events.append(
            Medication(
                event_id=self.reading.distinct(fact),
                happened_at=at.at,
                known_at=reading.received_at,
                version=reading.version(),
                encounter=reading.encounter,
                flags=reading.flags(at, *(() if known else (Flag.UNMAPPED,))),
                stage=stage,
                order_id=self.order,
                drug=None if local else what.drug,
                sent_drug=what.name,
                route=self.route or None,
                dose=amount if amount is None or amount >= 0 else None,
                unit=told_in or None,
                planned_start=self._planned(7, 4) if stage == "ordered" else None,
                planned_stop=self._planned(8, 5) if stage == "ordered" else None,
                antimicrobial=antimicrobial,
            )
        )

    def _planned(self, of_timing: int, component: int) -> datetime | None:
        """TQ1, or what versions before 2.5 have in ORC-7, and in RXE-1 to this day."""
        if self.told.timing is not None:
            found = self.reading.when(self.told.timing, of_timing)
            return found.at if found else None
        orc = self.told.orc
        told = orc.text(7, component) if orc is not None else ""
        if not told and self.segment.name == "RXE":
            told = self.segment.text(1, component)
        found = moment(told, self.reading.header.zone) if told else None
        return found.at if found else None

    def _untimed(self, place: int) -> None:
        self.reading.fault(
            self.segment,
            place,
            ErrorCode.MISSING_VALUE,
            "Nothing tells when this was.",
            "Send its time in RXA-3 or ORC-9.",
        )


def _is_number_of_its_own(segment: Segment) -> bool:
    """Whether an RXO begins with its number, as other segments do, and is one field off.

    RXO-2 is a number by the standard, and a drug has a name beside its code.
    """
    numbered = segment.text(1).isdecimal() and not segment.text(1, 2)
    return segment.name == "RXO" and numbered and bool(segment.text(2, 2))


def _route(rxr: Segment | None) -> str:
    """RXR-1: the code, unless its name says more of the place.

    A name without a code passes where it is a word for a way into the body.
    """
    if rxr is None:
        return ""
    code, name = rxr.text(1), rxr.text(1, 2)
    if not code:
        known = name.isalpha() and route_of(name) in ("parenteral", "enteral")
        return name if known else ""
    return name if name and route_of(code) == "local" else code
