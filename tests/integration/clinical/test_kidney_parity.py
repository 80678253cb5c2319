"""Kidney and comorbidity under `mimic` against what mimic-code's SQL said."""

import csv
import gzip
from collections import Counter

import pytest

from streams.adapters.intake import IntakeReport
from streams.adapters.mimic_iv.source import MimicIv
from streams.app.history.tables.charlson import CHARLSON
from streams.app.history.tables.kdigo_stages import KDIGO_STAGES
from streams.clinical.scores.kdigo_policy import URINE_OUTPUT_RATE
from streams.clinical.scores.kdigo_rows import stay_urine_rates
from streams.clinical.scores.rounding import round_half_up
from streams.clinical.timeline import Timeline, lane_name


pytestmark = pytest.mark.shared

LANES = {
    *("measurement:creatinine", "measurement:weight", "measurement:heart_rate"),
    *("fluid:urine", "fluid:gu_irrigant", "assessment:crrt_mode"),
    *("location", "encounter", "condition", "demographics", "procedure"),
}

RATES = (
    *("stay_id", "charttime", "weight", "uo"),
    *("urineoutput_6hr", "urineoutput_12hr", "urineoutput_24hr"),
    *("uo_mlkghr_6hr", "uo_mlkghr_12hr", "uo_mlkghr_24hr"),
    *("uo_tm_6hr", "uo_tm_12hr", "uo_tm_24hr"),
)


@pytest.fixture(scope="module")
def expected(shared_data):
    return shared_data / "mimic-iv-demo-expected"


@pytest.fixture(scope="module")
def timelines(mimic_demo, expected):
    subjects = set((expected / "subjects.txt").read_text().split())
    found = {subject: Timeline() for subject in sorted(subjects)}
    for sourced in MimicIv(mimic_demo).events(IntakeReport(), subjects):
        if lane_name(sourced.event) in LANES:
            found[sourced.patient].apply(sourced.event, sourced.source)
    return found


def urine_output_rate(_, timeline):
    for stay, rates in stay_urine_rates(timeline, policy=URINE_OUTPUT_RATE):
        yield (
            *(stay.stay, rates.at, rates.kg, rates.volume),
            *(*rates.volumes, *rates.rates),
            *(round_half_up(hours, 2) for hours in rates.hours),
        )


TABLES = {
    "kdigo_stages": (KDIGO_STAGES.columns, KDIGO_STAGES.readings["mimic"], 4057),
    "charlson": (CHARLSON.columns, CHARLSON.readings["mimic"], 126),
    "urine_output_rate": (RATES, urine_output_rate, 3473),
}


@pytest.mark.parametrize("name", TABLES)
def test_whole_rows_equal_as_multisets(expected, timelines, name):
    columns, read, rows = TABLES[name]
    with gzip.open(expected / f"{name}.csv.gz", "rt", newline="") as file:
        head, *theirs = csv.reader(file)
    ours = [
        row
        for patient, timeline in timelines.items()
        for row in read(patient, timeline)
    ]
    assert tuple(head) == columns
    assert len(ours) == len(theirs) == rows
    wanted = Counter(tuple(map(worth, row)) for row in theirs)
    found = Counter(tuple(map(worth, row)) for row in ours)
    assert not wanted - found
    assert not found - wanted


def worth(cell):
    """A number is what it is worth to ten digits; nothing is nothing."""
    if cell is None:
        return ""
    try:
        return f"{float(cell):.10g}"
    except (TypeError, ValueError):
        text = cell if isinstance(cell, str) else cell.strftime("%Y-%m-%d %H:%M:%S")
        return text.lower()
