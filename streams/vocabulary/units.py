"""UCUM units, what sites write for them, and conversion between them.

Three steps, none of which guesses:

1. `canonical_unit` maps what a site wrote (`K/uL`, `mmHg`, `mcg/min`) to UCUM;
2. a unit has a dimension and a factor (temperature also an offset);
3. `convert` goes from one unit to another of the same dimension.

What needs to know the substance (mg/dL to mmol/L) is said by the concept dictionary
(`concepts.Concept.molar_factor`), never by the unit.
Units that look alike and must not be exchanged (D-dimer FEU and DDU, molecules a cell
and per cent positive) have dimensions of their own.

Source: UCUM 2.2 (ucum.org); `test_units.py` holds known conversions against it.
"""

from __future__ import annotations

from dataclasses import dataclass

from streams.vocabulary.errors import ErrorCode, InputError


@dataclass(frozen=True, slots=True)
class Unit:
    """A UCUM unit: `value * factor + offset` is the value in its dimension's base."""

    ucum: str
    dimension: str
    factor: float
    offset: float = 0.0


_TABLE: dict[str, dict[str, float | tuple[float, float]]] = {
    "mass_concentration": {  # base g/L
        "g/L": 1.0,
        "g/dL": 10.0,
        "mg/L": 1e-3,
        "mg/dL": 1e-2,
        "ug/mL": 1e-3,
        "ug/L": 1e-6,
        "ug/dL": 1e-5,
        "ng/mL": 1e-6,
        "ng/L": 1e-9,
        "ng/dL": 1e-8,
        "pg/mL": 1e-9,
    },
    "fibrin_equivalent_concentration": {  # base mg/L FEU
        "mg/L{FEU}": 1.0,
        "ug/mL{FEU}": 1.0,
        "ng/mL{FEU}": 1e-3,
    },
    "d_dimer_unit_concentration": {"mg/L{DDU}": 1.0, "ng/mL{DDU}": 1e-3},
    "substance_concentration": {  # base mmol/L
        "mmol/L": 1.0,
        "umol/L": 1e-3,
        "nmol/L": 1e-6,
        "pmol/L": 1e-9,
        "meq/L": 1.0,  # of univalent ions, which is all the dictionary has
    },
    "catalytic_concentration": {"U/L": 1.0, "[IU]/L": 1.0},
    "arbitrary_concentration": {"[IU]/mL": 1.0},
    "number_concentration": {  # base 10*9/L
        "10*9/L": 1.0,
        "10*3/uL": 1.0,
        "10*6/L": 1e-3,
        "/uL": 1e-3,
        "10*6/uL": 1e3,
        "10*12/L": 1e3,
    },
    "pressure": {  # base mm[Hg]
        "mm[Hg]": 1.0,
        "kPa": 7.500616827,
        "cm[H2O]": 0.735559240,
    },
    "ratio": {"1": 1.0, "%": 0.01},
    "acidity": {"[pH]": 1.0},
    "rate": {"/min": 1.0, "/h": 1 / 60},
    "temperature": {  # base Cel
        "Cel": 1.0,
        "[degF]": (5 / 9, -160 / 9),
        "K": (1.0, -273.15),
    },
    "mass": {  # base kg
        "kg": 1.0,
        "g": 1e-3,
        "mg": 1e-6,
        "ug": 1e-9,
        "[lb_av]": 0.45359237,
        "[oz_av]": 0.028349523125,
    },
    "length": {"cm": 1.0, "m": 100.0, "mm": 0.1, "[in_i]": 2.54, "[ft_i]": 30.48},
    "volume": {"mL": 1.0, "L": 1000.0, "dL": 100.0},
    "volume_rate": {"mL/h": 1.0, "mL/min": 60.0, "L/min": 60000.0},
    "volume_per_mass": {"mL/kg": 1.0},
    "volume_rate_per_mass": {"mL/kg/h": 1.0},
    "filtration": {"mL/min/{1.73_m2}": 1.0},
    "sedimentation": {"mm/h": 1.0},
    "time": {
        "s": 1.0,
        "min": 60.0,
        "h": 3600.0,
        "d": 86400.0,
        "wk": 604800.0,
        "mo": 2629800.0,  # a twelfth of a Julian year
        "a": 31557600.0,
    },
    "dose_rate_per_mass": {  # base ug/kg/min
        "ug/kg/min": 1.0,
        "mg/kg/min": 1000.0,
        "ug/kg/h": 1 / 60,
        "mg/kg/h": 1000 / 60,
        "ng/kg/min": 1e-3,
    },
    "dose_rate": {  # base ug/min; to ug/kg/min only with a weight
        "ug/min": 1.0,
        "mg/min": 1000.0,
        "ug/h": 1 / 60,
        "mg/h": 1000 / 60,
    },
    "unit_rate": {"[IU]/min": 1.0, "[IU]/h": 1 / 60},
    "score": {"{score}": 1.0},
    "doses": {"{dose}": 1.0},
    "molecules_per_cell": {"{molecules}/{cell}": 1.0},
    "endotoxin_activity": {"{EAU}": 1.0},
}


