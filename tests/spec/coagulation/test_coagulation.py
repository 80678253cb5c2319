"""Clotting in sepsis told as timelines: SIC, and overt DIC by ISTH."""

from dataclasses import replace
from datetime import timedelta

import pytest

from streams.clinical.scores.coagulation import (
    FDP,
    OVERT_DIC,
    PROLONGATION_ABOVE,
    SIC,
    FibrinAssay,
    by_upper_limit,
    has_overt_dic,
    has_sic,
    overt_dic,
    sic,
)
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN


HOUSE = replace(OVERT_DIC, pt_upper=12.5)
"""A laboratory whose prothrombin time is normal up to 12.5 s."""


def table(*facts):
    return "\n".join(["at|what|value", *(f"1 10:00 | {fact}" for fact in facts)])


def part(score, name):
    (found,) = (c for c in score.components if c.name == name)
    return (found.points, found.lower, found.upper)


# -- SIC -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fact", "points"),
    [
        ("inr | 0.9", 0),
        ("inr | 1.2", 0),
        ("inr | 1.21", 1),
        ("inr | 1.4", 1),
        ("inr | 1.41", 2),
        ("platelets | 0", 2),
        ("platelets | 99.9", 2),
        ("platelets | 100", 1),
        ("platelets | 149.9", 1),
        ("platelets | 150", 0),
    ],
)
def test_each_test_on_both_sides_of_its_edge(timeline_of, at, fact, points):
    score = sic(timeline_of(table(fact)), at("1 10:00"))
    assert part(score, fact.partition(" ")[0]) == (points, points, points)


WELL = (
    "bilirubin_total | 0.5",
    "map | 80",
    "pao2 | 95",
    "fio2 | 21",
    "creatinine | 0.8",
)


@pytest.mark.parametrize(
    ("facts", "points"),
    [
        (("bilirubin_total | 1.1",), 0),
        (("bilirubin_total | 1.2",), 1),  # one organ with one point
        (("bilirubin_total | 2.0",), 2),
        (("bilirubin_total | 12.0",), 2),  # never more than two
        (("bilirubin_total | 1.2", "map | 60"), 2),  # two organs with one point each
        (("platelets | 10",), None),  # the clotting of SOFA does not count twice
        (("gcs_total | 3",), None),  # nor does the brain
    ],
)
def test_four_organs_of_sofa_give_at_most_two_points(timeline_of, at, facts, points):
    score = sic(timeline_of(table(*facts)), at("1 10:00"))
    assert part(score, "sofa")[0] == points


@pytest.mark.parametrize(
    ("inr", "platelets", "bilirubin", "there"),
    [
        (1.5, 80, 0.5, TRUE),  # 2 + 2 + 0
        (1.5, 120, 1.3, TRUE),  # 2 + 1 + 1
        (1.3, 80, 1.3, TRUE),  # 1 + 2 + 1
        (1.3, 120, 6.0, FALSE),  # 1 + 1 + 2 are 4, but only 2 of them of clotting
        (1.5, 200, 6.0, FALSE),  # 2 + 0 + 2 are 4, but only 2 of them of clotting
        (1.1, 200, 6.0, FALSE),
    ],
)
def test_four_points_of_which_more_than_two_are_of_clotting(
    timeline_of, at, inr, platelets, bilirubin, there
):
    facts = table(
        f"inr | {inr}",
        f"platelets | {platelets}",
        *(fact for fact in WELL if "bilirubin" not in fact),
        f"bilirubin_total | {bilirubin}",
    )
    assert has_sic(sic(timeline_of(facts), at("1 10:00"))) is there


def test_three_points_of_clotting_alone_leave_it_to_the_organs(timeline_of, at):
    score = sic(timeline_of(table("inr | 1.5", "platelets | 120")), at("1 10:00"))
    assert (score.total, score.lower, score.upper) == (3, 3, 5)
    assert has_sic(score) is UNKNOWN
    assert score.missing == ("respiration", "liver", "cardiovascular", "renal")


