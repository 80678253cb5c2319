"""Every cut-off of SOFA-2 on both its sides; cases in `thresholds.csv`."""

import csv
from pathlib import Path

import pytest


with (Path(__file__).parent / "thresholds.csv").open(encoding="utf-8") as file:
    CASES = list(csv.DictReader(file))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_a_threshold_scores_as_the_table_of_2025_says(case, organ):
    points = organ(case["organ"], case["facts"]).points
    assert points == (int(case["points"]) if case["points"] else None)


def test_creatinine_of_108_umol_is_0_in_one_column_and_1_in_the_other(organ):
    sent = "creatinine=108 umol/L"
    assert organ("kidney", sent).points == 0
    assert organ("kidney", sent, units="si").points == 0
    assert organ("kidney", sent, units="conventional").points == 1


def test_creatinine_of_1_22_mg_is_1_however_near_108_umol_it_is(organ):
    sent = "creatinine=1.22 mg/dL"
    assert organ("kidney", sent).points == 1
    assert organ("kidney", sent, units="conventional").points == 1
    assert organ("kidney", sent, units="si").points == 0


def test_a_value_whose_unit_is_not_told_is_read_in_the_first_column(organ):
    assert organ("kidney", "creatinine=1.22").points == 1
    assert organ("liver", "bilirubin_total=1.205").points == 1
    assert organ("liver", "bilirubin_total=1.204", units="si").points == 0


def test_the_criteria_for_replacement_follow_the_column_too(organ):
    facts = "creatinine=108 umol/L; potassium=6.5"
    assert organ("kidney", facts).points == 0
    assert organ("kidney", facts, units="conventional").points == 4


@pytest.mark.parametrize(
    ("pressure", "points"),
    [(70, 0), (69.9, 1), (60, 1), (59.9, 2), (50, 2), (49.9, 3), (40, 3), (39.9, 4)],
)
def test_without_drugs_to_give_the_pressure_alone_is_scored(organ, pressure, points):
    facts = f"map={pressure}"
    told = organ("cardiovascular", facts, vasoactives="unavailable")
    assert told.points == points
    by_ceiling = organ("cardiovascular", f"{facts}; code_status=comfort_only")
    assert by_ceiling.points == points
    assert organ("cardiovascular", facts).points == min(points, 1)


@pytest.mark.parametrize(
    ("salt", "rate", "points"),
    [
        ("base", 0.21, 3),
        ("bitartrate_monohydrate", 0.4, 2),
        ("bitartrate_monohydrate", 0.41, 3),
        ("bitartrate_anhydrous", 0.378, 2),
        ("bitartrate_anhydrous", 0.379, 3),
        ("hydrochloride", 0.244, 2),
        ("hydrochloride", 0.245, 3),
    ],
)
def test_a_salt_of_norepinephrine_is_counted_as_its_base(organ, salt, rate, points):
    facts = f"norepinephrine={rate}"
    assert organ("cardiovascular", facts, norepinephrine=salt).points == points


def test_the_salt_of_norepinephrine_says_nothing_of_epinephrine(organ):
    told = organ(
        "cardiovascular", "epinephrine=0.4", norepinephrine="bitartrate_monohydrate"
    )
    assert told.points == 3


@pytest.mark.parametrize(
    ("facts", "by_reading"),
    [
        ("dopamine=50", (4, 4, 4)),
        ("dopamine=50; dobutamine=5", (2, 4, 4)),
        ("dopamine=50; vasopressin=0.03", (2, 2, 4)),
        ("dopamine=50; norepinephrine=0.1", (3, 3, 4)),
    ],
)
def test_what_else_runs_beside_dopamine_is_a_policy(organ, facts, by_reading):
    readings = ("sole_drug", "sole_vasopressor", "always")
    told = [organ("cardiovascular", facts, dopamine=r).points for r in readings]
    assert tuple(told) == by_reading
