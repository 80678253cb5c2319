"""SENECA: the authors' own mock patients, and timelines of a first six hours."""

import csv
from dataclasses import replace
from datetime import timedelta
from math import exp
from pathlib import Path

import pytest

from streams.clinical.phenotypes.seneca import SPEC, assign, seneca
from streams.clinical.phenotypes.seneca_inputs import Input, inputs
from streams.clinical.phenotypes.seneca_policy import DEFAULT, SCRIPT, SenecaPolicy
from streams.clinical.phenotypes.seneca_table import PHENOTYPES, variables


GOLDEN = list(
    csv.DictReader(Path(__file__).with_name("seneca.csv").read_text().splitlines())
)
"""Mock patients of pitt-healthsciences/SENECA (commit a367fea, MIT) with the distances
published there.  The values that their script imputed at random are those of the mock
patients' own values with which the published distances come out."""


def values_of(row):
    return [Input(variable=name, value=float(row[name])) for name in variables()]


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: row["case"])
def test_the_authors_mock_patients(row):
    found = assign(values_of(row), SCRIPT)
    assert found.distances == pytest.approx(
        [float(row[name]) for name in PHENOTYPES], abs=1e-12
    )
    assert found.label == row["label"]
    assert found.count == 28  # without age


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: row["case"])
def test_with_age_the_published_distances_do_not_come_out(row):
    found = assign(values_of(row), replace(SCRIPT, compat="all29"))
    assert found.count == 29
    assert all(
        ours != pytest.approx(float(row[name]), abs=1e-4)
        for ours, name in zip(found.distances, PHENOTYPES, strict=True)
    )


@pytest.mark.parametrize("name", PHENOTYPES)
def test_a_patient_at_a_centroid_belongs_to_it(name):
    """At the centroid itself the distance is nought and the margin endless."""
    at_it = [
        Input(variable=v.name, value=_value_at(v, v.centroids[PHENOTYPES.index(name)]))
        for v in variables().values()
    ]
    for policy in (DEFAULT, SCRIPT, replace(SCRIPT, compat="all29")):
        found = assign(at_it, policy)
        assert found.label == name
        assert min(found.distances) == pytest.approx(0, abs=1e-9)
        assert found.margin > 1e6


def _value_at(variable, z):
    raw = variable.mean + z * variable.sd
    match variable.transform:
        case "ln":
            return exp(raw)
        case "ln101minus":
            return 101 - exp(raw)
    return raw


# -- refusal -------------------------------------------------------------------


@pytest.mark.parametrize(("count", "label"), [(19, False), (20, True), (21, True)])
def test_with_fewer_than_twenty_variables_there_is_no_label(count, label):
    some = [one for one in values_of(GOLDEN[0]) if one.variable != "crp"][:count]
    found = assign(some)
    assert (found.label is not None) is label
    assert found.count == count
    assert found.refused == (None if label else "19 of 20 variables")
    assert len(found.distances) == 4
    assert len(found.used) + len(found.missing) == 28


def test_of_nothing_there_are_no_distances():
    found = assign([])
    assert (found.label, found.distances, found.margin) == (None, None, None)


def test_two_that_are_equally_near_are_no_label():
    """Alpha and gamma of the temperature alone, the nearest two, and their middle."""
    temp = variables()["temp"]
    alpha, _, gamma, _ = temp.centroids
    middle = temp.mean + (alpha + gamma) / 2 * temp.sd
    found = assign([Input(variable="temp", value=middle)], SenecaPolicy(least=1))
    assert (found.label, found.refused) == (None, "two are equally near")
    beside = [Input(variable="temp", value=middle + 0.01)]
    assert assign(beside, SenecaPolicy(least=1)).label == "gamma"


# -- what is doubtful is told --------------------------------------------------


def test_the_label_by_every_other_reading_is_told():
    found = assign(values_of(GOLDEN[0]))
    assert [name for name, _ in found.other_readings] == [
        "all29, crp mg/L",
        "all29, crp mg/dL",
        "script, crp left_out",
        "script, crp mg/L",
        "script, crp mg/dL",
    ]
    assert dict(found.other_readings)["script, crp mg/L"] == "gamma"


def test_crp_in_either_unit_or_left_out():
    row = [Input(variable="crp", value=100.0)]
    by_litre = assign(row, SenecaPolicy(crp="mg/L", least=1))
    by_decilitre = assign(row, SenecaPolicy(crp="mg/dL", least=1))
    ten = assign([Input(variable="crp", value=10.0)], SenecaPolicy(crp="mg/L", least=1))
    assert by_decilitre.distances == ten.distances != by_litre.distances
    assert assign(row, SenecaPolicy(least=0)).used == ()


def test_what_is_missing_may_stand_at_the_mean():
    row = values_of(GOLDEN[0])[:25]
    skipped = assign(row)
    filled = assign(row, SenecaPolicy(missing="derivation_mean"))
    assert all(f > s for f, s in zip(filled.distances, skipped.distances, strict=True))
    assert filled.used == skipped.used


