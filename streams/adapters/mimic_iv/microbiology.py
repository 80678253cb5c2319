"""`hosp/microbiologyevents`: a specimen's collection, and each of its results.

The table has a row for each antibiotic tried on each organism; here a specimen is one
`CultureCollected`, and what one test said of one isolate is one `CultureResult`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Literal

from streams.adapters.intake import SourcedEvent
from streams.adapters.mimic_iv.known_at import CULTURE_LAG, Known, filing_time
from streams.adapters.mimic_iv.quantities import comparator
from streams.adapters.mimic_iv.reading import Reading
from streams.adapters.tabular.cells import STAND_IN, Row
from streams.adapters.tabular.table import Table
from streams.vocabulary.clock import DAY
from streams.vocabulary.events import (
    CultureCollected,
    CultureResult,
    Event,
    Susceptibility,
)
from streams.vocabulary.facts import Flag


MICROBIOLOGYEVENTS = Table(
    name="hosp/microbiologyevents",
    columns=(
        "microevent_id",
        "subject_id",
        "hadm_id",
        "micro_specimen_id",
        "chartdate",
        "charttime",
        "spec_type_desc",
        "storedate",
        "storetime",
        "test_itemid",
        "test_name",
        "org_itemid",
        "org_name",
        "isolate_num",
        "ab_name",
        "dilution_comparison",
        "dilution_value",
        "interpretation",
    ),
)

_NOT_ORGANISMS = frozenset({"90856", "90760"})
"""`NEGATIVE` and `CANCELLED` are filed among the organisms."""
_CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One row, read."""

    number: str
    patient: str
    hadm: str | None
    specimen_id: str
    chartdate: datetime
    charttime: datetime | None
    specimen: str
    known: Known | None
    """When its result was; None where the row does not say."""
    test: tuple[str, str]
    organism: tuple[str, str, str]
    """Item id, name and isolate."""
    susceptibility: Susceptibility | None


def read(reading: Reading) -> Iterator[SourcedEvent]:
    """The events of the table; it holds the rows of one patient at a time."""
    accepted = (
        line
        for line, row in ((_line(r), r) for r in reading.rows(MICROBIOLOGYEVENTS))
        if reading.accepted(MICROBIOLOGYEVENTS, row)
    )
    for patient, lines in groupby(accepted, key=attrgetter("patient")):
        by_specimen = sorted(lines, key=_in_order)
        for _, specimen in groupby(by_specimen, key=attrgetter("specimen_id")):
            events = _specimen(list(specimen))
            yield from reading.handed_on(MICROBIOLOGYEVENTS, patient, events)


def _in_order(line: _Line) -> tuple[str, int, str]:
    """Rows of one specimen in the order of their numbers, whatever their length."""
    return (line.specimen_id, len(line.number), line.number)


def _line(row: Row) -> _Line:
    return _Line(
        number=row.needed_identifier("microevent_id"),
        patient=row.needed_identifier("subject_id"),
        hadm=row.identifier("hadm_id"),
        specimen_id=row.needed_identifier("micro_specimen_id"),
        chartdate=row.needed_day("chartdate"),
        charttime=row.instant("charttime"),
        specimen=row.raw("spec_type_desc"),
        known=_resulted(row),
        test=(row.raw("test_itemid"), row.raw("test_name")),
        organism=(row.raw("org_itemid"), row.raw("org_name"), row.raw("isolate_num")),
        susceptibility=_susceptibility(row),
    )


def _resulted(row: Row) -> Known | None:
    at, day = row.raw("storetime"), row.raw("storedate")
    stored = filing_time(at) if at else None
    if stored is not None:
        return Known(stored)
    garbled = (Flag.GARBLED_STORETIME,) if at else ()
    date = filing_time(day) if day else None
    return None if date is None else Known(date + DAY, (Flag.DATE_ONLY, *garbled))


def _susceptibility(row: Row) -> Susceptibility | None:
    drug = row.text("ab_name")
    if drug is None:
        return None
    return Susceptibility(
        antimicrobial=drug,
        interpretation=row.text("interpretation"),
        mic=row.number("dilution_value"),
        comparator=comparator(row.raw("dilution_comparison")),
    )


def _specimen(lines: list[_Line]) -> Iterator[Event]:
    collected = _collected(lines)
    yield collected
    by_isolate = sorted(lines, key=_isolate)
    for _, isolate in groupby(by_isolate, key=_isolate):
        yield _result(sorted(isolate, key=attrgetter("number")), collected)


def _collected(lines: list[_Line]) -> CultureCollected:
    times = [line.charttime for line in lines if line.charttime is not None]
    day = max(line.chartdate for line in lines)
    dated = () if times else (Flag.DATE_ONLY,)
    first = lines[0]
    return CultureCollected(
        event_id=f"microbiologyevents:{first.specimen_id}",
        happened_at=max(times) if times else day,
        known_at=max(times) if times else day + DAY,
        encounter=max((line.hadm for line in lines if line.hadm), default=None),
        flags=(*dated, Flag.LAG_UNMEASURABLE),
        culture_id=first.specimen_id,
        specimen=max(line.specimen for line in lines),
        test=_names(line.test[1] for line in lines),
    )


def _names(tests: Iterable[str]) -> str | None:
    return "; ".join(sorted({test.strip() for test in tests if test.strip()})) or None


def _isolate(line: _Line) -> tuple[tuple[str, str], tuple[str, str, str], datetime]:
    return line.test, line.organism, line.known.at if line.known else STAND_IN


def _result(lines: list[_Line], collected: CultureCollected) -> CultureResult:
    first = lines[0]
    known = first.known or Known(
        collected.happened_at + CULTURE_LAG, (Flag.LAG_UNMEASURABLE,)
    )
    early = (Flag.FUTURE,) if known.at < collected.happened_at else ()
    at = max(known.at, collected.happened_at)
    itemid, organism, _ = first.organism
    return CultureResult(
        event_id=f"microbiologyevents:{first.specimen_id}:{first.number}",
        happened_at=at,
        known_at=at,
        encounter=collected.encounter,
        flags=known.flags + early,
        culture_id=first.specimen_id,
        status=_status(),
        positive=_positive(itemid, organism),
        organism=organism or None,
        organism_code=f"urn:ember:local|mimic-iv:{itemid}" if itemid else None,
        susceptibilities=tuple(
            line.susceptibility for line in lines if line.susceptibility is not None
        ),
        test=first.test[1] or None,
    )


def _status() -> Literal["final"]:
    """MIMIC-IV holds the last state of each result only."""
    return "final"


def _positive(itemid: str, organism: str) -> bool | None:
    """Whether something grew; None for a cancelled test.

    By mimic-code's `suspicion_of_infection`: a named organism with an item id.
    """
    if organism == _CANCELLED or itemid == "90760":
        return None
    return bool(organism) and bool(itemid) and itemid not in _NOT_ORGANISMS
