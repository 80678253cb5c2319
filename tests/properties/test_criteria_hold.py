"""What must hold of every rule and every record, not only of those we thought of."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from streams.clinical.criteria.judge import judge
from streams.clinical.criteria.judgement import INSTANT, PatientView
from streams.clinical.criteria.medication import OPEN_ORDER
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import (
    Allergy,
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
from streams.vocabulary.rules import Rule
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
RULE = TypeAdapter(Rule)

# Ranges are tiny on purpose, so that equalities and edges happen.
HOURS = st.sampled_from(("1 h", "2 h", "3 h"))
NAMES = st.sampled_from("abcd")
TODAY = st.just(0)
ICD = "http://hl7.org/fhir/sid/icd-10-cm|"


def leaf(kind, *, optional=None, **fields):
    return st.fixed_dictionaries(
        {"kind": st.just(kind), **fields}, optional=optional or {}
    )


LACTATES = leaf(
    "value",
    concept=st.just("lactate"),
    within=HOURS,
    which=st.sampled_from(("latest", "first", "highest", "lowest", "any")),
    **{
        "is": st.builds(
            "{} {} mmol/L".format,
            st.sampled_from(("<", "<=", ">", ">=")),
            st.integers(1, 3),
        )
    },
    optional={"since": st.sampled_from(("onset.known_at", "onset.happened_at"))},
)
RUNNING = {"drugs": st.just(["norepinephrine"]), "stale_after": HOURS}
INFUSIONS = st.one_of(
    leaf(
        "infusion",
        **RUNNING,
        optional={
            "rate": st.sampled_from(("> 1 ug/kg/min", ">= 2 ug/kg/min")),
            "within": HOURS,
        },
    ),
    leaf("infusion", **RUNNING, lasting=HOURS, gap=st.sampled_from(("1 min", "1 h"))),
)


def fact(kind, *, days_ago=TODAY, **fields):
    def at(days, hours, number, rest):
        moment = NOW - timedelta(days=days, hours=hours)
        return kind(
            event_id=f"{kind.__name__}-{number}",
            happened_at=moment,
            known_at=moment,
            **rest,
        )

    halves = st.integers(-2, 8).map(lambda n: n / 2)
    rest = st.fixed_dictionaries(fields)
    return st.builds(at, days_ago, halves, st.integers(0, 5), rest)


PAIRS = {
    "value": (
        LACTATES,
        fact(
            Measurement,
            concept=st.just("lactate"),
            value=st.integers(0, 4).map(float),
            comparator=st.sampled_from((None, "<", ">", ">=")),
        ),
    ),
    "infusion": (
        INFUSIONS,
        fact(
            Infusion,
            infusion_id=st.sampled_from("mn"),
            drug=st.just("norepinephrine"),
            phase=st.sampled_from(("started", "changed", "stopped")),
            rate=st.sampled_from((None, 0.0, 1.0, 2.0)),
        ),
    ),
    "age": (
        leaf("age", **{"is": st.sampled_from((">= 18 years", "<= 55 years"))}),
        fact(
            Demographics,
            birth_year=st.sampled_from((None, 2008, 2009, 1970)),
            age_precision=st.sampled_from(("stated", "year")),
        ),
    ),
    "sex": (
        leaf("sex", **{"is": st.sampled_from(("male", "female"))}),
        fact(Demographics, sex=st.sampled_from((None, "male", "female"))),
    ),
    "pregnant": (
        leaf("pregnant", optional={"within": HOURS}),
        fact(Pregnancy, pregnant=st.sampled_from((None, True, False))),
    ),
    "allergy": (
        leaf("allergy", to=st.just(["hydrocortisone"])),
        fact(
            Allergy,
            substance=st.sampled_from(("any", "Hydrocortisone")),
            present=st.booleans(),
        ),
    ),
    "code status": (
        leaf("code_status", any_of=st.just(["comfort_only"])),
        fact(CodeStatus, status=st.sampled_from(("full", "comfort_only"))),
    ),
    "condition": (
        leaf("condition", codes=st.just([f"{ICD}N18"])),
        fact(Condition, code=st.just(f"{ICD}N18.6"), present=st.booleans()),
    ),
    "in hospital": (
        leaf("in_hospital"),
        fact(Encounter, phase=st.sampled_from(("admitted", "discharged"))),
    ),
    "location": (
        leaf("location", any_of=st.just(["icu"])),
        fact(
            Location,
            phase=st.sampled_from(("entered", "left")),
            ward=st.just("w"),
            level=st.sampled_from(("icu", "ward")),
        ),
    ),
    "died": (leaf("died"), fact(Death)),
    "medication": (
        leaf("medication", named=st.just(["cortison"]), within=HOURS),
        fact(
            Medication,
            # About as old as an order may be before it is no longer believed.
            days_ago=st.sampled_from((0, OPEN_ORDER.days)),
            stage=st.sampled_from(("ordered", "given", "stopped")),
            order_id=st.sampled_from((None, "o", "p")),
            sent_drug=st.sampled_from(("hydrocortisone", "x")),
            planned_stop=st.sampled_from((None, NOW - HALF_HOUR, NOW + HALF_HOUR)),
            flags=st.sampled_from(((), (Flag.STOP_BEFORE_START,))),
        ),
    ),
    "breathing": (
        leaf("respiratory_support", any_of=st.just(["invasive"]), within=HOURS),
        fact(
            RespiratorySupport, category=st.sampled_from((None, "invasive", "oxygen"))
        ),
    ),
}
NO_FACTS = (leaf("onset"), leaf("enrolled", trials=st.just(["t"])))


def silent(rule):
    return st.booleans().map(lambda no: {**rule, "absent_means": False} if no else rule)


DATA = st.one_of(*(rule for rule, _ in PAIRS.values()), *NO_FACTS)
QUESTIONS = leaf("confirm", name=NAMES, question=st.just("Is it so?"))


def trees(leaves, *, negation=True):
    def grow(parts):
        several = st.lists(parts, min_size=1, max_size=3)
        kinds = [
            leaf("all", of=several),
            leaf("any", of=several),
            several.flatmap(
                lambda of: leaf("at_least", n=st.integers(1, len(of)), of=st.just(of))
            ),
        ]
        return st.one_of(*kinds, *([leaf("not", rule=parts)] if negation else ()))

    return st.recursive(leaves, grow, max_leaves=6).map(RULE.validate_python)


def records(facts):
    return st.lists(facts, max_size=8, unique_by=lambda one: one.event_id)


FACTS = records(st.one_of(*(facts for _, facts in PAIRS.values())))
ANSWERS = st.dictionaries(NAMES, st.sampled_from((TRUE, FALSE)))
ANCHORS = {
    "onset.known_at": NOW - timedelta(hours=1),
    "onset.happened_at": NOW - timedelta(hours=2),
}


def view(facts, answers=None):
    timeline = Timeline()
    for one in facts:
        timeline.apply(one, one.event_id)
    return PatientView(timeline=timeline, anchors=ANCHORS, answers=answers or {})


@given(trees(DATA | QUESTIONS), st.datetimes(timezones=st.just(UTC)))
def test_of_a_patient_of_whom_nothing_is_known_every_rule_is_unknown(rule, now):
    assume(timedelta(days=200 * 366 + 30) < now - datetime.min.replace(tzinfo=UTC))
    said = judge(rule, PatientView(), now)
    assert said.truth is UNKNOWN
    assert said.evidence == ()
    assert said.would_need


@given(trees(DATA.flatmap(silent) | QUESTIONS, negation=False))
def test_without_negation_absence_fulfils_nothing_whatever_it_means(rule):
    assert judge(rule, PatientView(), NOW).truth is not TRUE


@given(trees(DATA.flatmap(silent) | QUESTIONS), FACTS, ANSWERS, st.sets(NAMES))
def test_an_answer_never_reverses_what_is_decided(rule, facts, answers, withheld):
    some = {name: said for name, said in answers.items() if name not in withheld}
    before = judge(rule, view(facts, some), NOW)
    after = judge(rule, view(facts, answers), NOW)
    assert before.truth in (UNKNOWN, after.truth)


@given(
    trees(DATA.flatmap(silent)),
    FACTS.flatmap(
        lambda facts: st.tuples(st.just(facts), st.permutations(facts + facts))
    ),
)
def test_order_and_repetition_of_facts_change_no_judgement(rule, deliveries):
    clean, messy = deliveries
    assert judge(rule, view(messy), NOW) == judge(rule, view(clean), NOW)


@given(trees(DATA.flatmap(silent)), FACTS)
def test_what_has_not_happened_yet_changes_no_truth(rule, facts):
    past = [one for one in facts if one.happened_at <= NOW]
    ahead, behind = judge(rule, view(facts), NOW), judge(rule, view(past), NOW)
    assert ahead.truth is behind.truth
    assert ahead.evidence == behind.evidence


def assert_time_alone_changes_nothing_unannounced(rule, record, until):
    """Walk from one announced moment to the next; in between nothing may change."""
    now = NOW
    while now < until:
        said = judge(rule, record, now)
        assert said.changes_at is None or said.changes_at > now
        announced = until if said.changes_at is None else said.changes_at
        for moment in (now + (announced - now) / 2, announced - INSTANT):
            assert judge(rule, record, moment).truth is said.truth
        now = announced


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
@given(st.data())
def test_time_alone_changes_no_truth_unannounced(pair, data):
    rules, facts = pair
    rule = RULE.validate_python(data.draw(rules.flatmap(silent)))
    record = view(data.draw(records(facts)))
    assert_time_alone_changes_nothing_unannounced(
        rule, record, NOW + timedelta(hours=12)
    )


@given(trees(DATA.flatmap(silent)), FACTS)
def test_nor_that_of_a_compound(rule, facts):
    assert_time_alone_changes_nothing_unannounced(
        rule, view(facts), NOW + timedelta(hours=12)
    )


@given(trees(DATA.flatmap(silent)), FACTS)
def test_a_decided_truth_needs_nothing_and_an_unknown_one_something(rule, facts):
    said = judge(rule, view(facts), NOW)
    assert bool(said.would_need) == (said.truth is UNKNOWN)
