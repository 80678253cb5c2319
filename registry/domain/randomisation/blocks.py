"""Stratified permuted blocks of random size.

When a block begins, its size is drawn from the allowed multiples of the ratio's sum,
it is filled by the ratio and shuffled (Fisher-Yates).
Nothing of it is stored: who holds the key finds the block of any number again from
the first number of the schedule in that stratum; nobody else can.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from registry.domain.protocol import DomainDesign
from registry.domain.randomisation.draws import Position, draw_below


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a stratum: the number it begins at, and its arms in order."""

    first_no: int
    arms: tuple[str, ...]

    def arm_of(self, sequence_no: int) -> str:
        """The arm of one number of this block."""
        return self.arms[sequence_no - self.first_no]


def block_at(
    key: bytes, position: Position, *, design: DomainDesign, schedule_first_no: int
) -> Block:
    """The block that holds `position`.

    `schedule_first_no` is the number at which this design took over the stratum: its
    first block begins there.
    """
    begins = _near(position, design, schedule_first_no)
    size = _size(key, begins, design)
    while begins.sequence_no + size <= position.sequence_no:
        begins = replace(begins, sequence_no=begins.sequence_no + size)
        size = _size(key, begins, design)
    return Block(begins.sequence_no, _shuffled(key, begins, _filled(design, size)))


def _near(position: Position, design: DomainDesign, first_no: int) -> Position:
    """Where to begin to look: blocks of one size alone need no walk from the first."""
    begins = replace(position, sequence_no=first_no)
    if len(design.block_multiples) > 1:
        return begins
    size = design.block_multiples[0] * sum(arm.ratio for arm in design.arms)
    whole = (position.sequence_no - first_no) // size * size
    return replace(begins, sequence_no=first_no + whole)


def _size(key: bytes, begins: Position, design: DomainDesign) -> int:
    multiples = design.block_multiples
    drawn = draw_below(key, begins, purpose="block size", n=len(multiples))
    return multiples[drawn] * sum(arm.ratio for arm in design.arms)


def _filled(design: DomainDesign, size: int) -> list[str]:
    once = [arm.name for arm in design.arms for _ in range(arm.ratio)]
    return once * (size // len(once))


def _shuffled(key: bytes, begins: Position, arms: list[str]) -> tuple[str, ...]:
    """Fisher-Yates, from the last place down."""
    for last in range(len(arms) - 1, 0, -1):
        other = draw_below(key, begins, purpose=f"shuffle {last}", n=last + 1)
        arms[last], arms[other] = arms[other], arms[last]
    return tuple(arms)
