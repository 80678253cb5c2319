"""Measurements and assessments: a column of one concept, or a code beside a value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from streams.adapters.measured import Measured, measured
from streams.adapters.site.codes import CodeMap, Coding
from streams.adapters.site.configuration import CodeEntry
from streams.adapters.tabular.mapping.facts import MeasurementFact, Wide
from streams.adapters.tabular.mapping.line import Flaw, Line, Stamp, Unmapped
from streams.adapters.tabular.mapping.making.words import one_of
from streams.adapters.tabular.mapping.stamping import Binding
from streams.adapters.values import NOTHING, Reported, read_result
from streams.vocabulary.concepts import concept as concept_named
from streams.vocabulary.errors import InputError
from streams.vocabulary.events import Assessment, Event, Measurement
from streams.vocabulary.facts import Flag


Status = Literal["preliminary", "final", "corrected"]
STATUSES: tuple[Status, ...] = ("preliminary", "final", "corrected")
_ASSESSED = {"score", "finding"}
"""Categories of concepts that a person charts."""
_CHARTED = {"crrt_mode"}
"""Concepts of other categories that a person charts."""
_ELSEWHERE = {"ignored", "culture", "fluid", "support"}
"""Kinds of code that are nothing, or are read by a fact of their own."""
_KEPT = 20_000
"""Results remembered: a ward's vital signs take a few hundred different values."""


class Results:
    """Numbers as written, in their concept's unit; the commonest are remembered."""

    def __init__(self, aliases: dict[str, str]) -> None:
        self._aliases = aliases
        self._met: dict[tuple[str, str, str], Result] = {}

    def read(self, concept: str, text: str, unit: str) -> Result:
        """The result; what is wrong with it is told as a flaw."""
        key = (concept, text, unit)
        found = self._met.get(key)
        if found is None:
            if len(self._met) >= _KEPT:
                self._met.clear()
            found = self._met[key] = _result(concept, text, unit, self._aliases)
        return found


Result = tuple[Reported, Measured, Flaw | None]


def _result(concept: str, text: str, unit: str, aliases: dict[str, str]) -> Result:
    reported = read_result(text)
    if reported is NOTHING or (reported.value is None and reported.word is None):
        return reported, Measured(None), None
    try:
        found = measured(concept_named(concept), reported, unit, aliases=aliases)
    except InputError as error:
        return (
            reported,
            Measured(None),
            Flaw(error.code, None, error.problem, error.cure),
        )
    return reported, found, None


def long_results(
    fact: MeasurementFact, binding: Binding, codes: CodeMap, results: Results
) -> Callable[[Line], Iterator[Event]]:
    """A row with one result."""
    sheet = binding.sheet
    at, stamps, event_id = (
        binding.at(fact),
        binding.stamps(fact),
        binding.event_id(fact),
    )
    value, codings = sheet.said(fact.value), sheet.codings(fact.code)
    label = sheet.label(fact.code)
    comparator, unit = sheet.said(fact.comparator), sheet.said(fact.unit)
    specimen, status = sheet.said(fact.specimen), sheet.said(fact.status)
    number = binding.reference(sheet.said(fact.specimen_id), "specimen")
    own = {word.lower() for word in _meant(fact)}
    one = None if fact.concept is None else CodeEntry(code="-", concept=fact.concept)

    def make(line: Line) -> Iterator[Event]:
        found = codings(line)
        entry = one or codes.find(*found)
        text = value(line)
        if one is None and not found:
            return
        if entry is not None and (not text or entry.kind in _ELSEWHERE):
            return
        told, written = (
            f"{comparator(line)}{text}",
            unit(line) or fact.unit_of_all or "",
        )
        moment = at(line)
        stamp = stamps(line, moment)
        code = _code(entry, found)
        if entry is None or entry.kind != "observation":
            line.unmapped.append(Unmapped(code or "", label(line), written))
            key, said = code or "", read_result(told)
            name = event_id(line, stamp.happened, key, _shown(said, told))
            yield unmapped(name, stamp, code or "", said, told, written)
            return
        line.units.append((entry.concept, written))
        reported, measure, flaw = results.read(
            entry.concept, told, written or entry.unit or ""
        )
        if flaw is not None:
            line.reject(flaw.code, _column(fact), flaw.reason, flaw.cure)
        word = reported.word or (text if text.lower() in own else None)
        key = code or entry.concept
        name = event_id(line, stamp.happened, key, word or _shown(reported, told))
        where = _specimen(specimen(line), entry)
        if _is_charted(entry.concept):
            yield assessment(name, stamp, entry.concept, measure, word, code)
            return
        yield measurement(
            name,
            stamp,
            entry.concept,
            reported,
            measure,
            word=word,
            told=told,
            code=code,
            specimen=where,
            specimen_id=number(line) or None,
            method=entry.method,
            status=one_of(status(line), STATUSES, line, "status") or "final",
        )

    return make


