"""Cultures in steps: a test, what grew, what it was tried against, in any order."""

from itertools import permutations

import pytest
from made_up.fhir import (
    NOW,
    code,
    events,
    observation,
    only,
    quantity,
    sent,
    timelines,
    translator,
    version,
)

from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.events import CultureCollected, CultureResult, Susceptibility


SNOMED = "http://snomed.info/sct"

SPECIMEN = {
    "resourceType": "Specimen",
    "id": "s1",
    "accessionIdentifier": {"system": "urn:lab", "value": "A-100"},
    "type": code("119297000", SNOMED, "Blood specimen"),
    "collection": {"collectedDateTime": "2026-11-27T09:00:00Z"},
}
TEST = observation(
    "t1",
    code("BC", "lab", "Blood culture"),
    specimen={"reference": "Specimen/s1"},
    hasMember=[{"reference": "Observation/g1"}],
)
GROWTH = observation(
    "g1",
    code("ORG", "lab", "Escherichia coli"),
    derivedFrom=[{"reference": "Observation/t1"}],
    issued="2026-11-28T11:00:00Z",
)
TRIED = [
    observation(
        f"a{number}",
        code("AB", "lab", name),
        derivedFrom=[{"reference": "Observation/g1"}],
        valueCodeableConcept=code(letter, "v3", letter),
        **more,
    )
    for number, name, letter, more in (
        (1, "Ampicillin", "R", {}),
        (
            2,
            "Meropenem",
            "S",
            {
                "extension": [
                    {
                        "url": "x/dilution-details",
                        "valueQuantity": {"value": 0.25, "comparator": "<="},
                    }
                ]
            },
        ),
    )
]


def test_every_order_of_the_steps_tells_one_culture():
    found = []
    for order in permutations([SPECIMEN, TEST, GROWTH, *TRIED]):
        reading = translator()
        told = [sent(reading, one) for one in order]
        assert reading.held == 0
        ((_, facts),) = timelines(told).items()
        found.append(facts)

    assert all(facts == found[0] for facts in found)
    collected = next(f for f in found[0] if isinstance(f, CultureCollected))
    result = next(f for f in found[0] if isinstance(f, CultureResult))
    assert len(found[0]) == 2
    assert collected.specimen == "Blood specimen"
    assert collected.test == "Blood culture"
    assert collected.happened_at.isoformat() == "2026-11-27T09:00:00+00:00"
    assert result.culture_id == collected.culture_id
    assert (result.positive, result.organism) == (True, "Escherichia coli")
    assert result.happened_at.isoformat() == "2026-11-28T11:00:00+00:00"
    assert result.susceptibilities == (
        Susceptibility(antimicrobial="Ampicillin", interpretation="R"),
        Susceptibility(
            antimicrobial="Meropenem", interpretation="S", mic=0.25, comparator="<="
        ),
    )


def test_the_accession_number_is_named_and_never_told():
    reading = translator()
    told = [sent(reading, one) for one in (SPECIMEN, TEST, GROWTH)]

    assert "A-100" not in repr(told)


@pytest.mark.parametrize(
    ("value", "positive", "organism"),
    [
        (
            {"valueCodeableConcept": code("112283007", SNOMED, "E. coli")},
            True,
            "E. coli",
        ),
        ({"valueCodeableConcept": code("264868006", SNOMED, "No growth")}, False, None),
        ({"valueCodeableConcept": code("10828004", SNOMED, "Positive")}, True, None),
        ({"valueString": "No growth after 5 days"}, False, None),
        ({"valueString": "NEGATIVE"}, False, None),
        ({"valueString": "See Dr Quill"}, None, None),
        ({"interpretation": [code("POS", "v3")]}, True, None),
        ({}, None, None),
    ],
)
def test_a_culture_by_loinc_says_itself_what_grew(value, positive, organism):
    told = sent(translator(), observation(what=code("600-7"), **value))

    collected, result = events(told)
    assert isinstance(collected, CultureCollected)
    assert (result.positive, result.organism) == (positive, organism)
    assert "Quill" not in repr(told)


def test_loinc_names_the_antimicrobial_of_a_test_that_grew_something():
    reading = translator()
    sent(
        reading,
        observation(
            "t1",
            code("600-7"),
            valueCodeableConcept=code("112283007", SNOMED, "E. coli"),
            hasMember=[{"reference": "Observation/a1"}],
        ),
    )
    told = sent(
        reading,
        observation(
            "a1",
            code("18862-3", display="Amoxicillin+Clavulanate [Susceptibility]"),
            valueQuantity=quantity(4, "ug/mL", comparator="<="),
            interpretation=[code("S", "v3")],
        ),
    )

    result = next(e for e in events(told) if isinstance(e, CultureResult))
    (tried,) = result.susceptibilities
    assert tried.antimicrobial == "Amoxicillin+Clavulanate"
    assert (tried.mic, tried.comparator, tried.interpretation) == (4.0, "<=", "S")


def test_a_registered_culture_was_taken_and_has_no_result():
    told = sent(translator(), observation(what=code("600-7"), status="registered"))

    assert isinstance(only(told), CultureCollected)


def test_a_specimen_lost_takes_the_culture_back():
    reading = translator()
    told = [sent(reading, one) for one in (SPECIMEN, TEST, GROWTH)]
    assert len(next(iter(timelines(told).values()))) == 2
    told.append(sent(reading, TEST | {"status": "cancelled"}))

    assert timelines(told) == {}


def test_a_corrected_collection_moves_the_culture():
    reading = translator()
    told = [sent(reading, one) for one in (SPECIMEN, TEST)]
    moved = SPECIMEN | {
        "collection": {"collectedDateTime": "2026-11-27T10:30:00Z"},
        "meta": version("2026-11-28T11:00:00Z"),
    }
    told.append(sent(reading, moved))

    ((_, (collected,)),) = timelines(told).items()
    assert collected.happened_at.isoformat() == "2026-11-27T10:30:00+00:00"


def test_a_culture_moved_to_another_patient_leaves_the_first():
    first = observation(what=code("600-7"), meta=version("2026-11-28T10:00:00Z"))
    moved = first | {
        "subject": {"reference": "Patient/2"},
        "meta": version("2026-11-28T10:30:00Z"),
    }
    found = []
    for order in ((first, moved), (moved, first)):
        reading = translator()
        found.append(timelines([sent(reading, one) for one in order]))

    assert found[0] == found[1]
    assert len(found[0]) == 1


def test_what_is_a_part_of_nothing_is_told_as_such_at_the_end():
    reading = translator()
    for one in (GROWTH, *TRIED):
        assert sent(reading, one).outcome == "mapped"
    assert reading.held == 3

    left = list(reading.finish(received_at=NOW))
    assert [one.told for one in left] == [(), (), ()]
    assert {f.code for one in left for f in one.faults} == {ErrorCode.REFERENCE_MISSING}
    assert reading.held == 0


def test_the_category_of_microbiology_makes_a_culture_of_any_code():
    category = code("MB", "http://terminology.hl7.org/CodeSystem/v2-0074")
    told = sent(translator(), observation(what=code("X", "lab"), category=[category]))

    assert isinstance(events(told)[0], CultureCollected)
    assert told.unmapped == ()


def test_another_translator_goes_on_within_a_culture():
    found = []
    steps = [TRIED[0], SPECIMEN, TEST, GROWTH, TRIED[1]]
    written = None
    for step in steps:
        reading = translator()
        if written is not None:
            reading.restore(written)
        found.append(sent(reading, step))
        written = reading.pending()
    reading = translator()

    assert timelines(found) == timelines([sent(reading, step) for step in steps])
