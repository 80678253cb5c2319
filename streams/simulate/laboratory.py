"""Panels and gases: drawn by the clock and by need, reported after their turnaround."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from streams.simulate.bedside import support_at
from streams.simulate.chart import Chart, Note
from streams.simulate.draws import Floats
from streams.simulate.patient import Patient


LARGEST_LACTATE = 15.0
"""mmol/L; the analyser says no more than `>15`."""
LEAST_CRP = 5.0
"""mg/L; below it the analyser says `<5`."""

_Row = list[float]


def chart_laboratory(chart: Chart) -> None:
    """Draw and report blood from arrival to the end of the stay."""
    hours = _draws(chart)
    _report(chart, hours, _CHEMISTRY, _write_chemistry)
    _report(chart, hours + 0.01, _BLOOD_COUNT, _write_blood_count)
    _report(chart, hours[::2] + 0.02, _LIVER, _write_liver)
    _report_gases(chart)


def _draws(chart: Chart) -> Floats:
    """At arrival, with each morning's round, and with a suspicion of infection."""
    config, patient = chart.config, chart.patient
    hours: list[float] = []
    for segment in patient.segments:
        every = (
            config.icu_labs_every if segment.level == "icu" else config.ward_labs_every
        )
        step = every.total_seconds() / 3600
        offset = 0.5 if segment.level != "ward" else min(step / 2, 6.0)
        hours += np.arange(segment.begins + offset, segment.ends, step).tolist()
    suspected = patient.course.suspected
    if suspected is not None:
        hours += [suspected + 0.3, suspected + 7.0]
    return _during(patient, sorted(hours))


def _during(patient: Patient, hours: list[float]) -> Floats:
    """Those of the hours at which there is somebody to draw from."""
    until = patient.course.ends
    if patient.course.comfort_care is not None:
        until = patient.course.comfort_care
    return np.array([h for h in hours if 0.1 <= h < until - 0.1])


_CHEMISTRY = ("creatinine",)
_BLOOD_COUNT = ("platelets", "white_cells")
_LIVER = ("bilirubin", "crp")


def _report(
    chart: Chart,
    hours: Floats,
    series: tuple[str, ...],
    write: Callable[[Chart, Note, _Row], None],
) -> None:
    if hours.size == 0:
        return
    body, luck = chart.patient.body, chart.luck
    exact = np.column_stack([body.at(getattr(body, name), hours) for name in series])
    noise = np.exp(0.03 * luck.rng.standard_normal(exact.shape))
    for hour, row in zip(hours.tolist(), (exact * noise).tolist(), strict=True):
        lag = chart.config.lab_turnaround.seconds(luck.gauss())
        if luck.happens(chart.config.late_share):
            lag += chart.config.late_by.seconds(luck.gauss())
        note = chart.note("laboratory", chart.patient.moment(hour), lag)
        write(chart, note, row)


def _write_chemistry(chart: Chart, note: Note, row: _Row) -> None:
    gauss, tube = chart.luck.gauss, f"{note.message_id}:tube"
    creatinine = round(row[0], 2)
    for concept, value in (
        ("sodium", round(139 + 3.2 * gauss())),
        ("potassium", round(4.1 + 0.4 * gauss(), 1)),
        ("chloride", round(103 + 3.5 * gauss())),
        ("bicarbonate", round(24 + 2 * gauss())),
        ("bun", round(max(4, 15 * creatinine + 3 * gauss()))),
        ("creatinine", creatinine),
        ("glucose", round(max(52, 128 + 28 * gauss()))),
    ):
        note.measure(concept, float(value), specimen="blood", specimen_id=tube)


def _write_blood_count(chart: Chart, note: Note, row: _Row) -> None:
    tube = f"{note.message_id}:tube"
    note.measure("platelets", float(round(row[0])), specimen="blood", specimen_id=tube)
    note.measure("wbc", round(row[1], 1), specimen="blood", specimen_id=tube)
    haemoglobin = round(min(max(6.2, 11.6 + 1.3 * chart.luck.gauss()), 18), 1)
    note.measure("haemoglobin", haemoglobin, specimen="blood", specimen_id=tube)


def _write_liver(chart: Chart, note: Note, row: _Row) -> None:
    gauss, tube = chart.luck.gauss, f"{note.message_id}:tube"
    bilirubin, protein = round(row[0], 1), round(row[1], 1)
    note.measure("bilirubin_total", bilirubin, specimen="blood", specimen_id=tube)
    alt = float(round(28 * bilirubin**0.6 * np.exp(0.4 * gauss()) + 6))
    note.measure("alt", alt, specimen="blood", specimen_id=tube)
    inr = round(1.05 + 0.1 * bilirubin**0.5 + 0.04 * abs(gauss()), 2)
    note.measure("inr", inr, specimen="blood", specimen_id=tube)
    if protein < LEAST_CRP:
        note.measure(
            "crp",
            LEAST_CRP,
            comparator="<",
            text="<5",
            specimen="blood",
            specimen_id=tube,
        )
    else:
        note.measure("crp", protein, specimen="blood", specimen_id=tube)


def _gas_hours(chart: Chart) -> Floats:
    """When infection is suspected in the ill, and through intensive care."""
    patient, course = chart.patient, chart.patient.course
    step = chart.config.gases_every.total_seconds() / 3600
    hours: list[float] = []
    if course.suspected is not None and (course.septic or chart.luck.happens(0.5)):
        hours += [course.suspected + 0.35, course.suspected + 6.0]
    if course.icu is not None:
        hours += np.arange(course.icu[0] + 0.7, course.icu[1], step).tolist()
    return _during(patient, sorted(hours))


def _report_gases(chart: Chart) -> None:
    hours = _gas_hours(chart)
    if hours.size == 0:
        return
    patient, body, luck = chart.patient, chart.patient.body, chart.luck
    lungs = body.at(body.oxygenation, hours) * np.exp(
        0.05 * luck.rng.standard_normal(hours.size)
    )
    acids = body.at(body.lactate, hours) * np.exp(
        0.06 * luck.rng.standard_normal(hours.size)
    )
    support = support_at(patient, hours)
    for index, hour in enumerate(hours.tolist()):
        lag = chart.config.gas_turnaround.seconds(luck.gauss())
        note = chart.note("laboratory", patient.moment(hour), lag)
        _write_gas(chart, note, lungs.item(index), acids.item(index), support[index][1])


def _write_gas(
    chart: Chart, note: Note, pf: float, lactate: float, fio2: float
) -> None:
    gauss, tube = chart.luck.gauss, f"{note.message_id}:tube"
    acidity = round(7.42 - 0.02 * max(lactate - 1.5, 0) + 0.02 * gauss(), 2)
    note.measure("blood_gas_specimen", None, text="ART.", specimen_id=tube)
    for concept, value in (
        ("pao2", round(max(pf * fio2 / 100, 38))),
        ("paco2", round(min(max(22, 39 + 5 * gauss()), 95))),
        ("ph_arterial", max(acidity, 6.75)),
    ):
        note.measure(concept, float(value), specimen="arterial", specimen_id=tube)
    note.measure(
        "fio2", fio2, method="blood_gas", specimen="arterial", specimen_id=tube
    )
    if lactate > LARGEST_LACTATE:
        note.measure(
            "lactate", LARGEST_LACTATE, comparator=">", text=">15",
            specimen="arterial", specimen_id=tube,
        )  # fmt: skip
    else:
        note.measure(
            "lactate", round(lactate, 1), specimen="arterial", specimen_id=tube
        )
