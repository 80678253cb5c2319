"""Mapped tables: order and duplicates do not matter, garbage neither raises nor leaks."""

import tempfile
from pathlib import Path

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.adapters.identity.pseudonyms import Pseudonyms
from streams.adapters.intake import IntakeReport
from streams.adapters.tabular.mapping.document import MappingDocument
from streams.adapters.tabular.mapping.source import MappedTables
from streams.vocabulary.errors import ErrorCode, InputError


MAPPING = MappingDocument.model_validate(
    yaml.safe_load("""
mapping: 1
source: drawn
site: {site: drawn, zone: America/New_York}
codes: [{code: LAC, concept: lactate, unit: mmol/L}]
tables:
  - table: rows
    patient: id
    encounter: case
    at: time
    known: {at: filed, lag_hours: 1}
    columns:
      hr: {concept: heart_rate, unit: /min}
      co2: {unit: "mm[Hg]"}
    facts:
      - {fact: measurement, code: {code: test}, value: result, unit: unit}
      - {fact: infusion, drug: drug, infusion: [id, drug], rate: rate, unit: unit}
      - {fact: medication, drug: drug, stage: {constant: given}, dose: rate}
      - fact: respiratory_support
        category: {column: test, words: {ETT: invasive}, otherwise: ""}
""")
)
COLUMNS = (
    *("id", "case", "time", "filed", "hr", "co2", "test", "result", "unit", "drug"),
    "rate",
)
NAMES = Pseudonyms("drawn", {1: bytes(range(32))})


def read(rows):
    with tempfile.TemporaryDirectory() as folder:
        lines = "\n".join(("|".join(COLUMNS), *("|".join(row) for row in rows)))
        (Path(folder) / "rows.psv").write_text(lines, "utf-8", newline="")
        report = IntakeReport()
        tables = MappedTables(
            folder=Path(folder), mapping=MAPPING, site=MAPPING.site, identities=NAMES
        )
        return list(tables.events(report)), report


sensible = st.tuples(
    st.sampled_from("12"),
    st.sampled_from(["", "A"]),
    st.sampled_from(["2026-03-08 01:30", "2026-03-08 03:30", "2026-11-01"]),
    st.sampled_from(["", "2026-03-08 04:00"]),
    st.sampled_from(["", "80", "81"]),
    st.sampled_from(["", "34"]),
    st.sampled_from(["", "LAC", "X", "ETT"]),
    st.sampled_from(["", "1.5", "<2", "negative"]),
    st.sampled_from(["", "mmol/L", "mcg/kg/min"]),
    st.sampled_from(["norepinephrine", "Vancomycin"]),
    st.sampled_from(["", "0.1"]),
)


def as_set(sourced):
    return {(one.patient, one.source, repr(one.event)) for one in sourced}


def readable(rows):
    try:
        return read(rows)
    except InputError as fault:
        if fault.code is not ErrorCode.NEARLY_ALL_BAD:
            raise
        return None


@settings(max_examples=60, deadline=None)
@given(st.lists(sensible, min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_order_and_duplicates_of_rows_do_not_matter(rows, luck):
    once = readable(rows)
    again = rows * 2
    luck.shuffle(again)
    twice = readable(again)
    if once is not None and twice is not None:
        assert as_set(once[0]) == as_set(twice[0])


@settings(max_examples=60, deadline=None)
@given(st.lists(sensible, min_size=1, max_size=12))
def test_nothing_is_known_before_it_happened(rows):
    found = readable(rows)
    events = found[0] if found else []
    assert all(one.event.known_at >= one.event.happened_at for one in events)


cell = st.text(
    st.characters(exclude_characters='|\n\r"', exclude_categories=["Cs"]), max_size=12
)
PLANTED = "Zebulon"
planted = st.one_of(cell, cell.map(lambda text: PLANTED + text))
garbage = st.tuples(
    *(cell if column in ("test", "unit", "drug") else planted for column in COLUMNS)
)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.one_of(garbage, sensible), min_size=1, max_size=8))
def test_garbage_neither_raises_nor_comes_out(rows):
    try:
        sourced, report = read(rows)
    except InputError as fault:
        if fault.code is not ErrorCode.NEARLY_ALL_BAD or PLANTED in str(fault):
            raise
        return
    told = repr(sourced) + "".join(map(str, report.rejections)) + repr(report.tables)
    assert PLANTED not in told
    assert report.table("rows").read == len(rows)
