"""Made-up stays, told to Ember and to clifpy alike.

All of it happens at noon by the hospital's clock unless an hour is given, and admission
is at midnight: where clocks and calendar days say the same, readings can be compared.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from streams.clinical.timeline import Timeline
from streams.vocabulary.events import (
    CodeStatus,
    Condition,
    CultureCollected,
    Encounter,
    Infusion,
    Location,
    Measurement,
    Medication,
    RespiratorySupport,
)


ZONE = "America/New_York"
DAY_1 = date(2024, 5, 1)
NOON = 12.0
LEAVES = {
    "Home": "home",
    "Expired": "died",
    "Hospice": "hospice",
    "Acute Care Hospital": "acute_hospital",
}
LABS = {
    "creatinine": ("creatinine", [0.5, 0.8, 1.0, 1.6, 2.0]),
    "bilirubin_total": ("bilirubin_total", [0.8, 1.0, 1.9, 2.0, 3.0]),
    "platelets": ("platelet_count", [40.0, 99.0, 100.0, 180.0, 198.0]),
    "lactate": ("lactate", [1.0, 2.0, 4.0]),
    "egfr": ("egfr", []),
}
DRUGS = [
    *(("ceftriaxone", "iv"), ("cefepime", "iv"), ("piperacillin_tazobactam", "iv")),
    *(("gentamicin", "im"), ("levofloxacin", "iv"), ("levofloxacin", "enteral")),
    *(("vancomycin", "iv"), ("vancomycin", "enteral"), ("linezolid", "enteral")),
]
ROUTES = {"iv": "IV", "im": "IM", "enteral": "PO"}


@dataclass(frozen=True)
class Story:
    """One stay; a moment is a hospital day, or a day and an hour."""

    cultures: tuple = ()
    doses: tuple = ()
    """Day, drug, route."""
    drips: tuple = ()
    """Day and drug: an hour of it."""
    ventilated: tuple = ()
    labs: tuple = ()
    """Day, concept, value."""
    codes: tuple = ()
    leaves: tuple = (8, "Home")
    admitted_hour: float = 0.0
    comfort: tuple = ()
    theatre: tuple = ()
    results_late: int = 0
    """How many hours after its collection a laboratory value is known."""
    lactate: bool = field(default=False)


def moment(when):
    """A hospital day (at noon), or a day and an hour, as an instant."""
    day, hour = when if isinstance(when, tuple) else (when, NOON)
    local = datetime.combine(DAY_1, time(), ZoneInfo(ZONE)) + timedelta(days=day - 1)
    return (local + timedelta(hours=hour)).astimezone(UTC)


def local_date(when):
    return moment(when).astimezone(ZoneInfo(ZONE)).date()


def timeline_of(story):
    timeline = Timeline()
    for number, (kind, when, content) in enumerate(_facts(story)):
        at = moment(when)
        fact = kind(
            event_id=content.pop("event_id", f"e{number}"),
            happened_at=at,
            known_at=at,
            encounter="h",
            **content,
        )
        timeline.apply(fact, fact.event_id)
    return timeline


def _facts(story):
    came = {"phase": "admitted", "encounter_class": "inpatient"}
    day, category = story.leaves
    gone = {"phase": "discharged", "encounter_class": "inpatient"}
    yield Encounter, (1, story.admitted_hour), came
    yield Encounter, (day, 23), {**gone, "disposition": LEAVES[category]}
    for number, when in enumerate(sorted(story.cultures, key=moment)):
        name = {"event_id": f"c{number}", "culture_id": str(number + 1)}
        yield CultureCollected, when, {**name, "specimen": "BLOOD CULTURE"}
    for when, drug, route in story.doses:
        given = {"stage": "given", "sent_drug": drug, "route": ROUTES[route]}
        yield Medication, when, given
    for number, (when, drug) in enumerate(story.drips):
        day, hour = when if isinstance(when, tuple) else (when, NOON)
        drip = {"infusion_id": f"i{number}", "drug": drug, "rate": 0.1}
        yield Infusion, when, {"phase": "started", **drip}
        yield Infusion, (day, hour + 1), {"phase": "stopped", **drip}
    for when in story.ventilated:
        yield RespiratorySupport, when, {"category": "invasive"}
    for when, concept, value in story.labs:
        yield Measurement, when, {"concept": concept, "value": value}
    for code in story.codes:
        system = "http://hl7.org/fhir/sid/icd-10-cm"
        yield Condition, (story.leaves[0], 23), {"code": f"{system}|{code}"}
    for when in story.comfort:
        yield CodeStatus, when, {"status": "comfort_only"}
    for first, last in story.theatre:
        for phase, when in (("entered", first), ("left", last)):
            room = {"phase": phase, "ward": "OR", "level": "theatre"}
            yield Location, when, room


def clif_tables(stories):
    """CLIF tables of stories by name."""
    tables = {}
    for name, story in stories.items():
        for table, row in _rows(name, story):
            tables.setdefault(table, []).append(row)
    return tables


def _rows(name, story):
    stay = {"hospitalization_id": name}
    day, category = story.leaves
    left = moment((day, 23)).isoformat()
    yield (
        "hospitalization",
        {
            **stay,
            "patient_id": name,
            "admission_dttm": moment((1, story.admitted_hour)).isoformat(),
            "discharge_dttm": left,
            "discharge_category": category,
        },
    )
    died = left if category == "Expired" else None
    yield "patient", {"patient_id": name, "death_dttm": died}
    for when in story.cultures:
        taken = {"collect_dttm": moment(when).isoformat()}
        yield "microbiology_culture", {**stay, **taken, "fluid_category": "blood_buffy"}
    for when, drug, route in story.doses:
        yield (
            "medication_admin_intermittent",
            {
                **stay,
                "admin_dttm": moment(when).isoformat(),
                "med_category": drug,
                "med_name": drug,
                "med_group": "CMS_sepsis_qualifying_antibiotics",
                "med_route_category": route,
                "med_dose": 1.0,
            },
        )
    yield from _support_rows(stay, story)
    for when, concept, value in story.labs:
        day, hour = when if isinstance(when, tuple) else (when, NOON)
        yield (
            "labs",
            {
                **stay,
                "lab_category": LABS[concept][0],
                "lab_value": str(value),
                "lab_value_numeric": value,
                "lab_order_dttm": moment(when).isoformat(),
                "lab_result_dttm": moment((day, hour + story.results_late)).isoformat(),
            },
        )
    for code in story.codes:
        yield "hospital_diagnosis", {**stay, "diagnosis_code": code}


def _support_rows(stay, story):
    for when, drug in story.drips:
        yield (
            "medication_admin_continuous",
            {
                **stay,
                "admin_dttm": moment(when).isoformat(),
                "med_category": drug,
                "med_name": drug,
                "med_group": "vasoactives",
                "med_dose": 0.1,
            },
        )
    for when in story.ventilated:
        charted = {"recorded_dttm": moment(when).isoformat()}
        yield "respiratory_support", {**stay, **charted, "device_category": "IMV"}
    for first, last in story.theatre:
        yield (
            "adt",
            {
                **stay,
                "in_dttm": moment(first).isoformat(),
                "out_dttm": moment(last).isoformat(),
                "location_category": "procedural",
            },
        )


def drawn(draw: Random) -> Story:
    """A stay of up to 25 days with cultures, courses, organs and an end."""
    last = draw.randint(5, 25)
    days = range(1, last + 1)
    cultures = {draw.randint(1, last) for _ in range(draw.choice([1, 1, 1, 2, 3]))}
    doses = []
    for _ in range(draw.choice([0, 1, 1, 2, 2, 3])):
        begin = draw.choice([*cultures, *days]) + draw.randint(-3, 2)
        drug, route = draw.choice(DRUGS)
        doses += [
            (day, drug, route)
            for day in range(begin, begin + draw.randint(1, 7))
            if 1 <= day <= last and draw.random() < 0.85
        ]
    drips = [
        (day, drug)
        for drug in ("norepinephrine", "vasopressin", "phenylephrine")
        if draw.random() < 0.3
        for day in sorted(draw.sample(days, draw.randint(1, min(3, last))))
    ]
    ventilated = draw.sample(days, 2) if draw.random() < 0.2 else []
    labs = [
        (day, concept, draw.choice(levels))
        for concept, (_, levels) in LABS.items()
        if levels and concept != "lactate"
        for day in sorted(draw.sample(days, min(last, draw.randint(0, 5))))
    ]
    return Story(
        cultures=tuple(sorted(cultures)),
        doses=tuple(sorted(set(doses))),
        drips=tuple(drips),
        ventilated=tuple(sorted(ventilated)),
        labs=tuple(labs),
        codes=("N18.6",) if draw.random() < 0.1 else (),
        leaves=(last, draw.choice(list(LEAVES))),
    )


def late_results(story: Story) -> Story:
    """The same stay, its laboratory values known a day after their collection."""
    return replace(story, results_late=24)
