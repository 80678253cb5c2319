"""Fluids, procedures and support of breathing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from streams.adapters.site.codes import CodeMap, Coding
from streams.adapters.tabular.mapping.facts import (
    FluidFact,
    ProcedureFact,
    SupportFact,
)
from streams.adapters.tabular.mapping.line import At, Line, Stamp
from streams.adapters.tabular.mapping.making.drugs import Pharmacy
from streams.adapters.tabular.mapping.making.words import needed, one_of
from streams.adapters.tabular.mapping.stamping import Binding
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.events import Event, Fluid, Procedure, RespiratorySupport
from streams.vocabulary.facts import Flag
from streams.vocabulary.units import UNITS, canonical_unit, convert


Makes = Callable[[Line], Iterator[Event]]

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
