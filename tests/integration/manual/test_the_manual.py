"""The manual is written from the specifications and from what the spec tests drew."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from manual.pages import body_of, figure_of, sentences
from manual.places import ELSEWHERE, PLACES, places_of

from streams.clinical.catalogue.rules import rules


ROOT = Path(__file__).resolve().parents[3]
SPEC = ROOT / "tests" / "spec"
FILES = sorted(path.relative_to(SPEC).as_posix() for path in SPEC.rglob("test_*.py"))


def written(folder):
    return {path.name: path.read_text("utf-8") for path in folder.glob("*.md")}


@pytest.fixture(scope="module")
def anew(tmp_path_factory):
    """The manual as it would be written now."""
    folder = tmp_path_factory.mktemp("manual")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/spec", "--manual", folder],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return written(folder)


def test_the_published_manual_is_current(anew):
    published = written(ROOT / "deploy" / "docs" / "manual")
    stale = [name for name in anew if anew[name] != published.get(name)]
    assert not stale, "make manual"
    assert set(published) == set(anew)


def test_every_rule_has_a_page_and_the_index_names_it(anew):
    assert set(anew) == {"README.md", *(f"{name}.md" for name in rules())}
    for name, rule in rules().items():
        assert f"[{name}]({name}.md)" in anew["README.md"]
        assert f"# {rule.specification.title}\n" in anew[f"{name}.md"]


OF_THEIR_TABLE = ("marker", "phenotype")
"""Rows of a table (`markers`, `external_labels`), whose timelines are the table's."""


def test_every_rule_has_a_worked_timeline_of_its_own_or_of_its_table(anew):
    without = [
        name
        for name, rule in rules().items()
        if "## Worked timelines" not in anew[f"{name}.md"]
    ]
    assert all(rules()[name].sort in OF_THEIR_TABLE for name in without)
    assert not {"markers", "external_labels", "seneca"} & set(without)


@pytest.mark.parametrize("file", FILES)
def test_every_spec_test_has_its_place(file):
    if not file.startswith(ELSEWHERE):
        assert any(file.startswith(begins) for begins, _, _ in PLACES)


def test_a_place_names_a_rule_that_there_is_and_a_file_that_there_is():
    for begins, _, rule in PLACES:
        assert rule in rules()
        assert any(file.startswith(begins) for file in FILES), begins


def test_a_test_that_speaks_of_two_rules_stands_on_both_pages():
    assert places_of("coagulation/test_coagulation.py", "sic(x); overt_dic(x)") == (
        "sic",
        "overt_dic",
    )
    assert places_of("ase/test_calendar_days.py", "") == ("ase",)


def test_a_sentence_has_a_line_of_its_own():
    told = "From 2.0 on it counts.  As in Vincent JL et al., 1996. See `sofa`."
    assert sentences(told) == [
        "From 2.0 on it counts.",
        "As in Vincent JL et al., 1996.",
        "See `sofa`.",
    ]


def test_the_columns_of_a_figure_stand_under_each_other():
    assert figure_of("""
        at | what | value
        1 10:00 | map | 60
    """) == ("at      | what | value\n1 10:00 | map  | 60")


def _example(draw):
    """It says so."""
    table = draw("""
    at      | what | value
    1 10:00 | map  | 60
    """)
    assert table


def test_what_is_drawn_is_not_printed_twice():
    assert body_of(_example) == ["table = draw(FIGURE)", "assert table"]
