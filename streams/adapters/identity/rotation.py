"""Reading on under a newer key, so that nobody's name changes.

Each message is read once under every key.
Of each patient the reading counts that was made under the key of the patient's own
name: so an encounter, an order and a specimen keep their names too, and a correction
finds the fact it corrects, whichever key is the newest by then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from streams.adapters.identity.pseudonyms import (
    Identities,
    Pseudonyms,
    Sighting,
    key_version_of,
)
from streams.adapters.translation import Translation, Translator


_Made = TypeVar("_Made")


def under_each_key(
    identities: Identities, make: Callable[[Identities], _Made]
) -> dict[int, _Made]:
    """One reader for each key of the site, by version; 0 where nobody is renamed."""
    if not isinstance(identities, Pseudonyms):
        return {identities.key_version: make(identities)}
    named = identities.under_each_key()
    if len(named) == 1:
        return {version: make(identities) for version in named}
    return {version: make(one) for version, one in named.items()}


def as_one(readings: Mapping[int, Translation]) -> Translation:
    """What was read under each key, with everybody under the key of their own name."""
    newest = readings[max(readings)]
    told = tuple(
        one
        for version, reading in readings.items()
        for one in reading.told
        if key_version_of(one.patient) == version
    )
    return replace(
        newest, told=told, sightings=tuple(map(_under_its_key, newest.sightings))
    )


def reading_under(
    identities: Identities, make: Callable[[Identities], Translator]
) -> Translator:
    """The translator of a site, whatever number of keys it has."""
    translators = under_each_key(identities, make)
    if len(translators) == 1:
        return next(iter(translators.values()))
    return _UnderEachKey(translators)


class _UnderEachKey:
    """One translator a key; all read all, for some hold back what is incomplete."""

    def __init__(self, translators: dict[int, Translator]) -> None:
        self._translators = translators

    def translate(self, payload: bytes, *, received_at: datetime) -> Translation:
        """The message, with everybody under the key of their own name."""
        return as_one(
            {
                version: one.translate(payload, received_at=received_at)
                for version, one in self._translators.items()
            }
        )


def _under_its_key(sighting: Sighting) -> Sighting:
    return replace(sighting, key_version=key_version_of(sighting.pseudonym))
