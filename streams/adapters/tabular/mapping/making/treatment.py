"""Drugs, infusions, fluids, procedures and support of breathing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from streams.adapters.rates import canonical_rate
from streams.adapters.site.codes import CodeMap, Coding
from streams.adapters.tabular.mapping.facts import (
    Drugs,
    FluidFact,
    InfusionFact,
    MedicationFact,
    ProcedureFact,
    SupportFact,
)
from streams.adapters.tabular.mapping.line import At, Line, Stamp
from streams.adapters.tabular.mapping.making.words import needed, one_of
from streams.adapters.tabular.mapping.stamping import AT_ONCE, Binding
from streams.vocabulary.antimicrobials import recognise, route_of
from streams.vocabulary.drugs import drugs
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.events import (
    Event,
    Fluid,
    Infusion,
    Medication,
    Procedure,
    RespiratorySupport,
)
from streams.vocabulary.facts import Flag
from streams.vocabulary.units import UNITS, canonical_unit, convert


Makes = Callable[[Line], Iterator[Event]]

Stage = Literal["ordered", "stopped", "dispensed", "given", "not_given", "home"]
_STAGES: tuple[Stage, ...] = (
    "ordered",
    "stopped",
    "dispensed",
    "given",
    "not_given",
    "home",
)
Phase = Literal["started", "changed", "stopped"]
_PHASES: tuple[Phase, ...] = ("started", "changed", "stopped")
_DIRECTIONS: tuple[Literal["in", "out"], ...] = ("in", "out")
_SUBSTANCES = (
    "urine",
    "gu_irrigant",
    "crystalloid",
    "colloid",
    "blood_product",
    "other",
)
_CATEGORIES: tuple[
    Literal[
        "invasive", "niv", "cpap", "hfnc", "tracheostomy", "oxygen", "none", "other"
    ],
    ...,
] = ("invasive", "niv", "cpap", "hfnc", "tracheostomy", "oxygen", "none", "other")
_OBSERVED: tuple[Literal["observed", "started", "stopped"], ...] = (
    "observed",
    "started",
    "stopped",
)
_MOST_ML = 5_000.0
"""The most that one charting may hold and be believed; ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pharmacy:
    """What a site says of its drugs."""

    codes: CodeMap
    vasoactives: Mapping[str, Literal["salt", "base"]]
    aliases: Mapping[str, str]


def medications(fact: MedicationFact, binding: Binding, pharmacy: Pharmacy) -> Makes:
    """One stage of an order; with `until` its end as well."""
    sheet = binding.sheet
    at, until = binding.at(fact), sheet.told(fact.until)
    stamps, event_id = binding.stamps(fact), binding.event_id(fact)
    names, stages, route = (
        _drug(fact, binding, pharmacy),
        sheet.said(fact.stage),
        sheet.said(fact.route),
    )
    order = binding.reference(sheet.whole(fact.order), "order")
    dose, unit = sheet.number(fact.dose, "dose"), sheet.said(fact.unit)

    def make(line: Line) -> Iterator[Event]:
        moment, end = at(line), until(line)
        sent, drug = names(line)
        stage = needed(stages(line), _STAGES, line, "stage")
        way, amount = route(line) or None, dose(line)
        if amount is not None and amount < 0:
            line.reject(ErrorCode.IMPOSSIBLE_VALUE, "dose", "The dose is negative.")
        systemic = is_systemic_antimicrobial(drug, sent, way)
        mapped = drug is not None or (systemic is not None and systemic)
        odd = () if mapped or recognise(drug, sent) else (Flag.UNMAPPED,)
        if odd:
            line.unmapped.append(sent)
        early = end is not None and end.moment < moment.moment
        wrong = (Flag.STOP_BEFORE_START,) if early else ()

        def event(stage: Stage, when: At) -> Medication:
            stamp = stamps(line, when)
            return Medication(
                event_id=event_id(
                    line, moment.moment, f"{sent}:{stage}", str(amount or "")
                ),
                happened_at=stamp.happened,
                known_at=max(stamp.known, moment.moment),
                version=stamp.version,
                encounter=stamp.encounter,
                stay=stamp.stay,
                flags=stamp.flags + wrong + odd,
                stage=stage,
                order_id=order(line) or None,
                drug=drug,
                sent_drug=sent,
                route=way,
                dose=amount,
                unit=unit(line) or None,
                planned_start=moment.moment if stage == "ordered" else None,
                antimicrobial=systemic,
            )

        yield event(stage, moment)
        if end is not None:
            yield event("stopped", end)

    return make


def is_systemic_antimicrobial(
    drug: str | None, sent: str, route: str | None
) -> bool | None:
    """Whether a drug of the list is given systemically; None where no route is told."""
    if recognise(drug, sent) is None:
        return False
    way = route_of(route)
    return None if way is None else way != "local"


