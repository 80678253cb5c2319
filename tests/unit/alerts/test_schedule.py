from datetime import UTC, datetime, timedelta

import pytest

from registry.alerts.schedule import (
    LONGEST_HOLD,
    SHORTEST_HOLD,
    WAITS,
    asked_wait,
    hold,
    wait_before,
)
from streams.vocabulary.errors import BrokenInvariant


AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("attempt", "seconds"),
    [
        (1, 0),
        (2, 5),
        (3, 300),
        (4, 1_800),
        (5, 7_200),
        (6, 18_000),
        (7, 36_000),
        (8, 50_400),
        (9, 72_000),
        (10, 86_400),
    ],
)
def test_the_waits_are_those_of_the_standard(attempt, seconds):
    assert wait_before(attempt, jitter=0.0) == timedelta(seconds=seconds)


def test_there_is_no_eleventh_attempt():
    assert len(WAITS) == 10
    assert wait_before(11, jitter=0.0) is None


def test_jitter_lengthens_a_wait_by_less_than_a_tenth_and_never_shortens_it():
    assert wait_before(3, jitter=0.5) == timedelta(seconds=315)
    assert wait_before(3, jitter=0.999) < timedelta(seconds=330)
    assert wait_before(1, jitter=0.999) == timedelta(0)


@pytest.mark.parametrize(("attempt", "jitter"), [(0, 0.0), (1, 1.0), (1, -0.1)])
def test_an_attempt_or_jitter_out_of_range_is_a_broken_invariant(attempt, jitter):
    with pytest.raises(BrokenInvariant):
        wait_before(attempt, jitter=jitter)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30),
        ("Sun, 01 Mar 2026 12:00:30 -0000", 30),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(header, seconds):
    assert asked_wait(header, at=AT) == timedelta(seconds=seconds)


@pytest.mark.parametrize("header", [None, "", "soon", "-5", "1.5", "٣"])
def test_a_retry_after_that_says_nothing_readable_asks_for_nothing(header):
    assert asked_wait(header, at=AT) is None


def test_a_monstrous_retry_after_is_bounded_and_breaks_nothing():
    assert hold(asked_wait("9" * 400, at=AT)) == LONGEST_HOLD


@pytest.mark.parametrize(
    ("asked", "held"),
    [
        (None, SHORTEST_HOLD),
        (timedelta(0), SHORTEST_HOLD),
        (timedelta(seconds=5), timedelta(seconds=5)),
        (timedelta(minutes=10), timedelta(minutes=10)),
        (timedelta(hours=1), timedelta(hours=1)),
        (timedelta(days=1), LONGEST_HOLD),
    ],
)
def test_a_target_is_left_alone_as_long_as_it_asks_within_our_bounds(asked, held):
    assert hold(asked) == held
