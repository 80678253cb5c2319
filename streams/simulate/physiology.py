"""What severity does to the organs, hour by hour, before anybody measures it.

The links are plausible and ours: fast ones (circulation, breathing, consciousness)
follow severity at once, slow ones (creatinine, bilirubin, platelets, CRP) follow its
moving average, as half-lives do.
Points are those of SOFA 1996 in the half-open bands of `sofa.sql` (mimic-code).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from streams.simulate.course import Course
from streams.simulate.draws import Floats, Luck
from streams.simulate.person import Person


FALL = 34.0
"""mmHg of mean pressure lost at severity 1 and an average circulation."""
PRESSOR_BELOW = 62.0
"""The mean pressure (mmHg) at which a vasopressor is begun."""
TARGET = 67.0
"""The mean pressure (mmHg) it is titrated to; guidelines ask for 65."""


@dataclass(frozen=True, slots=True)
class Frailty:
    """How strongly each organ answers to severity; 1 is the average."""

    circulation: float
    lungs: float
    kidneys: float
    liver: float
    marrow: float
    brain: float

    def scaled(self, factor: float) -> Frailty:
        """All organs but the circulation, which is set by whether shock comes."""
        return Frailty(
            self.circulation,
            self.lungs * factor,
            self.kidneys * factor,
            self.liver * factor,
            self.marrow * factor,
            self.brain * factor,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Physiology:
    """Latent series on the hours of the course; clinical units of the dictionary."""

    hours: Floats
    unsupported: Floats
    """The mean pressure there would be without a vasopressor."""
    mean_pressure: Floats
    pressor: tuple[float, float] | None
    norepinephrine: Floats
    """µg/kg/min, base."""
    oxygenation: Floats
    ventilated: tuple[float, float] | None
    gcs: Floats
    creatinine: Floats
    bilirubin: Floats
    platelets: Floats
    lactate: Floats
    urine: Floats
    """mL/kg/h."""
    white_cells: Floats
    crp: Floats
    temperature: Floats
    heart_rate: Floats
    resp_rate: Floats
    points: NDArray[np.int64]
    """SOFA at each hour."""
    baseline: int
    """SOFA when nothing acute is wrong."""

    def at(self, series: Floats, hours: Floats) -> Floats:
        """One series at other moments."""
        return np.interp(hours, self.hours, series)


def physiology(course: Course, person: Person, luck: Luck) -> Physiology:
    """The organs' course; septic organs fail, merely infected ones hold.

    The frailty is drawn, then turned up or down until the course is what was planned:
    two points above baseline within a day of recognition, or none, so that the noise
    of measuring seldom makes two.
    """
    frailty = _frailty(course, person, luck)
    nature = _Nature.drawn(course, luck)
    body = _body(course, person, frailty, nature)
    for _ in range(40):
        if course.septic and not _fails_in_time(course, body):
            frailty = frailty.scaled(1.1)
        elif course.illness == "infection" and _suffers(course, body):
            frailty = frailty.scaled(0.9)
        else:
            break
        body = _body(course, person, frailty, nature)
    return body


@dataclass(frozen=True, slots=True)
class _Nature:
    """How this patient's body takes an infection."""

    fever: float
    leukocytes: float
    lactate: float
    ventilator_hours: float

    @classmethod
    def drawn(cls, course: Course, luck: Luck) -> _Nature:
        infected = course.infection is not None
        cold = luck.happens(0.12)
        return cls(
            fever=(-1.6 if cold else luck.between(1.6, 3.0)) if infected else 0.4,
            leukocytes=-5.5 if luck.happens(0.1) else luck.between(8, 18),
            lactate=luck.between(6, 14) if luck.happens(0.1) else luck.between(2.4, 5),
            ventilator_hours=luck.between(3, 9)
            if course.elective and course.icu
            else 0.0,
        )


