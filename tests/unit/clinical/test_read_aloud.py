"""Every rule, window and entry can be read aloud, and two that differ sound different."""

from importlib.resources import files
from typing import get_args

import pytest
from pydantic import TypeAdapter

from streams.clinical.aloud.document import aloud, passages
from streams.clinical.aloud.entries import entry
from streams.clinical.aloud.rules import SENTENCES, lines, sentence
from streams.clinical.aloud.times import ANCHORS, compared, lasting
from streams.clinical.criteria.loading import load_protocol
from streams.vocabulary.entry import Entry
from streams.vocabulary.quantities import read_comparison, read_duration
from streams.vocabulary.rules import AllOf, AnyOf, AtLeast, Not, Rule
from streams.vocabulary.windows import Anchor


RULE = TypeAdapter(Rule)
ENTRY = TypeAdapter(Entry)


def test_every_kind_of_rule_has_a_sentence():
    kinds = set(get_args(get_args(Rule)[0]))
    assert kinds - set(SENTENCES) == {AllOf, AnyOf, AtLeast, Not}


def test_every_anchor_has_words_of_its_own():
    assert set(ANCHORS) == set(get_args(Anchor))
    assert len(set(ANCHORS.values())) == len(ANCHORS)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (
            {
                "kind": "value",
                "concept": "lactate",
                "is": "> 2 mmol/L",
                "within": "3 h",
            },
            "the latest lactate in the last 3 h is above 2 mmol/L",
        ),
        (
            {
                "kind": "value",
                "concept": "map",
                "is": "< 65 mm[Hg]",
                "sustained": "1 h",
                "since": "onset.happened_at",
            },
            (
                "every map has been below 65 mmHg for 1 h, without a gap of more than 2 h, "
                "since the onset of sepsis happened"
            ),
        ),
        (
            {
                "kind": "trend",
                "concept": "lactate",
                "from": "highest",
                "change": "<= -50 %",
                "within": "12 h",
            },
            (
                "from the highest lactate to the latest in the last 12 h, the change is at "
                "most -50% of it"
            ),
        ),
        (
            {"kind": "score", "score": "sofa", "is": ">= 2 {score}"},
            "the score sofa is at least 2 points",
        ),
        (
            {
                "kind": "culture",
                "result": "positive",
                "specimens": ["blood"],
                "organisms": ["staphylococcus aureus"],
                "from": "-24 h",
                "to": "6 h",
                "around": "entry.happened_at",
            },
            (
                "there is a positive culture of blood that grew staphylococcus aureus, "
                "collected from 24 h before what opened the screening happened up to 6 h "
                "after what opened the screening happened"
            ),
        ),
        (
            {"kind": "elapsed", "since": "icu.happened_at", "is": "<= 48 h"},
            (
                "from when the first intensive care of the stay began to now it is at most "
                "48 h"
            ),
        ),
        (
            {"kind": "died", "absent_means": False},
            "a death is on record (where nothing is recorded: no)",
        ),
        (
            {
                "kind": "confirm",
                "name": "n",
                "question": "Is it?",
                "by": "investigator",
                "holds_for": "24 h",
            },
            "the investigator says yes to: Is it? (holds for 24 h)",
        ),
    ],
)
def test_a_rule_is_a_sentence(rule, words):
    assert sentence(RULE.validate_python(rule)) == words


def test_a_compound_is_a_list_below_its_count():
    rule = RULE.validate_python(
        {
            "kind": "at_least",
            "n": 1,
            "of": [
                {"kind": "died"},
                {"kind": "not", "rule": {"kind": "sex", "is": "male"}},
            ],
        }
    )
    assert list(lines(rule)) == [
        "at least 1 of these:",
        "  a death is on record",
        "  not this:",
        "    the sex on record is male",
    ]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"kind": "unit", "any_of": ["icu"]}, "the coming to icu"),
        (
            {
                "kind": "all_of",
                "within": "6 h",
                "of": [
                    {"kind": "admission"},
                    {"kind": "medication", "antimicrobial": True},
                ],
            },
            (
                "all of these within 6 h: an admission to hospital; an antimicrobial ordered "
                "or given"
            ),
        ),
    ],
)
def test_an_entry_is_a_clause(told, words):
    assert entry(ENTRY.validate_python(told)) == words


def test_quantities_are_said_in_the_units_of_the_ward():
    assert compared(read_comparison(">= 18 years")) == "at least 18 years"
    assert lasting(read_duration("72 h")) == "3 days"
    assert lasting(read_duration("36 h")) == "36 h"


def test_every_criterion_of_what_ships_is_read_aloud():
    folder = files("streams.protocols")
    for file in folder.iterdir():
        if file.name.endswith(".yaml") and ".vignettes" not in file.name:
            protocol = load_protocol(file.read_text("utf-8"))
            whole = "\n".join(aloud(protocol))
            for passage in passages(protocol):
                assert f"  {passage.criterion}  " in whole
                assert all(passage.rule)
