"""Every cut-off of SOFA on both its sides, and the zero; cases in `thresholds.csv`."""

import csv
from pathlib import Path

import pytest

from streams.clinical.definitions.policies import EMBER
from streams.clinical.scores.hours import hour_of
from streams.clinical.scores.organ import ORGANS
from streams.clinical.scores.points import URINE, points_of
from streams.clinical.scores.sheet import Sheet


with (Path(__file__).parent / "thresholds.csv").open(encoding="utf-8") as file:
    CASES = list(csv.DictReader(file))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_a_threshold_scores_as_the_table_of_1996_says(case, timeline_of, at):
    facts = [fact.split("=") for fact in case["facts"].split(";") if fact]
    rows = [
        f"1 10:{i + 1:02} | {what} | {value}" for i, (what, value) in enumerate(facts)
    ]
    sheet = Sheet(timeline_of("\n".join(["at|what|value", *rows])), EMBER.sofa)

    hour = sheet.row(ORGANS.index(case["organ"]), hour_of(at("1 10:30")))

    assert hour.points == (int(case["points"]) if case["points"] else None)


@pytest.mark.parametrize(
    ("volume", "points"),
    [(0, 4), (199.9, 4), (200, 3), (499.9, 3), (500, 0), (3000, 0)],
)
def test_a_days_urine_scores_as_the_table_of_1996_says(volume, points):
    assert points == points_of(URINE, volume)
