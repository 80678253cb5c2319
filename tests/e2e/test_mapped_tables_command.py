"""`ember` over tables that a mapping connects, as its users run it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from integration.intake.one_patient import as_clif, as_csv


ROOT = Path(__file__).resolve().parents[2]
EMBER = Path(sys.executable).with_name("ember")
PUBLIC = "{site: one-patient, zone: UTC, identity: public}\n"


def ember(*arguments, cwd, **settings):
    left_out = ("EMBER_", "COVERAGE_")
    return subprocess.run(
        [EMBER, *map(str, arguments)],
        cwd=cwd,
        env={k: v for k, v in os.environ.items() if not k.startswith(left_out)}
        | settings,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture
def clif(tmp_path):
    (tmp_path / "tables").mkdir()
    as_clif.write(tmp_path / "tables")
    (tmp_path / "site.yaml").write_text(PUBLIC)
    return ("--source", "clif", "--path", "tables", "--site", "site.yaml")


def test_detect_finds_the_septic_patient(clif, tmp_path):
    done = ember(
        "detect", *clif, "--definition", "suspected_infection", "--out", "x.csv",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "2 episodes, 2 for certain" in done.stderr
    assert "P-77" in (tmp_path / "x.csv").read_text()


def test_replay_tells_the_registry_and_runs_once(clif, tmp_path):
    told = ("--registry", "sqlite:///r.sqlite", "--json")
    first = ember("replay", *clif, *told, cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["onsets"] > 0
    again = ember("replay", *clif, *told, cwd=tmp_path)
    assert json.loads(again.stdout)["messages"] == 0


def test_score_and_subjects_take_ids_that_are_no_numbers(clif, tmp_path):
    done = ember(
        "score", "P-77", "--at", "2150-03-01T22:00Z", "--score", "sofa", *clif,
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "platelets 92" in done.stdout
    (tmp_path / "some.txt").write_text("P-77\nP-78\n")
    done = ember(
        "detect", *clif, "--subjects", "some.txt", "--out", "x.csv", cwd=tmp_path
    )
    assert "Not in the data: subjects P-78." in done.stderr


def test_a_mapping_of_one_s_own_is_read(tmp_path):
    (tmp_path / "tables").mkdir()
    as_csv.write(tmp_path / "tables")
    mapping = tmp_path / "tables/mapping.yaml"
    text = mapping.read_text().replace("zone: UTC", "zone: UTC\n  identity: public")
    mapping.write_text(text)
    done = ember(
        "score", "00077", "--at", "2150-03-01T23:00Z", "--score", "sofa",
        "--source", "table", "--mapping", mapping, "--path", "tables",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "norepinephrine started (0.2)" in done.stdout


def test_a_site_s_patients_are_named_by_its_key(clif, tmp_path):
    (tmp_path / "site.yaml").write_text("{site: one-patient, zone: UTC}\n")
    (tmp_path / "key").write_text("A" * 43 + "=\n")
    (tmp_path / "key").chmod(0o600)
    done = ember(
        "detect", *clif[:4], "--definition", "suspected_infection", "--out", "x.csv",
        cwd=tmp_path, EMBER_IDENTITY_KEYS="1:key", EMBER_SITE="site.yaml",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    written = (tmp_path / "x.csv").read_text()
    assert "p1-" in written
    assert "P-77" not in written + done.stderr


def test_a_table_is_told_by_our_reading_alone(clif, tmp_path):
    done = ember("table", "sofa", *clif, "--out", "x.csv", cwd=tmp_path)
    assert done.stderr.startswith("ember: EMB-402: The policy mimic counts MIMIC-IV's")
    done = ember(
        "table", "sofa", *clif, "--policy", "ember", "--out", "x.csv", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "rows of 1 patient -> x.csv" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--source", "table"), "EMB-402: A mapping is for the source `table`"),
        (("--source", "clif"), "EMB-402: No site is configured. Name its"),
        (
            ("--source", "clif", "--mapping", "site.yaml"),
            "EMB-402: A mapping is for the source `table`",
        ),
        (("--source", "omop", "--site", "absent.yaml"), "EMB-403: absent.yaml cannot"),
        (("--source", "omop", "--site", "site.yaml"), "EMB-101: There is no table person"),
        (("--source", "clif", "--site", "kept.yaml"), "EMB-312: The identifiers of kept must be named"),
    ],
)  # fmt: skip
def test_a_fault_is_one_clear_sentence(tmp_path, arguments, told):
    (tmp_path / "tables").mkdir()
    (tmp_path / "site.yaml").write_text(PUBLIC)
    (tmp_path / "kept.yaml").write_text("{site: kept, zone: UTC}\n")
    done = ember(
        "detect", *arguments, "--path", "tables", "--out", "x.csv", cwd=tmp_path
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"ember: {told}")
    assert len(done.stderr.strip().splitlines()) == 1
