"""Diagnoses, and what was agreed about resuscitation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from streams.adapters.site.codes import Coding
from streams.adapters.tabular.mapping.facts import CodeStatusFact, ConditionFact
from streams.adapters.tabular.mapping.line import Line, Unmapped
from streams.adapters.tabular.mapping.making.words import needed, one_of
from streams.adapters.tabular.mapping.stamping import Binding
from streams.vocabulary.codes import SYSTEMS, Code, Icd9Cm, Icd10Cm, Snomed
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.events import CodeStatus, Condition, Event
from streams.vocabulary.facts import Flag


Makes = Callable[[Line], Iterator[Event]]

_SYSTEMS: dict[str, type[Code]] = {
    "icd9": Icd9Cm,
    "icd10": Icd10Cm,
    "snomed": Snomed,
    **SYSTEMS,
}
_STATUSES: tuple[
    Literal["full", "dnr", "dni", "dnr_dni", "comfort_only", "other"], ...
] = ("full", "dnr", "dni", "dnr_dni", "comfort_only", "other")


def conditions(fact: ConditionFact, binding: Binding) -> Makes:
    """A diagnosis."""
    sheet = binding.sheet
    at, stamps, event_id = (
        binding.at(fact),
        binding.stamps(fact),
        binding.event_id(fact),
    )
    codes, systems = sheet.said(fact.code), sheet.said(fact.system)
    rank, present = sheet.number(fact.rank, "rank"), sheet.said(fact.present)

    def make(line: Line) -> Iterator[Event]:
        written, named = codes(line), systems(line)
        if not written:
            return
        system = _SYSTEMS.get(named)
        odd: tuple[Flag, ...] = ()
        if system is None:
            code = str(Coding(named or binding.source, written))
            odd = (Flag.UNMAPPED,)
            line.unmapped.append(Unmapped(code))
        else:
            code = _checked(system, written, line)
        stamp, place = stamps(line, at(line)), rank(line)
        key = f"{stamp.encounter or ''}:{code}"
        yield Condition(
            event_id=event_id(line, stamp.happened, key),
            happened_at=stamp.happened,
            known_at=stamp.known,
            version=stamp.version,
            encounter=stamp.encounter,
            stay=stamp.stay,
            flags=stamp.flags + odd,
            code=code,
            rank=None if place is None else int(place),
            present=one_of(present(line), ("yes", "no"), line, "present") != "no",
        )

    return make


def _checked(system: type[Code], written: str, line: Line) -> str:
    """The code with its system; leaves EMB-112 where it is none."""
    try:
        return str(system(written))
    except InputError:
        line.reject(
            ErrorCode.MALFORMED_CODE,
            None,
            f"The cell is not a code of {system.__name__}.",
            "Check the code against its system.",
        )
        return ""


def code_statuses(fact: CodeStatusFact, binding: Binding) -> Makes:
    """What was agreed."""
    at, stamps, event_id = (
        binding.at(fact),
        binding.stamps(fact),
        binding.event_id(fact),
    )
    told = binding.sheet.said(fact.status)

    def make(line: Line) -> Iterator[Event]:
        status = needed(told(line), _STATUSES, line, "status")
        stamp = stamps(line, at(line))
        yield CodeStatus(
            event_id=event_id(line, stamp.happened, f"code_status:{status}"),
            happened_at=stamp.happened,
            known_at=stamp.known,
            version=stamp.version,
            encounter=stamp.encounter,
            stay=stamp.stay,
            flags=stamp.flags,
            status=status,
        )

    return make
