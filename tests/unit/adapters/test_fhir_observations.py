"""Observation: what passes as a number, a word or a coded answer, and what does not."""

from datetime import UTC, datetime

import pytest
from made_up.fhir import (
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

from streams.adapters.identity.pseudonyms import Identifier, Pseudonyms
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.events import Assessment, Cancellation, Fluid, Measurement
from streams.vocabulary.facts import Flag


NAMES = Pseudonyms("north", {1: b"k" * 32})


@pytest.fixture
def reading():
    return translator()


def test_a_laboratory_result_is_told_in_the_concepts_unit(reading):
    told = sent(reading, observation(valueQuantity=quantity(18.018, "mg/dL")))

    assert told.outcome == "mapped"
    assert told.kind == "Observation"
    (one,) = told.told
    assert one.patient == NAMES.name("patient", Identifier("Patient", "1"))
    event = only(told)
    assert isinstance(event, Measurement)
    assert event.concept == "lactate"
    assert event.value == pytest.approx(2.0)
    assert (event.sent_value, event.sent_unit) == ("18.018", "mg/dL")
    assert event.happened_at == datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
    assert event.code == "http://loinc.org|2524-7"
    assert told.units == (("lactate", "mg/dL"),)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"valueQuantity": quantity(15, "mmol/L", comparator=">")}, (15.0, ">", None)),
        ({"valueInteger": 3}, None),
        ({"valueString": "<0.3"}, None),
        (
            {
                "valueRange": {
                    "low": quantity(1, "mmol/L"),
                    "high": quantity(2, "mmol/L"),
                }
            },
            (1.0, None, 2.0),
        ),
        ({"valueRange": {"low": quantity(1, "mmol/L")}}, (1.0, ">=", None)),
        ({"valueRange": {"high": quantity(4, "mmol/L")}}, (4.0, "<=", None)),
    ],
)
def test_a_number_may_be_a_bound_or_a_range_but_needs_its_unit(
    reading, value, expected
):
    told = sent(reading, observation(**value))

    if expected is None:
        assert events(told) == []
        assert [fault.code for fault in told.faults] == [ErrorCode.UNKNOWN_UNIT]
        return
    event = only(told)
    assert (event.value, event.comparator, event.upper) == expected


def test_the_sites_map_gives_the_unit_where_none_is_sent(reading):
    crea = code("CREA", "lab", "Creatinine")
    event = only(sent(reading, observation(what=crea, valueInteger=88)))

    assert event.value == pytest.approx(0.9953, abs=1e-4)


def test_a_unit_nobody_knows_is_a_fault_and_no_guess(reading):
    told = sent(reading, observation(valueQuantity=quantity(2, "furlong")))

    assert told.outcome == "mapped"
    assert events(told) == []
    (fault,) = told.faults
    assert (fault.place, fault.code) == ("Observation.value", ErrorCode.UNKNOWN_UNIT)


def test_what_no_living_patient_has_is_left_out(reading):
    ph = code("2744-1")
    told = sent(reading, observation(what=ph, valueQuantity=quantity(70, "[pH]")))

    assert events(told) == []
    assert [fault.code for fault in told.faults] == [ErrorCode.IMPOSSIBLE_VALUE]


def test_a_panel_tells_its_components_and_a_part_without_answer_why(reading):
    told = sent(
        reading,
        observation(
            what=code("85354-9"),
            component=[
                {"code": code("8480-6"), "valueQuantity": quantity(81, "mm[Hg]")},
                {
                    "code": code("8462-4"),
                    "dataAbsentReason": code("unknown", "absent", "Unknown"),
                },
            ],
        ),
    )

    first, second = events(told)
    assert (first.concept, first.value) == ("sbp", 81.0)
    assert (second.concept, second.value, second.text) == ("dbp", None, "Unknown")
    assert first.event_id != second.event_id
    assert told.unmapped == ()


def test_an_unmapped_result_is_kept_and_its_code_told(reading):
    told = sent(
        reading,
        observation(
            what=code("X9", "lab", "Frobnicase"), valueQuantity=quantity(7, "U/L")
        ),
    )

    event = only(told)
    assert (event.concept, event.code) == ("unmapped", "urn:ember:local|lab:X9")
    assert (event.sent_value, event.sent_unit) == ("7", "U/L")
    assert event.flags == (Flag.UNMAPPED,)
    assert [str(one) for one in told.unmapped] == ["lab|X9"]
    assert told.unmapped[0].label == "Frobnicase"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"valueString": "positive"}, "POSITIVE"),
        ({"valueString": "Mrs Quill was seen"}, None),
        ({"valueCodeableConcept": {"text": "Mrs Quill"}}, None),
        ({"valueCodeableConcept": code("1", "x", "Present")}, "Present"),
        (
            {"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 40}}},
            None,
        ),
    ],
)
def test_a_text_passes_as_a_known_word_or_a_codes_name_alone(reading, value, text):
    event = only(sent(reading, observation(what=code("X9", "lab"), **value)))

    assert event.text == text
    assert event.sent_value in ("1:40", "POSITIVE", None)
    assert (event.sent_value == "1:40") is ("valueRatio" in value)


