"""The restated table against the reference, where that is at hand."""

import csv
from pathlib import Path

import pytest

from streams.clinical.phenotypes.seneca_table import PHENOTYPES, variables
from streams.vocabulary.concepts import concept


UNITS = {
    "bicarb": "mEq/L",  # of univalent ions the same number as mmol/L
    "cl": "mEq/L",
    "plt": "10⁹/L",
    "wbc": "10⁹/L",
    "temp": "°C",
    "gcs": "3\u201315",
    "inr": "ratio",
    "hr": "/min",
    "rr": "/min",
    "pao2": "mmHg",
    "sbp": "mmHg",
}


def test_there_are_29_variables_and_four_centroids():
    assert len(variables()) == 29
    assert PHENOTYPES == ("alpha", "beta", "gamma", "delta")


def test_each_is_as_in_the_reference(shared_data: Path):
    path = shared_data.parent / "reference" / "seneca_centroids.csv"
    if not path.is_file():
        pytest.skip("the reference table is not there")
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert [row["variable"] for row in rows] == list(variables())
    for row in rows:
        ours = variables()[row["variable"]]
        assert (ours.unit, ours.transform) == (row["unit"], row["transform"])
        assert (ours.mean, ours.sd) == (float(row["mean"]), float(row["sd"]))
        assert ours.centroids == tuple(float(row[name]) for name in PHENOTYPES)


@pytest.mark.parametrize("row", variables().values(), ids=lambda row: row.name)
def test_a_variable_is_read_in_its_own_unit(row):
    for name in row.concepts:
        known = UNITS.get(row.name, row.unit)
        assert known == row.unit
        if row.name not in UNITS:
            assert concept(name).unit == row.unit
    assert bool(row.concepts) == (row.worst is not None)


@pytest.mark.parametrize("row", variables().values(), ids=lambda row: row.name)
def test_only_a_logarithm_needs_a_floor(row):
    assert (row.floor is not None) == (row.transform == "ln")
    if row.floor is not None:
        assert row.needs_floor(0)
        assert not row.needs_floor(row.floor)
        assert row.z(row.floor) < 0


def test_saturation_is_counted_from_101():
    sao2 = variables()["sao2"]
    assert sao2.z(100) == pytest.approx((0 - 1.818297) / 0.767377)
    assert sao2.z(80) > sao2.z(99)
