"""Microbiology: specimens, organisms, susceptibilities, and their corrections."""

from datetime import UTC, datetime

import pytest

from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.events import (
    Cancellation,
    CultureCollected,
    CultureResult,
    Susceptibility,
)


TAKEN = datetime(2026, 11, 26, 8, tzinfo=UTC)
OBR = "OBR|1|P1|F1|600-7^Blood culture^LN|||20261126080000||||||||BLD&Blood|||||||20261128105000||MB|{status}"
AST = "OBR|2|P2|F2|18769-0^Susceptibility^LN|||20261126080000|||||||||||||||20261128105000||MB|F|600-7&Blood culture&LN^{sub}^E. coli|||P1^F1"


def organism(name: str, sub: str = "1", status: str = "F", kind: str = "CWE") -> str:
    return f"OBX|1|{kind}|600-7^Blood culture^LN|{sub}|{name}||||||{status}"


def tried(drug: str, said: str, sub: str = "1", value: str = "") -> str:
    return f"OBX|1|NM|S-1^{drug}^LOC|{sub}|{value}|||{said}|||F"


def told(events, *segments, status="F", kind="ORU^R01"):
    return events(kind, OBR.format(status=status), *segments)


COLI = "112283007^Escherichia coli^SCT"


def test_a_specimen_on_its_way_is_a_culture_taken(events):
    (taken,) = told(events, status="I")
    assert isinstance(taken, CultureCollected)
    assert (taken.culture_id, taken.specimen, taken.test) == (
        "F1",
        "Blood",
        "Blood culture",
    )
    assert taken.happened_at == TAKEN


def test_an_organism_is_told_with_the_moment_the_laboratory_knew(events):
    _, grew = told(events, organism(COLI))
    assert isinstance(grew, CultureResult)
    assert (grew.culture_id, grew.positive, grew.status) == ("F1", True, "final")
    assert (grew.organism, grew.organism_code) == ("Escherichia coli", "SCT|112283007")
    assert grew.happened_at == datetime(2026, 11, 28, 10, 50, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "value", "positive", "name"),
    [
        ("CWE", "264868006^No growth^SCT", False, None),
        ("CWE", "NG^No growth after 5 days^LOC", False, None),
        ("CWE", "NEG^Negative^LOC", False, None),
        ("CWE", "POS^Positive^LOC", True, None),
        (
            "CWE",
            "GPC^Gram positive cocci in clusters^LOC",
            True,
            "Gram positive cocci in clusters",
        ),
        ("CWE", "P^Pending^LOC", None, None),
        ("ST", "No growth to date", False, None),
        ("ST", "Escherichia coli", True, "Escherichia coli"),
        ("TX", "Gram negative rods", True, "Gram negative rods"),
        ("FT", "Staphylococcus aureus", True, "Staphylococcus aureus"),
        ("ST", "Positive", True, None),
        ("ST", "Incubating", None, None),
    ],
)
def test_what_grew_passes_where_it_is_coded_or_a_known_name(
    events, kind, value, positive, name
):
    *_, grew = told(events, organism(value, kind=kind))
    assert (grew.positive, grew.organism) == (positive, name)


def test_a_text_that_is_no_name_stays_behind_and_is_told(read):
    text = "Escherichia coli, told to Dr Muster"
    found = read("ORU^R01", OBR.format(status="F"), organism(text, kind="TX"))
    assert [fault.code for fault in found.faults] == [ErrorCode.UNREAD_WORDS]
    grew = found.told[0].events[1]
    assert (grew.positive, grew.organism) == (None, None)
    assert "Muster" not in repr(found.told)


def test_susceptibilities_in_one_report_belong_to_the_organism_of_their_sub_id(events):
    _, first, second = told(
        events,
        organism(COLI, "1"),
        tried("Ampicillin", "R", "1.1", ">=32"),
        tried("Cefepime", "S", "1.2", "1"),
        organism("76327009^Klebsiella oxytoca^SCT", "2"),
        tried("Cefepime", "R", "2.1"),
    )
    assert first.susceptibilities == (
        Susceptibility(
            antimicrobial="Ampicillin", interpretation="R", mic=32.0, comparator=">="
        ),
        Susceptibility(antimicrobial="Cefepime", interpretation="S", mic=1.0),
    )
    assert second.susceptibilities == (
        Susceptibility(antimicrobial="Cefepime", interpretation="R"),
    )


