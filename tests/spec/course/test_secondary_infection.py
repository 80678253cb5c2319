"""Secondary infection: what is new, what only grew, and what came first."""

from dataclasses import replace
from datetime import timedelta

import pytest

from streams.clinical.catalogue.rules import rule_named
from streams.clinical.course.secondary_infection import SPEC, secondary_infection
from streams.clinical.course.secondary_policy import DEFAULT, SecondaryPolicy
from streams.clinical.course.specimens import site_of
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN


HEAD = "at | what | value | encounter\n"

INDEX = """
1 06:00 | culture       | BLOOD CULTURE         |
1 07:00 | antimicrobial given | ceftriaxone     |
2 07:00 | antimicrobial given | ceftriaxone     |
2 08:00 | grew e0       | ESCHERICHIA COLI      |
"""
"""The infection that made the sepsis; onset is at 1 08:00."""


SEPSIS = """
1 06:00 | hospital            | admitted      | h
1 06:00 | culture             | BLOOD CULTURE | h
1 07:00 | antimicrobial given | ceftriaxone   | h
1 08:00 | platelets           | 40            | h
1 08:00 | creatinine          | 3             | h
1 08:00 | map                 | 60            | h
2 08:00 | grew e1             | -             | h
"""
"""Sepsis-3 of the first morning, whose own culture grew nothing."""


@pytest.fixture
def told(timeline_of, at):
    def ask(table, moment="60 00:00", **changed):
        timeline = timeline_of(HEAD + INDEX + table)
        policy = replace(DEFAULT, **changed)
        return secondary_infection(
            timeline, at("1 08:00"), at(moment), policy, encounter="h"
        )

    return ask


def grew(what, specimen="BLOOD CULTURE", taken="5 10:00", told="6 10:00", number=4):
    return f"""
    {taken} | culture        | {specimen} |
    {told}  | grew e{number} | {what}     |
    """


def kinds(found):
    return [growth.kind for growth in found.growths]


# -- what is new ---------------------------------------------------------------


def test_a_new_pathogen_in_blood_is_an_infection(told, at):
    found = told(grew("CANDIDA ALBICANS"))
    assert (found.ending, found.ended_at) == ("infection", at("5 10:00"))
    (infection,) = found.infections
    assert (infection.basis, infection.what) == ("culture", "candida albicans")
    assert infection.told_at == at("6 10:00")
    assert infection.evidence == ("e4", "e5")
    assert found.status == "confirmed"


@pytest.mark.parametrize(("taken", "count"), [("3 07:59", 0), ("3 08:00", 1)])
def test_it_begins_48_hours_after_onset(told, taken, count):
    assert len(told(grew("PSEUDOMONAS AERUGINOSA", taken=taken)).infections) == count


@pytest.mark.parametrize(
    ("taken", "infections", "undecided"), [("2", 0, 0), ("3", 0, 1), ("4", 1, 0)]
)
def test_of_a_bare_date_it_must_be_sure_to_be_after(told, taken, infections, undecided):
    """The time begins at 3 08:00: nobody knows what a specimen of day 3 was before."""
    found = told(grew("PSEUDOMONAS AERUGINOSA", taken=taken, told="6 10:00"))
    assert (len(found.infections), len(found.undecided)) == (infections, undecided)


@pytest.mark.parametrize(("taken", "count"), [("29 08:00", 1), ("29 08:01", 0)])
def test_it_is_looked_for_until_day_28(told, taken, count):
    found = told(grew("PSEUDOMONAS AERUGINOSA", taken=taken, told="30 10:00"))
    assert len(found.infections) == count


def test_what_grew_before_is_the_first_infection_going_on(told):
    found = told(grew("Escherichia  coli"))
    assert (kinds(found), found.ending) == (["persisting"], "none")
    assert told(grew("ESCHERICHIA COLI"), same_organism="new").ending == "infection"


