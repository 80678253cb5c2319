"""The rows of `markers.csv`: what each must hold, and its cut-off from both sides."""

from datetime import timedelta
from math import inf, nextafter

import pytest

from streams.clinical.criteria.intervals import interval
from streams.clinical.markers.external import classifiers
from streams.clinical.markers.external import specification as label_specification
from streams.clinical.markers.schemes import SCHEMES
from streams.clinical.markers.schemes import specification as scheme_specification
from streams.clinical.markers.table import declared, marker, markers, specification
from streams.clinical.specification import Grade
from streams.vocabulary.concepts import concept
from streams.vocabulary.errors import InputError, ProtocolError
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN


ROWS = list(markers().values())

CUT_OFFS = {
    "mals": [(4420, FALSE, TRUE)],
    "immunoparalysis_molecules": [(5000, TRUE, FALSE)],
    "immunoparalysis_percent": [(30, TRUE, FALSE)],
    "il1ra_high": [(2071, FALSE, TRUE)],
    "supar_high": [(6, FALSE, TRUE)],
    "bio_adm_high": [(70, FALSE, TRUE)],
    "eaa_tigris": [(0.60, FALSE, TRUE), (0.90, TRUE, FALSE)],
    "eaa_euphrates": [(0.60, FALSE, TRUE)],
    "mas_bilirubin": [(1.2, FALSE, TRUE)],
    "mas_platelets": [(100, TRUE, FALSE)],
    "tnf_capacity_low": [(200, TRUE, FALSE)],
    "ferritin_paediatric_low": [(2000, TRUE, FALSE)],
    "ferritin_paediatric_high": [(2000, FALSE, TRUE)],
    "ferritin_paediatric_500": [(500, FALSE, TRUE)],
    "lactate_above_2": [(2, FALSE, TRUE)],
    "lactate_from_2": [(2, FALSE, TRUE)],
    "lactate_from_4": [(4, FALSE, TRUE)],
    "neutrophils_below_1500": [(1.5, TRUE, FALSE)],
    "neutrophils_below_500": [(0.5, TRUE, FALSE)],
}
"""By marker: each edge, what is just below it and what is just above."""

AT_THE_EDGE = {
    "mals": FALSE,
    "immunoparalysis_molecules": FALSE,
    "immunoparalysis_percent": FALSE,
    "il1ra_high": FALSE,
    "supar_high": TRUE,
    "bio_adm_high": FALSE,
    "eaa_euphrates": TRUE,
    "mas_bilirubin": TRUE,
    "mas_platelets": TRUE,
    "tnf_capacity_low": FALSE,
    "ferritin_paediatric_low": FALSE,
    "ferritin_paediatric_high": FALSE,
    "ferritin_paediatric_500": FALSE,
    "lactate_above_2": FALSE,
    "lactate_from_2": TRUE,
    "lactate_from_4": TRUE,
    "neutrophils_below_1500": FALSE,
    "neutrophils_below_500": FALSE,
}

WITHOUT = {"strem1_high", "procalcitonin", "crp", "il6"}


def test_every_marker_with_a_cut_off_is_tested_at_it():
    assert set(CUT_OFFS) | WITHOUT == set(markers())
    assert {m.name for m in ROWS if not m.has_cut_off} == WITHOUT


@pytest.mark.parametrize(
    ("name", "edge", "below", "above"),
    [(name, *edge) for name, edges in CUT_OFFS.items() for edge in edges],
)
def test_just_below_and_just_above_the_cut_off(name, edge, below, above):
    one = marker(name)
    assert one.positive(interval(nextafter(edge, -inf))) is below
    assert one.positive(interval(nextafter(edge, inf))) is above


@pytest.mark.parametrize(("name", "truth"), AT_THE_EDGE.items())
def test_at_the_cut_off_itself(name, truth):
    ((edge, _, _),) = CUT_OFFS[name]
    assert marker(name).positive(interval(edge)) is truth


@pytest.mark.parametrize(("value", "truth"), [(0.60, TRUE), (0.90, FALSE)])
def test_the_band_of_endotoxin_activity_is_open_above(value, truth):
    assert marker("eaa_tigris").positive(interval(value)) is truth


@pytest.mark.parametrize(
    ("value", "comparator", "truth"),
    [
        (4420, ">", TRUE),
        (4420, ">=", UNKNOWN),
        (1650, ">", UNKNOWN),
        (4420, "<", FALSE),
        (4420, "<=", FALSE),
        (5000, "<", UNKNOWN),
    ],
)
def test_a_censored_ferritin_is_an_interval(value, comparator, truth):
    assert marker("mals").positive(interval(value, comparator)) is truth


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_is_whole(row):
    assert row.unit == concept(row.concept).unit
    assert row.title
    assert row.source
    assert row.population
    assert row.times_source
    assert row.roles <= {"prognostic", "predictive", "safety"}
    assert row.roles
    assert timedelta(0) < row.stale_after <= timedelta(days=7)
    assert row.turnaround is None or row.turnaround < row.stale_after
    told = row.misclassification
    figures = (told.sensitivity, told.specificity, told.cv_percent)
    assert bool(told.source) == any(figure is not None for figure in figures)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_what_has_no_cut_off_or_comes_from_memory_is_unverified(row):
    memory = "from memory" in row.note or "usual operational rule" in row.source
    if not row.has_cut_off:
        assert row.grade is Grade.UNVERIFIED
    if memory:
        assert row.grade is not Grade.VERIFIED


def test_units_that_are_not_each_others_are_not_one_marker():
    molecules, percent = (
        marker("immunoparalysis_molecules"),
        marker("immunoparalysis_percent"),
    )
    assert molecules.concept != percent.concept
    with pytest.raises(InputError, match="EMB-107"):
        concept(molecules.concept).in_canonical_unit(25, percent.unit)
    with pytest.raises(InputError, match="EMB-107"):
        concept(percent.concept).in_canonical_unit(4000, molecules.unit)


def test_a_role_must_be_one_that_is_supported():
    assert declared("mals", "predictive").name == "mals"
    with pytest.raises(ProtocolError, match="may be predictive or prognostic"):
        declared("mals", "safety")
    with pytest.raises(InputError, match="no marker 'crp_high'"):
        declared("crp_high", "prognostic")


def test_every_row_and_scheme_and_classifier_describes_itself():
    specs = [specification(row) for row in ROWS]
    specs += [scheme_specification(scheme) for scheme in SCHEMES.values()]
    specs += [label_specification(one) for one in classifiers().values()]
    assert len({spec.name for spec in specs}) == len(specs)
    assert all(spec.rule and spec.sources and spec.inputs for spec in specs)
    assert "ferritin > 4420 ng/mL" in specs[0].rule
    assert "two specimens 24 h apart" in specs[2].rule
    assert "by quantibrite" in specs[1].rule
