"""Drugs: ordered, given, running."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from streams.adapters.rates import canonical_rate, of_the_base
from streams.adapters.site.codes import CodeMap, Coding
from streams.adapters.systemic import is_antimicrobial
from streams.adapters.tabular.mapping.facts import (
    Drugs,
    InfusionFact,
    MedicationFact,
)
from streams.adapters.tabular.mapping.line import At, Line, Unmapped
from streams.adapters.tabular.mapping.making.words import needed, one_of
from streams.adapters.tabular.mapping.stamping import AT_ONCE, Binding
from streams.vocabulary.antimicrobials import recognise, route_of
from streams.vocabulary.drugs import drugs
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.events import (
    Event,
    Infusion,
    Medication,
)
from streams.vocabulary.facts import Flag


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
            line.unmapped.append(Unmapped(sent))
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
    """Whether an antimicrobial is given systemically; None where no route is told.

    It is one by the list of the CDC, or by the names mimic-code looks for.
    """
    if not is_antimicrobial(drug, (sent,)):
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
        odd = () if name is not None else (Flag.UNMAPPED,)
        if odd:
            line.unmapped.append(Unmapped(sent))

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
                flags=stamp.flags + (odd if stops else flags),
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
    if told < 0:
        line.reject(ErrorCode.IMPOSSIBLE_VALUE, "rate", "The rate is negative.")
        return None, ()
    drug = drugs()[name]
    try:
        written = pharmacy.aliases.get(unit, unit)
        rate = canonical_rate(drug, told, written, weight or None)
    except InputError as error:
        line.reject_for("rate", error)
        return None, ()
    rate = of_the_base(drug, rate, pharmacy.vasoactives)
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
