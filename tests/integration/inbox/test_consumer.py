"""The consumer on a real broker and a real PostgreSQL: each message has effect once."""

from __future__ import annotations

from dataclasses import replace
from secrets import token_hex

import pytest
from integration.inbox.house import (
    ehr,
    lactate,
    now,
    onset,
    outcome,
    screening,
    until,
)

from registry.inbox.reading import Archive, Verdicts
from streams.vocabulary.messages import ClockTick
from streams.vocabulary.topics import EVENTS, ONSETS, OUTCOMES, SCREENINGS


pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

VERDICTS = (ONSETS, SCREENINGS, OUTCOMES)


def test_what_comes_is_recorded_once_however_often_it_is_sent(house):
    told = [onset(), screening(), outcome()]
    heard = ehr("m1", lactate("e1"), lactate("e2"))
    house.send(*told, heard)
    with house.consuming(Verdicts(), Archive()) as watch:
        until(lambda: sum(watch.records.values()) == 4)
        house.send(*told, replace(heard, known_at=now()), onset("p2"))
        until(lambda: sum(watch.records.values()) == 9)

    assert [house.count(f"{kind}_revision") for kind in ("onset", "screening")] == [
        2,
        1,
    ]
    assert house.count("outcome_revision") == 1
    assert house.count("clinical_event") == 2
    assert watch.records[EVENTS, "repeated"] == 1
    assert house.lag("ember.verdicts", *VERDICTS) == 0
    assert house.lag("ember.archive", EVENTS) == 0
    assert house.letters() == []


def test_poison_in_each_topic_is_put_aside_and_what_follows_is_recorded(house):
    broken = {
        ONSETS: b'{"message_id": 1}',
        SCREENINGS: b"\xff\xfe",
        OUTCOMES: b'{"schema_version": "2.0"}',
        EVENTS: b"",
    }
    for topic, value in broken.items():
        house.send_bytes(topic, value)
    newer = replace(onset("p9"), schema_version="2.0")
    nul = ehr("m0", lactate("e\x000"))
    long = onset("p8", site=token_hex(5_000))  # more than an index can hold
    house.send(newer, nul, long, onset(), screening(), outcome(), ehr("m1"))
    with house.consuming(Verdicts(), Archive()) as watch:
        until(lambda: sum(watch.records.values()) == 11)

    letters = {(letter.topic, letter.code): letter for letter in house.letters()}
    assert sorted(letters) == [
        (EVENTS, "EMB-110"),
        (EVENTS, "EMB-324"),
        (ONSETS, "EMB-110"),
        (ONSETS, "EMB-111"),
        (ONSETS, "EMB-324"),
        (OUTCOMES, "EMB-110"),
        (SCREENINGS, "EMB-110"),
    ]
    assert letters[SCREENINGS, "EMB-110"].value == b"\xff\xfe"
    assert letters[ONSETS, "EMB-110"].rejected_by == "consumer.verdicts"
    assert house.count("onset_revision") == house.count("outcome_revision") == 1
    assert house.count("clinical_event") == 1
    assert house.lag("ember.verdicts", *VERDICTS) == 0


def test_an_id_that_comes_again_with_another_content_is_kept_apart(house):
    first, heard = onset(score=4), ehr("m1", lactate("e1", value=2.0))
    house.send(first, heard)
    with house.consuming(Verdicts(), Archive()) as watch:
        until(lambda: sum(watch.records.values()) == 2)
        other = ehr("m1", lactate("e1", value=9.0), lactate("e2"))
        house.send(replace(first, score=9), other)
        # Another message that claims to be the same revision of the same flag.
        house.send(replace(first, message_id="another", score=9))
        until(lambda: sum(watch.records.values()) == 5)

    assert house.rows("SELECT document::json->>'score' FROM onset_revision") == [("4",)]
    assert house.rows("SELECT payload::json->>'value' FROM clinical_event") == [
        ("2.0",)
    ]
    letters = house.letters()
    assert sorted((letter.topic, letter.code) for letter in letters) == [
        (EVENTS, "EMB-323"),
        (ONSETS, "EMB-323"),
        (ONSETS, "EMB-324"),
    ]
    assert all(b"9" in letter.value for letter in letters)


def test_the_rest_of_a_patients_log_is_passed_over(house):
    tick = ClockTick(
        message_id="t1",
        site="north",
        patient="p1",
        happened_at=now(),
        known_at=now(),
        source="clock",
        provenance="live",
    )
    house.send(tick, ehr("m1"))
    with house.consuming(Archive()) as watch:
        until(lambda: sum(watch.records.values()) == 2)

    assert watch.records == {(EVENTS, "ignored"): 1, (EVENTS, "applied"): 1}


def test_a_backlog_is_taken_in_bounded_portions(house):
    house.send(*(ehr(f"m{n}", patient=f"p{n % 7}") for n in range(1_000)))
    with house.consuming(Archive()) as watch:
        until(lambda: sum(watch.records.values()) == 1_000)
        until(lambda: watch.lag == {EVENTS: 0})

    assert house.count("clinical_event") == 1_000
    sizes = house.rows("SELECT count(*) FROM inbox GROUP BY received_at")
    assert max(size for (size,) in sizes) <= 100
