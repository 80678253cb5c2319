"""Rows of code, value and unit."""

import pytest
from unit.adapters.tables.tiny import TinyTables

from streams.vocabulary.facts import Flag


MAPPING = """
units: {mcg per dl: ug/dL}
codes:
  - {code: CREA, concept: creatinine, unit: mg/dL}
  - {code: LAC, concept: lactate}
  - {code: GCS, concept: gcs_total}
  - {code: PO2, concept: pao2, specimen: arterial}
  - {code: COMMENT, kind: ignored}
tables:
  - table: results
    patient: id
    at: time
    missing: [n/a]
    facts:
      - fact: measurement
        code: [{code: code}, {code: loinc, system: {constant: LN}}]
        value: value
        unit: unit
"""


@pytest.fixture
def results(tmp_path):
    tables = TinyTables(tmp_path, MAPPING)

    def read(*rows):
        lines = ("1,2150-03-01 08:00," + row for row in rows)
        text = "\n".join(("id,time,code,loinc,value,unit", *lines)) + "\n"
        return tables.write("results.csv", text).events()

    read.tables = tables
    return read


def test_units_become_the_concept_s(results):
    creatinine, other = results("CREA,,168,umol/L", "CREA,,2000,mcg per dl")
    assert creatinine.value == pytest.approx(1.9, abs=0.01)
    assert (creatinine.sent_value, creatinine.sent_unit) == ("168", "umol/L")
    assert other.value == pytest.approx(2.0)


def test_a_result_without_a_unit_is_in_the_code_s_or_rejected(results):
    (event,) = results("CREA,,1.9,", "LAC,,2.0,")
    assert event.value == 1.9
    assert results.tables.faults() == [(3, "value", "EMB-107")]


def test_a_unit_nobody_knows_is_not_guessed(results):
    assert not results("CREA,,1.9,furlongs")
    assert results.tables.faults() == [(2, "value", "EMB-107")]


def test_a_censored_result_keeps_what_stands_before_it(results):
    less, more, dotted = results("CREA,,<0.2,", "LAC,,>30,mmol/L", "CREA,,<0.3.,")
    assert (less.comparator, less.value) == ("<", 0.2)
    assert (more.comparator, more.value) == (">", 30.0)
    assert (dotted.comparator, dotted.value) == ("<", 0.3)


def test_words_pass_where_they_are_ours_and_no_others(results):
    known, unknown = results("LAC,,hemolyzed,", "LAC,,Mrs Smith was rude,")
    assert known.text == "HAEMOLYSED"
    assert (unknown.value, unknown.text, unknown.sent_value) == (None, None, None)
    assert "Smith" not in repr(unknown)


def test_a_score_is_an_assessment(results):
    (event,) = results("GCS,,14,")
    assert (event.kind, event.value) == ("assessment", 14.0)


def test_the_site_s_map_goes_before_loinc(results):
    own, shipped = results("PO2,2160-0,74,mmHg", "??,2160-0,1.1,mg/dL")
    assert (own.concept, own.specimen) == ("pao2", "arterial")
    assert (shipped.concept, shipped.code) == ("creatinine", "http://loinc.org|2160-0")


def test_an_unmapped_code_is_kept_and_counted(results):
    number, words, nothing = results("X1,,7.5,mg", "X1,,a secret,", "X2,,n/a,")
    assert (number.concept, number.sent_value, number.sent_unit) == (
        *("unmapped", "7.5"),
        "mg",
    )
    assert number.code == "urn:ember:local|X1"
    assert number.flags[-1] is Flag.UNMAPPED
    assert words.sent_value is None
    assert "secret" not in repr(words)
    assert nothing.code == "urn:ember:local|X2"
    assert results.tables.report.table("results").unmapped == {
        "urn:ember:local|X1": 2,
        "urn:ember:local|X2": 1,
    }


def test_what_is_ignored_is_nothing(results):
    assert not results("COMMENT,,x,", "CREA,,n/a,")
    assert not results.tables.report.table("results").unmapped


def test_two_values_of_one_moment_are_two_facts_and_equal_rows_one(results):
    events = results("CREA,,1.9,", "CREA,,2.1,", "LAC,,1,mmol/L", "CREA,,1.9,")
    names = {event.event_id for event in events}
    assert len(names) == 3


def test_a_row_with_an_id_keeps_its_name_when_it_is_issued_again(tmp_path):
    tables = TinyTables(
        tmp_path,
        """
tables:
  - table: results
    patient: id
    id: number
    at: time
    issued: issued
    facts:
      - {fact: measurement, concept: lactate, value: value, unit_of_all: mmol/L}
""",
    )
    tables.write(
        "results.csv",
        "id,number,time,issued,value\n"
        "1,77,2150-03-01 08:00,2150-03-01 09:00,4.1\n"
        "1,77,2150-03-01 08:00,2150-03-01 11:00,1.4\n",
    )
    first, second = tables.events()
    assert first.event_id == second.event_id
    assert second.version - first.version == 7200
