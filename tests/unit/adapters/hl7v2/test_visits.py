"""ADT: coming, going, dying, and taking it back."""

from datetime import UTC, datetime

import pytest

from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.events import (
    Cancellation,
    CodeStatus,
    Death,
    Encounter,
    Location,
    Pregnancy,
    VitalStatusContact,
)


EVN = "EVN||20261128103000|||X^Muster|20261128101500"
DIED = "PID|1||4711^^^HOSP^MR||||1953|F|||||||||||||||||||||20261128093000|Y"


def at(hour: int, minute: int = 0, day: int = 28) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def pv1(**told: str) -> str:
    fields = [""] * 53
    fields[0], fields[1], fields[2] = "PV1", "1", told.get("kind", "I")
    fields[3], fields[6] = told.get("ward", "ICU1^12^1"), told.get("before", "")
    fields[19] = told.get("visit", "V1")
    fields[36] = told.get("left_to", "")
    fields[44], fields[45] = told.get("came", ""), told.get("went", "")
    return "|".join(fields).rstrip("|")


def of(told, kind):
    return [event for event in told if isinstance(event, kind)]


@pytest.mark.parametrize(
    ("trigger", "kind", "phase", "class_"),
    [
        ("A01", "I", "admitted", "inpatient"),
        ("A04", "E", "registered", "emergency"),
        ("A06", "I", "admitted", "inpatient"),
        ("A07", "O", "admitted", "outpatient"),
        ("A01", "?", "admitted", "other"),
        ("A01", "IP", "admitted", "inpatient"),
        ("A04", "Emergency^Emergency^L", "registered", "emergency"),
    ],
)
def test_an_arrival_is_an_encounter_a_place_and_a_sign_of_life(
    events, trigger, kind, phase, class_
):
    told = events(f"ADT^{trigger}", EVN, pv1(kind=kind, came="20261128095900"))
    (came,), (place,), (alive,) = (
        of(told, one) for one in (Encounter, Location, VitalStatusContact)
    )
    assert (came.phase, came.encounter_class, came.encounter) == (phase, class_, "V1")
    assert came.happened_at == place.happened_at == at(9, 59)
    assert (place.phase, place.ward, place.level, place.flags) == (
        "entered",
        "ICU1",
        "icu",
        (),
    )
    assert alive.alive


def test_the_time_of_an_event_is_that_of_its_own_then_of_its_recording(events):
    assert of(events("ADT^A01", EVN, pv1()), Encounter)[0].happened_at == at(10, 15)
    bare = "EVN|A01|20261128103000"
    assert of(events("ADT^A01", bare, pv1()), Encounter)[0].happened_at == at(10, 30)
    assert of(events("ADT^A01", pv1()), Encounter)[0].happened_at == at(11)


def test_without_any_time_nothing_is_told_but_the_lack(read):
    told = read("ADT^A01", pv1(), issued="")
    assert [fault.code for fault in told.faults] == [ErrorCode.MISSING_VALUE]


def test_a_visit_without_its_segment_is_told(read):
    told = read("ADT^A01", EVN)
    assert [fault.place for fault in told.faults] == ["PV1"]


def test_a_transfer_leaves_one_ward_and_enters_another(events):
    told = events("ADT^A02", EVN, pv1(ward="W3", before="ICU1"))
    assert [(e.phase, e.ward, e.level, e.happened_at) for e in told] == [
        ("left", "ICU1", "icu", at(10, 15)),
        ("entered", "W3", "ward", at(10, 15)),
    ]


def test_a_ward_of_no_map_is_counted_and_flagged(read):
    told = read("ADT^A02", EVN, pv1(ward="ATTIC"))
    assert [str(one) for one in told.unmapped] == ["PV1-3|ATTIC"]
    place = told.told[0].events[0]
    assert (place.level, [str(f) for f in place.flags]) == ("other", ["unmapped"])


