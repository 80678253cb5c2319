"""`ember definitions`, `ember detect --definition` and `ember score`, as users run them."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from registry.app.scoring import SCORED
from streams.app.definitions import RULES
from streams.clinical.catalogue.rules import rules


EMBER = Path(sys.executable).with_name("ember")
PATIENT = "10001217"
DISCHARGED = "2157-11-25T18:00Z"


def ember(*arguments, cwd, **environ):
    left_out = ("EMBER_", "COVERAGE_")
    return subprocess.run(
        [EMBER, *map(str, arguments)],
        cwd=cwd,
        env={k: v for k, v in os.environ.items() if not k.startswith(left_out)}
        | environ,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def told(*arguments, cwd):
    done = ember(*arguments, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


# -- definitions ---------------------------------------------------------------


def test_every_rule_is_listed_with_version_evidence_policies_and_citation(tmp_path):
    rows = RULES.validate_json(told("definitions", "--json", cwd=tmp_path))
    assert [row.name for row in rows] == list(rules())
    assert all(row.version and row.evidence and row.policies for row in rows)
    assert all(row.citations for row in rows)
    text = told("definitions", cwd=tmp_path)
    assert all(f"  {name}: " in text for name in rules())
    assert max(map(len, text.splitlines())) <= 80


def test_one_rule_is_told_in_full(tmp_path):
    text = told("definitions", "sepsis3", cwd=tmp_path)
    for words in ("evidence PARTIAL", "baseline = prehospital", "Beware:", "JAMA 2016"):
        assert words in text


def test_a_name_that_there_is_not_is_one_sentence_with_what_there_is(tmp_path):
    done = ember("definitions", "sepsis4", cwd=tmp_path)
    assert done.returncode == 1
    sentence = "ember: EMB-402: There is no rule 'sepsis4'. Use one of: sofa, "
    assert done.stderr.startswith(sentence)
    assert len(done.stderr.strip().splitlines()) == 1


# -- detect --------------------------------------------------------------------


@pytest.mark.shared
def test_a_definition_makes_a_table_of_its_episodes(mimic_demo, tmp_path):
    (tmp_path / "who.txt").write_text("10002428\n10004235\n")
    done = ember(
        *("detect", "--path", mimic_demo, "--subjects", "who.txt"),
        *("--definition", "ase", "--policy", "orders", "--out", "ase.csv"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    with (tmp_path / "ase.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert f"ase (orders): {len(rows)} episodes, " in done.stderr
    assert "in 2 patients -> ase.csv" in done.stderr
    assert {row["subject_id"] for row in rows} == {"10002428", "10004235"}


# -- score ---------------------------------------------------------------------


@pytest.mark.shared
def test_a_score_tells_components_bounds_and_the_events_that_decided(
    mimic_demo, tmp_path
):
    source = ("--source", "mimic-iv", "--path", mimic_demo)
    text = told(
        *("score", PATIENT, "--at", "2157-11-21T12:00Z", *source, "--score", "sofa"),
        cwd=tmp_path,
    )
    for words in ("policy ember", "platelets 283", "with what is missing 0 to 12"):
        assert words in text
    assert "missing: pao2_fio2" in text


@pytest.mark.shared
def test_only_what_was_known_by_a_moment_counts(mimic_demo, tmp_path):
    def sofa(*more):
        told_json = told(
            *("score", PATIENT, "--at", "2157-11-21T04:00Z", "--path", mimic_demo),
            *("--score", "sirs", "--json", *more),
            cwd=tmp_path,
        )
        (answer,) = SCORED.validate_json(told_json)
        return answer

    hindsight = sofa()
    then = sofa("--as-known-at", "2157-11-21T04:00Z")
    late = [one for one in hindsight.events if one.known_at > then.as_known_at]
    assert late, "the white cells of 03:16 were known at 04:30"
    assert not [one for one in then.events if one.known_at > then.as_known_at]
    assert then.answer != hindsight.answer


@pytest.mark.shared
def test_a_patient_that_the_source_does_not_know_is_told(mimic_demo, tmp_path):
    done = ember("score", "77", "--at", DISCHARGED, "--path", mimic_demo, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(
        "ember: EMB-304: mimic-iv tells nothing of the subjects asked for: 77."
    )


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """Two days of the demonstration, as a user leaves them behind."""
    folder = tmp_path_factory.mktemp("demo")
    done = ember("demo", "--days", 2, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_registry_s_archive_tells_the_same_score_as_its_flag(house):
    registry = ("--registry", f"sqlite:///{house}/demo/ember.sqlite")
    flags = json.loads(told("query", "onsets", *registry, "--json", cwd=house))
    assert flags
    flag = flags[0]
    patient = f"{flag['site']}/{flag['patient']}"
    (scored,) = SCORED.validate_json(
        told(
            *("score", patient, "--at", flag["known_at"], *registry),
            *("--as-known-at", flag["known_at"], "--score", "sepsis3", "--json"),
            cwd=house,
        )
    )
    assert scored.patient == patient
    onsets = [one.onset.isoformat() for one in scored.answer.episodes]
    assert any(flag["happened_at"].startswith(one[:16]) for one in onsets)
    assert scored.events


def test_without_a_choice_every_score_is_told(house):
    registry = ("--registry", f"sqlite:///{house}/demo/ember.sqlite")
    flags = json.loads(told("query", "onsets", *registry, "--json", cwd=house))
    patient, at = flags[0]["patient"], flags[0]["known_at"]
    text = told("score", patient, "--at", at, *registry, cwd=house)
    named = [name for name, rule in rules().items() if rule.sort == "score"]
    assert all(f"\n{name} (version " in text for name in named)


def test_the_hospital_s_zone_is_that_of_the_setting(house):
    registry = ("--registry", f"sqlite:///{house}/demo/ember.sqlite")
    flags = json.loads(told("query", "onsets", *registry, "--json", cwd=house))
    asked = ("score", flags[0]["patient"], "--at", flags[0]["known_at"], *registry)
    asked = (*asked, "--score", "ase")
    assert "hospital_time_zone" in told(*asked, cwd=house)
    done = ember(*asked, cwd=house, EMBER_ZONE="Europe/Athens")
    assert done.returncode == 0, done.stderr
    assert "hospital_time_zone" not in done.stdout
    assert ember(*asked, cwd=house, EMBER_ZONE="Mars").returncode == 1
