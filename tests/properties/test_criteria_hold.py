"""What must hold of every rule and every record, not only of those we thought of."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from properties.drawn.facts import told
from properties.drawn.parts import NAMES, NOW, RULE, records, silent
from properties.drawn.rules import ANSWERS, DATA, FACTS, PAIRS, QUESTIONS, trees, view

from streams.clinical.criteria.judge import judge
from streams.clinical.criteria.judgement import INSTANT, PatientView
from streams.vocabulary.truth import TRUE, UNKNOWN


@given(trees(DATA | QUESTIONS), st.datetimes(timezones=st.just(UTC)))
def test_of_a_patient_of_whom_nothing_is_known_every_rule_is_unknown(rule, now):
    assume(timedelta(days=200 * 366 + 30) < now - datetime.min.replace(tzinfo=UTC))
    said = judge(rule, PatientView(), now)
    assert said.truth is UNKNOWN
    assert said.evidence == ()
    assert said.would_need


@given(trees(silent(DATA) | QUESTIONS, negation=False))
def test_without_negation_absence_fulfils_nothing_whatever_it_means(rule):
    assert judge(rule, PatientView(), NOW).truth is not TRUE


@given(trees(silent(DATA) | QUESTIONS), FACTS, ANSWERS, st.sets(NAMES))
def test_an_answer_never_reverses_what_is_decided(rule, facts, answers, withheld):
    some = {name: said for name, said in answers.items() if name not in withheld}
    before = judge(rule, view(facts, some), NOW)
    after = judge(rule, view(facts, answers), NOW)
    assert before.truth in (UNKNOWN, after.truth)


@given(
    trees(silent(DATA)),
    FACTS.flatmap(
        lambda facts: st.tuples(st.just(facts), st.permutations(facts + facts))
    ),
)
def test_order_and_repetition_of_facts_change_no_judgement(rule, deliveries):
    clean, messy = deliveries
    assert judge(rule, view(messy), NOW) == judge(rule, view(clean), NOW)


@given(trees(silent(DATA)), FACTS)
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
    rule = RULE.validate_python(data.draw(silent(rules)))
    record = view(data.draw(records(facts)))
    assert_time_alone_changes_nothing_unannounced(
        rule, record, NOW + timedelta(hours=12)
    )


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
@given(st.data())
def test_what_was_foreseen_is_what_is_judged_then(pair, data):
    """All of it: the truth, its evidence, and what it would need."""
    rules, facts = pair
    rule = RULE.validate_python(data.draw(silent(rules)))
    record = view(data.draw(records(facts)))
    said = judge(rule, record, NOW)
    if said.foresight is None:
        return
    for hours in (0, 1, 7, 31):
        later = NOW + timedelta(hours=hours)
        assert said.foresight.at(later) == judge(rule, record, later)


@given(trees(silent(DATA)), FACTS)
def test_nor_that_of_a_compound(rule, facts):
    assert_time_alone_changes_nothing_unannounced(
        rule, view(facts), NOW + timedelta(hours=12)
    )


@given(trees(silent(DATA)), FACTS)
def test_a_decided_truth_needs_nothing_and_an_unknown_one_something(rule, facts):
    said = judge(rule, view(facts), NOW)
    assert bool(said.would_need) == (said.truth is UNKNOWN)


# -- what was unknown becomes known, and nothing else changes --------------------


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
@given(st.data())
def test_what_becomes_known_reverses_nothing_that_was_decided(pair, data):
    rules, facts = pair
    rule = RULE.validate_python(data.draw(silent(rules)))
    vague = data.draw(records(facts))
    clear = [data.draw(told(one)) for one in vague]
    before, after = judge(rule, view(vague), NOW), judge(rule, view(clear), NOW)
    assert before.truth in (UNKNOWN, after.truth)
