"""Which drug a medication is: by the site's map, by RxNorm, by the name of its code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from streams.adapters.fhir.elements import Concept
from streams.adapters.fhir.known import KnownCodes
from streams.adapters.fhir.telling import Telling
from streams.adapters.fhir.treatments import Medicated
from streams.adapters.site.codes import Coding
from streams.adapters.site.configuration import CodeEntry
from streams.adapters.systemic import systemic_antimicrobial
from streams.vocabulary.antimicrobials import route_of
from streams.vocabulary.codes import RxNorm
from streams.vocabulary.drugs import drugs


@dataclass(frozen=True, slots=True)
class Product:
    """What was ordered or given."""

    codings: tuple[Coding, ...]
    name: str
    """The code's own name, or the code."""
    entry: CodeEntry | None
    drug: str | None
    """Of the vocabulary; None where it could not be mapped."""


def product(telling: Telling, resource: Medicated) -> Product | None:
    """What a resource is about; None, awaited or with nothing coded, where unknown."""
    told = resource.medication
    concept = resource.medication_codeable_concept or (told.concept if told else None)
    codings = telling.desk.codings(concept)
    if not codings:
        reference = resource.medication_reference or (told.reference if told else None)
        key = telling.key(reference)
        codings = _codings_of(telling, key, set()) if key is not None else ()
    if not codings:
        return None
    entry = telling.meaning(codings)
    drug = entry.concept if entry is not None and entry.kind == "drug" else None
    name = next((one.label for one in codings if one.label), codings[0].code)
    return Product(codings, name, entry, drug or _by_code(codings) or _by_name(codings))


def systemic(product: Product, route: str | None) -> bool | None:
    """Whether it is a systemic antimicrobial; None where its route would decide."""
    names = [one.label for one in product.codings if one.label]
    if not names:
        return None if product.drug is None else False
    return systemic_antimicrobial(product.drug, names, route)


def route_code(telling: Telling, *concepts: Concept | None) -> str | None:
    """The route, as the code or the code's name that says most."""
    for one in telling.desk.codings(*concepts):
        return one.label if one.label and route_of(one.code) == "local" else one.code
    return None


def _codings_of(telling: Telling, key: str, met: set[str]) -> tuple[Coding, ...]:
    """The codes of a product, or those of what it is made of."""
    if key in met:
        return ()
    met.add(key)
    known = telling.find(key, KnownCodes)
    if known is None:
        return ()
    parts = [_codings_of(telling, part, met) for part in known.ingredients]
    return known.codings or tuple(one for part in parts for one in part)


def _by_code(codings: tuple[Coding, ...]) -> str | None:
    for one in codings:
        if one.system == RxNorm.system and (found := _by_rxnorm().get(one.code)):
            return found
    return None


def _by_name(codings: tuple[Coding, ...]) -> str | None:
    return next((d for one in codings if (d := _named(one.label))), None)


@cache
def _by_rxnorm() -> dict[str, str]:
    return {drug.rxnorm: drug.name for drug in drugs().values() if drug.rxnorm}


@lru_cache(maxsize=65_536)
def _named(label: str) -> str | None:
    """The drug that a name begins with, word for word."""
    words = re.findall(r"[a-z]+", label.lower())
    for name in drugs():
        parts = name.split("_")
        if words[: len(parts)] == parts:
            return name
    return None
