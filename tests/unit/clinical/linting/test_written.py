"""The page of the language tells every kind and every check, and its examples hold."""

import re
from pathlib import Path
from typing import get_args

import pytest
import yaml
from pydantic import TypeAdapter

from streams.clinical.criteria.judge import KINDS
from streams.clinical.linting.finding import Check
from streams.vocabulary.rules import AllOf, AnyOf, AtLeast, Not, Rule
from streams.vocabulary.windows import Anchor


PAGE = (Path(__file__).parents[4] / "deploy/docs/criteria.md").read_text("utf-8")
EXAMPLES = re.findall(r"`(\{kind: .*?\})`", PAGE)
COMPOUNDS = {AllOf, AnyOf, AtLeast, Not}


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_can_be_read(example):
    rule = yaml.safe_load(example.replace(r"\|", "|"))
    TypeAdapter(Rule).validate_python(rule)


def test_every_kind_is_told():
    kinds = {get_args(m.model_fields["kind"].annotation)[0] for m in KINDS}
    assert [kind for kind in sorted(kinds) if f"`{kind}" not in PAGE] == []


def test_every_kind_of_the_language_has_a_judge():
    assert set(KINDS) == set(get_args(get_args(Rule)[0]))


def test_every_check_is_told():
    assert [check for check in Check if f"`{check}`" not in PAGE] == []


def test_every_anchor_is_told():
    names = {anchor.partition(".")[0] for anchor in get_args(Anchor)}
    assert [name for name in names if f"| `{name}` |" not in PAGE] == []
