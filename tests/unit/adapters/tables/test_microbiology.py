"""Cultures, organisms and their answers, joined whatever the order of rows."""

from itertools import permutations

from unit.adapters.tables.tiny import TinyTables


MAPPING = """
tables:
  - table: cultures
    patient: id
    facts:
      - {fact: culture, at: taken, culture: sample, specimen: material}
      - fact: culture_result
        at: reported
        culture: sample
        isolate: [sample, isolate]
        organism: grew
        no_growth: [NO GROWTH]
        not_told: [CANCELLED]
        susceptibilities:
          files: [answers]
          isolate: [sample, isolate]
          antimicrobial: drug
          interpretation: sir
          mic: mic
"""
CULTURES = [
    "1,S1,BLOOD CULTURE,2150-03-01 08:00,2150-03-03 08:00,1,E COLI",
    "1,S1,BLOOD CULTURE,2150-03-01 08:00,2150-03-03 08:00,2,KLEBSIELLA",
    "2,S2,URINE,2150-03-01 09:00,2150-03-02 08:00,,NO GROWTH",
    "2,S3,URINE,2150-03-01 09:30,2150-03-02 08:00,,CANCELLED",
]
ANSWERS = ["S1,1,CEFEPIME,S,<=1", "S1,2,CEFEPIME,R,16", "S1,1,AMPICILLIN,R,>=32"]


def read(folder, cultures, answers, tables=None):
    tables = tables or TinyTables(folder, MAPPING)
    head = "id,sample,material,taken,reported,isolate,grew"
    tables.write("cultures.csv", "\n".join((head, *cultures)) + "\n")
    tables.write("answers.csv", "\n".join(("sample,isolate,drug,sir,mic", *answers)))
    return {event.event_id: event for event in tables.events()}


def test_each_isolate_has_its_own_answers(tmp_path):
    events = read(tmp_path, CULTURES, ANSWERS).values()
    grown = {e.organism: e for e in events if e.kind == "culture_result"}
    assert [
        (one.antimicrobial, one.interpretation, one.comparator, one.mic)
        for one in grown["E COLI"].susceptibilities
    ] == [("AMPICILLIN", "R", ">=", 32.0), ("CEFEPIME", "S", "<=", 1.0)]
    assert [a.interpretation for a in grown["KLEBSIELLA"].susceptibilities] == ["R"]


def test_no_growth_is_told_and_a_cancelled_test_says_nothing(tmp_path):
    events = read(tmp_path, CULTURES, ANSWERS).values()
    told = {e.culture_id: e for e in events if e.kind == "culture_result"}
    assert (told["S2"].positive, told["S2"].organism) == (False, None)
    assert (told["S3"].positive, told["S3"].organism) == (None, None)


def test_a_specimen_is_one_fact_however_much_grew_in_it(tmp_path):
    events = read(tmp_path, CULTURES, ANSWERS).values()
    assert [e.culture_id for e in events if e.kind == "culture_collected"].count(
        "S1"
    ) == 1


def test_the_order_of_rows_does_not_matter(tmp_path):
    expected = read(tmp_path, CULTURES, ANSWERS)
    for answers in permutations(ANSWERS):
        assert read(tmp_path, CULTURES[::-1], answers) == expected


def test_answers_of_no_culture_and_broken_ones_are_counted(tmp_path):
    tables = TinyTables(tmp_path, MAPPING)
    strays = ["A0,1,CEFEPIME,S,1", "S1,9,CEFEPIME,S,1", "Z9,1,CEFEPIME,S,1", "Z9,1"]
    events = read(tmp_path, CULTURES, ANSWERS + strays, tables)
    assert events == read(tmp_path, CULTURES, ANSWERS)
    counts = tables.report.table("answers")
    assert counts.unmapped == {"of an isolate in no culture": 3}
    assert tables.faults() == [(8, None, "EMB-103")]
