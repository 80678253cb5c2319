"""What cannot be read is told with its place; the rest goes on; a ruin stops the run."""

from __future__ import annotations

import pytest

from streams.adapters.intake import IntakeReport
from streams.adapters.mimic_iv.source import MimicIv
from streams.vocabulary.errors import ErrorCode, InputError


PULSE = {
    "stay_id": 3,
    "charttime": "2150-01-01 08:00:00",
    "storetime": "2150-01-01 08:05:00",
    "itemid": 220045,
    "value": "88",
    "valuenum": "88",
    "valueuom": "bpm",
}


def pulse(mimic, **cells):
    return mimic.add("icu/chartevents", **PULSE | cells)


def reading_of(mimic):
    """The events' ids and the one rejection there must be."""
    ids = set(mimic.events())
    (rejection,) = mimic.report.rejections
    return ids, rejection


def refused(copy):
    with pytest.raises(InputError) as raised:
        list(copy.events(IntakeReport()))
    return raised.value


def test_a_missing_table_is_named(mimic):
    copy = mimic.write()
    mimic.path("icu/icustays").unlink()
    error = refused(copy)
    assert error.code is ErrorCode.MISSING_TABLE
    assert "icu/icustays" in str(error)


def test_a_missing_folder_is_named(tmp_path):
    error = refused(MimicIv(tmp_path / "nowhere"))
    assert error.code is ErrorCode.PATH_NOT_FOUND
    assert "nowhere" in str(error)


def test_a_missing_column_is_named_with_its_table(mimic):
    mimic.columns["hosp/labevents"].remove("storetime")
    error = refused(mimic.write())
    assert error.code is ErrorCode.MISSING_COLUMN
    assert "hosp/labevents" in str(error)
    assert "storetime" in str(error)


def test_an_empty_file_lacks_its_columns(mimic):
    copy = mimic.write()
    mimic.path("hosp/patients").write_text("")
    assert refused(copy).code is ErrorCode.MISSING_COLUMN


def test_the_header_is_checked_before_anything_is_handed_on(mimic):
    pulse(mimic)
    copy = mimic.write()
    mimic.path("icu/procedureevents").unlink()
    with pytest.raises(InputError):
        next(copy.events(IntakeReport()))


def test_a_ragged_row_is_rejected_with_its_line_and_the_rest_goes_on(mimic):
    pulse(mimic)
    pulse(mimic, charttime="2150-01-01 09:00:00")
    copy = mimic.write()
    lines = mimic.path("icu/chartevents").read_text().splitlines()
    lines.insert(2, "1,2,3")
    mimic.path("icu/chartevents").write_text("\n".join(lines) + "\n")
    report = IntakeReport()
    assert len(list(copy.events(report))) == 2
    (rejection,) = report.rejections
    assert (rejection.file, rejection.line) == ("icu/chartevents", 3)
    assert rejection.code is ErrorCode.MALFORMED_ROW


def test_a_row_that_spans_lines_is_known_by_its_first(mimic):
    pulse(mimic, value="a\nb", valuenum="x")
    pulse(mimic)
    _, rejection = reading_of(mimic)
    assert rejection.line == 2
    pulse(mimic, charttime="noon")
    mimic.sourced()
    assert mimic.report.rejections[1].line == 5


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("charttime", "noon", ErrorCode.MALFORMED_TIME),
        ("charttime", "", ErrorCode.MISSING_VALUE),
        ("valuenum", "eighty", ErrorCode.MALFORMED_NUMBER),
        ("valuenum", "nan", ErrorCode.MALFORMED_NUMBER),
        ("valuenum", "-4", ErrorCode.IMPOSSIBLE_VALUE),
        ("valuenum", "900", ErrorCode.IMPOSSIBLE_VALUE),
        ("valueuom", "furlongs", ErrorCode.UNKNOWN_UNIT),
        ("valueuom", "mmHg", ErrorCode.UNKNOWN_UNIT),
        ("stay_id", "3.0", ErrorCode.MALFORMED_NUMBER),
        ("subject_id", "", ErrorCode.MISSING_VALUE),
    ],
)
def test_a_bad_cell_rejects_its_row_with_file_line_column_and_code(
    mimic, column, cell, code
):
    pulse(mimic)
    pulse(mimic, **{"charttime": "2150-01-01 09:00:00"} | {column: cell})
    ids, rejection = reading_of(mimic)
    assert len(ids) == 1
    assert (rejection.file, rejection.line) == ("icu/chartevents", 3)
    assert (rejection.column, rejection.code) == (column, code)
    assert str(rejection).startswith(
        f"{code}: icu/chartevents, line 3, column {column}"
    )


