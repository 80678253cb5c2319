"""Feeds: heard of, silent, and counted once, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from registry.app.feeds import FEEDS, feeds
from registry.domain.feed import FEED_POLICY, FeedKind, FeedStatus
from registry.domain.mode import Mode
from registry.usecases.archive_batch import ArchiveBatch, archive_batch
from registry.usecases.set_mode import SetMode, set_mode
from registry.usecases.wards import Wards
from streams.vocabulary.events import Encounter, Location, Measurement
from streams.vocabulary.messages import EhrMessage


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def lactate(name, at):
    return Measurement(
        event_id=name, happened_at=at - MINUTE, known_at=at, concept="lactate", value=2
    )


def moved(name, at, ward, phase="entered"):
    return Location(event_id=name, happened_at=at, known_at=at, phase=phase, ward=ward)


def message(name, at, *events, patient="p1", **changed):
    usual = EhrMessage(
        message_id=name,
        site="A",
        patient=patient,
        happened_at=at,
        known_at=at,
        source="lab",
        provenance="live",
        events=events or (lactate(name, at),),
    )
    return replace(usual, **changed)


@pytest.fixture
def archive(registry):
    def write(*messages, at=None, wards=None):
        command = ArchiveBatch(
            messages=messages, recorded_at=at or messages[-1].known_at
        )
        with registry.transaction() as uow:
            return archive_batch(command, uow, wards=wards or Wards())

    return write


@pytest.fixture
def told(registry):
    def read(now=NOON):
        return {(f.kind.value, f.name): f for f in feeds(registry, now)}

    return read


def switch(registry, mode):
    with registry.transaction() as uow:
        set_mode(SetMode(mode=mode, reason="test", actor="t", at=NOON), uow)


def hourly(archive, hours, *, every=HOUR):
    """A feed with a rhythm; gives the moment of its last event."""
    at = NOON
    for number in range(hours):
        at = NOON + number * every
        archive(message(f"m{number}", at))
    return at


def test_an_event_speaks_for_its_source_its_concept_and_its_ward(archive, told):
    visit = Encounter(event_id="v", happened_at=NOON, known_at=NOON, phase="admitted")
    archive(message("m1", NOON, visit, moved("w1", NOON, "ICU-1"), source="adt"))
    archive(message("m2", NOON + MINUTE), message("m3", NOON + MINUTE, patient="p2"))

    found = told(NOON + MINUTE)
    assert {key: feed.events for key, feed in found.items()} == {
        ("source", "adt"): 2,
        ("source", "lab"): 2,
        ("concept", "encounter"): 1,
        ("concept", "location"): 1,
        ("concept", "lactate"): 2,
        ("ward", "ICU-1"): 2,
    }
    assert found["ward", "ICU-1"].heard_at == NOON + MINUTE
    assert found["concept", "lactate"].happened_at == NOON
    assert all(feed.status is FeedStatus.HEARD for feed in found.values())


def test_a_ward_a_patient_left_is_not_heard_of_by_what_follows(archive, told):
    wards = Wards()
    archive(message("m1", NOON, moved("w1", NOON, "ICU-1")), wards=wards)
    later = NOON + HOUR
    archive(message("m2", later, moved("w2", later, "ICU-1", "left")), wards=wards)
    archive(message("m3", later + MINUTE), wards=wards)
    archive(message("m4", later + MINUTE))  # another reader, which asks the archive

    assert told()["ward", "ICU-1"].events == 2
    assert told()["ward", "ICU-1"].heard_at == later


def test_what_comes_again_is_not_heard_again(archive, told):
    first = message("m1", NOON)
    archive(first)
    stamped = replace(first.events[0], known_at=NOON + HOUR)
    again = archive(replace(first, known_at=NOON + HOUR, events=(stamped,)))

    assert again.repeated == (0,)
    assert again.conflicts == ()
    assert told()["source", "lab"].heard_at == NOON
    assert told()["source", "lab"].events == 1


def test_silence_is_longer_than_twice_the_longest_pause_of_late(archive, told):
    last = hourly(archive, 30, every=2 * HOUR)

    before = told(last + 4 * HOUR - MINUTE)["source", "lab"]
    after = told(last + 4 * HOUR + MINUTE)["source", "lab"]
    assert before.status is FeedStatus.HEARD
    assert before.silent_since is None
    assert after.status is FeedStatus.SILENT
    assert after.silent_since == last
    assert after.usual_gap_seconds == 2 * 3600


def test_a_quick_feed_is_given_its_floor_and_a_new_one_a_day(archive, told):
    last = hourly(archive, 30, every=MINUTE)
    floor = FEED_POLICY.floors[FeedKind.SOURCE]
    assert told(last + floor)["source", "lab"].status is FeedStatus.HEARD
    assert told(last + floor + MINUTE)["source", "lab"].status is FeedStatus.SILENT

    archive(message("n1", last, source="new"))
    assert told(last + 20 * HOUR)["source", "new"].status is FeedStatus.HEARD
    assert told(last + 25 * HOUR)["source", "new"].status is FeedStatus.SILENT
    assert told(last + 31 * 24 * HOUR)["source", "new"].status is FeedStatus.ENDED


def test_an_outage_teaches_no_more_than_what_it_took_to_notice_it(archive, told):
    last = hourly(archive, 30, every=MINUTE)
    back = last + 10 * HOUR
    archive(message("back", back))

    assert told(back)["source", "lab"].usual_gap_seconds == 600
    assert told(back)["source", "lab"].patience_seconds == 1200


def test_a_backlog_read_late_and_out_of_order_shows_no_pause(archive, told):
    late = NOON + 5 * HOUR
    archive(*(message(f"a{n}", NOON + n * HOUR) for n in (0, 3)), at=late)
    archive(*(message(f"b{n}", NOON + n * HOUR) for n in (1, 2)), at=late)

    feed = told()["source", "lab"]
    assert feed.events == 4
    assert feed.heard_at == NOON + 3 * HOUR
    assert feed.usual_gap_seconds == 0


def test_what_is_learned_is_forgotten_after_two_periods(archive, told):
    last = hourly(archive, 30)
    for day in range(1, 16):
        for minute in range(0, 24 * 60, 30):
            if day > 14 and minute > 60:
                break
            at = last + timedelta(days=day - 1, minutes=minute + 30)
            archive(message(f"d{day}-{minute}", at))

    assert told()["source", "lab"].usual_gap_seconds == 1800


def test_history_is_never_heard_and_a_simulation_only_in_a_demonstration(
    registry, archive, told
):
    switch(registry, Mode.DEMO)
    archive(message("h1", NOON, provenance="history", source="mimic"))
    archive(message("s1", NOON, provenance="simulated", source="sim"), at=NOON + HOUR)
    assert [key for key in told() if key[0] == "source"] == [("source", "sim")]
    assert told()["source", "sim"].heard_at == NOON + HOUR  # not by its own time

    switch(registry, Mode.SILENT)
    archive(message("s2", NOON, provenance="simulated", source="sim"))
    archive(message("l1", NOON, source="lab"))
    assert [key for key in told() if key[0] == "source"] == [("source", "lab")]


def test_two_readers_at_once_count_each_event_once(registry, told):
    def write(reader):
        wards = Wards()
        for number in range(25):
            name = f"m{reader}-{number}"
            at = NOON + number * MINUTE
            command = ArchiveBatch(
                messages=(
                    message(name, at, moved(name, at, "ICU-1"), patient=f"p{reader}"),
                    message(f"{name}b", at, patient=f"p{reader}", source=f"s{number}"),
                ),
                recorded_at=at,
            )
            with registry.transaction() as uow:
                archive_batch(command, uow, wards=wards)

    with ThreadPoolExecutor(2) as readers:
        list(readers.map(write, range(2)))

    found = told()
    assert found["source", "lab"].events == 50
    assert found["ward", "ICU-1"].events == 100
    assert [found["source", f"s{n}"].events for n in range(25)] == [2] * 25


def test_the_answer_fits_its_type(archive, registry):
    archive(message("m1", NOON))
    printed = FEEDS.dump_json(feeds(registry, NOON + 2 * HOUR))

    assert FEEDS.validate_json(printed) == feeds(registry, NOON + 2 * HOUR)
