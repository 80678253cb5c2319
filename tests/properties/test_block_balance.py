"""Permuted blocks are in balance at each block's end, whatever the design and key."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from registry.domain.protocol import ArmDesign, DomainDesign
from registry.domain.randomisation.blocks import block_at
from registry.domain.randomisation.drawing import drawn
from registry.domain.randomisation.draws import Position, draw_below
from registry.domain.randomisation.history import KnownHistory
from registry.domain.randomisation.methods import PermutedBlocks


designs = st.builds(
    lambda ratio, multiples: DomainDesign(
        domain="d",
        arms=tuple(ArmDesign(f"arm {i}", share) for i, share in enumerate(ratio)),
        method=PermutedBlocks(tuple(multiples)),
    ),
    st.lists(st.integers(1, 3), min_size=2, max_size=4),
    st.lists(st.integers(1, 4), min_size=1, max_size=3, unique=True),
)
keys = st.binary(min_size=32, max_size=32)


@given(keys, designs, st.integers(1, 50), st.text(max_size=4))
def test_blocks_follow_each_other_without_gap_and_each_holds_the_ratio(
    key, design, first_no, stratum
):
    ratio = {arm.name: arm.ratio for arm in design.arms}
    number = first_no
    for _ in range(4):
        block = block_at(
            key,
            Position("T", "d", stratum, number),
            design=design,
            schedule_first_no=first_no,
        )
        multiple, rest = divmod(len(block.arms), sum(ratio.values()))
        assert (block.first_no, rest) == (number, 0)
        assert multiple in design.block_multiples
        assert Counter(block.arms) == {
            name: share * multiple for name, share in ratio.items()
        }
        number += len(block.arms)


@given(keys, designs, st.integers(1, 60))
def test_an_arm_can_be_found_again_alone_without_those_before_it(key, design, number):
    position = Position("T", "d", "s", number)
    alone = drawn(key, position, design=design, history=KnownHistory()).arm
    block = block_at(key, position, design=design, schedule_first_no=1)

    assert block.first_no <= number < block.first_no + len(block.arms)
    assert block.arms[number - block.first_no] == alone


@given(keys, designs, st.integers(1, 50), st.lists(st.integers(0, 900), max_size=5))
def test_a_far_block_is_the_one_a_walk_from_the_first_comes_to(
    key, design, first_no, aheads
):
    """In whatever order they are asked for."""
    once = sum(arm.ratio for arm in design.arms)
    for ahead in aheads:
        wanted = Position("T", "d", "s", first_no + ahead)
        begins, size = first_no, 0
        while begins + size <= wanted.sequence_no:
            begins += size
            n = len(design.block_multiples)
            place = Position("T", "d", "s", begins)
            size = (
                once
                * design.block_multiples[
                    draw_below(key, place, purpose="block size", n=n)
                ]
            )
        block = block_at(key, wanted, design=design, schedule_first_no=first_no)
        assert (block.first_no, len(block.arms)) == (begins, size)
