"""The checker is given houses in which something is wrong, and must say so.

The house is right first: ten made-up patients, one of them randomised, a poisonous
record; then one thing is changed.
"""

import shutil
import time
from collections import defaultdict
from contextlib import closing
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from integration.faults.checker import Checker
from integration.faults.expectation import Judge, empty_show
from integration.faults.heard import Heard
from integration.faults.ledger import Draw, Ledger, Line, Poison
from integration.faults.people import story
from integration.faults.team import Team, signer
from sqlalchemy import create_engine, text

from registry.app.instants import archived
from registry.store.unit_of_work import open_registry
from registry.usecases.outbox import PROTOCOLS
from registry.usecases.record_batch import RecordBatch, record_batch
from streams.app.protocols import DEMONSTRATION, shipped_protocol
from streams.pipeline.patient import Rules
from streams.vocabulary.ids import identity
from streams.vocabulary.messages import (
    DEAD_LETTER,
    EHR_MESSAGE,
    LOGGED,
    DeadLetter,
    decode,
    encode,
)
from streams.vocabulary.topics import EVENTS, RAW, REJECTED, ROSTER


RULES = Rules(protocols=(shipped_protocol(DEMONSTRATION),), software_version="test")
STORIES = [story(f"p{number}", seed=3) for number in range(10)]
WROTE = datetime(2026, 1, 1, tzinfo=UTC)


class RightHouse:
    """What a house leaves behind; a copy of the files of `like`, or a new one."""

    def __init__(self, folder, empty, like=None):
        self.folder = folder
        shutil.copy(empty, folder)
        if like is None:
            shutil.copy(empty, folder / "registry.sqlite")
        else:
            shutil.copy(like.folder / "registry.sqlite", folder)
            shutil.copy(like.folder / "ledger.sqlite", folder)
        self.url = f"sqlite:///{folder / 'registry.sqlite'}"
        self.ledger = Ledger(folder / "ledger.sqlite")
        self.judge = like.judge if like else Judge(RULES)
        self.heard = deepcopy(like.heard) if like else Heard()
        self.checker = Checker(
            self.ledger, self.judge, url=self.url, empty_show=folder / empty.name
        )

    def live(self):
        """Everything happens as it should."""
        for number, told in enumerate(STORIES):
            self.acknowledge(told.messages, number)
            for message in told.before:
                self.log(encode(EHR_MESSAGE, message))
        self.record()
        self.enrol("p0")
        for told in STORIES:
            for message in told.after:
                self.log(encode(EHR_MESSAGE, message))
        self.record()
        self.poison()
        self.settle_the_outbox()

    def acknowledge(self, messages, number):
        self.ledger.acknowledge(
            Line(
                m.patient,
                m.message_id,
                RAW,
                number % 3,
                number * 100 + n,
                encode(EHR_MESSAGE, m),
            )
            for n, m in enumerate(messages)
        )

    def log(self, value):
        self.heard.hear(EVENTS, 0, SimpleNamespace(value=value))

    def enrol(self, patient):
        done = SimpleNamespace(release=lambda _: None)
        team = Team(self.url, self.ledger)
        team.ask(patient, done)
        until = time.monotonic() + 30
        while not self.ledger.draws() and time.monotonic() < until:
            time.sleep(0.01)
        team.close()
        assert not team.faults
        for payload in self.rows(
            f"SELECT payload FROM outbox WHERE topic = '{ROSTER}'"
        ):
            self.log(payload[0].encode())

    def record(self):
        said = [
            m for p, log in self.heard.logs.items() for m in self.judge.outputs(p, log)
        ]
        events = [
            event
            for log in self.heard.logs.values()
            for message in log
            if hasattr(message, "events")
            for event in archived(message)
        ]
        command = RecordBatch(messages=said, recorded_at=WROTE, archive=events)
        with closing(open_registry(self.url)) as book, book.transaction() as uow:
            record_batch(command, uow)

    def poison(self):
        self.ledger.poison(Poison(RAW, 1, 9_999, b"{poison"))
        self.letter("letter")

    def letter(self, message_id, value=b"{poison"):
        letter = DeadLetter(
            message_id=message_id,
            topic=RAW,
            partition=1,
            offset=9_999,
            rejected_by="worker",
            rejected_at=WROTE,
            code="EMB-110",
            reason="no JSON",
            value=b"",
        )
        record = SimpleNamespace(
            value=encode(DEAD_LETTER, replace(letter, value=value))
        )
        self.heard.hear(REJECTED, 0, record)

    def settle_the_outbox(self):
        for topic, outbox_id in self.rows("SELECT topic, outbox_id FROM outbox"):
            self.heard.told[topic][outbox_id] += 1
        self.run("UPDATE outbox SET delivered_at = created_at, next_attempt_at = NULL")

    # -- what a test does to it ----------------------------------------------------

    def rows(self, query):
        engine = create_engine(self.url)
        with engine.connect() as connection:
            found = connection.execute(text(query)).all()
        engine.dispose()
        return found

    def run(self, statement):
        engine = create_engine(self.url)
        with engine.begin() as connection:
            named = connection.execute(
                text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            )
            for (name,) in named.all():
                connection.execute(text(f"DROP TRIGGER {name}"))
            connection.execute(text(statement))
        engine.dispose()

    def faults(self):
        return "\n".join(self.checker.check(self.heard).faults)


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    return empty_show(tmp_path_factory.mktemp("show"), rules=RULES, signer=signer())


