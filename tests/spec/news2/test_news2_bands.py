"""Every band of NEWS2 on both its sides, on both scales; cases in `bands.csv`."""

import csv
from pathlib import Path

import pytest

from streams.clinical.scores.news2 import news2


with (Path(__file__).parent / "bands.csv").open(encoding="utf-8") as file:
    CASES = list(csv.DictReader(file))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_a_band_scores_as_the_chart_says(case, observations, at):
    facts = [fact.split("=") for fact in case["facts"].split(";")]
    rows = [f"1 10:00 | {what} | {value}" for what, value in facts]
    score = news2(observations("\n".join(["at|what|value", *rows])), at("1 10:00"))

    (part,) = [c for c in score.components if c.name == case["observation"]]

    points = int(case["points"])
    assert (points, points, points) == (part.points, part.lower, part.upper)
