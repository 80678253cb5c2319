"""What nurses chart: vital signs, consciousness, breathing, urine."""

from __future__ import annotations

import numpy as np

from streams.simulate.chart import Chart, Note
from streams.simulate.draws import Floats
from streams.simulate.patient import Patient, Segment
from streams.vocabulary.events import Fluid, RespiratorySupport
from streams.vocabulary.facts import Flag


_BELIEF_STRAINED: tuple[tuple[str, float], ...] = (
    ("temperature", 30.4),
    ("map", 262.0),
    ("resp_rate", 66.0),
    ("heart_rate", 305.0),
    ("spo2", 41.0),
)
"""Possible, outside the plausible range of `concepts.csv`: flushed lines, shivering."""

_DEVICES = {
    "invasive": "Endotracheal tube",
    "hfnc": "High flow nasal cannula",
    "oxygen": "Nasal cannula",
    "none": "None",
}
_FIO2 = {"hfnc": 55.0, "oxygen": 32.0, "none": 21.0}


def chart_bedside(chart: Chart) -> None:
    """Chart every round at the bedside, from arrival to the end of the stay."""
    for segment in chart.patient.segments:
        _chart_segment(chart, segment)
    _chart_ventilation(chart)


def support_at(patient: Patient, hours: Floats) -> list[tuple[str, float]]:
    """The category of breathing support and the FiO2 (%) at each of these hours."""
    lungs = patient.body.at(patient.body.oxygenation, hours)
    tube = patient.body.ventilated
    icu = patient.course.icu
    return [
        _support(pf, hour, tube=tube, icu=icu)
        for pf, hour in zip(lungs.tolist(), hours.tolist(), strict=True)
    ]


def _support(
    pf: float,
    hour: float,
    *,
    tube: tuple[float, float] | None,
    icu: tuple[float, float] | None,
) -> tuple[str, float]:
    if tube is not None and tube[0] <= hour <= tube[1]:
        # Titrated to a PaO2 of 80 mmHg.
        return "invasive", min(100.0, max(30.0, round(8000 / pf / 5) * 5.0))
    in_icu = icu is not None and icu[0] <= hour <= icu[1]
    name = "none" if pf > 330 else "hfnc" if pf < 210 and in_icu else "oxygen"
    return name, _FIO2[name]


def _rounds(chart: Chart, segment: Segment) -> Floats:
    """The hours of the rounds: regular, a few minutes early or late, never outside."""
    config = chart.config
    often = config.icu_vitals_every
    if segment.level != "icu":
        often = config.ward_vitals_every
    step = often.total_seconds() / 3600
    if segment.level == "emergency":
        step = min(step, 1.5)
    hours = np.arange(segment.begins + 0.1, segment.ends - 0.05, step)
    late = chart.luck.rng.uniform(-0.08, 0.08, hours.size)
    inside = np.clip(hours + late, segment.begins + 0.02, segment.ends - 0.02)
    pressor = chart.patient.body.pressor
    if pressor is not None and segment.begins <= pressor[0] <= segment.ends:
        # Nobody hangs a vasopressor without having looked at the pressure.
        inside = np.sort(np.append(inside, pressor[0] - 0.2))
    return inside


def _chart_segment(chart: Chart, segment: Segment) -> None:
    hours = _rounds(chart, segment)
    if hours.size == 0:
        return
    icu = segment.level == "icu"
    rows = _vital_signs(chart, hours)
    support = support_at(chart.patient, hours)
    brain = chart.patient.body.at(chart.patient.body.gcs, hours).tolist()
    every = 4 if icu else 2 if segment.level == "ward" else 1
    last = segment.begins
    for index, (hour, row) in enumerate(zip(hours.tolist(), rows, strict=True)):
        stay = chart.patient.stay(hour) if icu else None
        lag = chart.config.bedside_lag.seconds(chart.luck.gauss())
        note = chart.note("vitals", chart.patient.moment(hour), lag, stay=stay)
        _write_signs(chart, note, row, with_temperature=not icu or index % 4 == 0)
        if index % every == 0:
            _write_consciousness(chart, note, brain[index], support[index][0])
            _write_breathing(note, *support[index], always=icu)
        if icu or index % 2 == 1:
            _write_urine(chart, note, last, hour)
            last = hour