@pytest.mark.parametrize(
    ("taken", "kind"),
    [
        ("1 08:00", "persisting"),
        ("1 07:59", "infection"),
    ],
)
def test_what_grew_long_ago_is_not_the_first_infection(timeline_of, at, taken, kind):
    """Onset at 15 08:00: fourteen days before is 1 08:00."""
    table = f"""
    {taken}  | culture  | URINE            |
    3 10:00  | grew e0  | ESCHERICHIA COLI |
    20 10:00 | culture  | BLOOD CULTURE    |
    21 10:00 | grew e2  | ESCHERICHIA COLI |
    """
    found = secondary_infection(
        timeline_of(HEAD + table), at("15 08:00"), at("60 00:00")
    )
    assert kinds(found) == [kind]


def test_who_carried_it_has_a_new_infection_when_it_is_in_the_blood(told):
    carried = grew("STAPHYLOCOCCUS AUREUS", "MRSA SCREEN", "1 09:00", "2 10:00")
    blood = grew("STAPHYLOCOCCUS AUREUS", number=6)
    assert kinds(told(carried + blood)) == ["infection"]


def test_a_contaminant_of_the_first_day_is_not_the_first_infection(told):
    first = grew("STAPHYLOCOCCUS EPIDERMIDIS", taken="1 09:00", told="2 10:00")
    later = grew("STAPHYLOCOCCUS EPIDERMIDIS", number=6) + grew(
        "STAPHYLOCOCCUS EPIDERMIDIS", taken="5 12:00", number=8
    )
    assert kinds(told(first + later)) == ["infection", "infection"]
    alone = grew("STAPHYLOCOCCUS EPIDERMIDIS", number=6)
    assert kinds(told(first + alone)) == ["contaminant"]


# -- contaminants --------------------------------------------------------------

COMMENSAL = "STAPHYLOCOCCUS EPIDERMIDIS"


def test_a_commensal_in_one_blood_culture_is_a_contaminant(told):
    found = told(grew(COMMENSAL))
    assert (kinds(found), found.ending) == (["contaminant"], "none")
    assert told(grew(COMMENSAL), commensals="infection").ending == "infection"


@pytest.mark.parametrize(
    ("second", "name", "kind"),
    [
        ("5 11:00", COMMENSAL, "infection"),
        ("7 10:00", COMMENSAL, "infection"),
        ("7 10:01", COMMENSAL, "contaminant"),
        ("5 11:00", "STAPHYLOCOCCUS HOMINIS", "contaminant"),
    ],
)
def test_in_two_blood_cultures_close_together_it_is_an_infection(
    told, at, second, name, kind
):
    table = grew(COMMENSAL) + grew(name, taken=second, told="8 10:00", number=6)
    found = told(table)
    assert kinds(found) == [kind, kind]
    if kind == "infection":
        assert found.ended_at == at("5 10:00")
        assert found.infections[0].told_at == at("8 10:00")
    assert kinds(told(table, commensals="contaminant")) == ["contaminant"] * 2


def test_a_commensal_may_still_become_an_infection(told, at):
    found = told(grew(COMMENSAL), "6 12:00")
    assert found.growths[0].changes_until == at("7 10:00")


# -- colonisation --------------------------------------------------------------


@pytest.mark.parametrize(
    ("specimen", "site"),
    [
        ("BLOOD CULTURE", "blood"),
        ("CSF;SPINAL FLUID", "sterile"),
        ("PLEURAL FLUID", "sterile"),
        ("SPUTUM", "open"),
        ("BRONCHOALVEOLAR LAVAGE", "open"),
        ("URINE", "open"),
        ("MRSA SCREEN", "screen"),
        ("RECTAL SWAB", "screen"),
        ("FLUID RECEIVED IN BLOOD CULTURE BOTTLES", "sterile"),
        ("DIALYSIS FLUID", "sterile"),
        ("Rapid Respiratory Viral Screen & Culture", "open"),
    ],
)
def test_where_a_specimen_is_from(specimen, site):
    assert site_of(specimen) == site


