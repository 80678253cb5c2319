"""SIRS and norepinephrine equivalents against what mimic-code's SQL said."""

import csv
import gzip
from collections import Counter
from datetime import UTC, datetime

import pytest

from streams.adapters.intake import IntakeReport
from streams.adapters.mimic_iv import charted, inputs, labs, whereabouts
from streams.adapters.mimic_iv.reading import Reading
from streams.clinical.definitions.policies import MIMIC
from streams.clinical.scores.chart import Chart
from streams.clinical.scores.equivalent_rows import equivalent_rows
from streams.clinical.scores.gases import arterial_gases
from streams.clinical.scores.inspired import InspiredPolicy
from streams.clinical.scores.oxygenation import OxygenationPolicy, pf_ratios
from streams.clinical.scores.sirs_first_day import first_day_sirs
from streams.clinical.timeline import Timeline


pytestmark = pytest.mark.shared

ALL_TIME = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2300, 1, 1, tzinfo=UTC))

READERS = (whereabouts.read_icustays, inputs.read, labs.read, charted.read)


@pytest.fixture(scope="module")
def expected(shared_data):
    def rows(name):
        path = shared_data / "mimic-iv-demo-expected" / f"{name}.csv.gz"
        with gzip.open(path, "rt", newline="") as file:
            return Counter(tuple(row) for row in list(csv.reader(file))[1:])

    return rows


@pytest.fixture(scope="module")
def timelines(mimic_demo, shared_data):
    folder = shared_data / "mimic-iv-demo-expected"
    subjects = set((folder / "subjects.txt").read_text().split())
    found = {subject: Timeline() for subject in sorted(subjects)}
    for read in READERS:
        reading = Reading(folder=mimic_demo, report=IntakeReport(), patients=subjects)
        for sourced in read(reading):
            found[sourced.patient].apply(sourced.event, sourced.source)
    return found


def test_sirs_of_the_first_day_is_equal_cell_for_cell(timelines, expected):
    ours = Counter(
        (
            patient,
            day.stay.encounter,
            day.stay.stay,
            str(day.score.total),
            *("" if p.points is None else str(p.points) for p in day.score.components),
        )
        for patient, timeline in timelines.items()
        for day in first_day_sirs(timeline)
    )
    theirs = expected("sirs")
    assert theirs.total() == 66
    assert theirs == ours


def test_norepinephrine_equivalents_are_equal_cell_for_cell(timelines, expected):
    ours = Counter(
        (
            row.stay,
            f"{row.start:%Y-%m-%d %H:%M:%S}",
            f"{row.end:%Y-%m-%d %H:%M:%S}",
            f"{row.dose:.4f}",
        )
        for timeline in timelines.values()
        for row in equivalent_rows(timeline)
    )
    theirs = expected("norepinephrine_equivalent_dose")
    assert theirs.total() == 1102
    assert theirs == ours


def test_a_gas_has_the_ratio_that_sofa_reads(timelines):
    """Two readers of one gas, where both take the oxygen from a number charted."""
    policy = OxygenationPolicy(
        arterial=frozenset({"ART."}), oxygen=InspiredPolicy(below_air="as_charted")
    )
    compared = 0
    for timeline in timelines.values():
        chart = Chart(timeline, MIMIC.sofa)
        theirs = {
            gas.evidence[0]: gas.ratio for gas in arterial_gases(chart, *ALL_TIME)
        }
        for ratio in pf_ratios(timeline, *ALL_TIME, policy=policy):
            if ratio.oxygen.told_from in {"specimen", "charted"}:
                assert theirs[ratio.evidence[0]] == pytest.approx(ratio.range.low)
                compared += 1
    assert compared == 251
