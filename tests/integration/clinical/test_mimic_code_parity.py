"""The policy `mimic` against what mimic-code's SQL said of the same patients."""

import csv
import gzip
from collections import Counter
from io import StringIO

import pytest

from streams.adapters.intake import IntakeReport
from streams.adapters.mimic_iv.source import MimicIv
from streams.app.history.detect import write_detect_csv
from streams.clinical.definitions.policies import MIMIC
from streams.clinical.timeline import Timeline


pytestmark = [pytest.mark.shared, pytest.mark.unmeasured]


@pytest.fixture(scope="module")
def expected(shared_data):
    return shared_data / "mimic-iv-demo-expected"


@pytest.fixture(scope="module")
def detected(mimic_demo, expected):
    """The two tables of `ember detect`, of the patients the expected ones are about."""
    subjects = set((expected / "subjects.txt").read_text().split())
    timelines = {subject: Timeline() for subject in sorted(subjects)}
    for sourced in MimicIv(mimic_demo).events(IntakeReport(), subjects):
        timelines[sourced.patient].apply(sourced.event, sourced.source)
    tables = {"sepsis3": StringIO(), "sofa": StringIO()}
    write_detect_csv(
        timelines.items(), policy=MIMIC, out=tables["sepsis3"], hourly=tables["sofa"]
    )
    return {name: table.getvalue().splitlines() for name, table in tables.items()}


@pytest.mark.parametrize(("table", "rows"), [("sepsis3", 33), ("sofa", 5715)])
def test_whole_rows_equal_as_multisets(expected, detected, table, rows):
    with gzip.open(expected / f"{table}.csv.gz", "rt", newline="") as file:
        theirs = comparable(file)
    ours = comparable(detected[table])
    assert (rows, rows) == (theirs.total(), ours.total())
    assert not theirs - ours
    assert not ours - theirs


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
