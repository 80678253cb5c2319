"""The drugs the core speaks of, with class, canonical rate unit and plausible rate.

RxNorm ingredients are of source SAB=RXNORM.
Rates are of the base (norepinephrine base, not bitartrate); a site that charts the
salt says so in its map.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Drug:
    """One ingredient."""

    name: str
    drug_class: str
    rxnorm: str | None
    unit: str
    """The canonical unit of its rate or dose (UCUM)."""
    plausible_high: float | None


@cache
def drugs() -> dict[str, Drug]:
    """All drugs by name."""
    text = files("streams.vocabulary").joinpath("drugs.csv").read_text("utf-8")
    return {row["drug"]: _drug(row) for row in csv.DictReader(text.splitlines())}


@cache
def drugs_of_class(drug_class: str) -> frozenset[str]:
    """The names of all drugs of one class."""
    return frozenset(d.name for d in drugs().values() if d.drug_class == drug_class)


def _drug(row: dict[str, str]) -> Drug:
    high = row["plausible_high"]
    return Drug(
        name=row["drug"],
        drug_class=row["class"],
        rxnorm=row["rxnorm"] or None,
        unit=row["unit"],
        plausible_high=float(high) if high else None,
    )