def infusions(fact: InfusionFact, binding: Binding, pharmacy: Pharmacy) -> Makes:
    """One moment of an infusion; with `until` the end of the stretch as well."""
    sheet = binding.sheet
    at, until = binding.at(fact), sheet.told(fact.until)
    stamps, event_id = binding.stamps(fact, AT_ONCE), binding.event_id(fact)
    names, phases = _drug(fact, binding, pharmacy), sheet.said(fact.phase)
    number = binding.reference(sheet.whole(fact.infusion), "infusion")
    rate, unit = sheet.number(fact.rate, "rate"), sheet.said(fact.unit)
    weight = sheet.number(fact.weight, "weight")

    def make(line: Line) -> Iterator[Event]:
        moment, end = at(line), until(line)
        sent, name = names(line)
        phase = one_of(phases(line), _PHASES, line, "phase") or "started"
        written, kilograms = unit(line) or fact.unit_of_all or "", weight(line)
        told = rate(line)
        infusion = number(line)
        if not infusion:
            line.reject(ErrorCode.MISSING_VALUE, None, "Nothing names the infusion.")
        value, flags = _rate(line, name, told, written, kilograms, pharmacy)
        if name is None:
            line.unmapped.append(sent)

        def event(phase: Phase, when: At) -> Infusion:
            stamp, stops = stamps(line, when), phase == "stopped"
            return Infusion(
                event_id=event_id(
                    line, moment.moment, f"{infusion}:{phase}", f"{told}"
                ),
                happened_at=stamp.happened,
                known_at=max(stamp.known, moment.moment),
                version=stamp.version,
                encounter=stamp.encounter,
                stay=stamp.stay,
                flags=stamp.flags if stops else stamp.flags + flags,
                phase=phase,
                infusion_id=f"{binding.table.table}:{infusion}",
                drug=name or sent,
                rate=None if stops else value,
                sent_rate=None if stops else told,
                sent_unit=None if stops else written or None,
                weight_kg=kilograms,
            )

        yield event(phase, moment)
        if end is not None and phase != "stopped":
            yield event("stopped", end)

    return make


def _rate(
    line: Line,
    name: str | None,
    told: float | None,
    unit: str,
    weight: float | None,
    pharmacy: Pharmacy,
) -> tuple[float | None, tuple[Flag, ...]]:
    """The rate in the drug's unit, as the base, and what is odd about it."""
    if name is None:
        return None, (Flag.UNMAPPED,)
    if told is None:
        return None, ()
    drug = drugs()[name]
    try:
        rate = canonical_rate(drug, told, unit, weight, aliases=pharmacy.aliases)
    except InputError as error:
        line.reject_for("rate", error)
        return None, ()
    if rate is not None and pharmacy.vasoactives.get(name) == "salt":
        # One milligram of base is in 1.22 to 2.0 of a salt, and nobody says which.
        rate = None
    high = drug.plausible_high
    odd = rate is not None and high is not None and rate > high
    return rate, (Flag.IMPLAUSIBLE,) if odd else ()


def _drug(
    fact: Drugs, binding: Binding, pharmacy: Pharmacy
) -> Callable[[Line], tuple[str, str | None]]:
    """The name as sent, and the drug it is."""
    says, codings = binding.sheet.said(fact.drug), binding.sheet.codings(fact.code)
    route = binding.sheet.said(fact.route)

    def named(line: Line) -> tuple[str, str | None]:
        sent = says(line)
        if not sent:
            line.reject(ErrorCode.MISSING_VALUE, None, "Nothing names the drug.")
        entry = pharmacy.codes.find(*codings(line), Coding("", sent))
        if entry is not None and entry.kind == "drug":
            return sent, entry.concept
        # What goes onto skin or eye reaches no organ.
        return sent, None if route_of(route(line)) == "local" else ingredient(sent)

    return named


@lru_cache(maxsize=65_536)
def ingredient(sent: str) -> str | None:
    """The drug that is named, alone or as a word of a product's name."""
    words = re.findall(r"[a-z0-9_]+", sent.lower().replace("-", "_"))
    known = drugs()
    return next((w for w in ("_".join(words), *words) if w in known), None)


