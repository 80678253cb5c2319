"""Cultures: pending is not negative, a stain is not an organism, skin is not sepsis."""

import pytest


TAKEN = "1 06:00 | culture | BLOOD CULTURE\n"
AUREUS = """
    {kind: culture, result: positive, organisms: [staphylococcus aureus],
     specimens: [blood], within: 14 d}
"""


@pytest.mark.parametrize(
    ("reports", "truth"),
    [
        ("2 06:00 | grew e0 | STAPHYLOCOCCUS AUREUS", "TRUE"),
        ("2 06:00 | grew e0 | preliminary GRAM POSITIVE COCCI", "UNKNOWN"),
        ("2 06:00 | grew e0 | ESCHERICHIA COLI", "FALSE"),
        ("4 06:00 | grew e0 | -", "FALSE"),
        ("", "UNKNOWN"),
    ],
)
def test_is_it_staphylococcus_aureus(says, reports, truth):
    assert says(AUREUS, TAKEN + reports, "5 12:00") == truth


def test_a_pending_culture_is_what_is_waited_for(judged):
    said = judged(AUREUS, TAKEN, "2 12:00")
    assert said.would_need == ("result of the blood culture",)
    assert said.evidence == ("e0",)


def test_urine_and_fluid_in_blood_bottles_are_no_blood(says):
    for specimen in ("URINE", "FLUID RECEIVED IN BLOOD CULTURE BOTTLES"):
        table = (
            f"1 06:00 | culture | {specimen}\n2 06:00 | grew e0 | STAPHYLOCOCCUS AUREUS"
        )
        assert says(AUREUS, table, "5 12:00") == "UNKNOWN"


IGNORING = """
    {kind: culture, result: positive, contaminants: ignore, within: 14 d%s}
"""


@pytest.mark.parametrize(
    ("reports", "truth"),
    [
        ("2 06:00 | grew e0 | STAPHYLOCOCCUS EPIDERMIDIS", "FALSE"),
        ("2 06:00 | grew e0 | ESCHERICHIA COLI", "TRUE"),
        ("2 06:00 | grew e0 | preliminary GRAM POSITIVE COCCI", "UNKNOWN"),
    ],
)
def test_what_lives_on_the_skin_is_taken_for_no_growth_where_asked(
    says, reports, truth
):
    assert says(IGNORING % "", TAKEN + reports, "5 12:00") == truth


TWO = """
    2 06:00 | grew e0 | STAPHYLOCOCCUS AUREUS
    2 06:00 | grew e0 | ESCHERICHIA COLI
"""
SKIN = """
    2 06:00 | grew e0 | STAPHYLOCOCCUS AUREUS
    2 06:00 | grew e0 | STAPHYLOCOCCUS EPIDERMIDIS
"""


@pytest.mark.parametrize(("reports", "several"), [(TWO, "TRUE"), (SKIN, "FALSE")])
def test_polymicrobial_with_contaminants_ignored(says, reports, several):
    assert (
        says(IGNORING % ", polymicrobial: true", TAKEN + reports, "5 12:00") == several
    )


@pytest.mark.parametrize(
    ("result", "reports", "truth"),
    [
        ("pending", "", "TRUE"),
        ("pending", "4 06:00 | grew e0 | -", "FALSE"),
        ("negative", "4 06:00 | grew e0 | -", "TRUE"),
        ("negative", "", "UNKNOWN"),
        ("negative", "2 06:00 | grew e0 | ESCHERICHIA COLI", "FALSE"),
        ("any", "", "TRUE"),
    ],
)
def test_the_state_of_a_culture(says, result, reports, truth):
    rule = f"{{kind: culture, result: {result}, within: 14 d}}"
    assert says(rule, TAKEN + reports, "5 12:00") == truth


def test_the_window_is_held_against_the_clock_that_the_rule_names(says):
    grew = TAKEN + "2 06:00 | grew e0 | ESCHERICHIA COLI"
    rule = "{kind: culture, result: positive, within: 24 h, clock: %s}"
    assert says(rule % "resulted", grew, "2 12:00") == "TRUE"
    assert says(rule % "collected", grew, "2 12:00") == "UNKNOWN"


@pytest.mark.parametrize(
    ("answer", "truth"), [("R", "TRUE"), ("S", "FALSE"), ("?", "UNKNOWN")]
)
def test_what_an_organism_answers_to(says, answer, truth):
    rule = """
        {kind: susceptibility, organisms: [aureus], antimicrobial: oxacillin,
         any_of: [R], within: 14 d}
    """
    tested = f"3 06:00 | tested e0 | STAPHYLOCOCCUS AUREUS, OXACILLIN {answer}"
    assert says(rule, TAKEN + tested, "5 12:00") == truth


def test_what_was_not_tested_is_unknown(says):
    rule = """
        {kind: susceptibility, organisms: [aureus], antimicrobial: vancomycin,
         any_of: [R], within: 14 d}
    """
    tested = "3 06:00 | tested e0 | STAPHYLOCOCCUS AUREUS, OXACILLIN R"
    assert says(rule, TAKEN + tested, "5 12:00") == "UNKNOWN"
