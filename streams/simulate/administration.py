"""The desk: arrival, beds, allergies, goals of care, diagnoses, what came after."""

from __future__ import annotations

from streams.simulate.afterwards import Afterwards
from streams.simulate.chart import Chart, Note
from streams.simulate.pathogens import SOURCE_DIAGNOSIS
from streams.simulate.person import Chronic
from streams.vocabulary.codes import Icd10Cm
from streams.vocabulary.events import (
    Allergy,
    CodeStatus,
    Condition,
    Death,
    Demographics,
    Encounter,
    Location,
    Pregnancy,
    VitalStatusContact,
)


_CHRONIC: dict[Chronic, str] = {
    "kidney_failure": "N18.5",
    "cirrhosis": "K74.60",
    "thrombocytopenia": "D69.6",
    "heart_failure": "I50.9",
    "copd": "J44.9",
}
_OTHER_REASONS = ("I21.4", "K80.20", "S72.001A", "I63.9", "K92.2", "E11.65")


def chart_administration(chart: Chart, after: Afterwards) -> None:
    """Everything the desk knows, from the door to the last contact."""
    _arrival(chart)
    _body_size(chart)
    _beds(chart)
    _goals_of_care(chart)
    _departure(chart)
    _diagnoses(chart)
    _after_discharge(chart, after)


def _desk(chart: Chart, hour: float) -> Note:
    lag = chart.config.desk_lag.seconds(chart.luck.gauss())
    return chart.note("adt", chart.patient.moment(hour), lag)


def _arrival(chart: Chart) -> None:
    course, who = chart.patient.course, chart.patient.person
    note = _desk(chart, 0)
    emergency = not course.elective
    kind = "emergency" if emergency else "inpatient"
    note.add(Encounter, phase="registered", encounter_class=kind)
    year = chart.patient.arrival.year - who.age
    # The simulator draws an age and no birthday.
    note.add(Demographics, sex=who.sex, birth_year=year, age_precision="stated")
    # A bed upstairs is what makes a visit an admission.
    upstairs = [s for s in chart.patient.segments if s.level != "emergency"]
    admission = _desk(chart, upstairs[0].begins if upstairs else course.ends / 2)
    admission.add(Encounter, phase="admitted", encounter_class="inpatient")
    _asked(chart)


def _asked(chart: Chart) -> None:
    """What the first nurse asks: allergies, pregnancy, known diseases."""
    who, luck = chart.patient.person, chart.luck
    hour = min(luck.between(0.3, 2.0), chart.patient.course.ends / 2)
    lag = chart.config.bedside_lag.seconds(luck.gauss())
    note = chart.note("notes", chart.patient.moment(hour), lag)
    for substance in who.allergies:
        note.add(Allergy, substance=substance, severity="unknown")
    if not who.allergies and luck.happens(0.7):
        note.add(Allergy, substance="any", present=False)
    if who.pregnant is not None:
        _asked_of_pregnancy(chart, note, pregnant=who.pregnant)
    for name in who.chronic:
        if luck.happens(chart.config.problem_list_share):
            note.add(Condition, code=str(Icd10Cm(_CHRONIC[name])))


def _asked_of_pregnancy(chart: Chart, note: Note, *, pregnant: bool) -> None:
    if not chart.luck.happens(chart.config.unknown_pregnancy_share):
        basis = "laboratory" if pregnant or chart.luck.happens(0.5) else "history"
        note.add(Pregnancy, pregnant=pregnant, basis=basis)
    elif chart.luck.happens(0.5):
        note.add(Pregnancy, pregnant=None, basis="asked")


