"""Days are the hospital's own, in its time zone, long and short ones among them."""

from datetime import UTC, date, datetime

import pytest

from streams.clinical.definitions.ase.days import hospital_days
from streams.clinical.definitions.ase.events import adult_sepsis_events
from streams.clinical.timeline import Timeline
from streams.vocabulary.errors import SettingsError
from streams.vocabulary.events import (
    CultureCollected,
    Demographics,
    Encounter,
    Infusion,
    Medication,
)
from streams.vocabulary.facts import Flag


NEW_YORK, ATHENS, SANTIAGO = "America/New_York", "Europe/Athens", "America/Santiago"


def moment(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def fact(kind, name, at, **content):
    at = moment(at) if isinstance(at, str) else at
    return kind(event_id=name, happened_at=at, known_at=at, encounter="h", **content)


def events(zone, culture, doses, drip, *, admitted, left, flags=()):
    timeline = Timeline()
    came = {"phase": "admitted", "encounter_class": "inpatient"}
    gone = {"phase": "discharged", "encounter_class": "inpatient"}
    told = [
        fact(Encounter, "a", admitted, **came),
        fact(Encounter, "z", left, disposition="home", **gone),
        fact(Demographics, "d", admitted, birth_year=1950, age_precision="stated"),
        fact(
            CultureCollected,
            "c",
            culture,
            culture_id="c",
            specimen="BLOOD CULTURE",
            flags=flags,
        ),
    ]
    given = {"stage": "given", "sent_drug": "Cefepime", "route": "IV"}
    told += [fact(Medication, f"m{at}", at, **given) for at in doses]
    ran = {"infusion_id": "i", "drug": "norepinephrine", "rate": 0.1}
    for phase, at in zip(("started", "stopped"), drip, strict=True):
        told.append(fact(Infusion, phase, at, phase=phase, **ran))
    for event in told:
        timeline.apply(event, event.event_id)
    return adult_sepsis_events(timeline, zone=zone).events


def test_the_same_instants_are_other_days_in_another_city():
    """Four doses within four dates of New York are five dates in UTC and in Athens."""
    doses = ["2024-05-02T03:30", "2024-05-02T23:00", "2024-05-03T23:00"]
    doses += ["2024-05-05T03:30"]
    case = (
        "2024-05-02T03:00",
        doses,
        ("2024-05-02T03:00", "2024-05-02T03:50"),
    )
    stay = {"admitted": "2024-05-01T12:00", "left": "2024-05-09T12:00"}
    (here,) = events(NEW_YORK, *case, **stay)
    assert [d.day for d in here.antimicrobial_days] == [1, 2, 3, 4]
    assert (here.onset_day, here.hospital_day) == (date(2024, 5, 1), 1)
    (there,) = events(ATHENS, *case, **stay)
    assert [d.day for d in there.antimicrobial_days] == [2, 3, 4, 5]
    assert (there.onset_day, there.hospital_day) == (date(2024, 5, 2), 2)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (NEW_YORK, date(2024, 3, 10), 23),
        (NEW_YORK, date(2024, 11, 3), 25),
        (NEW_YORK, date(2024, 5, 1), 24),
        (ATHENS, date(2024, 3, 31), 23),
        (SANTIAGO, date(2024, 9, 8), 23),
        (SANTIAGO, date(2024, 4, 6), 25),
        ("Asia/Kolkata", date(2024, 5, 1), 24),
    ],
)
def test_a_day_has_as_many_hours_as_the_clocks_give_it(zone, day, hours):
    days = hospital_days(zone)
    assert (days.end(day) - days.start(day)).total_seconds() == hours * 3600
    assert days.of(days.start(day)) == day
    assert days.of(days.end(day)) != day


def test_the_window_does_not_count_hours():
    """A dose 71 hours before the culture is out, one 47 hours after it is in.

    Culture on Sunday 10 March 2024, 23:30, the day of 23 hours in New York.
    """
    doses = ["2024-03-13T03:00", "2024-03-13T20:00"]
    doses += ["2024-03-14T20:00", "2024-03-15T20:00", "2024-03-16T20:00"]
    drip = ("2024-03-08T05:00", "2024-03-08T06:00")
    stay = {"admitted": "2024-03-05T12:00", "left": "2024-03-20T12:00"}
    (event,) = events(NEW_YORK, "2024-03-11T03:30", doses, drip, **stay)
    assert event.antimicrobial_days[0] == date(2024, 3, 12)
    (pressor,) = event.dysfunctions
    assert pressor.day == date(2024, 3, 8)
    early = ("2024-03-08T04:00", "2024-03-08T04:59")
    assert events(NEW_YORK, "2024-03-11T03:30", doses, early, **stay) == ()


def test_an_infusion_over_midnight_was_given_on_both_days():
    """Two minutes on 1 May, outside the window, make it old on 2 May."""
    doses = [f"2024-05-0{d}T12:00" for d in (4, 5, 6, 7)]
    stay = {"admitted": "2024-05-01T12:00", "left": "2024-05-09T12:00"}
    over = ("2024-05-02T03:58", "2024-05-02T04:01")
    assert events(NEW_YORK, "2024-05-04T12:00", doses, over, **stay) == ()
    after = ("2024-05-02T04:00", "2024-05-02T04:01")
    (event,) = events(NEW_YORK, "2024-05-04T12:00", doses, after, **stay)
    assert event.dysfunctions[0].day == date(2024, 5, 2)
    just_before = ("2024-05-02T03:58", "2024-05-02T04:00")
    assert events(NEW_YORK, "2024-05-04T12:00", doses, just_before, **stay) == ()


def test_an_infusion_that_goes_on_from_before_the_window_is_not_new():
    doses = [f"2024-05-0{d}T12:00" for d in (4, 5, 6, 7)]
    stay = {"admitted": "2024-04-25T12:00", "left": "2024-05-09T12:00"}
    into = ("2024-05-01T12:00", "2024-05-05T12:00")
    assert events(NEW_YORK, "2024-05-04T12:00", doses, into, **stay) == ()


@pytest.mark.parametrize("zone", [NEW_YORK, "UTC", ATHENS])
def test_a_culture_with_a_date_only_is_of_that_date_everywhere(zone):
    doses = [f"2024-05-0{d}T12:00" for d in (4, 5, 6, 7)]
    stay = {"admitted": "2024-05-01T12:00", "left": "2024-05-09T12:00"}
    drip = ("2024-05-04T12:00", "2024-05-04T13:00")
    (event,) = events(
        zone, "2024-05-04T00:00", doses, drip, flags=(Flag.DATE_ONLY,), **stay
    )
    assert event.culture_day == date(2024, 5, 4)


@pytest.mark.parametrize("name", ["Middle/Earth", "", "../etc"])
def test_an_unknown_zone_is_refused(name):
    with pytest.raises(SettingsError):
        hospital_days(name)