def test_a_child_report_belongs_to_the_organism_its_parent_names(events):
    _, first, second = told(
        events,
        organism(COLI, "1"),
        organism("76327009^Klebsiella oxytoca^SCT", "2"),
        AST.format(sub="2"),
        tried("Meropenem", "S"),
    )
    assert first.susceptibilities == ()
    assert second.susceptibilities == (
        Susceptibility(antimicrobial="Meropenem", interpretation="S"),
    )


def test_an_interpretation_may_be_the_coded_answer(events):
    _, grew = told(
        events,
        organism(COLI),
        AST.format(sub="1"),
        "OBX|1|CWE|MEM^Meropenem^LOC|1|S^Susceptible^HL70078||||||F",
        "OBX|2|CWE|X^Screen^LOC|1|R^Resistant^HL70078||||||F",
    )
    assert grew.susceptibilities == (
        Susceptibility(antimicrobial="Meropenem", interpretation="S"),
        Susceptibility(antimicrobial="Screen", interpretation="R"),
    )


def test_susceptibilities_without_their_organism_are_a_fact_of_their_own(events):
    (grew,) = events("ORU^R01", AST.format(sub="1"), tried("Meropenem", "S"))
    assert (grew.culture_id, grew.positive) == ("F1", True)
    assert grew.susceptibilities == (
        Susceptibility(antimicrobial="Meropenem", interpretation="S"),
    )
    assert grew.organism is None
    *_, organism_alone = told(events, organism(COLI))
    assert organism_alone.event_id != grew.event_id


def test_the_sites_map_may_say_that_a_code_is_an_antimicrobial(events):
    novel = "OBX|1|ST|AB9^Novelcillin^LOC|1||||S|||F"
    _, grew = told(events, organism(COLI), novel)
    (tried_alone,) = grew.susceptibilities
    assert (tried_alone.antimicrobial, tried_alone.interpretation) == (
        "Novelcillin",
        "S",
    )


def test_a_final_report_takes_the_place_of_the_preliminary_one(events):
    *_, first = told(
        events, organism("GNR^Gram negative rods^LOC", status="P"), status="P"
    )
    *_, final = told(events, organism(COLI))
    assert (first.event_id, first.status, final.status) == (
        final.event_id,
        "preliminary",
        "final",
    )
    assert first.version < final.version


def test_a_lost_specimen_was_never_taken(events):
    (taken,) = told(events, status="I")
    (lost,) = told(events, status="X")
    assert isinstance(lost, Cancellation)
    assert (lost.cancels, lost.version > taken.version) == (taken.event_id, True)


def test_a_withdrawn_organism_is_cancelled(events):
    *_, grew = told(events, organism(COLI))
    *_, withdrawn = told(events, organism(COLI, status="W"))
    assert isinstance(withdrawn, Cancellation)
    assert withdrawn.cancels == grew.event_id


def test_an_order_alone_takes_no_specimen(events):
    assert told(events, kind="OML^O21", status="") == []


def test_tests_of_one_specimen_are_one_culture(events):
    spm = "SPM|1|^S1||BLD^Blood|||||||||||||20261126080000"
    (first,) = told(events, spm, status="I")
    (second,) = told(events, spm, status="I", kind="ORU^R01")
    assert first.culture_id == second.culture_id == "S1"


def test_the_sites_own_culture_codes_are_known(events):
    asked = OBR.format(status="F").replace("600-7^Blood culture^LN", "BC^Culture^LOC")
    _, grew = events(
        "ORU^R01",
        asked,
        organism(COLI).replace("600-7^Blood culture^LN", "BC^Culture^LOC"),
    )
    assert grew.organism == "Escherichia coli"


