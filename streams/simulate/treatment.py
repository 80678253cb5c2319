"""What is given: antimicrobials, vasopressors, fluids, steroids, and the rest."""

from __future__ import annotations

import numpy as np

from streams.simulate.chart import Chart
from streams.simulate.pathogens import CEFAZOLIN, Dosing, regimen
from streams.vocabulary.events import Fluid, Infusion, Medication, Procedure


_HOME: tuple[tuple[str, float], ...] = (
    ("Aspirin", 0.3),
    ("Metoprolol Tartrate", 0.25),
    ("Atorvastatin", 0.35),
    ("Apixaban", 0.12),
    ("PredniSONE", 0.06),
)
_NOT_SYSTEMIC = Dosing("Bacitracin Ointment", 1, "application", 12, "TP")


def chart_treatment(chart: Chart) -> None:
    """Order and give everything."""
    _home_medication(chart)
    _antimicrobials(chart)
    _prophylaxis(chart)
    _fluids(chart)
    _vasopressor(chart)
    _dialysis(chart)
    _ward_medication(chart)


def _lag(chart: Chart) -> float:
    return chart.config.medication_lag.seconds(chart.luck.gauss())


def _home_medication(chart: Chart) -> None:
    taken = [drug for drug, share in _HOME if chart.luck.happens(share)]
    if not taken:
        return
    hour = min(chart.luck.between(0.5, 3), chart.patient.course.ends / 2)
    note = chart.note("medication", chart.patient.moment(hour), _lag(chart))
    for drug in taken:
        note.add(Medication, stage="home", sent_drug=drug, antimicrobial=False)


def _antimicrobials(chart: Chart) -> None:
    """Begun with the cultures, mostly after them; stopped when nothing comes of it."""
    course, luck = chart.patient.course, chart.luck
    if course.suspected is None:
        return
    infection = course.infection
    drugs = regimen(
        infection.source if infection else "unknown",
        shock=course.illness == "septic_shock",
        hospital_onset=course.hospital_onset,
        allergic="penicillin" in chart.patient.person.allergies,
    )
    first = course.suspected + luck.between(-0.1, 1.2)
    days = luck.between(6, 9) if infection else luck.between(1.2, 2.2)
    for number, dosing in enumerate(drugs):
        _course_of(chart, f"abx{number}", dosing, first, first + 24 * days)


def _prophylaxis(chart: Chart) -> None:
    """Cefazolin before the knife: an antimicrobial without a suspicion."""
    if chart.patient.course.elective and chart.patient.course.ends > 12:
        hour = chart.luck.between(3, 5)
        _course_of(chart, "prophylaxis", CEFAZOLIN, hour, hour + 6)
        note = chart.note("notes", chart.patient.moment(hour + 0.5), _lag(chart))
        operation = f"{chart.patient.name}-op1"
        note.add(Procedure, procedure_id=operation, name="surgery")
    if chart.luck.happens(0.03):
        hour = chart.patient.course.ends / 3
        _course_of(chart, "topical", _NOT_SYSTEMIC, hour, hour + 30, systemic=False)


def _course_of(
    chart: Chart,
    name: str,
    dosing: Dosing,
    begins: float,
    stops: float,
    *,
    systemic: bool = True,
) -> None:
    """Order, doses and end of one drug; cut short by the end of the stay."""
    patient, luck = chart.patient, chart.luck
    begins = max(begins, 0.3)
    last = patient.course.ends - 0.1
    if patient.course.comfort_care is not None:
        last = min(last, patient.course.comfort_care)
    if begins >= last:
        return
    order = {
        "order_id": f"{patient.name}-{name}",
        "sent_drug": dosing.sent_drug,
        "route": dosing.route,
        "antimicrobial": systemic,
    }
    given = begins + luck.between(0.3, 1.3)
    note = chart.note("medication", patient.moment(begins), _lag(chart))
    note.add(
        Medication, stage="ordered", **order, dose=dosing.dose, unit=dosing.unit,
        planned_start=patient.moment(given), planned_stop=patient.moment(stops),
    )  # fmt: skip
    for hour in np.arange(given, min(stops, last), dosing.every_hours).tolist():
        missed = hour > given and luck.happens(0.02)
        dose = chart.note("medication", patient.moment(hour), _lag(chart))
        dose.add(
            Medication, stage="not_given" if missed else "given", **order,
            dose=dosing.dose, unit=dosing.unit,
        )  # fmt: skip
    if stops < last:
        end = chart.note("medication", patient.moment(stops), _lag(chart))
        end.add(Medication, stage="stopped", **order)


def _fluids(chart: Chart) -> None:
    """Boluses where infection or shock asks for them, then a drip in intensive care."""
    course, body = chart.patient.course, chart.patient.body
    if course.septic and course.infection is not None:
        wanted = (30 if course.illness == "septic_shock" else 15) * chart.luck.between(
            0.5, 1.3
        )
        _bolus(chart, course.infection.recognised + 0.5, wanted)
    elif body.pressor is not None:
        _bolus(chart, body.pressor[0] - 1.0, 8)
    if course.icu is not None:
        for hour in np.arange(course.icu[0] + 4, course.icu[1], 8).tolist():
            _poured(chart, hour, 240 + 60 * chart.luck.gauss(), hours=4)