def test_normal_clotting_tests_decide_without_the_organs(timeline_of, at):
    score = sic(timeline_of(table("inr | 1.1", "platelets | 200")), at("1 10:00"))
    assert has_sic(score) is FALSE


def test_of_nobody_sic_is_unknown(timeline_of, at):
    score = sic(timeline_of(table("heart_rate | 80")), at("1 10:00"))
    assert (score.total, score.lower, score.upper) == (0, 0, 6)
    assert has_sic(score) is UNKNOWN
    assert score.missing[:2] == ("inr", "platelets")


def test_a_censored_inr_is_an_interval(timeline_of, at):
    score = sic(timeline_of(table("inr | >1.3")), at("1 10:00"))
    assert part(score, "inr") == (1, 1, 2)


@pytest.mark.parametrize(
    ("window", "points"), [(timedelta(hours=24), None), (timedelta(hours=25), 2)]
)
def test_a_result_counts_for_a_day(timeline_of, at, window, points):
    score = sic(
        timeline_of(table("inr | 1.5")),
        at("2 10:00"),
        policy=replace(SIC, window=window),
    )
    assert part(score, "inr")[0] == points


@pytest.mark.parametrize(("pick", "points"), [("latest", 0), ("worst", 2)])
def test_of_several_results_the_last_or_the_worst(timeline_of, at, pick, points):
    facts = table("inr | 1.5") + "\n1 12:00 | inr | 1.1"
    score = sic(timeline_of(facts), at("1 12:00"), policy=replace(SIC, pick=pick))
    assert part(score, "inr")[0] == points


def test_the_events_that_decided_are_named(timeline_of, at):
    score = sic(timeline_of(table("inr | 1.5", "platelets | 80")), at("1 10:00"))
    assert score.evidence == ("e0", "e1")


# -- overt DIC -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("fact", "name", "points"),
    [
        ("platelets | 49.9", "platelets", 2),
        ("platelets | 50", "platelets", 1),
        ("platelets | 99.9", "platelets", 1),
        ("platelets | 100", "platelets", 0),
        ("d_dimer_feu | 0.99", "fibrin_marker", 0),
        ("d_dimer_feu | 1.0", "fibrin_marker", 2),
        ("d_dimer_feu | 2.0", "fibrin_marker", 2),
        ("d_dimer_feu | 2.01", "fibrin_marker", 3),
        ("fdp | 9.9", "fibrin_marker", 0),
        ("fdp | 10", "fibrin_marker", 2),
        ("fdp | 25", "fibrin_marker", 2),
        ("fdp | 25.1", "fibrin_marker", 3),
        ("pt | 11", "pt", 0),
        ("pt | 15.4", "pt", 0),
        ("pt | 15.5", "pt", 1),
        ("pt | 18.4", "pt", 1),
        ("pt | 18.5", "pt", 2),
        ("fibrinogen | 99", "fibrinogen", 1),
        ("fibrinogen | 100", "fibrinogen", 0),
    ],
)
def test_each_part_on_both_sides_of_its_edge(timeline_of, at, fact, name, points):
    score = overt_dic(timeline_of(table(fact)), at("1 10:00"), policy=HOUSE)
    assert part(score, name) == (points, points, points)


@pytest.mark.parametrize(
    ("seconds", "points"), [(15.5, 0), (15.6, 1), (18.5, 1), (18.6, 2)]
)
def test_other_restatements_count_only_what_is_above_3_and_6_seconds(
    timeline_of, at, seconds, points
):
    policy = replace(HOUSE, prolongation=PROLONGATION_ABOVE)
    score = overt_dic(
        timeline_of(table(f"pt | {seconds}")), at("1 10:00"), policy=policy
    )
    assert part(score, "pt")[0] == points