@pytest.mark.parametrize(
    ("code", "disposition"),
    [
        ("01", "home"),
        ("1", "home"),
        ("02", "acute_hospital"),
        ("03", "facility"),
        ("50", "hospice"),
        ("70", "other"),
        ("Home", "home"),
        ("", None),
    ],
)
def test_a_discharge_tells_where_to(events, code, disposition):
    told = events("ADT^A03", EVN, pv1(left_to=code, went="20261128100500"))
    (left,), (place,), (alive,) = (
        of(told, one) for one in (Encounter, Location, VitalStatusContact)
    )
    assert (left.phase, left.disposition, left.happened_at) == (
        "discharged",
        disposition,
        at(10, 5),
    )
    assert (place.phase, alive.basis) == ("left", "discharge")


@pytest.mark.parametrize("code", ["20", "41", "Expired"])
def test_a_discharge_by_death_is_a_death(events, code):
    told = events("ADT^A03", EVN, pv1(left_to=code, went="20261128100500"))
    (death,) = of(told, Death)
    assert (death.happened_at, death.place) == (at(10, 5), "hospital")
    assert not of(told, VitalStatusContact)


def test_a_time_of_death_goes_before_the_time_of_discharge(events):
    told = events("ADT^A03", DIED, EVN, pv1(left_to="20", went="20261128100500"))
    (death,) = of(told, Death)
    assert (death.happened_at, death.place, death.basis) == (
        at(9, 30),
        "hospital",
        "PID-29",
    )


def test_dead_at_discharge_is_a_death_then_and_no_sign_of_life(events):
    pid = DIED.replace("20261128093000", "")
    told = events("ADT^A03", pid, EVN, pv1(left_to="01", went="20261128100500"))
    (death,) = of(told, Death)
    assert (death.happened_at, death.basis) == (at(10, 5), "PID-30")
    assert not of(told, VitalStatusContact)


def test_dead_without_a_time_is_no_moment_of_death(events):
    told = events("ADT^A08", DIED.replace("20261128093000", ""), EVN, pv1())
    (contact,) = of(told, VitalStatusContact)
    assert (contact.alive, contact.happened_at) == (False, at(10, 30))
    assert not of(told, Death)


@pytest.mark.parametrize(
    "pid", [DIED[:-2] + "|N", DIED.replace("20261128093000|Y", '""|""')]
)
def test_a_death_taken_back_is_cancelled(events, pid):
    (death,) = of(events("ADT^A08", DIED, EVN, pv1()), Death)
    back = of(events("ADT^A08", pid, EVN, pv1()), Cancellation)
    assert death.event_id in {one.cancels for one in back}
    assert all(one.version > death.version for one in back)


def test_a_death_told_by_a_discharge_outlives_the_default_of_a_later_update(events):
    (death,) = of(events("ADT^A03", EVN, pv1(left_to="20")), Death)
    back = of(events("ADT^A08", DIED[:-2] + "|N", EVN, pv1()), Cancellation)
    assert death.event_id not in {one.cancels for one in back}


def test_a_default_of_other_messages_raises_nobody_from_the_dead(events):
    assert events("ORU^R01", DIED[:-2] + "|N") == []


def test_a_cancelled_admission_cancels_all_it_told(events):
    told = events("ADT^A01", EVN, pv1())
    back = events("ADT^A11", EVN, pv1())
    assert {one.cancels for one in back} == {event.event_id for event in told}


def test_a_cancelled_visit_of_an_outpatient_is_its_registration_too(events):
    told = events("ADT^A04", EVN, pv1(kind="O"))
    back = events("ADT^A11", EVN, pv1(kind="O"))
    assert {event.event_id for event in told} <= {one.cancels for one in back}


def test_a_cancelled_transfer_is_taken_back_and_the_patient_where_they_are(events):
    moved = events("ADT^A02", EVN, pv1(ward="W3", before="ICU1"))
    back = events("ADT^A12", EVN, pv1(ward="ICU1", before="W3"))
    assert {one.cancels for one in of(back, Cancellation)} == {
        e.event_id for e in moved
    }
    (place,) = of(back, Location)
    assert (place.phase, place.ward, place.happened_at) == (
        "entered",
        "ICU1",
        at(10, 30),
    )


def test_a_cancelled_transfer_that_does_not_say_which_is_told(read):
    told = read("ADT^A12", "EVN||20261128103000", pv1(ward="ICU1"))
    assert [fault.code for fault in told.faults] == [ErrorCode.MISSING_VALUE]
    assert [e.kind for e in told.told[0].events] == ["location", "demographics"]


