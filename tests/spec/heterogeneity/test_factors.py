"""Covariates at one moment: known, unknown, and frozen."""

from dataclasses import replace
from datetime import timedelta

import pytest

from streams.clinical.heterogeneity.factors import SPEC, covariates, drift, freeze
from streams.clinical.heterogeneity.policy import DEFAULT, FactorPolicy
from streams.vocabulary.events import Condition
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN


HEAD = "at | what | value | encounter\n"
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm~"


@pytest.fixture
def factors(timeline_of, at):
    """The covariates by name, of an episode that began at 100 08:00."""

    def ask(table, moment="100 12:00", index="100 08:00", **changed):
        found = covariates(
            timeline_of(HEAD + table),
            at(moment),
            replace(DEFAULT, **changed),
            index=at(index),
            encounter="h",
        )
        return {one.name: one for one in found}

    return ask


def test_of_a_patient_of_whom_nothing_is_known_everything_is_unknown(factors):
    found = factors("")
    assert not any(one.known for one in found.values())
    assert {one.level for one in found.values()} == {"UNKNOWN"}
    assert all(one.missing for one in found.values())
    assert {one.group for one in found.values()} == {
        "person",
        "comorbidity",
        "genetics",
        "metabolism",
        "microbial_exposure",
        "immunosuppression",
        "medication",
    }


def test_age_and_sex(factors):
    found = factors("1 00:00 | born | 2090 |\n1 00:00 | sex | female |")
    assert found["age"].level == "59 to 60"
    assert (found["sex"].level, found["sex"].evidence) == ("female", ("e1",))


def test_comorbidity_is_known_once_anything_is_coded(factors):
    found = factors(f"""
    1 00:00 | condition | {ICD10}I50.9 | before
    1 00:00 | condition | {ICD10}E11.9 | before
    """)
    assert found["charlson"].level == "2"
    assert found["elixhauser_count"].level == "2"
    assert found["diabetes"].value is TRUE
    assert factors(f"1 00:00 | condition | {ICD10}I50.9 |")["diabetes"].value is FALSE


def test_codes_of_a_system_that_no_list_is_of_deny_nothing(factors):
    """A problem list in SNOMED CT: what it says is not read, so nothing is absent."""
    found = factors("1 00:00 | condition | http://snomed.info/sct~84114007 |")
    assert found["charlson"].level == found["diabetes"].level == "UNKNOWN"
    both = factors(f"""
    1 00:00 | condition | http://snomed.info/sct~84114007 |
    1 00:00 | condition | {ICD10}I10                      |
    """)
    assert (both["charlson"].level, both["diabetes"].value) == ("0", FALSE)


def test_diabetes_by_a_drug_taken_at_home(factors):
    assert factors("99 00:00 | takes | metformin |")["diabetes"].value is TRUE


def test_genetic_results_come_from_outside(factors):
    found = factors("99 00:00 | label genotype:tnf-308 | GA 1 array |")
    assert found["genotype:tnf-308"].level == "GA"
    assert "genotype" not in found


def test_body_mass_is_weight_over_height_squared(factors):
    found = factors("99 00:00 | weight | 81 |\n99 00:00 | height | 180 |")
    assert found["body_mass_index"].level == "25"
    alone = factors("99 00:00 | weight | 81 |")["body_mass_index"]
    assert (alone.level, alone.missing) == ("UNKNOWN", ("height",))


def test_lipids_may_be_those_of_before_the_episode(factors):
    table = """
    50 00:00  | cholesterol_total | 210 |
    100 10:00 | cholesterol_total | 90  |
    """
    assert factors(table)["cholesterol_total"].level == "90"
    before = factors(table, lipids_in="before_episode")
    assert before["cholesterol_total"].level == "210"
    old = factors(table, laboratory=timedelta(days=10), lipids_in="before_episode")
    assert old["cholesterol_total"].missing == ("cholesterol_total",)