@pytest.mark.parametrize(
    ("table", "cells", "column"),
    [
        ("icu/inputevents", {"itemid": 221906, "rate": -1}, "rate"),
        ("icu/inputevents", {"itemid": 225158, "amount": -5}, "amount"),
        ("icu/outputevents", {"itemid": 226559, "value": -5}, "value"),
    ],
)
def test_a_negative_rate_or_volume_is_impossible(mimic, table, cells, column):
    moment = "2150-01-01 08:00:00"
    times = {"starttime": moment, "endtime": moment, "charttime": moment}
    mimic.add(table, **times | cells)
    mimic.add(table, **times | cells | {column: 5, "rateuom": "mcg/kg/min"})
    ids, rejection = reading_of(mimic)
    assert ids
    assert (rejection.column, rejection.code) == (column, ErrorCode.IMPOSSIBLE_VALUE)


def test_a_rate_in_an_unknown_unit_is_rejected(mimic):
    row = {
        "itemid": 221906,
        "starttime": "2150-01-01 08:00:00",
        "storetime": "2150-01-01 08:00:00",
        "rate": 0.1,
    }
    mimic.add("icu/inputevents", **row, rateuom="mcg/kg/min")
    mimic.add("icu/inputevents", **row, rateuom="drops")
    _, rejection = reading_of(mimic)
    assert (rejection.column, rejection.code) == ("rateuom", ErrorCode.UNKNOWN_UNIT)


def test_a_diagnosis_of_an_unknown_stay_is_rejected(mimic):
    mimic.add(
        "hosp/admissions",
        hadm_id=2,
        admittime="2150-01-01 07:00:00",
        dischtime="2150-01-02 07:00:00",
    )
    for hadm in (2, 3):
        mimic.add(
            "hosp/diagnoses_icd",
            hadm_id=hadm,
            seq_num=1,
            icd_code="0389",
            icd_version=9,
        )
    _, rejection = reading_of(mimic)
    assert (rejection.column, rejection.code) == (
        "hadm_id",
        ErrorCode.UNKNOWN_REFERENCE,
    )


def test_a_row_with_bytes_that_are_not_utf8_is_rejected(mimic):
    pulse(mimic)
    pulse(mimic, charttime="2150-01-01 09:00:00", value="8?8")
    copy = mimic.write()
    path = mimic.path("icu/chartevents")
    path.write_bytes(path.read_bytes().replace(b"8?8", b"8\xff8"))
    report = IntakeReport()
    assert len(list(copy.events(report))) == 1
    assert report.rejections[0].code is ErrorCode.MALFORMED_ROW


def test_an_unclosed_quote_costs_what_it_swallows_and_no_more(mimic):
    long = "x" * 140_000
    for hour in range(10):
        pulse(mimic, charttime=f"2150-01-01 0{hour}:00:00")
    copy = mimic.write()
    lines = mimic.path("icu/chartevents").read_text().splitlines()
    lines.insert(1, f'1,"{long}')
    mimic.path("icu/chartevents").write_text("\n".join(lines) + "\n")
    report = IntakeReport()
    assert len(list(copy.events(report))) == 10
    assert [(r.line, r.code) for r in report.rejections] == [
        (2, ErrorCode.MALFORMED_ROW)
    ]


