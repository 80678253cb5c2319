"""Infusions, drugs and volumes of mapped tables."""

import pytest
from unit.adapters.tables.tiny import TinyTables

from streams.vocabulary.errors import InputError
from streams.vocabulary.facts import Flag


PUMPS = """
tables:
  - table: pumps
    patient: id
    at: from
    facts:
      - fact: infusion
        drug: drug
        infusion: pump
        rate: rate
        unit: unit
        weight: kg
        until: until
"""


def pump(folder, rows, site=""):
    tables = TinyTables(folder, PUMPS, site)
    tables.write("pumps.csv", f"id,pump,drug,from,until,rate,unit,kg\n{rows}\n")
    return tables, tables.events()


STRETCH = "1,7,norepinephrine,2150-03-01 08:00,2150-03-01 10:00"


def test_a_stretch_is_a_start_and_a_stop_each_known_in_its_time(tmp_path):
    _, (start, stop) = pump(tmp_path, f"{STRETCH},7,mcg/min,70")
    assert (start.phase, start.rate) == ("started", pytest.approx(0.1))
    assert (stop.phase, stop.rate, stop.happened_at.hour) == ("stopped", None, 10)
    assert stop.known_at == stop.happened_at
    assert start.infusion_id == stop.infusion_id


@pytest.mark.parametrize(
    ("rest", "site"),
    [
        ("7,mcg/min,", ""),  # for want of a weight
        ("0.1,,70", ""),  # for want of a unit
        ("0.1,mcg/kg/min,70", "vasoactives: {norepinephrine: salt}"),
    ],
)
def test_a_rate_that_cannot_be_said_is_unknown_and_kept_as_sent(tmp_path, rest, site):
    _, (start, _) = pump(tmp_path, f"{STRETCH},{rest}", site)
    assert start.rate is None
    assert start.sent_rate == float(rest.split(",")[0])


@pytest.mark.parametrize(
    ("rest", "code"),
    [
        ("-1,mcg/kg/min,70", "EMB-106"),
        ("1,furlongs,70", "EMB-107"),
        ("much,mcg/kg/min,70", "EMB-105"),
    ],
)
def test_a_rate_that_cannot_be_is_rejected(tmp_path, rest, code):
    tables, events = pump(tmp_path, f"{STRETCH},{rest}")
    assert not events
    assert [told for _, _, told in tables.faults()] == [code]


def test_the_highest_rates_are_kept_and_flagged(tmp_path):
    _, (start, _) = pump(tmp_path, f"{STRETCH},7,mcg/kg/min,70")
    assert (start.rate, start.flags) == (7.0, (Flag.IMPLAUSIBLE,))


def test_an_infusion_of_no_map_is_kept_as_sent(tmp_path):
    tables, (start, _) = pump(
        tmp_path, STRETCH.replace("norepinephrine", "heparin") + ",900,units/hour,70"
    )
    assert (start.drug, start.rate, start.sent_rate) == ("heparin", None, 900.0)
    assert Flag.UNMAPPED in start.flags
    assert tables.report.table("pumps").unmapped == {"heparin": 1}


def test_an_end_before_its_start_is_known_no_earlier_than_the_start(tmp_path):
    _, (start, stop) = pump(
        tmp_path,
        "1,7,norepinephrine,2150-03-01 10:00,2150-03-01 08:00,0.1,mcg/kg/min,70",
    )
    assert stop.known_at == start.happened_at


DOSES = """
tables:
  - table: given
    patient: id
    at: time
    facts:
      - fact: medication
        drug: drug
        stage: {column: what, words: {GIVEN: given, HELD: not_given, ORDER: ordered}}
        route: route
        until: until
"""


def doses(folder, *rows):
    tables = TinyTables(folder, DOSES)
    lines = "\n".join(f"1,2150-03-01 08:00,{row}" for row in rows)
    tables.write("given.csv", f"id,time,drug,what,route,until\n{lines}\n")
    return tables, tables.events()


@pytest.mark.parametrize(
    ("drug", "route", "antimicrobial"),
    [
        ("Vancomycin", "IV", True),
        ("piperacillin_tazobactam", "iv", True),
        ("Vancomycin", "PO", True),
        ("Vancomycin", "OPHTHALMIC", False),
        ("Vancomycin", "", None),
        ("erythromycin", "IV", True),  # of mimic-code's names, not of the CDC's list
        ("Metoprolol", "IV", False),
    ],
)
def test_an_antimicrobial_counts_by_its_route(tmp_path, drug, route, antimicrobial):
    _, (event,) = doses(tmp_path, f"{drug},GIVEN,{route},")
    assert event.antimicrobial is antimicrobial


def test_a_drug_of_no_map_is_kept_and_counted(tmp_path):
    tables, (event,) = doses(tmp_path, "Metoprolol,GIVEN,IV,")
    assert (event.drug, event.sent_drug) == (None, "Metoprolol")
    assert Flag.UNMAPPED in event.flags
    assert tables.report.table("given").unmapped == {"Metoprolol": 1}


def test_an_order_and_its_end_are_two_facts(tmp_path):
    _, (ordered, stopped) = doses(tmp_path, "Haloperidol,ORDER,IV,2150-03-03 08:00")
    assert (ordered.stage, ordered.drug) == ("ordered", "haloperidol")
    assert (stopped.stage, stopped.known_at.day) == ("stopped", 3)


def test_a_word_the_mapping_does_not_have_is_no_stage(tmp_path):
    tables, events = doses(tmp_path, "Vancomycin,PERHAPS,IV,")
    assert not events
    assert tables.faults() == [(2, "what", "EMB-140")]


VOLUMES = """
tables:
  - table: urine
    patient: id
    at: time
    duplicates: each
    facts:
      - fact: fluid
        direction: {constant: out}
        substance: {constant: urine}
        volume: ml
        unit_of_all: mL
"""


def test_volumes_charted_twice_add_up_where_each_row_counts(tmp_path):
    tables = TinyTables(tmp_path, VOLUMES)
    row = "1,2150-03-01 08:00,50\n"
    tables.write("urine.csv", f"id,time,ml\n{row}{row}")
    assert len({event.event_id for event in tables.events()}) == 2


def test_rows_that_each_count_must_stand_together(tmp_path):
    tables = TinyTables(tmp_path, VOLUMES)
    tables.write(
        "urine.csv",
        "id,time,ml\n1,2150-03-01 08:00,50\n2,2150-03-01 08:00,50\n"
        "1,2150-03-01 08:00,50\n",
    )
    with pytest.raises(InputError, match="do not stand together") as raised:
        tables.events()
    assert raised.value.code == "EMB-141"


def test_a_volume_needs_a_unit_of_volume(tmp_path):
    tables = TinyTables(tmp_path, VOLUMES.replace("unit_of_all: mL", "unit: ml"))
    tables.write("urine.csv", "id,time,ml\n1,2150-03-01 08:00,50\n")
    assert not tables.events()
    assert [code for _, _, code in tables.faults()] == ["EMB-107"]
