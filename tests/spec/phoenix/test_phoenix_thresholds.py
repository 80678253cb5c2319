"""Every cut-off of Phoenix-8 as charted; cases in `thresholds.csv`, age in months."""

import csv
from pathlib import Path

import pytest

from streams.clinical.scores.phoenix.score import phoenix8


with (Path(__file__).parent / "thresholds.csv").open(encoding="utf-8") as file:
    CASES = list(csv.DictReader(file))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_a_threshold_scores_as_the_rubric_says(case, timeline_of, at):
    rows = [f"1 10:00 | age | {case['age']} |"]
    for fact in case["facts"].split(";"):
        what, value = fact.split("=")
        value, _, specimen = value.partition("/")
        rows.append(f"1 10:00 | {what} | {value} | {specimen}")
    timeline = timeline_of("\n".join(["at|what|value|specimen", *rows]))

    score = phoenix8(timeline, at("1 10:30"))

    told = {component.name: component for component in score.components}
    expected = int(case["points"]) if case["points"] else None
    assert told[case["organ"]].points == expected
