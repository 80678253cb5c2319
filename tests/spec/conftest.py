"""Timelines as small tables that a clinician can read.

    at      | what          | value
    1 10:00 | platelets     | 90
    1 10:00 | culture       | BLOOD CULTURE
    2       | culture       | URINE            (only the date is known)
    1 11:30 | antimicrobial | vancomycin
    1 12:00 | norepinephrine| 0.05
    1 14:00 | norepinephrine| stop

Days count from 1 March 2150; a code is written `system~code`.
Further columns, where a table needs them: stay, encounter, specimen.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from streams.clinical.timeline import Timeline
from streams.vocabulary.events import (
    Assessment,
    Condition,
    CultureCollected,
    Event,
    Fluid,
    Infusion,
    Location,
    Measurement,
    Medication,
    RespiratorySupport,
)
from streams.vocabulary.facts import Flag


MARCH = datetime(2150, 2, 28, tzinfo=UTC)
DRIPS = ("norepinephrine", "epinephrine", "dopamine", "dobutamine", "phenylephrine")
SUPPORT = ("category", "device", "mode")


def moment(text: str) -> datetime:
    """`2 10:00` as an instant; a bare day is its midnight."""
    day, _, clock = text.strip().partition(" ")
    hour, _, minute = (clock or "0:0").partition(":")
    return MARCH + timedelta(days=int(day), hours=int(hour), minutes=int(minute))


def events_of(table: str) -> Iterator[Event]:
    lines = [line for line in table.strip().splitlines() if line.strip()]
    head, *rows = [[cell.strip() for cell in line.split("|")] for line in lines]
    running: dict[str, str] = {}
    for number, cells in enumerate(rows):
        row = dict(zip(head, cells, strict=False))
        yield _event(f"e{number}", row, running)


def _event(event_id: str, row: dict[str, str], running: dict[str, str]) -> Event:
    at, what, value = row["at"], row["what"], row.get("value", "")
    common = {
        "event_id": row.get("id") or event_id,
        "happened_at": moment(at),
        "known_at": moment(at),
        "encounter": row.get("encounter") or None,
        "stay": row.get("stay") or None,
    }
    if what in DRIPS:
        name = running.setdefault(what, event_id)
        if value == "stop":
            del running[what]
            return Infusion(**common, phase="stopped", infusion_id=name, drug=what)
        rate = None if value == "?" else float(value)
        phase = "started" if name == event_id else "changed"
        return Infusion(**common, phase=phase, infusion_id=name, drug=what, rate=rate)
    if what == "culture":
        flags = () if ":" in at else (Flag.DATE_ONLY,)
        name = common["event_id"]
        return CultureCollected(**common, flags=flags, culture_id=name, specimen=value)
    if what in {"antimicrobial", "antimicrobial given"}:
        stage = "given" if what.endswith("given") else "ordered"
        return Medication(**common, stage=stage, sent_drug=value, antimicrobial=True)
    if what.startswith("gcs"):
        number = float(value) if value.replace(".", "").isdigit() else None
        return Assessment(**common, concept=what, value=number, text=value)
    if what in {"urine", "gu_irrigant"}:
        direction = "out" if what == "urine" else "in"
        volume = float(value)
        return Fluid(**common, direction=direction, substance=what, volume_ml=volume)
    if what in SUPPORT:
        return RespiratorySupport(**common, **{what: value})
    if what == "icu":
        return Location(**common, phase=value, ward="MICU", level="icu")
    if what == "condition":
        return Condition(**common, code=value.replace("~", "|"))
    return _measurement(common, what, value, row)


def _measurement(common: dict, what: str, value: str, row: dict) -> Measurement:
    comparator = value[0] if value[:1] in "<>" else None
    specimen = row.get("specimen") or ("arterial" if what == "pao2" else None)
    return Measurement(
        **common,
        concept=what,
        value=float(value.lstrip("<>")),
        comparator=comparator or None,
        specimen=specimen,
    )


@pytest.fixture(scope="session")
def timeline_of() -> Callable[[str], Timeline]:
    """Makes a timeline of a table."""

    def make(table: str) -> Timeline:
        timeline = Timeline()
        for event in events_of(table):
            timeline.apply(event, event.event_id)
        return timeline

    return make


@pytest.fixture(scope="session")
def at() -> Callable[[str], datetime]:
    """Reads `2 10:00`."""
    return moment
