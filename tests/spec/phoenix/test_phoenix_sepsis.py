"""Paediatric sepsis and septic shock, told as small timelines."""

from dataclasses import replace

import pytest

from streams.clinical.definitions.phoenix_infection import InfectionPolicy
from streams.clinical.definitions.phoenix_population import PopulationPolicy
from streams.clinical.definitions.phoenix_sepsis import (
    DERIVATION,
    PHOENIX_SEPSIS,
    phoenix_sepsis,
)
from streams.clinical.definitions.policies import SuspicionPolicy
from streams.clinical.scores.phoenix.policy import PACKAGE, PHOENIX
from streams.vocabulary.events import Condition, Medication
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN


@pytest.fixture
def told(timeline_of, at):
    """The only answer under the default policy but for some arguments."""

    def ask(table, now="4 00:00", policy=PHOENIX_SEPSIS, **changed):
        answers = phoenix_sepsis(
            timeline_of(table), policy=replace(policy, **changed), now=at(now)
        )
        (answer,) = answers
        return answer

    return ask


SHOCK = """
at      | what          | value         | encounter
1 08:00 | hospital      | admitted      | h
1 08:00 | age           | 30            | h
1 09:00 | culture       | BLOOD CULTURE | h
1 10:00 | antimicrobial | ceftriaxone   | h
1 11:00 | platelets     | 80            | h
1 12:00 | map           | 40            | h
1 13:00 | lactate       | 6             | h
"""


def test_sepsis_begins_with_the_second_point(told, at):
    answer = told(SHOCK)
    assert answer.sepsis is TRUE
    assert answer.suspicion_at == at("1 09:00")
    assert answer.dysfunction_at == answer.onset_at == at("1 12:00")
    assert answer.score.total == 2
    assert answer.encounter == "h"


def test_with_a_cardiovascular_point_among_them_it_is_shock(told, at):
    answer = told(SHOCK)
    assert answer.shock is TRUE
    assert answer.shock_at == at("1 12:00")


def test_without_a_cardiovascular_point_it_is_no_shock(told):
    table = """
    at      | what          | value         | encounter
    1 08:00 | age           | 30            | h
    1 09:00 | culture       | BLOOD CULTURE | h
    1 10:00 | antimicrobial | ceftriaxone   | h
    1 11:00 | platelets     | 80            | h
    1 11:00 | inr           | 2             | h
    1 11:00 | map           | 60            | h
    1 11:00 | lactate       | 1             | h
    """
    answer = told(table, score=PACKAGE)
    assert (answer.sepsis, answer.shock) == (TRUE, FALSE)
    assert answer.onset_at is not None
    assert answer.shock_at is None


def test_shock_may_come_after_sepsis(told, at):
    table = """
    at      | what          | value         | encounter
    1 08:00 | age           | 30            | h
    1 09:00 | culture       | BLOOD CULTURE | h
    1 10:00 | antimicrobial | ceftriaxone   | h
    1 11:00 | platelets     | 80            | h
    1 11:00 | inr           | 2             | h
    1 20:00 | lactate       | 5             | h
    """
    early, late = told(table, now="1 19:59"), told(table)
    assert (early.sepsis, early.shock, early.status) == (TRUE, UNKNOWN, "provisional")
    assert (late.shock, late.shock_at) == (TRUE, at("1 20:00"))


def test_dysfunction_before_suspicion_begins_with_suspicion(told, at):
    table = """
    at      | what          | value         | encounter
    1 08:00 | age           | 30            | h
    1 11:00 | lactate       | 12            | h
    1 14:00 | culture       | BLOOD CULTURE | h
    1 15:00 | antimicrobial | ceftriaxone   | h
    """
    answer = told(table)
    assert answer.dysfunction_at == at("1 11:00")
    assert answer.onset_at == answer.shock_at == at("1 14:00")


@pytest.mark.parametrize(
    ("lactate_at", "sepsis"),
    [
        ("2 23:59", FALSE),
        ("3 00:00", TRUE),
        ("6 00:00", TRUE),
        ("6 00:01", FALSE),
    ],
)
def test_dysfunction_counts_from_48_hours_before_until_24_after(
    told, lactate_at, sepsis
):
    table = f"""
    at           | what          | value         | encounter
    1 08:00      | age           | 30            | h
    5 00:00      | culture       | BLOOD CULTURE | h
    5 10:00      | antimicrobial | ceftriaxone   | h
    {lactate_at} | lactate       | 12            | h
    """
    lasting = replace(PACKAGE, lactate_within=PACKAGE.lactate_within * 0)
    assert told(table, now="9 00:00", score=lasting).sepsis is sepsis


