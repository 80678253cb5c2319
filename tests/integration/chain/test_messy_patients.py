"""Messy patients: nobody wrongly eligible, nobody approached again, each argued."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from integration.chain.messy.page import PAGE, told
from integration.chain.messy.told import book, lived


BOOK = book()
NAMES = [patient.name for patient in BOOK.patients]


@pytest.fixture(scope="module")
def life(tmp_path_factory):
    """All of them lived through on one ward."""
    url = f"sqlite:///{tmp_path_factory.mktemp('messy')}/ember.sqlite"
    life = lived(url, BOOK.patients, BOOK)
    yield life
    life.ward.close()


@pytest.mark.parametrize("patient", BOOK.patients, ids=NAMES)
def test_the_patient_comes_out_as_argued(life, patient):
    assert life.otherwise[patient.name] == []


@pytest.mark.parametrize("patient", BOOK.patients, ids=NAMES)
def test_somebody_is_told_of_the_patient_so_often_and_no_more(life, patient):
    of_patient = {
        trial: count
        for (who, trial), count in life.ward.heard.calls.items()
        if who == patient.name
    }
    assert of_patient == patient.calls


def test_nobody_is_eligible_who_is_not_argued_to_be(life):
    """Of all revisions of all patients: `eligible` only where the book says so once."""
    argued = {
        (step.of or patient.name, step.trial)
        for patient in BOOK.patients
        for step in patient.then
        if step.status == "eligible"
    }
    said = {
        (verdict.patient, verdict.trial)
        for patient in BOOK.patients
        for trial in ("lantern", "harbour", "mooring")
        for verdict in life.ward.history(patient.name, trial)
        if verdict.status == "eligible"
    }
    assert argued
    assert said == argued


def test_nobody_is_called_about_again_who_said_no_or_was_drawn(life):
    assert len(life.settled) > 10
    assert {who: life.ward.heard.calls[who] for who in life.settled} == life.settled


def test_there_are_forty_of_them_each_with_one_sentence():
    assert len(set(NAMES)) == len(NAMES) >= 40
    assert not [
        patient.name
        for patient in BOOK.patients
        if not re.fullmatch(r"[^.!?]+(\d\.\d[^.!?]*|S\. [^.!?]*)*[.]", patient.argues)
    ]


def test_every_story_is_told_in_order():
    """A file whose moments are not in order is read wrongly by people."""
    for patient in BOOK.patients:
        hours = [step.at for step in patient.then if not isinstance(step.at, str)]
        assert all(a <= b for a, b in pairwise(hours)), patient.name


def test_all_that_was_done_is_in_an_unbroken_audit(life):
    assert life.ward.broken_chains() == []


def test_the_page_tells_the_patients():
    assert Path(PAGE).read_text("utf-8") == told(BOOK)
