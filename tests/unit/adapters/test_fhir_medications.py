"""Orders, infusions, doses, fluids and home drugs, in R4's names and in R5's."""

import pytest
from made_up.fhir import NOW, code, events, only, quantity, sent, translator

from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.events import Cancellation, Fluid, Infusion, Medication
from streams.vocabulary.facts import Flag


RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
NORADRENALINE = code("NAD", "drug", "Noradrenaline 4 mg/50 mL")
MEROPENEM = code("29561", RXNORM, "Meropenem")
IV = code("47625008", "http://snomed.info/sct", "Intravenous route")


@pytest.fixture
def reading():
    return translator()


def given(drug=NORADRENALINE, **more):
    return {
        "resourceType": "MedicationAdministration",
        "id": "m1",
        "status": "completed",
        "subject": {"reference": "Patient/1"},
        "medicationCodeableConcept": drug,
        "effectivePeriod": {
            "start": "2026-11-28T08:00:00Z",
            "end": "2026-11-28T09:00:00Z",
        },
        **more,
    }


def rate(value, unit):
    return {"rateQuantity": quantity(value, unit)}


def ordered(**more):
    return {
        "resourceType": "MedicationRequest",
        "id": "r1",
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/1"},
        "medicationCodeableConcept": MEROPENEM,
        "authoredOn": "2026-11-28T08:00:00Z",
        **more,
    }


def test_an_infusion_starts_and_stops(reading):
    started, stopped = events(sent(reading, given(dosage=rate(0.1, "ug/kg/min"))))

    assert isinstance(started, Infusion)
    assert (started.phase, stopped.phase) == ("started", "stopped")
    assert (started.drug, started.rate) == ("norepinephrine", 0.1)
    assert started.infusion_id == stopped.infusion_id
    assert stopped.happened_at.hour == 9


def test_r5_spells_it_otherwise(reading):
    resource = given(dosage=rate(6, "mg/kg/h"))
    for name in ("medicationCodeableConcept", "effectivePeriod"):
        del resource[name]
    resource |= {
        "medication": {"concept": NORADRENALINE},
        "occurencePeriod": {"start": "2026-11-28T08:00:00Z"},
        "encounter": {"reference": "Encounter/e1"},
    }
    assert events(sent(reading, resource)) == []
    (told,) = reading.finish(received_at=NOW)

    event = only(told)
    assert (event.phase, event.rate) == ("started", 100.0)
    assert event.encounter is not None
    assert event.flags == (Flag.IMPLAUSIBLE,)
    assert [fault.code for fault in told.faults] == [ErrorCode.REFERENCE_MISSING]


@pytest.mark.parametrize(
    "dosage",
    [
        rate(5, "mg/h"),
        rate(5, "mL/h"),
        {
            "rateRatio": {
                "numerator": quantity(10, "mL"),
                "denominator": quantity(2, "h"),
            }
        },
        {"rateQuantity": {"value": 5}},
    ],
)
def test_a_rate_that_needs_a_weight_or_a_strength_is_unknown_and_kept(reading, dosage):
    started, _ = events(sent(reading, given(dosage=dosage)))

    assert started.rate is None
    assert started.sent_rate == 5


def test_an_unknown_unit_or_a_negative_rate_is_a_fault(reading):
    for dosage, fault in (
        (rate(5, "gtt/min"), ErrorCode.UNKNOWN_UNIT),
        (rate(-5, "ug/kg/min"), ErrorCode.IMPOSSIBLE_VALUE),
    ):
        told = sent(reading, given(dosage=dosage))
        assert events(told) == []
        assert [one.code for one in told.faults] == [fault]


def test_a_dose_not_given_says_so(reading):
    event = only(sent(reading, given(status="not-done", drug=MEROPENEM)))

    assert (event.stage, event.antimicrobial) == ("not_given", None)