# -- what the patient met before -----------------------------------------------


def test_carriage_by_screening(factors):
    positive = factors("""
    90 00:00 | culture | MRSA SCREEN           |
    91 00:00 | grew e0 | STAPHYLOCOCCUS AUREUS |
    """)
    assert positive["colonised"].value is TRUE
    assert positive["colonised_with"].level == "staphylococcus aureus"

    negative = factors("90 00:00 | culture | MRSA SCREEN |\n91 00:00 | grew e0 | - |")
    assert negative["colonised"].value is FALSE
    blood = factors("90 00:00 | culture | BLOOD CULTURE |\n91 00:00 | grew e0 | - |")
    assert blood["colonised"].value is UNKNOWN


@pytest.mark.parametrize(
    ("moment", "value"),
    [
        ("10 07:59", UNKNOWN),
        ("10 08:00", TRUE),
        ("100 07:59", TRUE),
        ("100 08:00", UNKNOWN),
    ],
)
def test_antimicrobials_in_the_ninety_days_before_the_episode(factors, moment, value):
    table = f"{moment} | antimicrobial given | amoxicillin | before"
    assert factors(table)["recent_antimicrobials"].value is value


def test_silence_denies_only_where_the_record_is_complete(factors):
    assert factors("")["recent_admission"].value is UNKNOWN
    assert factors("", unrecorded="absent")["recent_admission"].value is FALSE
    assert factors("", unrecorded="absent")["recent_antimicrobials"].value is FALSE


def test_this_admission_is_no_earlier_one(factors):
    this = "99 00:00 | hospital | admitted | h"
    other = "60 00:00 | hospital | admitted | k\n70 00:00 | hospital | discharged | k"
    assert factors(this)["recent_admission"].value is UNKNOWN
    assert factors(other)["recent_admission"].value is TRUE


def test_a_stay_that_was_cancelled_is_no_admission(factors):
    table = "60 00:00 | hospital | admitted | k\n61 00:00 | hospital | cancelled | k"
    assert factors(table)["recent_admission"].value is UNKNOWN


@pytest.mark.parametrize(
    ("ends", "value"), [(None, UNKNOWN), ("100 09:00", UNKNOWN), ("99 12:00", TRUE)]
)
def test_of_an_unnamed_episode_only_a_stay_that_has_ended_is_earlier(
    timeline_of, at, ends, value
):
    """The patient lies in hospital since day 99; the episode begins at 100 08:00."""
    table = HEAD + "99 00:00 | hospital | admitted | k\n"
    if ends:
        table += f"{ends} | hospital | discharged | k\n"
    found = covariates(timeline_of(table), at("100 12:00"), index=at("100 08:00"))
    assert {one.name: one for one in found}["recent_admission"].value is value


# -- immunosuppression and drugs -----------------------------------------------


@pytest.mark.parametrize(
    "row",
    [
        f"1 00:00 | condition | {ICD10}Z94.0",
        f"1 00:00 | condition | {ICD10}C92.0",
        "1 00:00 | condition | http://hl7.org/fhir/sid/icd-9-cm~V420",
        "99 00:00 | takes | Tacrolimus 1 mg",
        "100 00:00 | neutrophils_abs | 0.4",
    ],
)
def test_what_makes_immunosuppression_known(factors, row):
    assert factors(row)["immunosuppressed"].value is TRUE


@pytest.mark.parametrize(
    ("rows", "value"),
    [
        (f"1 00:00 | condition | {ICD10}I10", UNKNOWN),
        ("99 00:00 | takes | aspirin", UNKNOWN),
        (f"1 00:00 | condition | {ICD10}I10\n99 00:00 | takes | aspirin", FALSE),
        ("100 00:00 | neutrophils_abs | 0.5", UNKNOWN),
        ("90 00:00 | neutrophils_abs | 0.1", UNKNOWN),
        ("1 00:00 | condition | urn:x~Z940\n99 00:00 | takes | aspirin", UNKNOWN),
    ],
)
def test_what_does_not(factors, rows, value):
    assert factors(rows)["immunosuppressed"].value is value


