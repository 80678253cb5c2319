"""Markers as small timelines: positive, negative, unknown, stale."""

from datetime import timedelta

import pytest

from streams.clinical.markers.evaluation import SPEC, evaluate
from streams.clinical.markers.policy import MarkerPolicy
from streams.clinical.markers.schemes import GRACE2, HBD_DIC, IMMUNOSEP, PROVIDE, enrich
from streams.clinical.markers.table import marker
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN


@pytest.fixture
def say(timeline_of, at):
    """What one marker says at a moment."""

    def ask(table, name, moment, **changed):
        head = "at | what | value\n"
        timeline = timeline_of(head + table)
        return evaluate(marker(name), timeline, at(moment), MarkerPolicy(**changed))

    return ask


@pytest.fixture
def stratum(timeline_of, at):
    """Which strata of a scheme are possible at a moment."""

    def ask(table, scheme, moment="1 12:00"):
        timeline = timeline_of("at | what | value\n" + table)
        return enrich(scheme, timeline, at(moment))

    return ask


# -- four answers --------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "state"),
    [
        ("4421", "positive"),
        ("4420", "negative"),
        (">1650", "unknown"),
        (">4420", "positive"),
        ("<40", "negative"),
    ],
)
def test_a_ferritin_and_what_it_says(say, value, state):
    found = say(f"1 08:00 | ferritin | {value}", "mals", "1 12:00")
    assert found.state == state
    assert found.evidence == ("e0",)
    assert (found.reasons == ()) == (state != "unknown")


def test_what_was_never_measured_is_unknown(say):
    found = say("1 08:00 | crp | 200", "mals", "1 12:00")
    assert (found.state, found.reasons) == ("unknown", ("no ferritin",))
    assert found.truth is UNKNOWN


@pytest.mark.parametrize(
    ("moment", "state", "truth"),
    [("2 08:00", "positive", TRUE), ("2 08:01", "stale", UNKNOWN)],
)
def test_a_result_grows_stale_by_its_specimen(say, at, moment, state, truth):
    found = say("1 08:00 | ferritin | 9000", "mals", moment)
    assert (found.state, found.truth, found.says) == (state, truth, TRUE)
    assert found.stale_from == at("2 08:00")


def test_how_old_is_stale_is_a_policy(say):
    table = "1 08:00 | ferritin | 9000"
    shorter = timedelta(hours=3)
    assert say(table, "mals", "1 12:00", stale_after=shorter).state == "stale"


@pytest.mark.parametrize(
    ("moment", "state"), [("1 08:00", "positive"), ("1 08:01", "stale")]
)
def test_a_trial_may_want_a_result_of_this_very_moment(say, moment, state):
    table = "1 08:00 | ferritin | 9000"
    assert say(table, "mals", moment, stale_after=timedelta(0)).state == state


def test_a_result_that_has_not_come_yet_is_none(say):
    assert say("1 13:00 | ferritin | 9000", "mals", "1 12:00").state == "unknown"


def test_a_marker_without_a_cut_off_stays_unknown(say):
    found = say("1 08:00 | il6 | 90000", "il6", "1 12:00")
    assert (found.state, found.reasons) == ("unknown", ("no cut-off published",))


def test_the_last_specimen_counts_or_any_fresh_one(say):
    table = """
    1 08:00 | ferritin | 9000
    1 10:00 | ferritin | 3000
    """
    assert say(table, "mals", "1 12:00").state == "negative"
    assert say(table, "mals", "1 12:00", which="any_fresh").state == "positive"


# -- unit and assay ------------------------------------------------------------


def test_a_marker_in_another_unit_is_converted_where_that_can_be(say):
    found = say("1 08:00 | biomarker supar | 6000 pg/mL elisa", "supar_high", "1 12:00")
    assert (found.state, found.range.low) == ("positive", pytest.approx(6.0))


def test_per_cent_never_becomes_molecules(say):
    table = "1 08:00 | biomarker mhla_dr_molecules | 25 % quantibrite"
    found = say(table, "immunoparalysis_molecules", "1 12:00")
    assert (found.state, found.reasons) == ("unknown", ("unit %",))

    table = "1 08:00 | biomarker mhla_dr_percent | 25 % flow"
    found = say(table, "immunoparalysis_molecules", "1 12:00")
    assert (found.state, found.reasons) == ("unknown", ("no mhla_dr_molecules",))


