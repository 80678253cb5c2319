"""Septic shock as small timelines: what each reading makes of the same patient."""

from dataclasses import replace
from datetime import timedelta

import pytest

from streams.clinical.definitions.resuscitation import FluidRule, resuscitation
from streams.clinical.definitions.septic_shock import SPEC, septic_shock
from streams.clinical.definitions.shock_policies import (
    CLASSIC,
    HYVITS,
    REDUCE,
    REDUSE,
    RHEE,
    SEPSIS3_AFTER_FLUID,
    SEPSIS3_SHOCK,
    SHOCK_POLICIES,
    VITAMINS,
)
from streams.vocabulary.events import Fluid
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN


@pytest.fixture
def shock(timeline_of):
    """The answer for the only episode there is."""

    def ask(table, policy=SEPSIS3_SHOCK, now=None, **changed):
        policy = replace(policy, **changed)
        (found,) = septic_shock(timeline_of(table), policy=policy, now=now)
        return found

    return ask


SEPSIS = """
at      | what           | value         | encounter
1 06:00 | hospital       | admitted      | h
1 10:00 | culture        | BLOOD CULTURE | h
1 11:00 | antimicrobial  | vancomycin    | h
1 11:30 | platelets      | 45            | h
1 11:40 | weight         | 80            | h
"""

SHOCK = f"""{SEPSIS}
1 12:00 | norepinephrine | 0.1           | h
1 14:00 | lactate        | 3.1           | h
"""


def test_shock_begins_with_the_later_of_vasopressor_and_lactate(shock, at):
    found = shock(SHOCK)
    assert (found.met, found.status) == (TRUE, "confirmed")
    assert found.onset_at == found.final_at == at("1 14:00")
    assert (found.vasopressor_at, found.lactate_at) == (at("1 12:00"), at("1 14:00"))
    assert found.sepsis_at == at("1 11:30")
    assert found.evidence == ("e2", "e1", "e3", "e5", "e6", "e4")

    turned = SHOCK.replace("1 12:00 | nor", "1 17:00 | nor")
    assert shock(turned).onset_at == at("1 17:00")


def test_without_sepsis_there_is_nothing_to_answer(timeline_of):
    table = SHOCK.replace("1 11:00 | antimicrobial  | vancomycin    | h\n", "")
    assert septic_shock(timeline_of(table)) == ()


# -- lactate -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lactate", "above", "from_two"),
    [
        ("1.9", FALSE, FALSE),
        ("2.0", FALSE, TRUE),
        ("2.1", TRUE, TRUE),
        (">2.0", TRUE, TRUE),
        (">1.5", UNKNOWN, UNKNOWN),
        ("<2.0", FALSE, FALSE),
        ("<2.5", UNKNOWN, UNKNOWN),
        ("35", TRUE, TRUE),
    ],
)
def test_above_two_and_from_two(shock, lactate, above, from_two):
    table = SHOCK.replace("3.1", lactate)
    assert shock(table).met is above
    assert shock(table, lactate_operator=">=").met is from_two


@pytest.mark.parametrize(
    ("measured", "met"),
    [
        ("0 11:59", UNKNOWN),  # 24 h and a minute before the vasopressor
        ("0 12:00", TRUE),
        ("1 12:00", TRUE),
        ("1 18:00", TRUE),
        ("2 18:00", TRUE),  # 24 h after it stopped
        ("2 18:01", UNKNOWN),
    ],
)
def test_lactate_and_vasopressor_belong_together_within_a_day(shock, measured, met):
    table = f"""{SEPSIS}
    1 12:00    | norepinephrine | 0.1  | h
    1 18:00    | norepinephrine | stop | h
    {measured} | lactate        | 3    | h
    """
    assert shock(table).met is met


@pytest.mark.parametrize(("policy", "hours"), [(CLASSIC, 3), (REDUCE, 6), (REDUSE, 24)])
@pytest.mark.parametrize("late", [0, 1])
def test_how_old_a_trials_lactate_may_be(shock, policy, hours, late):
    """The vasopressor starts so many hours after it, or a minute more."""
    policy = replace(policy, fluid_is="reported")
    table = f"""{SEPSIS}
    1 12:00 | lactate        | 3   | h
    {1 + (12 + hours) // 24} {(12 + hours) % 24:02}:{late:02} | norepinephrine | 0.1 | h
    """
    assert shock(table, policy).met is (UNKNOWN if late else TRUE)