def test_what_a_screening_swab_grows_is_colonisation(told):
    found = told(grew("STAPHYLOCOCCUS AUREUS", "MRSA SCREEN"))
    assert (kinds(found), found.ending) == (["colonisation"], "none")


@pytest.mark.parametrize(
    ("begun", "kind"),
    [
        (None, "colonisation"),
        ("4 09:59", "colonisation"),
        ("4 10:00", "infection"),
        ("8 10:00", "infection"),
        ("8 10:01", "colonisation"),
    ],
)
def test_airway_growth_counts_if_a_drug_was_begun_for_it(told, begun, kind):
    table = grew("PSEUDOMONAS AERUGINOSA", "SPUTUM")
    if begun:
        table += f"{begun} | antimicrobial given | meropenem |"
    assert kinds(told(table)) == [kind]
    assert kinds(told(table, open_sites="infection")) == ["infection"]
    assert kinds(told(table, open_sites="colonisation")) == ["colonisation"]


def test_a_drug_that_was_running_already_was_not_begun_for_it(told):
    table = grew("PSEUDOMONAS AERUGINOSA", "SPUTUM")
    doses = "".join(
        f"{day} 07:00 | antimicrobial given | ceftriaxone |\n" for day in range(3, 8)
    )
    assert kinds(told(table + doses)) == ["colonisation"]


@pytest.mark.parametrize(
    ("specimen", "kind"), [("URINE", "colonisation"), ("BLOOD CULTURE", "infection")]
)
def test_yeast_counts_from_sterile_sites_only(told, specimen, kind):
    table = grew("YEAST", specimen) + "5 12:00 | antimicrobial given | fluconazole |"
    assert kinds(told(table)) == [kind]
    assert kinds(told(table, candida="as_others")) == ["infection"]


@pytest.mark.parametrize(
    ("specimen", "kind"),
    [
        ("URINE", "colonisation"),
        ("BLOOD CULTURE", "contaminant"),
        ("ABSCESS", "unidentified"),
        ("PERITONEAL FLUID", "unidentified"),
    ],
)
def test_mixed_flora_names_nothing(told, specimen, kind):
    """From an abscess it is no contaminant either: nobody says what it is."""
    assert kinds(told(grew("MIXED BACTERIAL FLORA", specimen))) == [kind]


def test_what_the_laboratory_calls_contaminated_is(told):
    assert kinds(told(grew("PROBABLE CONTAMINATION", "ABSCESS"))) == ["contaminant"]


def test_a_drug_against_viruses_is_not_begun_for_a_bacterium(told):
    table = grew("PSEUDOMONAS AERUGINOSA", "SPUTUM")
    aciclovir = "5 12:00 | antimicrobial given | aciclovir |"
    assert kinds(told(table + aciclovir)) == ["colonisation"]
    virus = grew("CYTOMEGALOVIRUS", "BRONCHOALVEOLAR LAVAGE")
    ganciclovir = "5 12:00 | antimicrobial given | ganciclovir |"
    assert kinds(told(virus + ganciclovir, viral="infection")) == ["infection"]


# -- viruses -------------------------------------------------------------------


def test_a_virus_that_woke_up_is_told_apart(told, at):
    found = told(grew("CYTOMEGALOVIRUS", "BRONCHOALVEOLAR LAVAGE"))
    assert (found.ending, kinds(found)) == ("none", ["viral_reactivation"])
    assert [one.at for one in found.viral] == [at("5 10:00")]
    assert told(grew("CYTOMEGALOVIRUS"), viral="infection").ending == "infection"


def test_a_course_against_herpesviruses_too(told):
    doses = "".join(
        f"{day} 10:00 | antimicrobial given | Ganciclovir |\n" for day in (6, 7)
    )
    found = told(doses)
    assert (found.infections, len(found.viral)) == ((), 1)
    assert found.viral[0].what == "ganciclovir"


