"""Each table of `ember table` against what mimic-code's SQL said of the same patients.

Whole rows are compared as multisets; the differences that stand, if any, are named
here and explained in `deploy/docs/tables.md`.
"""

import csv
import gzip
from collections import Counter
from io import StringIO

import pytest

from streams.adapters.intake import IntakeReport
from streams.adapters.mimic_iv.source import MimicIv
from streams.app.tables.all import TABLES
from streams.app.tables.table import write_table
from streams.clinical.timeline import Timeline


pytestmark = pytest.mark.shared

ROWS = {
    "suspicion_of_infection": 412,
    "sofa": 5715,
    "first_day_sofa": 66,
    "sirs": 66,
    "kdigo_stages": 4057,
    "charlson": 126,
    "ventilation": 97,
    "norepinephrine_equivalent_dose": 1102,
    "sepsis3": 33,
}
"""How many rows each expected table has."""


@pytest.fixture(scope="module")
def expected(shared_data):
    return shared_data / "mimic-iv-demo-expected"


@pytest.fixture(scope="module")
def patients(mimic_demo, expected):
    """The timelines of the patients the expected tables are about."""
    subjects = set((expected / "subjects.txt").read_text().split())
    timelines = {subject: Timeline() for subject in sorted(subjects)}
    for sourced in MimicIv(mimic_demo).events(IntakeReport(), subjects):
        timelines[sourced.patient].apply(sourced.event, sourced.source)
    return timelines


def test_every_table_is_compared():
    assert set(TABLES) == set(ROWS)


@pytest.mark.parametrize("name", ROWS)
def test_whole_rows_equal_as_multisets(expected, patients, name):
    with gzip.open(expected / f"{name}.csv.gz", "rt", newline="") as file:
        theirs = comparable(file)
    ours = comparable(written(name, patients))
    assert theirs.total() == ROWS[name]
    assert not theirs - ours
    assert not ours - theirs


@pytest.mark.parametrize("name", ROWS)
def test_the_columns_are_mimic_codes_in_their_order(expected, name):
    with gzip.open(expected / f"{name}.csv.gz", "rt", newline="") as file:
        assert file.readline().strip() == ",".join(TABLES[name].columns)


def written(name, patients):
    out = StringIO()
    write_table(patients.items(), table=TABLES[name], policy="mimic", out=out)
    return out.getvalue().splitlines()


def comparable(lines):
    """Rows as sorted pairs of column and value; a number is what it is worth."""
    rows = csv.DictReader(lines)
    return Counter(
        tuple(sorted((name, worth(cell)) for name, cell in row.items())) for row in rows
    )


def worth(cell):
    """Ten digits tell two doubles apart that differ in more than their last place."""
    try:
        return f"{float(cell):.10g}"
    except ValueError:
        return cell.lower()
