"""Keep which identifiers a pseudonym stands for, sealed; what is known changes nothing.

That a row was added is no opening, and is not audited: it tells nobody anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from registry.domain.identity import Identifier, Kept, Sighted, bound_to
from registry.usecases.ports import UnitOfWork
from registry.usecases.vault_ports import Seal


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepIdentities:
    """What was read."""

    sighted: Sequence[Sighted]
    at: datetime


def keep_identities(
    command: KeepIdentities, uow: UnitOfWork, *, seal: Seal
) -> tuple[int, ...]:
    """Seal what is new; gives which of them were there before."""
    digests = [digests_of(s.site, s.identifier, seal) for s in command.sighted]
    every = {digest for known in digests for digest in known.values()}
    there = {(k.site, k.pseudonym, k.digest) for k in uow.vault.holding(every)}
    fresh: list[Kept] = []
    repeated: list[int] = []
    for place, (one, known) in enumerate(zip(command.sighted, digests, strict=True)):
        names = {(one.site, one.pseudonym, digest) for digest in known.values()}
        if names & there:
            repeated.append(place)
            continue
        there |= names
        fresh.append(sealed_row(one, seal))
    uow.vault.keep(fresh, command.at)
    return tuple(repeated)


def digests_of(site: str, identifier: Identifier, seal: Seal) -> dict[int, str]:
    """By key version, by what an identifier is found."""
    found = seal.digests(identifier.told(), bound_to(site))
    return {version: digest.hex() for version, digest in found.items()}


def sealed_row(one: Sighted, seal: Seal) -> Kept:
    """The row under the newest key."""
    version = seal.key_version
    return Kept(
        site=one.site,
        pseudonym=one.pseudonym,
        digest=digests_of(one.site, one.identifier, seal)[version],
        key_version=version,
        sealed=seal.seal(one.identifier.told(), bound_to(one.site)),
    )
