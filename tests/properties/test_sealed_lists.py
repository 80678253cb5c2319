"""Whatever the key and the ratio: a sealed list is balanced, apart, and bound page by page."""

from collections import Counter
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from registry.domain.misrandomisation import Kind, Misrandomisation, corrected
from registry.domain.protocol import ArmDesign, DomainDesign
from registry.domain.randomisation.methods import Simple
from registry.domain.sealed_list import MULTIPLES, commitment_of, pages
from registry.domain.stratum import (
    counted_in,
    is_of_sealed_list,
    levels_of,
    of_sealed_list,
    stratum_key,
)


KEYS = st.binary(min_size=32, max_size=32)
RATIOS = st.lists(st.integers(1, 3), min_size=2, max_size=4)
NAMES = st.text("AB;=%+@|-", min_size=1, max_size=5)
LEVELS = st.dictionaries(NAMES.map(lambda name: f"f{name}"), NAMES, max_size=3)


def design(ratio):
    arms = tuple(ArmDesign(f"arm{n}", share) for n, share in enumerate(ratio))
    return DomainDesign(domain="D", arms=arms, method=Simple())


def drawn(key, ratio, first, count):
    numbers = range(first, first + count)
    return list(pages(key, design(ratio), trial="T", site="A", numbers=numbers))


@given(key=KEYS, ratio=RATIOS, first=st.integers(1, 10_000), count=st.integers(1, 40))
def test_every_beginning_of_a_list_holds_the_ratio_but_for_one_block(
    key, ratio, first, count
):
    found = drawn(key, ratio, first, count)
    total = sum(ratio)
    for end in range(1, count + 1):
        held = Counter(page.arm for page in found[:end])
        for n, share in enumerate(ratio):
            off = abs(held[f"arm{n}"] - end * share / total)
            assert off <= max(MULTIPLES) * max(ratio)


@given(key=KEYS, other=KEYS, ratio=RATIOS)
def test_a_page_is_bound_to_its_arm_its_number_and_its_key(key, other, ratio):
    mine = drawn(key, ratio, 901, 6)
    committed = [page.commitment for page in mine]
    assert len(set(committed)) == 6
    for page in mine:
        assert commitment_of(page.arm, page.nonce) == page.commitment
        assert commitment_of(f"{page.arm}x", page.nonce) != page.commitment
    if key != other:
        theirs = {page.commitment for page in drawn(other, ratio, 901, 6)}
        assert theirs.isdisjoint(committed)


@given(site=NAMES, levels=LEVELS)
def test_who_came_by_paper_keeps_their_levels_and_takes_no_number(site, levels):
    stratum = stratum_key(levels.items())
    told = of_sealed_list(site, stratum)

    assert dict(levels_of(told)) == levels
    assert is_of_sealed_list(told)
    assert not is_of_sealed_list(stratum)
    assert counted_in(told) == told


@given(
    randomised=st.dictionaries(NAMES, NAMES, min_size=1, max_size=4),
    said=st.lists(st.tuples(st.sampled_from(Kind), st.integers(0, 3), NAMES)),
)
def test_what_is_true_is_the_last_word_and_other_kinds_say_nothing(randomised, said):
    names = sorted(randomised)
    records = [
        record(number, kind, ((names[which % len(names)], value),))
        for number, (kind, which, value) in enumerate(said, start=1)
    ]
    expected = dict(randomised)
    for one in records:
        if one.kind is Kind.WRONG_STRATUM:
            expected.update(one.true_values)

    assert corrected(randomised, Kind.WRONG_STRATUM, records[::-1]) == expected
    assert corrected(randomised, Kind.INELIGIBLE, []) == randomised


def record(number, kind, values):
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    return Misrandomisation(
        misrandomisation_id=str(number),
        site="A",
        trial="T",
        domain="D",
        participant="P",
        number=number,
        kind=kind,
        randomisation_id="R",
        deviation_id="V",
        in_error=False,
        true_values=values,
        received=None,
        first=None,
        actor="a",
        recorded_at=moment,
    )
