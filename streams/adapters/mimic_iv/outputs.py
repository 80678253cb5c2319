"""`icu/outputevents`: urine, and the irrigant that must be taken off it."""

from __future__ import annotations

from collections.abc import Iterator

from streams.adapters.intake import SourcedEvent
from streams.adapters.mimic_iv.items import items
from streams.adapters.mimic_iv.known_at import filed
from streams.adapters.mimic_iv.quantities import not_negative
from streams.adapters.mimic_iv.reading import Keys, Reading
from streams.adapters.tabular.cells import Row
from streams.adapters.tabular.table import Table
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.events import Event, Fluid
from streams.vocabulary.facts import Flag
from streams.vocabulary.units import UNITS, canonical_unit, convert


OUTPUTEVENTS = Table(
    name="icu/outputevents",
    columns=(
        "subject_id",
        "hadm_id",
        "stay_id",
        "charttime",
        "storetime",
        "itemid",
        "value",
        "valueuom",
    ),
    code="itemid",
)

_PLAUSIBLE_ML = 5_000.0
"""The most that one charting may hold and be believed; ours."""


def read(reading: Reading) -> Iterator[SourcedEvent]:
    """The events of the table."""
    known, keys = items("outputevents"), Keys()

    def mapping(row: Row) -> Iterator[Event]:
        item = known[row.raw("itemid")]
        charted = row.needed_instant("charttime")
        filing = filed(row, charted)
        volume = _millilitres(row, item.unit_of(row.raw("valueuom")))
        odd = volume is not None and volume > _PLAUSIBLE_ML
        yield Fluid(
            event_id=keys.distinct(row.raw("subject_id"), _key(row)),
            happened_at=charted,
            known_at=filing.at,
            encounter=row.identifier("hadm_id"),
            stay=row.identifier("stay_id"),
            flags=filing.flags + ((Flag.IMPLAUSIBLE,) if odd else ()),
            direction="in" if item.kind == "in" else "out",
            substance=item.concept,
            volume_ml=volume,
            code=item.code,
        )

    return reading.mapped(OUTPUTEVENTS, mapping, codes=known)


def _key(row: Row) -> str:
    columns = ("stay_id", "itemid", "charttime", "value")
    return ":".join(("outputevents", *(row.raw(column) for column in columns)))


def _millilitres(row: Row, unit: str) -> float | None:
    value, ucum = not_negative(row, "value"), canonical_unit(unit)
    if value is None:
        return None
    if ucum is None or UNITS[ucum].dimension != "volume":
        row.reject(
            ErrorCode.UNKNOWN_UNIT,
            "valueuom",
            f"{unit!r} is not a unit of volume.",
            "Map the unit after review.",
        )
        return None
    return convert(value, from_unit=ucum, to_unit="mL")
