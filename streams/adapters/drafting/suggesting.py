"""Rules that common phrases of criteria may mean: suggestions, never decisions.

A phrase is read only where nothing has to be guessed but the window; what a rule of the
language refuses (a number without a unit, a unit that does not fit) is not suggested.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from pydantic import TypeAdapter, ValidationError

from streams.vocabulary.rules import Rule


Suggestion = dict[str, Any]
"""A rule as a protocol would write it."""


def suggestions(text: str) -> tuple[Suggestion, ...]:
    """The rules that parts of the text may mean, in the order in which they are tried.

    Each is one that a protocol would take.
    """
    told = " ".join(text.translate(_SIGNS).split())
    found: list[Suggestion] = []
    for reader in _READERS:
        for one in reader(told):
            if one not in found and _taken(one):
                found.append(one)
    return tuple(found)


def _taken(rule: Suggestion) -> bool:
    try:
        _RULE.validate_python(rule)
    except ValidationError:
        return False
    return True


def _age(text: str) -> Iterator[Suggestion]:
    for pattern, operator in _AGES:
        for found in re.finditer(pattern, text, re.IGNORECASE):
            sign = _operator(found.groupdict().get("op") or operator)
            yield {"kind": "age", "is": f"{sign} {found['n']} years"}


def _values(text: str) -> Iterator[Suggestion]:
    for words, concept, which in _CONCEPTS:
        pattern = rf"\b(?:{words})\b{_BETWEEN}{_COMPARED}"
        for found in re.finditer(pattern, text, re.IGNORECASE):
            sign, unit = _operator(found["op"]), _UNITS.get(found["unit"].lower())
            yield {
                "kind": "value",
                "concept": concept,
                "is": f"{sign} {found['n']} {unit or found['unit']}",
                "which": which,
                "within": _within(text),
            }


def _scores(text: str) -> Iterator[Suggestion]:
    pattern = rf"\b(?P<score>sofa|qsofa|news2?|sirs)\b{_BETWEEN}(?P<op>{_OPERATORS})\s*(?P<n>\d+)"
    for found in re.finditer(pattern, text, re.IGNORECASE):
        name = found["score"].lower()
        yield {
            "kind": "score",
            "score": "news2" if name == "news" else name,
            "is": f"{_operator(found['op'])} {found['n']} {{score}}",
        }


def _norepinephrine(text: str) -> Iterator[Suggestion]:
    pattern = (
        rf"\bnor(?:epinephrine|adrenaline?){_BETWEEN}(?P<op>{_OPERATORS})\s*"
        r"(?P<n>\d+(?:\.\d+)?)\s*(?:ug|mcg|µg|μg)/kg/min"
    )
    for found in re.finditer(pattern, text, re.IGNORECASE):
        yield {
            "kind": "infusion",
            "drugs": ["norepinephrine"],
            "rate": f"{_operator(found['op'])} {found['n']} ug/kg/min",
        }


def _phrases(text: str) -> Iterator[Suggestion]:
    for pattern, rule in _PHRASES:
        if re.search(pattern, text, re.IGNORECASE):
            yield rule


def _allergies(text: str) -> Iterator[Suggestion]:
    pattern = (
        r"\b(?:allerg\w+|hypersensitivity|intolerance|anaphyla\w+)\s+(?:reactions?\s+)?"
        r"(?:to|of|against)\s+(?:any\s+)?(?P<to>[a-z][a-z-]{3,})"
    )
    for found in re.finditer(pattern, text, re.IGNORECASE):
        if found["to"].lower() not in _NO_SUBSTANCE:
            yield {"kind": "allergy", "to": [found["to"].lower()]}


def _within(text: str) -> str:
    """The window the text names; 24 h where it names none."""
    found = re.search(
        r"\b(?:within|in|during|over)\s+(?:the\s+)?(?:last|past|previous|prior|preceding)?"
        r"\s*(?P<n>\d{1,3})\s*(?P<unit>h|hrs?|hours?|d|days?)\b",
        text,
        re.IGNORECASE,
    )
    if found is None:
        return "24 h"
    return f"{found['n']} {found['unit'][0].lower()}"


def _operator(words: str) -> str:
    told = words.lower().strip()
    return next((sign for sign, spelt in _SPELT.items() if told in spelt), told)


_RULE: TypeAdapter[Any] = TypeAdapter(Rule)
_SIGNS = str.maketrans({"≥": ">=", "≤": "<=", "\u00a0": " "})

_SPELT = {
    ">=": (
        "at least",
        "greater than or equal to",
        "more than or equal to",
        "equal to or greater than",
        "=>",
    ),
    "<=": ("at most", "less than or equal to", "not more than", "=<"),
    ">": ("above", "greater than", "more than", "over", "higher than", "older than"),
    "<": ("below", "less than", "under", "lower than", "younger than"),
}
_OPERATORS = "|".join(
    [
        *(re.escape(w) for words in _SPELT.values() for w in words),
        *(">=", "<=", ">", "<"),
    ]
)
_BETWEEN = r"[^.;<>=\d]{0,40}?"
"""What may stand between a name and its comparison: no other number, no other one."""
_COMPARED = (
    rf"(?P<op>{_OPERATORS})\s*(?:of\s+)?(?P<n>\d+(?:\.\d+)?)\s*"
    r"(?P<unit>[A-Za-zµμ%][\w/^*µμ%]*)"
)
_UNITS = {"mmhg": "mm[Hg]", "µg/l": "ug/L", "μg/l": "ug/L"}

_AGES = (
    (
        rf"\bage[ds]?\b[^.;<>=\d]{{0,20}}?(?P<op>{_OPERATORS})\s*(?P<n>\d{{1,3}})\b",
        "",
    ),
    (r"(?P<op>>=|<=|>|<)\s*(?P<n>\d{1,3})\s*(?:years|yrs?)\b", ""),
    (
        r"\b(?P<n>\d{1,3})\s*(?:years|yrs?)(?: of age| old)?\s*(?:or|and)\s*(?:older|over|above|more)",
        ">=",
    ),
    (r"\b(?:under|below|younger than)\s*(?P<n>\d{1,3})\s*(?:years|yrs?)\b", "<"),
    (r"\b(?:older than|over)\s*(?P<n>\d{1,3})\s*(?:years|yrs?)\b", ">"),
)

_CONCEPTS = (
    ("lactate", "lactate", "highest"),
    ("map|mean arterial (?:blood )?pressure", "map", "lowest"),
    ("sbp|systolic(?: arterial)?(?: blood)? pressure", "sbp", "lowest"),
    ("heart rate", "heart_rate", "highest"),
    ("temperature", "temperature", "latest"),
    ("creatinine", "creatinine", "highest"),
    ("bilirubin", "bilirubin_total", "highest"),
    ("platelets?(?: count)?|thrombocytes?", "platelets", "lowest"),
    ("neutrophils?(?: count)?", "neutrophils_abs", "lowest"),
    ("lymphocytes?(?: count)?", "lymphocytes_abs", "lowest"),
    ("ferritin", "ferritin", "highest"),
    ("crp|c-reactive protein", "crp", "highest"),
    ("procalcitonin|pct", "procalcitonin", "highest"),
    ("il-?6|interleukin-?6", "il6", "highest"),
    ("h(?:a)?emoglobin", "haemoglobin", "lowest"),
    ("potassium", "potassium", "latest"),
    ("sodium", "sodium", "latest"),
)
"""Words, the concept they name, and which value is the one that matters."""

_IN_BLOOD = r"\b(?:blood cultures?|bacter(?:a)?emia)\b"

_PHRASES: tuple[tuple[str, Suggestion], ...] = (
    (r"\badults?\b", {"kind": "age", "is": ">= 18 years"}),
    (r"\bpregnan(?:t|cy)\b", {"kind": "pregnant", "within": "270 d"}),
    (r"\bsepsis-?3\b|\bsepsis\b(?! induced)", {"kind": "onset"}),
    (
        r"\bseptic shock\b",
        {"kind": "onset", "definition": "septic_shock"},
    ),
    (
        r"\bvasopressors?\b|\bvasoactive\b|\bnor(?:epinephrine|adrenalin)",
        {"kind": "infusion", "drugs": ["vasopressor"]},
    ),
    (
        r"\bmechanical(?:ly)? ventilat|\bintubat|\binvasive ventilation",
        {"kind": "respiratory_support", "any_of": ["invasive"], "within": "24 h"},
    ),
    (
        r"\bicu\b|\bintensive care|\bcritical care unit",
        {"kind": "location", "any_of": ["icu"]},
    ),
    (
        r"\bdialysis\b|\brenal replacement|\bhaemofiltration|\bhemofiltration",
        {"kind": "procedure", "any_of": ["rrt"], "running": True},
    ),
    (
        r"\becmo\b|\bextracorporeal membrane",
        {"kind": "procedure", "any_of": ["ecmo"], "running": True},
    ),
    (
        r"\bcardiac arrest\b|\bcardiopulmonary resuscitation",
        {"kind": "procedure", "any_of": ["cpr"], "within": "24 h"},
    ),
    (
        r"\bdo[- ]not[- ](?:attempt )?resuscitat|\bdnr\b|\bnot to be resuscitated",
        {"kind": "code_status", "any_of": ["dnr", "dnr_dni", "comfort_only"]},
    ),
    (
        r"\bcomfort (?:care|measures)|\bpalliat|\bend[- ]of[- ]life",
        {"kind": "code_status", "any_of": ["comfort_only"]},
    ),
    (
        r"\b(?:cortico|gluco)?steroids?\b|\bhydrocortisone\b",
        {"kind": "medication", "drugs": ["corticosteroid"], "within": "24 h"},
    ),
    (
        r"\bantibiotics?\b|\bantimicrobials?\b",
        {"kind": "medication", "antimicrobial": True, "within": "24 h"},
    ),
    (
        rf"{_IN_BLOOD}.*\bstaphylococcus aureus|\bstaphylococcus aureus\b.*{_IN_BLOOD}",
        {
            "kind": "culture",
            "result": "positive",
            "specimens": ["blood"],
            "organisms": ["staphylococcus aureus"],
            "within": "72 h",
        },
    ),
)
"""Phrases that name a rule by themselves."""

_NO_SUBSTANCE = frozenset(
    {"study", "trial", "investigational", "either", "both", "the"}
)

_READERS: tuple[Callable[[str], Iterator[Suggestion]], ...] = (
    _age,
    _values,
    _scores,
    _norepinephrine,
    _allergies,
    _phrases,
)
