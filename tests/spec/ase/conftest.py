"""A stay in hospital as a grid of its days, as on the toolkit's worksheet.

    day               |  1 |  2 |  3 |  4
    culture           |    |  C |    |
    vancomycin IV     |    |  x |  x |  x
    norepinephrine    |    |    |  x |
    creatinine        | 0.8|    | 1.6|
    leaves            |    |    |    | home

Day 1 is the day of admission (08:00).
Cultures are taken at 10:00, laboratory values at 09:00, doses given at 12:00, drips run
from 13:00 to 15:00, and who leaves or dies does so at 18:00, all by the hospital's clock.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from streams.clinical.definitions.ase.events import AseResult, adult_sepsis_events
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import (
    CodeStatus,
    Condition,
    CultureCollected,
    Death,
    Demographics,
    Encounter,
    Event,
    Infusion,
    Location,
    Measurement,
    Medication,
    RespiratorySupport,
)


ZONE = "America/New_York"
DAY_1 = date(2024, 5, 1)
DRIPS = {"norepinephrine", "dopamine", "epinephrine", "phenylephrine", "vasopressin"}
LABS = {"creatinine", "egfr", "bilirubin_total", "platelets", "lactate"}
NAMES = {"bilirubin": "bilirubin_total"}


def day_of(number: int) -> date:
    """Hospital day 1, 0, -1 as a date."""
    return DAY_1 + timedelta(days=number - 1)


def clock(number: int, hour: int, minute: int = 0) -> datetime:
    """An instant by the hospital's clock."""
    local = datetime.combine(day_of(number), time(hour, minute), ZoneInfo(ZONE))
    return local.astimezone(UTC)


def events_of(grid: str, *, admitted: bool = True, born: int | None = 1960) -> list:
    head, *rows = [
        [cell.strip() for cell in line.split("|")]
        for line in grid.strip().splitlines()
        if line.strip()
    ]
    days = [int(cell) for cell in head[1:]]
    found = list(_arrival(admitted, born))
    for row, (what, *cells) in enumerate(rows):
        for day, cell in zip(days, cells, strict=False):
            if cell:
                found += _events(f"{row}.{day}", what, cell, day)
    return found


def _common(name: str, at: datetime) -> dict:
    return {"event_id": name, "happened_at": at, "known_at": at, "encounter": "h"}


def _arrival(admitted: bool, born: int | None) -> Iterator[Event]:
    at = clock(1, 8)
    phase = "admitted" if admitted else "registered"
    kind = "inpatient" if admitted else "emergency"
    yield Encounter(**_common("came", at), phase=phase, encounter_class=kind)
    if born is not None:
        yield Demographics(
            **_common("born", at), birth_year=born, age_precision="stated"
        )


def _events(name: str, what: str, cell: str, day: int) -> Iterator[Event]:
    concept = NAMES.get(what, what)
    if concept in LABS:
        yield _laboratory(name, concept, cell, day)
    elif what in DRIPS:
        yield from _drip(name, what, cell, day)
    elif what in {"comfort care", "dies", "leaves", "diagnosis"}:
        yield _in_the_evening(name, what, cell, day)
    elif what == "theatre":
        for phase, hour in (("entered", 12), ("left", 16)):
            common = _common(f"{name}{phase}", clock(day, hour))
            yield Location(**common, phase=phase, ward="OR", level="theatre")
    elif what == "ventilated":
        yield RespiratorySupport(**_common(name, clock(day, 13)), category="invasive")
    elif what.endswith("culture"):
        specimen = "BLOOD CULTURE" if what == "culture" else what.upper()
        common = _common(name, clock(day, 10))
        yield CultureCollected(**common, culture_id=name, specimen=specimen)
    else:
        drug, _, route = what.rpartition(" ")
        yield Medication(
            **_common(name, clock(day, 12)),
            stage="given",
            sent_drug=drug,
            route=None if route == "?" else route,
        )


def _laboratory(name: str, concept: str, cell: str, day: int) -> Measurement:
    return Measurement(
        **_common(name, clock(day, 9)),
        concept=concept,
        value=float(cell.lstrip("<>")),
        comparator=cell[0] if cell[0] in "<>" else None,
    )


def _drip(name: str, drug: str, cell: str, day: int) -> Iterator[Infusion]:
    rate = None if cell == "?" else 0.0 if cell == "0" else 0.1
    for phase, hour in (("started", 13), ("stopped", 15)):
        common = _common(f"{name}{phase}", clock(day, hour))
        yield Infusion(**common, phase=phase, infusion_id=name, drug=drug, rate=rate)


def _in_the_evening(name: str, what: str, cell: str, day: int) -> Event:
    common = _common(name, clock(day, 18))
    if what == "comfort care":
        return CodeStatus(**common, status="comfort_only")
    if what == "dies":
        return Death(**common, place="hospital")
    if what == "diagnosis":
        return Condition(**common, code=f"http://hl7.org/fhir/sid/icd-10-cm|{cell}")
    common["encounter_class"] = "inpatient"
    return Encounter(**common, phase="discharged", disposition=cell)


def folded(events: list) -> Timeline:
    timeline = Timeline()
    for event in events:
        timeline.apply(event, event.event_id)
    return timeline


@pytest.fixture(scope="session")
def stay() -> Callable[..., Timeline]:
    """Makes a timeline of a grid."""
    return lambda grid, **given: folded(events_of(grid, **given))


@pytest.fixture(scope="session")
def ase(stay) -> Callable[..., AseResult]:
    """Judges a grid."""

    def judge(grid: str, *, now=None, policy=None, **given) -> AseResult:
        asked = {} if policy is None else {"policy": policy}
        return adult_sepsis_events(stay(grid, **given), zone=ZONE, now=now, **asked)

    return judge


@pytest.fixture(scope="session")
def on() -> Callable[[int], date]:
    """Hospital day as a date."""
    return day_of


@pytest.fixture(scope="session")
def at() -> Callable[..., datetime]:
    """Hospital day and hour as an instant."""
    return clock