def test_a_trial_asks_for_a_vasopressor_that_still_runs(shock):
    table = f"""{SEPSIS}
    1 12:00 | norepinephrine | 0.1  | h
    1 13:00 | norepinephrine | stop | h
    1 13:30 | lactate        | 3    | h
    """
    assert shock(table).met is TRUE
    assert shock(table, REDUCE).met is UNKNOWN


# -- vasopressor ---------------------------------------------------------------


def without_vasopressor(rows=""):
    return f"{SEPSIS}\n{rows}\n1 14:00 | lactate | 3.1 | h"


def test_a_record_without_vasopressors_does_not_say_that_none_ran(shock):
    found = shock(without_vasopressor())
    assert (found.met, found.missing) == (UNKNOWN, ("vasopressor",))
    assert shock(without_vasopressor(), uncharted="not_running").met is FALSE


@pytest.mark.parametrize(("rate", "met"), [("0", FALSE), ("0.001", TRUE), ("?", TRUE)])
def test_a_rate_of_nought_does_not_run_and_an_unknown_one_does(shock, rate, met):
    table = without_vasopressor(f"1 12:00 | norepinephrine | {rate} | h")
    assert shock(table).met is met


@pytest.mark.parametrize(
    ("drug", "sepsis3", "classic"),
    [
        ("norepinephrine", TRUE, TRUE),
        ("vasopressin", TRUE, TRUE),
        ("phenylephrine", TRUE, TRUE),
        ("dobutamine", UNKNOWN, TRUE),
        ("milrinone", UNKNOWN, TRUE),
    ],
)
def test_inotropes_count_for_classic_only(shock, drug, sepsis3, classic):
    table = without_vasopressor(f"1 12:00 | {drug} | 0.1 | h")
    assert shock(table).met is sepsis3
    assert shock(table, CLASSIC, fluid_is="reported").met is classic


@pytest.mark.parametrize(("stopped", "met"), [("1 14:00", TRUE), ("1 13:59", FALSE)])
def test_two_hours_without_a_break_for_vitamins(shock, at, stopped, met):
    table = f"""{SEPSIS}
    1 12:00   | norepinephrine | 0.1  | h
    1 12:00   | crystalloid    | 500  | h
    1 13:30   | lactate        | 3    | h
    {stopped} | norepinephrine | stop | h
    """
    found = shock(table, VITAMINS)
    assert found.met is met
    if met is TRUE:
        assert found.onset_at == at("1 14:00")


def test_one_drug_taking_over_from_another_is_no_break(shock):
    table = f"""{SEPSIS}
    1 12:00 | norepinephrine | 0.1  | h
    1 12:00 | crystalloid    | 500  | h
    1 13:00 | norepinephrine | stop | h
    1 13:00 | vasopressin    | 0.03 | h
    1 13:30 | lactate        | 3    | h
    """
    assert shock(table, VITAMINS).met is TRUE
    broken = table.replace("1 13:00 | vasopressin", "1 13:10 | vasopressin")
    broken += "1 14:30 | vasopressin | stop | h"
    assert shock(broken, VITAMINS).met is not TRUE


def test_that_it_was_needed_may_have_to_be_seen(shock):
    assert shock(SHOCK, pressure="seen_low").met is UNKNOWN
    assert shock(SHOCK, pressure="seen_low").missing[0] == "map"
    for pressure, met in (("64", TRUE), ("65", FALSE)):
        table = SHOCK + f"1 11:50 | map | {pressure} | h"
        assert shock(table, pressure="seen_low").met is met


# -- fluid ---------------------------------------------------------------------


def after(volume, unit_weight="80", moment="1 11:00"):
    rows = f"{moment} | crystalloid | {volume} | h" if volume else ""
    return SHOCK.replace("80 ", unit_weight + " ") + rows


@pytest.mark.parametrize(
    ("volume", "adequate"),
    [("2399", FALSE), ("2400", TRUE), ("?", UNKNOWN), (None, UNKNOWN)],
)
def test_thirty_millilitres_a_kilogram_are_adequate(shock, volume, adequate):
    found = shock(after(volume))
    assert found.resuscitation.adequate is adequate
    assert found.met is TRUE
    assert shock(after(volume), SEPSIS3_AFTER_FLUID).met is adequate


def test_without_a_weight_nobody_can_say(shock):
    table = "\n".join(row for row in after("2400").splitlines() if "weight" not in row)
    found = shock(table)
    assert found.resuscitation.adequate is UNKNOWN
    assert found.missing == ("weight",)


