"""`hosp/transfers` and `icu/icustays`: where the patient was."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from streams.adapters.intake import SourcedEvent
from streams.adapters.mimic_iv.reading import Reading
from streams.adapters.tabular.cells import Row
from streams.adapters.tabular.table import Table
from streams.vocabulary.events import Event, Location
from streams.vocabulary.facts import Flag


TRANSFERS = Table(
    name="hosp/transfers",
    columns=(
        "subject_id",
        "hadm_id",
        "transfer_id",
        "eventtype",
        "careunit",
        "intime",
        "outtime",
    ),
)
ICUSTAYS = Table(
    name="icu/icustays",
    columns=(
        "subject_id",
        "hadm_id",
        "stay_id",
        "first_careunit",
        "last_careunit",
        "intime",
        "outtime",
    ),
)

Level = Literal["icu", "intermediate", "ward", "emergency", "theatre", "other"]

_LEVEL_BY_WORD: tuple[tuple[str, Level], ...] = (
    ("Emergency Department", "emergency"),
    ("Intensive Care", "icu"),
    ("ICU)", "icu"),
    ("Coronary Care Unit", "icu"),
    ("(CCU)", "icu"),
    ("Intermediate", "intermediate"),
    ("Stepdown", "intermediate"),
    ("PACU", "theatre"),
    ("Discharge Lounge", "other"),
    ("Unknown", "other"),
)


def read_transfers(reading: Reading) -> Iterator[SourcedEvent]:
    """The events of transfers; its `discharge` rows name no unit and give none."""
    return reading.mapped(TRANSFERS, _transfer)


def read_icustays(reading: Reading) -> Iterator[SourcedEvent]:
    """The events of icustays; each names its stay."""
    return reading.mapped(ICUSTAYS, _icustay)


def level_of(careunit: str) -> Level:
    """The level of care of a unit, by the words in its published name."""
    return next((lv for word, lv in _LEVEL_BY_WORD if word in careunit), "ward")


def _transfer(row: Row) -> Iterator[Event]:
    key = f"transfers:{row.needed_identifier('transfer_id')}"
    encounter = row.identifier("hadm_id")
    ward = row.raw("careunit")
    if row.raw("eventtype") == "discharge" or not ward:
        return
    yield from _visit(
        row, key, encounter=encounter, stay=None, wards=(ward, ward), level=None
    )


def _icustay(row: Row) -> Iterator[Event]:
    stay = row.needed_identifier("stay_id")
    wards = (row.needed_text("first_careunit"), row.needed_text("last_careunit"))
    yield from _visit(
        row,
        f"icustays:{stay}",
        encounter=row.identifier("hadm_id"),
        stay=stay,
        wards=wards,
        level="icu",
    )


def _visit(
    row: Row,
    key: str,
    *,
    encounter: str | None,
    stay: str | None,
    wards: tuple[str, str],
    level: Level | None,
) -> Iterator[Location]:
    """Coming and going; `level` None leaves it to the unit's name."""
    came, went = row.needed_instant("intime"), row.instant("outtime")
    flags = (Flag.STOP_BEFORE_START,) if went is not None and went < came else ()

    def location(
        phase: Literal["entered", "left"], at: datetime, ward: str
    ) -> Location:
        return Location(
            event_id=f"{key}:{phase}",
            happened_at=at,
            known_at=max(at, came),
            encounter=encounter,
            stay=stay,
            flags=flags,
            phase=phase,
            ward=ward,
            level=level or level_of(ward),
        )

    yield location("entered", came, wards[0])
    if went is not None:
        yield location("left", went, wards[1])
