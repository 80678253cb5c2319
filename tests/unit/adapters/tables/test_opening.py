"""Files of every form hold the same table."""

import gzip
import sys

import polars as pl
import pytest
from unit.adapters.tables.tiny import TinyTables

from streams.adapters import tabular
from streams.adapters.tabular.opening import found_files, opened_table, stem
from streams.vocabulary.errors import InputError


MAPPING = """
tables:
  - table: vitals
    patient: id
    at: time
    columns: {hr: {concept: heart_rate, unit: /min}}
"""
CSV = (
    "id,time,hr\n7,2150-03-01T08:00:00+00:00,81.5\n8,2150-03-01T09:30:00+00:00,\n"
    "8,2150-03-01T09:45:00+00:00,0.1\n"
)


def values(events):
    return [(event.happened_at, event.value) for event in events]


@pytest.fixture
def expected(tmp_path):
    return values(TinyTables(tmp_path, MAPPING).write("vitals.csv", CSV).events())


@pytest.mark.parametrize(
    ("name", "sign"),
    [
        ("vitals.psv", "|"),
        ("vitals.tsv", "\t"),
        ("vitals.csv", ";"),  # as spreadsheets write it where a comma is decimal
        ("vitals.csv", "\t"),  # as OHDSI writes its vocabulary
    ],
)
def test_the_columns_are_apart_by_the_ending_s_sign_or_the_header_s(
    tmp_path, expected, name, sign
):
    tables = TinyTables(tmp_path / "other", MAPPING)
    tables.write(name, CSV.replace(",", sign))
    assert values(tables.events()) == expected


def test_a_file_may_be_packed(tmp_path, expected):
    tables = TinyTables(tmp_path / "other", MAPPING)
    (tmp_path / "other").mkdir()
    packed = tmp_path / "other/vitals.csv.gz"
    packed.write_bytes(gzip.compress(CSV.encode("utf-8-sig")))
    assert values(tables.events()) == expected
    packed.write_bytes(packed.read_bytes()[:-9])
    with pytest.raises(InputError) as raised:
        tables.events()
    assert raised.value.code == "EMB-113"


@pytest.mark.parametrize("kind", [pl.Float64, pl.Float32])
def test_parquet_is_read_as_the_same_text(tmp_path, expected, kind):
    tables = TinyTables(tmp_path / "other", MAPPING)
    (tmp_path / "other").mkdir()
    frame = pl.read_csv(CSV.encode(), try_parse_dates=True)
    frame = frame.with_columns(
        pl.col("hr").cast(kind), pl.col("time").dt.convert_time_zone("America/Chicago")
    )
    frame.with_columns(extra=pl.lit([1, 2])).write_parquet(
        tmp_path / "other/vitals.parquet"
    )
    assert values(tables.events()) == expected


def test_what_is_not_parquet_is_told(tmp_path):
    tables = TinyTables(tmp_path, MAPPING).write("vitals.parquet", "id,time,hr\n")
    with pytest.raises(InputError) as raised:
        tables.events()
    assert raised.value.code == "EMB-113"


def test_parquet_without_its_reader_is_a_fault_of_the_installation(
    tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "streams.adapters.tabular.parquet", None)
    monkeypatch.delattr(tabular, "parquet", raising=False)
    tables = TinyTables(tmp_path, MAPPING).write("vitals.parquet", "")
    with pytest.raises(InputError, match="polars is not installed") as raised:
        tables.events()
    assert raised.value.code == "EMB-142"


def test_of_names_the_first_that_is_there_and_of_a_pattern_all(tmp_path):
    for name in ("b.csv", "sub/a.psv", "sub/c.psv.gz", "sub/readme.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [p.name for p in found_files(tmp_path, ("a", "b"))] == ["b.csv"]
    found = found_files(tmp_path, ("**/*.psv*", "b"))
    assert [stem(path) for path in found] == ["a", "c"]
    assert not found_files(tmp_path, ("absent", "*.parquet"))


def test_an_empty_file_has_no_header(tmp_path):
    (tmp_path / "vitals.csv").touch()
    with opened_table(tmp_path / "vitals.csv") as (header, rows):
        assert (header, list(rows)) == ([], [])


def test_broken_rows_are_rejected_with_their_line(tmp_path):
    tables = TinyTables(tmp_path, MAPPING)
    good = "7,2150-03-01 08:00,80\n"
    (tmp_path / "vitals.csv").write_bytes(
        f"id,time,hr\n{good}7,2150\n{good}".encode()
        + b"7,2150-03-01 08:00,\xff\n7,2150-03-01 08:00,\x00\n\n"
        + good.encode() * 10
    )
    assert len(tables.events()) == 12
    assert tables.faults() == [(n, None, "EMB-103") for n in (3, 5, 6)]


def test_columns_may_be_in_capitals_and_a_missing_one_is_told(tmp_path):
    tables = TinyTables(tmp_path, MAPPING)
    tables.write("vitals.csv", CSV.replace("id,time,hr", "ID,TIME,HR"))
    assert len(tables.events()) == 2
    tables.write("vitals.csv", CSV.replace("hr", "pulse"))
    with pytest.raises(InputError, match="no column hr") as raised:
        tables.events()
    assert raised.value.code == "EMB-102"


def test_a_table_that_is_not_there_is_told_unless_it_may_be_absent(tmp_path):
    tables = TinyTables(tmp_path, MAPPING)
    with pytest.raises(InputError, match="no table vitals") as raised:
        tables.events()
    assert raised.value.code == "EMB-101"
    absent = MAPPING.replace("table: vitals", "table: vitals\n    optional: true")
    with pytest.raises(InputError, match="None of the mapping's tables"):
        TinyTables(tmp_path, absent).events()


def test_a_column_of_a_wide_table_that_nobody_named_is_told(tmp_path):
    tables = TinyTables(tmp_path, MAPPING)
    tables.write("vitals.csv", "id,time,hr,spo2\n7,2150-03-01 08:00,80,97\n")
    tables.events()
    assert tables.report.table("vitals").unmapped == {
        "column spo2, not in the mapping": 1
    }