# -- timelines -----------------------------------------------------------------

SIX_HOURS = """
at      | what            | value | specimen
1 07:00 | born            | 2090  |
1 08:30 | albumin         | 3.5   |
1 08:30 | alt             | 25    |
1 08:30 | ast             | <5    |
1 08:30 | bands_pct       | 0     |
1 08:30 | bicarbonate     | 24    |
1 08:30 | bilirubin_total | 0.6   |
1 08:30 | bun             | 17    |
1 08:30 | chloride        | 103   |
1 08:30 | creatinine      | 1.7   |
1 08:30 | esr             | 27    |
1 08:30 | gcs_total       | 15    |
1 11:00 | gcs_total       | 6     |
1 08:30 | glucose         | 144   |
1 08:30 | haemoglobin     | 11.6  |
1 08:00 | heart_rate      | 90    |
1 12:00 | heart_rate      | 119   |
1 08:30 | inr             | 1.3   |
1 08:30 | lactate         | 5.1   |
1 08:30 | pao2            | 40    | venous
1 09:00 | pao2            | 99    | arterial
1 08:30 | platelets       | 257   |
1 08:00 | resp_rate       | 26    |
1 08:00 | spo2            | 98    |
1 14:00 | spo2            | 87    |
1 14:01 | spo2            | 70    |
1 08:30 | sodium          | 142   |
1 08:00 | sbp             | 120   |
1 10:00 | sbp             | 94    |
1 08:00 | temperature     | 37.1  |
1 10:00 | temperature     | 34.0  |
1 11:00 | temperature     | 39.0  |
1 08:30 | troponin_t      | 0.32  |
1 08:30 | wbc             | 32    |
"""


@pytest.fixture
def told(timeline_of, at):
    def ask(moment="1 20:00", table=SIX_HOURS, **changed):
        policy = replace(DEFAULT, **changed)
        return seneca(timeline_of(table), at("1 08:00"), at(moment), policy)

    return ask


def inputs_of(found_or_timeline, at, policy=DEFAULT):
    start = at("1 08:00")
    found = inputs(found_or_timeline, start, start + policy.within, policy)
    return {one.variable: one.value for one in found}


def test_the_worst_of_six_hours_counts(timeline_of, at):
    found = inputs_of(timeline_of(SIX_HOURS), at)
    assert found["hr"] == 119
    assert found["sbp"] == 94
    assert found["gcs"] == 6
    assert found["sao2"] == 87  # 70 came a minute too late
    assert found["temp"] == 34.0  # farther from the mean than 39.0
    assert found["pao2"] == 99  # arterial blood only
    assert found["age"] == 59.5
    assert "sex" not in found
    assert "elix" not in found


def test_the_first_values_may_count_instead(timeline_of, at):
    found = inputs_of(timeline_of(SIX_HOURS), at, SenecaPolicy(worst="first"))
    assert (found["hr"], found["sbp"], found["temp"]) == (90, 120, 37.1)


def test_a_result_of_nought_and_a_censored_one_are_told(told):
    found = told()
    assert found.noted == (("ast", "censored"), ("bands", "floored"))
    assert found.count == 26
    assert found.missing == ("elix", "sex")

    strict = told(zero="left_out", censored="left_out")
    assert strict.noted == ()
    assert strict.missing == ("ast", "bands", "elix", "sex")


def test_it_is_provisional_until_the_six_hours_are_over(told, at):
    early = told("1 09:00")
    assert (early.status, early.final_at) == ("provisional", at("1 14:00"))
    assert early.label is not None
    assert told("1 08:15").refused == "6 of 20 variables"
    assert told("1 14:00").status == "confirmed"
    assert told("1 14:00") == told("9 14:00")


def test_the_three_parts_of_the_coma_scale_may_stand_for_the_whole(timeline_of, at):
    parts = """
    at      | what       | value
    1 09:00 | gcs_eye    | 2
    1 09:00 | gcs_verbal | 1
    1 09:00 | gcs_motor  | 4
    1 10:00 | gcs_eye    | 1
    1 10:00 | gcs_motor  | 1
    """
    assert inputs_of(timeline_of(parts), at) == {"gcs": 7}


def test_comorbidity_is_known_once_diagnoses_are_coded(timeline_of, at):
    coded = (
        SIX_HOURS
        + """
    1 08:00 | condition | http://hl7.org/fhir/sid/icd-10-cm~I50.9 |
    1 08:00 | condition | http://hl7.org/fhir/sid/icd-10-cm~J44.9 |
    """
    )
    assert inputs_of(timeline_of(coded), at)["elix"] == 2


def test_the_specification_names_the_policys_arguments():
    assert {c.argument for c in SPEC.choices} == set(SenecaPolicy.__dataclass_fields__)
    assert timedelta(hours=6) == DEFAULT.within
