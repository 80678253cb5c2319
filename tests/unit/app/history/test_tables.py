"""What `ember table` refuses, and what every table keeps to."""

from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest

from streams.app.history import tabulation
from streams.app.history.cells import text_of
from streams.app.history.tables.all import TABLES, table_named
from streams.app.history.tables.table import Table, write_table
from streams.clinical.timeline import Timeline
from streams.vocabulary.errors import ErrorCode, SettingsError, UserError


def test_a_table_nobody_knows_is_refused_with_the_names_of_those_there_are():
    with pytest.raises(SettingsError) as refused:
        table_named("sepsis4")
    assert refused.value.code is ErrorCode.BAD_SETTING
    assert "'sepsis4'" in str(refused.value)
    for name in TABLES:
        assert name in str(refused.value)


def test_a_policy_the_table_has_not_is_refused_with_those_it_has():
    with pytest.raises(SettingsError) as refused:
        table_named("ventilation").reading("ember")
    assert str(refused.value) == (
        "EMB-402: There is no policy 'ember' for the table ventilation. "
        "Use one of: mimic."
    )


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_registered_under_its_name_and_has_the_policy_mimic(name):
    assert TABLES[name].name == name
    assert "mimic" in TABLES[name].readings


@pytest.mark.parametrize("name", TABLES)
def test_a_patient_of_whom_nothing_is_known_has_no_row(name):
    for policy in TABLES[name].readings:
        out = StringIO()
        written = write_table(
            [("1", Timeline())], table=TABLES[name], policy=policy, out=out
        )
        assert out.getvalue() == ",".join(TABLES[name].columns) + "\n"
        assert (written.patients, written.rows) == (1, 0)


def test_rows_are_written_patient_by_patient():
    table = Table(
        name="t",
        columns=("who", "n"),
        readings={"mimic": lambda patient, _: [(patient, 1.0), (patient, None)]},
    )
    out = StringIO()
    patients = [("7", Timeline()), ("3", Timeline())]
    written = write_table(patients, table=table, policy="mimic", out=out)
    assert out.getvalue() == "who,n\n7,1\n7,\n3,1\n3,\n"
    assert (written.patients, written.rows) == (2, 4)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (1, "1"),
        (2.0, "2"),
        (0.0801, "0.0801"),
        (datetime(2150, 3, 1, 2, 3, 4, tzinfo=UTC), "2150-03-01 02:03:04"),
        ("None", "None"),
    ],
)
def test_a_cell_is_written_so(cell, text):
    assert text_of(cell) == text


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"name": "sepsis4"}, "EMB-402: There is no table 'sepsis4'. Use one of: "),
        ({"policy": "best"}, "EMB-402: There is no policy 'best' for the table sofa."),
        ({"source": "eicu"}, "EMB-402: There is no source 'eicu'."),
        ({"path": "nowhere"}, "EMB-403: nowhere is not a folder."),
        ({}, "EMB-101: "),
        ({"subjects": "none.txt"}, "EMB-403: The subjects file none.txt cannot be"),
        ({"subjects": "empty.txt"}, "EMB-108: empty.txt names no subject."),
        (
            {"subjects": "head.txt"},
            "EMB-103: Line 1 of head.txt is 'subject_id', no subject_id.",
        ),
        ({"out": "no/such/x.csv"}, "EMB-403: no/such/x.csv cannot be written"),
    ],
)
def test_a_fault_is_told_by_its_code_and_leaves_no_file(
    tmp_path, monkeypatch, arguments, told
):
    monkeypatch.chdir(tmp_path)
    Path("empty.txt").write_text("\n")
    Path("head.txt").write_text("subject_id\n1\n")
    given = {"name": "sofa", "path": ".", "out": "x.csv", **arguments}
    files = {
        what: Path(given.pop(what))
        for what in ("path", "out", "subjects")
        if what in given
    }
    with pytest.raises(UserError) as fault:
        tabulation.table(**given, **files)
    assert str(fault.value).startswith(told)
    assert {p.name for p in tmp_path.iterdir()} == {"empty.txt", "head.txt"}
