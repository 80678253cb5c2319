"""Whether a drug is a systemic antimicrobial: by its name, and by the way it is given.

Two lists know antimicrobials: that of the CDC's Adult Sepsis Event, which knows by
which routes each counts, and the names that mimic-code's `antibiotic` concept looks for
(`antimicrobial_names.csv`), with that concept's own rule of routes.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.resources import files

from streams.vocabulary.antimicrobials import recognise, route_of


LOCAL_ROUTES = frozenset({"OU", "OS", "OD", "AU", "AS", "AD", "TP"})
LOCAL_FORM_WORDS = ("cream", "desensitization", "ophth oint", "gel")
_LOCAL_ROUTE_WORDS = ("ear", "eye")


def is_antimicrobial(drug: str | None, names: Sequence[str]) -> bool:
    """Whether either list knows the drug, or one of its names, by whichever route."""
    return any(recognise(drug, name) or _in_mimic_code(name, "IV") for name in names)


def systemic_antimicrobial(
    drug: str | None, names: Sequence[str], route: str | None
) -> bool | None:
    """Whether it is a systemic antimicrobial; None where its route would decide."""
    if not is_antimicrobial(drug, names):
        return False
    if not route:
        return None
    way = route_of(route)
    if way is not None:
        listed = (recognise(drug, name) for name in names)
        if any(one is not None and one.counts_by(way) for one in listed):
            return True
    return any(_in_mimic_code(name, route) for name in names)


@lru_cache(maxsize=65_536)
def kept_by_mimic_code(drug_type: str, drug: str, route: str) -> bool:
    """Whether mimic-code's `antibiotic` concept would keep such a row.

    By the drug's name, unless it is a diluent (`BASE`) or goes to eye, ear or skin, or
    no route is given. Letters of a route count as written, those of a name do not.
    """
    name = drug.lower()
    local = route in LOCAL_ROUTES or any(w in route.lower() for w in _LOCAL_ROUTE_WORDS)
    if not drug_type or drug_type == "BASE" or not route or local:
        return False
    if any(word in name for word in LOCAL_FORM_WORDS):
        return False
    return any(part in name for part in _names())


def _in_mimic_code(name: str, route: str) -> bool:
    return kept_by_mimic_code("MAIN", name, route)


@cache
def _names() -> tuple[str, ...]:
    table = files("streams.adapters").joinpath("antimicrobial_names.csv")
    lines = table.read_text("utf-8").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return tuple(row["name"] for row in rows)
