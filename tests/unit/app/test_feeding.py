from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from streams.app.kafka.feeder import Pace
from streams.app.kafka.feeding import (
    FAR,
    MESSAGE_BYTES,
    Source,
    checked_lines,
    parts,
    raw_lines,
)
from streams.app.kafka.progress import NOTHING, Progress
from streams.app.kafka.reading import place_of
from streams.app.kafka.replaying import TopicReplay, listed_patients, ticks_now
from streams.vocabulary.errors import ErrorCode, InputError, SettingsError
from streams.vocabulary.events import Measurement
from streams.vocabulary.messages import EHR_MESSAGE, LOGGED, EhrMessage, decode, encode


NOON = datetime(2150, 3, 1, 12, tzinfo=UTC)


def lactate(number, at=NOON, text=None):
    return Measurement(
        event_id=f"lab:{number}",
        happened_at=at,
        known_at=at,
        concept="lactate",
        value=2.4,
        text=text,
    )


def message(patient="p", at=NOON, provenance="history", events=None, name="m"):
    return EhrMessage(
        message_id=f"{name}-{patient}-{at.isoformat()}",
        site="s",
        patient=patient,
        happened_at=at,
        known_at=at,
        source="made-up",
        provenance=provenance,
        events=(lactate(1, at),) if events is None else events,
    )


def sent(messages, *, ends=True):
    return [
        decode(LOGGED, record.value) for record in Source(messages, ends=ends).records()
    ]


def test_what_became_known_of_a_patient_at_one_moment_says_that_it_goes_on():
    told = sent([message(name="a"), message("q"), message(name="b")], ends=False)
    assert [(m.patient, m.continues) for m in told] == [
        ("p", True),
        ("p", None),
        ("q", None),
    ]


def test_what_is_live_has_no_instant_but_its_receipt_and_is_never_ended():
    told = sent([message(provenance="live"), message(provenance="live")])
    assert [m.type for m in told] == ["ehr", "ehr"]
    assert not any(m.continues for m in told)


def test_whoever_was_heard_live_once_gets_no_closing_tick():
    told = sent([message(), message("q"), message(provenance="live"), message("q")])
    assert [m.patient for m in told if m.type == "tick"] == ["q"]


def test_time_ends_long_after_the_last_message_of_the_whole_source():
    last = NOON + timedelta(days=30)
    told = sent([message(), message("q", last)])
    assert [m.known_at for m in told if m.type == "tick"] == [last + FAR] * 2
    assert not sent([])


def test_positions_and_records_are_the_same_each_time():
    source = [message(), message("q")]
    first, second = (list(Source(source, ends=True).records()) for _ in range(2))
    assert first == second
    assert [record.position for record in first] == [0, 1, 2, 3]


def test_a_large_message_is_cut_into_parts_that_are_judged_as_one():
    events = tuple(lactate(n, text="x" * 9_000) for n in range(100))
    whole = message(events=events)
    cut = list(parts(whole))
    assert len(cut) > 1
    assert all(len(encode(EHR_MESSAGE, part)) <= MESSAGE_BYTES for part in cut)
    assert tuple(event for part in cut for event in part.events) == events
    assert [part.continues for part in cut] == [True] * (len(cut) - 1) + [None]
    assert len({part.message_id for part in cut}) == len(cut)
    assert list(parts(whole)) == cut
    assert list(parts(replace(whole, continues=True)))[-1].continues


def test_an_event_too_large_for_any_message_is_refused():
    with pytest.raises(InputError) as fault:
        list(parts(message(events=(lactate(1, text="x" * 300_000),))))
    assert fault.value.code is ErrorCode.MALFORMED_MESSAGE


def line(*arguments, **named):
    return encode(EHR_MESSAGE, message(*arguments, **named))


@pytest.mark.parametrize(
    ("faulty", "why"),
    [
        (b"{", "At the message"),
        (b'{"type":"ehr"}', "At ehr.message_id"),
        (line(at=NOON - timedelta(days=1)), "became known before the line above"),
        (line(provenance="live"), "is live, and the backfill is history"),
        (
            line(events=(lactate(1, NOON + timedelta(days=1)),)),
            "At events.0.known_at",
        ),
    ],
)
def test_a_faulty_line_is_told_by_its_number(faulty, why):
    with pytest.raises(InputError) as fault:
        list(checked_lines([line(), b"\n", faulty], backfill=True))
    assert fault.value.code is ErrorCode.MALFORMED_MESSAGE
    assert fault.value.problem.startswith("Line 3")
    assert why in fault.value.problem


def test_live_lines_may_come_in_any_order():
    late = line(at=NOON - timedelta(days=1), provenance="live")
    assert len(list(checked_lines([line(), late], backfill=False))) == 2


def test_a_raw_line_is_keyed_by_its_patient_where_it_says_whose_it_is():
    records = list(raw_lines([line() + b"\n", b'{"site":"s"}\n', b"\n", b"[1]"]))
    assert [r.value for r in records] == [line(), b'{"site":"s"}', b"", b"[1]"]
    assert [r.key for r in records] == [b"s/p", None, None, None]
    assert records[0].moment == NOON.timestamp()


def test_a_pace_is_kept_from_the_first_moment_on():
    now = [100.0]
    pace = Pace(60.0, lambda: now[0])
    assert pace.left(5_000.0) == 0
    assert pace.left(5_600.0) == 10
    now[0] = 109.0
    assert pace.left(5_600.0) == 1
    assert pace.left(None) == 0
    assert Pace(None).left(9e9) == 0


def test_progress_is_what_was_saved_last(tmp_path):
    file = tmp_path / "progress"
    progress = Progress(file, "f")
    assert progress.after("source") == NOTHING
    progress.acknowledge("source", 7)
    assert Progress(file, "f").after("source") == NOTHING
    progress.save()
    assert Progress(file, "f").after("source") == 7
    assert [left.name for left in tmp_path.iterdir()] == ["progress"]


def test_progress_of_another_source_or_of_nobody_is_refused(tmp_path):
    file = tmp_path / "progress"
    progress = Progress(file, "f")
    progress.acknowledge("source", 7)
    progress.save()
    with pytest.raises(SettingsError) as fault:
        Progress(file, "g")
    assert fault.value.code is ErrorCode.CURSOR_MISMATCH
    file.write_text("{}")
    with pytest.raises(SettingsError) as fault:
        Progress(file, "f")
    assert fault.value.code is ErrorCode.PATH_NOT_FOUND
    with pytest.raises(SettingsError):
        Progress(tmp_path / "nowhere" / "progress", "f")


def test_a_place_in_a_topic_is_a_moment_or_offsets():
    assert place_of("2150-03-01T13:00+01:00", "--from") == NOON
    assert place_of("0:12,11:7", "--from") == {0: 12, 11: 7}
    for wrong in ("yesterday", "2150-03-01T12:00", "0:", ""):
        with pytest.raises(SettingsError):
            place_of(wrong, "--from")


def test_only_topics_of_messages_are_fed_again():
    with pytest.raises(SettingsError):
        TopicReplay("sepsis.onsets")


def test_patients_are_listed_one_a_line_and_ticked_at_a_pace():
    patients = listed_patients(["s/p", "", " s/q/r "])
    assert patients == [("s", "p"), ("s", "q/r")]
    ticks = list(ticks_now(patients, NOON, per_second=4))
    assert [t.moment for t in ticks] == [0, 0.25]
    assert [t.key for t in ticks] == [b"s/p", b"s/q/r"]
    with pytest.raises(InputError, match="Line 2"):
        listed_patients(["s/p", "nobody"])