def test_what_else_is_in_a_culture_is_read_as_any_result(read):
    found = read(
        "ORU^R01",
        OBR.format(status="F"),
        organism(COLI),
        "OBX|2|NM|6690-2^WBC^LN||12|10*3/uL|||||F",
    )
    assert [e.kind for e in found.told[0].events if e.kind != "demographics"] == [
        "culture_collected",
        "measurement",
        "culture_result",
    ]


def test_an_organism_without_a_value_or_with_a_strange_status_is_told(read):
    found = read("ORU^R01", OBR.format(status="F"), organism(""))
    assert [fault.code for fault in found.faults] == [ErrorCode.MISSING_VALUE]
    found = read("ORU^R01", OBR.format(status="F"), organism(COLI, status="Q"))
    assert [fault.code for fault in found.faults] == [ErrorCode.UNKNOWN_STATUS]


@pytest.mark.parametrize(
    ("value", "flag", "meant"),
    [
        ("R", "", "R"),
        ("S^Susceptible", "", "S"),
        ("Resistant", "", "R"),
        ("Sensitive", "N", "S"),
        ("Susceptible (MIC 1.0)", "", "S"),
        ("Non-susceptible", "", "NS"),
        ("Intermediate", "A~I", "I"),
        ("see comment", "R~A", "R"),
    ],
)
def test_an_interpretation_is_found_wherever_senders_put_it(events, value, flag, meant):
    said = f"OBX|2|ST|S-1^Meropenem^LOC|1|{value}|||{flag}|||F"
    _, grew = told(events, organism(COLI), said)
    assert [one.interpretation for one in grew.susceptibilities] == [meant]


def test_a_word_that_interprets_nothing_interprets_nothing(events):
    said = "OBX|2|ST|S-1^Meropenem susceptibility^LOC|1|Resistance to follow|||N|||F"
    _, grew = told(events, organism(COLI), said)
    assert [one.interpretation for one in grew.susceptibilities] == [None]


def test_susceptibilities_alone_are_microbiology(events):
    panel = "OBR|1|P1|F1|29576-6^Susceptibility panel^LN|||20261126080000|||||||||||||||20261128105000|||F"
    said = "OBX|1||18943-1^Meropenem [Susceptibility]^LN|||||R|||F"
    taken, grew = events("ORU^R01", panel, said)
    assert isinstance(taken, CultureCollected)
    assert [one.interpretation for one in grew.susceptibilities] == ["R"]


@pytest.mark.parametrize(
    ("label", "culture"),
    [
        ("Bacteria identified in Abscess by Culture", True),
        ("Fungus identified in Blood by Culture", True),
        ("Bacteria identified", True),
        ("Bacteria identified in Blood by NAA with probe detection", False),
        ("Bacteria [#/area] in Urine sediment", False),
    ],
)
def test_a_culture_is_known_by_what_loinc_calls_it(events, label, culture):
    order = f"OBR|1|P1|F1|99999-9^{label}^LN|||20261126080000"
    found = events("ORU^R01", order, f"OBX|1|CWE|99999-9^{label}^LN||{COLI}||||||F")
    assert any(isinstance(one, CultureResult) for one in found) is culture


@pytest.mark.parametrize(
    "text", ["Kein Wachstum nach 5 Tagen", "Geen groei", "Absence de germe"]
)
def test_no_growth_is_understood_in_other_tongues(events, text):
    _, grew = told(events, organism(text, kind="ST"))
    assert grew.positive is False


@pytest.mark.parametrize(
    ("name", "section", "culture"),
    [
        ("Blutkultur", "MB", True),
        ("Urine culture", "MB", True),
        ("Gram stain", "MB", False),
        ("Urine culture", "CH", False),
    ],
)
def test_microbiology_answers_its_culture_by_its_own_code(
    events, name, section, culture
):
    order = f"OBR|1|P1|F1|X^{name}^LOC|||20261126080000|||||||||||||||||{section}|F"
    found = events("ORU^R01", order, f"OBX|1|ST|X^{name}^LOC||NO GROWTH 5 DAYS||||||F")
    grew = [one for one in found if isinstance(one, CultureResult)]
    assert [one.positive for one in grew] == ([False] if culture else [])
