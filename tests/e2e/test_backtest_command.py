"""`ember protocol backtest`, `export` and `draft`, as users run them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from streams.clinical.feasibility.report import BACKTEST


EMBER = Path(sys.executable).with_name("ember")
ROOT = Path(__file__).resolve().parents[2]
SUBJECTS = ("10001217", "10002428", "10003400", "10004235", "10004720")
"""Of the MIMIC-IV demo: five patients with 20 rows of `admissions`."""


def ember(*arguments, cwd):
    left_out = ("EMBER_", "COVERAGE_")
    return subprocess.run(
        [EMBER, "protocol", *map(str, arguments)],
        cwd=cwd,
        env={k: v for k, v in os.environ.items() if not k.startswith(left_out)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def run(mimic_demo, tmp_path_factory):
    """A backtest of the demonstration over five patients, and its figure."""
    folder = tmp_path_factory.mktemp("backtest")
    subjects = folder / "subjects.txt"
    subjects.write_text("\n".join(SUBJECTS))
    done = ember(
        *("backtest", "ember_demo", "--path", mimic_demo, "--subjects", subjects),
        *("--steps=-20", "--json", "--figure", folder / "flow.svg"),
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    return done, folder


@pytest.mark.shared
def test_the_json_is_the_published_schema_and_its_sums_are_right(run):
    done, _ = run
    told = json.loads(done.stdout)
    schema = json.loads((ROOT / "deploy/schemas/protocol.backtest.json").read_text())
    jsonschema.validate(told, schema)
    (domain,) = BACKTEST.validate_python(told).domains
    flow = domain.flow
    left = sum(row.excluded + row.unknown for row in domain.attrition)
    assert flow.in_database.patients == len(SUBJECTS)
    assert flow.in_database.stays == 20
    assert flow.screened_by_algorithm.stays == flow.flagged.stays + left == 9
    assert domain.attrition[-1].remaining == flow.flagged.stays > 0
    assert {row.step for row in domain.sensitivity} == {"-20 %"}


@pytest.mark.shared
def test_of_mimic_no_month_is_told_because_its_dates_are_shifted(run):
    told = BACKTEST.validate_json(run[0].stdout)
    assert told.shifted_dates
    (site,) = told.domains[0].recruitment
    assert site.per_month is None
    assert "shifted" in site.reckoned


@pytest.mark.shared
def test_the_figure_lies_beside_its_table(run):
    _, folder = run
    assert (folder / "flow.svg").read_text().startswith("<svg")
    assert (folder / "flow.csv").read_text().startswith("domain,step,text,")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("backtest", "nowhere", "--path", "."), "EMB-403"),
        (("backtest", "ember_demo", "--path", "."), "EMB-101"),
        (("backtest", "ember_demo", "--path", ".", "--domain", "x"), "EMB-218"),
        (("backtest", "ember_demo", "--path", ".", "--steps", "0"), "EMB-402"),
        (("backtest", "ember_demo", "--path", ".", "--steps", "few"), "EMB-402"),
        (("backtest", "ember_demo", "--path", ".", "--span", "long"), "EMB-402"),
        (("export", "ember_demo", "--format", "fhir-r3"), "EMB-402"),
        (("draft", "nowhere.txt"), "EMB-403"),
    ],
)
def test_a_call_at_fault_is_told_in_a_sentence_and_exits_2(tmp_path, arguments, code):
    done = ember(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith(f"ember: {code}: ")


def test_a_document_at_fault_exits_1(tmp_path):
    (tmp_path / "bad.yaml").write_text("id: bad\n")
    done = ember("backtest", "bad.yaml", "--path", ".", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("ember: EMB-202: ")


@pytest.mark.parametrize("form", ["fhir-r5", "fhir-r4"])
def test_an_export_is_written_whole_or_told(tmp_path, form):
    done = ember(
        "export", "ember_demo", "--format", form, "--out", "s.json", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    written = (tmp_path / "s.json").read_text()
    assert json.loads(written)["resourceType"] == "Bundle"
    assert (
        ember("export", "ember_demo", "--format", form, cwd=tmp_path).stdout == written
    )


def test_a_draft_is_yaml_with_questions(tmp_path):
    text = "Inclusion criteria:\n- Adults\nExclusion criteria:\n- Pregnancy\n"
    (tmp_path / "criteria.txt").write_text(text)
    told = ember("draft", "criteria.txt", cwd=tmp_path).stdout
    assert "Drafted from criteria.txt" in told
    assert told.count("kind: confirm") == 2
