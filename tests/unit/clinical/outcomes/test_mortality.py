"""Mortality by what is on record, at the edges of its windows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from streams.clinical.outcomes.deriving import derive
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import (
    Death,
    Encounter,
    Location,
    Measurement,
    Medication,
    VitalStatusContact,
)
from streams.vocabulary.facts import Flag
from streams.vocabulary.outcomes import NAMED


T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def day(number):
    return T0 + timedelta(days=number)


def fact(kind, moment, event_id, **fields):
    fields.setdefault("encounter", "e1")
    return kind(event_id=event_id, happened_at=moment, known_at=moment, **fields)


def came(moment, encounter="e1"):
    return fact(
        Encounter,
        moment,
        f"came-{encounter}",
        phase="admitted",
        encounter=encounter,
        encounter_class="inpatient",
    )


def left(moment, disposition, encounter="e1"):
    return fact(
        Encounter,
        moment,
        f"left-{encounter}",
        phase="discharged",
        disposition=disposition,
        encounter=encounter,
        encounter_class="inpatient",
    )


def died(moment, event_id="died", place="hospital", **fields):
    return fact(Death, moment, event_id, place=place, **fields)


def contact(moment, *, alive=True):
    return fact(VitalStatusContact, moment, "contact", alive=alive, basis="call")


def of(outcome, *facts, now):
    timeline = Timeline()
    for one in facts:
        timeline.apply(one, one.event_id)
    return derive(NAMED[outcome], timeline, T0, now, episode="e1")


def told(found):
    return (found.status, found.value, found.reason)


# -- 28 days -------------------------------------------------------------------


def test_before_day_28_nothing_is_decided_and_the_day_is_due():
    found = of("mortality_28d", came(day(-1)), now=day(27))
    assert told(found) == ("pending", None, None)
    assert found.due == day(28)


@pytest.mark.parametrize(
    ("moment", "value"), [(day(28), 1), (day(28) + SECOND, 0), (day(3), 1)]
)
def test_the_last_moment_of_day_28_belongs_to_it(moment, value):
    found = of("mortality_28d", died(moment), now=day(40))
    assert told(found) == ("final", value, None)


def test_a_death_is_final_at_once():
    found = of("mortality_28d", died(day(3)), now=day(3))
    assert told(found) == ("final", 1, None)
    assert found.evidence == ("died",)


def test_silence_after_discharge_is_not_life():
    facts = (came(day(-1)), left(day(9), "home"))
    found = of("mortality_28d", *facts, now=day(60))
    assert told(found) == ("missing", None, "no_contact_at_day_28")


def test_a_contact_at_day_28_or_later_proves_life():
    facts = (came(day(-1)), left(day(9), "home"))
    for moment in (day(28), day(45)):
        found = of("mortality_28d", *facts, contact(moment), now=day(60))
        assert told(found) == ("final", 0, None)
        assert found.determinable_from == moment
    early = of("mortality_28d", *facts, contact(day(28) - SECOND), now=day(60))
    assert early.status == "missing"


@pytest.mark.parametrize(
    ("proof", "status"),
    [
        (fact(Measurement, day(30), "x", concept="lactate", value=1.0), "final"),
        (fact(Location, day(30), "x", phase="entered", ward="W"), "final"),
        (fact(Location, day(30), "x", phase="left", ward="W"), "missing"),
        (fact(Medication, day(30), "x", stage="given", sent_drug="x"), "final"),
        (fact(Medication, day(30), "x", stage="stopped", sent_drug="x"), "missing"),
        (left(day(30), "home", "e2"), "final"),
        (left(day(30), None, "e2"), "missing"),
    ],
)
def test_only_what_a_living_patient_has_proves_life(proof, status):
    assert of("mortality_28d", proof, now=day(60)).status == status


def test_a_bed_left_and_another_entered_at_one_moment_proves_life():
    left_bed = fact(Location, day(30), "a", phase="left", ward="W")
    entered = fact(Location, day(30), "b", phase="entered", ward="V")
    found = of("mortality_28d", left_bed, entered, now=day(60))
    assert (found.status, found.evidence) == ("final", ("b",))


def test_a_patient_still_in_bed_is_provisionally_alive():
    lately = fact(Measurement, day(27.5), "m", concept="lactate", value=1.0)
    found = of("mortality_28d", came(day(-1)), lately, now=day(28))
    assert told(found) == ("provisional", 0, "still_in_hospital")
    quiet = of("mortality_28d", came(day(-1)), now=day(28))
    assert quiet.status == "missing"


def test_of_two_times_of_death_the_hospitals_stands_and_the_other_is_shown():
    registry = died(day(2), "registry", None)
    found = of("mortality_28d", registry, died(day(5)), now=day(40))
    assert told(found) == ("final", 1, "several_times_of_death")
    assert found.determinable_from == day(5)
    assert found.evidence == ("died", "registry")


def test_a_date_and_an_hour_of_one_day_are_one_death():
    date = died(day(5).replace(hour=0), "date", None, flags=(Flag.DATE_ONLY,))
    found = of("mortality_28d", date, died(day(5)), now=day(40))
    assert told(found) == ("final", 1, None)


def test_a_date_of_death_on_day_28_itself_is_uncertain():
    date = died(day(28).replace(hour=0), place=None, flags=(Flag.DATE_ONLY,))
    found = of("mortality_28d", date, now=day(60))
    assert told(found) == ("missing", None, "time_of_death_uncertain")
    seen = of("mortality_28d", date, contact(day(28)), now=day(60))
    assert told(seen) == ("final", 0, None)


def test_who_was_dead_before_t0_has_no_outcome():
    found = of("mortality_28d", died(day(-1)), now=day(60))
    assert told(found) == ("missing", None, "died_before_t0")
    today = died(T0.replace(hour=0), place=None, flags=(Flag.DATE_ONLY,))
    assert of("mortality_28d", today, now=day(60)).value == 1


def test_found_dead_at_a_visit_is_dead_by_then():
    found = of("mortality_28d", contact(day(20), alive=False), now=day(60))
    assert told(found) == ("final", 1, None)
    late = of("mortality_28d", contact(day(50), alive=False), now=day(60))
    assert told(late) == ("missing", None, "time_of_death_uncertain")


# -- in hospital ---------------------------------------------------------------


def test_a_death_in_the_stay_is_a_death_in_hospital():
    found = of("in_hospital_mortality", came(day(-1)), died(day(4)), now=day(5))
    assert told(found) == ("final", 1, None)


def test_a_discharge_as_dead_is_one_too():
    facts = (came(day(-1)), left(day(4), "died"))
    assert told(of("in_hospital_mortality", *facts, now=day(5))) == ("final", 1, None)


def test_alive_at_discharge_is_final_once_no_stay_can_continue_it():
    facts = (came(day(-1)), left(day(9), "home"))
    first = of("in_hospital_mortality", *facts, now=day(9))
    assert told(first) == ("provisional", 0, "stay_may_continue")
    assert told(of("in_hospital_mortality", *facts, now=first.due)) == (
        "final",
        0,
        None,
    )


def test_a_death_at_home_the_week_after_does_not_count():
    facts = (came(day(-1)), left(day(9), "home"), died(day(16), place=None))
    assert told(of("in_hospital_mortality", *facts, now=day(60))) == ("final", 0, None)


def test_a_stay_that_begins_hours_later_goes_on_with_the_first():
    facts = (
        came(day(-1)),
        left(day(9), "home"),
        came(day(9) + timedelta(hours=5), "e2"),
        died(day(12), encounter="e2"),
    )
    assert of("in_hospital_mortality", *facts, now=day(13)).value == 1


def test_a_readmission_the_next_week_is_another_stay():
    facts = (
        came(day(-1)),
        left(day(9), "home"),
        came(day(16), "e2"),
        died(day(18), encounter="e2"),
    )
    assert told(of("in_hospital_mortality", *facts, now=day(30))) == ("final", 0, None)


def test_a_transfer_goes_on_where_the_record_does_not_reach():
    facts = (came(day(-1)), left(day(9), "acute_hospital"))
    found = of("in_hospital_mortality", *facts, now=day(30))
    assert (found.status, found.due) == ("pending", day(90))
    later = of("in_hospital_mortality", *facts, now=day(90))
    assert told(later) == ("missing", None, "no_contact_after_transfer")
    alive = of("in_hospital_mortality", *facts, contact(day(95)), now=day(96))
    assert told(alive) == ("final", 0, None)
    dead = of("in_hospital_mortality", *facts, died(day(20), place=None), now=day(30))
    assert told(dead) == ("missing", None, "place_of_death_unknown")


def test_the_stay_is_capped_at_day_90():
    found = of("in_hospital_mortality", came(day(-1)), died(day(91)), now=day(92))
    assert told(found) == ("final", 0, None)


def test_who_had_left_before_t0_has_no_outcome():
    facts = (came(day(-9)), left(day(-1), "home"))
    found = of("in_hospital_mortality", *facts, now=day(5))
    assert told(found) == ("missing", None, "discharged_before_t0")


def test_hospice_is_alive_and_says_so():
    facts = (came(day(-1)), left(day(9), "hospice"))
    found = of("in_hospital_mortality", *facts, now=day(30))
    assert told(found) == ("final", 0, "discharged_to_hospice")


def test_without_a_disposition_life_at_discharge_must_be_shown():
    facts = (came(day(-1)), left(day(9), None))
    found = of("in_hospital_mortality", *facts, now=day(30))
    assert told(found) == ("provisional", 0, "disposition_unknown")
    shown = of("in_hospital_mortality", *facts, contact(day(9)), now=day(30))
    assert told(shown) == ("final", 0, None)


def test_an_admission_that_never_was_is_no_stay():
    never = replace(came(day(-1)), phase="cancelled")
    found = of("in_hospital_mortality", never, now=day(5))
    assert told(found) == ("pending", None, None)
    unplaced = of("in_hospital_mortality", never, died(day(4), place=None), now=day(5))
    assert told(unplaced) == ("missing", None, "place_of_death_unknown")


def test_a_death_of_unknown_place_in_an_open_stay_is_provisional():
    facts = (came(day(-1)), died(day(4), place=None))
    found = of("in_hospital_mortality", *facts, now=day(5))
    assert told(found) == ("provisional", 1, "place_of_death_unknown")


def test_a_transfer_that_arrived_goes_on_with_the_first_stay():
    facts = (
        came(day(-1)),
        left(day(9), "acute_hospital"),
        came(day(9.5), "e2"),
        left(day(20), "home", "e2"),
    )
    assert told(of("in_hospital_mortality", *facts, now=day(30))) == ("final", 0, None)