def _frailty(course: Course, person: Person, luck: Luck) -> Frailty:
    drawn = [float(np.exp(0.3 * luck.gauss())) for _ in range(6)]
    frailty = Frailty(*drawn)
    if course.infection is not None and course.infection.source == "lung":
        frailty = replace(frailty, lungs=frailty.lungs * 1.5)
    return replace(frailty, circulation=_circulation(course, person, drawn[0]))


def _circulation(course: Course, person: Person, drawn: float) -> float:
    """Shock is a circulation that gives way at the height of it, and only that."""
    if course.infection is None:
        return min(drawn, 1.2)
    if course.illness == "infection":
        worst = FALL * float(course.severity.max())
        return min(drawn, (person.mean_pressure - 75) / worst)
    at_peak = FALL * course.infection.peak
    if course.illness == "septic_shock":
        return max(drawn, (person.mean_pressure - 54) / at_peak)
    return min(drawn, (person.mean_pressure - 65) / at_peak)


def _lagging(series: Floats, hours: float) -> Floats:
    """The exponential moving average with this time constant."""
    kernel = np.exp(-np.arange(0, int(hours * 5)) / hours)
    padded = np.concatenate([np.full(kernel.size, series[0]), series])
    smooth = np.convolve(padded, kernel / kernel.sum())
    return smooth[kernel.size : kernel.size + series.size]


def _body(
    course: Course, person: Person, frailty: Frailty, nature: _Nature
) -> Physiology:
    hours, ill = course.hours, course.severity
    slow, slower = _lagging(ill, 10), _lagging(ill, 18)
    unsupported = person.mean_pressure - FALL * frailty.circulation * ill
    pressor = _pressor(course, unsupported)
    norepinephrine = _titrated(hours, unsupported, pressor)
    lifted = np.where(norepinephrine > 0, np.clip(TARGET - unsupported, 0, 30), 0.0)
    pressure = np.maximum(unsupported + lifted, 24)
    oxygenation = np.maximum(
        person.oxygenation * np.exp(-1.15 * frailty.lungs * ill), 52
    )
    gcs = np.clip(15 - 10 * np.clip(frailty.brain * ill - 0.42, 0, None), 3, 15)
    ventilated = _ventilated(course, oxygenation, gcs, nature)
    creatinine = np.minimum(person.creatinine * (1 + 2.4 * frailty.kidneys * slow), 9)
    bilirubin = np.minimum(person.bilirubin * np.exp(1.7 * frailty.liver * slower), 30)
    platelets = np.maximum(person.platelets * np.exp(-1.2 * frailty.marrow * slower), 6)
    lactate = 1.0 + nature.lactate * np.maximum(ill, 0) ** 1.6
    points = _points(
        pressure, norepinephrine, oxygenation,
        breathing_for=_within(hours, ventilated),
        gcs=gcs, creatinine=creatinine, bilirubin=bilirubin, platelets=platelets,
    )  # fmt: skip
    warmth = np.sqrt(np.clip(slow if course.infection else ill * 0, 0, 1))
    temperature = 36.8 + nature.fever * warmth
    return Physiology(
        hours=hours,
        unsupported=unsupported,
        mean_pressure=pressure,
        pressor=pressor,
        norepinephrine=norepinephrine,
        oxygenation=oxygenation,
        ventilated=ventilated,
        gcs=np.round(gcs),
        creatinine=creatinine,
        bilirubin=bilirubin,
        platelets=platelets,
        lactate=lactate,
        urine=1.1 * np.exp(-1.5 * frailty.kidneys * slow),
        white_cells=np.maximum(7.5 + nature.leukocytes * slow, 0.4),
        crp=4 + (260 if course.infection else 70) * slower,
        temperature=temperature,
        heart_rate=person.heart_rate + 42 * ill + 6 * (temperature - 36.8),
        resp_rate=15 + 13 * np.minimum(ill * frailty.lungs, 1.5),
        points=points,
        baseline=_baseline(person),
    )


def _within(hours: Floats, interval: tuple[float, float] | None) -> NDArray[np.bool_]:
    if interval is None:
        return np.zeros(hours.size, dtype=np.bool_)
    return (hours >= interval[0]) & (hours <= interval[1])


