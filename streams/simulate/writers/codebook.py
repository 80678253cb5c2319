"""The made-up local codes of the synthetic hospital, and its configuration for intake.

A real hospital has such a list of its own: one code for one way of measuring one
thing.
The configuration written from it is all that intake needs to read what was written.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from streams.vocabulary.codes import Loinc
from streams.vocabulary.concepts import concepts
from streams.vocabulary.events import Fluid


AUTHORITY = "SIMHOSP"
"""Who assigns the synthetic hospital's numbers."""
SYSTEM = "SIM"
"""How its messages name its own codes."""
ZONE = "UTC"

WARDS = {
    "Emergency": "emergency",
    "ICU": "icu",
    "Ward A": "ward",
    "Ward B": "ward",
    "Ward C": "ward",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """One local code: what it is called, and what it means."""

    code: str
    label: str
    kind: str
    concept: str
    method: str | None
    specimen: str | None
    category: str
    """As FHIR sorts observations: `vital-signs`, `laboratory`, `survey`."""

    @property
    def unit(self) -> str | None:
        """UCUM's code; None of what has no number."""
        concept = concepts().get(self.concept)
        return concept.unit if concept else None

    @property
    def loinc(self) -> str | None:
        """The first of LOINC's codes for it."""
        concept = concepts().get(self.concept)
        codes = concept.codes if concept else ()
        return next((c.value for c in codes if isinstance(c, Loinc)), None)


@cache
def codebook() -> dict[tuple[str, str | None, str | None], Local]:
    """All local codes by concept, method and specimen."""
    return {(one.concept, one.method, one.specimen): one for one in _rows()}


def of_fluid(event: Fluid) -> Local:
    """The local code of a volume; what went in is said so."""
    way = "in" if event.direction == "in" else None
    return codebook()[event.substance, way, None]


@cache
def local(code: str) -> Local:
    """The local code of that name."""
    return next(one for one in _rows() if one.code == code)


def drug_code(name: str) -> str:
    """The hospital's own code of a drug, made of its name."""
    return re.sub(r"[^A-Z0-9]+", "-", name.upper()).strip("-")


def site_document(site: str) -> dict[str, object]:
    """The site's configuration for intake, as its YAML holds it."""
    return {
        "site": site,
        "zone": ZONE,
        "identity": "public",
        "authorities": [AUTHORITY],
        "wards": {name: {"level": level} for name, level in WARDS.items()},
        "vasoactives": {"norepinephrine": "base"},
        "codes": [_entry(one) for one in _rows()],
    }


def _entry(one: Local) -> dict[str, str]:
    told = {
        "code": one.code,
        "kind": one.kind,
        "concept": one.concept,
        "unit": one.unit,
        "specimen": one.specimen,
        "method": one.method,
    }
    return {name: value for name, value in told.items() if value}


def _rows() -> list[Local]:
    text = files("streams.simulate.writers").joinpath("codebook.csv").read_text("utf-8")
    return [
        Local(
            code=row["code"],
            label=row["label"],
            kind=row["kind"],
            concept=row["concept"],
            method=row["method"] or None,
            specimen=row["specimen"] or None,
            category=row["category"],
        )
        for row in csv.DictReader(text.splitlines())
    ]
