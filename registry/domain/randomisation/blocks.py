"""Stratified permuted blocks of random size.

When a block begins, its size is drawn from the allowed multiples of the ratio's sum,
it is filled by the ratio and shuffled (Fisher-Yates).
Nothing of it is stored: who holds the key finds the block of any number again from
the first number of the schedule in that stratum; nobody else can.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

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
    shape = _Shape(design.block_multiples, sum(arm.ratio for arm in design.arms))
    begins = _near(
        key, replace(position, sequence_no=schedule_first_no), shape, position
    )
    begins, size = _holding(key, begins, shape, position.sequence_no)
    return Block(begins.sequence_no, _shuffled(key, begins, _filled(design, size)))


@dataclass(frozen=True, slots=True)
class _Shape:
    """The multiples a block may have of the sum of the ratio."""

    multiples: tuple[int, ...]
    once: int


_STAGE = 32
_STRIDE = 400


def _near(key: bytes, first: Position, shape: _Shape, wanted: Position) -> Position:
    """Where to begin to look: blocks of one size alone need no walk from the first."""
    ahead = wanted.sequence_no - first.sequence_no
    if len(shape.multiples) == 1:
        size = shape.multiples[0] * shape.once
        return replace(first, sequence_no=first.sequence_no + ahead // size * size)
    stage = ahead // _STAGE
    for before in range(0, stage, _STRIDE):
        _stage(key, first, shape, before)  # so that none has far to go back
    return replace(first, sequence_no=_stage(key, first, shape, stage))


@lru_cache(maxsize=2**14)
def _stage(key: bytes, first: Position, shape: _Shape, stage: int) -> int:
    """Where the block begins that holds number `stage` times 32 from the first.

    Remembered, so that a long stratum is walked once and not for every draw.
    """
    if not stage:
        return first.sequence_no
    begins = replace(first, sequence_no=_stage(key, first, shape, stage - 1))
    wanted = first.sequence_no + stage * _STAGE
    return _holding(key, begins, shape, wanted)[0].sequence_no


def _holding(
    key: bytes, begins: Position, shape: _Shape, wanted: int
) -> tuple[Position, int]:
    """The beginning and the size of the block that holds a number, from one before it."""
    size = _size(key, begins, shape)
    while begins.sequence_no + size <= wanted:
        begins = replace(begins, sequence_no=begins.sequence_no + size)
        size = _size(key, begins, shape)
    return begins, size


def _size(key: bytes, begins: Position, shape: _Shape) -> int:
    multiples = shape.multiples
    drawn = draw_below(key, begins, purpose="block size", n=len(multiples))
    return multiples[drawn] * shape.once


def _filled(design: DomainDesign, size: int) -> list[str]:
    once = [arm.name for arm in design.arms for _ in range(arm.ratio)]
    return once * (size // len(once))


def _shuffled(key: bytes, begins: Position, arms: list[str]) -> tuple[str, ...]:
    """Fisher-Yates, from the last place down."""
    for last in range(len(arms) - 1, 0, -1):
        other = draw_below(key, begins, purpose=f"shuffle {last}", n=last + 1)
        arms[last], arms[other] = arms[other], arms[last]
    return tuple(arms)