def _treatable(course: Course) -> tuple[float, float] | None:
    """When organs are supported: in intensive care, until only comfort is sought."""
    if course.icu is None:
        return None
    until = course.ends if course.comfort_care is None else course.comfort_care
    begins, ends = course.icu[0] + 0.6, min(course.icu[1] - 0.4, until)
    return (begins, ends) if ends > begins else None


def _pressor(course: Course, unsupported: Floats) -> tuple[float, float] | None:
    allowed = _treatable(course)
    if allowed is None:
        return None
    low = course.hours[(unsupported < PRESSOR_BELOW) & _within(course.hours, allowed)]
    if low.size == 0:
        return None
    # A quarter of an hour after the hour at which the pressure was too low.
    begins, ends = float(low[0]) + 0.25, min(float(low[-1]) + 2.0, allowed[1])
    return (begins, ends) if ends - begins > 0.5 else None


def _titrated(
    hours: Floats, unsupported: Floats, pressor: tuple[float, float] | None
) -> Floats:
    if pressor is None:
        return np.zeros(hours.size)
    needed = np.clip(0.014 * (TARGET - unsupported), 0.02, 1.2)
    return np.where(_within(hours, pressor), np.round(needed, 2), 0.0)


def _ventilated(
    course: Course, oxygenation: Floats, gcs: Floats, nature: _Nature
) -> tuple[float, float] | None:
    allowed = _treatable(course)
    if allowed is None:
        return None
    if nature.ventilator_hours:
        return (
            (course.icu[0], course.icu[0] + nature.ventilator_hours)
            if course.icu
            else None
        )
    poor = (oxygenation < 150) | (gcs < 9)
    failing = course.hours[poor & _within(course.hours, allowed)]
    if failing.size == 0:
        return None
    begins, ends = float(failing[0]) + 0.3, min(float(failing[-1]) + 8.0, allowed[1])
    return (begins, ends) if ends - begins > 1 else None


def _points(
    pressure: Floats,
    norepinephrine: Floats,
    oxygenation: Floats,
    *,
    breathing_for: NDArray[np.bool_],
    gcs: Floats,
    creatinine: Floats,
    bilirubin: Floats,
    platelets: Floats,
) -> NDArray[np.int64]:
    """SOFA 1996, cut-offs as in `sepsis_definitions.md` §1.2."""
    breath = 4 - np.digitize(oxygenation, (100, 200, 300, 400))
    breath = np.where(breathing_for, breath, np.minimum(breath, 2))
    heart = np.select(
        [norepinephrine > 0.1, norepinephrine > 0, pressure < 70], [4, 3, 1], 0
    )
    brain = 4 - np.digitize(np.round(gcs), (6, 10, 13, 15))
    kidney = np.digitize(creatinine, (1.2, 2.0, 3.5, 5.0))
    liver = np.digitize(bilirubin, (1.2, 2.0, 6.0, 12.0))
    blood = 4 - np.digitize(platelets, (20, 50, 100, 150))
    return np.asarray(breath + heart + brain + kidney + liver + blood, dtype=np.int64)


def _baseline(person: Person) -> int:
    one = np.ones(1)
    points = _points(
        one * person.mean_pressure, one * 0, one * person.oxygenation,
        breathing_for=one > 1, gcs=one * 15, creatinine=one * person.creatinine,
        bilirubin=one * person.bilirubin, platelets=one * person.platelets,
    )  # fmt: skip
    return int(points[0])


def _suffers(course: Course, body: Physiology) -> bool:
    stayed = (body.hours >= 0) & (body.hours <= course.ends)
    return bool(np.any(body.points[stayed] > body.baseline))


def _fails_in_time(course: Course, body: Physiology) -> bool:
    """Two points above baseline between recognition and 16 hours later."""
    if course.infection is None:
        return True
    first = course.infection.recognised
    window = (body.hours >= first - 6) & (body.hours <= first + 16)
    held = window & (body.hours <= course.ends) & (body.hours >= 0)
    return int(np.sum(body.points[held] - body.baseline >= 2)) >= 6
