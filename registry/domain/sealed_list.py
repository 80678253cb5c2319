"""Sealed lists: arms on paper for when the registry is down, held by a custodian.

They are drawn by the custodian's key, which is not the signer's, at places of their own:
`@sealed=SITE` is no stratum of a domain, so no number of one is used or touched.
What is drawn is blocks of random size by the ratio: on paper nobody can reckon up a
balance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from registry.domain.allocation import SealedArm
from registry.domain.protocol import DomainDesign
from registry.domain.randomisation.blocks import block_at
from registry.domain.randomisation.draws import Position, nonce_at
from registry.domain.randomisation.methods import PermutedBlocks
from registry.domain.stratum import of_sealed_list


MULTIPLES = (2, 3)
"""Sizes of blocks, as multiples of the ratio's sum."""
MOST_PAGES = 500
"""Of one list: nobody keeps more in one envelope box."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedList:
    """What the registry knows of one list: what commits to it, and no arm."""

    list_id: str
    site: str
    trial: str
    domain: str
    first_no: int
    ratio: tuple[tuple[str, int], ...]
    """Arm and share."""
    blinded: bool
    key_commitment: str
    """SHA-256 of the custodian's key."""
    commitments: tuple[str, ...]
    """Of each page in order; see `SealedArm.commitment`."""
    actor: str
    made_at: datetime

    @property
    def last_no(self) -> int:
        """Number of the last page."""
        return self.first_no + len(self.commitments) - 1

    def commitment_of(self, envelope: int) -> str | None:
        """What commits to a page; None where the list has none of this number."""
        if not self.first_no <= envelope <= self.last_no:
            return None
        return self.commitments[envelope - self.first_no]


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedPage:
    """One page, as it is printed and sealed; it is stored nowhere."""

    envelope: int
    arm: str = field(repr=False)
    nonce: str = field(repr=False)

    @property
    def commitment(self) -> str:
        """What commits to it."""
        return commitment_of(self.arm, self.nonce)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedOpening:
    """One page as somebody told that it was opened; kept whatever was found."""

    opening_id: str
    site: str
    trial: str
    domain: str
    list_id: str
    envelope: int
    participant: str
    opened_at: datetime
    opened_by: str
    told_commitment: str
    """Of the arm and nonce as they were told: the arm itself is not here."""
    outage_from: datetime
    outage_until: datetime
    findings: tuple[str, ...]
    """What does not fit, by name."""
    randomisation_id: str | None
    """None where nobody was randomised by it."""
    counts_from_no: int | None
    """The number of the domain from which on minimisation counts it."""
    actor: str
    recorded_at: datetime

    def counts(self, sequence_no: int) -> bool:
        """Whether the draw of that number of the domain saw it."""
        return self.counts_from_no is not None and self.counts_from_no <= sequence_no


def pages(
    key: bytes, design: DomainDesign, *, trial: str, site: str, numbers: range
) -> Iterator[SealedPage]:
    """The pages of these numbers; the same for the same key, always."""
    by_blocks = replace(design, method=PermutedBlocks(MULTIPLES))
    for number in numbers:
        position = Position(trial, design.domain, of_sealed_list(site, ""), number)
        block = block_at(
            key, position, design=by_blocks, schedule_first_no=numbers.start
        )
        yield SealedPage(
            envelope=number,
            arm=block.arm_of(number),
            nonce=nonce_at(key, position),
        )


def commitment_of(arm: str, nonce: str) -> str:
    """What commits to an arm and its nonce."""
    return SealedArm(randomisation_id="", arm=arm, nonce=nonce).commitment
