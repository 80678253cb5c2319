"""`hosp/prescriptions`: what was ordered, from when, and when it was to end.

The order and its end are two facts: a plan to stop says nothing before it comes true.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Literal

from streams.adapters.intake import SourcedEvent
from streams.adapters.mimic_iv.reading import Keys, Reading
from streams.adapters.systemic import (
    LOCAL_FORM_WORDS,
    LOCAL_ROUTES,
    kept_by_mimic_code,
)
from streams.adapters.tabular.cells import Row, number
from streams.adapters.tabular.table import Table
from streams.vocabulary.drugs import drugs
from streams.vocabulary.events import Event, Medication
from streams.vocabulary.facts import Flag


PRESCRIPTIONS = Table(
    name="hosp/prescriptions",
    columns=(
        "subject_id",
        "hadm_id",
        "pharmacy_id",
        "starttime",
        "stoptime",
        "drug_type",
        "drug",
        "dose_val_rx",
        "dose_unit_rx",
        "route",
    ),
)


def read(reading: Reading) -> Iterator[SourcedEvent]:
    """The events of the table."""
    keys = Keys()
    return reading.mapped(PRESCRIPTIONS, lambda row: _order(row, keys))


@lru_cache(maxsize=65_536)
def ingredient(drug: str, route: str) -> str | None:
    """The drug of the vocabulary that a name contains, given systemically."""
    name = drug.lower()
    if route in LOCAL_ROUTES or any(word in name for word in LOCAL_FORM_WORDS):
        return None
    return next((known for known in drugs() if known in name), None)


def _order(row: Row, keys: Keys) -> Iterator[Event]:
    pharmacy = row.needed_identifier("pharmacy_id")
    drug = row.needed_text("drug")
    start, stop = row.needed_instant("starttime"), row.instant("stoptime")
    key = keys.distinct(
        row.raw("subject_id"),
        ":".join((pharmacy, row.raw("drug_type"), drug, row.raw("starttime"))),
    )
    early = (Flag.STOP_BEFORE_START,) if stop is not None and stop < start else ()
    yield _stage(row, key, "ordered", happened_at=start, known_at=start, early=early)
    if stop is not None:
        known = max(stop, start)
        yield _stage(row, key, "stopped", happened_at=stop, known_at=known, early=early)


def _stage(
    row: Row,
    key: str,
    stage: Literal["ordered", "stopped"],
    *,
    happened_at: datetime,
    known_at: datetime,
    early: tuple[Flag, ...],
) -> Medication:
    drug, route = row.raw("drug"), row.raw("route")
    antimicrobial = kept_by_mimic_code(row.raw("drug_type"), drug, route)
    mapped = ingredient(drug, route)
    unmapped = () if mapped or antimicrobial else (Flag.UNMAPPED,)
    return Medication(
        event_id=f"prescriptions:{key}" + (":stop" if stage == "stopped" else ""),
        happened_at=happened_at,
        known_at=known_at,
        encounter=row.identifier("hadm_id"),
        flags=(Flag.LAG_UNMEASURABLE, *early, *unmapped),
        stage=stage,
        order_id=key,
        drug=mapped,
        sent_drug=drug,
        route=route or None,
        dose=number(row.raw("dose_val_rx")),
        unit=row.text("dose_unit_rx"),
        planned_start=happened_at if stage == "ordered" else None,
        antimicrobial=antimicrobial,
    )
