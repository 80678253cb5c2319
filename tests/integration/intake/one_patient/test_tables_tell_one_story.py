"""One made-up patient, in each form a site may send, folds to one timeline."""

import random

import pytest
import yaml
from integration.intake.one_patient import as_clif, as_csv, as_omop
from integration.intake.one_patient.story import BEYOND, STORY, expected, facts

from streams.adapters.identity.pseudonyms import Pseudonyms
from streams.adapters.intake import IntakeReport
from streams.adapters.site.configuration import SiteConfiguration
from streams.adapters.tabular.mapping.reading import read_mapping, shipped_mapping
from streams.adapters.tabular.mapping.source import MappedTables
from streams.clinical.timeline import Timeline


NAMES = Pseudonyms("one-patient", {1: bytes(range(32))})
FORMS = {"clif": as_clif, "omop": as_omop, "csv": as_csv}


def source(form, folder):
    FORMS[form].write(folder)
    if form == "csv":
        mapping = read_mapping(folder / "mapping.yaml")
        site = mapping.site
    else:
        mapping = shipped_mapping(form)
        text = as_omop.SITE if form == "omop" else "{site: one-patient, zone: UTC}"
        site = SiteConfiguration.model_validate(yaml.safe_load(text))
    return MappedTables(folder=folder, mapping=mapping, site=site, identities=NAMES)


def read(form, folder):
    report = IntakeReport()
    return list(source(form, folder).events(report)), report


def folded(events):
    timeline = Timeline()
    for sourced in events:
        timeline.apply(sourced.event, sourced.source)
    return timeline


@pytest.mark.parametrize("form", FORMS)
def test_folds_to_the_story(form, tmp_path):
    events, report = read(form, tmp_path)
    assert not report.rejections
    assert facts(folded(events)) == expected(form)


@pytest.mark.parametrize("form", FORMS)
def test_order_and_duplicates_of_events_do_not_matter(form, tmp_path):
    events, _ = read(form, tmp_path)
    again = events * 2
    random.Random(7).shuffle(again)
    assert facts(folded(again)) == expected(form)


@pytest.mark.parametrize("form", FORMS)
def test_is_one_patient_and_no_identifier_is_left(form, tmp_path):
    events, report = read(form, tmp_path)
    assert len({sourced.patient for sourced in events}) == 1
    told = repr(events) + repr(report.tables) + repr(report.rejections)
    planted = ("P-77", "H-1", "O-5", "00077", "Testperson", "Erika", "Testnurse")
    assert not [word for word in (*planted, "daughter", "Z60601") if word in told]


def test_what_a_format_has_no_place_for_is_of_the_story():
    assert {fact for less in BEYOND.values() for fact in less} <= STORY
