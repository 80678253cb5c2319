"""The MIMIC-IV demo is read whole, and what is left out is known by name."""

from __future__ import annotations

import csv
import gzip
from collections import Counter

import pytest

from streams.adapters.intake import IntakeReport
from streams.adapters.mimic_iv.source import MimicIv
from streams.adapters.ordering import messages_in_known_order
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.events import (
    CultureCollected,
    CultureResult,
    Death,
    Medication,
    RespiratorySupport,
)
from streams.vocabulary.facts import Flag


pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def account():
    return IntakeReport()


@pytest.fixture(scope="module")
def sourced(mimic_demo, account):
    return list(MimicIv(mimic_demo).events(account))


def of(sourced, kind):
    return [s.event for s in sourced if isinstance(s.event, kind)]


def test_every_row_is_accounted_for(sourced, account):
    assert sourced
    counted = {
        name: (t.read, t.mapped, t.unmapped.total(), t.bad, t.events)
        for name, t in account.tables.items()
    }
    assert counted == {
        "hosp/admissions": (275, 275, 0, 0, 1282),
        "hosp/patients": (100, 100, 0, 0, 131),
        "hosp/transfers": (1190, 1190, 0, 0, 1830),
        "icu/icustays": (140, 140, 0, 0, 280),
        "hosp/diagnoses_icd": (4506, 4503, 0, 3, 4503),
        "hosp/d_labitems": (1622, 0, 0, 0, 0),
        "hosp/labevents": (107727, 48926, 58796, 5, 48926),
        "hosp/microbiologyevents": (2899, 2899, 0, 0, 3325),
        "hosp/prescriptions": (18087, 18087, 0, 0, 36160),
        "icu/chartevents": (668862, 114436, 554418, 8, 114436),
        "icu/inputevents": (20404, 12898, 7506, 0, 16024),
        "icu/outputevents": (9362, 7349, 2013, 0, 7349),
        "icu/procedureevents": (1468, 1468, 0, 0, 1561),
        "hosp/services": (319, 0, 0, 0, 0),
    }
    for name, counts in account.tables.items():
        ends = counts.mapped + counts.filed_unread + counts.bad
        assert counts.read == ends + counts.unmapped.total(), name


def test_each_rejection_has_its_reason(sourced, account):
    assert sourced
    assert Counter((r.file, r.column, r.code) for r in account.rejections) == {
        # `88` is no ICD-9 code: a leading zero was lost.
        ("hosp/diagnoses_icd", "icd_code", ErrorCode.MALFORMED_CODE): 3,
        # A D-dimer in ng/mL that does not say FEU or DDU.
        ("hosp/labevents", "valueuom", ErrorCode.UNKNOWN_UNIT): 5,
        # Mean pressures of 801, -22, -23 and -27 mmHg, a weight of 0, and three
        # temperatures of 97 to 99 °C that were Fahrenheit.
        ("icu/chartevents", "valuenum", ErrorCode.IMPOSSIBLE_VALUE): 8,
    }


def test_nothing_is_known_before_it_happened_and_no_two_facts_share_an_id(sourced):
    assert all(s.event.known_at >= s.event.happened_at for s in sourced)
    assert len({s.event.event_id for s in sourced}) == len(sourced)


def test_753_prescriptions_that_stop_before_they_start_are_kept_and_flagged(sourced):
    odd = [m for m in of(sourced, Medication) if Flag.STOP_BEFORE_START in m.flags]
    assert Counter(m.stage for m in odd) == {"ordered": 753, "stopped": 753}


def test_antimicrobial_orders_are_those_of_the_published_concept(sourced, shared_data):
    folder = shared_data / "mimic-iv-demo-expected"
    with gzip.open(folder / "suspicion_of_infection.csv.gz", "rt") as file:
        expected = Counter(
            (row["subject_id"], row["antibiotic"], row["antibiotic_time"][:19])
            for row in csv.DictReader(file)
        )
    checked = {subject for subject, _, _ in expected}
    orders = (
        (s.patient, s.event.sent_drug, f"{s.event.happened_at:%Y-%m-%d %H:%M:%S}")
        for s in sourced
        if isinstance(s.event, Medication)
        and s.event.stage == "ordered"
        and s.event.antimicrobial
    )
    assert expected == Counter(order for order in orders if order[0] in checked)


def test_each_specimen_is_collected_once_and_no_result_comes_before_it(sourced):
    taken = {c.culture_id: c for c in of(sourced, CultureCollected)}
    results = of(sourced, CultureResult)
    assert len(taken) == 1336
    assert all(r.happened_at >= taken[r.culture_id].happened_at for r in results)
    assert {r.culture_id for r in results} == set(taken)


def test_deaths_in_hospital_and_dates_of_death_are_told_apart(sourced):
    assert Counter(d.place for d in of(sourced, Death)) == {"hospital": 15, None: 31}


def test_no_device_is_without_a_category(sourced):
    devices = [d for d in of(sourced, RespiratorySupport) if d.device]
    assert devices
    assert all(d.category for d in devices)


def test_the_messages_carry_every_event_once_in_the_order_of_knowledge(sourced):
    told = Counter()
    previous = None
    for message in messages_in_known_order(
        sourced,
        site="mimic-iv",
        provenance="history",
        source="mimic-iv",
        chunk_size=100_000,
    ):
        assert previous is None or previous <= message.known_at
        previous = message.known_at
        told[message.message_id] += len(message.events)
    assert told.total() == len(sourced)


def test_a_subset_is_read_as_it_is_within_the_whole(mimic_demo, sourced):
    wanted = {"10000032", "10001217"}
    some = list(MimicIv(mimic_demo).events(IntakeReport(), subjects=wanted))
    assert some == [s for s in sourced if s.patient in wanted]
