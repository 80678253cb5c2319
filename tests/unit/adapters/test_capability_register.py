"""The account of a sample: every message once, in bounded memory, naming nobody."""

from datetime import UTC, datetime, timedelta

import pytest

from streams.adapters.capability import CODES_KEPT, CapabilityRegister, Gap
from streams.adapters.site.suggestions import suggestions
from streams.adapters.translation import Fault, Told, Translation, UnmappedCode
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.events import Measurement
from streams.vocabulary.facts import Flag


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def result(after=timedelta(0), flags=()):
    return Measurement(
        event_id="e1",
        happened_at=NOON - after,
        known_at=NOON,
        concept="lactate",
        value=2.0,
        flags=flags,
    )


def mapped(*events, at=NOON, **more):
    told = (Told("p1", events),)
    return Translation(
        kind="ORU^R01", outcome="mapped", issued_at=at, told=told, **more
    )


def note(register, *translations, payload=None):
    for index, translation in enumerate(translations):
        register.note(
            translation,
            payload or f"bytes {index}".encode(),
            index=index,
            place="a.hl7",
        )


def test_messages_are_the_mapped_the_filed_and_the_rejected():
    register = CapabilityRegister()
    fault = Fault(place="PID-3", code=ErrorCode.MISSING_VALUE, reason="No identifier.")
    note(
        register,
        mapped(result(), result()),
        Translation(kind="SIU^S12", outcome="filed"),
        Translation(kind="ORU^R01", outcome="rejected", faults=(fault,)),
    )

    total = register.total()
    assert (total.messages, total.mapped, total.filed, total.rejected) == (3, 1, 1, 1)
    assert total.events == 2
    assert register.types["ORU^R01"].messages == 2
    (rejected,) = register.rejections
    assert (rejected.index, rejected.place, rejected.fault) == (2, "a.hl7", fault)


def test_parts_left_out_of_a_mapped_message_are_counted_beside_it():
    register = CapabilityRegister()
    fault = Fault(place="OBX[1]-6", code=ErrorCode.UNKNOWN_UNIT, reason="No unit.")
    note(register, mapped(faults=(fault, fault)))

    assert register.total().rejected == 0
    assert register.faults == {"EMB-107": 2}


def test_copies_are_told_apart_from_other_bytes_under_one_name():
    register = CapabilityRegister()
    for payload in (b"one", b"one", b"two"):
        note(register, mapped(name="LAB|1"), payload=payload)

    assert register.duplicates == 1
    assert register.same_name_other_bytes == 1


def test_unmapped_codes_are_counted_by_frequency_and_bounded():
    register = CapabilityRegister()
    codes = [
        UnmappedCode(system="L", code=str(number), label="Urea", unit="mmol/L")
        for number in range(CODES_KEPT + 5)
    ]
    note(register, mapped(unmapped=(codes[0], *codes)))

    assert len(register.unmapped) == CODES_KEPT + 1
    assert register.unmapped["L|0"].times == 2
    assert register.unmapped["L|0"].units == {"mmol/L": 2}
    assert register.unmapped["|(other codes)"].times == 5


def test_delays_are_told_by_kind_and_what_was_told_too_early_apart():
    register = CapabilityRegister()
    note(
        register,
        mapped(result(timedelta(minutes=3)), result(30 * HOUR), result(-HOUR)),
    )

    delays = register.delays["measurement"]
    assert delays.total == 3
    assert delays.before == 1
    assert list(delays.bands()) == [
        (timedelta(minutes=5), 1),
        (timedelta(days=2), 1),
    ]


def test_silences_are_found_between_the_first_hour_and_the_last():
    register = CapabilityRegister()
    note(register, *(mapped(at=NOON + n * HOUR) for n in (0, 1, 5, 30)))

    assert register.gaps() == [Gap(NOON + 6 * HOUR, 24), Gap(NOON + 2 * HOUR, 3)]
    assert 12 not in register.silent_hours_of_day()
    assert 3 in register.silent_hours_of_day()


def test_implausible_values_are_counted_by_concept():
    register = CapabilityRegister()
    note(register, mapped(result(flags=(Flag.IMPLAUSIBLE,)), result()))

    assert register.implausible == {"lactate": 1}
    assert register.flags == {"implausible": 1}


@pytest.mark.parametrize(
    ("label", "unit", "concept"),
    [
        ("Creatinine [Mass/volume] in Serum", "mg/dL", "creatinine"),
        ("CREATININE", "", "creatinine"),
        ("Platelets", "10*3/uL", "platelets"),
        ("PLT", "K/uL", "platelets"),
        ("Heart rate", "/min", "heart_rate"),
        ("Sodium Level", "mmol/L", "sodium"),
        ("HGB", "g/dL", "haemoglobin"),
    ],
)
def test_a_label_suggests_its_concept(label, unit, concept):
    assert suggestions(label, unit)[0].concept == concept


def test_nothing_is_suggested_for_another_dimension_or_for_nothing_alike():
    assert suggestions("Creatinine", "/min") == []
    assert suggestions("Favourite colour") == []
