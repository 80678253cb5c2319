"""The judges and a reference as simple as it can be written say the same of anybody.

Truth, deciding events and missing facts, for every kind of criterion and in compounds;
over facts that come late, are corrected or cancelled, have a date alone, are censored
or filed under another stay.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from properties.drawn.histories import ASIDE, KNOWN, OF_THE_SCREENING, histories
from properties.drawn.parts import NOW, RULE, silent
from properties.drawn.rules import DATA, FACT, PAIRS, trees
from properties.reference.evaluator import KINDS as SIMPLE
from properties.reference.evaluator import evaluate
from properties.reference.record import Patient, standing

from streams.clinical.criteria.judge import KINDS, judge
from streams.clinical.criteria.judgement import PatientView
from streams.clinical.timeline import Timeline


def judged(rule, history, aside):
    timeline = Timeline()
    for one in history:
        timeline.apply(one, one.event_id)
    said = judge(rule, PatientView(timeline=timeline, **aside), NOW)
    return said.truth, said.evidence, said.would_need


def expected(rule, history, aside):
    said = evaluate(rule, Patient(NOW, standing(history, NOW), **aside))
    return said.truth, said.evidence, said.would_need


def test_the_reference_knows_every_kind_of_rule():
    kinds = {rule.model_fields["kind"].annotation.__args__[0] for rule in KINDS}
    assert {*SIMPLE} == kinds


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
@settings(max_examples=4 * settings.default.max_examples)
@given(st.data())
def test_of_every_kind_the_reference_says_the_same(pair, data):
    rules, facts = pair
    rule = RULE.validate_python(data.draw(silent(rules)))
    history, aside = data.draw(histories(facts)), data.draw(OF_THE_SCREENING)
    assert judged(rule, history, aside) == expected(rule, history, aside)


@given(trees(KNOWN), ASIDE)
def test_so_it_does_of_what_ember_itself_knows(rule, aside):
    assert judged(rule, [], aside) == expected(rule, [], aside)


@settings(max_examples=50)
@given(trees(silent(DATA) | KNOWN), histories(FACT), ASIDE)
def test_so_it_does_of_compounds(rule, history, aside):
    assert judged(rule, history, aside) == expected(rule, history, aside)
