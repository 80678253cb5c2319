"""What coded diagnoses make of Charlson's and Elixhauser's indices, as timelines."""

from dataclasses import replace

import pytest

from streams.clinical.comorbidity.charlson import (
    CHARLSON,
    CHARLSON_MIMIC,
    charlson,
    charlson_conditions,
)
from streams.clinical.comorbidity.elixhauser import (
    ELIXHAUSER,
    ELIXHAUSER_COUNT,
    ELIXHAUSER_MIMIC,
    elixhauser,
)


ICD9, ICD10 = "http://hl7.org/fhir/sid/icd-9-cm", "http://hl7.org/fhir/sid/icd-10-cm"


def coded(*codes, age=40, what="condition"):
    """A stay of a patient of that age, with ICD-10 codes unless they name a system."""
    head = f"""
    at      | what     | value    | encounter
    1 08:00 | aged     | {age}    |
    1 09:00 | hospital | admitted | 7
    """
    named = (code if "~" in code else f"{ICD10}~{code}" for code in codes)
    return head + "\n".join(f"4 12:00 | {what} | {code} | 7" for code in named)


def part(score, name):
    (found,) = (c for c in score.components if c.name == name)
    return (found.points, found.lower, found.upper)


# -- Charlson ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codes", "points"),
    [
        (("I21.4",), 1),
        (("I50.9",), 1),
        (("K25.0",), 1),
        (("K70.3",), 1),
        (("K76.6",), 3),
        (("K70.3", "K76.6"), 3),  # of mild and severe liver disease the severe
        (("E11.9",), 1),
        (("E11.2",), 2),
        (
            ("E11.9", "E11.2"),
            2,
        ),  # of diabetes with and without complications the former
        (("G82.2",), 2),
        (("N18.6",), 2),
        (("C34.1",), 2),
        (("C78.7",), 6),
        (("C34.1", "C78.7"), 6),  # of cancer and its metastasis the latter
        (("B20",), 6),
        (("I21.4", "I21.9", "I25.2"), 1),  # a condition counts once
        (("I21.4", "N18.6", "B20"), 9),
        (("A41.9",), 0),  # sepsis is no comorbidity
    ],
)
def test_each_condition_has_the_weight_of_1987(timeline_of, at, codes, points):
    score = charlson(timeline_of(coded(*codes)), at("9 00:00"), encounter="7")
    assert (score.total, score.lower, score.upper) == (points, points, points)


@pytest.mark.parametrize(
    ("age", "points", "older"),
    [
        (0, 0, 0),
        (49, 0, 0),
        (50, 1, 0),
        (51, 1, 1),
        (59, 1, 1),
        (60, 2, 1),
        (61, 2, 2),
        (70, 3, 2),
        (71, 3, 3),
        (80, 4, 3),
        (81, 4, 4),
        (99, 4, 4),
    ],
)
def test_each_decade_from_50_is_a_point_and_was_from_51_on(
    timeline_of, at, age, points, older
):
    timeline = timeline_of(coded("A41.9", age=age))
    for reading, expected in (("decades_from_50", points), ("decades_from_51", older)):
        policy = replace(CHARLSON, age=reading)
        score = charlson(timeline, at("9 00:00"), encounter="7", policy=policy)
        assert part(score, "age") == (expected, expected, expected)


def test_the_index_of_1987_has_no_age(timeline_of, at):
    policy = replace(CHARLSON, age="none")
    timeline = timeline_of(coded("I21.4", age=90))
    assert charlson(timeline, at("9 00:00"), encounter="7", policy=policy).total == 1


def test_a_year_of_birth_leaves_two_ages(timeline_of, at):
    table = coded("A41.9").replace("aged     | 40", "born     | 2100")
    score = charlson(timeline_of(table), at("9 00:00"), encounter="7")
    assert part(score, "age") == (0, 0, 1)


def test_without_a_year_of_birth_age_is_missing(timeline_of, at):
    rows = [row for row in coded("A41.9").splitlines() if "aged" not in row]
    score = charlson(timeline_of("\n".join(rows)), at("9 00:00"), encounter="7")
    assert part(score, "age") == (None, 0, 4)
    assert score.missing == ("age",)


def test_the_systems_are_told_apart(timeline_of, at):
    """585 is chronic kidney disease in ICD-9-CM; nobody shares codes across systems."""
    nine = timeline_of(coded(f"{ICD9}~585.6"))
    ten = timeline_of(coded(f"{ICD10}~N18.6"))
    local = timeline_of(coded("urn:ember:local~585.6"))
    found = [
        charlson(t, at("9 00:00"), encounter="7").total for t in (nine, ten, local)
    ]
    assert found == [2, 2, 0]


@pytest.mark.parametrize(
    ("uncoded", "bounds"),
    [("absent_if_coded", (0, 29)), ("absent", (0, 0)), ("unknown", (0, 29))],
)
def test_a_stay_without_codes_is_not_a_stay_without_disease(
    timeline_of, at, uncoded, bounds
):
    policy = replace(CHARLSON, uncoded=uncoded)
    score = charlson(timeline_of(coded()), at("9 00:00"), encounter="7", policy=policy)
    assert (score.lower, score.upper) == bounds
    assert score.missing == (() if uncoded == "absent" else ("diagnoses",))


def test_what_is_not_coded_may_still_be_there_under_the_strictest_reading(
    timeline_of, at
):
    policy = replace(CHARLSON, uncoded="unknown")
    timeline = timeline_of(coded("E11.9", "K76.6"))
    score = charlson(timeline, at("9 00:00"), encounter="7", policy=policy)
    assert part(score, "diabetes") == (1, 1, 2)
    assert part(score, "liver_disease") == (3, 3, 3)
    assert part(score, "cancer") == (None, 0, 6)


