"""Specimen, Medication and Device: what others speak of, and what says nothing alone."""

from __future__ import annotations

from streams.adapters.fhir.elements import Concept
from streams.adapters.fhir.known import KnownCodes, KnownSpecimen
from streams.adapters.fhir.naming import any_identifier
from streams.adapters.fhir.resources import Specimen
from streams.adapters.fhir.telling import Telling
from streams.adapters.fhir.times import at
from streams.adapters.fhir.treatments import Device, Ingredient, Medication
from streams.adapters.identity.pseudonyms import Identifier


def learn_specimen(telling: Telling, resource: Specimen) -> None:
    """Make a specimen known by its laboratory's number."""
    numbers = [n for n in (resource.accession_identifier,) if n is not None]
    number = any_identifier([*numbers, *resource.identifier], telling.desk.site)
    kind, _, own = telling.scope.key.partition("/")
    taken = resource.collection
    period = taken.collected_period if taken else None
    collected = telling.first_time(
        (taken.collected_date_time if taken else None, "collection.collectedDateTime"),
        (period.start if period else None, "collection.collectedPeriod.start"),
    )
    chosen = number or Identifier("Specimen", own or kind)
    telling.desk.directory.learn(
        telling.scope.key,
        KnownSpecimen(
            version=telling.version,
            name=telling.desk.identities.name("reference", chosen),
            types=telling.desk.codings(
                resource.type, taken.body_site if taken else None
            ),
            collected=at(collected),
            date_only=bool(collected and collected.flags),
        ),
    )


def learn_medication(telling: Telling, resource: Medication) -> None:
    """Make a product known by its codes, and by those of its ingredients.

    Some servers file codes among the identifiers; they are read where their system is
    one of codes that the site names.
    """
    filed = tuple(
        telling.desk.coding(one.system, one.value)
        for one in resource.identifier
        if one.value and one.system and one.system in telling.desk.site.systems
    )
    own = telling.desk.codings(resource.code)
    inline: list[Concept | None] = []
    keys = []
    for one in resource.ingredient:
        key = _ingredient(telling, one)
        if key is not None:
            keys.append(key)
        inline += [one.item_codeable_concept, one.item.concept if one.item else None]
    telling.desk.directory.learn(
        telling.scope.key,
        KnownCodes(
            version=telling.version,
            codings=(*own, *filed, *telling.desk.codings(*inline)),
            ingredients=tuple(keys),
        ),
    )


def learn_device(telling: Telling, resource: Device) -> None:
    """Make a machine known by what it is."""
    told = resource.type if isinstance(resource.type, tuple) else [resource.type]
    telling.desk.directory.learn(
        telling.scope.key,
        KnownCodes(version=telling.version, codings=telling.desk.codings(*told)),
    )


def _ingredient(telling: Telling, one: Ingredient) -> str | None:
    return telling.key(one.item_reference or (one.item.reference if one.item else None))