def fluids(fact: FluidFact, binding: Binding, pharmacy: Pharmacy) -> Makes:
    """A volume."""
    sheet = binding.sheet
    at, started = binding.at(fact), sheet.told(fact.started)
    stamps, event_id = binding.stamps(fact), binding.event_id(fact)
    ways, substances = sheet.said(fact.direction), sheet.said(fact.substance)
    volume, unit = sheet.number(fact.volume, "volume"), sheet.said(fact.unit)
    codes, codings = sheet.said(fact.code), sheet.codings(fact.coded)

    def make(line: Line) -> Iterator[Event]:
        amount = volume(line)
        if amount is None:
            return
        entry = pharmacy.codes.find(*codings(line))
        if fact.coded is not None and (entry is None or entry.kind != "fluid"):
            return
        told = substances(line) or (entry.concept if entry else "")
        substance = one_of(told, _SUBSTANCES, line, "substance") or "other"
        usual = "" if entry is None else "out" if substance == "urine" else "in"
        way = needed(ways(line) or usual, _DIRECTIONS, line, "direction")
        stamp, began = stamps(line, at(line)), started(line)
        written = unit(line) or fact.unit_of_all or ""
        millilitres = _millilitres(line, amount, pharmacy.aliases.get(written, written))
        odd = (Flag.IMPLAUSIBLE,) if millilitres > _MOST_ML else ()
        code = codes(line)
        yield Fluid(
            event_id=event_id(
                line, stamp.happened, f"{way}:{code or substance}", f"{amount:g}"
            ),
            happened_at=stamp.happened,
            known_at=stamp.known,
            version=stamp.version,
            encounter=stamp.encounter,
            stay=stamp.stay,
            flags=stamp.flags + odd,
            direction=way,
            substance=substance,
            volume_ml=millilitres,
            started_at=began.moment if began else None,
            code=(
                str(Coding(binding.source, code))
                if code
                else str(codings(line)[0])
                if entry is not None
                else None
            ),
        )

    return make


def _millilitres(line: Line, amount: float, unit: str) -> float:
    ucum = canonical_unit(unit) if unit else None
    if amount < 0:
        line.reject(ErrorCode.IMPOSSIBLE_VALUE, "volume", "The volume is negative.")
    if ucum is None or UNITS[ucum].dimension != "volume":
        line.reject(
            ErrorCode.UNKNOWN_UNIT,
            "volume",
            "The volume has no unit of volume.",
            "Give `unit`, or `unit_of_all`.",
        )
        return amount
    return convert(amount, from_unit=ucum, to_unit="mL")


def support(fact: SupportFact, binding: Binding, codes: CodeMap) -> Makes:
    """A device or a mode as charted; with `until` a start and a stop."""
    sheet = binding.sheet
    at, until = binding.at(fact), sheet.told(fact.until)
    stamps, event_id = binding.stamps(fact), binding.event_id(fact)
    phases, categories = sheet.said(fact.phase), sheet.said(fact.category)
    device, mode, maker = (
        sheet.said(fact.device),
        sheet.said(fact.mode),
        sheet.said(fact.maker),
    )

    codings = sheet.codings(fact.coded)

    def make(line: Line) -> Iterator[Event]:
        entry = codes.find(*codings(line))
        if fact.coded is not None and (entry is None or entry.kind != "support"):
            return
        told = categories(line) or (entry.concept if entry else "")
        category = one_of(told, _CATEGORIES, line, "category")
        machine, way = device(line) or None, mode(line) or None
        if category is None and machine is None and way is None and line.flaw is None:
            return
        moment, end = at(line), until(line)
        phase = one_of(phases(line), _OBSERVED, line, "phase")
        if phase is None:
            phase = "observed" if end is None else "started"
        odd = () if category is not None or way is not None else (Flag.UNMAPPED,)

        def event(
            phase: Literal["observed", "started", "stopped"], when: At
        ) -> RespiratorySupport:
            stamp = stamps(line, when)
            key = f"support:{machine or category or ''}:{way or ''}:{phase}"
            return RespiratorySupport(
                event_id=event_id(line, moment.moment, key),
                happened_at=stamp.happened,
                known_at=max(stamp.known, moment.moment),
                version=stamp.version,
                encounter=stamp.encounter,
                stay=stamp.stay,
                flags=stamp.flags + odd,
                phase=phase,
                category=category,
                device=machine,
                mode=way,
                maker=maker(line) or None,
            )

        yield event(phase, moment)
        if end is not None:
            yield event("stopped", end)

    return make


def procedures(fact: ProcedureFact, binding: Binding) -> Makes:
    """Something done, or begun and ended."""
    sheet = binding.sheet
    at, until = binding.at(fact), sheet.told(fact.until)
    stamps, event_id = binding.stamps(fact), binding.event_id(fact)
    says, codings = sheet.said(fact.procedure), sheet.codings(fact.code)

    def make(line: Line) -> Iterator[Event]:
        name, found = says(line), codings(line)
        code = str(found[0]) if found else None
        if not name and code is None:
            return
        moment, end = at(line), until(line)
        lasting = fact.lasting or end is not None
        identity = event_id(line, moment.moment, f"procedure:{name or code}")

        def event(
            phase: Literal["done", "started", "stopped"], stamp: Stamp
        ) -> Procedure:
            return Procedure(
                event_id=f"{identity}:{phase}",
                happened_at=stamp.happened,
                known_at=max(stamp.known, moment.moment),
                version=stamp.version,
                encounter=stamp.encounter,
                stay=stamp.stay,
                flags=stamp.flags,
                phase=phase,
                procedure_id=identity,
                name=name or code or "",
                code=code,
            )

        yield event("started" if lasting else "done", stamps(line, moment))
        if end is not None:
            yield event("stopped", stamps(line, end))

    return make
