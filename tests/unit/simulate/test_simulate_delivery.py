from __future__ import annotations

import gc
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from streams.simulate.config import HospitalConfig
from streams.simulate.hospital import hospital
from streams.vocabulary.clock import HOUR
from streams.vocabulary.concepts import concepts
from streams.vocabulary.events import (
    Assessment,
    Cancellation,
    Correction,
    CultureCollected,
    CultureResult,
    Measurement,
)
from streams.vocabulary.facts import Flag
from streams.vocabulary.messages import EhrMessage


def test_messages_come_in_the_order_in_which_they_became_known(month) -> None:
    known = [message.known_at for message in month.messages]
    assert known == sorted(known)


def test_nothing_is_known_before_it_happened_nor_after_its_message(month) -> None:
    for message in month.messages:
        assert message.provenance == "simulated"
        assert message.issued_at is not None
        assert message.happened_at <= message.issued_at <= message.known_at
        for event in message.events:
            assert event.happened_at <= event.known_at <= message.known_at


def test_event_ids_name_one_fact_each(month) -> None:
    seen: dict[str, object] = {}
    for message in month.messages:
        assert len({e.event_id for e in message.events}) == len(message.events)
        for event in message.events:
            first = seen.setdefault(event.event_id, event)
            assert replace(event, known_at=first.known_at) == first


def test_some_messages_come_twice_with_the_same_identity(month) -> None:
    times = Counter(message.message_id for message in month.messages)
    share = sum(n > 1 for n in times.values()) / len(times)
    assert 0.005 < share < 0.02
    assert max(times.values()) == 2


def test_some_messages_overtake_older_ones_of_the_same_patient(month) -> None:
    last: dict[str, object] = {}
    overtaken = 0
    for message in month.messages:
        issued = last.get(message.patient)
        overtaken += issued is not None and message.issued_at < issued
        last[message.patient] = message.issued_at
    assert overtaken > len(month.messages) / 200


def test_corrections_and_cancellations_speak_of_facts_that_were_sent(month) -> None:
    for events in month.events.values():
        ids = {event.event_id for event in events}
        for event in events:
            if isinstance(event, Correction):
                assert event.corrects in ids
                assert event.event.event_id == event.corrects
                assert event.version == event.event.version == 1
                assert event.event.known_at == event.known_at
            elif isinstance(event, Cancellation):
                assert event.cancels in ids


def test_there_are_corrected_cancelled_and_late_reports(month) -> None:
    kinds = Counter(e.kind for events in month.events.values() for e in events)
    assert kinds["correction"] > 20
    assert kinds["cancellation"] > 20
    labs = [m for m in month.messages if m.source == "laboratory"]
    assert any(m.issued_at - m.happened_at > 6 * HOUR for m in labs)


def test_a_culture_is_read_after_its_collection(month) -> None:
    for events in month.events.values():
        taken = {
            e.culture_id: e.happened_at
            for e in events
            if isinstance(e, CultureCollected)
        }
        for event in events:
            if isinstance(event, CultureResult):
                waited = event.happened_at - taken[event.culture_id]
                least = 40 if event.status == "final" else 10
                assert waited >= least * HOUR - timedelta(seconds=1)


def test_a_lost_specimen_is_taken_again_and_never_read(month) -> None:
    lost = 0
    for events in month.events.values():
        cancelled = {e.cancels for e in events if isinstance(e, Cancellation)}
        taken = [e for e in events if isinstance(e, CultureCollected)]
        read = {e.culture_id for e in events if isinstance(e, CultureResult)}
        gone = {e.culture_id for e in taken if e.event_id in cancelled}
        lost += len(gone)
        assert not gone & read
        assert {name + "r" for name in gone} <= {e.culture_id for e in taken}
    assert lost > 0


def test_every_concept_is_in_the_dictionary_and_every_value_possible(month) -> None:
    known = concepts()
    for events in month.events.values():
        for event in events:
            if isinstance(event, Assessment) and event.concept != "rass":
                assert known[event.concept].possible.holds(event.value)
            if not isinstance(event, Measurement):
                continue
            if event.concept == "blood_gas_specimen":
                assert event.text == "ART."
                continue
            assert known[event.concept].possible.holds(event.value)
            believable = known[event.concept].plausible.holds(event.value)
            assert believable != (Flag.IMPLAUSIBLE in event.flags)


def test_some_values_are_hard_to_believe_and_some_are_censored(month) -> None:
    measured = [
        e
        for events in month.events.values()
        for e in events
        if isinstance(e, Measurement)
    ]
    assert any(Flag.IMPLAUSIBLE in e.flags for e in measured)
    assert any(e.comparator == "<" and e.concept == "crp" for e in measured)


def test_a_lactate_beyond_the_analyser_is_censored() -> None:
    config = HospitalConfig(
        seed=5, duration=timedelta(days=6), sepsis_share=1.0, infection_share=0.0,
        shock_share=1.0, mortality_shock=1.0, icu_beds=60,
    )  # fmt: skip
    bounds = {
        (e.comparator, e.value)
        for m in hospital(config)
        for e in m.events
        if isinstance(e, Measurement) and e.concept == "lactate" and e.comparator
    }
    assert bounds == {(">", 15.0)}


@pytest.mark.parametrize("beds", [2, 5])
def test_beds_bound_the_house(beds: int) -> None:
    config = HospitalConfig(
        seed=2, duration=timedelta(days=8), ward_beds=beds, icu_beds=beds
    )
    changes = [
        (event.happened_at, event.phase == "entered", event.level)
        for message in hospital(replace(config, duplicate_share=0.0))
        for event in message.events
        if event.kind == "location" and event.level in {"ward", "icu"}
    ]
    held: Counter[str] = Counter()
    for _, entered, level in sorted(changes):
        held[level] += 1 if entered else -1
        assert held[level] <= beds


def test_without_disorder_each_message_comes_once_and_in_time() -> None:
    config = HospitalConfig(
        seed=9, duration=timedelta(days=2), duplicate_share=0.0, transit_share=0.0,
        corrected_share=0.0, cancelled_share=0.0,
    )  # fmt: skip
    messages = list(hospital(config))
    assert len({m.message_id for m in messages}) == len(messages)
    assert all(m.issued_at == m.known_at for m in messages)
    kinds = {e.kind for m in messages for e in m.events}
    assert not kinds & {"correction", "cancellation"}


def test_patients_are_made_as_they_arrive() -> None:
    """A year of messages can be begun without the year being made."""
    year = HospitalConfig(duration=timedelta(days=36_500))
    first = next(hospital(year))
    assert first.known_at >= year.start


def test_what_was_given_out_is_let_go() -> None:
    """Only who is in house, and the few contacts to come, are held in memory."""
    config = HospitalConfig(
        seed=6, duration=timedelta(days=60), ward_beds=8, icu_beds=3,
        admissions_per_day=2.0,
    )  # fmt: skip
    until, given = config.start + config.duration, 0
    stream = hospital(config)
    gc.collect()
    before = _messages_alive()
    for message in stream:
        given += 1
        if message.known_at > until - timedelta(days=1):
            break
    assert given > 2000
    assert _messages_alive() - before < given / 4


def _messages_alive() -> int:
    return sum(isinstance(thing, EhrMessage) for thing in gc.get_objects())
