"""Temperature over the first 72 hours: features, and never a made-up group."""

from dataclasses import replace

import pytest

from streams.clinical.phenotypes.temperature import (
    DEFAULT,
    SPEC,
    TemperaturePolicy,
    temperature_course,
)


@pytest.fixture
def told(timeline_of, at):
    def ask(table, moment="5 00:00", **changed):
        timeline = timeline_of("at | what | value\n" + table)
        policy = replace(DEFAULT, **changed)
        return temperature_course(timeline, at("1 08:00"), at(moment), policy)

    return ask


FEVER = """
1 08:10 | temperature | 39.0
1 08:50 | temperature | 36.0
1 20:10 | temperature | 38.0
2 08:10 | temperature | 37.0
3 08:10 | temperature | 35.5
"""


def test_the_first_reading_of_each_hour_counts(told):
    found = told(FEVER)
    assert [round(cel, 1) for _, cel in found.points] == [39.0, 38.0, 37.0, 35.5]
    assert found.evidence == ("e0", "e2", "e3", "e4")
    assert (found.first, found.last) == (39.0, 35.5)
    assert (found.highest, found.lowest) == (39.0, 35.5)
    assert found.mean == pytest.approx(37.375)
    assert (found.febrile, found.cold) == (0.5, 0.25)
    assert told(FEVER, per_hour="all").count == 5


def test_the_slope_is_by_least_squares(told):
    falling = "".join(f"{d} 08:00 | temperature | {39 - d}\n" for d in (1, 2, 3))
    assert told(falling).slope_per_day == pytest.approx(-1.0)


def test_around_the_patients_own_mean(told):
    found = told(FEVER)
    assert sum(found.standardised) == pytest.approx(0)
    assert found.standardised[0] > 0 > found.standardised[-1]
    flat = "".join(f"{d} 08:00 | temperature | 37\n" for d in (1, 2, 3))
    assert told(flat).standardised == ()


@pytest.mark.parametrize(("count", "refused"), [(2, "2 of 3 readings"), (3, None)])
def test_with_fewer_than_three_there_is_nothing_to_tell(told, count, refused):
    table = "".join(f"1 {9 + n:02}:00 | temperature | 38\n" for n in range(count))
    found = told(table)
    assert found.refused == refused
    assert (found.mean is None) == (refused is not None)
    assert found.count == count


@pytest.mark.parametrize(
    ("value", "counts"),
    [("31.9", 0), ("32", 1), ("44", 1), ("44.1", 0), ("<33", 0)],
)
def test_what_is_out_of_range_or_censored_is_counted_and_left_out(told, value, counts):
    found = told(f"1 09:00 | temperature | {value}")
    assert (found.count, found.left_out) == (counts, 1 - counts)


@pytest.mark.parametrize(
    ("moment", "counts"),
    [("1 07:59", 0), ("1 08:00", 1), ("4 08:00", 1), ("4 08:01", 0)],
)
def test_the_first_72_hours_both_ends_included(told, moment, counts):
    assert told(f"{moment} | temperature | 38").count == counts


def test_it_is_provisional_until_then(told, at):
    assert told(FEVER, "3 00:00").status == "provisional"
    assert told(FEVER, "4 08:00").status == "confirmed"
    assert told(FEVER).final_at == at("4 08:00")


def test_no_group_is_made_up(told):
    assert not any("label" in name or "group" in name for name in dir(told(FEVER)))
    named = {choice.argument for choice in SPEC.choices}
    assert named == set(TemperaturePolicy.__dataclass_fields__)
