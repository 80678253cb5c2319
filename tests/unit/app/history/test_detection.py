"""What `ember detect` says beside its table."""

import csv

import pytest

from streams.app.history.detection import detect


@pytest.fixture
def age():
    """The patient's, in years."""
    return 50


@pytest.fixture
def treated(mimic, age):
    """A patient with a blood culture and five days of vancomycin on order."""
    came = {"hadm_id": 20, "admittime": "2150-01-01 06:00:00"}
    mimic.add("hosp/admissions", **came, dischtime="2150-01-09 12:00:00")
    mimic.add("hosp/patients", anchor_age=age, anchor_year=2150, gender="F")
    mimic.add(
        "hosp/microbiologyevents",
        hadm_id=20,
        microevent_id=1,
        micro_specimen_id=70,
        chartdate="2150-01-01 00:00:00",
        charttime="2150-01-01 08:30:00",
        spec_type_desc="BLOOD CULTURE",
        test_name="Blood Culture, Routine",
    )
    mimic.add(
        "hosp/prescriptions",
        hadm_id=20,
        pharmacy_id=5,
        starttime="2150-01-01 09:00:00",
        stoptime="2150-01-06 09:00:00",
        drug_type="MAIN",
        drug="Vancomycin",
        route="IV",
    )
    mimic.write()
    return mimic.folder


def detected(folder, tmp_path, capsys, definition, policy=None):
    out = tmp_path / "found.csv"
    detect(path=folder, out=out, definition=definition, policy=policy)
    with out.open(newline="") as file:
        return list(csv.DictReader(file)), capsys.readouterr().err


def test_a_source_of_orders_alone_is_told_where_doses_given_count(
    treated, tmp_path, capsys
):
    rows, told = detected(treated, tmp_path, capsys, "ase", "toolkit")
    assert rows == []
    assert "orders of antimicrobials and no dose given" in told
    assert "--policy orders" in told


@pytest.mark.parametrize(
    ("definition", "policy"), [("ase", "orders"), ("bse", "toolkit"), ("sep1", None)]
)
def test_it_is_not_told_where_no_dose_given_is_asked_for(
    treated, tmp_path, capsys, definition, policy
):
    _, told = detected(treated, tmp_path, capsys, definition, policy)
    assert "no dose given" not in told
    assert "in 1 patient ->" in told


def test_a_definition_for_children_leaves_out_the_grown_and_says_so(
    treated, tmp_path, capsys
):
    rows, told = detected(treated, tmp_path, capsys, "phoenix_sepsis")
    assert rows == []
    assert "1 episode of grown patients left out" in told


@pytest.mark.parametrize("age", [9])
def test_a_child_has_its_row(treated, tmp_path, capsys):
    rows, told = detected(treated, tmp_path, capsys, "phoenix_sepsis")
    assert [row["subject_id"] for row in rows] == ["1"]
    assert "left out" not in told
