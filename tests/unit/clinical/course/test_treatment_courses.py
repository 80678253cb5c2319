"""How doses and orders become courses."""

from datetime import UTC, datetime, timedelta

import pytest

from streams.clinical.course.secondary_policy import DEFAULT
from streams.clinical.course.treatment import courses, courses_by_drug
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import Medication


DAY = datetime(2150, 3, 1, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


def drug(name, hours, stage="given", order=None, stop=None, start=None, **told):
    at = DAY + hours * HOUR
    return Medication(
        event_id=f"{stage}{name}{hours}",
        happened_at=at,
        known_at=at,
        stage=stage,
        sent_drug=name,
        order_id=order,
        planned_stop=None if stop is None else DAY + stop * HOUR,
        planned_start=None if start is None else DAY + start * HOUR,
        **{"antimicrobial": True, **told},
    )


def folded(*events):
    timeline = Timeline()
    for event in events:
        timeline.apply(event, event.event_id)
    return timeline


def lengths(timeline, now=1000, told=courses):
    found = told(timeline, DEFAULT, DAY + now * HOUR)
    return [((one.starts - DAY) / HOUR, one.days) for one in found]


def test_doses_without_a_pause_are_one_course():
    timeline = folded(drug("a", 0), drug("b", 24), drug("a", 71))
    assert lengths(timeline) == [(0, 3)]
    assert lengths(timeline, told=courses_by_drug) == [(0, 1), (24, 1), (71, 1)]


@pytest.mark.parametrize(("hours", "count"), [(47, 1), (48, 2)])
def test_a_pause_of_two_days_parts_them(hours, count):
    assert len(lengths(folded(drug("a", 0), drug("a", hours)))) == count


def test_an_order_covers_the_days_until_its_planned_end():
    order = drug("a", 0, "ordered", stop=50)
    assert lengths(folded(order)) == [(0, 3)]
    assert lengths(folded(order), now=24) == [(0, 2)]
    assert lengths(folded(order), now=23) == [(0, 1)]


def test_a_stop_ends_an_order_early():
    order = drug("a", 0, "ordered", order="o", stop=100)
    assert lengths(folded(order, drug("a", 25, "stopped", order="o"))) == [(0, 2)]


def test_an_order_for_later_begins_later():
    order = drug("a", 0, "ordered", start=30, stop=60)
    assert lengths(folded(order)) == [(30, 2)]
    assert lengths(folded(order), now=20) == []


def test_what_is_no_systemic_antimicrobial_is_no_course():
    assert lengths(folded(drug("cream", 0, antimicrobial=False))) == []
    assert lengths(folded(drug("?", 0, antimicrobial=None))) == []
    assert lengths(folded(drug("a", 0, "not_given"))) == []


def test_days_count_from_the_courses_own_start():
    timeline = folded(drug("a", 0), drug("a", 23.9))
    assert lengths(timeline) == [(0, 1)]
    timeline = folded(drug("a", 0), drug("a", 24))
    assert lengths(timeline) == [(0, 2)]