# -- courses of antimicrobials -------------------------------------------------


def doses(drug, *days):
    return "".join(f"{day} 10:00 | antimicrobial given | {drug} |\n" for day in days)


def test_a_course_after_two_days_without_is_a_new_infection(told, at):
    found = told(doses("meropenem", 6, 7))
    assert (found.ending, found.ended_at) == ("infection", at("6 10:00"))
    (infection,) = found.infections
    assert infection.basis == "antimicrobial_course"
    assert infection.told_at == at("7 10:00")


@pytest.mark.parametrize(("first", "count"), [("4 06:59", 0), ("4 07:00", 1)])
def test_two_days_without_any(told, first, count):
    """The last ceftriaxone was at 2 07:00."""
    rows = f"{first} | antimicrobial given | meropenem |\n" + doses("meropenem", 5, 6)
    assert len(told(rows).infections) == count


def test_a_single_dose_is_prophylaxis(told):
    found = told(doses("cefazolin", 6))
    assert (found.infections, found.ending) == ((), "none")
    assert told(doses("cefazolin", 6), course_days=1).ending == "infection"


def test_a_changed_drug_counts_only_where_the_policy_says_so(told):
    running = doses("ceftriaxone", 3, 4, 5, 6, 7) + doses("meropenem", 5, 6)
    assert told(running).infections == ()
    (infection,) = told(running, antimicrobials="new_drug").infections
    assert infection.what == "meropenem"
    assert told(doses("meropenem", 6, 7), antimicrobials="ignored").ending == "none"


def test_an_order_runs_until_it_is_stopped(told):
    order = "6 10:00 | antimicrobial | meropenem |"
    assert told(order, "6 12:00").infections == ()
    assert told(order, "7 09:59").infections == ()
    assert len(told(order, "7 10:00").infections) == 1
    assert told(order, "7 10:00", stages=frozenset({"given"})).infections == ()


@pytest.mark.parametrize(
    "ending", ["6 18:00 | hospital | discharged | h", "6 18:00 | died | |"]
)
def test_an_order_that_nobody_stopped_ends_with_the_stay(told, ending):
    order = "6 10:00 | antimicrobial | meropenem | h\n"
    assert len(told(order).infections) == 1
    assert told(order + ending).infections == ()


# -- what came first -----------------------------------------------------------


def test_death_is_the_competing_event(told, at):
    found = told("4 10:00 | died |\n" + grew("CANDIDA ALBICANS", number=5))
    assert (found.ending, found.ended_at) == ("death", at("4 10:00"))
    found = told("5 10:01 | died |\n" + grew("CANDIDA ALBICANS", number=5))
    assert (found.ending, found.ended_at) == ("infection", at("5 10:00"))


def test_death_before_any_infection_could_be_new(told, at):
    found = told("2 20:00 | died |")
    assert (found.ending, found.ended_at) == ("death", at("2 20:00"))


def test_leaving_the_hospital_ends_what_can_be_seen(told, at):
    stay = """
    1 05:00 | hospital | admitted   | h
    9 10:00 | hospital | discharged | h
    """
    found = told(stay)
    assert (found.ending, found.ended_at) == ("discharged", at("9 10:00"))
    assert found.status == "confirmed"


def test_until_then_the_patient_is_at_risk(told, at):
    found = told("", "5 00:00")
    assert (found.ending, found.ended_at) == ("at_risk", None)
    assert (found.status, found.final_at) == ("provisional", at("29 08:00"))
    assert told("").ending == "none"


# -- what is still to come -----------------------------------------------------


def test_a_pending_culture_keeps_it_open_for_a_week(told, at):
    table = "28 10:00 | culture | BLOOD CULTURE |"
    early = told(table, "30 00:00")
    assert (early.ending, early.status) == ("none", "provisional")
    assert early.final_at == at("35 10:00")
    assert kinds(early) == ["pending"]
    assert told(table, "35 10:00").status == "confirmed"


