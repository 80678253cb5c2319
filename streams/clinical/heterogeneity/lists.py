"""Lists of codes and drugs by factor, as data (`lists.csv`)."""

from __future__ import annotations

import csv
from functools import cache, lru_cache
from importlib.resources import files

from streams.vocabulary.events import Condition, Medication


_SYSTEM = "http://hl7.org/fhir/sid/"


@cache
def _lists() -> dict[tuple[str, str], tuple[str, ...]]:
    folder = files("streams.clinical.heterogeneity")
    text = folder.joinpath("lists.csv").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {
        (row["list"], row["kind"]): tuple(row["values"].split())
        for row in csv.DictReader(lines)
    }


def drug_lists() -> tuple[str, ...]:
    """The names of the lists of drugs."""
    return tuple(name for name, kind in _lists() if kind == "drug")


def has_code(name: str, fact: Condition) -> bool:
    """Whether a diagnosis is of that list."""
    system, _, code = fact.code.partition("|")
    prefixes = _lists().get((name, system.removeprefix(_SYSTEM)), ())
    return system.startswith(_SYSTEM) and code.replace(".", "").startswith(prefixes)


def has_drug(name: str, fact: Medication) -> bool:
    """Whether a drug is of that list, by the name it was mapped to or sent with."""
    return _is_named(name, fact.drug or "", fact.sent_drug)


def is_listed(fact: Medication) -> bool:
    """Whether a drug is of any list."""
    return _is_of_any(fact.drug or "", fact.sent_drug)


@lru_cache(maxsize=1 << 14)
def _is_of_any(drug: str, sent: str) -> bool:
    return any(_is_named(name, drug, sent) for name in drug_lists())


@lru_cache(maxsize=1 << 14)
def _is_named(name: str, drug: str, sent: str) -> bool:
    words = f"{drug} {sent}".casefold().split()
    names = _lists().get((name, "drug"), ())
    return bool(names) and any(word.startswith(names) for word in words)
