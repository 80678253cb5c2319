"""The hourly files of Challenge 2019 are connected by the mapping that is shipped."""

import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from streams.adapters.identity.pseudonyms import PublicIdentifiers
from streams.adapters.intake import IntakeReport
from streams.adapters.tabular.mapping.reading import read_mapping
from streams.adapters.tabular.mapping.source import MappedTables
from streams.app.history.sources import History
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.facts import Flag


MAPPING = read_mapping(Path(__file__).parents[4] / "deploy/intake/challenge_2019.yaml")
HEADER = (
    "HR|O2Sat|Temp|SBP|MAP|DBP|Resp|EtCO2|BaseExcess|HCO3|FiO2|pH|PaCO2|SaO2|AST|BUN|"
    "Alkalinephos|Calcium|Chloride|Creatinine|Bilirubin_direct|Glucose|Lactate|"
    "Magnesium|Phosphate|Potassium|Bilirubin_total|TroponinI|Hct|Hgb|PTT|WBC|"
    "Fibrinogen|Platelets|Age|Gender|Unit1|Unit2|HospAdmTime|ICULOS|SepsisLabel"
)
ICU = datetime(2100, 1, 1, tzinfo=UTC)


def row(hour, **cells):
    told = {
        "Age": "83.14",
        "Gender": "0",
        "Unit1": "0",
        "Unit2": "1",
        "HospAdmTime": "-2.5",
        "ICULOS": str(hour),
        "SepsisLabel": "1",
    } | {name: str(value) for name, value in cells.items()}
    return "|".join(told.get(name, "NaN") for name in HEADER.split("|"))


def read(folder, **files):
    for name, rows in files.items():
        (folder / f"{name}.psv").write_text("\n".join([HEADER, *rows]) + "\n")
    tables = MappedTables(
        folder=folder,
        mapping=MAPPING,
        site=MAPPING.site,
        identities=PublicIdentifiers(),
    )
    report = IntakeReport()
    return list(tables.events(report)), report


def measured(sourced):
    return {s.event.concept: s.event for s in sourced if s.event.kind == "measurement"}


def test_a_file_is_a_patient_and_a_row_the_hour_that_ends_then(tmp_path):
    sourced, report = read(tmp_path, p000001=[row(1, HR=97), row(2, HR=89)])
    rates = [s.event for s in sourced if s.event.kind == "measurement"]
    assert {s.patient for s in sourced} == {"p000001"}
    assert [(e.value, e.happened_at - ICU) for e in rates] == [
        (97.0, timedelta(hours=1)),
        (89.0, timedelta(hours=2)),
    ]
    assert all(e.known_at == e.happened_at for e in rates)
    assert not report.rejections


def test_the_whole_stay_is_told_once(tmp_path):
    sourced, _ = read(tmp_path, p000001=[row(h, HR=90) for h in range(1, 30)])
    kinds = [s.event.kind for s in sourced]
    assert kinds.count("demographics") == kinds.count("location") == 1
    person = next(s.event for s in sourced if s.event.kind == "demographics")
    assert (person.sex, person.birth_year) == ("female", 2017)
    assert person.age_precision == "stated"
    stay = next(s.event for s in sourced if s.event.kind == "location")
    assert (stay.ward, stay.level, stay.happened_at) == ("SICU", "icu", ICU)
    admitted = next(s.event for s in sourced if s.event.kind == "encounter")
    assert admitted.happened_at == ICU - timedelta(hours=2.5)


@pytest.mark.parametrize(
    ("column", "written", "concept", "value"),
    [
        ("Temp", "38.5", "temperature", 38.5),
        ("FiO2", "0.4", "fio2", 40.0),
        ("FiO2", "40", "fio2", 40.0),
        ("Lactate", "1.8", "lactate", 1.8),  # in mmol/L, whatever its description says
        ("pH", "7.21", "ph_arterial", 7.21),
        ("PTT", "31.5", "aptt", 31.5),
        ("Platelets", "92", "platelets", 92.0),
        ("Bilirubin_total", "2.6", "bilirubin_total", 2.6),
        ("TroponinI", "0.3", "troponin_i", 0.3),
    ],
)
def test_a_column_is_its_concept_in_its_unit(tmp_path, column, written, concept, value):
    sourced, _ = read(tmp_path, p000001=[row(1, **{column: written})])
    assert measured(sourced)[concept].value == pytest.approx(value)


def test_a_column_without_a_concept_is_kept_and_counted(tmp_path):
    sourced, report = read(tmp_path, p000001=[row(1, EtCO2=34.5, Hct=31)])
    kept = [s.event for s in sourced if Flag.UNMAPPED in s.event.flags]
    assert {(e.code, e.sent_value, e.sent_unit) for e in kept} == {
        ("urn:ember:local|challenge-2019:EtCO2", "34.5", "mm[Hg]"),
        ("urn:ember:local|challenge-2019:Hct", "31", "%"),
    }
    assert report.table("hours").unmapped == {"EtCO2": 1, "Hct": 1}