def test_an_early_report_without_growth_is_still_pending(told):
    table = grew("preliminary -") + "10 10:00 | grew e4 | - |"
    assert kinds(told(table, "9 00:00")) == ["pending"]
    assert kinds(told(table, "10 10:00")) == ["negative"]


def test_a_stain_is_no_organism_yet(told, at):
    table = (
        grew("preliminary GRAM POSITIVE COCCI") + "8 10:00 | grew e4 | ENTEROCOCCUS |"
    )
    early = told(table, "7 00:00")
    assert (kinds(early), early.infections) == (["unidentified"], ())
    (infection,) = told(table).infections
    assert infection.told_at == at("8 10:00")


def test_what_was_never_identified_leaves_it_undecided(told):
    """A week later nobody waits for the name, but nobody can say that it was none."""
    stain = grew("GRAM POSITIVE COCCI")
    found = told(stain)
    assert (found.ending, found.status, found.infections) == ("none", "confirmed", ())
    assert [one.reason for one in found.undecided] == [
        "gram positive cocci: not identified yet"
    ]
    assert told(stain + "5 09:00 | died |").undecided == ()
    assert told(grew("ENTEROCOCCUS")).undecided == ()


def test_the_catalogue_denies_no_infection_that_is_undecided(timeline_of, at):
    rows = SEPSIS + "6 10:00 | culture | BLOOD CULTURE | h\n"
    rule = rule_named("secondary_infection")

    def truth(name):
        timeline = timeline_of(HEAD + rows + f"7 10:00 | grew e7 | {name} | h")
        told = rule.evaluate(timeline, at("60 00:00"))
        return told.truth, told.missing

    assert truth("GRAM POSITIVE COCCI") == (UNKNOWN, ("decisive_culture",))
    assert truth("-") == (FALSE, ())
    assert truth("ENTEROCOCCUS FAECIUM") == (TRUE, ())


def test_a_final_word_withdraws_an_early_one(told):
    table = grew("preliminary STAPHYLOCOCCUS AUREUS") + "9 10:00 | grew e4 | - |"
    assert told(table, "8 00:00").ending == "infection"
    assert (told(table).ending, kinds(told(table))) == ("none", ["negative"])


def test_a_final_report_takes_the_place_of_the_stain(told):
    """Else a named contaminant would stay unidentified for ever."""
    table = (
        grew("preliminary GRAM POSITIVE COCCI") + f"8 10:00 | grew e4 | {COMMENSAL} |"
    )
    assert kinds(told(table, "7 00:00")) == ["unidentified"]
    found = told(table)
    assert kinds(found) == ["contaminant"]
    assert [one.name for one in found.growths[0].grown.organisms] == [COMMENSAL.lower()]


def test_a_final_report_corrects_the_organism_of_an_early_one(told):
    early = grew("preliminary STAPHYLOCOCCUS AUREUS")
    assert told(early, "7 00:00").ending == "infection"
    late = f"8 10:00 | grew e4 | {COMMENSAL} |"
    assert (told(early + late).ending, kinds(told(early + late))) == (
        "none",
        ["contaminant"],
    )


def test_an_organism_is_known_since_the_first_report_that_named_it(told, at):
    early = grew("preliminary STAPHYLOCOCCUS AUREUS")
    (infection,) = told(
        early + "8 10:00 | grew e4 | STAPHYLOCOCCUS AUREUS |"
    ).infections
    assert infection.told_at == at("6 10:00")


def test_a_result_before_its_time_is_not_known(told):
    table = grew("CANDIDA ALBICANS")
    assert kinds(told(table, "6 09:59")) == ["pending"]
    assert kinds(told(table, "6 10:00")) == ["infection"]


def test_the_specification_names_the_policys_arguments():
    named = {choice.argument for choice in SPEC.choices}
    assert named == set(SecondaryPolicy.__dataclass_fields__)
    assert timedelta(hours=48) == DEFAULT.after
