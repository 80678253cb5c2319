"""`ember intake check` over tables: each row accounted for, and what is in no map."""

import json

import pytest
from typer.testing import CliRunner

from registry.app.commands.intake import app
from streams.vocabulary.errors import SettingsError


MAPPING = """
mapping: 1
source: lab
codes: [{code: KREA, concept: creatinine, unit: mg/dL}]
tables:
  - table: results
    patient: mrn
    at: taken
    known: {at: filed, lag_hours: 4}
    facts:
      - fact: measurement
        code: {code: test, label: name}
        value: result
        unit: unit
  - table: hours
    files: ["*.psv"]
    patient: {file_name: true}
    at: taken
    columns: {HR: {concept: heart_rate, unit: /min}, EtCO2: {unit: "mm[Hg]"}}
  - {table: notes, filed: true}
"""
RESULTS = """\
mrn,taken,filed,test,name,result,unit,ward
4711471147,2026-03-01T08:00,2026-03-01T09:30,KREA,Creatinine,1.1,mg/dL,Planted
4711471147,2026-03-01T08:00,2026-03-01T09:30,KREA,Creatinine,1.1,mg/dL,Planted
4711471147,2026-03-01T08:00,2026-03-01T09:30,NATR,Sodium serum,139,mmol/L,
4711471147,2026-03-01T08:00,2026-03-01T09:30,KREA,Creatinine,1.1,furlong,
4711471147,2026-03-01T14:00,,KREA,Creatinine,19,mg/dL,
,2026-03-01T08:00,,KREA,Creatinine,1.1,mg/dL,
4711471147,2026-03-01T08:00,KREA
"""


def check(path, *words, source="table"):
    mapping = ("--mapping", str(path.parent / "mapping.yaml"))
    asked = ["check", "--source", source, "--path", str(path), *mapping, *words]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture
def tables(tmp_path):
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "results.csv").write_text(RESULTS)
    (folder / "planted4711.psv").write_text(
        "taken|HR|EtCO2|Weather\n2026-03-01T08:00|97|33|fine\n2026-03-01T09:00|-5|34|\n"
    )
    (folder / "notes.csv").write_text("note\nPlanted Petronella\n")
    return folder


def test_every_row_is_mapped_filed_or_rejected(tables):
    told = json.loads(check(tables, "--json"))
    by_type = {name: tuple(one.values()) for name, one in told["by_type"].items()}
    assert by_type == {
        "results": (7, 4, 0, 3, 3),
        "hours": (2, 2, 0, 0, 3),
        "notes": (1, 0, 1, 0, 0),
    }
    assert told["messages"] == told["mapped"] + told["filed"] + told["rejected"] == 10
    assert [(one["index"], one["code"]) for one in told["rejections"]] == [
        (3, "EMB-107"),
        (5, "EMB-108"),
        (6, "EMB-103"),
    ]
    assert told["unmapped_codes"] == 2


def test_the_page_names_codes_units_clocks_gaps_and_the_rule_of_known(tables):
    told = check(tables)
    assert "results|NATR  Sodium serum  [mmol/L]  perhaps sodium" in told
    assert "hours|EtCO2  EtCO2  [mm[Hg]]" in told
    assert "creatinine in furlong" in told
    assert "measurement          2 within 2 h" in told
    assert "4 h from 2026-03-01T10:00:00Z" in told
    assert "1 rows came again byte for byte" in told
    assert "Parts of mapped rows left out: 1 EMB-106 in HR" in told
    assert "Not read: hours: column Weather, not in the mapping" in told
    assert (
        "results: measurement at filed, else 4 h after it happened (a stand-in)" in told
    )


def test_nobody_is_named(tables):
    told = check(tables) + check(tables, "--json")
    register = tables.parent / "register.json"
    check(tables, "--register", str(register))
    told += register.read_text()
    assert [w for w in ("4711", "Planted", "Petronella", "planted") if w in told] == []


def test_a_table_that_is_nearly_all_bad_is_read_to_its_end(tables):
    rows = "".join(
        f"4711471147,yesterday,,KREA,Creatinine,{n},mg/dL,\n" for n in range(1_500)
    )
    (tables / "results.csv").write_text(RESULTS.splitlines()[0] + "\n" + rows)
    told = json.loads(check(tables, "--json"))
    assert told["by_type"]["results"]["rejected"] == 1_500


def test_a_mapping_is_for_tables(tables):
    with pytest.raises(SettingsError, match="mapping"):
        CliRunner().invoke(
            app,
            ["check", "--source", "table", "--path", str(tables)],
            catch_exceptions=False,
        )
