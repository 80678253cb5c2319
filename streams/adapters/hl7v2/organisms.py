"""What a culture's result says grew, or that nothing did.

A coded organism passes by its name. In a text only the wording of no growth and a
binomial of a known genus pass: a text may be about a person.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from streams.adapters.hl7v2.answers import Answer, answer
from streams.adapters.hl7v2.splitter import Segment


@dataclass(frozen=True, slots=True)
class Grown:
    """One isolate; `positive` None where the report does not say."""

    positive: bool | None
    organism: str | None = None
    code: str | None = None
    read: bool = True
    """Whether its words were understood."""


_NOTHING = re.compile(
    r"(no|nil|without)\b.{0,60}\b(growth|grown|isolated|organisms?|pathogens?|seen)\b"
    r"|not isolated|sterile|negative|not detected|none (seen|detected)|no growth"
    r"|kein(e|erlei)? (wachstum|keime|erreger)|steril\b|geen groei|ingen v[äe]kst"
    r"|absence de (croissance|culture|germe)|culture (stérile|négative)"
    r"|sin (crecimiento|desarrollo)|nessuna crescita|sem crescimento",
    re.IGNORECASE,
)
_NO_GROWTH_CODES = {"264868006", "260385009", "260415000", "LA18725-1"}
"""SNOMED CT: no growth, negative, not detected."""
_UNKNOWN = re.compile(
    r"pending|incubat|contaminat|to follow|preliminary|see (comment|note|report)",
    re.IGNORECASE,
)
_GRAM = re.compile(
    r"gram[- ](?:positive|negative)\s(?:cocci|rods?|bacilli)"
    r"(?:\sin\s(?:clusters|chains|pairs))?",
    re.IGNORECASE,
)


def grown(obx: Segment) -> Grown | None:
    """What the OBX says; None where it is empty."""
    said = answer(obx)
    if said is None:
        return None
    if said.display is not None or said.code:
        return _coded(said)
    text = " ".join(_lines(obx).split())
    if said.reported.word in ("POSITIVE", "DETECTED"):
        return Grown(positive=True)
    if said.reported.word in ("NEGATIVE", "NOT DETECTED") or _NOTHING.match(text):
        return Grown(positive=False)
    if _UNKNOWN.match(text):
        return Grown(positive=None)
    if organism_in(text) is not None:
        return Grown(positive=True, organism=text.rstrip("."))
    return Grown(positive=None, read=False)


def organism_in(text: str) -> str | None:
    """The organism that a text is the name of, and of nothing else."""
    plain = " ".join(text.split())
    found = _binomial().fullmatch(plain) or _GRAM.fullmatch(plain)
    return plain if found else None


@cache
def _binomial() -> re.Pattern[str]:
    """A genus of the list and a species, group or `spp.` after it."""
    table = files("streams.adapters.hl7v2").joinpath("maps", "organism_words.csv")
    words: dict[str, list[str]] = {"genus": [], "species": []}
    for row in csv.DictReader(table.read_text("utf-8").splitlines()):
        words[row["part"]].append(row["word"])
    genus, species = ("|".join(words[part]) for part in ("genus", "species"))
    return re.compile(rf"(?:{genus})\s+(?:{species})\.?", re.IGNORECASE)


def _lines(obx: Segment) -> str:
    told = [value.whole() for value in obx.repetitions(5)]
    return " ".join(told)


def _coded(said: Answer) -> Grown:
    name = said.display or ""
    code = said.code or None
    if (said.code.rpartition("|")[2] in _NO_GROWTH_CODES) or _NOTHING.match(name):
        return Grown(positive=False)
    match said.reported.word:
        case "POSITIVE" | "DETECTED":
            return Grown(positive=True)
        case "NEGATIVE" | "NOT DETECTED":
            return Grown(positive=False)
        case None:
            pass
        case _:
            return Grown(positive=None)
    if _UNKNOWN.match(name):
        return Grown(positive=None)
    return Grown(positive=True, organism=name or None, code=code)
