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

import csv
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

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
    "catalytic_concentration": {  # base U/L
        "U/L": 1.0,
        "[IU]/L": 1.0,
        "ukat/L": 60.0,
    },
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
        "mbar": 0.7500616827,
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


def canonical_unit(written: str) -> str | None:
    """The UCUM code for what a site wrote; None where nobody knows.

    A code of the table is taken as it stands (UCUM is case-sensitive: `mm[Hg]`);
    anything else goes through `unit_spellings.csv`, in lower case, without outer blanks, and
    with the micro sign for the Greek letter that looks like it.
    A power of ten is read however it is marked (`x10^3/uL`, `10E3/mm3`, `X 10(9)/L`);
    one whose mark was lost (`103/uL`) is not.
    """
    trimmed = written.strip()
    if trimmed in UNITS:
        return trimmed
    plain = trimmed.lower().replace("\u03bc", "µ")
    known = _spellings()
    return known.get(plain) or known.get(plain.replace(" ", "")) or _power(plain)


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


@cache
def _spellings() -> dict[str, str]:
    """What sites write, in lower case; of two that only case tells apart the common.

    `K/uL` is thousands (UCUM would read kelvin), and `cmH20` has a zero for a letter.
    """
    table = files("streams.vocabulary").joinpath("unit_spellings.csv")
    rows = csv.DictReader(table.read_text("utf-8").splitlines())
    return {row["written"]: row["ucum"] for row in rows}


_POWER = re.compile(
    r"x? ?10 ?(?:\*\*|[*^ex ]|(?P<open>\()) ?(?P<power>\d\d?)(?(open)\)) ?/ ?(?P<volume>.+)"
)
_VOLUMES = {
    **dict.fromkeys(("ul", "µl", "mcl", "mm3", "mm^3", "mm*3", "cumm", "cmm"), "uL"),
    "l": "L",
}


def _power(plain: str) -> str | None:
    """The unit of a count written as a power of ten in a volume."""
    found = _POWER.fullmatch(plain)
    if found is None:
        return None
    ucum = f"10*{int(found['power'])}/{_VOLUMES.get(found['volume'], '')}"
    return ucum if ucum in UNITS else None


def _known(ucum: str) -> Unit:
    unit = UNITS.get(ucum)
    if unit is None:
        raise InputError(
            ErrorCode.UNKNOWN_UNIT,
            f"The unit {ucum!r} is not known.",
            "Add it to the site's unit aliases after review.",
        )
    return unit
