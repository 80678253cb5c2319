"""Whatever a table says, nothing is known before it happened and nobody sees a ruin."""

from __future__ import annotations

import csv
import tempfile
from datetime import datetime
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.adapters.intake import IntakeReport
from streams.adapters.mimic_iv.items import items
from streams.adapters.mimic_iv.source import TABLES, MimicIv
from streams.adapters.tabular.cells import YEARS
from streams.vocabulary.errors import ErrorCode, InputError


ADMISSION = {
    "subject_id": "1",
    "hadm_id": "1",
    "admittime": "2150-01-01 00:00:00",
    "dischtime": "2150-02-01 00:00:00",
}


def mostly(usual, *odd):
    """Odd cells seldom, or hardly a row would be whole."""
    return st.one_of(*[usual] * 15, st.sampled_from(["", *odd]))


moments = st.datetimes(min_value=datetime(2110, 1, 1), max_value=datetime(2110, 1, 9))  # noqa: DTZ001 - as the files write them
times = mostly(
    moments.map(lambda moment: f"{moment:%Y-%m-%d %H:%M:%S}"),
    "50:50.0",
    "1/3/2110 14:43",
    "9999-12-31 23:59:59",
    "0001-01-01",
    "then",
)
numbers = mostly(
    st.integers(0, 120).map(str), "-3", "0.4", "1e300", "nan", "inf", "___", ">5"
)
years = mostly(st.just("2110"), "-1", "99999")
texts = mostly(
    st.sampled_from(["ART.", "None", "mcg/kg/min", "mmHg", "ml", "°F", "mg/kg/min"]),
    "\x00",
    "parsecs",
)
ids = mostly(st.sampled_from(["1", "2"]), "x", "1.0")
UNITS = ("valueuom", "rateuom", "amountuom")


def cell(table, column):
    if column == "itemid" and table.code is not None:
        return st.sampled_from(sorted(items(table.name.rpartition("/")[2])))
    if column in UNITS:
        return st.one_of(st.just(""), texts)
    if column in ("dod", "chartdate", "storedate") or column.endswith("time"):
        return times
    if column.endswith(("_id", "id")):
        return ids
    if column == "anchor_year":
        return years
    if column.startswith(("value", "rate", "amount", "patientw", "seq", "anchor")):
        return numbers
    return texts


def one_table(table):
    row = st.fixed_dictionaries({c: cell(table, c) for c in table.columns})
    rows = st.lists(row, min_size=1, max_size=5)
    return rows.map(lambda some: {table.name: some})


copies = st.sampled_from(TABLES).flatmap(one_table)


def written(folder: Path, tables) -> MimicIv:
    for table in TABLES:
        path = folder / f"{table.name}.csv"
        path.parent.mkdir(exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, table.columns)
            writer.writeheader()
            if table.name == "hosp/admissions":
                writer.writerow(ADMISSION)
            writer.writerows(tables.get(table.name, []))
    return MimicIv(folder)


@given(copies)
@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=150)
def test_nothing_is_known_before_it_happened_and_no_stand_in_gets_out(tables):
    report, given_out = IntakeReport(), 0
    with tempfile.TemporaryDirectory() as folder:
        stream = written(Path(folder), tables).events(report)
        try:
            for sourced in stream:
                event, given_out = sourced.event, given_out + 1
                assert event.happened_at <= event.known_at
                assert event.happened_at.year in YEARS
                assert sourced.patient.isdigit()
        except InputError as error:
            assert error.code is ErrorCode.NEARLY_ALL_BAD  # noqa: PT017 - an outcome
    assert given_out == sum(counts.events for counts in report.tables.values())
    for counts in report.tables.values():
        ends = counts.mapped + counts.bad + counts.filed_unread
        assert counts.read == ends + counts.unmapped.total()
