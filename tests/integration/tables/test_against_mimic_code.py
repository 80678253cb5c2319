"""Each table of `ember table` against what mimic-code's SQL said of the same patients.

Whole rows are compared as multisets; the differences that stand, if any, are named
here and explained in `deploy/docs/tables.md`.
"""

import csv
import gzip
from collections import Counter
from hashlib import sha256
from io import StringIO
from random import Random

import pytest

from streams.adapters.intake import IntakeReport
from streams.adapters.mimic_iv.source import MimicIv
from streams.app.history.tables.all import TABLES
from streams.app.history.tables.table import write_table
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

ALL_100 = {
    "suspicion_of_infection": (903, "feee156264e4a74e"),
    "sofa": (12209, "370d670610773d97"),
    "first_day_sofa": (140, "84964d81d481cf91"),
    "sirs": (140, "895689eeabc88de5"),
    "kdigo_stages": (8554, "e59d49070ec6b5f1"),
    "charlson": (275, "a088ad193f5e7c8a"),
    "ventilation": (209, "ebb93bf5f0732864"),
    "norepinephrine_equivalent_dose": (1748, "f7603fd32a1eaa82"),
    "sepsis3": (62, "b87f256eefa13399"),
}
"""Of what the same SQL said of all 100 patients: how many rows, and their digest.

The SQL was run on DuckDB, gave the expected tables to the last cell for the patients
listed there, and then these rows for all; the rows themselves are not ours to keep.
"""


@pytest.fixture(scope="module")
def expected(shared_data):
    return shared_data / "mimic-iv-demo-expected"


@pytest.fixture(scope="module")
def subjects(expected):
    """The patients the expected tables are about."""
    return set((expected / "subjects.txt").read_text().split())


@pytest.fixture(scope="module")
def everybody(mimic_demo):
    """The timelines of all patients of the demo."""
    timelines = {}
    for sourced in MimicIv(mimic_demo).events(IntakeReport()):
        timeline = timelines.setdefault(sourced.patient, Timeline())
        timeline.apply(sourced.event, sourced.source)
    return dict(sorted(timelines.items()))


@pytest.fixture(scope="module")
def tables(everybody):
    """Each table, written once: the lines of each patient."""
    made = {}

    def table(name):
        if name not in made:
            made[name] = {
                patient: written(name, {patient: timeline})
                for patient, timeline in everybody.items()
            }
        return made[name]

    return table


def test_every_table_is_compared():
    assert set(TABLES) == set(ROWS)


@pytest.mark.parametrize("name", ROWS)
def test_whole_rows_equal_as_multisets(expected, subjects, tables, name):
    with gzip.open(expected / f"{name}.csv.gz", "rt", newline="") as file:
        theirs = comparable(file)
    ours = sum((comparable(tables(name)[one]) for one in subjects), Counter())
    assert theirs.total() == ROWS[name]
    assert not theirs - ours
    assert not ours - theirs


@pytest.mark.parametrize("name", ROWS)
def test_the_rows_of_all_patients_are_those_of_mimic_code(tables, name):
    rows = sum((comparable(lines) for lines in tables(name).values()), Counter())
    assert (rows.total(), digest(rows)) == ALL_100[name]


@pytest.fixture(scope="module")
def shuffled(everybody):
    """Three patients once more, every fact twice and in no order."""
    chance = Random(3)
    short = sorted(everybody, key=lambda one: len(everybody[one]))
    found = {}
    for patient in short[40:43]:
        events = [*everybody[patient].facts()] * 2
        chance.shuffle(events)
        found[patient] = Timeline()
        for event in events:
            found[patient].apply(event, "again")
    return found


@pytest.mark.parametrize("name", ROWS)
def test_no_table_depends_on_the_order_of_arrival(tables, shuffled, name):
    for patient, timeline in shuffled.items():
        again = written(name, {patient: timeline})
        assert comparable(again) == comparable(tables(name)[patient])


@pytest.mark.parametrize("name", ROWS)
def test_the_columns_are_mimic_codes_in_their_order(expected, name):
    with gzip.open(expected / f"{name}.csv.gz", "rt", newline="") as file:
        assert file.readline().strip() == ",".join(TABLES[name].columns)


def written(name, patients):
    out = StringIO()
    write_table(patients.items(), table=TABLES[name], policy="mimic", out=out)
    return out.getvalue().splitlines()


def digest(rows):
    """The same for the same rows in any order."""
    told = sorted(repr(row) for row in rows.elements())
    return sha256("\n".join(told).encode()).hexdigest()[:16]


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