def test_without_a_limit_of_normal_no_time_is_prolonged(timeline_of, at):
    score = overt_dic(timeline_of(table("pt | 90")), at("1 10:00"))
    assert part(score, "pt") == (None, 0, 2)
    assert "pt_upper" in score.missing


@pytest.mark.parametrize(
    ("facts", "there", "bounds"),
    [
        (("platelets | 40", "fdp | 30", "pt | 13", "fibrinogen | 300"), TRUE, (5, 5)),
        (("platelets | 80", "fdp | 30", "pt | 13", "fibrinogen | 300"), FALSE, (4, 4)),
        (("platelets | 40", "fdp | 30"), TRUE, (5, 8)),
        (("platelets | 40",), UNKNOWN, (2, 8)),
        (("fdp | 1", "platelets | 80"), FALSE, (1, 4)),
        (("fdp | 1", "platelets | 40"), UNKNOWN, (2, 5)),
        ((), UNKNOWN, (0, 8)),
    ],
)
def test_five_points_are_overt(timeline_of, at, facts, there, bounds):
    timeline = timeline_of(table(*facts, "heart_rate | 90"))
    score = overt_dic(timeline, at("1 10:00"), policy=HOUSE)
    assert (score.lower, score.upper) == bounds
    assert has_overt_dic(score) is there


# -- assays --------------------------------------------------------------------


def test_a_d_dimer_in_ddu_tells_nothing_where_the_site_named_no_cut_offs(
    timeline_of, at
):
    """3 mg/L DDU would be strongly raised if read as FEU, or doubled into it."""
    score = overt_dic(
        timeline_of(table("d_dimer_ddu | 3")), at("1 10:00"), policy=HOUSE
    )
    assert part(score, "fibrin_marker") == (None, 0, 3)
    assert "fibrin_marker" in score.missing


@pytest.mark.parametrize(
    ("value", "points"), [(0.49, 0), (0.5, 2), (1.0, 2), (1.01, 3)]
)
def test_ddu_has_cut_offs_of_its_own(timeline_of, at, value, points):
    policy = replace(HOUSE, assays=(by_upper_limit("d_dimer_ddu", 0.25),))
    told = (
        overt_dic(
            timeline_of(table(f"{assay} | {value}")), at("1 10:00"), policy=policy
        )
        for assay in ("d_dimer_ddu", "d_dimer_feu")
    )
    assert [part(score, "fibrin_marker")[0] for score in told] == [points, None]


def test_a_laboratory_may_call_up_to_5_mg_moderate(timeline_of, at):
    wide = FibrinAssay(
        marker="d_dimer_feu", moderate=0.25, strong=5.0, source="a hospital laboratory"
    )
    policy = replace(HOUSE, assays=(wide,))
    points = [
        part(
            overt_dic(
                timeline_of(table(f"d_dimer_feu | {v}")), at("1 10:00"), policy=policy
            ),
            "fibrin_marker",
        )[0]
        for v in (0.24, 0.25, 5.0, 5.1)
    ]
    assert points == [0, 2, 2, 3]


def test_of_two_markers_the_worse_counts(timeline_of, at):
    facts = table("d_dimer_feu | 0.3", "fdp | 40")
    score = overt_dic(timeline_of(facts), at("1 10:00"), policy=HOUSE)
    assert part(score, "fibrin_marker")[0] == 3
    only = replace(HOUSE, assays=(by_upper_limit("d_dimer_feu", 0.5),))
    score = overt_dic(timeline_of(facts), at("1 10:00"), policy=only)
    assert part(score, "fibrin_marker")[0] == 0


def test_an_fdp_above_a_bound_is_an_interval(timeline_of, at):
    score = overt_dic(timeline_of(table("fdp | >10")), at("1 10:00"), policy=HOUSE)
    assert part(score, "fibrin_marker") == (2, 2, 3)
    assert FDP.strong == 25.0
