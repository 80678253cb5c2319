"""What the stream says is recorded once, with its alerts, state and cursor."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from registry.domain.alert import AlertStatus, AlertStep
from registry.domain.consent import ConsentState
from registry.domain.mode import Mode, Suppression
from registry.usecases.outbox import ALERTS
from registry.usecases.record_onset import RecordOnset, record_onset
from registry.usecases.record_outcome import RecordOutcome, record_outcome
from registry.usecases.record_run import RecordRun, record_run
from registry.usecases.record_screening import RecordScreening, record_screening
from registry.usecases.set_mode import SetMode, set_mode
from registry.usecases.stream_state import ArchivedEvent, ChunkKey, Cursor, StateChunk
from registry.usecases.verify_audit import verify_audit
from streams.vocabulary.clock import HOUR, MINUTE
from streams.vocabulary.events import Measurement
from streams.vocabulary.ids import flag_identity, revision_identity


def alerts(registry):
    with registry.reading() as views:
        return views.alerts()


def notices(registry, bedside):
    with registry.transaction() as uow:
        items = uow.outbox.claim(
            topic=ALERTS, now=bedside.noon + HOUR, lease_until=bedside.noon + HOUR
        )
    return [json.loads(item.payload) for item in items]


def contents(sql, registry, *, but=()):
    """Every row of every table."""
    if registry.dialect == "sqlite":
        names = "SELECT name FROM sqlite_master WHERE type = 'table'"
    else:
        names = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    tables = {name for (name,) in sql(names)} - set(but)
    assert "screening_revision" in tables
    return {t: sorted(sql(f"SELECT * FROM {t}"), key=repr) for t in tables}


def fact(bedside, minutes):
    at = bedside.noon + minutes * MINUTE
    return Measurement(
        event_id=f"lab:{minutes}",
        happened_at=at,
        known_at=at,
        concept="lactate",
        value=2.5,
    )


def beside(bedside, definition, revision=0, **changed):
    """A flag of another definition of the same patient and stay: no score, a status."""
    flag_id = flag_identity(
        site="A", patient="p1", definition=definition, policy="toolkit", episode="c1"
    )
    return bedside.onset(
        message_id=revision_identity(flag_id, revision),
        flag_id=flag_id,
        revision=revision,
        definition=definition,
        definition_version="2018-03",
        policy="toolkit",
        score=None,
        **changed,
    )


def test_flags_of_several_definitions_are_each_recorded_once_and_audited(
    bedside, registry
):
    ase, bse = beside(bedside, "ase"), beside(bedside, "bse", status="confirmed")
    done = bedside.hear(bedside.onset(), ase, bse)
    assert (done.onsets, done.duplicates, done.alerts) == (3, 0, ())
    again = bedside.hear(ase, beside(bedside, "ase", 1, status="withdrawn"), bse)
    assert (again.onsets, again.duplicates) == (1, 2)

    with registry.reading() as views:
        told = {(o.definition, o.policy, o.revision, o.status) for o in views.onsets()}
        (alone,) = views.onsets(definition="ase")
        history = views.onset_history("A", "p1")
    assert told == {
        ("sepsis3", "ember", 0, "provisional"),
        ("ase", "toolkit", 1, "withdrawn"),
        ("bse", "toolkit", 0, "confirmed"),
    }
    assert alone.score is None
    assert len(history) == 4
    with registry.inspection() as uow:
        assert all(report.break_ is None for report in verify_audit(uow))


def test_a_batch_is_recorded_and_shown(bedside, registry):
    bedside.open_trial()

    done = bedside.hear(bedside.onset(), bedside.verdict(), bedside.outcome())

    assert (done.onsets, done.screenings, done.outcomes, done.duplicates) == (
        1,
        1,
        1,
        0,
    )
    with registry.reading() as views:
        (onset,), (verdict,), (outcome,) = (
            views.onsets(),
            views.screenings(),
            views.outcomes(),
        )
    assert (4, bedside.noon) == (onset.score, onset.happened_at)
    assert (
        verdict.status,
        verdict.stratum,
        tuple(c.criterion_id for c in verdict.criteria),
    ) == ("eligible", "shock=yes", ("adult",))
    assert (outcome.status, outcome.value) == ("pending", None)


def test_a_second_delivery_of_everything_changes_no_table(bedside, registry, sql):
    bedside.open_trial()
    said = (
        bedside.onset(),
        bedside.verdict(),
        bedside.verdict(revision=1),
        bedside.outcome(),
    )
    rest = {
        "archive": [ArchivedEvent("A", "p1", "m1", "live", fact(bedside, 1))],
        "chunks": [StateChunk("A", "p1", "head", b"x")],
        "cursor": Cursor("mimic-iv", "7", "abc"),
    }
    bedside.hear(*said, **rest)
    before = contents(sql, registry)

    again = bedside.hear(*said, **rest)

    assert (again.screenings, again.duplicates) == (0, 4)
    assert before == contents(sql, registry)


def test_a_message_twice_in_one_batch_counts_once(bedside):
    bedside.open_trial()

    done = bedside.hear(bedside.verdict(), bedside.verdict())

    assert (done.screenings, done.duplicates) == (1, 1)


def test_the_latest_revision_is_shown_in_whatever_order_they_come(bedside, registry):
    bedside.open_trial()
    bedside.hear(bedside.verdict(revision=2, status="ineligible"))
    bedside.hear(bedside.verdict(revision=1), bedside.verdict(revision=0))

    with registry.reading() as views:
        (latest,) = views.screenings()
        history = views.screening_history("A", "p1")
    assert (latest.revision, latest.status) == (2, "ineligible")
    assert [row.revision for row in history] == [0, 1, 2]
    assert alerts(registry) == ()


@pytest.mark.parametrize("status", ["eligible", "needs_human"])
def test_whom_somebody_must_see_is_called_once(bedside, registry, status):
    bedside.open_trial()

    first = bedside.hear(bedside.verdict(status=status))
    second = bedside.hear(bedside.verdict(revision=1, status=status))

    assert [change.step for change in first.alerts] == [AlertStep.RAISED]
    assert second.alerts == ()
    (notice,) = notices(registry, bedside)
    assert notice["type"] == "alert.raised"
    assert ("p1", status, "fluids") == tuple(
        notice["data"][name] for name in ("patient", "status", "domain")
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "ineligible"},
        {"status": "needs_data"},
        {"window_open": False},
        {"deadline": None},
    ],
)
def test_nobody_is_called_for_what_cannot_be_acted_on(bedside, registry, changed):
    bedside.open_trial()
    if "deadline" in changed:
        changed = {"deadline": bedside.noon - timedelta.resolution}
    bedside.hear(bedside.verdict(**changed))

    assert alerts(registry) == ()
    assert notices(registry, bedside) == []


@pytest.mark.parametrize(
    ("mode", "provenance", "why_not"),
    [
        (Mode.LIVE, "live", None),
        (Mode.LIVE, "history", Suppression.PROVENANCE_HISTORY),
        (Mode.LIVE, "simulated", Suppression.PROVENANCE_SIMULATED),
        (Mode.DEMO, "simulated", None),
        (Mode.DEMO, "history", Suppression.PROVENANCE_HISTORY),
        (Mode.DEMO, "live", Suppression.PROVENANCE_LIVE),
        (Mode.SILENT, "live", Suppression.MODE_SILENT),
        (Mode.SILENT, "history", Suppression.MODE_SILENT),
        (Mode.SILENT, "simulated", Suppression.MODE_SILENT),
    ],
)
def test_history_never_pages(bedside, registry, mode, provenance, why_not):
    bedside.open_trial(mode=mode)

    bedside.hear(bedside.verdict(provenance=provenance))
    bedside.hear(bedside.verdict(revision=1, provenance=provenance, window_open=False))

    (alert,) = alerts(registry)
    assert (AlertStatus.EXPIRED, why_not) == (alert.status, alert.suppressed)
    told = [notice["type"] for notice in notices(registry, bedside)]
    assert sorted(told) == ([] if why_not else ["alert.expired", "alert.raised"])
    with registry.reading() as views:
        (domain,) = views.flow()
    assert (domain.alerted, domain.suppressed) == ((0, 1) if why_not else (1, 0))


def test_an_upgrade_speaks_again_and_a_correction_retracts(bedside, registry):
    bedside.open_trial()
    bedside.hear(bedside.needs_human())
    up = bedside.hear(bedside.verdict(revision=1))
    down = bedside.hear(bedside.verdict(revision=2, status="ineligible"))
    back = bedside.hear(bedside.verdict(revision=3))

    assert [change.step for change in up.alerts] == [AlertStep.UPDATED]
    assert [change.step for change in down.alerts] == [AlertStep.RETRACTED]
    assert [change.step for change in back.alerts] == [AlertStep.RAISED]
    assert {AlertStatus.RETRACTED, AlertStatus.OPEN} == {
        alert.status for alert in alerts(registry)
    }
    told = sorted(notice["type"] for notice in notices(registry, bedside))
    assert told == ["alert.raised", "alert.raised", "alert.retracted", "alert.updated"]


def test_a_whole_life_of_an_alert_fits_into_one_batch(bedside, registry):
    bedside.open_trial()

    bedside.hear(
        bedside.verdict(),
        bedside.verdict(revision=1, status="needs_data"),
        bedside.verdict(revision=2),
        bedside.verdict(revision=3, window_open=False),
    )

    assert [
        alert.status for alert in sorted(alerts(registry), key=lambda a: a.revision)
    ] == [AlertStatus.RETRACTED, AlertStatus.EXPIRED]


def test_a_randomised_patient_is_called_about_no_more(bedside, registry):
    bedside.open_trial()
    bedside.admit("p1")
    bedside.randomise()

    bedside.hear(bedside.verdict(revision=1))

    (alert,) = alerts(registry)
    assert alert.status is AlertStatus.ACTED


def test_who_refused_is_called_about_no_more(bedside, registry):
    bedside.open_trial()
    bedside.hear(bedside.verdict())
    bedside.consent(state=ConsentState.REFUSED)

    bedside.hear(bedside.verdict(revision=1))

    (alert,) = alerts(registry)
    assert alert.status is AlertStatus.ACTED


def test_a_registry_gone_silent_sends_nothing_of_what_was_waiting(bedside, registry):
    bedside.open_trial()
    bedside.hear(bedside.verdict())
    with registry.transaction() as uow:
        command = SetMode(
            mode=Mode.SILENT, reason="stop", actor="admin", at=bedside.noon
        )
        set_mode(command, uow)
    bedside.hear(bedside.verdict(revision=1, window_open=False))

    assert notices(registry, bedside) == []


def test_a_claimed_notice_comes_back_under_its_own_id_until_it_is_delivered(
    bedside, registry
):
    bedside.open_trial()
    bedside.hear(bedside.verdict())
    noon = bedside.noon

    def claim(at):
        with registry.transaction() as uow:
            return uow.outbox.claim(topic=ALERTS, now=at, lease_until=at + HOUR)

    (first,) = claim(noon)
    assert claim(noon + 59 * MINUTE) == ()
    (second,) = claim(noon + HOUR)
    with registry.transaction() as uow:
        uow.outbox.failed(first.outbox_id, error="503", next_attempt_at=noon + 3 * HOUR)
    assert claim(noon + 2 * HOUR) == ()
    (third,) = claim(noon + 3 * HOUR)
    with registry.transaction() as uow:
        uow.outbox.delivered(first.outbox_id, at=noon)
        assert uow.outbox.next_due(ALERTS) is None
    assert claim(noon + 30 * HOUR) == ()
    assert [item.attempts for item in (first, second, third)] == [1, 2, 3]
    assert len({(i.outbox_id, i.payload) for i in (first, second, third)}) == 1


def test_state_and_cursor_are_those_of_the_last_batch(bedside, registry):
    bedside.open_trial()
    bedside.hear(
        chunks=[
            StateChunk("A", "p1", "day-1", b"1"),
            StateChunk("A", "p1", "head", b"h"),
        ],
        cursor=Cursor("mimic-iv", "7", "abc"),
    )
    bedside.hear(
        chunks=[StateChunk("A", "p1", "head", b"h2")],
        dropped_chunks=[ChunkKey("A", "p1", "day-1")],
        cursor=Cursor("mimic-iv", "8", "abc"),
    )

    with registry.transaction() as uow:
        assert (StateChunk("A", "p1", "head", b"h2"),) == uow.stream.chunks("A", "p1")
        assert Cursor("mimic-iv", "8", "abc") == uow.stream.cursor("mimic-iv")
        assert uow.stream.cursor("other") is None
        assert uow.stream.patients() == (("A", "p1"),)


def test_a_batch_that_fails_leaves_neither_rows_nor_state_nor_cursor(
    bedside, registry, sql
):
    bedside.open_trial()
    before = contents(sql, registry)

    class StopError(Exception):
        pass

    def fall():
        with registry.transaction() as uow:
            bedside.record(
                uow,
                bedside.verdict(),
                chunks=[StateChunk("A", "p1", "head", b"h")],
                cursor=Cursor("mimic-iv", "7", "abc"),
            )
            raise StopError

    with pytest.raises(StopError):
        fall()

    assert before == contents(sql, registry)


def test_the_archive_keeps_every_version_in_the_order_it_became_known(
    bedside, registry
):
    bedside.open_trial()
    later, earlier = fact(bedside, 2), fact(bedside, 1)

    bedside.hear(archive=[ArchivedEvent("A", "p1", "m2", "live", later)])
    bedside.hear(
        archive=[
            ArchivedEvent("A", "p1", "m1", "live", earlier),
            ArchivedEvent("A", "p1", "m2", "live", later),
        ]
    )

    with registry.transaction() as uow:
        kept = uow.stream.archived("A", "p1")
    assert [earlier, later] == [archived.event for archived in kept]


def test_a_version_may_be_a_moment_in_milliseconds(bedside, registry):
    bedside.open_trial()
    told = replace(fact(bedside, 1), version=4_102_444_800_000)

    bedside.hear(archive=[ArchivedEvent("A", "p1", "m1", "live", told)])

    with registry.transaction() as uow:
        (kept,) = uow.stream.archived("A", "p1")
    assert kept.event == told


def test_times_come_back_as_they_went_in(bedside, registry):
    bedside.open_trial()
    odd = bedside.noon + timedelta(microseconds=123456)

    bedside.hear(bedside.onset(happened_at=odd))

    with registry.reading() as views:
        (onset,) = views.onsets()
    assert odd == onset.happened_at
    assert odd.tzinfo is onset.happened_at.tzinfo


def test_what_was_held_back_is_raised_once_the_registry_is_live(bedside, registry):
    bedside.open_trial(mode=Mode.SILENT)
    bedside.hear(bedside.verdict())
    bedside.hear(bedside.verdict(revision=1))
    with registry.transaction() as uow:
        live = SetMode(mode=Mode.LIVE, reason="start", actor="admin", at=bedside.noon)
        set_mode(live, uow)

    done = bedside.hear(bedside.verdict(revision=2))

    assert [change.step for change in done.alerts] == [AlertStep.RAISED]
    (alert,) = alerts(registry)
    assert (alert.status, alert.suppressed) == (AlertStatus.OPEN, None)
    with registry.reading() as views:
        (domain,) = views.flow()
    assert (domain.alerted, domain.suppressed) == (1, 0)


def test_an_open_alert_rests_on_the_latest_revision_without_speaking(bedside, registry):
    bedside.open_trial()
    bedside.hear(bedside.verdict())
    later = bedside.noon + 3 * HOUR
    done = bedside.hear(bedside.verdict(revision=1, deadline=later))

    (alert,) = alerts(registry)
    assert done.alerts == ()
    assert (alert.revision, alert.deadline) == (1, later)


def test_one_message_at_a_time_is_recorded_by_the_same_rules(bedside, registry):
    bedside.open_trial()
    for record in (
        lambda uow: record_onset(
            RecordOnset(message=bedside.onset(), recorded_at=bedside.noon), uow
        ),
        lambda uow: record_screening(
            RecordScreening(message=bedside.verdict(), recorded_at=bedside.noon), uow
        ),
        lambda uow: record_outcome(
            RecordOutcome(message=bedside.outcome(), recorded_at=bedside.noon), uow
        ),
    ):
        with registry.transaction() as uow:
            first = record(uow)
        with registry.transaction() as uow:
            again = record(uow)
        assert first.onsets + first.screenings + first.outcomes == 1
        assert (first.duplicates, again.duplicates) == (0, 1)

    with registry.reading() as views:
        assert len(views.onset_history("A", "p1")) == 1


def test_a_replay_is_logged(bedside, registry):
    run = RecordRun(
        run_id="r1",
        source="mimic-iv",
        started_at=bedside.noon,
        finished_at=bedside.noon + HOUR,
        from_position="",
        to_position="7",
        messages=7,
        duplicates=0,
        rejected=1,
        outcome="complete",
    )
    with registry.transaction() as uow:
        record_run(run, uow)

    with registry.reading() as views:
        assert views.runs() == (run,)
