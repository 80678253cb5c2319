"""What the lint says of how arms are drawn."""

import pytest

from streams.clinical.criteria.lint import lint
from streams.clinical.linting.finding import Check
from streams.vocabulary.protocol_text import parse_protocol


BLOCKS = "{method: permuted_blocks, sizes: [4, 6]}"
STRATUM = """\
    strata:
      - id: shock
        text: In shock
        if_true: shock_yes
        if_false: shock_no
        rule: {kind: infusion, drugs: [vasopressor]}
"""
MINIMISED = "{{method: minimisation, factors: [{{factor: shock}}], spread: sd, p: {}}}"


@pytest.fixture
def told(document):
    """The checks that find fault with this allocation."""

    def lint_of(allocation):
        text = document("rule: {kind: onset}")
        assert BLOCKS in text
        text = text.replace(BLOCKS, allocation)
        text = text.replace("    alert:", STRATUM + "    alert:", 1)
        found = lint(parse_protocol(text), text)
        drawn = {Check.GUESSABLE, Check.NO_FLOOR}
        return [(f.code, f.severity, f.path) for f in found if f.code in drawn]

    return lint_of


@pytest.mark.parametrize(
    "allocation",
    [
        BLOCKS,
        "{method: simple}",
        "{method: urn}",
        "{method: big_stick, limit: 2}",
        "{method: biased_coin, p: 2/3}",
        MINIMISED.format(0.85),
        "{method: adaptive, floors: {one: 0.1}, fixed: {two: 0.4}}",
    ],
)
def test_what_keeps_its_secret_is_clean(told, allocation):
    assert told(allocation) == []


@pytest.mark.parametrize(
    "allocation",
    [
        "{method: permuted_blocks, sizes: [2, 4]}",
        "{method: permuted_blocks, sizes: [6]}",
        "{method: big_stick, limit: 1}",
        "{method: biased_coin, p: 2/3, limit: 1}",
        MINIMISED.format(0.9),
    ],
)
def test_what_a_guesser_would_know_is_warned_of(told, allocation):
    assert told(allocation) == [("guessable", "warning", "domains[0].allocation")]


def test_an_arm_that_may_starve_is_warned_of(told):
    told_of = told("{method: adaptive, floors: {one: 0.1}}")

    assert told_of == [("no_floor", "warning", "domains[0].allocation")]