def test_one_point_is_no_sepsis_where_missing_is_normal_and_open_where_not(told):
    table = """
    at      | what          | value         | encounter
    1 08:00 | age           | 30            | h
    1 09:00 | culture       | BLOOD CULTURE | h
    1 10:00 | antimicrobial | ceftriaxone   | h
    1 12:00 | map           | 40            | h
    """
    assert told(table).sepsis is UNKNOWN
    answer = told(table, score=PACKAGE)
    assert (answer.sepsis, answer.shock) == (FALSE, FALSE)
    assert answer.score.total == 1


def test_nobody_suspecting_an_infection_there_is_no_answer(timeline_of, at):
    table = """
    at      | what    | value
    1 08:00 | age     | 30
    1 12:00 | map     | 10
    1 13:00 | lactate | 16
    """
    answers = phoenix_sepsis(timeline_of(table), now=at("4 00:00"))
    assert answers == ()


@pytest.mark.parametrize(
    ("organs", "score", "sepsis", "status"),
    [
        ("", PHOENIX, UNKNOWN, "provisional"),
        ("", PACKAGE, FALSE, "withdrawn"),
        ("1 11:00 | inr | 2 |\n1 11:00 | platelets | 80 |", PACKAGE, TRUE, "confirmed"),
    ],
)
def test_when_the_period_is_over_sepsis_is_confirmed_or_withdrawn(
    told, at, organs, score, sepsis, status
):
    """What is unknown then is neither: a late result may still tell."""
    table = f"""
    at      | what          | value         | encounter
    1 08:00 | age           | 30            | h
    1 09:00 | culture       | BLOOD CULTURE | h
    1 10:00 | antimicrobial | ceftriaxone   | h
    {organs}
    """
    early = told(table, now="2 08:59", score=score)
    late = told(table, now="2 09:00", score=score)
    assert early.final_at == late.final_at == at("2 09:00")
    assert (early.status, late.status) == ("provisional", status)
    assert late.sepsis is sepsis


def test_a_line_that_goes_out_lets_the_cuff_speak(told, at):
    table = """
    at      | what          | value         | encounter | method
    1 08:00 | age           | 30            | h         |
    1 09:00 | culture       | BLOOD CULTURE | h         |
    1 10:00 | antimicrobial | ceftriaxone   | h         |
    1 10:00 | map           | 60            | h         | arterial_line
    1 12:00 | map           | 20            | h         | noninvasive
    """
    answer = told(table)
    assert answer.sepsis is TRUE
    assert at("1 16:00") < answer.onset_at < at("1 16:01")


def test_shock_or_being_no_child_settles_it_before_the_period_is_over(told):
    assert told(SHOCK, now="1 13:00").status == "confirmed"
    grown = SHOCK.replace("| 30 ", "| 300 ")
    assert told(grown, now="1 10:00").status == "withdrawn"


# -- suspected infection -------------------------------------------------------

DOSES = """
at      | what               | value         | encounter
1 08:00 | age                | 30            | h
1 08:00 | hospital           | admitted      | h
1 09:00 | lactate            | 12            | h
1 10:00 | antimicrobial given | ceftriaxone  | h
1 11:00 | culture            | BLOOD CULTURE | h
1 22:00 | antimicrobial given | ceftriaxone  | h
"""


def test_a_test_and_two_doses_suspect_at_the_last_of_them(told, at):
    doses = InfectionPolicy(infection="test_and_doses")
    answer = told(DOSES, infection=doses)
    assert answer.suspicion_at == answer.onset_at == at("1 22:00")
    assert told(DOSES).suspicion_at == at("1 10:00")


def test_one_dose_is_not_two(timeline_of, at):
    table = DOSES.rsplit("\n", 2)[0]
    policy = replace(
        PHOENIX_SEPSIS, infection=InfectionPolicy(infection="test_and_doses")
    )
    assert phoenix_sepsis(timeline_of(table), policy=policy, now=at("4 00:00")) == ()