def test_an_impossible_cell_is_rejected_and_its_row_goes_on(tmp_path):
    sourced, report = read(
        tmp_path, p000007=[row(1, HR=80), row(2, HR=5000, MAP=71, Temp=30)]
    )
    (rejection,) = report.rejections
    assert (rejection.file, rejection.line, rejection.column, rejection.code) == (
        *("p000007.psv", 3, "HR"),
        "EMB-106",
    )
    assert measured(sourced)["map"].value == 71.0
    assert Flag.IMPLAUSIBLE in measured(sourced)["temperature"].flags


def test_the_label_tells_nothing(tmp_path):
    sourced, report = read(tmp_path, p000001=[row(1, HR=80)])
    assert "SepsisLabel" not in repr(sourced)
    assert not report.table("hours").unmapped


def test_a_stay_of_unknown_unit_and_admission_is_still_one(tmp_path):
    sourced, report = read(
        tmp_path,
        p000001=[row(1, HR=80, Unit1="NaN", Unit2="NaN", HospAdmTime="NaN")],
    )
    assert not [s for s in sourced if s.event.kind == "encounter"]
    assert [s.event.ward for s in sourced if s.event.kind == "location"] == ["ICU"]
    assert not report.rejections


def test_memory_does_not_grow_with_the_number_of_files(tmp_path):
    def peak(count):
        folder = tmp_path / str(count)
        folder.mkdir()
        rows = [row(h, HR=60 + h, MAP=70, Temp=37) for h in range(1, 20)]
        text = "\n".join([HEADER, *rows])
        for number in range(count):
            (folder / f"p{number:06d}.psv").write_text(text)
        tables = MappedTables(
            folder=folder,
            mapping=MAPPING,
            site=MAPPING.site,
            identities=PublicIdentifiers(),
        )
        tracemalloc.start()
        try:
            assert sum(1 for _ in tables.events(IntakeReport())) == count * 60
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(5)  # what is made once and kept
    assert peak(200) < 2 * peak(20) + 300_000


def test_a_file_that_lacks_a_column_or_everything_is_left_out_and_the_rest_is_read(
    tmp_path,
):
    (tmp_path / "training_setA").mkdir()
    (tmp_path / "training_setA" / "p000002.psv").write_text(
        HEADER.replace("Gender|", "") + "\n"
    )
    (tmp_path / "p000003.psv").write_text("")
    (tmp_path / "._p000001.psv").write_bytes(b"\x00\x05\x16\x07")
    sourced, report = read(tmp_path, p000001=[row(1, HR=97)])
    assert {s.patient for s in sourced} == {"p000001"}
    assert [(r.file, r.code) for r in report.rejections] == [
        ("p000003.psv", ErrorCode.MISSING_COLUMN),
        ("training_setA/p000002.psv", ErrorCode.MISSING_COLUMN),
    ]
    assert "no column Gender" in report.rejections[1].reason
    assert "empty" in report.rejections[0].reason


def test_the_only_file_of_a_table_must_be_whole(tmp_path):
    with pytest.raises(InputError, match="no column"):
        read_header(tmp_path, HEADER.replace("Gender|", ""))


def read_header(folder, header):
    (folder / "p000001.psv").write_text(header + "\n")
    tables = MappedTables(
        folder=folder,
        mapping=MAPPING,
        site=MAPPING.site,
        identities=PublicIdentifiers(),
    )
    return list(tables.events(IntakeReport()))


def test_of_patients_asked_for_only_their_files_are_opened(tmp_path):
    (tmp_path / "p000002.psv").write_bytes(b"\xff no table at all")
    (tmp_path / "p000001.psv").write_text("\n".join([HEADER, row(1, HR=97)]) + "\n")
    tables = MappedTables(
        folder=tmp_path,
        mapping=MAPPING,
        site=MAPPING.site,
        identities=PublicIdentifiers(),
    )
    report = IntakeReport()
    assert list(tables.events(report, {"p000001"}))
    assert not report.rejections


def test_a_patient_in_two_files_is_refused_where_each_is_said_to_stand_together(
    tmp_path,
):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        for name in ("p1", f"p-{folder}"):
            (tmp_path / folder / f"{name}.psv").write_text(
                "\n".join([HEADER, row(1, HR=97)]) + "\n"
            )
    history = History(
        "table",
        tmp_path,
        configured=MappedTables(
            folder=tmp_path,
            mapping=MAPPING,
            site=MAPPING.site,
            identities=PublicIdentifiers(),
        ),
    )
    with pytest.raises(InputError) as refused:
        list(history.timelines(IntakeReport()))
    assert refused.value.code is ErrorCode.SCATTERED_ROWS