def _unit(ucum: str, dimension: str, scale: float | tuple[float, float]) -> Unit:
    factor, offset = scale if isinstance(scale, tuple) else (scale, 0.0)
    return Unit(ucum, dimension, factor, offset)


UNITS: dict[str, Unit] = {
    ucum: _unit(ucum, dimension, scale)
    for dimension, rows in _TABLE.items()
    for ucum, scale in rows.items()
}

_ALIASES = {
    "%": "%",
    "percent": "%",
    "k/ul": "10*3/uL",  # UCUM would read the K as kelvin
    "k/mm3": "10*3/uL",
    "th/ul": "10*3/uL",
    "thou/ul": "10*3/uL",
    "x10e3/ul": "10*3/uL",
    "x10^3/ul": "10*3/uL",
    "10^3/ul": "10*3/uL",
    "10e3/ul": "10*3/uL",
    "gpt/l": "10*9/L",
    "x10^9/l": "10*9/L",
    "10^9/l": "10*9/L",
    "10e9/l": "10*9/L",
    "#/ul": "/uL",
    "cells/ul": "/uL",
    "/mm3": "/uL",
    "cells/mm3": "/uL",
    "m/ul": "10*6/uL",
    "ml/min/1.73m2": "mL/min/{1.73_m2}",
    "ml/min/1.73 m2": "mL/min/{1.73_m2}",
    "ml/min/1.73m^2": "mL/min/{1.73_m2}",
    "mmhg": "mm[Hg]",
    "mm hg": "mm[Hg]",
    "cmh2o": "cm[H2O]",
    "cm h2o": "cm[H2O]",
    "meq/l": "meq/L",
    "mmol/l": "mmol/L",
    "umol/l": "umol/L",
    "µmol/l": "umol/L",
    "iu/l": "[IU]/L",
    "u/l": "U/L",
    "mg/dl": "mg/dL",
    "g/dl": "g/dL",
    "mg/l": "mg/L",
    "g/l": "g/L",
    "ng/ml": "ng/mL",
    "pg/ml": "pg/mL",
    "ug/ml": "ug/mL",
    "ug/l": "ug/L",
    "µg/l": "ug/L",
    "ug/dl": "ug/dL",
    "ng/ml feu": "ng/mL{FEU}",
    "ug/ml feu": "ug/mL{FEU}",
    "mg/l feu": "mg/L{FEU}",
    "ng/ml ddu": "ng/mL{DDU}",
    "bpm": "/min",
    "insp/min": "/min",
    "breaths/min": "/min",
    "beats/min": "/min",
    "1/min": "/min",
    "°c": "Cel",
    "deg c": "Cel",
    "degc": "Cel",
    "c": "Cel",
    "°f": "[degF]",
    "deg f": "[degF]",
    "degf": "[degF]",
    "f": "[degF]",
    "kg": "kg",
    "lb": "[lb_av]",
    "lbs": "[lb_av]",
    "inch": "[in_i]",
    "in": "[in_i]",
    "cm": "cm",
    "ml": "mL",
    "l": "L",
    "ml/hr": "mL/h",
    "ml/hour": "mL/h",
    "l/min": "L/min",
    "lpm": "L/min",
    "mcg/kg/min": "ug/kg/min",
    "µg/kg/min": "ug/kg/min",
    "mcg/kg/hour": "ug/kg/h",
    "mcg/kg/hr": "ug/kg/h",
    "mg/kg/hour": "mg/kg/h",
    "mcg/min": "ug/min",
    "µg/min": "ug/min",
    "mcg/hour": "ug/h",
    "mg/hour": "mg/h",
    "mg/hr": "mg/h",
    "units/hour": "[IU]/h",
    "units/hr": "[IU]/h",
    "u/h": "[IU]/h",
    "u/hr": "[IU]/h",
    "units/min": "[IU]/min",
    "u/min": "[IU]/min",
    "sec": "s",
    "seconds": "s",
    "ratio": "1",
    "{ratio}": "1",
    "{inr}": "1",
    "mm/hr": "mm/h",
    # ISO+ and ANS+, the lists of HL7 v2 chapter 7, in which case says nothing
    "mm(hg)": "mm[Hg]",
    "mm_hg": "mm[Hg]",
    "cm_h2o": "cm[H2O]",
    "cm(h2o)": "cm[H2O]",
    "kpa": "kPa",
    "(ph)": "[pH]",
    "ph": "[pH]",
    "10*3/ul": "10*3/uL",
    "10*3/mm3": "10*3/uL",
    "10*3(rbc)/ul": "10*3/uL",
    "10*6/ul": "10*6/uL",
    "10*6/mm3": "10*6/uL",
    "10*6/l": "10*6/L",
    "10*9/l": "10*9/L",
    "10*12/l": "10*12/L",
    "nmol/l": "nmol/L",
    "pmol/l": "pmol/L",
    "ng/dl": "ng/dL",
    "ng/l": "ng/L",
    "iu/ml": "[IU]/mL",
    "iu/hr": "[IU]/h",
    "iu/h": "[IU]/h",
    "iu/min": "[IU]/min",
    "ug/(kg.min)": "ug/kg/min",
    "ug/kg/min": "ug/kg/min",
    "ng/(kg.min)": "ng/kg/min",
    "ng/kg/min": "ng/kg/min",
    "mg/(kg.min)": "mg/kg/min",
    "mg/kg/min": "mg/kg/min",
    "ug/(kg.hr)": "ug/kg/h",
    "ug/kg/hr": "ug/kg/h",
    "mg/(kg.hr)": "mg/kg/h",
    "mg/kg/hr": "mg/kg/h",
    "ug/min": "ug/min",
    "mg/min": "mg/min",
    "ug/hr": "ug/h",
    "ml/min": "mL/min",
    "ml/h": "mL/h",
    "dl": "dL",
    "g": "g",
    "gm": "g",
    "gram": "g",
    "grams": "g",
    "mg": "mg",
    "mcg": "ug",
    "µg": "ug",
    "hr": "h",
    "hrs": "h",
    "hours": "h",
    "hour(s)": "h",
    "days": "d",
    "day(s)": "d",
    "weeks": "wk",
    "week": "wk",
    "months": "mo",
    "years": "a",
    "ann": "a",
    # how laboratories write powers of ten and the micro sign
    "x10*3/ul": "10*3/uL",
    "x10*6/ul": "10*6/uL",
    "x10*9/l": "10*9/L",
    "x10*12/l": "10*12/L",
    "x10^6/ul": "10*6/uL",
    "x10e6/ul": "10*6/uL",
    "10^6/ul": "10*6/uL",
    "10e6/ul": "10*6/uL",
    "x10e9/l": "10*9/L",
    "x10^12/l": "10*12/L",
    "x10e12/l": "10*12/L",
    "10^12/l": "10*12/L",
    "10e12/l": "10*12/L",
    "10(9)/l": "10*9/L",
    "10(12)/l": "10*12/L",
    "10 3/ul": "10*3/uL",
    "thousand/ul": "10*3/uL",
    "million/ul": "10*6/uL",
    "k/mcl": "10*3/uL",
    "m/mcl": "10*6/uL",
    "cells/mcl": "/uL",
    "mcg/ml": "ug/mL",
    "mcg/l": "ug/L",
    "mcg/dl": "ug/dL",
    "µg/ml": "ug/mL",
    "µg/dl": "ug/dL",
    "µg/h": "ug/h",
    "µg/kg/h": "ug/kg/h",
    "µg/kg/hr": "ug/kg/h",
    "mcg/h": "ug/h",
    "mcg/hr": "ug/h",
    "mcg/kg/h": "ug/kg/h",
    "ng/ml{feu}": "ng/mL{FEU}",
    "ug/ml{feu}": "ug/mL{FEU}",
    "mg/l{feu}": "mg/L{FEU}",
    "mmoll": "mmol/L",
    "umoll": "umol/L",
    "degrees celsius": "Cel",
    "celsius": "Cel",
    "cel": "Cel",
    "degrees fahrenheit": "[degF]",
    "fahrenheit": "[degF]",
    "resp/min": "/min",
    "/minute": "/min",
    "per minute": "/min",
    # ISO/IEEE 11073-10101, as monitors write them
    "mdc_dim_percent": "%",
    "mdc_dim_mmhg": "mm[Hg]",
    "mdc_dim_kilo_pascal": "kPa",
    "mdc_dim_cm_h2o": "cm[H2O]",
    "mdc_dim_degc": "Cel",
    "mdc_dim_fahr": "[degF]",
    "mdc_dim_beat_per_min": "/min",
    "mdc_dim_resp_per_min": "/min",
    "mdc_dim_x_l_per_min": "L/min",
    "mdc_dim_l_per_min": "L/min",
    "mdc_dim_milli_l": "mL",
    "mdc_dim_milli_l_per_hr": "mL/h",
    "mdc_dim_kilo_g": "kg",
    "mdc_dim_x_g": "g",
    "mdc_dim_cm": "cm",
    "mdc_dim_centi_m": "cm",
    "mdc_dim_milli_mole_per_l": "mmol/L",
    "mdc_dim_milli_g_per_dl": "mg/dL",
}


