"""Definitions side by side, as their users ask for them: replay, demo, query, explain."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


EMBER = Path(sys.executable).with_name("ember")
SUBJECTS = "10000032\n10020306\n10039708\n"


def ember(*arguments, cwd, **environ):
    # Coverage is not measured in it: a replay would take four times as long.
    left_out = ("EMBER_", "COVERAGE_")
    plain = {k: v for k, v in os.environ.items() if not k.startswith(left_out)}
    return subprocess.run(
        [EMBER, *map(str, arguments)],
        cwd=cwd,
        env={**plain, **environ},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def told(*arguments, cwd):
    done = ember(*arguments, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


# -- history ---------------------------------------------------------------------------


def replay(mimic_demo, folder, *definitions, registry="r.sqlite"):
    (folder / "who.txt").write_text(SUBJECTS)
    asked = [word for name in definitions for word in ("--definition", name)]
    return ember(
        *("replay", "--source", "mimic-iv", "--path", mimic_demo),
        *("--subjects", "who.txt", "--registry", f"sqlite:///{folder}/{registry}"),
        *asked,
        cwd=folder,
    )


@pytest.fixture(scope="module")
def beside(mimic_demo, tmp_path_factory):
    """Three subjects replayed with three definitions beside Sepsis-3."""
    folder = tmp_path_factory.mktemp("beside")
    done = replay(mimic_demo, folder, "ase:orders", "septic_shock", "bse")
    assert done.returncode == 0, done.stderr
    return folder


def query(folder, what, *more, registry="r.sqlite"):
    place = ("--registry", f"sqlite:///{folder}/{registry}")
    return json.loads(told("query", what, *place, "--json", *more, cwd=folder))


@pytest.mark.shared
@pytest.mark.unmeasured
def test_a_replay_flags_by_the_definitions_that_were_asked_for(beside):
    onsets = query(beside, "onsets")
    assert {o["definition"] for o in onsets} == {
        *("sepsis3", "ase", "bse", "septic_shock")
    }
    events = query(beside, "onsets", "--definition", "ase")
    assert events == [o for o in onsets if o["definition"] == "ase"]
    assert {o["policy"] for o in events} == {"orders"}
    assert {o["status"] for o in events} == {"confirmed", "withdrawn"}
    assert {o["happened_at"][10:] for o in events} == {"T00:00:00Z"}


@pytest.mark.shared
@pytest.mark.unmeasured
def test_a_table_of_onsets_tells_the_definition_before_the_policy(beside):
    place = ("--registry", f"sqlite:///{beside}/r.sqlite")
    table = told("query", "onsets", *place, cwd=beside)
    assert table.index("definition") < table.index("policy")
    assert "orders" in table
    none = told("query", "onsets", *place, "--definition", "sep1", cwd=beside)
    assert none == (
        "No onsets by sep1; flags there are by: ase, bse, sepsis3, septic_shock.\n"
    )


@pytest.mark.shared
@pytest.mark.unmeasured
def test_what_was_flagged_beside_moves_nothing_else(beside, mimic_demo):
    assert replay(mimic_demo, beside, registry="plain.sqlite").returncode == 0
    for what in ("screenings", "outcomes"):
        rows = [
            [{k: v for k, v in row.items() if k != "recorded_at"} for row in found]
            for found in (
                query(beside, what),
                query(beside, what, registry="plain.sqlite"),
            )
        ]
        assert rows[0] == rows[1]
        assert rows[0]


@pytest.mark.shared
@pytest.mark.unmeasured
def test_explain_tells_the_definitions_apart(beside):
    text = told(
        *("explain", "10039708", "--registry", f"sqlite:///{beside}/r.sqlite"),
        cwd=beside,
    )
    anchoring, *others = text.split("Sepsis flag (")[1:]
    assert anchoring.startswith("sepsis3 by policy ember)")
    assert "SOFA" in anchoring
    event = next(part for part in others if part.startswith("ase by policy orders)"))
    assert "BLOOD CULTURE" in event.upper()
    assert "opens no window and alerts nobody" in event
    assert "SOFA" not in event.split("\n\n")[0]


@pytest.mark.shared
@pytest.mark.unmeasured
def test_a_replay_is_not_continued_by_other_definitions(beside, mimic_demo):
    done = replay(mimic_demo, beside, "ase:orders")
    assert done.returncode == 1
    assert "EMB-404" in done.stderr


# -- refused before anything is read ---------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "environ"),
    [
        (("replay", "--path", ".", "--definition", "sepsis4"), {}),
        (("demo", "--definition", "sepsis4"), {}),
        (("worker",), {"EMBER_DEFINITIONS": "septic_shock,sepsis4"}),
    ],
)
def test_an_unknown_definition_is_one_sentence_with_what_there_is(
    tmp_path, arguments, environ
):
    done = ember(*arguments, cwd=tmp_path, **environ)
    assert done.returncode == 1
    assert done.stderr == (
        "ember: EMB-402: There is no definition 'sepsis4' that can be flagged. Use one "
        "of: suspected_infection, septic_shock, ase, bse, sep1, sep1_shock, "
        "phoenix_sepsis; name:policy for another policy.\n"
    )
    assert not list(tmp_path.iterdir())


def test_a_worker_is_not_started_with_calendar_days_of_no_zone(tmp_path):
    done = ember("worker", cwd=tmp_path, EMBER_DEFINITIONS="ase")
    assert done.returncode == 1
    assert "EMB-402: The definition ase counts the hospital's calendar" in done.stderr


# -- a demonstration -------------------------------------------------------------------


def test_a_demonstration_tells_what_stands_beside_sepsis_3(tmp_path):
    text = told(
        *("demo", "--days", 3, "--definition", "septic_shock"),
        *("--definition", "suspected_infection"),
        cwd=tmp_path,
    )
    assert "sepsis onsets stand" in text
    line = next(part for part in text.splitlines() if "beside Sepsis-3" in part)
    assert "by septic_shock (sepsis3)" in line
    assert "by suspected_infection (ember)" in line