def test_a_dose_of_another_stay_does_not_count(timeline_of, at):
    table = DOSES.replace("1 22:00 | antimicrobial given | ceftriaxone  | h", "")
    table += "1 22:00 | antimicrobial given | ceftriaxone  | other\n"
    policy = replace(
        PHOENIX_SEPSIS, infection=InfectionPolicy(infection="test_and_doses")
    )
    assert phoenix_sepsis(timeline_of(table), policy=policy, now=at("4 00:00")) == ()


@pytest.mark.parametrize(
    "spoilt",
    [
        DOSES.replace("BLOOD CULTURE | h", "BLOOD CULTURE | other"),
        DOSES.replace("BLOOD CULTURE", "MRSA SCREEN"),
    ],
)
def test_a_test_of_another_stay_or_a_screen_is_no_test(timeline_of, at, spoilt):
    infection = InfectionPolicy(
        infection="test_and_doses", pair=SuspicionPolicy(screens="ignore")
    )
    policy = replace(PHOENIX_SEPSIS, infection=infection)
    assert phoenix_sepsis(timeline_of(spoilt), policy=policy, now=at("4 00:00")) == ()
    assert phoenix_sepsis(timeline_of(DOSES), policy=policy, now=at("4 00:00")) != ()


def test_a_test_after_the_doses_suspects_at_the_test(told, at):
    doses = InfectionPolicy(infection="test_and_doses")
    late = DOSES.replace("1 11:00 | culture", "2 07:00 | culture")
    assert told(late, infection=doses).suspicion_at == at("2 07:00")


def test_a_drug_that_may_be_no_antimicrobial_is_no_dose(timeline_of, at):
    timeline = timeline_of(DOSES.rsplit("\n", 2)[0])
    unsure = Medication(
        event_id="unsure",
        happened_at=at("1 22:00"),
        known_at=at("1 22:00"),
        encounter="h",
        stage="given",
        sent_drug="study drug",
    )
    timeline.apply(unsure, "unsure")
    policy = replace(
        PHOENIX_SEPSIS, infection=InfectionPolicy(infection="test_and_doses")
    )
    assert phoenix_sepsis(timeline, policy=policy, now=at("4 00:00")) == ()


def test_the_derivation_looks_at_the_first_day_alone(told, at):
    answer = told(DOSES, policy=DERIVATION)
    assert (answer.sepsis, answer.final_at) == (TRUE, at("2 08:00"))
    late = DOSES.replace("1 09:00 | lactate", "2 08:01 | lactate")
    assert told(late, policy=DERIVATION).sepsis is FALSE


def test_for_the_derivation_infection_is_suspected_on_the_first_day_too(told):
    late = DOSES.replace("1 22:00 | antimicrobial", "2 08:01 | antimicrobial")
    assert told(late, policy=DERIVATION).sepsis is FALSE
    in_time = DOSES.replace("1 22:00 | antimicrobial", "2 08:00 | antimicrobial")
    assert told(in_time, policy=DERIVATION).sepsis is TRUE


def test_of_two_suspicions_the_one_with_sepsis_tells(told, at):
    table = """
    at      | what          | value         | encounter
    1 08:00 | age           | 30            | h
    1 09:00 | culture       | BLOOD CULTURE | h
    1 10:00 | antimicrobial | ceftriaxone   | h
    8 09:00 | culture       | BLOOD CULTURE | h
    8 10:00 | antimicrobial | meropenem     | h
    8 11:00 | lactate       | 12            | h
    """
    answer = told(table, now="12 00:00")
    assert (answer.sepsis, answer.suspicion_at) == (TRUE, at("8 09:00"))


# -- whom the criteria are for -------------------------------------------------

SICK = """
at      | what          | value         | encounter
1 09:00 | culture       | BLOOD CULTURE | h
1 10:00 | antimicrobial | ceftriaxone   | h
1 11:00 | lactate       | 12            | h
"""


def with_(*rows):
    return SICK + "\n".join(rows)


@pytest.mark.parametrize(
    ("age", "sepsis", "excluded"),
    [(215.9, TRUE, ()), (216, FALSE, ("age",)), (400, FALSE, ("age",))],
)
def test_from_the_eighteenth_birthday_the_criteria_do_not_apply(
    told, age, sepsis, excluded
):
    answer = told(with_(f"1 09:00 | age | {age} | h"))
    assert (answer.sepsis, answer.population.excluded_for) == (sepsis, excluded)


