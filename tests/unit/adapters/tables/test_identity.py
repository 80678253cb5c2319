"""No identifier passes: not in events, not in rejections, not in counts."""

import pytest
from unit.adapters.tables.tiny import TinyTables

from streams.adapters.identity.pseudonyms import Identifier


PLANTED = ("Erika", "Mustermann", "1950-02-03", "MRN4711", "CASE99", "555-0100")
MAPPING = """
authority: MRN
links: {whose: {table: stays, key: case, value: mrn}}
tables:
  - table: stays
    patient: mrn
    encounter: case
    facts:
      - {fact: encounter, admitted: admitted}
      - {fact: demographics, at: admitted, birth: born}
  - table: vitals
    patient: {column: case, through: whose}
    encounter: case
    stay: case
    id: row
    at: time
    columns: {hr: {concept: heart_rate, unit: /min}, note: ignored}
  - table: results
    patient: {column: case, through: whose}
    at: time
    facts:
      - {fact: measurement, concept: lactate, value: value, unit_of_all: mmol/L}
      - {fact: medication, drug: {constant: haloperidol}, stage: {column: value, words: {g: given}}}
"""


@pytest.fixture
def tables(tmp_path):
    tiny = TinyTables(tmp_path, MAPPING, site="identity: pseudonymous")
    tiny.write(
        "stays.csv",
        "mrn,name,case,born,admitted\n"
        "MRN4711,Erika Mustermann,CASE99,1950-02-03,2026-03-01 08:00\n",
    )
    tiny.write(
        "vitals.csv",
        "case,row,time,hr,note,phone\n"
        "CASE99,MRN4711-1,2026-03-01 09:00,80,Erika is ill,555-0100\n"
        "CASE99,MRN4711-2,Erika,80,,\n"
        "CASE99,MRN4711-3,2026-03-01 10:00,5000,,\n"
        "Mustermann,MRN4711-4,2026-03-01 10:00,70,,\n"
        "CASE99,Erika\n",
    )
    tiny.write(
        "results.csv",
        "case,time,value\n"
        "CASE99,2026-03-01 09:00,Erika Mustermann\n"
        "CASE99,2026-03-01 09:00,2.0\n",
    )
    return tiny


def test_nothing_planted_comes_out(tables):
    told = repr(tables.sourced()) + repr(tables.report.rejections)
    told += "".join(map(str, tables.report.rejections))
    told += repr(tables.report.tables)
    assert not [word for word in PLANTED if word in told]
    codes = {code for _, _, code in tables.faults()}
    assert {"EMB-103", "EMB-104", "EMB-106", "EMB-140"} <= codes


def test_the_vault_alone_is_told_who_it_is(tables):
    patients = {sourced.patient for sourced in tables.sourced()}
    (sighting,) = set(tables.sightings)
    assert sighting.identifier == Identifier("MRN", "MRN4711")
    assert {sighting.pseudonym} == patients


def test_a_file_named_after_a_patient_is_not_named(tmp_path):
    tables = TinyTables(
        tmp_path,
        """
tables:
  - table: hours
    files: ["*.psv"]
    patient: {file_name: true}
    at: time
    columns: {hr: {concept: heart_rate, unit: /min}}
""",
        site="identity: pseudonymous",
    )
    tables.write("MRN4711.psv", "time|hr\n2026-03-01 09:00|5000\n")
    assert not tables.events()
    (rejection,) = tables.report.rejections
    assert "MRN4711" not in str(rejection)
    assert rejection.file.startswith("hours of p1-")


def test_patients_are_asked_for_by_identifier_or_by_name(tables):
    everything = tables.sourced()
    name = everything[0].patient
    assert tables.sourced({"MRN4711"}) == everything == tables.sourced({name})
    assert not tables.sourced({"MRN1"})


def test_a_row_of_nobody_is_rejected(tables):
    tables.sourced()
    nobody = [r for r in tables.report.rejections if r.line == 5]
    assert [(r.code, r.column) for r in nobody] == [("EMB-114", "case")]
