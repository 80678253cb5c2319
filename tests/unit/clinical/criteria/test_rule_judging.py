"""Each kind of rule at its edges: the boundary, the zero, the missing."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import TypeAdapter

from streams.clinical.criteria.judge import judge
from streams.clinical.criteria.judgement import INSTANT, PatientView
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import (
    Allergy,
    Assessment,
    Biomarker,
    CodeStatus,
    Condition,
    Death,
    Demographics,
    Encounter,
    Infusion,
    Location,
    Measurement,
    Medication,
    Pregnancy,
    RespiratorySupport,
)
from streams.vocabulary.facts import Flag
from streams.vocabulary.messages import SepsisOnset
from streams.vocabulary.rules import Rule
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
RULE = TypeAdapter(Rule)


def ago(hours):
    return NOW - timedelta(hours=hours)


def fact(kind, hours_ago, event_id, **fields):
    moment = ago(hours_ago)
    return kind(event_id=event_id, happened_at=moment, known_at=moment, **fields)


def lactate(hours_ago, value, event_id="l", **fields):
    return fact(
        Measurement, hours_ago, event_id, concept="lactate", value=value, **fields
    )


def view(*facts, **fields):
    timeline = Timeline()
    for one in facts:
        timeline.apply(one, one.event_id)
    return PatientView(timeline=timeline, **fields)


def judged(rule, *facts, now=NOW, **fields):
    return judge(RULE.validate_python(rule), view(*facts, **fields), now)


HIGH = {"kind": "value", "concept": "lactate", "is": "> 2 mmol/L", "within": "6 h"}
ICU = {"kind": "location", "any_of": ["icu"]}
PRESSOR = {"kind": "infusion", "drugs": ["vasopressor"]}


# -- values --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "truth"), [(2.1, TRUE), (2.0, FALSE), (1.9, FALSE), (0.0, FALSE)]
)
def test_a_value_is_compared_strictly_where_the_rule_is_strict(value, truth):
    assert judged(HIGH, lactate(1, value)).truth is truth


@pytest.mark.parametrize(
    ("result", "truth"),
    [
        ({"value": 1650, "comparator": ">"}, UNKNOWN),
        ({"value": 4420, "comparator": ">="}, UNKNOWN),
        ({"value": 4420, "comparator": ">"}, TRUE),
        ({"value": 4420, "comparator": "<="}, FALSE),
        ({"value": 4420, "comparator": "<"}, FALSE),
        ({"value": 5000, "comparator": "<"}, UNKNOWN),
        ({"value": 4000, "upper": 5000}, UNKNOWN),
        ({"value": 4421, "upper": 5000}, TRUE),
    ],
)
def test_a_censored_ferritin_is_an_interval(result, truth):
    rule = {**HIGH, "concept": "ferritin", "is": "> 4420 ng/mL"}
    ferritin = fact(Measurement, 1, "f", concept="ferritin", **result)
    said = judged(rule, ferritin)
    assert said.truth is truth
    assert said.evidence == ("f",)
    assert bool(said.would_need) == (truth is UNKNOWN)


def test_nothing_measured_is_unknown_and_names_what_is_missing():
    said = judged(HIGH)
    assert said.truth is UNKNOWN
    assert said.would_need == ("lactate within 6 h",)


def test_absence_means_false_only_where_the_rule_says_so():
    assert judged({**HIGH, "absent_means": False}).truth is FALSE


def test_a_result_exactly_as_old_as_the_window_counts_and_then_no_more():
    old = lactate(6, 3.0)
    said = judged(HIGH, old)
    assert said.truth is TRUE
    assert said.changes_at == NOW + INSTANT
    assert judged(HIGH, old, now=said.changes_at).truth is UNKNOWN


def test_the_latest_value_decides_and_the_highest_where_asked():
    falling = (lactate(3, 4.0, "a"), lactate(1, 1.0, "b"))
    assert judged(HIGH, *falling).truth is FALSE
    highest = judged({**HIGH, "which": "highest"}, *falling)
    assert highest.truth is TRUE
    assert highest.evidence == ("a",)
    assert highest.changes_at == ago(3) + timedelta(hours=6) + INSTANT


def test_the_lowest_above_a_bound_needs_every_value():
    rule = {**HIGH, "which": "lowest"}
    assert judged(rule, lactate(3, 4.0, "a"), lactate(1, 1.0, "b")).truth is FALSE
    assert judged(rule, lactate(3, 4.0, "a"), lactate(1, 2.5, "b")).truth is TRUE


def test_the_first_value_since_the_onset_decides_where_asked():
    rule = {**HIGH, "which": "first", "since": "onset.happened_at"}
    values = (lactate(5, 9.0, "before"), lactate(4, 1.0, "at"), lactate(1, 9.0, "late"))
    said = judged(rule, *values, anchors={"onset.happened_at": ago(4)})
    assert said.truth is FALSE
    assert said.evidence == ("at",)


def test_without_its_anchor_a_window_is_unknown():
    rule = {**HIGH, "since": "onset.known_at"}
    assert judged(rule, lactate(1, 3)).would_need == ("onset.known_at",)


def test_a_value_dated_in_the_future_does_not_count_until_then():
    said = judged(HIGH, lactate(-2, 3.0))
    assert said.truth is UNKNOWN
    assert said.changes_at == ago(-2)


def test_a_result_in_words_compares_with_nothing():
    assert judged(HIGH, lactate(1, None, text="hemolysed")).truth is UNKNOWN


def test_an_implausible_value_counts_unless_the_rule_doubts_it():
    odd = lactate(1, 40.0, flags=(Flag.IMPLAUSIBLE,))
    assert judged(HIGH, odd).truth is TRUE
    assert judged({**HIGH, "implausible": "unknown"}, odd).truth is UNKNOWN


def test_scores_and_markers_are_values_too():
    gcs = fact(Assessment, 1, "g", concept="gcs_total", value=8)
    rule = {"kind": "value", "concept": "gcs_total", "is": "< 9 {score}"}
    assert judged({**rule, "within": "1 d"}, gcs).truth is TRUE
    marker = fact(
        Biomarker, 1, "m", concept="ferritin", value=5.0, unit="ug/mL", assay="x",
        assay_version="1",
    )  # fmt: skip
    ferritin = {**HIGH, "concept": "ferritin", "is": "> 4420 ng/mL"}
    assert judged(ferritin, marker).truth is TRUE


# -- the person ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("comparison", "born", "truth"),
    [
        (">= 18 years", 2007, TRUE),
        (">= 18 years", 2008, UNKNOWN),
        (">= 18 years", 2009, FALSE),
        ("<= 55 years", 1971, TRUE),
        ("<= 55 years", 1970, UNKNOWN),
        ("<= 55 years", 1969, FALSE),
    ],
)
def test_a_year_of_birth_leaves_two_ages(comparison, born, truth):
    rule = {"kind": "age", "is": comparison}
    said = judged(rule, fact(Demographics, 9, "d", birth_year=born))
    assert said.truth is truth
    assert said.evidence == ("d",)
    assert said.would_need == (("date of birth",) if truth is UNKNOWN else ())


@pytest.mark.parametrize(
    ("comparison", "born", "truth"),
    [
        (">= 18 years", 2008, TRUE),
        (">= 18 years", 2009, FALSE),
        ("<= 55 years", 1971, TRUE),
        ("<= 55 years", 1970, FALSE),
    ],
)
def test_a_stated_age_is_the_year_less_the_year_of_birth(comparison, born, truth):
    rule = {"kind": "age", "is": comparison}
    person = fact(Demographics, 9, "d", birth_year=born, age_precision="stated")
    assert judged(rule, person).truth is truth


@pytest.mark.parametrize("precision", ["stated", "year"])
def test_a_minor_may_come_of_age_with_the_new_year(precision):
    rule = {"kind": "age", "is": ">= 18 years"}
    said = judged(
        rule, fact(Demographics, 9, "d", birth_year=2009, age_precision=precision)
    )
    assert said.truth is FALSE
    assert said.changes_at == datetime(2027, 1, 1, tzinfo=UTC)


def test_sex_and_age_may_come_in_two_facts():
    facts = (
        fact(Demographics, 9, "d", birth_year=1950),
        fact(Demographics, 8, "e", sex="male"),
    )
    assert judged({"kind": "age", "is": "> 55 years"}, *facts).evidence == ("d",)
    assert judged({"kind": "sex", "is": "male"}, *facts).truth is TRUE
    assert judged({"kind": "sex", "is": "female"}, *facts).truth is FALSE
    assert judged({"kind": "sex", "is": "female"}).truth is UNKNOWN


@pytest.mark.parametrize(
    ("pregnant", "truth"), [(True, TRUE), (False, FALSE), (None, UNKNOWN)]
)
def test_asked_without_an_answer_is_an_unknown_pregnancy(pregnant, truth):
    rule = {"kind": "pregnant", "absent_means": False}
    assert judged(rule, fact(Pregnancy, 1, "p", pregnant=pregnant)).truth is truth


def test_no_known_allergies_rules_out_what_is_not_named():
    rule = {"kind": "allergy", "to": ["hydrocortisone"]}
    none = fact(Allergy, 5, "none", substance="any", present=False)
    named = fact(Allergy, 4, "named", substance="Hydrocortisone")
    assert judged(rule).truth is UNKNOWN
    assert judged(rule, none).truth is FALSE
    assert judged(rule, none, named).truth is TRUE
    assert judged(rule, fact(Allergy, 4, "x", substance="penicillin")).truth is UNKNOWN


def test_a_diagnosis_matches_by_prefix_without_its_dot():
    rule = {"kind": "condition", "codes": ["http://hl7.org/fhir/sid/icd-10-cm|N18.6"]}
    code = "http://hl7.org/fhir/sid/icd-10-cm|N186"
    assert judged(rule, fact(Condition, 1, "c", code=code)).truth is TRUE
    denied = fact(Condition, 1, "c", code=code, present=False)
    assert judged(rule, denied).truth is UNKNOWN
    assert judged({**rule, "absent_means": False}, denied).truth is FALSE


def test_the_last_code_status_stands():
    rule = {"kind": "code_status", "any_of": ["comfort_only"]}
    full = fact(CodeStatus, 3, "a", status="full")
    comfort = fact(CodeStatus, 2, "b", status="comfort_only")
    again = fact(CodeStatus, 1, "c", status="full")
    assert judged(rule, full).truth is FALSE
    assert judged(rule, full, comfort).truth is TRUE
    assert judged(rule, full, comfort, again).truth is FALSE


# -- where the patient is ------------------------------------------------------


def place(hours_ago, event_id, phase, ward, level):
    return fact(Location, hours_ago, event_id, phase=phase, ward=ward, level=level)


def test_a_move_to_the_ward_ends_intensive_care():
    entered = place(9, "a", "entered", "MICU", "icu")
    left = place(2, "b", "left", "MICU", "icu")
    ward = place(2, "c", "entered", "W4", "ward")
    assert judged(ICU).truth is UNKNOWN
    assert judged(ICU, entered).truth is TRUE
    assert judged(ICU, entered, left).truth is FALSE
    assert judged(ICU, entered, ward).truth is FALSE
    assert judged(ICU, entered, left, ward).evidence == ("c",)


def test_a_unit_left_and_entered_at_one_moment_is_entered():
    first = place(9, "a", "entered", "MICU", "icu")
    left = place(2, "z", "left", "MICU", "icu")
    again = place(2, "b", "entered", "MICU", "icu")
    assert judged(ICU, first, left, again).truth is TRUE


def test_a_stay_ends_with_its_discharge_and_another_stay_is_another_matter():
    rule = {"kind": "in_hospital"}
    came = fact(Encounter, 9, "a", phase="admitted", encounter="e1")
    left = fact(Encounter, 2, "b", phase="discharged", encounter="e1")
    other = fact(Encounter, 1, "c", phase="admitted", encounter="e2")
    assert judged(rule, came, episode="e1").truth is TRUE
    assert judged(rule, came, left, other, episode="e1").truth is FALSE
    assert judged(rule, other, episode="e1").truth is UNKNOWN


def test_a_death_on_record_is_a_death_and_silence_is_not_life():
    assert judged({"kind": "died"}, fact(Death, 1, "d")).truth is TRUE
    assert judged({"kind": "died"}).truth is UNKNOWN


# -- treatments ----------------------------------------------------------------


def pump(hours_ago, event_id, phase="started", rate=0.1, pump_id="n", **fields):
    return fact(
        Infusion,
        hours_ago,
        event_id,
        phase=phase,
        infusion_id=pump_id,
        drug="norepinephrine",
        rate=rate,
        **fields,
    )


ODD = (Flag.STOP_BEFORE_START,)


@pytest.mark.parametrize(
    ("facts", "truth"),
    [
        ((), UNKNOWN),
        ((pump(5, "a"),), TRUE),
        ((pump(5, "a", rate=0.0),), FALSE),
        ((pump(5, "a", rate=None),), TRUE),
        ((pump(5, "a", rate=None, sent_rate=0.0),), FALSE),
        ((pump(5, "a"), pump(1, "b", "stopped")), FALSE),
        ((pump(5, "a"), pump(0, "b", "stopped")), FALSE),
        ((pump(5, "a"), pump(1, "b", "changed", 0.0)), FALSE),
        ((pump(5, "a"), pump(1, "b", "stopped"), pump(1, "c", pump_id="m")), TRUE),
        ((pump(48, "a"),), TRUE),
        ((pump(49, "a"),), UNKNOWN),
        ((pump(5, "a", flags=(Flag.STOP_BEFORE_START,)),), UNKNOWN),
        ((pump(5, "a"), pump(6, "b", "stopped", flags=ODD)), UNKNOWN),
        ((pump(5, "a", rate=0.0), pump(6, "b", "stopped", flags=ODD)), FALSE),
    ],
)
def test_an_infusion_runs_from_its_start_until_before_its_stop(facts, truth):
    assert judged(PRESSOR, *facts).truth is truth


def test_a_rate_threshold_on_an_unknown_rate_is_unknown():
    rule = {**PRESSOR, "drugs": ["norepinephrine"], "rate": ">= 0.1 ug/kg/min"}
    assert judged(rule, pump(5, "a", rate=0.1)).truth is TRUE
    assert judged(rule, pump(5, "a", rate=0.09)).truth is FALSE
    assert judged(rule, pump(5, "a", rate=None)).truth is UNKNOWN


def test_an_infusion_that_stopped_within_the_window_ran_in_it():
    rule = {**PRESSOR, "within": "2 h"}
    gone = (pump(5, "a"), pump(1, "b", "stopped"))
    said = judged(rule, *gone)
    assert said.truth is TRUE
    assert said.changes_at == ago(1) + timedelta(hours=2)
    assert judged(rule, *gone, now=said.changes_at).truth is FALSE


@pytest.mark.parametrize(
    ("facts", "truth"),
    [
        ((pump(6, "a"),), TRUE),
        ((pump(5.9, "a"),), FALSE),
        ((pump(9, "a"), pump(4, "b", "stopped"), pump(4, "c", pump_id="m")), TRUE),
        ((pump(9, "a"), pump(4, "b", "stopped"), pump(3, "c", pump_id="m")), FALSE),
        ((pump(9, "a"), pump(4, "b", "changed", 0.0), pump(3, "c", "changed")), FALSE),
        ((pump(9, "a"), pump(1, "b", "stopped")), FALSE),
    ],
)
def test_a_lasting_infusion_may_pause_no_longer_than_its_gap(facts, truth):
    rule = {**PRESSOR, "lasting": "6 h", "gap": "15 min"}
    assert judged(rule, *facts).truth is truth


def test_a_lasting_rule_comes_true_by_time_alone():
    rule = {**PRESSOR, "lasting": "6 h"}
    said = judged(rule, pump(4, "a"))
    assert said.truth is FALSE
    soon = said.changes_at
    while judged(rule, pump(4, "a"), now=soon).truth is FALSE:
        soon = judged(rule, pump(4, "a"), now=soon).changes_at
    assert soon == ago(-2)


def test_a_drug_matches_by_name_stage_and_route():
    rule = {
        "kind": "medication",
        "named": ["hydrocortison"],
        "routes": ["IV"],
        "within": "24 h",
    }

    def given(stage="given", route="iv", hours_ago=4):
        return fact(
            Medication,
            hours_ago,
            "m",
            stage=stage,
            sent_drug="HYDROcortisone Na Succ.",
            route=route,
        )

    assert judged(rule, given()).truth is TRUE
    assert judged(rule, given(route=None)).truth is TRUE
    assert judged(rule, given(route="TP")).truth is UNKNOWN
    assert judged(rule, given(stage="home")).truth is UNKNOWN
    assert judged(rule, given(hours_ago=25)).truth is UNKNOWN


def test_breathing_support_of_another_kind_is_evidence_against():
    rule = {"kind": "respiratory_support", "any_of": ["niv"], "within": "24 h"}
    mask = fact(RespiratorySupport, 2, "o", category="oxygen")
    niv = fact(RespiratorySupport, 3, "n", category="niv")
    unmapped = fact(RespiratorySupport, 1, "u", device="Some tent")
    assert judged(rule, unmapped).truth is UNKNOWN
    assert judged(rule, mask).truth is FALSE
    assert judged(rule, niv, mask).truth is TRUE


# -- what Ember itself knows ---------------------------------------------------


def flagged(status="provisional", **fields):
    told = {
        "message_id": "m",
        "site": "s",
        "patient": "p",
        "happened_at": NOW,
        "known_at": NOW,
        "source": "detect",
        "provenance": "simulated",
        "flag_id": "f",
        "revision": 0,
        "status": status,
        "definition": "sepsis3",
        "definition_version": "1.0",
        "policy": "ember",
        "episode": "e1",
        "evidence": ("b", "a"),
    }
    return SepsisOnset(**{**told, **fields})


def test_an_onset_stands_until_it_is_withdrawn():
    rule = {"kind": "onset"}
    assert judged(rule).truth is UNKNOWN
    assert judged(rule, onset=flagged()).evidence == ("a", "b")
    assert judged(rule, onset=flagged("withdrawn")).truth is FALSE
    sure = {**rule, "statuses": ["confirmed"]}
    assert judged(sure, onset=flagged()).truth is FALSE


def test_another_definition_is_looked_for_in_the_same_episode():
    rule = {"kind": "onset", "definition": "ase"}
    here = flagged(definition="ase")
    other = flagged(definition="ase", episode="e2")
    assert judged(rule, episode="e1", flags=(here, other)).truth is TRUE
    assert judged(rule, episode="e1", flags=(other, flagged())).truth is UNKNOWN
    assert judged({**rule, "policy": "x"}, episode="e1", flags=(here,)).truth is UNKNOWN


def test_a_marker_in_a_foreign_unit_is_unknown():
    marker = fact(
        Biomarker, 1, "m", concept="ferritin", value=5.0, unit="Cel", assay="x",
        assay_version="1",
    )  # fmt: skip
    rule = {**HIGH, "concept": "ferritin", "is": "> 4420 ng/mL"}
    assert judged(rule, marker).truth is UNKNOWN


def test_of_several_uncertain_values_all_are_shown():
    rule = {**HIGH, "which": "any"}
    unsure = [lactate(n, 1.0, f"l{n}", comparator=">") for n in (1, 2)]
    assert judged(rule, *unsure).evidence == ("l1", "l2")


def test_an_icu_stay_ends_by_its_own_name_whatever_the_ward():
    entered = fact(
        Location, 9, "a", phase="entered", ward="MICU", level="icu", stay="i1"
    )
    left = fact(Location, 2, "b", phase="left", ward="Unit 7", level="icu", stay="i1")
    assert judged(ICU, entered, left).truth is FALSE


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "prior_stay", "within": "24 h", "facility": True},
        {"kind": "transferred"},
    ],
)
def test_what_a_date_leaves_open_of_two_stays_absence_does_not_decide(rule):
    """Where the screening names no stay, the date may even hide which is this one."""
    told = {"phase": "registered", "encounter_class": "emergency"}
    dated = fact(Encounter, 0, "f", encounter="f", flags=(Flag.DATE_ONLY,), **told)
    other = fact(Encounter, 0, "e", encounter="e", **told)
    gone = {"phase": "discharged", "disposition": "acute_hospital"}
    left = fact(Encounter, 0, "g", encounter="f", **gone)
    said = judged({**rule, "absent_means": False}, dated, other, left)
    assert (said.truth, said.evidence) == (UNKNOWN, ("f",))