def canonical_unit(written: str) -> str | None:
    """The UCUM code for what a site wrote; None where nobody knows.

    A code of the table is taken as it stands (UCUM is case-sensitive: `mm[Hg]`);
    anything else goes through the alias map, in lower case, without outer blanks, and
    with the micro sign for the Greek letter that looks like it.
    """
    trimmed = written.strip()
    if trimmed in UNITS:
        return trimmed
    return _ALIASES.get(trimmed.lower().replace("\u03bc", "µ"))


def convert(value: float, *, from_unit: str, to_unit: str) -> float:
    """`value` in another unit of the same dimension.

    Raises `InputError` EMB-107 where a unit is unknown or the dimensions differ.
    """
    if from_unit == to_unit:
        return value
    source, target = _known(from_unit), _known(to_unit)
    if source.dimension != target.dimension:
        raise InputError(
            ErrorCode.UNKNOWN_UNIT,
            f"{from_unit} ({source.dimension}) cannot become "
            f"{to_unit} ({target.dimension}).",
            "Map the code to a concept of the right dimension.",
        )
    base = value * source.factor + source.offset
    return (base - target.offset) / target.factor


def _known(ucum: str) -> Unit:
    unit = UNITS.get(ucum)
    if unit is None:
        raise InputError(
            ErrorCode.UNKNOWN_UNIT,
            f"The unit {ucum!r} is not known.",
            "Add it to the site's unit aliases after review.",
        )
    return unit
