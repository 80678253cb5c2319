"""What `ember detect` and `ember score` are asked, before anything is read."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer

from registry.app.commands.score import chosen, score
from streams.app.history.detection import detect
from streams.app.moments import moment_of
from streams.clinical.catalogue.rules import rule_named, rules
from streams.vocabulary.errors import SettingsError


HERE, OUT = Path(), Path("x.csv")


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"definition": "sofa"}, r"There is no definition 'sofa'\. .*sepsis3, septic"),
        ({"policy": "strict"}, r"no policy 'strict' for sepsis3\. .*: ember, mimic"),
        ({"zone": "Mars/Olympus"}, r"There is no time zone 'Mars/Olympus'\."),
        (
            {"definition": "ase", "hourly": Path("h.csv")},
            r"There is no hourly table of ase\.",
        ),
        ({"source": "mimic-iii"}, r"There is no source 'mimic-iii'\."),
    ],
)
def test_a_detection_that_cannot_be_is_told_before_anything_is_written(asked, sentence):
    with pytest.raises(SettingsError, match=f"EMB-402: .*{sentence}"):
        detect(path=HERE, out=OUT, **asked)
    assert not OUT.exists()


def test_one_file_does_not_hold_two_tables():
    with pytest.raises(typer.BadParameter, match="name two files"):
        detect(path=HERE, out=OUT, hourly=OUT)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2157-11-21T12:00Z", datetime(2157, 11, 21, 12, tzinfo=UTC)),
        ("2157-11-21T07:00-05:00", datetime(2157, 11, 21, 12, tzinfo=UTC)),
    ],
)
def test_a_moment_has_a_zone(text, moment):
    assert moment_of(text, "--at") == moment


@pytest.mark.parametrize("text", ["2157-11-21T12:00", "2157-11-21", "noon"])
def test_a_moment_without_a_zone_is_refused_rather_than_guessed(text):
    with pytest.raises(
        SettingsError, match=r"EMB-402: .*--at.*no moment with its offset"
    ):
        moment_of(text, "--at")


def test_without_a_choice_every_score_is_asked_by_our_default():
    assert chosen(None, None) == [
        (rule, rule.default) for rule in rules().values() if rule.sort == "score"
    ]


def test_a_policy_belongs_to_the_rule_that_is_named():
    assert chosen(["sofa"], "mimic") == [(rule_named("sofa"), "mimic")]
    with pytest.raises(SettingsError, match="A policy is one rule's"):
        chosen(None, "mimic")
    with pytest.raises(SettingsError, match="no policy 'mimic' for news2"):
        chosen(["sofa", "news2"], "mimic")


def test_a_source_needs_its_folder():
    with pytest.raises(SettingsError, match="A source needs the folder it lies in"):
        score("1", at=datetime(2157, 11, 21, 12, tzinfo=UTC), source="mimic-iv")
