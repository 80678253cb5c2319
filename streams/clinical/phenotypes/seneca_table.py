"""The 29 variables of SENECA and the four centroids, as data.

From the authors' script (pitt-healthsciences/SENECA, commit a367fea, MIT); centroids
are in units of the derivation cohort's standard deviation.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import log
from typing import Literal, cast


Phenotype = Literal["alpha", "beta", "gamma", "delta"]

PHENOTYPES: tuple[Phenotype, ...] = ("alpha", "beta", "gamma", "delta")

Worst = Literal["low", "high", "either"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One variable: where it is read, how it is scaled, where the centroids lie."""

    name: str
    """As in the authors' script."""
    concepts: tuple[str, ...]
    """The concepts that can stand for it; () for age, sex and comorbidity."""
    worst: Worst | None
    floor: float | None
    """What stands for a result of nought where a logarithm is taken: half the least
    that is usually reported (ours)."""
    unit: str
    transform: Literal["none", "ln", "ln101minus"]
    mean: float
    sd: float
    centroids: tuple[float, float, float, float]
    """Of the four phenotypes, in their order."""

    def z(self, value: float) -> float:
        """The value in standard deviations from the derivation mean."""
        return (self._transformed(value) - self.mean) / self.sd

    def needs_floor(self, value: float) -> bool:
        """Whether there is no logarithm of it."""
        return self.transform == "ln" and value <= 0

    def _transformed(self, value: float) -> float:
        match self.transform:
            case "ln":
                return log(value)
            case "ln101minus":
                return log(101 - value)
            case _:
                return value


@cache
def variables() -> Mapping[str, Variable]:
    """All 29 by name, in the order of the script; read once, never changed."""
    folder = files("streams.clinical.phenotypes")
    text = folder.joinpath("seneca_centroids.csv").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {row["variable"]: _variable(row) for row in csv.DictReader(lines)}


def _variable(row: dict[str, str]) -> Variable:
    alpha, beta, gamma, delta = (float(row[name]) for name in PHENOTYPES)
    return Variable(
        name=row["variable"],
        concepts=tuple(name for name in row["concepts"].split(";") if name),
        worst=cast("Worst | None", row["worst"] or None),
        floor=float(row["floor"]) if row["floor"] else None,
        unit=row["unit"],
        transform=cast('Literal["none", "ln", "ln101minus"]', row["transform"]),
        mean=float(row["mean"]),
        sd=float(row["sd"]),
        centroids=(alpha, beta, gamma, delta),
    )
