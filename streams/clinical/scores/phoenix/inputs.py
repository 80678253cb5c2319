"""What the score is made of: values, each an interval, or plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streams.clinical.criteria.intervals import Interval
from streams.clinical.scores.bedside import Observed
from streams.clinical.scores.hours import EPOCH


Values = Sequence[Observed]
"""Those that may decide; none where nothing was seen."""

NO_SUPPORT, OTHER_SUPPORT, VENTILATED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Support:
    """The support of breathing: the least and the most it can be."""

    least: int = NO_SUPPORT
    most: int = VENTILATED
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Everything that Phoenix and Phoenix-8 read at one moment."""

    age: Observed | None = None
    """Months."""
    pf_ratio: Values = ()
    sf_ratio: Values = ()
    sf_void: bool = False
    """An SpO2 was seen, but one so high that it makes no S/F."""
    support: Support = Support()
    vasoactives: Values = ()
    """How many."""
    lactate: Values = ()
    pressure: Values = ()
    platelets: Values = ()
    inr: Values = ()
    d_dimer: Values = ()
    fibrinogen: Values = ()
    gcs: Values = ()
    fixed_pupils: Values = ()
    glucose: Values = ()
    neutrophils: Values = ()
    lymphocytes: Values = ()
    creatinine: Values = ()
    bilirubin: Values = ()
    alt: Values = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """The same as plain numbers, by the names of `phoenix-sepsis`; None: not known."""

    age: float | None = None
    """Months."""
    pf_ratio: float | None = None
    sf_ratio: float | None = None
    """Only of an SpO2 up to 97 %."""
    imv: bool | None = None
    other_respiratory_support: bool | None = None
    vasoactives: int | None = None
    lactate: float | None = None
    """mmol/L."""
    map: float | None = None
    """mmHg."""
    platelets: float | None = None
    """10*3/uL."""
    inr: float | None = None
    d_dimer: float | None = None
    """mg/L FEU."""
    fibrinogen: float | None = None
    """mg/dL."""
    gcs: int | None = None
    fixed_pupils: bool | None = None
    """Both."""
    glucose: float | None = None
    """mg/dL."""
    anc: float | None = None
    """10*3/uL."""
    alc: float | None = None
    """10*3/uL."""
    creatinine: float | None = None
    """mg/dL."""
    bilirubin: float | None = None
    """mg/dL."""
    alt: float | None = None
    """U/L."""


def inputs_of(numbers: Numbers) -> Inputs:
    """Plain numbers as inputs without events."""
    return Inputs(
        age=None if numbers.age is None else _exact(numbers.age),
        pf_ratio=_seen(numbers.pf_ratio),
        sf_ratio=_seen(numbers.sf_ratio),
        support=_support(numbers.imv, numbers.other_respiratory_support),
        vasoactives=_seen(numbers.vasoactives),
        lactate=_seen(numbers.lactate),
        pressure=_seen(numbers.map),
        platelets=_seen(numbers.platelets),
        inr=_seen(numbers.inr),
        d_dimer=_seen(numbers.d_dimer),
        fibrinogen=_seen(numbers.fibrinogen),
        gcs=_seen(numbers.gcs),
        fixed_pupils=_seen(numbers.fixed_pupils),
        glucose=_seen(numbers.glucose),
        neutrophils=_seen(numbers.anc),
        lymphocytes=_seen(numbers.alc),
        creatinine=_seen(numbers.creatinine),
        bilirubin=_seen(numbers.bilirubin),
        alt=_seen(numbers.alt),
    )


def _support(imv: bool | None, other: bool | None) -> Support:
    """Ventilation is support too, so `other` matters only without it."""
    if imv:
        return Support(VENTILATED, VENTILATED)
    least = OTHER_SUPPORT if other else NO_SUPPORT
    if imv is None:
        return Support(least, VENTILATED)
    return Support(least, NO_SUPPORT if other is False else OTHER_SUPPORT)


def _seen(value: float | None) -> Values:
    return () if value is None else (_exact(float(value)),)


def _exact(value: float) -> Observed:
    return Observed(EPOCH, Interval(value, value), ())