@pytest.mark.parametrize(
    ("assay", "named", "any_assay"),
    [
        ("quantibrite", "positive", "positive"),
        ("BD Quanti-BRITE", "positive", "positive"),
        ("in-house", "unknown", "positive"),
    ],
)
def test_the_cut_off_is_that_of_an_assay(say, assay, named, any_assay):
    table = f"1 08:00 | biomarker mhla_dr_molecules | 4999 {UNIT} {assay}"
    name = "immunoparalysis_molecules"
    assert say(table, name, "1 12:00").state == named
    assert say(table, name, "1 12:00", assay="any").state == any_assay


UNIT = "{molecules}/{cell}"


@pytest.mark.parametrize(
    ("value", "borderline"), [(3300, False), (3400, True), (9800, True), (9900, False)]
)
def test_near_the_cut_off_the_assays_scatter_is_told(say, value, borderline):
    """25 per cent between laboratories: 1.96 of them reach half as far again."""
    table = f"1 08:00 | biomarker mhla_dr_molecules | {value} {UNIT} quantibrite"
    found = say(table, "immunoparalysis_molecules", "1 12:00")
    assert found.borderline is borderline
    assert say("1 08:00 | ferritin | 4421", "mals", "1 12:00").borderline is None


# -- whose cut-off it is ------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "adults", "children"),
    [
        ("1 00:00 | aged | 18", "positive", "unknown"),
        ("1 00:00 | aged | 17", "unknown", "positive"),
        ("1 00:00 | aged | 9", "unknown", "positive"),
        ("1 00:00 | born | 2132", "unknown", "unknown"),
        ("1 00:00 | born | 2131", "positive", "unknown"),
        ("1 00:00 | sex | male", "positive", "positive"),
    ],
)
def test_a_cut_off_is_of_adults_or_of_children(say, who, adults, children):
    """In 2150; who was born in 2132 is 17 or 18, and nobody knows which."""
    table = f"{who}\n1 08:00 | ferritin | 9000"
    assert say(table, "mals", "1 12:00").state == adults
    assert say(table, "ferritin_paediatric_high", "1 12:00").state == children


def test_why_a_cut_off_is_not_for_this_patient(say):
    child = say("1 00:00 | aged | 9\n1 08:00 | ferritin | 9000", "mals", "1 12:00")
    assert child.reasons == ("a cut-off of adults, aged 9",)
    assert child.evidence == ("e1",)
    young = say("1 00:00 | born | 2132\n1 08:00 | ferritin | 9", "mals", "1 12:00")
    assert young.reasons == ("a cut-off of adults, aged 17 or 18",)


def test_without_an_age_on_record_it_counts_unless_it_must_be_proven(say):
    table = "1 08:00 | ferritin | 9000"
    assert say(table, "mals", "1 12:00").state == "positive"
    strict = say(table, "mals", "1 12:00", population="proven")
    assert strict.reasons == ("a cut-off of adults, no age on record",)
    child = "1 00:00 | aged | 9\n" + table
    assert say(child, "mals", "1 12:00", population="ignored").state == "positive"


# -- two specimens -------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "moment", "second", "state"),
    [
        ("29", "2 08:00", "29", "positive"),
        ("29", "2 07:59", "29", "unknown"),
        ("29", "3 08:00", "29", "positive"),
        ("29", "3 08:01", "29", "unknown"),
        ("29", "2 08:00", "30", "negative"),
        ("30", "2 08:00", "29", "negative"),
        ("29", "2 08:00", "<35", "unknown"),
    ],
)
def test_two_specimens_a_day_apart(say, first, moment, second, state):
    table = f"""
    1 08:00  | biomarker mhla_dr_percent | {first} % flow
    {moment} | biomarker mhla_dr_percent | {second} % flow
    """
    assert say(table, "immunoparalysis_percent", moment).state == state


def test_one_specimen_can_rule_it_out_but_not_in(say):
    low = "1 08:00 | biomarker mhla_dr_percent | 20 % flow"
    high = "1 08:00 | biomarker mhla_dr_percent | 60 % flow"
    name = "immunoparalysis_percent"
    found = say(low, name, "1 12:00")
    assert (found.state, found.reasons) == (
        "unknown",
        ("no second specimen 24 h apart",),
    )
    assert say(high, name, "1 12:00").state == "negative"


def test_one_specimen_is_never_its_own_second(say):
    low = "1 08:00 | biomarker mhla_dr_percent | 20 % flow"
    name = "immunoparalysis_percent"
    at_any_time = timedelta(hours=24)
    assert say(low, name, "1 12:00", repeat_early=at_any_time).state == "unknown"
    twice = low + "\n1 08:01 | biomarker mhla_dr_percent | 20 % flow"
    assert say(twice, name, "1 12:00", repeat_early=at_any_time).state == "positive"


