"""`icu/procedureevents`: ventilation and dialysis with start and end, and the rest."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal, cast

from streams.adapters.intake import SourcedEvent
from streams.adapters.mimic_iv.items import (
    Item,
    items,
    local_code,
)
from streams.adapters.mimic_iv.known_at import filed
from streams.adapters.mimic_iv.reading import Reading
from streams.adapters.tabular.cells import Row
from streams.adapters.tabular.table import Table
from streams.vocabulary.events import (
    Event,
    Procedure,
    RespiratorySupport,
    SupportCategory,
)
from streams.vocabulary.facts import Flag


PROCEDUREEVENTS = Table(
    name="icu/procedureevents",
    columns=(
        "subject_id",
        "hadm_id",
        "stay_id",
        "starttime",
        "endtime",
        "storetime",
        "itemid",
        "orderid",
    ),
    code="itemid",
)

Phase = Literal["done", "started", "stopped"]


def read(reading: Reading) -> Iterator[SourcedEvent]:
    """The events of the table; a procedure of no map is kept under its number."""
    known = items("procedureevents")

    def mapping(row: Row) -> Iterator[Event]:
        item = known.get(row.needed_identifier("itemid"))
        lasts = item is not None and item.kind in ("support", "lasting")
        for phase, at, known_at, flags in _moments(row, lasts=lasts):
            yield _event(row, item, phase, at=at, known_at=known_at, flags=flags)

    return reading.mapped(PROCEDUREEVENTS, mapping)


def _moments(
    row: Row, *, lasts: bool
) -> Iterator[tuple[Phase, datetime, datetime, tuple[Flag, ...]]]:
    """Phase, time, time known and flags of each fact of a row."""
    start, end = row.needed_instant("starttime"), row.instant("endtime")
    early = (Flag.STOP_BEFORE_START,) if end is not None and end < start else ()
    known = filed(row, start)
    yield "started" if lasts else "done", start, known.at, known.flags + early
    if lasts and end is not None:
        garbled = tuple(f for f in known.flags if f is not Flag.FUTURE)
        yield "stopped", end, max(known.at, end), garbled + early


def _event(
    row: Row,
    item: Item | None,
    phase: Phase,
    *,
    at: datetime,
    known_at: datetime,
    flags: tuple[Flag, ...],
) -> Procedure | RespiratorySupport:
    order = row.needed_identifier("orderid")
    itemid = row.raw("itemid")
    event_id = f"procedureevents:{order}:{phase}"
    encounter, stay = row.identifier("hadm_id"), row.identifier("stay_id")
    if item is not None and item.kind == "support":
        return RespiratorySupport(
            event_id=event_id,
            happened_at=at,
            known_at=known_at,
            encounter=encounter,
            stay=stay,
            flags=flags,
            phase="started" if phase == "started" else "stopped",
            category=cast("SupportCategory", item.concept),
        )
    return Procedure(
        event_id=event_id,
        happened_at=at,
        known_at=known_at,
        encounter=encounter,
        stay=stay,
        flags=flags,
        phase=phase,
        procedure_id=f"procedureevents:{order}",
        name=item.concept if item is not None else f"mimic-iv:{itemid}",
        code=local_code(itemid),
    )
