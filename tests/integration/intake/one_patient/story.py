"""One made-up patient, told once: what every format must fold to.

Five days: emergency department, ward, ICU with ventilation and norepinephrine, a blood
culture that grows, antimicrobials, and home again.
A fact is a tuple without ids, so that formats which name things differently agree;
`facts` tells a timeline's, `STORY` those of this patient, and `BEYOND` what a format
has no place for.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from streams.clinical.timeline import Timeline
from streams.vocabulary.events import (
    Assessment,
    Clinical,
    CodeStatus,
    Condition,
    CultureCollected,
    CultureResult,
    Death,
    Demographics,
    Encounter,
    Fluid,
    Infusion,
    Location,
    Measurement,
    Medication,
    RespiratorySupport,
)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of March 2150, UTC."""
    return datetime(2150, 3, day, hour, minute, tzinfo=UTC)


Told = tuple[object, ...]

STORY: frozenset[Told] = frozenset(
    {
        ("demographics", "female", 2087),
        ("encounter", "admitted", at(1, 8), None),
        ("encounter", "discharged", at(5, 12), "home"),
        ("location", "entered", "emergency", at(1, 8)),
        ("location", "left", "emergency", at(1, 11)),
        ("location", "entered", "ward", at(1, 11)),
        ("location", "left", "ward", at(1, 20)),
        ("location", "entered", "icu", at(1, 20)),
        ("location", "left", "icu", at(3, 15)),
        ("location", "entered", "ward", at(3, 15)),
        ("location", "left", "ward", at(5, 12)),
        # Vital signs on the ward and in the ICU.
        ("measurement", "heart_rate", at(1, 9), 118.0, None),
        ("measurement", "map", at(1, 9), 71.0, None),
        ("measurement", "resp_rate", at(1, 9), 26.0, None),
        ("measurement", "temperature", at(1, 9), 38.9, None),
        ("measurement", "spo2", at(1, 9), 91.0, None),
        ("measurement", "map", at(1, 20, 15), 58.0, None),
        ("measurement", "weight", at(1, 20, 15), 70.0, None),
        ("measurement", "fio2", at(1, 21), 60.0, None),
        ("measurement", "peep", at(1, 21), 10.0, None),
        ("assessment", "gcs_total", at(1, 9), 14.0),
        # Results; one censored, one taken from an artery.
        ("measurement", "creatinine", at(1, 9, 30), 1.9, None),
        ("measurement", "bilirubin_total", at(1, 9, 30), 0.2, "<"),
        ("measurement", "platelets", at(1, 9, 30), 92.0, None),
        ("measurement", "lactate", at(1, 9, 30), 4.1, None),
        ("measurement", "pao2", at(1, 21, 30), 74.0, None),
        ("measurement", "lactate", at(2, 6), 1.6, None),
        ("culture_collected", "BLOOD CULTURE", at(1, 9, 40)),
        (
            "culture_result",
            "BLOOD CULTURE",
            at(3, 10),
            True,
            "ESCHERICHIA COLI",
            (("CEFTRIAXONE", "S"), ("CIPROFLOXACIN", "R")),
        ),
        ("medication", "given", "ceftriaxone", at(1, 10, 10), True),
        ("medication", "given", "ceftriaxone", at(2, 10, 10), True),
        # Norepinephrine from 0.05 to 0.2 to nothing.
        ("infusion", "norepinephrine", at(1, 20, 30), 0.05),
        ("infusion", "norepinephrine", at(1, 22), 0.2),
        ("infusion", "norepinephrine", at(2, 14), 0.0),
        ("respiratory_support", "oxygen", at(1, 9)),
        ("respiratory_support", "invasive", at(1, 21)),
        ("respiratory_support", "oxygen", at(3, 9)),
        ("fluid", "out", "urine", at(1, 22), 40.0),
        ("fluid", "out", "urine", at(2, 6), 310.0),
        ("condition", "http://hl7.org/fhir/sid/icd-10-cm|A4151"),
        ("code_status", "full", at(1, 12)),
    }
)

