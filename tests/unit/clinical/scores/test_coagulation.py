"""Bounds of SIC and overt DIC, and the bands of an assay."""

from math import nextafter

import pytest

from streams.clinical.scores.coagulation import (
    FDP,
    PROLONGATION,
    PROLONGATION_ABOVE,
    SIC_INR,
    FibrinAssay,
    by_upper_limit,
    has_overt_dic,
    has_sic,
)
from streams.clinical.scores.coagulation_specs import OVERT_DIC_SPEC, SIC_SPEC
from streams.clinical.scores.points import points_of
from streams.clinical.scores.score import Score
from streams.vocabulary.messages import Component
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN


def score(*bounds):
    parts = tuple(
        Component(name=f"part {i}", points=low, lower=low, upper=high)
        for i, (low, high) in enumerate(bounds)
    )
    return Score(name="made up", at=None, components=parts)


@pytest.mark.parametrize(
    ("inr", "platelets", "organs", "there"),
    [
        ((2, 2), (1, 1), (1, 1), TRUE),
        ((2, 2), (1, 1), (0, 0), FALSE),
        ((2, 2), (0, 0), (2, 2), FALSE),
        ((1, 1), (1, 1), (2, 2), FALSE),
        ((2, 2), (2, 2), (0, 2), TRUE),
        ((2, 2), (0, 1), (2, 2), UNKNOWN),
        ((2, 2), (1, 1), (0, 1), UNKNOWN),
        ((0, 0), (0, 2), (0, 2), FALSE),
    ],
)
def test_sic_in_three_values(inr, platelets, organs, there):
    assert has_sic(score(inr, platelets, organs)) is there


@pytest.mark.parametrize(
    ("bounds", "there"), [((5, 8), TRUE), ((4, 5), UNKNOWN), ((0, 4), FALSE)]
)
def test_overt_dic_in_three_values(bounds, there):
    assert has_overt_dic(score(bounds)) is there


@pytest.mark.parametrize(
    ("inr", "points"),
    [(1.2, 0), (nextafter(1.2, 2), 1), (1.4, 1), (nextafter(1.4, 2), 2)],
)
def test_an_inr_of_the_edge_belongs_to_the_band_below(inr, points):
    assert points_of(SIC_INR, inr) == points


@pytest.mark.parametrize(
    ("seconds", "from_", "above"), [(2.9, 0, 0), (3, 1, 0), (6, 2, 1)]
)
def test_the_two_readings_of_a_prolongation(seconds, from_, above):
    assert points_of(PROLONGATION, seconds) == from_
    assert points_of(PROLONGATION_ABOVE, seconds) == above


@pytest.mark.parametrize("assay", [FDP, by_upper_limit("d_dimer_feu", 0.5)])
def test_every_value_of_an_assay_is_in_one_band(assay):
    edges = (assay.moderate, assay.strong)
    values = [
        0.0,
        *edges,
        *(nextafter(e, 0) for e in edges),
        *(nextafter(e, 99) for e in edges),
    ]
    for value in values:
        assert sum(band.holds(value) for band in assay.bands) == 1
    points = [points_of(assay.bands, value) for value in sorted(values)]
    assert points == [0, 0, 2, 2, 2, 2, 3]


def test_an_assay_with_one_cut_off_for_both_has_no_moderate_rise_above_it():
    assay = FibrinAssay(marker="fdp", moderate=10.0, strong=10.0, source="made up")
    assert [points_of(assay.bands, v) for v in (9.9, 10.0, 10.1)] == [0, 2, 3]


def test_the_specifications_are_graded_as_far_as_they_were_read():
    assert (SIC_SPEC.grade, OVERT_DIC_SPEC.grade) == ("verified", "partial")
