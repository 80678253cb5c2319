"""Identifiers on their way from the intake to the vault, sealed under its key."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from streams.adapters.identity.pseudonyms import Sighting
from streams.adapters.identity.sealing import Sealer, place_of
from streams.vocabulary.ids import identity
from streams.vocabulary.messages import IdentitySighting, Provenance
from streams.vocabulary.topics import IDENTITIES


_REMEMBERED = 50_000


@dataclass(slots=True)
class Sightings:
    """Seals what was read; what this process told lately is not told again.

    Whoever cannot send what it was given must end, and with it what is remembered
    here: told again by the next process it changes nothing.
    """

    site: str
    sealer: Sealer
    _told: OrderedDict[bytes, None] = field(default_factory=OrderedDict)

    def sealed(
        self,
        sightings: Iterable[Sighting],
        *,
        known_at: datetime,
        provenance: Provenance,
    ) -> Iterator[IdentitySighting]:
        """A message for each that was not told lately."""
        for one in sightings:
            name = _name(one)
            if name not in self._told:
                yield self._message(one, known_at, provenance)
            self._told[name] = None
            self._told.move_to_end(name)
        while len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)

    def _message(
        self, one: Sighting, known_at: datetime, provenance: Provenance
    ) -> IdentitySighting:
        told = json.dumps([one.identifier.authority, one.identifier.value]).encode()
        place = place_of(self.site, IDENTITIES)
        digests = self.sealer.digests(told, place)
        found = digests[self.sealer.key_version].hex()
        return IdentitySighting(
            message_id=identity("sighting", self.site, one.pseudonym, found),
            site=self.site,
            patient=one.pseudonym,
            known_at=known_at,
            provenance=provenance,
            sealed=self.sealer.seal(told, place),
        )


def _name(one: Sighting) -> bytes:
    """What is remembered of it: nothing that can be read."""
    told = repr((one.pseudonym, one.identifier.authority, one.identifier.value))
    return sha256(told.encode("utf-8", "surrogatepass")).digest()[:16]
