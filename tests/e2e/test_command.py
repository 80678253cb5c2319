"""The `ember` command as its users run it: a process, its output, its exit status."""

import csv
import gzip
import json
import os
import shlex
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path

import jsonschema
import pytest


ROOT = Path(__file__).resolve().parents[2]
EMBER = Path(sys.executable).with_name("ember")


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


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A week's demonstration, as a user leaves it behind."""
    folder = tmp_path_factory.mktemp("demo")
    done = ember("demo", "--days", 7, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def registry(folder):
    return f"sqlite:///{folder}/demo/ember.sqlite"


def answer(what, folder, *more):
    done = ember(
        "query", what, "--registry", registry(folder), "--json", *more, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_demonstration_ends_with_what_a_coordinator_wants_to_see(demo):
    _, told = demo
    for words in ("sepsis onsets stand", "alerted", "consent given", "randomised"):
        assert words in told
    assert "Recruitment window left" in told
    assert "ember explain sim-1-" in told


def test_what_the_demonstration_tells_to_look_at_next_runs_as_it_is_printed(demo):
    folder, told = demo
    lines = told.partition("Look next:\n")[2].splitlines()
    assert len(lines) == 4
    for line in lines:
        done = subprocess.run(
            shlex.split(line), cwd=folder, capture_output=True, check=False
        )
        assert done.returncode == 0, (line, done.stderr)


@pytest.mark.parametrize(
    "what", ["onsets", "screenings", "participants", "outcomes", "alerts"]
)
def test_answers_keep_to_the_published_schema(demo, what):
    folder, _ = demo
    schema = json.loads((ROOT / f"deploy/schemas/query.{what}.json").read_text())
    if what == "alerts":
        done = ember(
            "alerts", "list", "--registry", registry(folder), "--json", cwd=folder
        )
        rows = json.loads(done.stdout)
    else:
        rows = answer(what, folder)
    assert rows
    jsonschema.validate(rows, schema)


def test_every_flagged_patient_of_the_demo_has_an_onset_before_it_was_known(demo):
    folder, _ = demo
    for onset in answer("onsets", folder):
        assert onset["happened_at"] <= onset["known_at"]


def test_nobody_is_randomised_twice_or_without_consent(demo):
    folder, _ = demo
    randomised = [p for p in answer("participants", folder) if p["randomised_at"]]
    assert randomised
    assert len({p["patient"] for p in randomised}) == len(randomised)
    assert all(p["consented_at"] <= p["randomised_at"] for p in randomised)


def test_explain_tells_the_criteria_with_their_events(demo):
    folder, _ = demo
    patient = next(p["patient"] for p in answer("participants", folder))
    done = ember("explain", patient, "--registry", registry(folder), cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "Sepsis flag" in done.stdout
    assert "because" in done.stdout
    as_json = ember(
        "explain", patient, "--registry", registry(folder), "--json", cwd=folder
    )
    (told,) = json.loads(as_json.stdout)
    assert told["patient"] == patient
    assert told["evidence"]


def test_explain_tells_the_answers_the_consent_the_arm_and_the_alert(demo):
    folder, _ = demo
    place = ("--registry", registry(folder))
    patient, arm = next(
        (p["patient"], p["arm"])
        for p in answer("participants", folder)
        if p["randomised_at"]
    )
    told = ember("explain", patient, *place, cwd=folder).stdout
    for words in (
        "signed by investigator.demo",
        "with the signed answers: eligible",
        "given (written)",
        f"to {arm}, number",
        "alert raised",
        "counted from",
    ):
        assert words in told
    as_json = ember("explain", patient, *place, "--json", cwd=folder).stdout
    schema = json.loads((ROOT / "deploy/schemas/explain.json").read_text())
    jsonschema.validate(json.loads(as_json), schema)
    (row,) = json.loads(as_json)
    assert row["answers"]
    assert row["alerts"]
    assert [c["state"] for c in row["consents"]] == ["asked", "given"]
    assert [r["arm"] for r in row["randomisations"]] == [arm]


def test_explain_tells_the_question_where_nobody_answered(demo):
    folder, _ = demo
    signed = {
        s["patient"]: s["status_with_answers"] == s["status_while_open"]
        for s in answer("screenings", folder)
    }
    patient = next(patient for patient, alike in signed.items() if alike)
    told = ember("explain", patient, "--registry", registry(folder), cwd=folder).stdout
    assert "Would you accept either hydrocortisone or none" in told
    assert "confirm:" not in told


def test_nobody_is_an_empty_array_or_a_sentence(demo):
    folder, _ = demo
    place = ("--registry", registry(folder))
    nobody = ember("explain", "NOBODY", *place, "--json", cwd=folder)
    assert (nobody.returncode, nobody.stdout) == (0, "[]\n")
    plain = ember("explain", "NOBODY", *place, cwd=folder)
    assert plain.returncode == 1
    assert plain.stderr.startswith("ember: EMB-304: ")


@pytest.mark.parametrize(
    ("name", "arguments"), [("audit.verify", ["audit", "verify"]), ("concepts", [])]
)
def test_other_rows_keep_to_the_published_schema(demo, name, arguments):
    folder, _ = demo
    place = ["--registry", registry(folder)] if arguments else []
    done = ember(*(arguments or [name]), *place, "--json", cwd=folder)
    schema = json.loads((ROOT / f"deploy/schemas/{name}.json").read_text())
    assert json.loads(done.stdout)
    jsonschema.validate(json.loads(done.stdout), schema)


def test_those_who_were_eligible_show_as_such_after_the_window_closed(demo):
    folder, told = demo
    rows = answer("screenings", folder)
    randomised = {
        p["patient"] for p in answer("participants", folder) if p["randomised_at"]
    }
    eligible = {r["patient"] for r in rows if r["status_with_answers"] == "eligible"}
    assert randomised <= eligible
    assert "eligible once answered" in told
    assert "from the onset itself" in told


def test_the_audit_of_the_demo_holds_and_a_changed_row_is_found(demo, tmp_path):
    folder, _ = demo
    done = ember("audit", "verify", "--registry", registry(folder), cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    copy = tmp_path / "copy.sqlite"
    with sqlite3.connect(folder / "demo/ember.sqlite") as kept:
        kept.execute("VACUUM INTO ?", (str(copy),))
    with sqlite3.connect(copy) as forged:
        for (trigger,) in forged.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            forged.execute(f"DROP TRIGGER {trigger}")
        forged.execute("UPDATE randomisation SET sequence_no = sequence_no + 100")
    done = ember("audit", "verify", "--registry", f"sqlite:///{copy}", cwd=folder)
    assert done.returncode == 1
    assert "BROKEN" in done.stdout


def test_an_empty_registry_answers_with_an_empty_array(tmp_path):
    url = f"sqlite:///{tmp_path}/empty.sqlite"
    assert ember("migrate", "--registry", url, cwd=tmp_path).returncode == 0
    for what in ("onsets", "screenings", "participants", "outcomes"):
        done = ember("query", what, "--registry", url, "--json", cwd=tmp_path)
        assert (done.returncode, done.stdout) == (0, "[]\n")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["query", "onsets", "--registry", "sqlite:////no/such/folder/x"], "EMB-301"),
        (["query", "onsets", "--registry", "mysql://x"], "EMB-402"),
        (["detect", "--path", "nowhere", "--out", "x.csv"], "EMB-403"),
        (["detect", "--path", ".", "--out", "x.csv"], "EMB-101"),
        (["replay", "--path", ".", "--source", "clif"], "EMB-402"),
        (["explain", "nobody"], "EMB-302"),
        (["alerts", "send", "--registry", "sqlite:///r.sqlite"], "EMB-302"),
    ],
)
def test_a_fault_is_one_clear_sentence_and_a_non_zero_exit(tmp_path, arguments, code):
    done = ember(*arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(f"ember: {code}: ")
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_read_makes_no_file(tmp_path):
    ember("query", "onsets", "--registry", "sqlite:///none.sqlite", cwd=tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_demonstration_refuses_a_registry_in_use(demo):
    folder, _ = demo
    done = ember("demo", "--registry", registry(folder), cwd=folder)
    assert done.returncode == 1
    assert "EMB-303" in done.stderr


def test_the_registry_can_be_named_by_the_environment_or_a_secret(demo, tmp_path):
    folder, _ = demo
    secret = tmp_path / "url"
    secret.write_text(registry(folder) + "\n")
    for environ in (
        {"EMBER_REGISTRY": registry(folder)},
        {"EMBER_REGISTRY_FILE": str(secret)},
    ):
        done = ember("query", "onsets", "--json", cwd=tmp_path, **environ)
        assert json.loads(done.stdout)


# -- on the MIMIC-IV demo ----------------------------------------------------------


@pytest.fixture(scope="module")
def replayed(mimic_demo, tmp_path_factory):
    """The whole demo, replayed once."""
    folder = tmp_path_factory.mktemp("replay")
    url = f"sqlite:///{folder}/r.sqlite"
    done = replay(mimic_demo, url, folder)
    assert done.returncode == 0, done.stderr
    return folder, url, json.loads(done.stdout)


def replay(path, url, folder, *more):
    return ember(
        *("replay", "--source", "mimic-iv", "--path", path, "--registry", url),
        *("--json", *more),
        cwd=folder,
    )


def tables(folder):
    """Every row of every table."""
    with sqlite3.connect(folder / "r.sqlite") as book:
        names = book.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {
            name: book.execute(f"SELECT * FROM {name}").fetchall()
            for (name,) in names.fetchall()
        }


@pytest.mark.shared
@pytest.mark.unmeasured
def test_a_replay_leaves_onsets_screenings_and_outcomes_and_alerts_nobody(replayed):
    folder, url, tally = replayed
    assert min(tally["onsets"], tally["screenings"], tally["outcomes"]) > 50
    rows = {
        what: json.loads(
            ember("query", what, "--registry", url, "--json", cwd=folder).stdout
        )
        for what in ("onsets", "screenings", "outcomes", "participants")
    }
    assert rows["onsets"]
    assert rows["screenings"]
    assert rows["outcomes"]
    assert rows["participants"] == []
    assert tables(folder)["outbox"] == []


@pytest.mark.shared
@pytest.mark.unmeasured
def test_a_second_replay_changes_no_table_but_the_log_of_runs(replayed, mimic_demo):
    folder, url, _ = replayed
    before = tables(folder)
    assert replay(mimic_demo, url, folder).returncode == 0
    after = tables(folder)
    assert {name for name in before if before[name] != after[name]} == {"replay_run"}


@pytest.mark.shared
def test_only_the_subjects_asked_for_are_replayed(mimic_demo, tmp_path):
    subjects = tmp_path / "subjects.txt"
    subjects.write_text("10000032\n10001217\n")
    url = f"sqlite:///{tmp_path}/r.sqlite"
    done = replay(mimic_demo, url, tmp_path, "--subjects", subjects)
    assert done.returncode == 0, done.stderr
    with sqlite3.connect(tmp_path / "r.sqlite") as book:
        patients = book.execute("SELECT DISTINCT patient FROM patient_state").fetchall()
    assert {p for (p,) in patients} == {"10000032", "10001217"}


@pytest.mark.shared
def test_detect_by_policy_mimic_equals_mimic_code(mimic_demo, shared_data, tmp_path):
    expected = shared_data / "mimic-iv-demo-expected"
    done = ember(
        *("detect", "--source", "mimic-iv", "--path", mimic_demo),
        *("--definition", "sepsis3", "--policy", "mimic"),
        *("--subjects", expected / "subjects.txt"),
        *("--out", "s.csv", "--hourly", "h.csv"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    for ours, theirs in (("s.csv", "sepsis3.csv.gz"), ("h.csv", "sofa.csv.gz")):
        with gzip.open(expected / theirs, "rt", newline="") as file:
            wanted = list(csv.DictReader(file))
        with (tmp_path / ours).open(newline="") as file:
            found = list(csv.DictReader(file))
        columns = list(wanted[0])
        assert len(found) == len(wanted)
        assert whole_rows(found, columns) == whole_rows(wanted, columns)


def whole_rows(rows, columns):
    return Counter(tuple(as_written(row[c]) for c in columns) for row in rows)


def as_written(cell):
    """Numbers to nine digits; ids, times and words as they stand."""
    try:
        return f"{float(cell):.9g}"
    except ValueError:
        return cell


@pytest.mark.shared
def test_a_detection_that_fails_leaves_the_file_of_before(mimic_demo, tmp_path):
    (tmp_path / "hosp").mkdir()
    for table in (mimic_demo / "hosp").iterdir():
        (tmp_path / "hosp" / table.name).symlink_to(table)
    (tmp_path / "s.csv").write_text("kept\n")
    done = ember("detect", "--path", tmp_path, "--out", "s.csv", cwd=tmp_path)
    assert done.returncode == 1
    assert "EMB-101" in done.stderr
    assert (tmp_path / "s.csv").read_text() == "kept\n"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["hosp", "s.csv"]


@pytest.mark.shared
def test_subjects_that_are_not_in_the_data_are_named(mimic_demo, tmp_path):
    (tmp_path / "who.txt").write_text("\ufeff10000032\n42\n", encoding="utf-8")
    done = ember(
        *("detect", "--path", mimic_demo, "--subjects", "who.txt", "--out", "s.csv"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "Not in the data: subjects 42." in done.stderr


def test_a_protocol_is_put_into_force_once_and_told_to_the_workers(tmp_path):
    url = f"sqlite:///{tmp_path}/r.sqlite"
    key = tmp_path / "key"
    key.write_bytes(bytes(range(32)))
    assert ember("migrate", "--registry", url, cwd=tmp_path).returncode == 0
    for _ in range(2):
        told = ember(
            *("protocol", "activate", "ember_demo"),
            *("--key", str(key), "--registry", url),
            cwd=tmp_path,
        )
        assert told.returncode == 0, told.stderr
        assert "is in force" in told.stdout
    with sqlite3.connect(tmp_path / "r.sqlite") as connection:
        rows = connection.execute("SELECT topic, key FROM outbox").fetchall()
    connection.close()
    assert rows == [("trial.protocols", "ember-demo")]


def test_a_protocol_is_not_put_into_force_with_a_short_key(tmp_path):
    key = tmp_path / "key"
    key.write_bytes(b"short")
    assert ember("migrate", cwd=tmp_path).returncode == 0
    told = ember("protocol", "activate", "ember_demo", "--key", str(key), cwd=tmp_path)
    assert told.returncode == 2
    assert "EMB-312" in told.stderr
