"""A mapping is checked as a whole, and told where it is wrong."""

from pathlib import Path

import pytest
import yaml

from streams.adapters.tabular.mapping.reading import read_mapping, shipped_mapping
from streams.vocabulary.errors import SettingsError


ROOT = Path(__file__).parents[4]
GOOD = """
mapping: 1
source: own
tables:
  - table: vitals
    patient: id
    at: time
    columns: {hr: {concept: heart_rate, unit: /min}}
"""


@pytest.mark.parametrize("name", ["clif", "omop"])
def test_the_shipped_mappings_are_whole(name):
    mapping = shipped_mapping(name)
    assert mapping.source == name
    assert mapping.site is None
    assert mapping.codes


@pytest.mark.parametrize("path", sorted((ROOT / "deploy/intake").glob("*.yaml")))
def test_the_examples_are_whole(path):
    assert read_mapping(path).tables


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("mapping: 1", "mapping: 2"), "mapping: Input should be 1"),
        (("source: own", "source: Own Tables"), "source: String should match"),
        (("heart_rate", "heartrate"), "tables.0.columns.hr.Wide.concept: there is no"),
        (
            ("/min", "/fortnight"),
            "tables.0.columns.hr.Wide.unit: the unit '/fortnight'",
        ),
        (("    at: time\n", ""), "tables.0: a wide table says when"),
        (("    patient: id\n", ""), "tables.0: a table that is read names its patient"),
        (("patient: id", "patient: {column: id, through: x}"), "there is no link 'x'"),
        (("patient: id", "patient: {constant: 1, column: 2}"), "a cell is a column, a"),
        (("at: time", "at: {column: time, unit: hours}"), "needs both `unit` and"),
        (("at: time", "at: {constant: 2100-01-01T00:00}"), "names no zone"),
        (("at: time", "at: time\n    filed: true"), "or it is filed unread"),
        (("at: time", "at: time\n    every: x"), "tables.0.every: Extra inputs"),
        (("source: own", "source: own\ncode_files: [no.csv]"), "no.csv cannot be read"),
        (("tables:", "tables: ["), "while parsing"),
        ((GOOD, "{}"), "mapping: Field required"),
        ((GOOD, "[]"), "as a whole: Input should be"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path, change, told):
    path = tmp_path / "own.yaml"
    path.write_text(GOOD.replace(*change), "utf-8")
    with pytest.raises(SettingsError) as raised:
        read_mapping(path)
    assert told in raised.value.problem


def test_a_mapping_that_is_not_there_is_told(tmp_path):
    with pytest.raises(SettingsError) as raised:
        read_mapping(tmp_path / "absent.yaml")
    assert raised.value.code == "EMB-403"


def test_a_grouped_mapping_has_one_table(tmp_path):
    document = yaml.safe_load(GOOD)
    document["grouped"] = True
    document["tables"].append(document["tables"][0] | {"table": "other"})
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(document))
    with pytest.raises(SettingsError, match="only a mapping of one table"):
        read_mapping(path)


def test_codes_may_stand_in_files_beside_it(tmp_path):
    (tmp_path / "codes.csv").write_text("code,concept,unit\nCREA,creatinine,mg/dL\n")
    path = tmp_path / "own.yaml"
    path.write_text(GOOD.replace("source: own", "source: own\ncode_files: [codes.csv]"))
    (entry,) = read_mapping(path).codes
    assert (entry.code, entry.concept, entry.unit) == ("CREA", "creatinine", "mg/dL")
