"""Which drug a coded field names: by the site's map, by RxNorm, by the code's name."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache

from streams.adapters.hl7v2.splitter import Segment
from streams.adapters.site.codes import CodeMap, Coding
from streams.adapters.systemic import systemic_antimicrobial
from streams.vocabulary.antimicrobials import recognise
from streams.vocabulary.codes import RxNorm
from streams.vocabulary.drugs import drugs


RXNORM = {"RXNORM", "RxNorm", "RXN", RxNorm.system, "2.16.840.1.113883.6.88"}
_ALSO = {
    **dict.fromkeys(
        ("noradrenaline", "noradrenalin", "noradrenalina", "levophed", "arterenol"),
        "norepinephrine",
    ),
    **dict.fromkeys(("adrenaline", "adrenalin", "adrenalina"), "epinephrine"),
    **dict.fromkeys(("dopamin", "dopamina"), "dopamine"),
    **dict.fromkeys(("dobutamin", "dobutamina"), "dobutamine"),
    **dict.fromkeys(
        ("pitressin", "argipressin", "vasopressine", "vasopresina"), "vasopressin"
    ),
    **dict.fromkeys(
        ("hydrocortison", "hydrokortison", "hidrocortisona"), "hydrocortisone"
    ),
    "terlipressine": "terlipressin",
    "isoprenaline": "isoproterenol",
    "precedex": "dexmedetomidine",
}
"""International names, those of other tongues, and trade names that mean one drug."""


_ACCENTS = dict.fromkeys(range(0x300, 0x370))
_LONGEST = 200
"""Characters of a name; what is longer is none."""


@dataclass(frozen=True, slots=True)
class Product:
    """What was ordered or given."""

    name: str
    """The code's own name, or the code."""
    coding: Coding
    drug: str | None
    """Of the vocabulary; None where it could not be mapped."""
    ignored: bool


def product(codes: CodeMap, segment: Segment, field: int) -> Product | None:
    """What the field names; None where it names nothing.

    A name without a code passes where it is a drug's that is known: else it may be
    anybody's.
    """
    told = [
        Coding(
            segment.text(field, at + 2),
            segment.text(field, at),
            segment.text(field, at + 1),
        )
        for at in (1, 4)
    ]
    codings = [one for one in told if one.code]
    name = next((one.label for one in told if one.label), "")[:_LONGEST]
    if not codings:
        known = known_drug(name)
        return (
            Product(known, Coding("", known), _named(name), ignored=False)
            if known
            else None
        )
    entry = codes.find(*codings)
    mapped = entry.concept if entry is not None and entry.kind == "drug" else None
    drug = mapped or _by_code(codings) or _named(name)
    ignored = entry is not None and entry.kind == "ignored"
    return Product(name or codings[0].code, codings[0], drug, ignored=ignored)


def known_drug(name: str) -> str | None:
    """The drug that a name means, by its own name; None where nobody knows it."""
    listed = recognise(None, name)
    return listed.name if listed is not None else _named(name)


def systemic(product: Product, route: str) -> bool | None:
    """Whether it is a systemic antimicrobial; None where its route would decide."""
    return systemic_antimicrobial(product.drug, (product.name,), route)


def _by_code(codings: list[Coding]) -> str | None:
    found = (_by_rxnorm().get(o.code) for o in codings if o.system in RXNORM)
    return next((drug for drug in found if drug), None)


@cache
def _by_rxnorm() -> dict[str, str]:
    return {drug.rxnorm: drug.name for drug in drugs().values() if drug.rxnorm}


@lru_cache(maxsize=65_536)
def _named(label: str) -> str | None:
    """The drug that a name begins with, word for word."""
    plain = unicodedata.normalize("NFKD", label.lower())  # é is e and its accent
    words = re.findall(r"[a-z]+", plain.translate(_ACCENTS))
    if words and words[0] in _ALSO:
        return _ALSO[words[0]]
    for name in drugs():
        parts = name.split("_")
        if words[: len(parts)] == parts:
            return name
    return None
