"""`icu/inputevents`: infusions and fluids.

A row is a stretch of one rate; its start and its end are two facts, and so is the
volume that had gone in at its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from streams.adapters.intake import SourcedEvent
from streams.adapters.mimic_iv.items import Item, items, local_code
from streams.adapters.mimic_iv.known_at import filed
from streams.adapters.mimic_iv.quantities import (
    IMPLAUSIBLE,
    canonical_rate,
    not_negative,
)
from streams.adapters.mimic_iv.reading import Keys, Reading
from streams.adapters.tabular.cells import Row
from streams.adapters.tabular.table import Table
from streams.vocabulary.drugs import Drug, drugs
from streams.vocabulary.events import Event, Fluid, Infusion, Medication
from streams.vocabulary.facts import Flag
from streams.vocabulary.units import UNITS, canonical_unit, convert


INPUTEVENTS = Table(
    name="icu/inputevents",
    columns=(
        "subject_id",
        "hadm_id",
        "stay_id",
        "starttime",
        "endtime",
        "storetime",
        "itemid",
        "amount",
        "amountuom",
        "rate",
        "rateuom",
        "orderid",
        "patientweight",
    ),
    code="itemid",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """What all facts of one row share."""

    key: str
    start: datetime
    end: datetime | None
    start_known: datetime
    end_known: datetime
    flags: tuple[Flag, ...]


def read(reading: Reading) -> Iterator[SourcedEvent]:
    """The events of the table.

    Items of no map are still looked at: what was given in millilitres is a fluid.
    """
    known, keys = items("inputevents"), Keys()
    counts = reading.report.table(INPUTEVENTS.name)
    for row in reading.rows(INPUTEVENTS):
        item = known.get(row.raw("itemid"))
        if item is None and _volume_unit(row.raw("amountuom")) is None:
            counts.leave_unmapped(row.raw("itemid"))
            continue
        events = tuple(_given(row, item, _stretch(row, keys)))
        if reading.accepted(INPUTEVENTS, row):
            patient = row.raw("subject_id")
            yield from reading.handed_on(INPUTEVENTS, patient, events)


def _stretch(row: Row, keys: Keys) -> _Stretch:
    columns = ("stay_id", "itemid", "starttime", "endtime", "orderid")
    key = ":".join(("inputevents", *(row.raw(column) for column in columns)))
    start, end = row.needed_instant("starttime"), row.instant("endtime")
    known = filed(row, start)
    last = end or start
    early = (Flag.STOP_BEFORE_START,) if last < start else ()
    return _Stretch(
        key=keys.distinct(row.needed_identifier("subject_id"), key),
        start=start,
        end=end,
        start_known=known.at,
        end_known=max(known.at, last),
        flags=known.flags + early,
    )


def _given(row: Row, item: Item | None, stretch: _Stretch) -> Iterator[Event]:
    if item is not None and item.kind == "infusion":
        drug = drugs()[item.concept]
        rate = not_negative(row, "rate")
        if rate is None:
            yield _bolus(row, drug, stretch)
        else:
            yield from _infusion(row, drug, rate, stretch)
    else:
        substance = item.concept if item is not None else "other"
        yield from _fluid(row, substance, item.unit if item else "", stretch)


def _bolus(row: Row, drug: Drug, stretch: _Stretch) -> Medication:
    """A row without a rate: something was given, and nothing runs."""
    return Medication(
        event_id=f"{stretch.key}:given",
        happened_at=stretch.start,
        known_at=stretch.start_known,
        encounter=row.identifier("hadm_id"),
        stay=row.identifier("stay_id"),
        flags=stretch.flags,
        stage="given",
        order_id=row.text("orderid"),
        drug=drug.name,
        sent_drug=drug.name,
        dose=not_negative(row, "amount"),
        unit=row.text("amountuom"),
        antimicrobial=False,
    )


def _infusion(
    row: Row, drug: Drug, rate: float, stretch: _Stretch
) -> Iterator[Infusion]:
    weight = not_negative(row, "patientweight")
    canonical, odd = _rate(row, drug, rate, weight or None)

    def infusion(
        phase: Literal["started", "stopped"], at: datetime, known_at: datetime
    ) -> Infusion:
        return Infusion(
            event_id=f"{stretch.key}:{phase}",
            happened_at=at,
            known_at=known_at,
            encounter=row.identifier("hadm_id"),
            stay=row.identifier("stay_id"),
            flags=_at_end(stretch.flags, phase) + odd,
            phase=phase,
            infusion_id=stretch.key,
            drug=drug.name,
            rate=canonical,
            sent_rate=rate,
            sent_unit=row.text("rateuom"),
            weight_kg=weight or None,
        )

    yield infusion("started", stretch.start, stretch.start_known)
    if stretch.end is not None:
        yield infusion("stopped", stretch.end, stretch.end_known)


def _at_end(
    flags: tuple[Flag, ...], phase: Literal["started", "stopped"]
) -> tuple[Flag, ...]:
    """A start filed early was planned; the end is judged by its own time."""
    if phase == "started":
        return flags
    return tuple(flag for flag in flags if flag is not Flag.FUTURE)


def _rate(
    row: Row, drug: Drug, rate: float, weight: float | None
) -> tuple[float | None, tuple[Flag, ...]]:
    if row.raw("rateuom") == "mg/kg/min" and weight == 1.0 and drug.unit == "ug/kg/min":
        # A weight of exactly 1 kg is a stand-in and the unit a slip; mimic-code's
        # `norepinephrine` reads the number as µg/kg/min, and so do we, flagged.
        return rate, IMPLAUSIBLE
    value = canonical_rate(row, "rateuom", drug, rate, weight)
    high = drug.plausible_high
    odd = value is not None and high is not None and value > high
    return value, IMPLAUSIBLE if odd else ()


def _fluid(
    row: Row, substance: str, blank_unit: str, stretch: _Stretch
) -> Iterator[Fluid]:
    amount = not_negative(row, "amount")
    unit = _volume_unit(row.raw("amountuom") or blank_unit)
    if amount is None or unit is None:
        return
    yield Fluid(
        event_id=f"{stretch.key}:fluid",
        happened_at=stretch.end or stretch.start,
        known_at=stretch.end_known,
        encounter=row.identifier("hadm_id"),
        stay=row.identifier("stay_id"),
        flags=_at_end(stretch.flags, "stopped"),
        direction="in",
        substance=substance,
        volume_ml=convert(amount, from_unit=unit, to_unit="mL"),
        started_at=stretch.start,
        code=local_code(row.raw("itemid")),
    )


def _volume_unit(written: str) -> str | None:
    ucum = canonical_unit(written) if written else None
    return ucum if ucum and UNITS[ucum].dimension == "volume" else None
