"""Criteria in a registry's prose become a draft: split, named, asked, never decided."""

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from streams.adapters.drafting.draft import draft, flow
from streams.adapters.drafting.splitting import split_criteria
from streams.adapters.drafting.suggesting import suggestions
from streams.vocabulary.errors import ErrorCode, InputError, ProtocolError
from streams.vocabulary.protocol import Criterion
from streams.vocabulary.protocol_text import parse_protocol
from streams.vocabulary.rules import Rule


RULE = TypeAdapter(Rule)

NUMBERED = """
A made-up trial of this and that.

Inclusion Criteria:

1. Aged 18 years or older
2. Septic shock, that is, both of:
   * lactate above 2 mmol/L
   * a vasopressor for a mean
     arterial pressure of 65 mmHg
3) In intensive care

Exclusion Criteria:

1. Pregnancy
2. Allergy to thisamine
"""


def texts(text, part):
    return [piece.text for piece in split_criteria(text) if piece.part == part]


def test_numbers_part_criteria_and_deeper_lines_belong_to_theirs():
    assert texts(NUMBERED, "inclusion") == [
        "Aged 18 years or older",
        "Septic shock, that is, both of: - lactate above 2 mmol/L - a vasopressor for a mean arterial pressure of 65 mmHg",
        "In intensive care",
    ]
    assert texts(NUMBERED, "exclusion") == ["Pregnancy", "Allergy to thisamine"]


@pytest.mark.parametrize(
    "text",
    [
        "Inclusion criteria\n- One\n- Two\nExclusion criteria\n- Three",
        "INCLUSION CRITERIA:\n• One\n• Two\n\nEXCLUSION CRITERIA:\n• Three",
        "Key inclusion criteria: 1. One 2. Two\nKey exclusion criteria: Three",
        "**Inclusion Criteria**\n\nOne\nTwo\n\n**Exclusion Criteria**\n\nThree",
        "Inclusion: One; Two\nExclusion: Three",
        "Inclusion Criteria (main study):\n(a) One\n(b) Two\nExclusion Criteria:\n(a) Three",
        "Inclusion criteria:\r\nI1. One\r\nI2. Two\r\nExclusion criteria:\r\nE1. Three",
    ],
)
def test_lists_are_split_however_a_registry_writes_them(text):
    assert texts(text, "inclusion") == ["One", "Two"]
    assert texts(text, "exclusion") == ["Three"]


def test_letters_below_numbers_are_parts_of_one_criterion():
    text = "Inclusion criteria:\n1. One of\na) this\nb) that\n2. More\n"
    assert texts(text, "inclusion") == ["One of - this - that", "More"]


@pytest.mark.parametrize(
    "text", ["", "1. Adults\n2. Sepsis", "Inclusion criteria:\n\n"]
)
def test_a_text_without_a_heading_or_a_criterion_is_refused(text):
    with pytest.raises(InputError) as fault:
        split_criteria(text)
    assert fault.value.code is ErrorCode.NO_CRITERIA


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Age ≥ 18 years", {"kind": "age", "is": ">= 18 years"}),
        ("18 years of age or older", {"kind": "age", "is": ">= 18 years"}),
        ("Under 18 years", {"kind": "age", "is": "< 18 years"}),
        (
            "Lactate ≥ 2.0 mmol/L within the last 3 hours",
            {
                "kind": "value",
                "concept": "lactate",
                "is": ">= 2.0 mmol/L",
                "which": "highest",
                "within": "3 h",
            },
        ),
        (
            "mean arterial pressure below 65 mmHg",
            {
                "kind": "value",
                "concept": "map",
                "is": "< 65 mm[Hg]",
                "which": "lowest",
                "within": "24 h",
            },
        ),
        ("On vasopressors", {"kind": "infusion", "drugs": ["vasopressor"]}),
        (
            "Norepinephrine > 0.1 mcg/kg/min",
            {
                "kind": "infusion",
                "drugs": ["norepinephrine"],
                "rate": "> 0.1 ug/kg/min",
            },
        ),
        (
            "SOFA score of at least 2",
            {"kind": "score", "score": "sofa", "is": ">= 2 {score}"},
        ),
        ("Known pregnancy", {"kind": "pregnant", "within": "270 d"}),
        ("Known allergy to anakinra", {"kind": "allergy", "to": ["anakinra"]}),
        (
            "Do-not-resuscitate order",
            {"kind": "code_status", "any_of": ["dnr", "dnr_dni", "comfort_only"]},
        ),
        (
            "Chronic dialysis",
            {"kind": "procedure", "any_of": ["rrt"], "running": True},
        ),
        ("Septic shock", {"kind": "onset", "definition": "septic_shock"}),
    ],
)
def test_a_common_phrase_suggests_a_rule(text, rule):
    assert rule in suggestions(text)


@pytest.mark.parametrize(
    "text",
    [
        "Lactate above 2",  # no unit: nothing is guessed
        "Lactate above 38 Cel",
        "A life expectancy of less than 90 days",
        "The treating physician thinks it not in the patient's interest",
        "Hypersensitivity to the study drug",
    ],
)
def test_what_would_have_to_be_guessed_suggests_nothing(text):
    assert suggestions(text) == ()


@given(
    st.text(
        alphabet="Lactate map SOFA >=<≥≤ 0123456789. mmol/L mmHg age years", max_size=60
    )
)
def test_every_suggestion_is_a_rule_the_language_takes(text):
    for rule in suggestions(text):
        assert yaml.safe_load(flow(rule)) == rule
        RULE.validate_python(rule)


def criteria(text):
    read = yaml.safe_load(draft(text, source="a text"))
    return [
        Criterion.model_validate(one)
        for part in ("inclusion", "exclusion")
        for one in read.get(part, ())
    ]


def test_every_criterion_of_a_draft_asks_a_human():
    found = criteria(NUMBERED)
    assert [c.id for c in found] == ["I1", "I2", "I3", "E1", "E2"]
    assert {c.rule.kind for c in found} == {"confirm"}
    assert len({c.rule.name for c in found}) == 5


def test_suggestions_stand_as_comments_only():
    lines = draft(NUMBERED, source="a text").splitlines()
    told = [line for line in lines if "suggestion:" in line]
    assert '    # suggestion: {kind: age, is: ">= 18 years"}' in told
    assert all(line.strip().startswith("#") for line in told)
    for line in told:
        RULE.validate_python(yaml.safe_load(line.partition("suggestion: ")[2]))


def test_a_draft_is_no_protocol_and_cannot_be_put_into_force():
    with pytest.raises(ProtocolError):
        parse_protocol(draft(NUMBERED, source="a text"))


@example(["of one; or another;"])
@example([";"])
@given(
    st.lists(
        st.text(
            st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]),
            min_size=1,
            max_size=40,
        ),
        min_size=1,
        max_size=5,
    )
)
def test_no_word_of_a_text_is_lost(lines):
    told = [f"word {' '.join(line.split())}".strip() for line in lines]
    text = "Inclusion criteria:\n" + "\n".join(f"- {line}" for line in told)
    assert [c.text for c in criteria(text)] == told
