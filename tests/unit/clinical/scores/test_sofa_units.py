"""SOFA's two columns of creatinine and bilirubin: which one counts is a policy."""

from datetime import UTC, datetime

import pytest

from streams.clinical.scores.organ import reading
from streams.clinical.scores.points import BILIRUBIN, CREATININE
from streams.clinical.scores.policy import SofaPolicy
from streams.vocabulary.concepts import concept
from streams.vocabulary.events import Measurement


NOON = datetime(2150, 3, 1, 12, tzinfo=UTC)
TABLES = {"creatinine": CREATININE, "bilirubin_total": BILIRUBIN}


def points(name, value, unit="umol/L", units="as_sent", comparator=None):
    """The least and the most points of a result as it was sent."""
    fact = Measurement(
        event_id="e",
        happened_at=NOON,
        known_at=NOON,
        concept=name,
        value=concept(name).in_canonical_unit(value, unit),
        comparator=comparator,
        sent_unit=unit,
    )
    found = reading(TABLES[name], fact, SofaPolicy(units=units))
    return found.points, found.upper


@pytest.mark.parametrize(("units", "told"), [("conventional", 1), ("si", 0)])
def test_108_micromoles_of_creatinine_by_each_column(units, told):
    assert points("creatinine", 108, units=units) == (told, told)


def test_as_sent_follows_the_laboratory():
    assert points("creatinine", 108) == (0, 0)
    assert points("creatinine", 1.22, "mg/dL") == (1, 1)
    assert points("creatinine", 1.22, "mg/dL", "si") == (0, 0)


def test_mg_dl_is_the_default():
    assert SofaPolicy().units == "conventional"


@pytest.mark.parametrize(
    ("name", "edges"),
    [
        ("creatinine", [(110, 0, 1), (171, 1, 2), (300, 2, 3)]),
        ("bilirubin_total", [(20, 0, 1), (33, 1, 2), (102, 2, 3)]),
    ],
)
def test_a_band_in_umol_begins_with_its_printed_number(name, edges):
    for edge, below, at in edges:
        assert points(name, edge - 0.1) == (below, below)
        assert points(name, edge) == (at, at)


@pytest.mark.parametrize(
    ("name", "edge"), [("creatinine", 440), ("bilirubin_total", 204)]
)
def test_the_worst_band_in_umol_begins_above_its_number(name, edge):
    assert points(name, edge) == (3, 3)
    assert points(name, edge + 0.1) == (4, 4)


def test_a_censored_result_is_an_interval_in_either_column():
    assert points("creatinine", 300, comparator=">") == (3, 4)
    assert points("creatinine", 110, comparator="<") == (0, 0)
    assert points("creatinine", 1.2, "mg/dL", comparator="<") == (0, 0)
