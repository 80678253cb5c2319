"""What the codes of OBX-3 and OBR-4 stand for, each looked up once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from streams.adapters.hl7v2.delimiters import Delimiters
from streams.adapters.hl7v2.splitter import Value
from streams.adapters.site.codes import LOINC, CodeMap, Coding
from streams.adapters.site.configuration import CodeEntry
from streams.vocabulary.antimicrobials import recognise
from streams.vocabulary.codes import Loinc
from streams.vocabulary.concepts import Concept, concepts


@dataclass(frozen=True, slots=True)
class Meaning:
    """One coded field: its code and alternate, and what the site says they mean."""

    code: str
    """`system|code` of the first that has one; empty where none has."""
    local: str
    """That code alone."""
    system: str
    label: str
    entry: CodeEntry | None
    concept: Concept | None
    culture: bool
    antimicrobial: str | None
    """The drug that the label names, as a laboratory's susceptibility does, or that
    the site's map says it is."""
    kind: Kind
    """How a result of it is read."""
    bedside: bool
    """Whether it belongs to the moment of looking; else to that of its specimen."""


Kind = Literal[
    "measurement",
    "assessment",
    "fluid",
    "support",
    "drug",
    "pregnancy",
    "ignored",
    "unmapped",
]
_BEDSIDE = {"vital", "setting", "score", "body", "finding"}
_ASSESSED = {"score", "finding"}
_ASSESSMENTS = {"crrt_mode"}
_LONGEST = 1_000
"""Characters of a field that is kept; memory must not grow with garbage."""
_NOTHING = Meaning("", "", "", "", None, None, False, None, "unmapped", False)

_CULTURES = frozenset(
    {
        *("600-7", "17928-3", "17934-1", "601-5", "606-4", "611-4", "624-7", "625-4"),
        *("626-2", "630-4", "634-6", "635-3", "580-1", "6462-6", "6463-4", "11475-1"),
        *("17909-3", "20474-3", "43409-2", "43411-8", "88461-2", "99780-0"),
    }
)
"""LOINC: bacteria, fungi or microorganisms identified, by culture; from general
knowledge."""

_PREGNANCY = {"82810-3", "11449-6"}
"""LOINC: pregnancy status, and as reported."""
_IDENTIFIED = re.compile(
    r"(?:bacteria|fungus|yeast|mycobacterium sp|microorganism|organism) identified"
    r"(?: in (?:(?! by ).){1,80})?(?: by .{0,40}culture)?",
    re.IGNORECASE,
)
"""How LOINC names a test that tells what grew; `by` anything else looks for genes."""


class Meanings:
    """Looks coded fields up; the newest 65,536 are kept at hand."""

    def __init__(self, codes: CodeMap) -> None:
        self._codes = codes
        self._kept = lru_cache(maxsize=65_536)(self._of)

    def of(self, written: str, these: Delimiters) -> Meaning:
        """The meaning of a field as written."""
        kept = len(written) <= _LONGEST
        return (self._kept if kept else self._of)(written, these)

    def _of(self, written: str, these: Delimiters) -> Meaning:
        value = Value(written.partition(these.repetition)[0], these)
        told = [
            Coding(value.text(at + 2), value.text(at), value.text(at + 1))
            for at in (1, 4)
        ]
        codings = [one for one in told if one.code] or [
            Coding(one.system, one.label, one.label) for one in told if one.label
        ]
        if not codings:
            return _NOTHING
        first = codings[0]
        entry = self._codes.find(*codings)
        kind = entry.kind if entry else ""
        known = (
            concepts().get(entry.concept) if entry and kind == "observation" else None
        )
        label = next((one.label for one in codings if one.label), "")
        listed = recognise(None, label or first.code)
        mapped = (label or first.code) if kind == "antimicrobial" else None
        return Meaning(
            str(first),
            first.code,
            Loinc.system if first.system in LOINC else first.system,
            label,
            entry,
            known,
            kind == "culture" or (entry is None and _is_culture(codings)),
            listed.name if listed else mapped,
            "pregnancy" if _asks_for_pregnancy(entry, codings) else _kind(entry, known),
            known is not None
            and known.category in _BEDSIDE
            and not (entry and entry.specimen),  # FiO2 on a gas slip is of its tube
        )


def _kind(entry: CodeEntry | None, concept: Concept | None) -> Kind:
    if entry is None:
        return "unmapped"
    match entry.kind:
        case "fluid" | "support" | "drug" | "ignored":
            return entry.kind
    if concept is None:  # a culture's code outside of a culture
        return "unmapped"
    assessed = concept.category in _ASSESSED or concept.name in _ASSESSMENTS
    return "assessment" if assessed else "measurement"


def _asks_for_pregnancy(entry: CodeEntry | None, codings: list[Coding]) -> bool:
    return entry is None and any(
        one.system in LOINC and one.code in _PREGNANCY for one in codings
    )


def _is_culture(codings: list[Coding]) -> bool:
    """By the code, or by what LOINC calls it."""
    return any(
        one.system in LOINC
        and (one.code in _CULTURES or _IDENTIFIED.fullmatch(one.label))
        for one in codings
    )