@pytest.mark.parametrize(
    ("moment", "adequate"), [("0 14:00", UNKNOWN), ("0 14:01", TRUE), ("1 14:00", TRUE)]
)
def test_fluid_counts_for_a_day(shock, moment, adequate):
    found = shock(after("2400", moment=moment))
    assert found.resuscitation.adequate is adequate


@pytest.mark.parametrize(
    ("policy", "volume", "met"),
    [
        (CLASSIC, "999", FALSE),
        (CLASSIC, "1000", TRUE),
        (REDUSE, "1000", FALSE),
        (REDUSE, "1001", TRUE),
        (HYVITS, "1", TRUE),
        (REDUCE, None, TRUE),
        (RHEE, None, TRUE),
        (HYVITS, None, UNKNOWN),
    ],
)
def test_how_much_fluid_each_trial_asks_for(shock, policy, volume, met):
    assert shock(after(volume), policy).met is met


def test_where_fluid_is_required_shock_begins_with_the_last_of_it(shock, at):
    table = f"""{SHOCK}
    1 13:00 | crystalloid | 1500 | h
    1 15:30 | crystalloid | 900  | h
    """
    assert shock(table).onset_at == at("1 14:00")
    assert shock(table, SEPSIS3_AFTER_FLUID).onset_at == at("1 15:30")


# -- when ----------------------------------------------------------------------


def test_nothing_is_told_before_it_has_happened(shock, at):
    early = shock(SHOCK, now=at("1 13:59"))
    assert (early.met, early.status, early.final_at) == (UNKNOWN, "provisional", None)
    assert early.missing == ("lactate",)
    assert shock(SHOCK, now=at("1 14:00")).met is TRUE


def test_it_is_withdrawn_when_the_stay_ends_without(shock, at):
    table = f"""{SEPSIS}
    1 12:00 | norepinephrine | 0.1        | h
    1 14:00 | lactate        | 1.1        | h
    3 12:00 | hospital       | discharged | h
    5 12:00 | lactate        | 9          | k
    """
    found = shock(table)
    assert (found.met, found.status) == (FALSE, "withdrawn")
    assert found.final_at == at("3 12:00")
    assert shock(table, now=at("2 12:00")).status == "provisional"


def test_an_old_drip_counts_from_the_opening_of_the_window(shock, at):
    table = f"""
    at      | what           | value  | encounter
    -9 12:00 | norepinephrine | 0.1   | h
    -2 09:59 | lactate        | 3     | h
    {SEPSIS.split("encounter", 1)[1].strip()}
    """
    assert shock(table).met is UNKNOWN
    found = shock(table.replace("-2 09:59", "-2 10:00"))
    assert (found.met, found.onset_at) == (TRUE, at("-1 10:00"))


def test_onset_may_be_held_back_to_sepsis(shock, at):
    table = SHOCK.replace("1 11:30 | platelets", "1 15:00 | platelets")
    table = table.replace("norepinephrine", "vasopressin   ")
    assert shock(table).onset_at == at("1 14:00")
    assert shock(table, onset="not_before_sepsis").onset_at == at("1 15:00")


def test_infection_is_enough_for_trials(shock, timeline_of):
    table = SHOCK.replace("45  ", "300 ").replace("0.1 ", "0   ")
    table += "\n1 12:30 | vasopressin | 0.03 | h"
    assert septic_shock(timeline_of(table)) == ()
    assert shock(table, REDUCE).met is TRUE


def test_every_reading_has_a_name_and_a_source():
    assert {p.name for p in SHOCK_POLICIES.values()} == set(SHOCK_POLICIES)
    assert all(policy.source for policy in SHOCK_POLICIES.values())
    arguments = {choice.argument for choice in SPEC.choices}
    assert arguments <= set(type(SEPSIS3_SHOCK).__dataclass_fields__)


def test_half_an_infusion_that_ran_across_the_edge_may_or_may_not_count(timeline_of):
    """Charted inside the day, begun before it: from nothing to all of it."""
    timeline = timeline_of(SHOCK)
    end = next(iter(timeline.lane("measurement:lactate").all())).happened_at
    charted = end - timedelta(hours=23)
    bag = Fluid(
        event_id="bag",
        happened_at=charted,
        known_at=charted,
        direction="in",
        substance="crystalloid",
        volume_ml=2400,
        started_at=charted - timedelta(hours=4),
    )
    timeline.apply(bag, "bag")
    rule = FluidRule(operator=">=", amount=30, unit="mL/kg", within=timedelta(hours=24))
    given = resuscitation(timeline, rule, end)
    assert (given.low_ml, given.high_ml, given.adequate) == (0.0, 2400, UNKNOWN)