def test_a_truncated_gzip_is_one_clear_error(mimic):
    for minute in range(10, 60):
        pulse(mimic, charttime=f"2150-01-01 08:{minute}:00", valuenum=minute)
    copy = mimic.write()
    packed = mimic.pack("icu/chartevents")
    packed.write_bytes(packed.read_bytes()[:-30])
    error = refused(copy)
    assert error.code is ErrorCode.UNREADABLE_FILE
    assert "chartevents.csv.gz" in str(error)


def test_what_is_no_gzip_is_one_clear_error(mimic):
    copy = mimic.write()
    mimic.pack("icu/icustays").write_bytes(b"PK not a gzip at all")
    assert refused(copy).code is ErrorCode.UNREADABLE_FILE


def test_a_small_table_that_is_all_bad_stops_at_its_end(mimic):
    for minute in range(10, 20):
        pulse(mimic, charttime=f"08:{minute}")
    error = refused(mimic.write())
    assert error.code is ErrorCode.NEARLY_ALL_BAD
    assert "icu/chartevents" in str(error)
    assert "not a time" in str(error)


def test_a_large_table_that_is_nearly_all_bad_stops_on_the_way(mimic):
    for _ in range(50):
        pulse(mimic)
    for _ in range(2_000):
        pulse(mimic, charttime="then")
    report = IntakeReport()
    with pytest.raises(InputError) as raised:
        list(mimic.write().events(report))
    assert raised.value.code is ErrorCode.NEARLY_ALL_BAD
    assert report.table("icu/chartevents").read == 1_000


def test_a_table_that_is_half_bad_goes_on(mimic):
    for minute in range(10, 20):
        pulse(mimic, charttime=f"2150-01-01 08:{minute}:00")
        pulse(mimic, charttime=f"08:{minute}")
    assert len(mimic.events()) == 10
    assert mimic.report.rejected == 10


def test_unmapped_rows_do_not_hide_that_all_the_others_are_bad(mimic):
    for _ in range(100):
        pulse(mimic, itemid=999)
    pulse(mimic, charttime="then")
    assert refused(mimic.write()).code is ErrorCode.NEARLY_ALL_BAD


def test_one_bad_row_alone_in_its_table_does_not_stop_a_good_run(mimic):
    mimic.add("hosp/patients", anchor_age=50, anchor_year=2150)
    mimic.add("hosp/prescriptions", pharmacy_id=8, drug="CefePIME")
    ids, rejection = reading_of(mimic)
    assert ids == {"patients:1"}
    assert rejection.code is ErrorCode.MISSING_VALUE


@pytest.mark.parametrize(
    ("table", "cells", "column", "code"),
    [
        (
            "hosp/diagnoses_icd",
            {"icd_version": 9, "icd_code": "88"},
            "icd_code",
            ErrorCode.MALFORMED_CODE,
        ),
        (
            "hosp/diagnoses_icd",
            {"icd_version": 11, "icd_code": "A419"},
            "icd_version",
            ErrorCode.MALFORMED_CODE,
        ),
        ("hosp/patients", {"anchor_year": 99}, "anchor_year", ErrorCode.MALFORMED_TIME),
        ("icu/outputevents", {"valueuom": "cups"}, "valueuom", ErrorCode.UNKNOWN_UNIT),
        ("icu/inputevents", {"rateuom": "mmHg"}, "rateuom", ErrorCode.UNKNOWN_UNIT),
    ],
)
def test_what_a_table_cannot_mean_is_rejected_with_its_column(
    mimic, table, cells, column, code
):
    usual = {
        "hadm_id": 2,
        "admittime": "2150-01-01 07:00:00",
        "dischtime": "2150-01-02 07:00:00",
        "starttime": "2150-01-01 07:00:00",
        "charttime": "2150-01-01 07:00:00",
        "seq_num": 1,
        "anchor_age": 50,
        "anchor_year": 2150,
        "value": 5,
        "rate": 5,
        "itemid": 226559 if table == "icu/outputevents" else 221906,
    }
    mimic.add("hosp/admissions", **usual)
    mimic.add(table, **usual | cells)
    _, rejection = reading_of(mimic)
    assert (rejection.file, rejection.column) == (table, column)
    assert rejection.code is code