def test_who_turns_eighteen_in_hospital_was_a_child_on_coming(told):
    answer = told(
        with_("1 00:00 | hospital | admitted | h", "1 10:30 | age | 216.003 | h")
    )
    assert answer.population.applies is TRUE


def test_without_an_age_the_answer_is_open_or_assumed(told):
    answer = told(SICK)
    assert answer.sepsis is UNKNOWN
    assert answer.population.unknown == ("age", "birth_stay", "postconceptional_age")
    assert answer.dysfunction_at is not None
    assert answer.onset_at is None
    assumed = told(SICK, population=PopulationPolicy(unknown="assumed"))
    assert assumed.sepsis is TRUE


@pytest.mark.parametrize(
    ("code", "truth"),
    [
        ("http://hl7.org/fhir/sid/icd-10-cm~Z38.00", FALSE),
        ("http://hl7.org/fhir/sid/icd-9-cm~V3000", FALSE),
        ("http://hl7.org/fhir/sid/icd-10-cm~P36.9", UNKNOWN),
        ("urn:ember:local~Z38", UNKNOWN),
    ],
)
def test_the_stay_of_birth_is_told_by_its_code(told, code, truth):
    rows = ("1 09:00 | age | 0.2 | h", "1 09:00 | gestational_age | 39 | h")
    answer = told(with_(*rows, f"1 09:00 | condition | {code} | h"))
    assert answer.sepsis is truth


def test_the_code_of_birth_on_an_earlier_stay_says_nothing_of_this(told):
    answer = told(
        with_(
            "1 09:00 | age | 3 | h",
            "1 09:00 | gestational_age | 39 | h",
            "1 00:00 | condition | http://hl7.org/fhir/sid/icd-10-cm~Z38.00 | earlier",
        )
    )
    assert answer.population.applies is TRUE


def test_a_newborn_who_had_gone_home_is_not_in_the_stay_of_birth(told):
    rows = (
        "1 08:00 | age | 0.5 | h",
        "1 08:00 | gestational_age | 39 | h",
        "1 08:00 | hospital | admitted | h",
    )
    assert told(with_(*rows)).population.unknown == ("birth_stay",)
    moved = told(with_(*rows, "1 00:00 | hospital | discharged | birth"))
    assert moved.population.unknown == ("birth_stay",)
    answer = told(with_(*rows, "1 00:00 | home | | birth"))
    assert answer.population.applies is TRUE


def test_a_code_of_birth_that_was_denied_proves_nothing(timeline_of, at):
    rows = ("1 09:00 | age | 0.2 | h", "1 09:00 | gestational_age | 39 | h")
    timeline = timeline_of(with_(*rows))
    denied = Condition(
        event_id="denied",
        happened_at=at("1 09:00"),
        known_at=at("1 09:00"),
        encounter="h",
        code="http://hl7.org/fhir/sid/icd-10-cm|Z38.00",
        present=False,
    )
    timeline.apply(denied, "denied")
    (answer,) = phoenix_sepsis(timeline, now=at("4 00:00"))
    assert answer.population.unknown == ("birth_stay",)


@pytest.mark.parametrize(
    ("weeks", "months", "excluded"),
    [
        (30, 1.5, True),  # 36.5 weeks from conception
        (30, 1.7, False),  # 37.4 weeks
        (36.9, 0, True),
        (37, 0, False),
    ],
)
def test_before_37_weeks_from_conception_the_criteria_do_not_apply(
    told, weeks, months, excluded
):
    answer = told(
        with_(
            f"1 09:00 | age | {months} | h",
            f"1 09:00 | gestational_age | {weeks} | h",
        )
    )
    assert ("postconceptional_age" in answer.population.excluded_for) is excluded
    assert "postconceptional_age" not in answer.population.unknown


@pytest.mark.parametrize(("months", "known"), [(3.8, False), (4.0, True)])
def test_who_lived_for_17_weeks_has_37_from_conception(told, months, known):
    answer = told(with_(f"1 09:00 | age | {months} | h"))
    assert ("postconceptional_age" not in answer.population.unknown) is known
