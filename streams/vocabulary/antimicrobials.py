"""The antimicrobials of the CDC Adult Sepsis Event, and how sources write them.

`antimicrobials.csv` is Appendix A of the *Hospital Toolkit for Adult Sepsis
Surveillance* (CDC, March 2018, CS289729-A), cleaned of what the printed table garbled:
which drug counts by which route.
`list` tells the toolkit's own from what came after it, which users are asked to add
(p. 14); those are CLIF's, with routes from general knowledge.
An alias is another way to write the name; of `a+b` both words must be there.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal


Route = Literal["parenteral", "enteral", "local"]
"""Into a vein or muscle; by mouth, tube or rectum; onto or into one place."""

AntimicrobialList = Literal["toolkit", "newer"]
"""The list of March 2018, or one of the drugs that came after it."""


@dataclass(frozen=True, slots=True)
class Antimicrobial:
    """One drug of the list; a fixed combination is a drug of its own."""

    name: str
    drug_class: str
    parenteral: bool
    """Whether it counts given into a vein or muscle."""
    enteral: bool
    """Whether it counts given by mouth or tube."""
    listed: AntimicrobialList
    spellings: tuple[tuple[str, ...], ...]
    """Each a set of words that together mean this drug."""

    def counts_by(self, route: Route) -> bool:
        """Whether the list has it by that route."""
        if route == "parenteral":
            return self.parenteral
        return route == "enteral" and self.enteral


_PARENTERAL = {
    *("iv", "ivpb", "ivp", "ivi", "im", "intravenous", "intramuscular"),
    *("ev", "intravenös", "intravenøs", "intraveineuse", "intravenosa", "endovenosa"),
}
_ENTERAL = {
    *("po", "oral", "orally", "enteral", "mouth", "pr", "rectal", "rectally"),
    *("ng", "og", "nj", "oj", "gt", "jt", "ngt", "ogt", "peg", "pej", "dobhoff"),
    *("nasogastric", "orogastric", "gastrostomy", "jejunostomy", "feeding"),
}


_CODED: dict[str, Route] = {
    **dict.fromkeys(("47625008", "78421000", "c38276", "c28161"), "parenteral"),
    **dict.fromkeys(("26643006", "c38288"), "enteral"),
}
"""SNOMED CT and NCIt: intravenous, intramuscular; oral."""
_INITIALS = re.compile(r"\b([a-z])\.\s?([a-z])\b\.?")


@cache
def antimicrobials() -> dict[str, Antimicrobial]:
    """All of them by name; read once, never changed."""
    text = files("streams.vocabulary").joinpath("antimicrobials.csv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["antimicrobial"]: _antimicrobial(row) for row in rows}


@lru_cache(maxsize=65_536)
def recognise(drug: str | None, sent_drug: str) -> Antimicrobial | None:
    """The listed drug a record names; None where none of the list is meant.

    Of several that fit, the one with the most letters: `Piperacillin-Tazobactam` is
    the combination, not piperacillin.
    """
    text = " " + " ".join(re.findall(r"[a-z0-9]+", f"{drug or ''} {sent_drug}".lower()))
    found = [
        (sum(map(len, words)), one.name)
        for one in antimicrobials().values()
        for words in one.spellings
        if all(f" {word}" in text for word in words)
    ]
    return antimicrobials()[max(found)[1]] if found else None


@lru_cache(maxsize=4_096)
def route_of(written: str | None) -> Route | None:
    """What kind of route a source wrote (`PO/NG`, `IV DRIP`); None where unknown.

    `IV/PO` names both, which is neither; `i.v.` is `IV`.
    """
    text = (written or "").strip().lower()
    if text in _CODED:
        return _CODED[text]
    words = set(re.findall(r"[^\W\d_]+", _INITIALS.sub(r"\1\2", text)))
    if not words:
        return None
    parenteral, enteral = words & _PARENTERAL, words & _ENTERAL
    if parenteral and enteral:
        return None
    return "parenteral" if parenteral else "enteral" if enteral else "local"


def _antimicrobial(row: dict[str, str]) -> Antimicrobial:
    aliases = [alias for alias in row["aliases"].split(";") if alias]
    spellings = [row["antimicrobial"].lower().split("/")]
    spellings += [re.split(r"\+", alias) for alias in aliases]
    return Antimicrobial(
        name=row["antimicrobial"],
        drug_class=row["class"],
        parenteral=row["parenteral"] == "yes",
        enteral=row["enteral"] == "yes",
        listed="newer" if row["list"] == "newer" else "toolkit",
        spellings=tuple(
            tuple(" ".join(re.findall(r"[a-z0-9]+", word)) for word in words)
            for words in spellings
        ),
    )
