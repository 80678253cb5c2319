"""Whatever the order of arrival, the same deliveries leave the same facts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from streams.clinical.timeline import Timeline
from streams.vocabulary.events import Cancellation, Correction, Measurement
from streams.vocabulary.facts import Flag


DAY = datetime(2150, 3, 1, tzinfo=UTC)

minutes = st.integers(0, 180).map(lambda m: DAY + timedelta(minutes=m))


@st.composite
def measured(draw, event_id=None):
    return Measurement(
        event_id=event_id or f"e{draw(st.integers(0, 4))}",
        happened_at=draw(minutes),
        known_at=DAY + timedelta(days=1),
        concept=draw(st.sampled_from(["lactate", "creatinine"])),
        flags=draw(st.sampled_from([(), (Flag.UNMAPPED,)])),
        value=float(draw(st.integers(0, 3))),
    )


@st.composite
def delivered(draw):
    about = f"e{draw(st.integers(0, 4))}"
    version = draw(st.integers(1, 3))
    common = {
        "event_id": f"{about}#{draw(st.integers(0, 9))}",
        "happened_at": DAY,
        "known_at": DAY + timedelta(days=1),
        "version": version,
    }
    event = draw(
        st.one_of(
            measured(),
            measured().map(lambda e: Correction(corrects=about, event=e, **common)),
            st.just(Cancellation(cancels=about, **common)),
        )
    )
    return f"m{draw(st.integers(0, 3))}", event


def folded(deliveries):
    timeline = Timeline()
    for message_id, event in deliveries:
        timeline.apply(event, message_id)
    return list(timeline.facts())


@given(st.lists(delivered(), max_size=12), st.data())
def test_permuted_and_duplicated_deliveries_leave_the_same_facts(deliveries, data):
    again = deliveries + data.draw(
        st.lists(st.sampled_from(deliveries), max_size=4) if deliveries else st.just([])
    )
    assert folded(data.draw(st.permutations(again))) == folded(deliveries)


@given(st.lists(delivered(), max_size=12))
def test_a_timeline_built_from_standing_deliveries_is_equal(deliveries):
    first = Timeline()
    for message_id, event in deliveries:
        first.apply(event, message_id)
    second = Timeline()
    for held in reversed(list(first.deliveries())):
        second.apply(held.event, held.message_id)
    assert list(second.facts()) == list(first.facts())


def is_high(fact):
    return fact.value > 1


@given(st.lists(delivered(), max_size=12), minutes, minutes)
def test_a_sieve_keeps_what_it_would_of_the_whole_lane(deliveries, after, until):
    timeline, stretch = Timeline(), ("measurement:lactate", after, until)
    for message_id, event in deliveries:
        timeline.apply(event, message_id)
        whole = timeline.between(Measurement, *stretch)
        kept = timeline.sifted(Measurement, stretch[0], is_high, *stretch[1:])
        assert [fact for fact in whole if is_high(fact)] == list(kept)


@given(st.lists(delivered(), max_size=12))
def test_facts_of_a_lane_are_ordered_by_clinical_time(deliveries):
    timeline = Timeline()
    for message_id, event in deliveries:
        timeline.apply(event, message_id)
    for _, lane in timeline.lanes(""):
        keys = [(fact.happened_at, fact.event_id) for fact in lane.all()]
        assert keys == sorted(keys)


@given(measured(event_id="e1"), st.integers(1, 48))
def test_a_later_duplicate_does_not_change_when_a_fact_became_known(fact, hours):
    late = replace(fact, known_at=fact.known_at + timedelta(hours=hours))
    for order in ([("a", fact), ("b", late)], [("b", late), ("a", fact)]):
        assert folded(order) == [fact]