def _bolus(chart: Chart, begins: float, ml_per_kg: float) -> None:
    left = ml_per_kg * chart.patient.person.weight_kg
    hour = max(begins, 0.2) + 0.5
    while left > 100 and hour < chart.patient.course.ends - 0.2:
        _poured(chart, hour, min(500.0, left), hours=0.5)
        left, hour = left - 500, hour + 0.6


def _poured(chart: Chart, hour: float, volume: float, *, hours: float) -> None:
    patient = chart.patient
    note = chart.note("medication", patient.moment(hour), _lag(chart))
    note.stay = patient.stay(hour)
    note.add(
        Fluid, direction="in", substance="crystalloid",
        volume_ml=float(max(50, round(volume / 10) * 10)),
        started_at=patient.moment(max(hour - hours, 0)),
    )  # fmt: skip


def _vasopressor(chart: Chart) -> None:
    """Norepinephrine, titrated; hydrocortisone in half of those who need much."""
    body, luck = chart.patient.body, chart.luck
    if body.pressor is None:
        return
    begins, ends = body.pressor
    weighed = not luck.happens(chart.config.missing_weight_share)
    hours = np.arange(begins, ends - 0.2, 1.0)
    rates = np.round(np.maximum(body.at(body.norepinephrine, np.ceil(hours)), 0.02), 2)
    held = -1.0
    for hour, rate in zip(hours.tolist(), rates.tolist(), strict=True):
        if abs(rate - held) >= 0.02 or held < 0:
            # Whoever came unweighed is weighed within three hours.
            known = weighed or hour > begins + 3
            phase = "started" if held < 0 else "changed"
            _drip(chart, hour, phase, rate, weighed=known)
            held = rate
    _drip(chart, ends, "stopped", 0.0, weighed=True)
    if float(rates.max()) >= 0.25 and luck.happens(0.5):
        _hydrocortisone(chart, begins + luck.between(2, 8), ends)


def _drip(chart: Chart, hour: float, phase: str, rate: float, *, weighed: bool) -> None:
    patient = chart.patient
    moment, stay = patient.moment(hour), patient.stay(hour)
    note = chart.note("medication", moment, _lag(chart), stay=stay)
    weight = patient.person.weight_kg
    note.add(
        Infusion, phase=phase, infusion_id=f"{patient.name}-ne1", drug="norepinephrine",
        rate=rate if weighed else None, weight_kg=weight if weighed else None,
        sent_rate=round(rate * weight, 1), sent_unit="mcg/min",
    )  # fmt: skip


def _hydrocortisone(chart: Chart, begins: float, ends: float) -> None:
    patient = chart.patient
    if begins >= ends - 1:
        return
    order = {
        "order_id": f"{patient.name}-hydrocortisone",
        "drug": "hydrocortisone",
        "sent_drug": "Hydrocortisone Na Succ.",
        "route": "IV",
        "antimicrobial": False,
    }
    note = chart.note("medication", patient.moment(begins), _lag(chart))
    note.add(Medication, stage="ordered", **order, dose=50.0, unit="mg")
    for hour in np.arange(begins + 0.4, ends, 6.0).tolist():
        dose = chart.note("medication", patient.moment(hour), _lag(chart))
        dose.add(Medication, stage="given", **order, dose=50.0, unit="mg")


def _dialysis(chart: Chart) -> None:
    """Where the kidneys stop in intensive care, or had stopped long before."""
    patient, body = chart.patient, chart.patient.body
    icu = patient.course.icu
    if icu is None:
        return
    stopped = body.hours[(body.creatinine > 4.2) & (body.hours > icu[0] + 2)]
    stopped = stopped[stopped < icu[1] - 6]
    if stopped.size == 0:
        return
    begins, ends = float(stopped[0]), icu[1] - 1.0
    for phase, hour in (("started", begins), ("stopped", ends)):
        note = chart.note(
            "medication", patient.moment(hour), _lag(chart), stay=patient.stay(hour)
        )
        session = f"{patient.name}-rrt1"
        note.add(Procedure, phase=phase, procedure_id=session, name="rrt")


def _ward_medication(chart: Chart) -> None:
    """Heparin and paracetamol: what most of a medication feed is made of."""
    patient = chart.patient
    every = 12.0
    for hour in np.arange(4.0, patient.course.ends - 0.2, every).tolist():
        if (
            patient.course.comfort_care is not None
            and hour > patient.course.comfort_care
        ):
            return
        note = chart.note("medication", patient.moment(hour), _lag(chart))
        note.add(
            Medication, stage="given", sent_drug="Heparin", route="SC", dose=5000.0,
            unit="[IU]", antimicrobial=False, order_id=f"{patient.name}-heparin",
        )  # fmt: skip
