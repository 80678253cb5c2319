"""Vasopressors as one dose of norepinephrine, by published formulas."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf

import pytest

from streams.clinical.scores.equivalent_rows import equivalent_rows
from streams.clinical.scores.norepinephrine_equivalent import (
    EQUIVALENT,
    FORMULAS,
    KOTANI_2023,
    POLICIES,
    base_rate,
    norepinephrine_equivalent,
)
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import Infusion


NOON = datetime(2150, 3, 1, 12, tzinfo=UTC)


def at(hours):
    return NOON + timedelta(hours=hours)


def drip(drug, rate, start=0.0, end=None, name=None, stay="s"):
    name = name or drug
    told = {"infusion_id": name, "drug": drug, "stay": stay}
    yield Infusion(
        event_id=f"{name}+",
        happened_at=at(start),
        known_at=at(start),
        phase="started",
        rate=rate,
        **told,
    )
    if end is not None:
        yield Infusion(
            event_id=f"{name}-",
            happened_at=at(end),
            known_at=at(end),
            phase="stopped",
            rate=rate,
            **told,
        )


def timeline_of(*drips):
    timeline = Timeline()
    for facts in drips:
        for fact in facts:
            timeline.apply(fact, "m")
    return timeline


def dose(*drips, hours=1, **policy):
    return norepinephrine_equivalent(
        timeline_of(*drips), at(hours), policy=replace(EQUIVALENT, **policy)
    )


@pytest.mark.parametrize(
    ("drug", "rate", "goradia", "mimic", "ricu", "kotani"),
    [
        ("norepinephrine", 0.2, 0.2, 0.2, 0.2, 0.2),
        ("epinephrine", 0.2, 0.2, 0.2, 0.2, 0.2),
        ("phenylephrine", 1.0, 0.1, 0.1, 0.1, 0.06),
        ("dopamine", 15.0, 0.15, 0.15, 0.1, 0.15),
        ("vasopressin", 0.04, 0.1, 0.1, 0.1, 0.1),
        ("angiotensin_ii", 40.0, 0.4, 0.0, 0.0, 0.1),
        ("metaraminol", 0.8, 0.1, 0.0, 0.0, None),
        ("terlipressin", 0.01, 0.0, 0.0, 0.0, 0.1),
        ("methylene_blue", 0.5, 0.0, 0.0, 0.0, 0.1),
        ("hydroxocobalamin", 1.0, 0.0, 0.0, 0.0, None),
    ],
)
def test_each_formula_names_its_factors(drug, rate, goradia, mimic, ricu, kotani):
    timeline = timeline_of(drip(drug, rate))
    found = [
        norepinephrine_equivalent(timeline, at(1), policy=POLICIES[name])
        for name in ("goradia_2020", "mimic", "ricu", "kotani_2023")
    ]
    expected = [
        v if v is None else pytest.approx(v) for v in (goradia, mimic, ricu, kotani)
    ]
    assert [one.value for one in found] == expected
    assert [one.formula for one in found] == list(FORMULAS)
    assert [bool(one.ignored) for one in found] == [
        v == 0 for v in (goradia, mimic, ricu, kotani)
    ]


def test_drugs_add_up_with_their_evidence():
    found = dose(drip("norepinephrine", 0.1), drip("vasopressin", 0.04))
    assert found.value == pytest.approx(0.2)
    assert found.evidence == ("norepinephrine+", "vasopressin+")
    assert (found.missing, found.ignored) == ((), ())


def test_no_vasopressor_is_no_dose():
    found = dose()
    assert (found.value, found.parts) == (0, ())


def test_dobutamine_and_milrinone_have_no_equivalent():
    assert dose(drip("dobutamine", 5), drip("milrinone", 0.5)).value == 0


@pytest.mark.parametrize(
    ("hours", "value"), [(-0.01, 0), (0, 0.1), (1.99, 0.1), (2, 0), (3, 0)]
)
def test_a_drip_counts_from_its_start_until_before_its_end(hours, value):
    found = dose(drip("norepinephrine", 0.1, 0, 2), hours=hours)
    assert found.value == value


def test_a_rate_nobody_can_say_leaves_no_upper_bound():
    found = dose(drip("norepinephrine", None), drip("epinephrine", 0.1))
    assert (found.value, found.lower, found.upper) == (None, 0.1, inf)
    assert found.missing == ("norepinephrine",)


def test_a_rate_of_zero_is_none():
    found = dose(drip("norepinephrine", 0.0), drip("angiotensin_ii", 0.0))
    assert (found.value, found.ignored, found.missing) == (0, (), ())


def test_a_drug_without_a_known_factor_leaves_no_upper_bound():
    found = dose(
        drip("metaraminol", 0.5), drip("norepinephrine", 0.1), formula=KOTANI_2023
    )
    assert (found.lower, found.upper, found.missing) == (0.1, inf, ("metaraminol",))


@pytest.mark.parametrize(
    ("salt", "base"),
    [
        ("base", 0.4),
        ("bitartrate_monohydrate", 0.2),
        ("bitartrate_anhydrous", 0.4 / 1.89),
        ("hydrochloride", 0.4 / 1.22),
    ],
)
def test_a_site_says_what_its_norepinephrine_is_charted_as(salt, base):
    assert base_rate(0.4, salt) == pytest.approx(base)
    found = dose(
        drip("norepinephrine", 0.4), drip("epinephrine", 0.1), norepinephrine_as=salt
    )
    assert found.value == pytest.approx(base + 0.1)


@pytest.mark.parametrize(("same_drug", "value"), [("sum", 0.5), ("highest", 0.3)])
def test_two_drips_of_one_drug_add_up_or_not(same_drug, value):
    found = dose(
        drip("norepinephrine", 0.2, name="a"),
        drip("norepinephrine", 0.3, name="b"),
        same_drug=same_drug,
    )
    assert found.value == pytest.approx(value)


@pytest.mark.parametrize(("hours", "lower"), [(48, 0.1), (48.01, 0)])
def test_a_drip_gone_quiet_may_have_ended(hours, lower):
    found = dose(drip("norepinephrine", 0.1), hours=hours)
    assert (found.lower, found.upper) == (lower, 0.1)


# -- mimic-code's rows ---------------------------------------------------------


def rows(*drips):
    return [
        (
            (row.start - NOON) / timedelta(hours=1),
            (row.end - NOON) / timedelta(hours=1),
            row.dose,
        )
        for row in equivalent_rows(timeline_of(*drips))
    ]


def test_every_start_and_end_cuts_a_stay():
    found = rows(drip("norepinephrine", 0.1, 0, 4), drip("vasopressin", 0.04, 1, 3))
    assert found == [(0, 1, 0.1), (1, 3, 0.2), (3, 4, 0.1)]


def test_an_inotrope_cuts_but_makes_no_row():
    found = rows(drip("norepinephrine", 0.1, 0, 2), drip("milrinone", 0.3, 1, 5))
    assert found == [(0, 1, 0.1), (1, 2, 0.1)]


def test_between_two_drips_there_is_no_row():
    found = rows(
        drip("norepinephrine", 0.1, 0, 1), drip("norepinephrine", 0.2, 2, 3, name="b")
    )
    assert found == [(0, 1, 0.1), (2, 3, 0.2)]


def test_two_drips_of_one_drug_make_a_row_each():
    found = rows(
        drip("norepinephrine", 0.1, 0, 3),
        drip("norepinephrine", 0.2, 1, 2, name="b"),
        drip("epinephrine", 0.05, 1, 2),
    )
    assert found == [(0, 1, 0.1), (1, 2, 0.15), (1, 2, 0.25), (2, 3, 0.1)]


def test_angiotensin_is_not_in_the_published_table():
    assert rows(drip("angiotensin_ii", 20, 0, 2)) == []


def test_a_rate_nobody_can_say_is_no_row_alone_and_nothing_beside_another():
    assert rows(drip("norepinephrine", None, 0, 2)) == []
    found = rows(drip("norepinephrine", None, 0, 2), drip("epinephrine", 0.1, 0, 2))
    assert found == [(0, 2, 0.1)]


def test_a_drip_without_an_end_makes_no_row():
    assert rows(drip("norepinephrine", 0.1, 0)) == []
    assert rows(drip("norepinephrine", 0.1, 2, 1)) == []


def test_stays_are_kept_apart():
    timeline = timeline_of(
        drip("norepinephrine", 0.1, 0, 2),
        drip("norepinephrine", 0.2, 1, 3, name="b", stay="t"),
        drip("norepinephrine", 0.2, 1, 3, name="c", stay=None),
    )
    assert [row.stay for row in equivalent_rows(timeline)] == ["s", "t"]


def test_doses_are_rounded_half_up_to_four_places():
    assert rows(drip("norepinephrine", 0.12345, 0, 1)) == [(0, 1, 0.1235)]


def test_only_what_has_happened_makes_rows():
    timeline = timeline_of(
        drip("norepinephrine", 0.1, 0, 2), drip("epinephrine", 0.1, 1, 3)
    )
    found = [(row.start, row.end) for row in equivalent_rows(timeline, now=at(2))]
    assert found == [(at(0), at(1)), (at(1), at(2))]
