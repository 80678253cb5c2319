"""Compounds follow Kleene's tables, as CQL 1.5 prints them.

A rule over what nobody can know yet is written here as a `confirm` that nobody has
answered.
"""

from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter

from streams.clinical.criteria.judge import judge
from streams.clinical.criteria.judgement import PatientView
from streams.vocabulary.rules import Rule
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LETTER = {"T": TRUE, "F": FALSE, "u": UNKNOWN}
RULE = TypeAdapter(Rule)


def ask(name):
    return {"kind": "confirm", "name": name, "question": "Is it so?"}


def judged(rule, **answers):
    said = {name: LETTER[letter] for name, letter in answers.items()}
    return judge(RULE.validate_python(rule), PatientView(answers=said), NOW)


AND = """
    T u F
T   T u F
u   u u F
F   F F F
"""

OR = """
    T u F
T   T T T
u   T u u
F   T u F
"""


def cells(table):
    head, *rows = [line.split() for line in table.strip().splitlines()]
    return [(row[0], a, row[1 + i]) for row in rows for i, a in enumerate(head)]


@pytest.mark.parametrize(("left", "right", "result"), cells(AND))
def test_all(left, right, result):
    rule = {"kind": "all", "of": [ask("a"), ask("b")]}
    assert judged(rule, a=left, b=right).truth is LETTER[result]


@pytest.mark.parametrize(("left", "right", "result"), cells(OR))
def test_any(left, right, result):
    rule = {"kind": "any", "of": [ask("a"), ask("b")]}
    assert judged(rule, a=left, b=right).truth is LETTER[result]


@pytest.mark.parametrize(("inner", "result"), [("T", "F"), ("u", "u"), ("F", "T")])
def test_not(inner, result):
    assert judged({"kind": "not", "rule": ask("a")}, a=inner).truth is LETTER[result]


@pytest.mark.parametrize(
    ("answers", "result"),
    [
        ("TTF", "T"),
        ("TTu", "T"),
        ("TuF", "u"),
        ("uuu", "u"),
        ("FFu", "F"),
        ("FuF", "F"),
    ],
)
def test_at_least_two(answers, result):
    rule = {"kind": "at_least", "n": 2, "of": [ask("a"), ask("b"), ask("c")]}
    said = judged(rule, **dict(zip("abc", answers, strict=True)))
    assert said.truth is LETTER[result]


def test_only_what_could_still_change_it_is_asked_for():
    rule = {"kind": "all", "of": [ask("a"), ask("b"), ask("c")]}
    assert judged(rule, a="T", b="u", c="u").would_need == ("confirm:b", "confirm:c")
    assert judged(rule, a="F", b="u", c="u").would_need == ()


def test_what_data_can_decide_is_not_left_to_humans_alone():
    lactate = {
        "kind": "value",
        "concept": "lactate",
        "is": "> 2 mmol/L",
        "within": "6 h",
    }
    assert judged(ask("a")).human
    assert not judged({"kind": "any", "of": [ask("a"), lactate]}).human
    assert not judged(ask("a"), a="T").human
