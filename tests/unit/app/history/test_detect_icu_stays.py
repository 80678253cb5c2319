"""Episodes and hours of a whole hospital stay, laid over its ICU stays.

Suspicion is at hour 0; a platelet count of 40 at the same time is worth 3 points.
"""

import csv
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest

from streams.app.history.detect import write_detect_csv
from streams.clinical.definitions.policies import EMBER
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import (
    CultureCollected,
    Encounter,
    Location,
    Measurement,
    Medication,
)


SUSPECTED = datetime(2150, 3, 10, 12, tzinfo=UTC)


def fact(hour, kind, encounter="7", **told):
    at = SUSPECTED + timedelta(hours=hour)
    name = f"{kind.__name__}-{hour}-{encounter}-{told.get('stay')}"
    common = {"event_id": name, "happened_at": at, "known_at": at}
    return kind(**common, encounter=encounter, **told)


def icu(stay, entered, left=None, encounter="7"):
    place = {"ward": "MICU", "level": "icu", "stay": stay, "encounter": encounter}
    yield fact(entered, Location, phase="entered", **place)
    if left is not None:
        yield fact(left, Location, phase="left", **place)


def septic(hour=0, encounter="7"):
    yield fact(
        hour, CultureCollected, encounter, culture_id=f"c{hour}", specimen="BLOOD"
    )
    yield fact(
        hour,
        Medication,
        encounter,
        stage="ordered",
        sent_drug="Zosyn",
        antimicrobial=True,
    )
    yield fact(hour, Measurement, encounter, concept="platelets", value=40.0)


def hospital(admitted, discharged, encounter="7"):
    yield fact(admitted, Encounter, encounter, phase="admitted")
    yield fact(discharged, Encounter, encounter, phase="discharged")


def detected(*parts):
    """The counts, the rows of stays and the rows of hours."""
    timeline = Timeline()
    for part in parts:
        for event in part:
            timeline.apply(event, event.event_id)
    out, hourly = StringIO(), StringIO()
    counts = write_detect_csv([("10", timeline)], policy=EMBER, out=out, hourly=hourly)
    tables = (list(csv.DictReader(StringIO(t.getvalue()))) for t in (out, hourly))
    return counts, *tables


def stays(rows):
    return [row["stay_id"] for row in rows]


def hours(rows, stay):
    return [(int(row["hr"]), row["endtime"]) for row in rows if row["stay_id"] == stay]


def moment(hour):
    return f"{SUSPECTED + timedelta(hours=hour):%Y-%m-%d %H:%M:%S}"


def test_each_of_two_icu_stays_in_the_window_has_a_row_of_the_one_episode():
    counts, rows, _ = detected(
        hospital(-30, 40), septic(), icu("30", -20, -10), icu("31", 12, 36)
    )
    assert stays(rows) == ["30", "31"]
    assert {row["suspected_infection_time"] for row in rows} == {moment(0)}
    assert (counts.episodes, counts.stays, counts.without_icu_stay) == (1, 2, 0)


def test_an_episode_on_the_ward_before_the_icu_names_the_icu_stay():
    counts, rows, _ = detected(hospital(-5, 60), septic(), icu("30", 6, 50))
    assert stays(rows) == ["30"]
    assert rows[0]["sofa_time"] == moment(0)
    assert counts.without_icu_stay == 0


def test_an_episode_on_the_ward_alone_has_no_row_and_is_counted():
    counts, rows, hourly = detected(hospital(-5, 60), septic())
    assert (rows, hourly) == ([], [])
    assert (counts.episodes, counts.stays, counts.without_icu_stay) == (1, 0, 1)


@pytest.mark.parametrize(
    ("entered", "left", "meets"),
    [
        (-60, -48, False),
        (-60, -47, True),
        (24, 30, True),
        (25, 30, False),
        (-60, 60, True),
    ],
)
def test_a_stay_meets_the_definition_where_it_overlaps_the_window(entered, left, meets):
    counts, rows, _ = detected(hospital(-70, 70), septic(), icu("30", entered, left))
    assert stays(rows) == ["30"] * meets
    assert counts.without_icu_stay == (not meets)


def test_a_stay_of_another_hospital_stay_is_not_septic_by_this_episode():
    counts, rows, _ = detected(
        septic(), icu("30", 6, 12, encounter="8"), hospital(5, 20, encounter="8")
    )
    assert rows == []
    assert counts.without_icu_stay == 1


def test_a_stay_without_an_end_lasts_and_takes_no_hour_of_a_later_hospital_stay():
    counts, rows, hourly = detected(
        hospital(-5, 9),
        septic(),
        icu("30", 6),
        hospital(500, 520, encounter="8"),
        septic(505, encounter="8"),
    )
    assert stays(rows) == ["30"]
    assert rows[0]["suspected_infection_time"] == moment(0)
    assert hours(hourly, "30") == [(n, moment(6 + n)) for n in range(4)]
    assert (counts.episodes, counts.without_icu_stay) == (2, 1)


def test_a_stay_told_by_two_episodes_has_one_row_of_the_earlier_suspicion():
    """A source may file some drugs under no hospital stay at all."""
    counts, rows, _ = detected(
        hospital(-5, 60), septic(3), septic(0, encounter=None), icu("30", 6, 50)
    )
    assert stays(rows) == ["30"]
    assert rows[0]["suspected_infection_time"] == moment(0)
    assert (counts.episodes, counts.stays, counts.without_icu_stay) == (2, 1, 0)


def test_hours_are_those_that_end_inside_an_icu_stay_counted_from_its_first():
    counts, _, hourly = detected(
        hospital(-30, 40), septic(), icu("30", -19.5, -16.5), icu("31", 12, 14)
    )
    assert hours(hourly, "30") == [(0, moment(-19)), (1, moment(-18)), (2, moment(-17))]
    assert hours(hourly, "31") == [(0, moment(12)), (1, moment(13))]
    assert counts.hours == len(hourly) == 5


def test_no_stay_and_no_hour_of_a_stay_is_told_twice():
    """Two records that overlap in time, as laboratory values before admission do."""
    _, rows, hourly = detected(
        hospital(-30, 40),
        icu("30", -20, 10),
        septic(),
        hospital(-10, 60, encounter="8"),
        icu("31", 9, 50, encounter="8"),
        septic(8, encounter="8"),
    )
    keys = [(row["stay_id"], row["hr"]) for row in hourly]
    assert sorted(stays(rows)) == ["30", "31"]
    assert len(set(keys)) == len(keys) == 30 + 41
    assert {stay for stay, _ in keys} == {"30", "31"}


def test_an_hour_of_two_records_is_told_once_where_the_icu_stay_names_neither():
    _, _, hourly = detected(
        hospital(-30, 40),
        hospital(-10, 60, encounter="8"),
        icu("30", -2, 3, encounter=None),
    )
    assert hours(hourly, "30") == [(n, moment(-2 + n)) for n in range(5)]