_ANSWERED = next(fact for fact in STORY if fact[0] == "culture_result")
_UNANSWERED = (*_ANSWERED[:-1], ())
_STATUS = next(fact for fact in STORY if fact[0] == "code_status")

BEYOND: dict[str, dict[Told, Told | None]] = {
    "clif": {},
    "csv": {},
    # How an organism answered antimicrobials has no place of its own in OMOP, and what
    # was agreed about resuscitation none at all.
    "omop": {_ANSWERED: _UNANSWERED, _STATUS: None},
    "hl7v2": {_STATUS: None},
    "fhir": {_STATUS: None},
}
"""By format: the facts it tells less of, and what is left of them (None: nothing)."""


def expected(form: str) -> frozenset[Told]:
    """What a format folds to."""
    less = BEYOND[form]
    told = (less.get(fact, fact) for fact in STORY)
    return frozenset(fact for fact in told if fact is not None)


def facts(timeline: Timeline) -> frozenset[Told]:
    """All that stands, without ids, and each infusion as its course."""
    return frozenset((*_told(timeline), *_course(timeline)))


def _told(timeline: Timeline) -> Iterator[Told]:
    specimens = {
        fact.culture_id: fact.specimen.upper()
        for fact in timeline.all(CultureCollected, "culture_collected")
    }
    for _, lane in timeline.lanes(""):
        for fact in lane.all():
            if told := _fact(fact, specimens):
                yield told
    said = timeline.all(Demographics, "demographics")
    sexes = {fact.sex for fact in said if fact.sex}
    years = {fact.birth_year for fact in said if fact.birth_year}
    yield ("demographics", *sexes, *years)


def _fact(  # noqa: C901, PLR0912 - a table of kinds
    fact: Clinical, specimens: dict[str, str]
) -> Told | None:
    at = fact.happened_at
    match fact:
        case Measurement():
            value = None if fact.value is None else round(fact.value, 6)
            return ("measurement", fact.concept, at, value, fact.comparator)
        case Assessment():
            return ("assessment", fact.concept, at, fact.value)
        case Encounter():
            return ("encounter", fact.phase, at, fact.disposition)
        case Location():
            return ("location", fact.phase, fact.level, at)
        case CultureCollected():
            return ("culture_collected", fact.specimen.upper(), at)
        case CultureResult():
            answers = sorted(
                (one.antimicrobial.upper(), one.interpretation)
                for one in fact.susceptibilities
            )
            organism = (fact.organism or "").upper().replace("_", " ")
            specimen = specimens.get(fact.culture_id)
            return (
                *("culture_result", specimen, at, fact.positive),
                *(organism, tuple(answers)),
            )
        case Medication():
            drug = fact.sent_drug.lower().split()[0]
            return ("medication", fact.stage, drug, at, fact.antimicrobial)
        case RespiratorySupport():
            return ("respiratory_support", fact.category, at)
        case Fluid():
            return ("fluid", fact.direction, fact.substance, at, fact.volume_ml)
        case Condition():
            system, _, code = fact.code.partition("|")
            return ("condition", f"{system}|{code.replace('.', '')}")
        case CodeStatus():
            return ("code_status", fact.status, at)
        case Death():
            return ("death", at)
        case _:
            return None


def _course(timeline: Timeline) -> Iterator[Told]:
    """The rates of each drug: a stretch that goes on in another is no stop."""
    for name, lane in timeline.lanes("infusion:"):
        rates: dict[datetime, float] = {}
        for fact in lane.all():
            assert isinstance(fact, Infusion)
            if fact.phase == "stopped":
                rates.setdefault(fact.happened_at, 0.0)
            else:
                rates[fact.happened_at] = round(fact.rate or 0.0, 6)
        for moment, rate in rates.items():
            yield ("infusion", name.removeprefix("infusion:"), moment, rate)