def test_how_much_sooner_the_second_may_come_is_a_policy(say):
    table = """
    1 08:00 | biomarker mhla_dr_percent | 20 % flow
    2 06:00 | biomarker mhla_dr_percent | 20 % flow
    """
    name = "immunoparalysis_percent"
    soon = timedelta(hours=2)
    assert say(table, name, "2 06:00").state == "unknown"
    assert say(table, name, "2 06:00", repeat_early=soon).state == "positive"


# -- strata --------------------------------------------------------------------


def screened(ferritin=None, molecules=None):
    rows = [] if ferritin is None else [f"1 08:00 | ferritin | {ferritin}"]
    if molecules is not None:
        told = f"{molecules} {UNIT} quantibrite"
        rows.append(f"1 08:00 | biomarker mhla_dr_molecules | {told}")
    return "\n".join(rows)


@pytest.mark.parametrize(
    ("ferritin", "molecules", "label"),
    [
        (4421, 9000, "mals"),
        (4421, 4999, "mals"),  # both: treated as MALS
        (4421, None, "mals"),
        (4420, 4999, "immunoparalysis"),
        (4420, 5000, "intermediate"),
        (4420, None, None),
        (None, 4999, None),
        (None, 9000, None),
        (">1650", 4999, None),
        (None, None, None),
    ],
)
def test_the_strata_of_immunosep(stratum, ferritin, molecules, label):
    assert stratum(screened(ferritin, molecules), IMMUNOSEP).label == label


def test_what_is_still_possible_is_named(stratum):
    found = stratum(screened(4420), IMMUNOSEP)
    assert found.possible == ("immunoparalysis", "intermediate")
    assert found.missing == ("immunoparalysis_molecules",)

    found = stratum(screened(None, 4999), IMMUNOSEP)
    assert found.possible == ("mals", "immunoparalysis", "intermediate")


def test_a_stratum_lapses_when_its_first_specimen_grows_stale(stratum, at):
    found = stratum(screened(4420, 4999), IMMUNOSEP)
    assert found.stale_from == at("2 08:00")
    assert stratum(screened(4420, 4999), IMMUNOSEP, "2 08:01").label is None


def test_the_strata_of_provide_count_per_cent(stratum):
    table = """
    1 08:00 | ferritin                  | 900
    1 08:00 | biomarker mhla_dr_percent | 20 % flow
    2 08:00 | ferritin                  | 900
    2 08:00 | biomarker mhla_dr_percent | 20 % flow
    """
    assert stratum(table, PROVIDE, "1 12:00").label is None
    assert stratum(table, PROVIDE, "2 12:00").label == "immunoparalysis"
    assert stratum(table, IMMUNOSEP, "2 12:00").label is None


@pytest.mark.parametrize(
    ("ferritin", "tnf", "label"),
    [
        (2001, 500, "hyper_inflammation"),
        (2001, 100, "hyper_inflammation"),
        (1999, 199, "immunoparalysis"),
        (1999, 200, "neither"),
        (2000, 100, "neither"),  # neither below nor above
    ],
)
def test_children_in_grace_2(stratum, ferritin, tnf, label):
    table = f"""
    1 08:00 | ferritin                    | {ferritin}
    1 08:00 | biomarker tnf_alpha_ex_vivo | {tnf} pg/mL elisa
    """
    assert stratum(table, GRACE2).label == label


@pytest.mark.parametrize(
    ("bilirubin", "platelets", "label"),
    [(1.2, 100, "mas_features"), (1.1, 100, "none"), (1.2, 101, "none")],
)
def test_features_of_macrophage_activation(stratum, bilirubin, platelets, label):
    table = f"""
    1 08:00 | bilirubin_total | {bilirubin}
    1 08:00 | platelets       | {platelets}
    """
    assert stratum(table, HBD_DIC).label == label


def test_the_specification_names_the_policys_arguments():
    assert {c.argument for c in SPEC.choices} == set(MarkerPolicy.__dataclass_fields__)


def test_false_is_only_said_of_a_fresh_negative(say):
    assert say("1 08:00 | ferritin | 10", "mals", "1 12:00").truth is FALSE
    assert say("1 08:00 | ferritin | 10", "mals", "9 12:00").truth is UNKNOWN