@pytest.fixture(scope="module")
def right(tmp_path_factory, empty):
    made = RightHouse(tmp_path_factory.mktemp("right"), empty)
    made.live()
    made.ledger.close()
    return made


@pytest.fixture
def house(tmp_path, empty, right):
    made = RightHouse(tmp_path, empty, like=right)
    yield made
    made.ledger.close()


def test_a_house_in_which_nothing_went_wrong_has_no_fault(house):
    report = house.checker.check(house.heard)
    assert report.faults == []
    assert report.counts["patients"] == 10
    assert report.counts["randomisations"] == 1
    assert report.counts["rows of onset_revision"] > 20
    assert report.counts["alerts"] >= 10
    assert report.counts["dead letters"] == 1
    assert house.checker.missing(house.heard) is None
    assert "rows of onset_revision" in report.table()


def test_an_acknowledged_message_too_many_is_missed(house):
    house.acknowledge(story("nobody-heard-of", seed=3).messages[:1], 50)
    assert "1 messages of the log missing" in house.faults()
    assert house.checker.missing(house.heard) == (
        "1 messages of the log, of nobody-heard-of first"
    )


def test_an_event_that_is_not_in_the_archive_is_missed(house):
    house.run("DELETE FROM clinical_event WHERE rowid = 7")
    assert "1 archived events missing" in house.faults()
    assert house.checker.missing(house.heard) == "1 rows of clinical_event"


def test_an_event_nobody_sent_is_told(house):
    house.run("UPDATE clinical_event SET event_id = 'made-up' WHERE rowid = 7")
    assert "1 archived events that nothing explains" in house.faults()


def test_an_archived_event_of_other_content_is_told(house):
    house.run("UPDATE clinical_event SET payload = '{}' WHERE rowid = 7")
    assert "1 archived events with other content" in house.faults()


@pytest.mark.parametrize("table", ["onset", "screening", "outcome"])
def test_a_revision_that_is_not_there_is_missed(house, table):
    house.run(f"DELETE FROM {table}_revision WHERE rowid = 3")
    assert f"1 rows of {table}_revision missing" in house.faults()
    assert house.checker.missing(house.heard) == f"1 rows of {table}_revision"


def test_a_flag_said_twice_is_told(house):
    house.run("CREATE TABLE twice AS SELECT * FROM onset_revision WHERE rowid = 3;")
    house.run("UPDATE twice SET message_id = 'again', revision = 99")
    house.run("INSERT INTO onset_revision SELECT * FROM twice")
    assert "1 rows of onset_revision that nothing explains: again" in house.faults()


def test_a_verdict_of_other_content_is_told(house):
    house.run(
        "UPDATE screening_revision SET"
        " document = replace(document, 'needs_human', 'eligible') WHERE rowid = 1"
    )
    assert "1 rows of screening_revision with other content" in house.faults()
    assert "the audit of made-up-house/ember-demo" in house.faults()


