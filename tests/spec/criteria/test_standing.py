"""Scores, markers, labels and stays: what is told of a patient as a whole."""

import pytest


QSOFA = "{kind: score, score: qsofa, is: '>= 2 {score}'}"


@pytest.mark.parametrize(
    ("table", "truth"),
    [
        ("1 10:00 | resp_rate | 24\n1 10:00 | sbp | 90", "TRUE"),  # whatever the GCS
        ("1 10:00 | resp_rate | 24", "UNKNOWN"),
        ("1 10:00 | resp_rate | 12\n1 10:00 | sbp | 120", "FALSE"),
        ("", "UNKNOWN"),
    ],
)
def test_a_score_is_an_interval_of_what_is_missing(says, table, truth):
    assert says(QSOFA, table) == truth


def test_one_component_alone(says):
    rule = (
        "{kind: score, score: qsofa, component: respiratory_rate, is: '>= 1 {score}'}"
    )
    assert says(rule, "1 10:00 | resp_rate | 24") == "TRUE"
    assert says(rule, "1 10:00 | sbp | 90") == "UNKNOWN"


def test_the_change_of_a_score_since_an_anchor(says):
    rule = """
        {kind: score, score: qsofa, is: '>= 1 {score}',
         change_since: icu.happened_at}
    """
    before = """
        1 03:00 | resp_rate | 12
        1 03:00 | sbp       | 120
        1 03:00 | gcs_total | 15
        1 04:00 | icu       | entered
    """
    same = "1 11:00 | resp_rate | 12\n1 11:00 | sbp | 120\n1 11:00 | gcs_total | 15"
    assert says(rule, before + same.replace("| 12\n", "| 24\n")) == "TRUE"
    assert says(rule, before + same) == "FALSE"


@pytest.mark.parametrize(
    ("table", "truth"),
    [
        ("1 10:00 | biomarker ferritin | 5000 ng/mL Abbott", "TRUE"),
        ("1 10:00 | biomarker ferritin | 5000 ng/mL Roche", "UNKNOWN"),
        ("1 10:00 | ferritin | 5000", "UNKNOWN"),  # of no assay that is named
        ("1 10:00 | biomarker ferritin | >1650 ng/mL Abbott", "UNKNOWN"),
        ("1 10:00 | biomarker ferritin | 4420 ng/mL Abbott", "FALSE"),
    ],
)
def test_only_results_of_the_assay_are_compared(says, table, truth):
    rule = """
        {kind: marker, marker: ferritin, assay: abbott, is: '> 4420 ng/mL',
         within: 24 h}
    """
    assert says(rule, table) == truth


@pytest.mark.parametrize(
    ("ferritin", "truth"), [("4421", "TRUE"), ("4420", "FALSE"), (">1650", "UNKNOWN")]
)
def test_a_rule_of_the_table_of_markers(says, ferritin, truth):
    table = f"1 10:00 | ferritin | {ferritin}"
    assert says("{kind: marker, marker: mals}", table) == truth


@pytest.mark.parametrize(
    ("label", "truth"),
    [
        ("SRS1 2022 rna-seq", "TRUE"),
        ("SRS2 2022 rna-seq", "FALSE"),
        ("SRS1 - rna-seq", "UNKNOWN"),  # of no version: refused
    ],
)
def test_a_label_from_outside(says, label, truth):
    rule = "{kind: phenotype, classifier: srs, any_of: [SRS1]}"
    assert says(rule, f"1 10:00 | label srs | {label}") == truth


def test_a_label_from_outside_grows_old(says):
    rule = "{kind: phenotype, classifier: srs, any_of: [SRS1], within: 6 h}"
    assert says(rule, "1 06:00 | label srs | SRS1 2022 rna-seq") == "TRUE"
    assert says(rule, "1 05:59 | label srs | SRS1 2022 rna-seq") == "UNKNOWN"


def test_a_stratum_of_several_markers_is_a_label_too(says):
    rule = "{kind: phenotype, classifier: immunosep, any_of: [mals]}"
    assert says(rule, "1 10:00 | ferritin | 5000") == "TRUE"
    assert says(rule, "1 10:00 | ferritin | 100") == "FALSE"


STAYS = """
    1 06:00 | stay inpatient | admitted      | before
    8 06:00 | stay inpatient | left{where}   | before
    9 06:00 | stay inpatient | admitted      | now
"""


def test_a_stay_that_ended_shortly_before_this_one(says):
    table = STAYS.format(where="")
    assert says("{kind: prior_stay, within: 24 h}", table, "9 12:00") == "TRUE"
    assert says("{kind: prior_stay, within: 23 h}", table, "9 12:00") == "UNKNOWN"
    denied = "{kind: prior_stay, within: 23 h, absent_means: false}"
    assert says(denied, table, "9 12:00") == "FALSE"


def test_a_transfer_is_known_where_the_other_stay_is_on_record(says):
    sent = STAYS.format(where=" to acute_hospital")
    assert says("{kind: transferred}", sent, "9 12:00") == "TRUE"
    assert says("{kind: transferred}", STAYS.format(where=""), "9 12:00") == "UNKNOWN"


def test_of_stays_known_by_date_alone_nobody_knows_which_came_first(says):
    table = STAYS.format(where="").replace("8 06:00 ", "8       ")
    for rule in (
        "{kind: prior_stay, within: 24 h}",
        "{kind: prior_stay, within: 24 h, absent_means: false}",
        "{kind: transferred, absent_means: false}",
    ):
        assert says(rule, table, "9 12:00") == "UNKNOWN"