def test_a_score_is_an_assessment_and_a_volume_a_fluid(reading):
    gcs = only(sent(reading, observation(what=code("9269-2"), valueInteger=14)))
    urine = only(
        sent(
            reading,
            observation("o2", code("UO", "lab"), valueQuantity=quantity(0.2, "L")),
        )
    )

    assert isinstance(gcs, Assessment)
    assert gcs.value == 14.0
    assert isinstance(urine, Fluid)
    assert (urine.direction, urine.substance, urine.volume_ml) == ("out", "urine", 200)


def test_support_of_breathing_is_told_and_noise_is_not(reading):
    support = only(sent(reading, observation(what=code("VENT", "lab"))))
    noise = sent(reading, observation("o2", code("NOISE", "lab"), valueInteger=1))

    assert support.category == "invasive"
    assert (noise.outcome, noise.told) == ("mapped", ())


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("preliminary", "preliminary"),
        ("final", "final"),
        ("amended", "corrected"),
        ("corrected", "corrected"),
        ("unknown", "preliminary"),
    ],
)
def test_the_status_of_a_result_is_kept(reading, status, expected):
    value = quantity(2, "mmol/L")
    event = only(sent(reading, observation(status=status, valueQuantity=value)))

    assert event.status == expected


def test_what_is_only_registered_says_nothing_yet(reading):
    assert events(sent(reading, observation(status="registered"))) == []


def test_a_later_version_is_the_same_fact_and_an_error_takes_it_back(reading):
    first = observation(
        meta=version("2026-11-28T10:00:00Z"), valueQuantity=quantity(2, "mmol/L")
    )
    second = first | {
        "status": "corrected",
        "meta": version("2026-11-28T11:00:00Z"),
        "valueQuantity": quantity(4, "mmol/L"),
    }
    wrong = second | {
        "status": "entered-in-error",
        "meta": version("2026-11-28T11:30:00Z"),
    }
    told = [sent(reading, one) for one in (first, second, wrong)]

    old, new = only(told[0]), only(told[1])
    assert old.event_id == new.event_id
    assert old.version < new.version
    taken_back = only(told[2])
    assert isinstance(taken_back, Cancellation)
    assert taken_back.cancels == new.event_id
    assert timelines(told) == {}
    assert [fact.value for fact in timelines(told[:2]).popitem()[1]] == [4.0]


def test_a_component_that_a_correction_leaves_out_is_taken_back(reading):
    parts = [
        {"code": code("8480-6"), "valueQuantity": quantity(81, "mm[Hg]")},
        {"code": code("8462-4"), "valueQuantity": quantity(40, "mm[Hg]")},
    ]
    first = observation(
        what=code("85354-9"), component=parts, meta=version("2026-11-28T10:00:00Z")
    )
    second = first | {
        "component": parts[:1],
        "meta": version("2026-11-28T10:05:00Z"),
    }
    for order in ((first, second), (second, first)):
        reading = translator()
        ((_, facts),) = timelines(sent(reading, one) for one in order).items()
        assert [fact.concept for fact in facts] == ["sbp"]


def test_a_result_moved_to_another_patient_leaves_the_first(reading):
    value = quantity(2, "mmol/L")
    first = observation(meta=version("2026-11-28T10:00:00Z"), valueQuantity=value)
    moved = first | {
        "subject": {"reference": "Patient/2"},
        "meta": version("2026-11-28T10:05:00Z"),
    }
    for order in ((first, moved), (moved, first)):
        reading = translator()
        found = timelines([sent(reading, one) for one in order])
        assert list(found) == [NAMES.name("patient", Identifier("Patient", "2"))]


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2026", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-07", datetime(2026, 6, 30, 23, 0, tzinfo=UTC)),
        ("2026-07-04", datetime(2026, 7, 3, 23, 0, tzinfo=UTC)),
    ],
)
def test_a_partial_date_begins_in_the_sites_zone_and_says_so(reading, written, at):
    event = only(
        sent(
            reading,
            observation(effectiveDateTime=written, valueQuantity=quantity(2, "mmol/L")),
        )
    )

    assert event.happened_at == at
    assert event.flags == (Flag.DATE_ONLY,)


