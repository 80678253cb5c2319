"""Each method of allocation as it is written, and what does not fit its domain."""

from fractions import Fraction
from importlib.resources import files

import pytest

from streams.clinical.aloud.changes import changes
from streams.vocabulary.allocation import BiasedCoin, Minimisation, read_fraction
from streams.vocabulary.errors import ErrorCode, ProtocolError
from streams.vocabulary.protocol import canonical_json
from streams.vocabulary.protocol_text import parse_protocol


TEXT = files("streams.protocols").joinpath("ember_demo.yaml").read_text("utf-8")
OLD = "      method: permuted_blocks\n      sizes: [4, 6, 8]\n"
ARMS = [arm.id for arm in parse_protocol(TEXT).domains[0].arms]
STRATUM = parse_protocol(TEXT).domains[0].strata[0].id
FIRST, SECOND = ARMS


def written(allocation):
    assert OLD in TEXT
    lines = "".join(f"      {line}\n" for line in allocation.strip().splitlines())
    return TEXT.replace(OLD, lines, 1)


def third_arm(text):
    arm = f"      - id: {SECOND}\n"
    assert arm in text
    return text.replace(arm, "      - {id: third, title: A third}\n" + arm, 1)


@pytest.mark.parametrize(
    "allocation",
    [
        "method: simple",
        "method: big_stick\nlimit: 3",
        "method: biased_coin\np: 2/3",
        "method: biased_coin\np: 0.8\nlimit: 4",
        "method: urn",
        "method: adaptive\ndraw: urn\nalpha: 4",
        (
            f"method: minimisation\nfactors: [{{factor: {STRATUM}, weight: 0.5}}]\n"
            "spread: sd\np: 0.85\nrun_in: 4"
        ),
        (
            f"method: adaptive\nfloors: {{{FIRST}: 0.2, {SECOND}: 0.2}}\npower: 1/2\n"
            f"match_control: {FIRST}\ninitial: {{{FIRST}: 1/3, {SECOND}: 2/3}}"
        ),
    ],
)
def test_a_method_survives_its_own_canonical_json(allocation):
    read = parse_protocol(written(allocation))

    assert type(read).model_validate_json(canonical_json(read)) == read


def test_fractions_are_what_was_written():
    coin = BiasedCoin.model_validate({"method": "biased_coin", "p": 0.85})
    told = {"factors": [{"factor": "a"}], "spread": "range", "p": "2/3"}
    minimised = Minimisation.model_validate({"method": "minimisation", **told})

    assert coin.p == Fraction(17, 20)
    assert minimised.p == Fraction(2, 3)
    assert minimised.factors[0].weight == 1
    assert read_fraction(" 2/3 ") == Fraction(2, 3)


@pytest.mark.parametrize(
    ("allocation", "words"),
    [
        ("method: tossing", "tossing"),
        ("method: big_stick", "`limit` is missing"),
        ("method: big_stick\nlimit: 0", "greater than or equal to 1"),
        ("method: simple\nsizes: [4]", "`sizes` is not known here"),
        ("method: biased_coin\np: 0.4", "leans to the arm that is ahead"),
        ("method: biased_coin\np: 1.5", "no probability"),
        ("method: biased_coin\np: often", "no fraction"),
        ("method: biased_coin\np: 0.12345678", "at most six decimals"),
        ("method: biased_coin\np: true", "no fraction"),
        (
            "method: minimisation\nfactors: [{factor: moon}]\nspread: sd\np: 0.8",
            "'moon' is no stratum",
        ),
        (
            (
                f"method: minimisation\nfactors: [{{factor: {STRATUM}}}, "
                f"{{factor: {STRATUM}}}]\nspread: sd\np: 0.8"
            ),
            "there twice",
        ),
        (
            (
                f"method: minimisation\nfactors: [{{factor: {STRATUM}, weight: 0}}]\n"
                "spread: sd\np: 0.8"
            ),
            "no weight",
        ),
        (
            (
                f"method: minimisation\nfactors: [{{factor: {STRATUM}}}]\n"
                "spread: sd\np: 0.4"
            ),
            "prefers an arm that is ahead",
        ),
        ("method: adaptive\nfloors: {moon: 0.1}", "'moon' is no arm"),
        ("method: adaptive\nmatch_control: moon", "'moon' is no arm"),
        ("method: adaptive\ndraw: urn", "go together"),
        ("method: adaptive\nalpha: 4", "go together"),
        (f"method: adaptive\nfloors: {{{FIRST}: 0.6, {SECOND}: 0.6}}", "sum to 1"),
        (f"method: adaptive\ncaps: {{{FIRST}: 0.4, {SECOND}: 0.4}}", "sum to 1"),
        (
            f"method: adaptive\nfixed: {{{FIRST}: 0.4}}\ncaps: {{{FIRST}: 0.4}}",
            "fixed and limited",
        ),
        (
            f"method: adaptive\nfloors: {{{FIRST}: 0.5}}\ncaps: {{{FIRST}: 0.4}}",
            "above its cap",
        ),
        (f"method: adaptive\ninitial: {{{FIRST}: 1}}", "each arm a share"),
        (f"method: adaptive\ninitial: {{{FIRST}: 1, {SECOND}: 0}}", "gives"),
        (
            (
                f"method: adaptive\nfloors: {{{FIRST}: 0.4}}\n"
                f"initial: {{{FIRST}: 0.2, {SECOND}: 0.8}}"
            ),
            "outside its limits",
        ),
    ],
)
def test_what_does_not_fit_is_told(allocation, words):
    with pytest.raises(ProtocolError, match=words) as fault:
        parse_protocol(written(allocation))

    assert fault.value.code is ErrorCode.PROTOCOL_INVALID


@pytest.mark.parametrize(
    "method", ["big_stick\nlimit: 3", "biased_coin\np: 2/3", "urn"]
)
def test_a_coin_is_for_two_arms_alike(method):
    two = written(f"method: {method}")
    ratio = two.replace(
        f"      - id: {SECOND}\n", f"      - id: {SECOND}\n        ratio: 2\n"
    )

    for text in (third_arm(two), ratio):
        with pytest.raises(ProtocolError, match="two arms of equal shares"):
            parse_protocol(text)


def test_another_method_is_a_change_told_in_words():
    old, new = (
        parse_protocol(TEXT),
        parse_protocol(written("method: big_stick\nlimit: 3")),
    )
    (change,) = changes(old, new)

    assert change.what == "allocation"
    assert change.before == "permuted_blocks: sizes [4, 6, 8]"
    assert change.after == "big_stick: limit 3"
