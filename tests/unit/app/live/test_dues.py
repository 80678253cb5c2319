from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from streams.app.live.clock import SteadyClock
from streams.app.live.dues import Dues


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANNA, BERT = (0, b"s/anna"), (1, b"s/bert")


def at(minutes):
    return NOON + timedelta(minutes=minutes)


def test_what_fell_due_is_given_once_and_earliest_first():
    dues = Dues()
    dues.set(ANNA, at(2))
    dues.set(BERT, at(1))
    assert dues.take(at(2), 10) == [(at(1), BERT), (at(2), ANNA)]
    assert dues.take(at(9), 10) == []


def test_a_check_that_was_given_is_not_given_again_for_the_same_moment():
    dues = Dues()
    dues.set(ANNA, at(1))
    dues.take(at(1), 10)
    dues.set(ANNA, at(1))
    assert dues.take(at(9), 10) == []
    dues.set(ANNA, at(3))
    assert dues.take(at(9), 10) == [(at(3), ANNA)]


def test_a_wish_taken_back_is_forgotten():
    dues = Dues()
    dues.set(ANNA, at(1))
    dues.set(ANNA, None)
    assert dues.take(at(9), 10) == []
    assert len(dues) == 0


@given(
    st.lists(
        st.tuples(st.sampled_from([ANNA, BERT]), st.none() | st.integers(0, 50)),
        max_size=30,
    )
)
def test_the_last_wish_of_each_counts(wishes):
    dues = Dues()
    last = {}
    for place, minutes in wishes:
        dues.set(place, None if minutes is None else at(minutes))
        last[place] = minutes
    wanted = {(at(m), place) for place, m in last.items() if m is not None}
    assert set(dues.take(at(50), 100)) == wanted


def test_a_wall_clock_that_jumps_moves_nothing():
    wall, counted = [NOON], [100.0]
    clock = SteadyClock(wall=lambda: wall[0], steady=lambda: counted[0])
    counted[0] += 60
    wall[0] = at(1) + timedelta(hours=6)
    assert clock.now() == at(1)
    assert clock.drift() == timedelta(hours=6)