def test_a_list_of_drugs_taken_at_home_denies_the_others(factors):
    found = factors("99 00:00 | takes | Metoprolol Tartrate |")
    assert found["beta_blocker"].value is TRUE
    assert found["statin"].value is FALSE
    open_list = factors("99 00:00 | takes | metoprolol |", home_list="never_complete")
    assert open_list["statin"].value is UNKNOWN


@pytest.mark.parametrize(
    ("listed", "on_it", "off_it"),
    [
        ("10 08:00", TRUE, FALSE),
        ("10 07:59", UNKNOWN, UNKNOWN),
        ("100 11:00", TRUE, FALSE),
    ],
)
def test_an_old_list_of_drugs_says_nothing_of_today(factors, listed, on_it, off_it):
    """Ninety days before the episode is 10 08:00."""
    found = factors(f"{listed} | takes | metoprolol |")
    assert found["beta_blocker"].value is on_it
    assert found["statin"].value is off_it


def test_an_old_weight_makes_no_body_mass(factors):
    table = "1 00:00 | weight | 81 |\n1 00:00 | height | 180 |"
    assert factors(table)["body_mass_index"].level == "25"
    old = factors(table, laboratory=timedelta(days=99))["body_mass_index"]
    assert (old.level, old.missing) == ("UNKNOWN", ("weight",))


# -- freezing ------------------------------------------------------------------


def test_what_is_frozen_stays_and_what_came_to_light_is_told(timeline_of, at):
    known = HEAD + "1 00:00 | sex | male |"
    frozen = freeze(timeline_of(known), at("100 12:00"), encounter="h")
    assert dict(frozen.levels)["sex"] == "male"
    assert dict(frozen.levels)["age"] == "UNKNOWN"
    assert drift(frozen, timeline_of(known)) == ()

    later = (
        known
        + """
    1 00:00   | born                     | 2090      |
    100 13:00 | weight                   | 80        |
    99 00:00  | label genotype:tnf-308   | GA 1 gene |
    """
    )
    (age, genotype) = drift(frozen, timeline_of(later))
    assert (age.frozen.level, age.now.level) == ("UNKNOWN", "59 to 60")
    assert (genotype.frozen.level, genotype.now.level) == ("UNKNOWN", "GA")
    assert dict(frozen.levels)["age"] == "UNKNOWN"


def test_what_became_known_later_is_not_frozen(timeline_of, at):
    """A diagnosis of day 99 that was coded at discharge, on day 110."""
    timeline = timeline_of(HEAD + "1 00:00 | sex | male |")
    coded = Condition(
        event_id="coded",
        happened_at=at("99 00:00"),
        known_at=at("110 00:00"),
        encounter="h",
        code="http://hl7.org/fhir/sid/icd-10-cm|E11.9",
    )
    timeline.apply(coded, "coded")
    frozen = dict(freeze(timeline, at("100 12:00"), encounter="h").levels)
    assert (frozen["diabetes"], frozen["charlson"]) == ("UNKNOWN", "UNKNOWN")
    assert frozen["sex"] == "male"
    late = dict(freeze(timeline, at("110 00:00"), encounter="h").levels)
    assert (late["diabetes"], late["charlson"]) == ("TRUE", "1")
    names = {one.now.name for one in drift(freeze(timeline, at("100 12:00")), timeline)}
    assert {"diabetes", "charlson"} <= names


def test_what_happens_later_is_not_seen(factors):
    table = "1 00:00 | sex | male |\n100 13:00 | sex | female |"
    assert factors(table)["sex"].level == "male"
    assert factors(table, "100 13:00")["sex"].level == "female"


def test_the_specification_names_the_policys_arguments():
    assert {c.argument for c in SPEC.choices} == set(FactorPolicy.__dataclass_fields__)