def test_codes_count_from_the_moment_they_are_on_record(timeline_of, at):
    timeline = timeline_of(coded("I21.4"))
    before = charlson(timeline, at("4 11:59"), encounter="7")
    after = charlson(timeline, at("4 12:00"), encounter="7")
    assert (before.total, before.missing) == (0, ("diagnoses",))
    assert (after.total, after.missing) == (1, ())


def test_at_recruitment_the_codes_of_earlier_stays_are_what_is_known(timeline_of, at):
    table = (
        coded("I21.4")
        + f"""
    20 09:00 | hospital  | admitted        | 8
    25 12:00 | condition | {ICD10}~N18.6   | 8
    """
    )
    timeline = timeline_of(table)
    told = {
        (moment, stay): charlson(timeline, at(moment), encounter=stay).total
        for moment in ("20 10:00", "26 00:00")
        for stay in ("7", "8", None)
    }
    assert told == {
        ("20 10:00", "7"): 1,
        ("20 10:00", "8"): 0,
        ("20 10:00", None): 1,
        ("26 00:00", "7"): 1,
        ("26 00:00", "8"): 2,
        ("26 00:00", None): 3,
    }


def test_age_is_that_at_admission(timeline_of, at):
    table = coded("A41.9", age=49)
    timeline = timeline_of(table)
    assert part(charlson(timeline, at("400 00:00"), encounter="7"), "age")[0] == 0
    assert part(charlson(timeline, at("400 00:00")), "age")[0] == 1


def test_both_forms_of_a_disease_are_shown_though_one_counts(timeline_of, at):
    found = charlson_conditions(
        timeline_of(coded("E11.9", "E11.2")), at("9 00:00"), encounter="7"
    )
    assert found.shown == {"diabetes_without_cc": ("e2",), "diabetes_with_cc": ("e3",)}
    assert found.has("dementia") is False


def test_the_evidence_is_the_codes_that_counted(timeline_of, at):
    timeline = timeline_of(coded("E11.9", "E11.2", "I21.4"))
    score = charlson(timeline, at("9 00:00"), encounter="7")
    assert score.evidence == ("e0", "e4", "e3")


def test_mimic_code_reads_a_stay_without_codes_as_health(timeline_of, at):
    score = charlson(
        timeline_of(coded(age=60)), at("9 00:00"), encounter="7", policy=CHARLSON_MIMIC
    )
    assert (score.total, score.lower, score.upper) == (2, 2, 2)


# -- Elixhauser ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("codes", "points", "count"),
    [
        (("I50.9",), 7, 1),
        (("I48.0",), 5, 1),
        (("C78.7",), 12, 1),
        (("C34.1",), 4, 1),
        (("C34.1", "C78.7"), 12, 1),
        (("I10", "I11.0"), 7, 2),  # I11.0 is heart failure as well
        (("E11.9", "E11.2"), 0, 1),
        (("E66.9",), -4, 1),
        (("F11.2",), -7, 1),
        (("I50.9", "F11.2"), 0, 2),
        (("K74.6", "D68.9", "N18.6"), 19, 3),
        (("A41.9",), 0, 0),
    ],
)
def test_conditions_are_counted_or_weighted(timeline_of, at, codes, points, count):
    timeline = timeline_of(coded(*codes))
    weighted = elixhauser(timeline, at("9 00:00"), encounter="7")
    counted = elixhauser(
        timeline, at("9 00:00"), encounter="7", policy=ELIXHAUSER_COUNT
    )
    assert (weighted.total, weighted.lower, weighted.upper) == (points,) * 3
    assert (counted.total, counted.lower, counted.upper) == (count,) * 3


def test_without_the_hierarchy_both_forms_count(timeline_of, at):
    timeline = timeline_of(coded("C34.1", "C78.7"))
    policy = replace(ELIXHAUSER, hierarchy=False)
    assert elixhauser(timeline, at("9 00:00"), encounter="7", policy=policy).total == 16


@pytest.mark.parametrize(("policy", "points"), [(ELIXHAUSER, 5), (ELIXHAUSER_MIMIC, 0)])
def test_mimic_code_leaves_the_arrhythmias_out(timeline_of, at, policy, points):
    timeline = timeline_of(coded("I48.0"))
    score = elixhauser(timeline, at("9 00:00"), encounter="7", policy=policy)
    assert score.total == points


@pytest.mark.parametrize(("policy", "points"), [(ELIXHAUSER, 7), (ELIXHAUSER_MIMIC, 0)])
def test_why_the_patient_came_is_no_comorbidity_to_mimic_code(
    timeline_of, at, policy, points
):
    timeline = timeline_of(coded("I50.9", what="principal"))
    score = elixhauser(timeline, at("9 00:00"), encounter="7", policy=policy)
    assert score.total == points


def test_without_codes_the_score_lies_between_all_good_and_all_bad(timeline_of, at):
    score = elixhauser(timeline_of(coded()), at("9 00:00"), encounter="7")
    # 89 less the 4 points of a solid tumour, which metastases take the place of.
    assert (score.lower, score.upper) == (-19, 85)
    assert score.missing == ("diagnoses",)


def test_there_are_31_conditions(timeline_of, at):
    policy = replace(ELIXHAUSER_COUNT, hierarchy=False)
    score = elixhauser(timeline_of(coded()), at("9 00:00"), policy=policy)
    assert (len(score.components), score.upper) == (31, 31)