Widely = Callable[[Line, str, Stamp, Callable[[str, str], str]], Event | None]


def wide_result(column: str, wide: Wide, source: str, results: Results) -> Widely:
    """A cell of a wide table that says something; its row has one stamp for all."""
    unit, concept = wide.unit or "", wide.concept
    code, in_no_map = str(Coding(source, column)), Unmapped(column, column, unit)
    assessed = concept is not None and _is_charted(concept)

    def make(
        line: Line, text: str, stamp: Stamp, name: Callable[[str, str], str]
    ) -> Event | None:
        if concept is None:
            line.unmapped.append(in_no_map)
            said = read_result(text)
            event_id = name(column, _shown(said, text))
            return unmapped(event_id, stamp, code, said, text, unit)
        reported, measure, flaw = results.read(concept, text, unit)
        if flaw is not None:
            line.reject(flaw.code, column, flaw.reason, flaw.cure)
            return None
        event_id = name(column, reported.word or _shown(reported, text))
        if assessed:
            return assessment(event_id, stamp, concept, measure, reported.word, code)
        return measurement(
            event_id,
            stamp,
            concept,
            reported,
            measure,
            word=reported.word,
            told=text,
            code=code,
            specimen=wide.specimen,
            method=wide.method,
        )

    return make


def measurement(
    event_id: str,
    stamp: Stamp,
    concept: str,
    reported: Reported,
    measure: Measured,
    *,
    word: str | None,
    told: str,
    code: str | None,
    specimen: str | None = None,
    specimen_id: str | None = None,
    method: str | None = None,
    status: Status = "final",
) -> Measurement:
    """A result of a concept; of a text that is neither number nor word, nothing is kept."""
    number = reported.value is not None
    changed = number and (measure.sent_unit is not None or measure.value is None)
    return Measurement(
        event_id=event_id,
        happened_at=stamp.happened,
        known_at=stamp.known,
        version=stamp.version,
        encounter=stamp.encounter,
        stay=stamp.stay,
        flags=stamp.flags + measure.flags,
        concept=concept,
        value=measure.value,
        comparator=measure.comparator,
        upper=measure.upper,
        text=word,
        sent_value=told if changed else None,
        sent_unit=measure.sent_unit,
        specimen=specimen,
        specimen_id=specimen_id,
        method=method,
        code=code,
        status=status,
    )


def assessment(
    event_id: str,
    stamp: Stamp,
    concept: str,
    measure: Measured,
    word: str | None,
    code: str | None,
) -> Assessment:
    """What a person charted."""
    return Assessment(
        event_id=event_id,
        happened_at=stamp.happened,
        known_at=stamp.known,
        version=stamp.version,
        encounter=stamp.encounter,
        stay=stamp.stay,
        flags=stamp.flags + measure.flags,
        concept=concept,
        value=measure.value,
        text=word,
        code=code,
    )


def unmapped(
    event_id: str, stamp: Stamp, code: str, said: Reported, told: str, unit: str
) -> Measurement:
    """A result whose code is in no map, kept as sent where it is a number or a word."""
    return Measurement(
        event_id=event_id,
        happened_at=stamp.happened,
        known_at=stamp.known,
        version=stamp.version,
        encounter=stamp.encounter,
        stay=stamp.stay,
        flags=(*stamp.flags, Flag.UNMAPPED),
        concept="unmapped",
        text=said.word,
        sent_value=told if said.value is not None else None,
        sent_unit=unit or None,
        code=code,
    )


def _is_charted(concept: str) -> bool:
    """Whether a person charted it: then it is an assessment, not a measurement."""
    return concept in _CHARTED or concept_named(concept).category in _ASSESSED


def _shown(said: Reported, told: str) -> str:
    """What of a value may be in a fact's name: a number, or one of our own words."""
    return told if said.value is not None else said.word or ""


def _code(entry: CodeEntry | None, found: tuple[Coding, ...]) -> str | None:
    """The coding that was found in a map; else the first."""
    if not found:
        return None
    same = (c for c in found if entry is not None and entry.code in (c.code, str(c)))
    return str(next(same, found[0]))


def _specimen(told: str, entry: CodeEntry) -> str | None:
    return entry.specimen or told.lower() or None


def _meant(fact: MeasurementFact) -> set[str]:
    """The words the mapping itself puts in a cell's place."""
    cells = fact.value if isinstance(fact.value, tuple) else (fact.value,)
    return {word for c in cells if not isinstance(c, str) for word in c.words.values()}


def _column(fact: MeasurementFact) -> str | None:
    first = fact.value[0] if isinstance(fact.value, tuple) else fact.value
    return first if isinstance(first, str) else first.column or None
