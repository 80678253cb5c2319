"""What a run keeps beside facts: identifiers for the vault, and what was rejected.

They go by the readings that also take them from Kafka, and into the transaction of the
facts they came with: there is no fact under a pseudonym that the vault cannot lead
back, and none is left out without its letter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from registry.domain.letter import OF_FILES
from registry.inbox.reading import Identities, Letters
from registry.store.unit_of_work import Registry
from registry.usecases.ports import UnitOfWork
from registry.usecases.vault_ports import Seal
from streams.adapters.identity.pseudonyms import Sighting
from streams.adapters.identity.sealing import Sealer, place_of
from streams.app.history.messages import Refused
from streams.app.sightings import Sightings
from streams.vocabulary.clock import Clock
from streams.vocabulary.letters import dead_letter
from streams.vocabulary.messages import DeadLetter, IdentitySighting
from streams.vocabulary.topics import SEALED


AT_ONCE = 2_000
"""What is kept in one transaction while a source is read, before its first fact."""


class Keeping:
    """What waits for the next transaction."""

    def __init__(self, seal: Seal | None = None) -> None:
        """Without the vault's key identifiers are kept nowhere."""
        self._identities = None if seal is None else Identities(seal)
        self._letters = Letters()
        self._sighted: list[IdentitySighting] = []
        self._rejected: list[DeadLetter] = []

    def __len__(self) -> int:
        """How much waits."""
        return len(self._sighted) + len(self._rejected)

    def sight(self, sightings: Iterable[IdentitySighting]) -> None:
        """Identifiers were read, and sealed."""
        if self._identities is not None:
            self._sighted += sightings

    def reject(self, letter: DeadLetter) -> None:
        """A message, or a part of it, could not be used."""
        self._rejected.append(letter)

    def write(self, uow: UnitOfWork, at: datetime) -> None:
        """Write what waits; it waits on until it is `written`."""
        if self._identities is not None and self._sighted:
            self._identities.apply(self._sighted, uow, at)
        if self._rejected:
            self._letters.apply(self._rejected, uow, at)

    def written(self) -> None:
        """The transaction was committed."""
        self._sighted.clear()
        self._rejected.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryKeeping:
    """Told by the reading of history whom it names and what it refuses.

    All of a source is read before its first fact is judged, so what it tells is
    written in portions, ahead of the facts.
    """

    book: Registry
    clock: Clock
    keeping: Keeping
    site: str
    sightings: Sightings | None
    """None: identifiers are public, or there is no vault."""
    sealer: Sealer | None
    """Seals what was refused; None: a letter holds no bytes, which are in their file."""
    unsealed: bool = False
    """Whether the bytes may lie as they came: those of public data."""

    def sighted(self, one: Sighting) -> None:
        """An identifier was read beside its pseudonym."""
        if self.sightings is None:
            return
        now = self.clock.now()
        self.keeping.sight(
            self.sightings.sealed([one], known_at=now, provenance="history")
        )
        self._write_where_full()

    def refused(self, one: Refused) -> None:
        """A message of a file could not be used, or not all of it."""
        topic = f"{OF_FILES}/{one.form}"
        value: bytes | None = one.payload if self.unsealed else None
        form: str = one.form
        if self.sealer is not None:
            value = self.sealer.seal(one.payload, place_of(self.site, topic))
            form += SEALED
        letter = dead_letter(
            topic=topic,
            partition=0,
            offset=one.number,
            key=None,
            value=value,
            code=one.fault.code.value,
            reason=str(one.fault),
            rejected_by=OF_FILES,
            rejected_at=self.clock.now(),
            form=form,
        )
        self.keeping.reject(letter)
        self._write_where_full()

    def _write_where_full(self) -> None:
        if len(self.keeping) < AT_ONCE:
            return
        with self.book.transaction() as uow:
            self.keeping.write(uow, self.clock.now())
        self.keeping.written()
