"""`ember table` as its users run it."""

import csv
import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest


EMBER = Path(sys.executable).with_name("ember")


def table(*arguments, cwd):
    left_out = ("EMBER_", "COVERAGE_")
    return subprocess.run(
        [EMBER, "table", *map(str, arguments)],
        cwd=cwd,
        env={k: v for k, v in os.environ.items() if not k.startswith(left_out)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_fault_is_one_clear_sentence_and_leaves_no_file(tmp_path):
    done = table("sepsis4", "--path", ".", "--out", "x.csv", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("ember: EMB-402: There is no table 'sepsis4'. Use ")
    assert len(done.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.shared
def test_a_table_is_that_of_mimic_code(mimic_demo, shared_data, tmp_path):
    expected = shared_data / "mimic-iv-demo-expected"
    done = table(
        *("first_day_sofa", "--source", "mimic-iv", "--path", mimic_demo),
        *("--policy", "mimic", "--subjects", expected / "subjects.txt"),
        *("--out", "ours.csv"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "first_day_sofa (mimic): 66 rows of 49 patients -> ours.csv" in done.stderr
    with gzip.open(expected / "first_day_sofa.csv.gz", "rt", newline="") as file:
        theirs = sorted(csv.reader(file))
    with (tmp_path / "ours.csv").open(newline="") as file:
        assert sorted(csv.reader(file)) == theirs
