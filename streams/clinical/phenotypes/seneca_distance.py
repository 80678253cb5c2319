"""Distances to the four centroids, and the nearest."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, isclose, sqrt

from streams.clinical.phenotypes.seneca_policy import SenecaPolicy
from streams.clinical.phenotypes.seneca_table import (
    PHENOTYPES,
    Phenotype,
    Variable,
    variables,
)


Distances = tuple[float, float, float, float]
"""To alpha, beta, gamma and delta."""

_MG_PER_L = 10.0
"""mg/L in one mg/dL."""


def used(values: Mapping[str, float], policy: SenecaPolicy) -> tuple[str, ...]:
    """The variables whose values enter the distances, in the script's order."""
    return tuple(name for name in _asked(policy) if name in values)


def lacking(values: Mapping[str, float], policy: SenecaPolicy) -> tuple[str, ...]:
    """The variables that should enter and are not there."""
    return tuple(name for name in _asked(policy) if name not in values)


def distances(values: Mapping[str, float], policy: SenecaPolicy) -> Distances:
    """The Euclidean distances of one patient, in standard deviations.

    `values`: by variable, in the table's unit (C-reactive protein in mg/L).
    """
    z = {
        name: _z(variables()[name], values[name], policy)
        for name in used(values, policy)
    }
    if policy.missing == "derivation_mean":
        z |= dict.fromkeys(lacking(values, policy), 0.0)
    alpha, beta, gamma, delta = (
        sqrt(sum((z[n] - variables()[n].centroids[i]) ** 2 for n in z))
        for i in range(len(PHENOTYPES))
    )
    return (alpha, beta, gamma, delta)


def nearest(found: Distances) -> Phenotype | None:
    """The phenotype of the nearest centroid; None where two are equally near.

    Equal but for rounding is equal: the order in which squares were added up must not
    decide.
    """
    first, second = sorted(found)[:2]
    if isclose(first, second, rel_tol=1e-12, abs_tol=1e-12):
        return None
    return PHENOTYPES[found.index(first)]


def margin(found: Distances) -> float:
    """How much farther the second is than the nearest, as a part of the nearest."""
    first, second = sorted(found)[:2]
    return (second - first) / first if first else inf


def _asked(policy: SenecaPolicy) -> list[str]:
    without = {"age"} if policy.compat == "script" else set()
    if policy.crp == "left_out":
        without.add("crp")
    return [name for name in variables() if name not in without]


def _z(variable: Variable, value: float, policy: SenecaPolicy) -> float:
    if variable.name == "crp" and policy.crp == "mg/dL":
        return variable.z(value / _MG_PER_L)
    return variable.z(value)
