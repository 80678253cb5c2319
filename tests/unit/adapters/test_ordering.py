"""The order is that of knowledge, whatever came in first and whatever fits in memory."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.adapters import spill
from streams.adapters.intake import SourcedEvent
from streams.adapters.ordering import events_by_patient, messages_in_known_order
from streams.adapters.spill import externally_sorted
from streams.vocabulary.events import Measurement
from streams.vocabulary.messages import EHR_MESSAGE, decode, encode


START = datetime(2150, 1, 1, tzinfo=UTC)


def pulse(number: int, *, patient: str = "1", known: int = 0, table: str = "chart"):
    moment = START + timedelta(hours=known)
    event = Measurement(
        event_id=f"{table}:{number}",
        happened_at=moment - timedelta(minutes=number % 7),
        known_at=moment,
        concept="heart_rate",
        value=float(number),
    )
    return SourcedEvent(patient, table, event)


def messages(events, chunk_size=7):
    return list(
        messages_in_known_order(
            events,
            site="mimic-iv",
            provenance="history",
            source="mimic-iv",
            chunk_size=chunk_size,
        )
    )


sourced_events = st.lists(
    st.builds(
        pulse,
        st.integers(0, 10_000),
        patient=st.sampled_from("123"),
        known=st.integers(0, 5),
        table=st.sampled_from(["chart", "labs"]),
    ),
    unique_by=lambda s: (s.patient, s.event.event_id),
    max_size=60,
)


@given(st.lists(st.integers(-5, 5)), st.integers(1, 9))
@settings(deadline=None)
def test_an_external_sort_is_a_sort(numbers, chunk_size):
    pairs = list(enumerate(numbers))
    sorted_outside = externally_sorted(pairs, lambda pair: pair[1], chunk_size)
    assert sorted(pairs, key=lambda pair: pair[1]) == list(sorted_outside)


def test_more_runs_than_may_be_open_are_merged_in_rounds(monkeypatch):
    monkeypatch.setattr(spill, "_FAN_IN", 3)
    numbers = [(n * 7919) % 1009 for n in range(1009)]
    assert sorted(numbers) == list(externally_sorted(numbers, lambda n: n, 10))


def test_the_temporary_folder_is_gone_when_the_reader_stops_early(
    monkeypatch, tmp_path
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    stream = externally_sorted(range(100), lambda n: -n, 7)
    assert next(stream) == 99
    assert list(Path(tmp_path).iterdir())
    stream.close()
    assert not list(Path(tmp_path).iterdir())


@given(sourced_events, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_small_chunks_and_another_order_give_the_same_messages(events, random):
    shuffled = random.sample(events, len(events))
    assert messages(events, chunk_size=10_000) == messages(shuffled, chunk_size=7)


@given(sourced_events)
@settings(deadline=None)
def test_messages_come_as_they_became_known_and_lose_nothing(events):
    told = messages(events)
    order = [(m.known_at, m.patient, m.source) for m in told]
    assert order == sorted(order)
    assert len({m.message_id for m in told}) == len(told)
    within = {(m.patient, e.event_id) for m in told for e in m.events}
    assert within == {(s.patient, s.event.event_id) for s in events}
    assert all(e.known_at == m.known_at for m in told for e in m.events)


@given(sourced_events)
@settings(deadline=None)
def test_each_patient_comes_once_with_all_events_in_order(events):
    by_patient = list(events_by_patient(events, chunk_size=7))
    patients = [patient for patient, _ in by_patient]
    assert patients == sorted({s.patient for s in events})
    for patient, theirs in by_patient:
        assert {s.event.event_id for s in theirs} == {
            s.event.event_id for s in events if s.patient == patient
        }
        moments = [s.event.known_at for s in theirs]
        assert moments == sorted(moments)


def test_one_instant_of_one_table_is_one_message():
    both = [pulse(1, known=2), pulse(2, known=2), pulse(3, known=2, table="labs")]
    chart, labs = messages(both)
    assert len(chart.events) == 2
    assert (chart.source, labs.source) == ("mimic-iv/chart", "mimic-iv/labs")
    assert chart.happened_at == min(e.happened_at for e in chart.events)


def test_a_crowded_instant_is_split_at_500_events():
    told = messages([pulse(n) for n in range(1_201)])
    assert [len(m.events) for m in told] == [500, 500, 201]
    assert len({m.message_id for m in told}) == 3


def test_what_was_spilled_keeps_its_zone_and_its_shape():
    (message,) = messages([pulse(n) for n in range(20)])
    assert message.events[0].known_at.tzinfo is UTC
    assert decode(EHR_MESSAGE, encode(EHR_MESSAGE, message)) == message


def test_the_identity_of_a_message_is_the_same_in_every_run():
    (first,), (second,) = messages([pulse(1)]), messages([pulse(1)])
    assert first.message_id == second.message_id
    assert first.message_id == "90826b9d-e93d-5f6d-9e8d-bae22dbc04ec"
