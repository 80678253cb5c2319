"""Counts as rates: the published interval, and months that differ by more than chance."""

from datetime import UTC, datetime

import pytest

from streams.clinical.feasibility.rates import MONTH, monthly, poisson_interval


START = datetime(2025, 1, 1, tzinfo=UTC)


def months(*counts):
    """So many moments in the middle of each month."""
    return [
        START + (number + 0.5) * MONTH
        for number, count in enumerate(counts)
        for _ in range(count)
    ]


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [  # Garwood's table, as it is printed to two decimals in textbooks
        (0, 0.00, 3.69),
        (1, 0.03, 5.57),
        (5, 1.62, 11.67),
        (10, 4.80, 18.39),
        (100, 81.36, 121.63),
    ],
)
def test_the_interval_is_the_published_one(count, low, high):
    assert poisson_interval(count) == pytest.approx((low, high), abs=0.006)


def test_the_interval_of_many_goes_on_where_the_exact_one_ends():
    exact, approximate = poisson_interval(1000), poisson_interval(1001)
    assert approximate == pytest.approx([end + 1 for end in exact], abs=0.1)


def test_no_month_is_looked_at_where_there_are_few():
    rate = monthly(months(3, 3, 3, 3, 3), start=START, months=5.0)
    assert rate.per_month == 3
    assert rate.dispersion is None


def test_months_that_differ_widen_the_interval():
    even = monthly(months(3, 3, 3, 3, 3, 3), start=START, months=6.0)
    uneven = monthly(months(0, 9, 0, 9, 0, 0), start=START, months=6.0)
    assert even.per_month == uneven.per_month == 3
    assert even.dispersion == 0
    assert uneven.dispersion == pytest.approx(7.2)
    assert uneven.low < even.low < 3 < even.high < uneven.high
    assert uneven.low >= 0


def test_dates_that_mean_nothing_are_not_looked_at():
    rate = monthly(months(0, 9, 0, 9, 0, 0), start=None, months=6.0)
    assert rate.dispersion is None


def test_nobody_in_many_months_is_still_an_interval():
    rate = monthly([], start=START, months=12.0)
    assert (rate.per_month, rate.low) == (0, 0)
    assert rate.high == pytest.approx(3.69 / 12, abs=0.001)
