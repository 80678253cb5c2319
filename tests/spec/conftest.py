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

A marker is told with unit and assay, a label from outside with version and assay:

    1 10:00 | biomarker il1ra | 2100 pg/mL elisa
    1 10:00 | label srs       | SRS1 2022 rna-seq

What a culture grew names the culture: `grew e3 | STAPHYLOCOCCUS AUREUS`, `-` for
nothing, `preliminary GRAM POSITIVE COCCI`.
`tested e3 | STAPHYLOCOCCUS AUREUS, OXACILLIN R` is what it answered to.
`takes` is a drug taken at home, `gets` a dose given, `died` a death in hospital.
`procedure ecmo | started` tells of what is done, `stay` of a stay (`left` it, or left
`to` where).
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from streams.clinical.timeline import Timeline
from streams.vocabulary.events import (
    Assessment,
    Biomarker,
    Classification,
    Condition,
    CultureCollected,
    CultureResult,
    Death,
    Demographics,
    Encounter,
    Event,
    Fluid,
    Infusion,
    Location,
    Measurement,
    Medication,
    Procedure,
    RespiratorySupport,
    Susceptibility,
)
from streams.vocabulary.facts import Flag


MARCH = datetime(2150, 2, 28, tzinfo=UTC)
DRIPS = (
    *("norepinephrine", "epinephrine", "dopamine", "dobutamine", "phenylephrine"),
    *("vasopressin", "angiotensin_ii", "terlipressin", "milrinone"),
)
FLUIDS = ("urine", "gu_irrigant", "crystalloid", "colloid", "blood_product")
SUPPORT = ("category", "device", "mode")


WHEREABOUTS = {
    "icu": lambda common, value: Location(
        **common, phase=value, ward="MICU", level="icu"
    ),
    "hospital": lambda common, value: Encounter(
        **common, phase=value, encounter_class="inpatient"
    ),
    "home": lambda common, _: Encounter(
        **common, phase="discharged", encounter_class="inpatient", disposition="home"
    ),
    "born": lambda common, value: Demographics(**common, birth_year=int(value)),
    "aged": lambda common, value: Demographics(
        **common,
        birth_year=common["happened_at"].year - int(value),
        age_precision="stated",
    ),
    "sex": lambda common, value: Demographics(**common, sex=value),
    "condition": lambda common, value: Condition(
        **common, code=value.replace("~", "|")
    ),
    "principal": lambda common, value: Condition(
        **common, code=value.replace("~", "|"), rank=1
    ),
    "rrt": lambda common, value: Procedure(
        **common, phase=value, procedure_id="rrt", name="rrt"
    ),
    "crrt_mode": lambda common, value: Assessment(
        **common, concept="crrt_mode", text=value or None
    ),
}


def _biomarker(common: dict, concept: str, value: str) -> Biomarker:
    number, unit, *assay = value.split()
    comparator = number[0] if number[0] in "<>" else None
    return Biomarker(
        **common,
        concept=concept,
        value=None if number == "?" else float(number.lstrip("<>")),
        comparator=comparator,
        unit=unit,
        assay=" ".join(assay),
        assay_version="1",
    )


def _label(common: dict, classifier: str, value: str) -> Classification:
    label, version, *assay = value.split()
    score = float(label) if label.replace(".", "").isdigit() else None
    return Classification(
        **common,
        classifier=classifier,
        classifier_version="" if version == "-" else version,
        label=label if score is None else None,
        score=score,
        assay=" ".join(assay) or None,
    )


def _grew(common: dict, culture: str, value: str) -> CultureResult:
    """What a culture grew; `-` for nothing, `preliminary` before a name."""
    early = value.startswith("preliminary ")
    name = value.removeprefix("preliminary ")
    return CultureResult(
        **common,
        culture_id=culture,
        status="preliminary" if early else "final",
        positive=name != "-",
        organism=None if name == "-" else name,
    )


def _takes(common: dict, _: str, value: str) -> Medication:
    return Medication(**common, stage="home", sent_drug=value, drug=value)


def _gets(common: dict, name: str, value: str) -> Medication:
    known = {"yes": True, "no": False}.get(value)
    return Medication(**common, stage="given", sent_drug=name, antimicrobial=known)


def _tested(common: dict, culture: str, value: str) -> CultureResult:
    organism, _, tested = value.partition(", ")
    antimicrobial, interpretation = tested.rsplit(" ", 1)
    answered = Susceptibility(
        antimicrobial=antimicrobial,
        interpretation=None if interpretation == "?" else interpretation,
    )
    return CultureResult(
        **common,
        culture_id=culture,
        status="final",
        positive=True,
        organism=organism,
        susceptibilities=(answered,),
    )


def _procedure(common: dict, name: str, value: str) -> Procedure:
    return Procedure(**common, phase=value, procedure_id=name, name=name)


def _stay(common: dict, sort: str, value: str) -> Encounter:
    """`stay inpatient | admitted`; `stay inpatient | left to acute_hospital`."""
    phase, _, where = value.partition(" to ")
    return Encounter(
        **common,
        phase="discharged" if phase == "left" else phase,
        encounter_class=sort,
        disposition=where or None,
    )


def _died(common: dict, _: str, __: str) -> Death:
    return Death(**common, place="hospital")


def _sex(common: dict, _: str, value: str) -> Demographics:
    return Demographics(**common, sex=value)


FROM_OUTSIDE = {
    "biomarker": _biomarker,
    "label": _label,
    "grew": _grew,
    "tested": _tested,
    "takes": _takes,
    "gets": _gets,
    "procedure": _procedure,
    "stay": _stay,
    "died": _died,
    "sex": _sex,
}


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
        order = row.get("order") or None
        return Medication(
            **common, stage=stage, sent_drug=value, antimicrobial=True, order_id=order
        )
    if what.startswith("gcs"):
        number = float(value) if value.replace(".", "").isdigit() else None
        return Assessment(**common, concept=what, value=number, text=value)
    if what in FLUIDS:
        direction = "out" if what == "urine" else "in"
        volume = None if value == "?" else float(value)
        return Fluid(**common, direction=direction, substance=what, volume_ml=volume)
    if what in SUPPORT:
        return RespiratorySupport(**common, **{what: value})
    if what in WHEREABOUTS:
        return WHEREABOUTS[what](common, value)
    sort, _, name = what.partition(" ")
    if sort in FROM_OUTSIDE:
        dated = {} if ":" in at else {"flags": (Flag.DATE_ONLY,)}
        return FROM_OUTSIDE[sort](common | dated, name, value)
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
        method=row.get("method") or None,
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