def _body_size(chart: Chart) -> None:
    """Weighed on admission, and daily in intensive care, where water gathers."""
    patient, luck = chart.patient, chart.luck
    hour = min(luck.between(0.4, 4), patient.course.ends / 2)
    lag = chart.config.bedside_lag.seconds(luck.gauss())
    note = chart.note("vitals", patient.moment(hour), lag)
    weight = patient.person.weight_kg
    note.measure("weight", weight, method="admission")
    note.measure("height", patient.person.height_cm)
    icu = patient.course.icu
    if icu is None:
        return
    for day in range(int((icu[1] - icu[0]) // 24)):
        hour = icu[0] + 24 * day + 12
        daily = chart.note("vitals", patient.moment(hour), lag, stay=patient.stay(hour))
        gained = round(weight + min(day + 1, 5) * luck.between(0.3, 1.2), 1)
        daily.measure("weight", gained, method="daily")


def _beds(chart: Chart) -> None:
    """One message a move, as an A02 is: left there, entered here."""
    patient = chart.patient
    left = None
    for segment in patient.segments:
        note = _desk(chart, segment.begins)
        if left is not None:
            note.stay = f"{patient.name}-icu1" if left.level == "icu" else None
            note.add(Location, phase="left", ward=left.ward, level=left.level)
        note.stay = f"{patient.name}-icu1" if segment.level == "icu" else None
        note.add(Location, phase="entered", ward=segment.ward, level=segment.level)
        left = segment


def _goals_of_care(chart: Chart) -> None:
    course, luck = chart.patient.course, chart.luck
    dnr = luck.happens(0.25 if chart.patient.person.age > 80 else 0.04)
    if dnr or luck.happens(0.5):
        note = _desk(chart, min(luck.between(1, 8), course.ends / 2))
        note.add(CodeStatus, status="dnr" if dnr else "full")
    if course.comfort_care is not None:
        _desk(chart, course.comfort_care).add(CodeStatus, status="comfort_only")


def _departure(chart: Chart) -> None:
    course, last = chart.patient.course, chart.patient.segments[-1]
    note = _desk(chart, course.ends)
    if course.dies:
        note.add(Death, place="hospital", basis="attending physician")
    note.stay = f"{chart.patient.name}-icu1" if last.level == "icu" else None
    note.add(Location, phase="left", ward=last.ward, level=last.level)
    note.stay = None
    home = "home" if chart.luck.happens(0.8) else "facility"
    note.add(
        Encounter,
        phase="discharged",
        encounter_class="inpatient",
        disposition="died" if course.dies else home,
    )
    if not course.dies:
        note.add(VitalStatusContact, alive=True, basis="discharge")


def _diagnoses(chart: Chart) -> None:
    """Coded days after discharge, never before."""
    lag = chart.luck.between(1, 6) * 86400
    note = chart.note("adt", chart.patient.moment(chart.patient.course.ends), lag)
    for rank, code in enumerate(_codes(chart), start=1):
        note.add(Condition, code=str(Icd10Cm(code)), rank=rank)


def _codes(chart: Chart) -> list[str]:
    course = chart.patient.course
    codes: list[str] = []
    if course.infection is not None:
        shock = chart.patient.body.pressor is not None
        severe = "R65.21" if shock else "R65.20"
        grown = course.infection.grows
        sepsis = course.infection.pathogen.diagnosis if grown else "A41.9"
        codes += [sepsis, severe] if course.septic else []
        codes.append(SOURCE_DIAGNOSIS[course.infection.source])
    else:
        codes.append(chart.luck.one_of(_OTHER_REASONS))
    return codes + [_CHRONIC[name] for name in chart.patient.person.chronic]


def _after_discharge(chart: Chart, after: Afterwards) -> None:
    for contact in after.contacts:
        lag = chart.config.desk_lag.seconds(chart.luck.gauss())
        note = chart.note("registry", contact.at, lag, inside=False)
        note.add(VitalStatusContact, alive=True, basis=contact.basis)
    if after.died_at is not None and after.noticed_at is not None:
        lag = (after.noticed_at - after.died_at).total_seconds()
        note = chart.note("registry", after.died_at, lag, inside=False)
        note.add(Death, place="elsewhere", basis="civil_registry")