def test_a_cancelled_discharge_cancels_all_it_told(events):
    told = events("ADT^A03", EVN, pv1(left_to="20"))
    back = events("ADT^A13", EVN, pv1())
    assert {event.event_id for event in told} <= {one.cancels for one in back}


def test_a_cancelled_discharge_of_one_who_stays_dead_leaves_the_death(events):
    back = events("ADT^A13", DIED, EVN, pv1())
    assert len(of(back, Death)) == 1
    assert "death" not in {one.cancels for one in of(back, Cancellation)}


def test_an_update_tells_the_times_of_the_stay_again(events):
    first = of(events("ADT^A01", EVN, pv1(came="20261128095900")), Encounter)[0]
    told = events("ADT^A08", EVN, pv1(came="20261128090000", went="20261128104500"))
    came, left = of(told, Encounter)
    assert (came.event_id, came.happened_at) == (first.event_id, at(9))
    assert (left.phase, left.happened_at) == ("discharged", at(10, 45))


def test_plans_and_ways_through_the_house_tell_of_the_person_alone(events):
    for trigger in ("A05", "A09", "A10", "A28", "A31"):
        assert events(f"ADT^{trigger}", EVN, pv1()) == []


def test_a_stay_without_a_number_is_known_by_its_account_or_its_begin(events):
    pid = "PID|1||4711^^^HOSP^MR|||||||||||||||ACC7"
    assert (
        of(events("ADT^A01", pid, EVN, pv1(visit="")), Encounter)[0].encounter == "ACC7"
    )
    came = of(events("ADT^A01", EVN, pv1(visit="", came="20261128090000")), Encounter)[
        0
    ]
    left = of(events("ADT^A03", EVN, pv1(visit="", came="20261128090000")), Encounter)[
        0
    ]
    assert came.encounter is None
    assert came.event_id.rpartition(":")[0] == left.event_id.rpartition(":")[0]


def test_two_patients_who_swap_beds_both_move(read):
    other = "PID|2||4712^^^HOSP^MR"
    moved = read(
        "ADT^A17",
        EVN,
        "PID|1||4711^^^HOSP^MR",
        pv1(ward="ICU1", before="W3"),
        other,
        pv1(ward="W3", before="ICU1", visit="V2"),
    )
    places = {
        one.patient: [(e.phase, e.ward) for e in of(one.events, Location)]
        for one in moved.told
    }
    assert places == {
        "4711": [("left", "W3"), ("entered", "ICU1")],
        "4712": [("left", "ICU1"), ("entered", "W3")],
    }


def test_a_pregnancy_and_a_refusal_of_resuscitation_are_told_where_they_are(events):
    stay = f"{pv1(kind='I').replace('|ICU1^12^1', '|ICU1')}".split("|")
    stay[15] = "A9~B6"
    told = events("ADT^A08", EVN, "|".join(stay), f"PV2{'|' * 45}DNR")
    (expecting,), (agreed,) = of(told, Pregnancy), of(told, CodeStatus)
    assert (expecting.pregnant, expecting.basis) == (True, "PV1-15")
    assert agreed.status == "dnr"
    assert not of(events("ADT^A08", EVN, pv1(), "PD1|1"), (Pregnancy, CodeStatus))


def test_messages_without_a_time_are_ordered_by_when_they_were_entered(events):
    (early,) = of(
        events("ADT^A01", EVN, pv1(came="20261128095900"), issued=""), Encounter
    )
    later = EVN.replace("20261128103000", "20261128113000")
    (late,) = of(
        events("ADT^A01", later, pv1(came="20261128095900"), issued=""), Encounter
    )
    assert early.event_id == late.event_id
    assert late.version - early.version == 3600


def test_a_transfer_to_no_ward_is_told(read):
    told = read("ADT^A02", EVN, pv1(ward="^^^HOSP"))
    assert [(f.place, f.code) for f in told.faults] == [
        ("PV1[1]-3", ErrorCode.MISSING_VALUE)
    ]
