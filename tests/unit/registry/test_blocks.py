from collections import Counter

import pytest

from registry.domain.protocol import (
    ArmDesign,
    DomainDesign,
    design_document,
    read_design,
)
from registry.domain.randomisation.blocks import block_at
from registry.domain.randomisation.draws import Position
from registry.domain.randomisation.history import KnownHistory
from registry.domain.randomisation.methods import PermutedBlocks
from registry.domain.randomisation.signer import KeyedSigner
from streams.vocabulary.errors import ErrorCode, ProtocolError, SettingsError


KEY = bytes(range(32))


def design(*arms, multiples=(1,), **rest):
    return DomainDesign(
        domain="fluids",
        arms=tuple(ArmDesign(name, ratio) for name, ratio in arms),
        method=PermutedBlocks(multiples),
        **rest,
    )


EVEN = design(("a", 1), ("b", 1), multiples=(2, 3))


def arms(count, of=EVEN, key=KEY, stratum="s", first=1):
    signer = KeyedSigner({"T": key})
    return [
        signer.arm(
            Position("T", "fluids", stratum, number),
            design=of,
            history=KnownHistory(schedule_first_no=first),
        ).arm
        for number in range(first, first + count)
    ]


def test_the_same_key_and_place_give_the_same_arms_and_another_key_others():
    assert arms(60) == arms(60)
    assert arms(60) != arms(60, key=bytes(32))
    assert arms(60) != arms(60, stratum="t")


def test_block_sizes_are_drawn_from_the_allowed_multiples_and_all_occur():
    number, sizes = 1, Counter()
    while number < 600:
        block = block_at(
            KEY, Position("T", "fluids", "s", number), design=EVEN, schedule_first_no=1
        )
        assert block.first_no == number
        sizes[len(block.arms)] += 1
        number += len(block.arms)

    assert set(sizes) == {4, 6}
    assert min(sizes.values()) > 30


def test_each_order_of_a_block_occurs_as_often_as_the_others():
    two_by_two = design(("a", 1), ("b", 1), multiples=(2,))
    orders = Counter(
        tuple(arms(4, two_by_two, stratum=f"s{number}")) for number in range(1200)
    )

    assert len(orders) == 6
    # Chi-square with 5 degrees of freedom: 20.5 is its 99.9th percentile.
    assert sum((count - 200) ** 2 / 200 for count in orders.values()) < 20.5


def test_an_unequal_ratio_is_kept_in_each_block():
    two_to_one = design(("a", 2), ("b", 1), multiples=(2,))
    drawn = arms(60, two_to_one)

    for start in range(0, 60, 6):
        assert Counter(drawn[start : start + 6]) == {"a": 4, "b": 2}


def test_a_schedule_begins_its_blocks_where_it_took_over():
    later = block_at(
        KEY, Position("T", "fluids", "s", 23), design=EVEN, schedule_first_no=23
    )
    assert later.first_no == 23


def test_another_design_is_another_schedule_and_openness_is_none_of_it():
    assert EVEN.schedule() != design(("a", 1), ("b", 2), multiples=(2, 3)).schedule()
    assert EVEN.schedule() != design(("a", 1), ("b", 1), multiples=(2,)).schedule()
    closed = design(("a", 1), ("b", 1), multiples=(2, 3), open=False)
    assert EVEN.schedule() == closed.schedule()


def test_a_design_is_read_as_it_was_written():
    assert read_design(design_document(EVEN)) == EVEN


@pytest.mark.parametrize(
    ("faulty", "fault"),
    [
        ({"arms": [("a", 1)]}, "two arms or more"),
        ({"arms": [("a", 1), ("a", 1)]}, "share a name"),
        ({"arms": [("a", 1), ("b", 0)]}, "below 1"),
        ({"arms": [("a", 1), ("b", 1)], "multiples": ()}, "no block size"),
        ({"arms": [("a", 1), ("b", 1)], "multiples": (0,)}, "below 1"),
    ],
)
def test_a_design_nothing_can_be_drawn_from_is_refused(faulty, fault):
    with pytest.raises(ProtocolError, match=fault) as refused:
        design(*faulty["arms"], multiples=faulty.get("multiples", (1,)))

    assert refused.value.code is ErrorCode.PROTOCOL_INVALID


def test_a_signer_without_the_trials_key_says_so_and_shows_no_key():
    signer = KeyedSigner({"OTHER": KEY})

    with pytest.raises(SettingsError) as fault:
        signer.commitment("T")

    assert fault.value.code is ErrorCode.SECRET_MISSING
    assert repr(signer) == "KeyedSigner(OTHER)"