@pytest.mark.parametrize(
    "written", ["2026-13-01", "26-01-01", "tomorrow", "2026-11-28T25:00:00Z", "0001"]
)
def test_a_time_that_is_none_is_a_fault(reading, written):
    told = sent(
        reading,
        observation(effectiveDateTime=written, valueQuantity=quantity(2, "mmol/L")),
    )

    assert events(told) == []
    assert told.faults[0].code == ErrorCode.MALFORMED_TIME
    assert written not in repr(told)


def test_a_time_without_offset_is_the_sites_and_a_later_one_is_flagged(reading):
    naive = observation(
        effectiveDateTime="2026-07-04T12:00:00", valueQuantity=quantity(2, "mmol/L")
    )
    later = observation(
        "o2",
        effectiveDateTime="2026-11-28T13:00:00Z",
        valueQuantity=quantity(2, "mmol/L"),
    )

    assert only(sent(reading, naive)).happened_at == datetime(
        2026, 7, 4, 11, 0, tzinfo=UTC
    )
    assert only(sent(reading, later)).flags == (Flag.FUTURE,)


def test_an_observation_of_a_group_is_filed_and_one_of_nobody_rejected(reading):
    group = observation(subject={"reference": "Group/1"})
    nobody = observation()
    del nobody["subject"]

    assert sent(reading, group).outcome == "filed"
    told = sent(reading, nobody)
    assert told.outcome == "rejected"
    assert told.faults[0].code == ErrorCode.NO_SUBJECT


def test_the_specimen_says_whether_blood_was_arterial(reading):
    gas = observation(
        what=code("2703-7"),
        specimen={"reference": "Specimen/s1"},
        valueQuantity=quantity(80, "mm[Hg]"),
    )
    specimen = {
        "resourceType": "Specimen",
        "id": "s1",
        "type": code("122552005", "http://snomed.info/sct", "Arterial blood"),
    }

    assert events(sent(reading, gas)) == []
    assert only(sent(reading, specimen)).specimen == "arterial"


@pytest.mark.parametrize(
    "value",
    [
        {"valueString": "Mrs Quill, see note"},
        {"valueDateTime": "2026-11-28"},
        {"valueQuantity": quantity(2, "mmol/L", comparator="ad")},
        {
            "valueRange": {
                "low": quantity(1, "mmol/L"),
                "high": quantity(9, "mg/dL"),
            }
        },
    ],
)
def test_a_result_whose_value_is_not_read_says_so(reading, value):
    told = sent(reading, observation(**value))

    assert only(told).value is None
    assert [fault.code for fault in told.faults] == [ErrorCode.VALUE_NOT_READ]
    assert "Quill" not in repr(told)


def gathered(**period):
    resource = observation(
        "u1",
        code("UO", "lab"),
        valueQuantity=quantity(300, "mL"),
        effectivePeriod=period,
    )
    del resource["effectiveDateTime"]
    return resource


def test_a_volume_gathered_over_hours_is_of_their_end(reading):
    one = only(
        sent(
            reading,
            gathered(start="2026-11-28T04:00:00Z", end="2026-11-28T10:00:00Z"),
        )
    )
    assert one.happened_at == datetime(2026, 11, 28, 10, tzinfo=UTC)
    assert one.started_at == datetime(2026, 11, 28, 4, tzinfo=UTC)
    assert one.volume_ml == 300


def test_a_volume_whose_start_lies_behind_its_end_has_no_start(reading):
    one = only(
        sent(
            reading,
            gathered(start="2026-11-28T11:00:00Z", end="2026-11-28T10:00:00Z"),
        )
    )
    assert one.started_at is None
    assert Flag.STOP_BEFORE_START in one.flags


def test_a_volume_that_is_still_gathered_is_of_its_start(reading):
    one = only(sent(reading, gathered(start="2026-11-28T04:00:00Z")))
    assert one.happened_at == datetime(2026, 11, 28, 4, tzinfo=UTC)
    assert one.started_at is None


def test_a_specimen_of_no_type_is_named_by_where_it_was_taken(reading):
    sent(
        reading,
        {
            "resourceType": "Specimen",
            "id": "s1",
            "collection": {
                "bodySite": code("14016003", "http://snomed.info/sct", "Bone marrow")
            },
        },
    )
    resource = observation(
        "o1", specimen={"reference": "Specimen/s1"}, valueQuantity=quantity(2, "mmol/L")
    )
    assert only(sent(reading, resource)).specimen == "bone marrow"