def test_an_unmapped_drug_is_kept_by_its_codes_name_with_its_volume(reading):
    told = sent(
        reading,
        given(
            drug=code("77", "drug", "Frobnicol"), dosage={"dose": quantity(100, "mL")}
        ),
    )

    fluid, dose = events(told)
    assert isinstance(fluid, Fluid)
    assert (fluid.substance, fluid.volume_ml) == ("other", 100.0)
    assert isinstance(dose, Medication)
    assert (dose.drug, dose.sent_drug) == (None, "Frobnicol")
    assert Flag.UNMAPPED in dose.flags
    assert [str(one) for one in told.unmapped] == ["drug|77"]


def test_an_order_is_told_and_its_end_once_it_is_over(reading):
    bounds = {"start": "2026-11-28T09:00:00Z", "end": "2026-11-30T09:00:00Z"}
    resource = ordered(
        dosageInstruction=[
            {
                "route": IV,
                "timing": {"repeat": {"boundsPeriod": bounds}},
                "doseAndRate": [{"doseQuantity": quantity(1, "g")}],
            }
        ]
    )
    event = only(sent(reading, resource))

    assert (event.stage, event.dose, event.unit) == ("ordered", 1.0, "g")
    assert event.antimicrobial is True
    assert event.planned_start.hour == 9
    assert event.order_id == event.event_id

    order, stop = events(sent(reading, resource | {"status": "completed"}))
    assert (order.stage, stop.stage) == ("ordered", "stopped")
    assert stop.happened_at.day == 30


@pytest.mark.parametrize(
    "change",
    [{"intent": "proposal"}, {"doNotPerform": True}, {"status": "draft"}],
)
def test_what_is_no_order_tells_nothing(reading, change):
    assert events(sent(reading, ordered(**change))) == []


def test_a_withdrawn_order_never_was(reading):
    first = only(sent(reading, ordered()))
    told = sent(reading, ordered(status="cancelled"))

    assert [e.cancels for e in events(told)] == [first.event_id]
    assert isinstance(only(told), Cancellation)


def test_a_medication_by_reference_is_waited_for_and_known_by_its_ingredient(reading):
    resource = ordered(medicationReference={"reference": "Medication/x"})
    del resource["medicationCodeableConcept"]
    product = {
        "resourceType": "Medication",
        "id": "x",
        "ingredient": [{"itemReference": {"reference": "Medication/y"}}],
    }
    part = {"resourceType": "Medication", "id": "y", "code": MEROPENEM}

    assert events(sent(reading, resource)) == []
    assert events(sent(reading, product)) == []
    assert only(sent(reading, part)).sent_drug == "Meropenem"


def test_a_contained_medication_is_read_where_it_stands(reading):
    resource = ordered(
        medicationReference={"reference": "#x"},
        contained=[{"resourceType": "Medication", "id": "x", "code": MEROPENEM}],
    )
    del resource["medicationCodeableConcept"]

    assert only(sent(reading, resource)).sent_drug == "Meropenem"


def test_dispenses_and_home_drugs(reading):
    dispensed = {
        "resourceType": "MedicationDispense",
        "id": "d1",
        "status": "completed",
        "subject": {"reference": "Patient/1"},
        "medicationCodeableConcept": MEROPENEM,
        "whenHandedOver": "2026-11-28T08:30:00Z",
        "authorizingPrescription": [{"reference": "MedicationRequest/r1"}],
    }
    home = {
        "resourceType": "MedicationStatement",
        "id": "s1",
        "status": "active",
        "subject": {"reference": "Patient/1"},
        "medicationCodeableConcept": code("1", "drug", "Metformin"),
        "dateAsserted": "2026-11-27",
    }
    order = only(sent(reading, ordered()))
    event = only(sent(reading, dispensed))

    assert (event.stage, event.order_id) == ("dispensed", order.order_id)
    assert only(sent(reading, home)).stage == "home"
    assert events(sent(reading, home | {"id": "s2", "status": "not-taken"})) == []
    undated = sent(reading, {k: v for k, v in dispensed.items() if k[:4] != "when"})
    assert [fault.code for fault in undated.faults] == [ErrorCode.MISSING_VALUE]


def test_free_text_names_no_drug(reading):
    told = sent(reading, ordered(medicationCodeableConcept={"text": "meropenem"}))

    assert events(told) == []
    assert [fault.code for fault in told.faults] == [ErrorCode.MISSING_VALUE]
