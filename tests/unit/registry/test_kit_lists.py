"""A list of kits that tells arms apart is refused, and one made by chance is not."""

import random
from dataclasses import replace
from datetime import date

import pytest

from registry.app.kit_files import read_kits
from registry.domain.kit import KitLine
from registry.domain.kit_list import faults


def by_chance(seed=0, kits=40, arms=("zephyr", "quartz"), digits=6):
    """Codes drawn without order, each arm as often as the others."""
    rng = random.Random(seed)
    codes = rng.sample(range(10 ** (digits - 1), 10**digits), kits)
    held = [arms[n % len(arms)] for n in range(kits)]
    rng.shuffle(held)
    return [
        KitLine(kit=f"K{code}", arm=arm, lot="L1", expires_on=date(2027, 3, 31))
        for code, arm in zip(codes, held, strict=True)
    ]


def changed(change, lines=None):
    lines = by_chance() if lines is None else lines
    return [replace(one, **change(n, one)) for n, one in enumerate(lines)]


def is_zephyr(one):
    return one.arm == "zephyr"


def in_order(lines):
    """The same codes, all of one arm before those of the other."""
    codes = sorted(one.kit for one in lines)
    held = sorted(one.arm for one in lines)
    return [
        replace(lines[0], kit=kit, arm=arm)
        for kit, arm in zip(codes, held, strict=True)
    ]


def taking_turns(lines):
    codes = sorted(one.kit for one in lines)
    return [
        replace(lines[0], kit=kit, arm=("zephyr", "quartz")[n % 2])
        for n, kit in enumerate(codes)
    ]


@pytest.mark.parametrize("kits", [12, 40, 200])
@pytest.mark.parametrize("arms", [("zephyr", "quartz"), ("a", "b", "c")])
def test_lists_made_by_chance_are_taken(kits, arms):
    refused = [s for s in range(150) if faults(by_chance(s, kits, arms), arms=arms)]

    assert len(refused) <= 2


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (in_order(by_chance()), "order of the codes"),
        (taking_turns(by_chance()), "order of the codes"),
        (
            changed(lambda _n, k: {"kit": ("A" if is_zephyr(k) else "B") + k.kit[1:]}),
            "order of the codes",
        ),
        (
            changed(
                lambda n, k: {
                    "kit": f"{k.kit[:-1]}{('02468', '13579')[is_zephyr(k)][n % 5]}"
                }
            ),
            "part of the code",
        ),
        (
            changed(lambda _n, k: {"kit": k.kit + "X" * is_zephyr(k)}),
            "not equally long",
        ),
        (changed(lambda _n, k: {"lot": f"L{is_zephyr(k):d}"}), "lot"),
        (
            changed(lambda _n, k: {"expires_on": date(2027, 3, 30 + is_zephyr(k))}),
            "expiry",
        ),
        (changed(lambda n, _k: {"kit": "K000001"} if n < 2 else {}), "twice"),
        (changed(lambda _n, k: {"kit": k.kit.lower()}), "capitals"),
        (changed(lambda _n, _k: {"arm": "zephyr"}), "not the arms"),
        (changed(lambda _n, _k: {"lot": ""}), "no lot"),
        (by_chance(kits=6), "fewer than 8"),
    ],
)
def test_what_tells_arms_apart_or_is_no_list_is_refused_without_naming_an_arm(
    lines, told
):
    found = faults(lines, arms=("zephyr", "quartz"))

    assert any(told in fault for fault in found), found
    assert not any(arm in " ".join(found) for arm in ("zephyr", "quartz"))


def test_the_order_of_the_file_does_not_matter():
    lines = by_chance()

    assert faults(sorted(lines, key=lambda one: one.arm), arms=None) == ()


@pytest.mark.parametrize(
    ("before", "ends"), [("", "\n"), ("\ufeff", "\r\n"), ("", "\r\n")]
)
def test_a_list_is_read_alike_whichever_program_wrote_it(tmp_path, before, ends):
    """Spreadsheets set a mark before the first column, and end lines in two signs."""
    lines = ("kit,arm,lot,expires_on", "K1, zephyr ,L1,2027-03-31", "")
    file = tmp_path / "kits.csv"
    file.write_bytes((before + ends.join(lines)).encode())

    assert read_kits(file) == (
        KitLine(kit="K1", arm="zephyr", lot="L1", expires_on=date(2027, 3, 31)),
    )
