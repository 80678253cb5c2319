"""Times of every precision, with and without a zone."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from streams.adapters.hl7v2.times import Moment, moment, written, year, zone_of


NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("20261128103059", datetime(2026, 11, 28, 15, 30, 59, tzinfo=UTC)),
        ("202611281030", datetime(2026, 11, 28, 15, 30, tzinfo=UTC)),
        ("2026112810", datetime(2026, 11, 28, 15, tzinfo=UTC)),
        ("20261128103059.25", datetime(2026, 11, 28, 15, 30, 59, 250000, tzinfo=UTC)),
        ("20261128103059+0100", datetime(2026, 11, 28, 9, 30, 59, tzinfo=UTC)),
        ("202611281030-0330", datetime(2026, 11, 28, 14, 0, tzinfo=UTC)),
        (
            "20210624194801.4002+0000",
            datetime(2021, 6, 24, 19, 48, 1, 400200, tzinfo=UTC),
        ),
        ("20261231235960+0000", datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("20261128103059250", datetime(2026, 11, 28, 15, 30, 59, 250000, tzinfo=UTC)),
        ("20261128103059Z", datetime(2026, 11, 28, 10, 30, 59, tzinfo=UTC)),
        ("20261128103059-06", datetime(2026, 11, 28, 16, 30, 59, tzinfo=UTC)),
        ("2026-11-28T10:30:59", datetime(2026, 11, 28, 15, 30, 59, tzinfo=UTC)),
        ("2026-11-28 10:30", datetime(2026, 11, 28, 15, 30, tzinfo=UTC)),
        ("20261128T103059", datetime(2026, 11, 28, 15, 30, 59, tzinfo=UTC)),
        (
            "2026-11-28T10:30:59.250+01:00",
            datetime(2026, 11, 28, 9, 30, 59, 250000, tzinfo=UTC),
        ),
    ],
)
def test_a_time_is_an_instant_in_the_zone_of_the_site_or_its_own(text, at):
    assert moment(text, NEW_YORK) == Moment(at)


@pytest.mark.parametrize("text", ["20261128", "2026-11-28"])
def test_a_date_alone_is_told_as_such(text):
    assert moment(text, UTC) == Moment(
        datetime(2026, 11, 28, tzinfo=UTC), date_only=True
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026",
        "202611",
        "20261301",
        "20260230",
        "2026112825",
        "18411128",
        "99991231235959-1200",
        "yesterday",
        "202611281",
        "11/28/2026",
        "01/02/2026 10:30",
        "28.11.2026",
        "2026-1128",
        "2026-11",
        "20261128-06",
        "20261128+2500",
        "20261128٣",
    ],
)
def test_what_is_no_moment_is_none(text):
    assert moment(text, UTC) is None


def test_an_hour_that_came_twice_is_its_first():
    assert moment("20261101013000", NEW_YORK) == Moment(
        datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    "issued",
    ["", "20260715120000", "yesterday", "2026", "20260715120000+9900", "20260715-4500"],
)
def test_a_message_that_names_no_zone_is_of_the_sites(issued):
    assert zone_of(issued, NEW_YORK) is NEW_YORK


def test_a_zone_that_the_message_names_is_that_of_its_other_times():
    there = zone_of("20260715120000+0200", NEW_YORK)
    assert moment("20260715120000", there) == Moment(
        datetime(2026, 7, 15, 10, tzinfo=UTC)
    )
    assert zone_of("2026-07-15T12:00:00Z", NEW_YORK).utcoffset(None) == timedelta(0)


def test_a_zone_that_the_site_keeps_then_knows_when_clocks_change():
    assert zone_of("20260715120000-0400", NEW_YORK) is NEW_YORK
    assert zone_of("20260715120000-0500", NEW_YORK) == timezone(timedelta(hours=-5))


def test_a_year_is_all_that_is_read_of_a_birthday():
    assert year("19530214") == 1953
    assert year("1953") == 1953
    assert year("0000") is None
    assert year("") is None


def test_writing_and_reading_are_one():
    at = datetime(2026, 11, 28, 10, 30, 59, tzinfo=UTC)
    assert moment(written(at), NEW_YORK) == Moment(at)
