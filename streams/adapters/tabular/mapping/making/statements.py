"""Diagnoses, and what was agreed about resuscitation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from streams.adapters.tabular.mapping.facts import CodeStatusFact, ConditionFact
from streams.adapters.tabular.mapping.line import Line
from streams.adapters.tabular.mapping.making.words import needed, one_of
from streams.adapters.tabular.mapping.stamping import Binding
from streams.vocabulary.codes import SYSTEMS, Code, Icd9Cm, Icd10Cm, Snomed
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.events import CodeStatus, Condition, Event


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
        written, system = codes(line), _SYSTEMS.get(systems(line))
        if not written:
            return
        if system is None:
            line.reject(
                ErrorCode.MALFORMED_CODE,
                None,
                "The diagnosis is of a coding system that is not known here.",
                "Give the system `words` for icd9, icd10 or snomed.",
            )
            return
        try:
            code = str(system(written))
        except InputError:
            line.reject(
                ErrorCode.MALFORMED_CODE,
                None,
                f"The cell is not a code of {system.__name__}.",
                "Check the code against its system.",
            )
            return
        stamp, place = stamps(line, at(line)), rank(line)
        key = f"{stamp.encounter or ''}:{code}"
        yield Condition(
            event_id=event_id(line, stamp.happened, key),
            happened_at=stamp.happened,
            known_at=stamp.known,
            version=stamp.version,
            encounter=stamp.encounter,
            stay=stamp.stay,
            flags=stamp.flags,
            code=code,
            rank=None if place is None else int(place),
            present=one_of(present(line), ("yes", "no"), line, "present") != "no",
        )

    return make


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