def test_messages_of_one_patient_in_another_order_are_told(house):
    log = house.heard.logs["p3"]
    log[1], log[2] = log[2], log[1]
    assert "1 orders of a patient's log with other content: p3" in house.faults()


def test_a_message_of_the_log_that_nobody_sent_is_told(house):
    log = house.heard.logs["p3"]
    log.append(replace(log[-1], message_id="made-up"))
    assert "1 messages of the log that nothing explains: made-up" in house.faults()


def test_an_alert_that_was_never_raised_is_missed(house):
    house.run("DELETE FROM alert WHERE patient = 'p4'")
    assert "1 alerts missing" in house.faults()


def test_an_alert_nobody_was_told_of_is_missed(house):
    outbox_id = next(iter(house.heard.told["trial.alerts"]))
    del house.heard.told["trial.alerts"][outbox_id]
    assert f"1 ids on trial.alerts missing: {outbox_id}" in house.faults()


def test_an_alert_told_under_another_id_is_told(house):
    house.heard.told["trial.alerts"]["another"] += 1
    assert "1 ids on trial.alerts that nothing explains: another" in house.faults()


def test_an_alert_told_twice_under_its_id_is_counted_and_no_fault(house):
    outbox_id = next(iter(house.heard.told["trial.alerts"]))
    house.heard.told["trial.alerts"][outbox_id] += 1
    report = house.checker.check(house.heard)
    assert report.ok
    assert report.counts["told again on trial.alerts"] == 1


def test_a_notice_that_was_given_up_is_told(house):
    house.run(
        "UPDATE outbox SET delivered_at = NULL, error = 'refused'"
        f" WHERE topic = '{PROTOCOLS}'"
    )
    assert "1 notices that were not delivered" in house.faults()


def test_a_call_sent_by_a_relay_that_died_and_overtaken_since_is_no_fault(house):
    outbox_id = next(iter(house.heard.told["trial.alerts"]))
    house.run(
        "UPDATE outbox SET delivered_at = NULL, error = 'overtaken: closed'"
        f" WHERE outbox_id = '{outbox_id}'"
    )
    assert house.checker.check(house.heard).ok
    del house.heard.told["trial.alerts"][outbox_id]
    assert house.checker.check(house.heard).ok


def test_two_allocations_told_to_one_patient_are_told(house):
    (first,) = house.ledger.draws()
    house.ledger.draw(replace(first, randomisation_id="another", sequence_no=2))
    assert "1 patients who were told two allocations" in house.faults()


def test_an_allocation_nobody_was_told_of_is_told(house):
    house.ledger.draw(Draw("p7", identity("made-up"), "shock=shock", 2, "none"))
    assert "1 randomisations missing: p7" in house.faults()


def test_an_arm_that_was_changed_is_told(house):
    house.run("UPDATE sealed_assignment SET arm = 'another'")
    assert "1 arms with other content" in house.faults()


def test_a_dead_letter_that_is_not_there_is_missed(house):
    house.heard.letters = defaultdict(list)
    assert "1 dead letters missing" in house.faults()
    assert house.checker.missing(house.heard) == "1 dead letters"


def test_a_dead_letter_of_other_bytes_is_told(house):
    house.heard.letters = defaultdict(list)
    house.letter("letter", value=b"something else")
    assert "1 dead letters with other content" in house.faults()


def test_one_record_rejected_under_two_ids_is_told(house):
    house.letter("another")
    assert "1 dead letters under two ids" in house.faults()


def test_a_row_of_the_inbox_that_is_not_there_is_missed(house):
    house.run("DELETE FROM inbox WHERE rowid = 1")
    assert "1 rows of the inbox missing" in house.faults()


def test_what_is_heard_again_is_counted_and_no_fault(house):
    house.log(encode(EHR_MESSAGE, STORIES[2].messages[4]))
    report = house.checker.check(house.heard)
    assert report.ok
    assert report.counts["messages that came onto the log again"] == 1


def test_the_ledger_gives_back_what_was_written(house):
    lines = house.ledger.lines()["p5"]
    assert [line.message for line in lines] == list(STORIES[5].messages)
    assert decode(LOGGED, lines[0].value) == STORIES[5].messages[0]