def _vital_signs(chart: Chart, hours: Floats) -> list[list[float]]:
    """Heart and breathing rate, SBP, DBP, MAP, SpO2, temperature at each hour."""
    body, rng = chart.patient.body, chart.luck.rng
    noise = _wandering(rng.standard_normal((hours.size, 6)))
    # At the moment before a vasopressor the unsupported pressure is what is seen.
    pressure = body.at(body.mean_pressure, hours) + 2.2 * noise[:, 2]
    if body.pressor is not None:
        looked = np.isclose(hours, body.pressor[0] - 0.2)
        lowest = np.minimum(body.at(body.unsupported, hours), 63.0)
        pressure = np.where(looked, lowest, pressure)
    pulse = 38 + 5 * noise[:, 3]
    lungs = body.at(body.oxygenation, hours)
    saturation = 98.5 - 4.0 * np.clip((330 - lungs) / 250, 0, 1.4)
    table = np.column_stack([
        body.at(body.heart_rate, hours) + 4 * noise[:, 0],
        np.maximum(body.at(body.resp_rate, hours) + 1.3 * noise[:, 1], 6),
        pressure + pulse * 2 / 3,
        np.maximum(pressure - pulse / 3, 15),
        pressure,
        np.clip(saturation + noise[:, 4], 60, 100),
        body.at(body.temperature, hours) + 0.2 * noise[:, 5],
    ])  # fmt: skip
    rounded = np.round(table)
    rounded[:, 6] = np.round(table[:, 6], 1)
    rows: list[list[float]] = rounded.tolist()
    return rows


def _wandering(steps: Floats) -> Floats:
    """Noise that remembers a little, so that neighbours look like neighbours."""
    carried = steps.copy()
    carried[1:] = 0.8 * steps[1:] + 0.6 * steps[:-1]
    return carried


def _write_signs(
    chart: Chart, note: Note, row: list[float], *, with_temperature: bool
) -> None:
    heart, breath, systolic, diastolic, mean, saturation, warmth = row
    method = "arterial_line" if note.stay is not None else "noninvasive"
    note.measure("heart_rate", heart)
    note.measure("resp_rate", breath)
    note.measure("sbp", systolic, method=method)
    note.measure("dbp", diastolic, method=method)
    note.measure("map", mean, method=method)
    note.measure("spo2", saturation)
    if with_temperature:
        note.measure("temperature", warmth)
    if chart.luck.happens(chart.config.implausible_share):
        concept, value = chart.luck.one_of(_BELIEF_STRAINED)
        note.measure(concept, value, flags=(Flag.IMPLAUSIBLE,))


def _write_consciousness(chart: Chart, note: Note, total: float, device: str) -> None:
    """The three parts of the Glasgow Coma Scale; no voice through a tube."""
    if device == "invasive":
        deep = chart.luck.between(0, 1)
        note.assess("gcs_eye", 1.0 if deep < 0.5 else 2.0)
        note.assess("gcs_verbal", 1.0, "No Response-ETT")
        note.assess("gcs_motor", 4.0 if deep < 0.5 else 5.0)
        note.assess("rass", -4.0 if deep < 0.5 else -2.0)
        return
    lost = 15 - round(total)
    verbal = max(1, 5 - (lost + 1) // 2)
    eye = max(1, 4 - (lost - (5 - verbal) + 1) // 2)
    note.assess("gcs_eye", float(eye))
    note.assess("gcs_verbal", float(verbal))
    note.assess("gcs_motor", float(min(6, max(1, 15 - lost - verbal - eye))))


def _write_breathing(note: Note, category: str, fio2: float, *, always: bool) -> None:
    if category == "none" and not always:
        return
    note.add(
        RespiratorySupport,
        category=category,
        device=_DEVICES[category],
        mode="CMV/ASSIST" if category == "invasive" else None,
    )
    if category in {"invasive", "hfnc"}:
        note.measure("fio2", fio2, method="charted")
    if category == "invasive":
        note.measure("peep", 8.0 if fio2 >= 50 else 5.0)
    elif category == "oxygen":
        note.measure("o2_flow", 3.0)


def _write_urine(chart: Chart, note: Note, since: float, hour: float) -> None:
    patient = chart.patient
    rate = float(np.interp(hour, patient.body.hours, patient.body.urine))
    noisy = rate * max(0.2, 1 + 0.25 * chart.luck.gauss())
    volume = noisy * patient.person.weight_kg * max(hour - since, 0)
    note.add(
        Fluid,
        direction="out",
        substance="urine",
        volume_ml=float(round(volume / 5) * 5),
        started_at=patient.moment(since),
    )


def _chart_ventilation(chart: Chart) -> None:
    tube = chart.patient.body.ventilated
    if tube is None:
        return
    for phase, hour in (("started", tube[0]), ("stopped", tube[1])):
        lag = chart.config.bedside_lag.seconds(chart.luck.gauss())
        moment = chart.patient.moment(hour)
        note = chart.note("vitals", moment, lag, stay=chart.patient.stay(hour))
        note.add(RespiratorySupport, phase=phase, category="invasive")
